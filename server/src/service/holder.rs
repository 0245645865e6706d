//! What holds a session that we may not hold ourselves, and how a person gets to it.

use session_core::{id::SessionId, inventory::Session};
use wire::Holder;

use super::{
    Inner, ServiceError,
    pane::{server::TmuxServer, tty},
};
use crate::present;

impl Inner {
    /// Why this conversation, which is open in this session, is not opened once more.
    pub(super) fn live(&self, id: &SessionId, session: &Session) -> Option<ServiceError> {
        let age = session.seen_at.saturating_since(session.started_at);
        Some(ServiceError::Live {
            key: present::key(session.key())?,
            session_id: present::session_id(id),
            holder: self.holder(session),
            age_sec: age.as_secs(),
        })
    }

    /// What holds a session, for people.
    pub(super) fn holder(&self, session: &Session) -> Holder {
        if let Some(held) = self.held.of(session.key()) {
            return held.holder();
        }
        let proc = self.observer.proc();
        let pid = session.key().pid;
        let told = || session.record.as_ref()?.what.tmux.as_deref();
        let server = TmuxServer::of(proc, pid);
        let name = told().and_then(session_name).map(str::to_owned);
        let name = name.or_else(|| Some(format!("${}", server.as_ref()?.session())));
        if let Some(name) = name {
            let mut attach = "tmux".to_owned();
            if let Some(socket) = server.as_ref().and_then(TmuxServer::socket) {
                attach.push_str(&format!(" -S {}", word(socket)));
            }
            attach.push_str(&format!(" attach -t {}", word(&name)));
            if session.process.uid != rustix::process::geteuid().as_raw() {
                let user = self.users.name(session.process.uid);
                attach = format!("runuser -u {user} -- {attach}");
            }
            return Holder::Tmux {
                session: name,
                attach,
            };
        }
        let tty = proc.stat(pid).and_then(|stat| tty::name(stat.terminal));
        if let Some(tty) = tty {
            return Holder::Terminal { tty };
        }
        // Whose parent has ended is a child of the first process.
        let command = match session.process.ppid {
            0 | 1 => String::new(),
            parent => present::act::command(&proc.command(parent)),
        };
        Holder::Program { command }
    }
}

/// The session in what the registry says: `<session>:@<window>.%<pane>` (2.1.329).
fn session_name(tmux: &str) -> Option<&str> {
    let (name, _) = tmux.rsplit_once(":@")?;
    (!name.is_empty()).then_some(name)
}

/// A word of a command as a shell reads it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_registry_names_the_session_of_tmux() {
        assert_eq!(session_name("main:@1.%2"), Some("main"));
        assert_eq!(session_name("a:@b:@1.%2"), Some("a:@b"));
        assert_eq!(session_name("main"), None);
        assert_eq!(session_name(":@1.%2"), None);
    }

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(word("claude-086ce0db"), "claude-086ce0db");
        assert_eq!(word("$3"), "'$3'");
        assert_eq!(word("it's; rm -r x"), r"'it'\''s; rm -r x'");
        assert_eq!(word(""), "''");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(value in ".*") {
            prop_assert!(!word(&value).is_empty());
            prop_assert!(session_name(&value).is_none_or(|name| value.starts_with(name)));
        }
    }
}

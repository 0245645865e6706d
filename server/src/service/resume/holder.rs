//! Where a conversation that is open already can be gone on with.

use session_core::inventory::Session;
use wire::Holder;

use super::super::{Inner, ServiceError};
use crate::present;

impl Inner {
    /// Why a conversation that is open in this session is not opened once more.
    pub(super) fn live(&self, session: &Session) -> Option<ServiceError> {
        let age = session.seen_at.saturating_since(session.started_at);
        Some(ServiceError::Live {
            key: present::key(session.key())?,
            holder: self.holder(session),
            age_sec: age.as_secs(),
        })
    }

    /// What holds a session, for people.
    pub(in crate::service) fn holder(&self, session: &Session) -> Holder {
        if let Some(held) = self.held.of(session.key()) {
            return held.holder();
        }
        let proc = self.observer.proc();
        let pid = session.key().pid;
        let told = || session.record.as_ref()?.what.tmux.as_deref();
        // An environment is inherited: a terminal that was opened from within tmux has tmux's variable too.
        let server = proc
            .variable(pid, "TMUX")
            .as_deref()
            .and_then(TmuxServer::parse);
        let server = server.filter(|server| proc.lineage(pid).contains(&server.pid));
        let name = told().and_then(session_name).map(str::to_owned);
        let name = name.or_else(|| Some(format!("${}", server.as_ref()?.session)));
        if let Some(name) = name {
            let socket = server.and_then(|server| server.socket);
            let mut attach = "tmux".to_owned();
            if let Some(socket) = socket {
                attach.push_str(&format!(" -S {}", word(&socket)));
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
        let tty = proc.stat(pid).and_then(|stat| terminal(stat.terminal));
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

/// What tmux tells its programs in `TMUX`: `<socket>,<pid>,<number of the session>` (3.3a).
#[derive(Debug, PartialEq, Eq)]
struct TmuxServer {
    /// `None` where it is the one that tmux takes by itself.
    socket: Option<String>,
    pid: u32,
    session: u32,
}

impl TmuxServer {
    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.rsplitn(3, ',');
        let session = parts.next()?.parse().ok()?;
        let pid = parts.next()?.parse().ok()?;
        let socket = parts.next()?;
        let is_usual = socket.ends_with("/default");
        Some(Self {
            socket: (!is_usual).then(|| socket.to_owned()),
            pid,
            session,
        })
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

/// The name of a terminal below /dev, by its number in stat (proc(5)): the minor number's lowest byte, the major
/// number above it, the rest of the minor number above that. `None` where there is none.
fn terminal(number: i32) -> Option<String> {
    let number = number.cast_unsigned();
    let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00);
    match (major, minor) {
        (0, 0) => None,
        // The kernel's documentation, devices.txt.
        (136..=143, minor) => Some(format!("pts/{}", (major - 136) * 256 + minor)),
        (4, 64..) => Some(format!("ttyS{}", minor - 64)),
        (4, minor) => Some(format!("tty{minor}")),
        (major, minor) => Some(format!("{major}:{minor}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_terminal_is_named_as_ps_names_it() {
        let named = |number| terminal(number);
        for (number, name) in [
            (34816, "pts/0"),
            (34819, "pts/3"),
            (34816 + 255, "pts/255"),
            // One that the kernel gives a minor number beyond a byte.
            (34816 + (1 << 20), "pts/256"),
            (1025, "tty1"),
            (1024 + 64, "ttyS0"),
            (1280, "5:0"),
        ] {
            assert_eq!(named(number).as_deref(), Some(name), "{number}");
        }
        assert_eq!(named(0), None);
    }

    #[test]
    fn tmux_is_named_by_what_it_tells_its_programs() {
        let usual = TmuxServer {
            socket: None,
            pid: 77,
            session: 3,
        };
        let read = |value| TmuxServer::parse(value);
        assert_eq!(read("/tmp/tmux-0/default,77,3"), Some(usual));
        let other = read("/tmp/a,b/work,77,3").unwrap();
        assert_eq!(other.socket.as_deref(), Some("/tmp/a,b/work"));
        assert_eq!(read("/tmp/tmux-0/default,77"), None);
        assert_eq!(read(""), None);
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
        fn nothing_makes_it_panic(number in any::<i32>(), value in ".*") {
            terminal(number);
            TmuxServer::parse(&value);
            prop_assert!(!word(&value).is_empty());
            prop_assert!(session_name(&value).is_none_or(|name| value.starts_with(name)));
        }
    }
}

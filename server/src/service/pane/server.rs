//! The tmux server that a process descends from.

use crate::observe::proc::ProcReader;

/// A tmux server, and which of its children a process descends from.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::service) struct TmuxServer {
    told: Told,
    /// The process that its pane was opened with.
    pub(in crate::service) pane: u32,
    /// Whether the process has the terminal of that pane; what a program in it opens is another one.
    pub(in crate::service) is_in_pane: bool,
}

/// What tmux tells its programs in `TMUX`: `<socket>,<pid>,<number of the session>` (3.3a).
#[derive(Debug, PartialEq, Eq)]
struct Told {
    path: String,
    pid: u32,
    session: u32,
}

/// Between a pane and a session in it stand a shell or two.
const DEPTH: usize = 64;

impl TmuxServer {
    /// The server above a process, by what that was told. An environment is inherited: a terminal that was opened from within
    /// tmux has tmux's variable too.
    pub(in crate::service) fn of(proc: &ProcReader, pid: u32) -> Option<Self> {
        let told = Told::parse(&proc.variable(pid, "TMUX")?)?;
        let own = proc.stat(pid)?;
        let terminal = own.terminal;
        let mut at = own;
        for _ in 0..DEPTH {
            if at.ppid == told.pid {
                return Some(Self {
                    told,
                    pane: at.key.pid,
                    is_in_pane: terminal != 0 && at.terminal == terminal,
                });
            }
            at = proc.stat(at.ppid)?;
        }
        None
    }

    pub(in crate::service) fn pid(&self) -> u32 {
        self.told.pid
    }

    /// The number of the session that the process was started in.
    pub(in crate::service) fn session(&self) -> u32 {
        self.told.session
    }

    /// Where it listens.
    pub(in crate::service) fn path(&self) -> &str {
        &self.told.path
    }

    /// Where it listens, `None` where tmux takes that place by itself.
    pub(in crate::service) fn socket(&self) -> Option<&str> {
        let is_usual = self.path().ends_with("/default");
        (!is_usual).then_some(self.path())
    }
}

impl Told {
    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.rsplitn(3, ',');
        let session = parts.next()?.parse().ok()?;
        let pid = parts.next()?.parse().ok()?;
        let path = parts.next()?.to_owned();
        Some(Self { path, pid, session })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tmux_is_named_by_what_it_tells_its_programs() {
        let read = |value| {
            let told = Told::parse(value)?;
            Some((told.path, told.pid, told.session))
        };
        let usual = ("/tmp/tmux-0/default".to_owned(), 77, 3);
        assert_eq!(read("/tmp/tmux-0/default,77,3"), Some(usual));
        let other = ("/tmp/a,b/work".to_owned(), 77, 3);
        assert_eq!(read("/tmp/a,b/work,77,3"), Some(other));
        assert_eq!(read("/tmp/tmux-0/default,77"), None);
        assert_eq!(read(""), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(value in ".*") {
            Told::parse(&value);
        }
    }
}

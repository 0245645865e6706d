//! The tmux server that a process descends from.

use crate::observe::proc::ProcReader;

/// What tmux tells its programs in `TMUX`: `<socket>,<pid>,<number of the session>` (3.3a).
#[derive(Debug, PartialEq, Eq)]
pub(in crate::service) struct TmuxServer {
    /// Where it listens.
    pub(in crate::service) path: String,
    pub(in crate::service) pid: u32,
    pub(in crate::service) session: u32,
}

impl TmuxServer {
    /// The server above a process, by what that was told. An environment is inherited: a terminal that was opened from within
    /// tmux has tmux's variable too.
    pub(in crate::service) fn of(proc: &ProcReader, pid: u32) -> Option<Self> {
        let server = Self::parse(&proc.variable(pid, "TMUX")?)?;
        proc.lineage(pid).contains(&server.pid).then_some(server)
    }

    /// Where it listens, `None` where tmux takes that place by itself.
    pub(in crate::service) fn socket(&self) -> Option<&str> {
        let is_usual = self.path.ends_with("/default");
        (!is_usual).then_some(&self.path)
    }

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
        let read = |value| TmuxServer::parse(value);
        let usual = read("/tmp/tmux-0/default,77,3").unwrap();
        assert_eq!((usual.pid, usual.session, usual.socket()), (77, 3, None));
        let other = read("/tmp/a,b/work,77,3").unwrap();
        assert_eq!(other.socket(), Some("/tmp/a,b/work"));
        assert_eq!(read("/tmp/tmux-0/default,77"), None);
        assert_eq!(read(""), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(value in ".*") {
            TmuxServer::parse(&value);
        }
    }
}

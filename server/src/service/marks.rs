//! What Claude Code leaves in the environment of what it starts: a sign of where a process came from, and no proof. A
//! terminal that is opened from within a session hands it on to all that is ever started in it.

use session_core::id::SessionId;

/// The signs in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// The conversation that was open when the process was started (2.1.197 and 2.1.329; 2.0.30 names none).
    pub(super) conversation: Option<SessionId>,
    /// The session's process, as its own pid namespace numbers it (2.1.329).
    process: Option<u32>,
}

impl Marks {
    pub(super) const CONVERSATION: &'static str = "CLAUDE_CODE_SESSION_ID";
    /// Of tools and hooks.
    pub(super) const PROCESS: &'static str = "CLAUDE_PID";
    /// Of these and of MCP servers: a path that ends in `/<pid>.sock`.
    const SOCKET: &'static str = "CLAUDE_CODE_MESSAGING_SOCKET";

    /// Reads them from an environment; `variable` looks one up.
    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let socket = || {
            let path = variable(Self::SOCKET)?;
            let name = path.rsplit('/').next()?;
            name.strip_suffix(".sock")?.parse().ok()
        };
        Self {
            conversation: variable(Self::CONVERSATION).and_then(|id| SessionId::parse(&id)),
            process: variable(Self::PROCESS)
                .and_then(|pid| pid.parse().ok())
                .or_else(socket),
        }
    }

    pub(super) fn names_process(&self, pid: u32) -> bool {
        self.process == Some(pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(environment: &[(&str, &str)], conversation: Option<&str>, process: Option<u32>) {
        let marks = Marks::of(|name| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let id = marks.conversation.as_ref().map(SessionId::as_str);
        assert_eq!((id, marks.process), (conversation, process));
    }

    #[test]
    fn what_tools_and_servers_are_told() {
        let id = "607b503a-f1d9-4125-9748-6f1933188683";
        let tool = [("CLAUDE_CODE_SESSION_ID", id), ("CLAUDE_PID", "18")];
        check(&tool, Some(id), Some(18));
        let socket = "/tmp/cc-socks/18.sock";
        let server = [
            ("CLAUDE_CODE_SESSION_ID", id),
            ("CLAUDE_CODE_MESSAGING_SOCKET", socket),
        ];
        check(&server, Some(id), Some(18));
        check(&[("CLAUDE_CODE_SESSION_ID", id)], Some(id), None);
        check(&[("CLAUDECODE", "1")], None, None);
        check(&[("CLAUDE_CODE_SESSION_ID", "../x")], None, None);
        check(&[("CLAUDE_CODE_MESSAGING_SOCKET", "18")], None, None);
    }
}

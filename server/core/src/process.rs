//! A process as the kernel shows it, and what tells a Claude Code process from one that looks like it.
//!
//! Knows `/proc/<pid>/stat` and the ways in which Claude Code is installed. Does not know the registry.

pub mod stat;

use std::path::Path;

use crate::id::ProcessKey;

/// One process at one moment. `None` = not ours to read, or gone meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub key: ProcessKey,
    pub ppid: u32,
    pub uid: u32,
    pub namespace: Namespace,
    /// Up to 15 bytes; the process may change it (proc(5)).
    pub comm: String,
    pub run_state: RunState,
    pub rss_pages: u64,
    /// User and system time that it has used so far, in clock ticks.
    pub cpu_ticks: u64,
    /// The argument list, lossily decoded; the process may change it.
    pub argv: Vec<String>,
    /// The executable's path, without the kernel's ` (deleted)`.
    pub exe: Option<String>,
    pub cwd: Option<String>,
    pub wchan: Option<String>,
}

/// Where a process counts pids, and the number that it has there. Its registry file carries that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// Ours, or not ours to see: the pid is the one in the key.
    Ours,
    /// Another one, such as a container's: its link `pid:[<inode>]` and the last number of `NSpid` in
    /// `/proc/<pid>/status` (proc(5)).
    Other { link: String, pid: u32 },
}

/// The letter in field 3 of stat, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// T or t: stopped by a signal or a tracer.
    Stopped,
    /// Z or X: ended, its entry not yet reaped.
    Dead,
    /// R, S, D, I.
    Alive,
}

/// How a process without a registry record was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Its executable is Claude Code's.
    Executable,
    /// Its name and arguments look like it, and its executable can't be read or is a JavaScript runtime.
    Inferred,
    /// It is something else, or a part of Claude Code that holds no conversation.
    None,
}

/// Whether the path of an executable makes a process worth a closer look; the first and cheapest test.
pub fn may_be_claude(exe: &str) -> bool {
    is_claude_executable(exe) || is_runtime(exe)
}

impl Process {
    /// Judges by executable, name and arguments alone.
    pub fn likeness(&self) -> Likeness {
        if self.runs_no_conversation() {
            return Likeness::None;
        }
        match &self.exe {
            Some(exe) if is_claude_executable(exe) => Likeness::Executable,
            Some(exe) if is_runtime(exe) && (self.runs_script() || self.is_titled()) => {
                Likeness::Inferred
            }
            Some(_) => Likeness::None,
            None if self.is_named() || self.runs_script() => Likeness::Inferred,
            None => Likeness::None,
        }
    }

    /// Whether it is a part of Claude Code that serves several sessions (2.1.329): `claude daemon run`, and the processes
    /// that keep terminals for background sessions.
    pub fn is_shared_part(&self) -> bool {
        let is_claude = self.exe.as_deref().is_some_and(is_claude_executable);
        let mut args = self.argv.iter().skip(1).map(String::as_str);
        let daemon = args.clone().next() == Some("daemon");
        is_claude && (daemon || args.any(|arg| matches!(arg, "--bg-pty-host" | "--bg-spare")))
    }

    /// Whether it keeps terminals that others may be in: a tmux, screen or zellij server, dtach, abduco.
    pub fn is_terminal_server(&self) -> bool {
        let program = self.exe.as_deref().map(base_name);
        match program.unwrap_or(&self.comm) {
            // The client has the same executable, and sets its name apart (tmux 3.3a).
            "tmux" => !self.comm.starts_with("tmux: client"),
            "screen" | "zellij" | "dtach" | "abduco" => true,
            other => other.starts_with("tmux: server"),
        }
    }

    /// Whether it is one of ours that keeps a session: `session-manager hold --loose`.
    pub fn is_holder(&self) -> bool {
        let mut words = self.argv.iter().map(String::as_str);
        words.next().map(base_name) == Some("session-manager")
            && words.next() == Some("hold")
            && words.next() == Some("--loose")
    }

    /// The pid as the process itself counts.
    pub fn own_pid(&self) -> u32 {
        match self.namespace {
            Namespace::Ours => self.key.pid,
            Namespace::Other { pid, .. } => pid,
        }
    }

    /// Whether it is a script in a JavaScript runtime, as versions before about 2.1.139 are.
    pub fn is_script(&self) -> bool {
        self.exe.as_deref().is_some_and(is_runtime)
    }

    /// Whether this is `parent` between fork(2) and execve(2), about to become something else. Claude Code starts all its
    /// tools so, and for some milliseconds they look like itself.
    pub fn is_copy_of(&self, parent: &Self) -> bool {
        self.ppid == parent.key.pid && self.exe == parent.exe && self.argv == parent.argv
    }

    /// Whether the process was started for this conversation, as its arguments tell, and not for a copy of it.
    pub fn names_session(&self, id: &str) -> bool {
        let mut args = self.argv.iter().skip(1);
        if args.clone().any(|arg| arg == "--fork-session") {
            return false;
        }
        args.any(|arg| arg == id || arg.strip_prefix("--resume=") == Some(id))
    }

    /// Claude Code's own helpers and its subcommands without a conversation (2.1.329).
    fn runs_no_conversation(&self) -> bool {
        // A process without arguments ends or is about to become something else; the search tools are inside the
        // program and go by its first argument.
        let name = self.argv.first().map(|arg| base_name(arg));
        if matches!(name, None | Some("" | "rg" | "bfs" | "ugrep")) {
            return true;
        }
        let mut args = self.argv.iter().skip(1).map(String::as_str);
        let helper = |arg: &str| {
            matches!(
                arg,
                // The first two hand the prompt to a session of its own and end.
                "--bg"
                    | "--background"
                    | "--bg-pty-host"
                    | "--bg-spare"
                    | "--version"
                    | "-v"
                    | "--help"
                    | "-h"
            )
        };
        let subcommand = |arg: &str| {
            matches!(
                arg,
                "agents"
                    | "attach"
                    | "auth"
                    | "auto-mode"
                    | "daemon"
                    | "doctor"
                    | "install"
                    | "logs"
                    | "mcp"
                    | "plugin"
                    | "setup-token"
                    | "stop"
                    | "update"
            )
        };
        let first = args.clone().find(|arg| !arg.ends_with("/cli.js"));
        first.is_some_and(subcommand) || args.any(helper)
    }

    /// 2.0.x on Node: `node .../claude-code/cli.js`.
    fn runs_script(&self) -> bool {
        self.argv
            .iter()
            .take(4)
            .any(|arg| arg.ends_with("/claude-code/cli.js"))
    }

    /// 2.0.x on Node calls itself `claude`, which overwrites comm and argv.
    fn is_titled(&self) -> bool {
        self.comm == "claude" && self.argv.first().is_some_and(|arg| arg == "claude")
    }

    fn is_named(&self) -> bool {
        let argv0 = self.argv.first().map(|arg| base_name(arg));
        matches!(self.comm.as_str(), "claude" | "claude.exe")
            && matches!(argv0, Some("claude" | "claude.exe"))
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Where the installers of 2.1.x put the binary: npm's package and its platform package, and the native
/// installer's directory of versions.
fn is_claude_executable(exe: &str) -> bool {
    let path = Path::new(exe);
    let parent = path.parent().and_then(Path::to_str).unwrap_or_default();
    match base_name(exe) {
        "claude" => parent
            .rsplit('/')
            .any(|part| part.starts_with("claude-code-linux-")),
        "claude.exe" => parent.ends_with("/bin"),
        _ => parent.ends_with("/.local/share/claude/versions"),
    }
}

fn is_runtime(exe: &str) -> bool {
    matches!(base_name(exe), "node" | "nodejs" | "bun")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(comm: &str, exe: Option<&str>, argv: &[&str]) -> Process {
        Process {
            key: ProcessKey {
                pid: 7,
                start_ticks: 1,
            },
            ppid: 1,
            uid: 0,
            namespace: Namespace::Ours,
            comm: comm.to_owned(),
            run_state: RunState::Alive,
            rss_pages: 1,
            cpu_ticks: 0,
            argv: argv.iter().map(|&arg| arg.to_owned()).collect(),
            exe: exe.map(str::to_owned),
            cwd: None,
            wchan: None,
        }
    }

    #[test]
    fn real_installations_are_recognised() {
        let npm = "/app/node_modules/@anthropic-ai/claude-code/bin/claude.exe";
        let platform = "/app/node_modules/@anthropic-ai/claude-code-linux-x64/claude";
        let native = "/home/dev/.local/share/claude/versions/2.1.329";
        for exe in [npm, platform, native] {
            assert_eq!(
                process("claude", Some(exe), &["claude"]).likeness(),
                Likeness::Executable,
                "{exe}"
            );
            assert!(may_be_claude(exe));
        }
        let script = "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js";
        let old = [
            process(
                "node",
                Some("/usr/bin/node"),
                &["node", script, "-p", "hello"],
            ),
            process("claude", Some("/usr/bin/node"), &["claude"]),
            process("claude", None, &["claude", "--resume", "086ce0db"]),
            process("claude.exe", None, &["/x/bin/claude.exe"]),
        ];
        for process in old {
            assert_eq!(process.likeness(), Likeness::Inferred, "{process:?}");
        }
    }

    #[test]
    fn what_only_mentions_claude_is_not_a_session() {
        let native = Some("/home/dev/.local/share/claude/versions/2.1.329");
        let others = [
            process("sleep", Some("/usr/bin/sleep"), &["claude", "100"]),
            process("claude", Some("/usr/bin/sleep"), &["claude", "100"]),
            process("claude", Some("/opt/other/claude"), &["claude"]),
            process("tail", Some("/usr/bin/tail"), &["tail", "-f", "x/claude"]),
            process("tail", None, &["tail", "-f", "x/claude"]),
            process("grep", Some("/usr/bin/grep"), &["grep", "claude"]),
            process("su", Some("/usr/bin/su"), &["su", "-c", "claude"]),
            process(
                "node",
                Some("/usr/bin/node"),
                &["node", "/x/claude-code/cli-wrapper.cjs"],
            ),
            process(
                "node",
                Some("/usr/bin/node"),
                &[
                    "node",
                    "/usr/lib/node_modules/claude-code-ui/server.js",
                    "claude",
                ],
            ),
            process("claude", native, &["claude", "daemon", "run"]),
            process("claude", native, &["claude", "--bg-pty-host", "x"]),
            process("claude", native, &["claude", "--bg-spare"]),
            process("claude", native, &["claude", "--bg", "say hello"]),
            process("claude", native, &["rg", "--no-config", "x"]),
            process("claude", native, &[]),
            process("claude", native, &["claude", "mcp", "serve"]),
            process("claude", native, &["claude", "--version"]),
        ];
        for process in others {
            assert_eq!(process.likeness(), Likeness::None, "{process:?}");
        }
    }
}

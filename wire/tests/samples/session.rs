//! A row with everything known, and one with as little as there can be.

use super::*;

/// A row of which everything is known.
pub(super) fn session() -> Session {
    Session {
        pid: pid(17723),
        user: "dev".to_owned(),
        cwd: "/home/dev/work/p1".to_owned(),
        project: "p1".to_owned(),
        elapsed: "4m 7s".to_owned(),
        elapsed_sec: 247,
        wchan: "do_epoll_wait".to_owned(),
        status: Status::Idle,
        session_id: Some(id()),
        key: key(),
        state: State::WaitingPermission,
        waiting_for: text("permission prompt"),
        state_source: StateSource::Registry,
        state_since: Some(1_795_225_772_394),
        confidence: Confidence::Stated,
        rule: Rule::RegistryStatus,
        ask: Some(Ask::Permission {
            tool: "Bash".to_owned(),
            input: "cargo test".to_owned(),
        }),
        tool: Some(RunningTool {
            name: "Bash".to_owned(),
            input: "cargo test".to_owned(),
            since: Some(1_795_225_771_001),
        }),
        stuck: false,
        abandoned: false,
        asks: false,
        last_activity_at: 1_795_225_772_394,
        name: text("p1-42"),
        title: text("Add a test"),
        git_branch: text("main"),
        version: text("2.1.329"),
        kind: text("interactive"),
        entrypoint: text("cli"),
        started_at: 1_795_225_699_449,
        rss_bytes: 268_435_456,
        home: text("/home/dev"),
        tmux: text("claude-607b503a:@1.%1"),
        twin_of: vec![key()],
        holder: Some(HolderKind::Stdio),
        actions: Actions {
            kill: Permit::Allowed,
        },
    }
}

/// A row of which nothing is known but the process.
pub(super) fn bare_session() -> Session {
    Session {
        cwd: "unknown".to_owned(),
        project: "unknown".to_owned(),
        wchan: "0".to_owned(),
        status: Status::Active,
        session_id: None,
        state: State::Unknown,
        waiting_for: None,
        state_source: StateSource::Process,
        state_since: None,
        confidence: Confidence::Unknown,
        rule: Rule::RegistrySealed,
        ask: None,
        tool: None,
        name: None,
        title: None,
        git_branch: None,
        version: None,
        kind: None,
        entrypoint: None,
        home: None,
        tmux: None,
        twin_of: Vec::new(),
        holder: None,
        actions: Actions {
            kill: Permit::Refused {
                code: Code::NotYours,
                error: "Process 17723 belongs to root; ask them, or run the server as that user."
                    .to_owned(),
            },
        },
        ..session()
    }
}

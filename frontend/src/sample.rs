//! Values for tests: one plain session, changed by each test where it matters.

use wire::{
    Act, Actions, Approval, ApprovalSource, Ask, AuditEntry, AuditTarget, Caller, Confidence,
    Context, Descent, Evidence, Face, KillOutcome, Killed, LostSession, Orphan, OrphanEvidence,
    Permit, Pid, ProcessKey, RecentSession, Rule, Session, Sign, SignalOutcome, Signalled,
    SpareReason, Spared, State, StateSource, Status, Tree, TreeProcess, Unproven, Verb, Why,
};

/// The time at which every sample was taken.
pub(crate) const NOW: u64 = 1_790_000_000_000;

pub(crate) fn key(pid: u32) -> ProcessKey {
    ProcessKey {
        pid: Pid::new(pid).unwrap(),
        start_ticks: 100,
    }
}

/// Has run for two hours and been idle for five minutes.
pub(crate) fn session(pid: u32) -> Session {
    Session {
        pid: Pid::new(pid).unwrap(),
        user: "ada".to_owned(),
        cwd: "/home/ada/work/parser".to_owned(),
        project: "parser".to_owned(),
        elapsed: "2h 0m".to_owned(),
        elapsed_sec: 7200,
        wchan: "do_epoll_wait".to_owned(),
        status: Status::Idle,
        session_id: Some(
            format!("aaaaaaaa-0000-4000-8000-{pid:012}")
                .parse()
                .unwrap(),
        ),
        key: key(pid),
        state: State::Idle,
        waiting_for: None,
        state_source: StateSource::Registry,
        state_since: Some(NOW - 300_000),
        confidence: Confidence::Stated,
        rule: Rule::RegistryStatus,
        ask: None,
        tool: None,
        stuck: false,
        abandoned: false,
        asks: false,
        last_activity_at: NOW - 300_000,
        name: None,
        title: Some("Parse nested lists".to_owned()),
        git_branch: Some("main".to_owned()),
        version: Some("2.1.329".to_owned()),
        kind: Some("interactive".to_owned()),
        entrypoint: Some("cli".to_owned()),
        started_at: NOW - 7_200_000,
        rss_bytes: 214_000_000,
        home: Some("/home/ada".to_owned()),
        tmux: None,
        twin_of: Vec::new(),
        holder: None,
        actions: Actions {
            kill: Permit::Allowed,
        },
    }
}

pub(crate) fn recent(number: u32) -> RecentSession {
    RecentSession {
        session_id: format!("bbbbbbbb-0000-4000-8000-{number:012}")
            .parse()
            .unwrap(),
        cwd: Some("/home/ada/work/parser".to_owned()),
        project: Some("parser".to_owned()),
        title: Some("Fix the lexer".to_owned()),
        git_branch: None,
        last_prompt: Some("why does it loop?".to_owned()),
        last_activity_at: NOW - 3_600_000,
        size_bytes: 140_000,
        archived: false,
        live: None,
    }
}

pub(crate) fn context(pid: u32) -> Context {
    Context {
        ok: true,
        session_id: session(pid).session_id.unwrap(),
        last_prompt: Some("make the parser faster".to_owned()),
        away_summary: None,
        last_assistant: Some("Done: it is.".to_owned()),
        title: None,
        model: Some("claude-opus-4".to_owned()),
        git_branch: Some("main".to_owned()),
        note: None,
    }
}

pub(crate) fn why(pid: u32) -> Why {
    let evidence = |source, says: &str, at, decided| Evidence {
        source,
        says: says.to_owned(),
        at,
        decided,
    };
    Why {
        ok: true,
        pid: key(pid).pid,
        key: key(pid),
        state: State::Idle,
        state_source: StateSource::Registry,
        state_since: Some(NOW - 300_000),
        confidence: Confidence::Stated,
        rule: Rule::RegistryStatus,
        reason: Rule::RegistryStatus.sentence().to_owned(),
        evidence: vec![
            evidence(
                StateSource::Registry,
                "Its status is \"idle\".",
                Some(NOW - 300_000),
                true,
            ),
            evidence(StateSource::Hook, "No hook has reported.", None, false),
        ],
    }
}

/// A process below another one, not ended yet.
pub(crate) fn below(pid: u32, command: &str) -> TreeProcess {
    TreeProcess {
        key: key(pid),
        command: command.to_owned(),
        proof: Descent::Child { of: key(7) },
        rss_bytes: 60_000_000,
        private_bytes: Some(40_000_000),
        outcome: None,
    }
}

/// A session with two processes below it, one that is spared and one without a proof.
pub(crate) fn tree(pid: u32) -> Tree {
    Tree {
        ok: true,
        pid: key(pid).pid,
        key: key(pid),
        processes: vec![
            TreeProcess {
                key: key(pid),
                proof: Descent::Root,
                ..below(pid, "claude")
            },
            below(71, "node mcp-server.js"),
            TreeProcess {
                proof: Descent::Seen { at: NOW - 60_000 },
                private_bytes: None,
                ..below(72, "npm run dev")
            },
        ],
        spared: vec![Spared {
            key: key(73),
            command: "claude -p hello".to_owned(),
            reason: SpareReason::OtherSession,
        }],
        unproven: vec![Unproven {
            key: key(74),
            command: "python3".to_owned(),
            sign: Sign::Environment {
                variable: "CLAUDE_CODE_SESSION_ID".to_owned(),
            },
            rss_bytes: 10_000_000,
        }],
        private_bytes: Some(120_000_000),
    }
}

/// What came of ending `tree(pid)`, with these outcomes of the session and of what was below it.
pub(crate) fn killed(pid: u32, outcomes: [KillOutcome; 3]) -> Killed {
    let Tree {
        mut processes,
        spared,
        unproven,
        ..
    } = tree(pid);
    for (process, outcome) in processes.iter_mut().zip(outcomes) {
        process.outcome = Some(outcome);
    }
    Killed {
        ok: !outcomes.contains(&KillOutcome::StillRunning),
        pid: key(pid).pid,
        key: key(pid),
        outcome: outcomes[0],
        took_ms: 1700,
        processes,
        spared,
        unproven,
        note: None,
    }
}

/// Was paused, with two processes below it.
pub(crate) fn signalled(pid: u32) -> Signalled {
    Signalled {
        ok: true,
        pid: key(pid).pid,
        key: key(pid),
        act: Act::Pause,
        outcome: SignalOutcome::Done,
        processes: 3,
        note: None,
    }
}

/// Left by a session whose process had the number `of`.
pub(crate) fn orphan(pid: u32, of: u32) -> Orphan {
    Orphan {
        pid: key(pid).pid,
        key: key(pid),
        user: "ada".to_owned(),
        command: format!("node server-{pid}.js"),
        cwd: Some("/home/ada/work/parser".to_owned()),
        started_at: NOW - 7_200_000,
        rss_bytes: 90_000_000,
        private_bytes: Some(80_000_000),
        cpu_permille: Some(12),
        session: LostSession {
            key: Some(key(of)),
            session_id: session(of).session_id,
            cwd: Some("/home/ada/work/parser".to_owned()),
            project: Some("parser".to_owned()),
            last_seen_at: Some(NOW - 3_600_000),
        },
        evidence: OrphanEvidence::Proof {
            descent: Descent::Session { leader: key(of) },
        },
        reap: Permit::Allowed,
    }
}

/// Session 7 asks whether it may run a command, for 90 seconds.
pub(crate) fn approval(id: &str) -> Approval {
    Approval {
        id: id.parse().unwrap(),
        session_id: session(7).session_id.unwrap(),
        key: Some(key(7)),
        cwd: "/home/ada/work/parser".to_owned(),
        title: Some("Parse nested lists".to_owned()),
        at: NOW - 90_000,
        until: None,
        source: ApprovalSource::Held,
        tool: "Bash".to_owned(),
        input: serde_json::json!({"command": "cargo test", "description": "Run the tests"}),
        ask: Ask::Permission {
            tool: "Bash".to_owned(),
            input: "cargo test".to_owned(),
        },
        reason: None,
    }
}

/// The same session has two questions: one answer each, and any number.
pub(crate) fn asks(id: &str) -> Approval {
    let questions = serde_json::json!([
        {"question": "Which colour?", "header": "Colour", "multiSelect": false, "options": [
            {"label": "Red", "description": "As roses are"}, {"label": "Blue", "description": "As violets are"},
        ]},
        {"question": "Which parts?", "header": "Parts", "multiSelect": true, "options": [
            {"label": "Lexer", "description": ""}, {"label": "Parser", "description": ""},
        ]},
    ]);
    Approval {
        tool: "AskUserQuestion".to_owned(),
        ask: Ask::Question {
            questions: serde_json::from_value(questions.clone()).unwrap(),
        },
        input: serde_json::json!({ "questions": questions }),
        ..approval(id)
    }
}

/// The same session wants to carry out a plan.
pub(crate) fn plans(id: &str) -> Approval {
    Approval {
        tool: "ExitPlanMode".to_owned(),
        ask: Ask::Plan {
            text: "# Plan\n\n1. Read the lexer".to_owned(),
        },
        input: serde_json::json!({}),
        ..approval(id)
    }
}

pub(crate) fn entry(id: &str) -> AuditEntry {
    AuditEntry {
        id: id.to_owned(),
        at: NOW - 600_000,
        verb: Verb::Kill,
        by: Caller {
            uid: Some(1000),
            face: Face::Http,
        },
        target: Some(AuditTarget {
            key: Some(key(7)),
            session_id: session(7).session_id,
            cwd: Some("/home/ada/work/parser".to_owned()),
        }),
        plan: Some("5 processes, 1 spared".to_owned()),
        outcome: Some("exited".to_owned()),
        detail: None,
        took_ms: Some(1700),
    }
}

/// Returns HTML as one line for each element that says something or can be used: its tag, what assistive
/// software is told, and its text.
pub(crate) fn outline(html: &str) -> String {
    const TOLD: [&str; 8] = [
        "data-look=",
        "data-likely=\"true",
        "data-decided=\"true",
        "title=\"",
        "aria-label=",
        "aria-expanded=",
        "aria-disabled=",
        "hidden",
    ];
    let mut lines: Vec<String> = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        // A mark of the printer: `<!--<() />-->`.
        if tag.starts_with('(') {
            continue;
        }
        if tag.starts_with(['/', '!']) {
            // Text after an end tag or a mark belongs to what is around it.
            if let (Some(last), false) = (lines.last_mut(), text.trim().is_empty()) {
                last.push_str(&format!(" {}", text.trim()));
            }
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let told: Vec<&str> = attributes
            .split("\" ")
            .filter(|one| TOLD.iter().any(|told| one.starts_with(told)))
            .collect();
        let line = [&[name], told.as_slice(), &[text.trim()]]
            .concat()
            .join(" ");
        if !told.is_empty() || !text.trim().is_empty() || name == "button" {
            lines.push(line.trim().to_owned());
        }
    }
    lines.join("\n") + "\n"
}

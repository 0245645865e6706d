//! Starting, talking, events and approvals.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

pub(super) fn requests(goldens: &mut Goldens) {
    goldens.check(
        "start-request",
        &StartRequest {
            cwd: text("/home/dev/work/p1"),
            ..StartRequest::default()
        },
    );
    goldens.check(
        "start-request-full",
        &StartRequest {
            cwd: text("/home/dev/work/p1"),
            prompt: text("Say hello."),
            model: text("sonnet"),
            permission_mode: text("acceptEdits"),
            effort: text("high"),
            name: text("greeter"),
            holder: Some(HolderKind::Stdio),
            resume: Some(id()),
            continue_newest: true,
            fork: true,
            worktree: text("greet"),
        },
    );
    let started = |holder| Started {
        ok: true,
        session_id: id(),
        pid: pid(17723),
        key: key(),
        holder,
        note: text("Claude Code asks for something before it goes on."),
    };
    let attach = "session-manager attach 086ce0db".to_owned();
    let holders = vec![started(Holder::Stdio {}), started(Holder::Pty { attach })];
    goldens.check("started", &holders);
    use HolderKind::*;
    goldens.check("holder-kinds", &vec![Stdio, Pty, Tmux, Unknown]);
    goldens.check(
        "message-request",
        &MessageRequest {
            text: "And now?".to_owned(),
            uuid: text("b5a9a27c-0f6d-4e38-9d5b-6a7c0f1d2e3f"),
        },
    );
    goldens.check(
        "cancel-request",
        &vec![
            CancelRequest { scope: None },
            CancelRequest {
                scope: Some(CancelScope::All),
            },
        ],
    );
    let model = "opus".to_owned();
    goldens.check("model-request", &ModelRequest { model });
    let permission_mode = "plan".to_owned();
    goldens.check(
        "permission-mode-request",
        &PermissionModeRequest { permission_mode },
    );
    let name = "greeter".to_owned();
    goldens.check("rename-request", &RenameRequest { name });
    use DriveOutcome as Outcome;
    let outcomes = [
        Outcome::Sent,
        Outcome::Queued,
        Outcome::AlreadySent,
        Outcome::Interrupted,
        Outcome::Idle,
        Outcome::Cancelled,
        Outcome::Changed,
        Outcome::Unknown,
    ];
    let driven = outcomes.map(|outcome| Driven {
        ok: true,
        session_id: id(),
        outcome,
        seq: 17,
        uuid: None,
        note: None,
    });
    goldens.check("driven", &driven.to_vec());
    goldens.check(
        "cancelled",
        &Cancelled {
            ok: false,
            sessions: vec![
                CancelledSession {
                    session_id: id(),
                    error: None,
                },
                CancelledSession {
                    session_id: id(),
                    error: text("It does not answer."),
                },
            ],
        },
    );
}

pub(super) fn approvals(goldens: &mut Goldens) {
    let request: RequestId = "0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e".parse().unwrap();
    let ask = Ask::Permission {
        tool: "Bash".to_owned(),
        input: "touch x".to_owned(),
    };
    goldens.check(
        "approvals",
        &Approvals {
            ok: true,
            approvals: vec![Approval {
                id: request.clone(),
                session_id: id(),
                key: Some(key()),
                cwd: "/home/dev/work/p1".to_owned(),
                title: text("Touching x"),
                at: 1_795_225_772_500,
                until: None,
                source: ApprovalSource::Held,
                tool: "Bash".to_owned(),
                input: json!({"command": "touch x"}),
                ask,
                reason: None,
            }],
        },
    );
    use ApprovalSource::*;
    goldens.check("approval-sources", &vec![Held, Hook, Unknown]);
    let bare = DecideRequest {
        session_id: id(),
        decision: DecisionOutcome::Allow,
        reason: None,
        answers: BTreeMap::new(),
        always: None,
        permission_mode: None,
    };
    goldens.check("decide-request", &bare);
    goldens.check(
        "decide-request-full",
        &DecideRequest {
            decision: DecisionOutcome::Deny,
            reason: text("Not in this directory."),
            answers: BTreeMap::from([("Which?".to_owned(), "Blue".to_owned())]),
            always: Some(Always {
                scope: RuleScope::Session { session_id: id() },
                pattern: text("touch *"),
                expires_at: Some(1_795_229_372_500),
            }),
            permission_mode: text("acceptEdits"),
            ..bare
        },
    );
    goldens.check(
        "decided",
        &Decided {
            ok: true,
            id: request,
            session_id: id(),
            outcome: DecisionOutcome::Allow,
            by: DecidedBy::Person,
            rule: text("r7"),
            note: None,
        },
    );
}

pub(super) fn events(goldens: &mut Goldens) {
    let (at, uuid) = (
        1_795_225_772_500,
        text("4f0c6a6e-6b0f-4a6b-9a53-1f2e3d4c5b6a"),
    );
    let (message_id, parent) = (text("msg_01"), text("toolu_00"));
    let tool_use_id = "toolu_01".to_owned();
    let request_id = "0c1f7a52".to_owned();
    let input = json!({"command": "touch x"});
    let ask = Ask::Permission {
        tool: "Bash".to_owned(),
        input: "touch x".to_owned(),
    };
    let events = vec![
        Event::Status {
            seq: 1,
            at,
            state: State::Idle,
            model: text("claude-sonnet-4-5"),
            permission_mode: text("default"),
        },
        Event::User {
            seq: 2,
            at,
            uuid: uuid.clone(),
            text: "Touch x.".to_owned(),
        },
        Event::Assistant {
            seq: 3,
            at,
            uuid: uuid.clone(),
            message_id: message_id.clone(),
            text: "They want x.".to_owned(),
            thinking: true,
            parent: parent.clone(),
        },
        Event::Tool {
            seq: 4,
            at,
            uuid: uuid.clone(),
            message_id: message_id.clone(),
            tool_use_id: tool_use_id.clone(),
            name: "Bash".to_owned(),
            input: input.clone(),
            parent: None,
        },
        Event::Approval {
            seq: 5,
            at,
            request_id: request_id.clone(),
            tool_use_id: Some(tool_use_id.clone()),
            tool: "Bash".to_owned(),
            input,
            ask,
        },
        Event::Decision {
            seq: 6,
            at,
            request_id,
            outcome: DecisionOutcome::Deny,
            by: DecidedBy::Rule,
            reason: text("Not here."),
            rule: text("r7"),
        },
        Event::ToolResult {
            seq: 7,
            at,
            uuid: uuid.clone(),
            tool_use_id,
            text: "Not here.".to_owned(),
            is_error: true,
            parent: None,
        },
        Event::Assistant {
            seq: 8,
            at,
            uuid,
            message_id,
            text: "I may not.".to_owned(),
            thinking: false,
            parent: None,
        },
        Event::Usage {
            seq: 9,
            at,
            subtype: "success".to_owned(),
            is_error: false,
            duration_ms: Some(1200),
            cost_micro_usd: Some(5400),
            input_tokens: Some(12),
            output_tokens: Some(34),
            cache_read_tokens: Some(5600),
            cache_creation_tokens: None,
        },
        Event::Note {
            seq: 10,
            at,
            code: NoteCode::Interrupted,
            text: "Interrupted.".to_owned(),
        },
        Event::Exit {
            seq: 11,
            at,
            code: Some(143),
            signal: None,
            cancelled: true,
            stderr: String::new(),
        },
    ];
    goldens.check("events", &events);
    let part = wire::OutputPart {
        ok: true,
        session_id: id(),
        numbering: Some(wire::Numbering::of_log(&id())),
        events: events.iter().take(2).cloned().collect(),
    };
    goldens.check("output-part", &part);
    use NoteCode::*;
    goldens.check(
        "note-codes",
        &vec![
            Interrupted,
            Compacted,
            Cleared,
            Dropped,
            Incomplete,
            LogStalled,
            HolderLost,
            Queued,
            Output,
            Other,
        ],
    );
    use DecisionOutcome as Outcome;
    goldens.check(
        "decision-outcomes",
        &vec![
            Outcome::Allow,
            Outcome::Deny,
            Outcome::Withdrawn,
            Outcome::Unknown,
        ],
    );
    use DecidedBy as By;
    goldens.check(
        "decided-by",
        &vec![By::Person, By::Rule, By::Timeout, By::Session, By::Unknown],
    );
    let session_id = id();
    let delta = |kind| wire::Output::Delta {
        session_id: id(),
        delta: Delta {
            kind,
            text: "I ma".to_owned(),
            index: 0,
            parent: None,
        },
    };
    let output = vec![
        wire::Output::Events {
            session_id: id(),
            numbering: Some(wire::Numbering::of_log(&id())),
            events,
        },
        delta(DeltaKind::Text),
        delta(DeltaKind::Thinking),
        delta(DeltaKind::Input),
        delta(DeltaKind::Unknown),
        wire::Output::Caught {
            session_id: id(),
            seq: 11,
            numbering: Some(wire::Numbering::of_transcript(&id())),
        },
        wire::Output::End {
            session_id,
            reason: None,
        },
    ];
    let frames = output.into_iter().map(|output| Frame::Output { output });
    goldens.check("frame-output", &frames.collect::<Vec<_>>());
    goldens.check(
        "said-follow",
        &vec![
            wire::Said::Follow {
                session_id: id(),
                after: 11,
            },
            wire::Said::Unfollow { session_id: id() },
        ],
    );
}

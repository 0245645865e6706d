//! What came with the live feed: its frames, what is asked, and why a state is told.

use super::*;

pub(super) fn asks(goldens: &mut Goldens) {
    let choice = |label: &str, description| Choice {
        label: label.to_owned(),
        description,
    };
    let asks = vec![
        Ask::Permission {
            tool: "Bash".to_owned(),
            input: "cargo test".to_owned(),
        },
        Ask::Question {
            questions: vec![Question {
                question: "Which colour?".to_owned(),
                header: text("Colour"),
                multi_select: false,
                options: vec![choice("Red", text("warm")), choice("Blue", None)],
            }],
        },
        Ask::Plan {
            text: "1. Read\n2. Write".to_owned(),
        },
        Ask::Text {
            text: "Shall I go on?".to_owned(),
        },
    ];
    goldens.check("asks", &asks);
}

pub(super) fn feed(goldens: &mut Goldens) {
    goldens.check(
        "frame-hello",
        &Frame::Hello {
            protocol: Frame::PROTOCOL,
            auth: Auth::None,
            version: "2.1.0".to_owned(),
        },
    );
    goldens.check(
        "frame-snapshot",
        &Frame::Snapshot {
            rev: 1,
            at: 1_795_225_772_500,
            sessions: vec![session()],
            acting: vec![acts::acting()],
            approvals_rev: 3,
        },
    );
    goldens.check(
        "frame-changes",
        &Frame::Changes {
            rev: 7,
            at: 1_795_225_773_000,
            changed: vec![bare_session()],
            gone: vec![key()],
            acting: Vec::new(),
            approvals_rev: 0,
        },
    );
    goldens.check("auths", &vec![Auth::None, Auth::Ticket, Auth::Unknown]);
}

pub(super) fn why(goldens: &mut Goldens) {
    let says = |source, says: &str, at, decided| Evidence {
        source,
        says: says.to_owned(),
        at,
        decided,
    };
    goldens.check(
        "why",
        &Why {
            ok: true,
            pid: pid(17723),
            key: key(),
            state: State::WaitingPermission,
            state_source: StateSource::Registry,
            state_since: Some(1_795_225_772_394),
            confidence: Confidence::Stated,
            rule: Rule::RegistryStatus,
            reason: Rule::RegistryStatus.sentence().to_owned(),
            evidence: vec![
                says(
                    StateSource::Registry,
                    "Its status is \"waiting\", for \"permission prompt\".",
                    Some(1_795_225_772_394),
                    true,
                ),
                says(StateSource::Hook, "No hook has reported.", None, false),
            ],
        },
    );
}

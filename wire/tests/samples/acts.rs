//! What came with acting on whole trees: signals, selections, orphans, the audit log.

use super::*;

fn process(proof: Descent, outcome: Option<KillOutcome>) -> TreeProcess {
    TreeProcess {
        key: key(),
        command: "claude --resume 607b503a".to_owned(),
        proof,
        rss_bytes: 310_000_000,
        private_bytes: Some(280_000_000),
        outcome,
    }
}

fn spared() -> Spared {
    Spared {
        key: key(),
        command: "claude -p hello".to_owned(),
        reason: SpareReason::OtherSession,
    }
}

fn unproven(sign: Sign) -> Unproven {
    Unproven {
        key: key(),
        command: "node".to_owned(),
        sign,
        rss_bytes: 40_000_000,
    }
}

fn environment() -> Sign {
    Sign::Environment {
        variable: "CLAUDE_CODE_SESSION_ID".to_owned(),
    }
}

pub(super) fn killed() -> Killed {
    Killed {
        ok: true,
        pid: pid(17723),
        key: key(),
        outcome: KillOutcome::Exited,
        took_ms: 1700,
        processes: vec![process(Descent::Root, Some(KillOutcome::Exited))],
        spared: vec![spared()],
        unproven: vec![unproven(environment())],
        note: None,
    }
}

pub(super) fn trees(goldens: &mut Goldens) {
    let (of, leader) = (key(), key());
    let proofs = vec![
        Descent::Root,
        Descent::Child { of },
        Descent::Session { leader },
        Descent::Group { leader },
        Descent::Seen {
            at: 1_795_225_772_394,
        },
    ];
    goldens.check("descents", &proofs);
    goldens.check("signs", &vec![environment(), Sign::SharedGroup { leader }]);
    let reasons = [
        SpareReason::OtherSession,
        SpareReason::TerminalServer,
        SpareReason::OtherUser,
        SpareReason::Protected,
        SpareReason::Unknown,
    ];
    goldens.check("spare-reasons", &reasons.to_vec());
    goldens.check(
        "tree",
        &Tree {
            ok: true,
            pid: pid(17723),
            key: key(),
            processes: vec![process(Descent::Root, None)],
            spared: vec![spared()],
            unproven: Vec::new(),
            private_bytes: Some(280_000_000),
        },
    );
}

pub(super) fn acts(goldens: &mut Goldens) {
    use Act::*;
    goldens.check("acts", &vec![Kill, Interrupt, Pause, Continue, Unknown]);
    goldens.check("signal-request", &SignalRequest { key: Some(key()) });
    let signalled = Signalled {
        ok: true,
        pid: pid(17723),
        key: key(),
        act: Pause,
        outcome: SignalOutcome::Done,
        processes: 3,
        note: None,
    };
    goldens.check("signalled", &signalled);
    let outcomes = [
        SignalOutcome::Done,
        SignalOutcome::Ended,
        SignalOutcome::AlreadyGone,
        SignalOutcome::Undone,
        SignalOutcome::Unknown,
    ];
    goldens.check("signal-outcomes", &outcomes.to_vec());
    let request = BulkRequest {
        act: Kill,
        keys: vec![key()],
        grace_ms: None,
        tree: true,
    };
    goldens.check("bulk-request", &request);
    let request = BulkRequest {
        grace_ms: Grace::from_millis(5_000),
        tree: false,
        ..request
    };
    goldens.check("bulk-request-full", &request);
    let item = |result| BulkItem { key: key(), result };
    let refused = ActResult::Refused {
        code: Code::NotYours,
        error: "Process 7 belongs to ada; ask them.".to_owned(),
    };
    let report = BulkReport {
        ok: false,
        items: vec![
            item(ActResult::Killed { killed: killed() }),
            item(ActResult::Signalled { signalled }),
            item(refused),
        ],
    };
    goldens.check("bulk-report", &report);
    let steps = [
        ActingStep::Grace,
        ActingStep::Rest,
        ActingStep::Killing,
        ActingStep::Unknown,
    ];
    goldens.check("acting-steps", &steps.to_vec());
}

pub(super) fn acting() -> Acting {
    Acting {
        key: key(),
        act: Act::Kill,
        step: ActingStep::Grace,
        alive: 3,
        total: 5,
        since: 1_795_225_772_394,
    }
}

pub(super) fn orphans(goldens: &mut Goldens) {
    let orphan = Orphan {
        pid: pid(17723),
        key: key(),
        user: "dev".to_owned(),
        command: "node server.js".to_owned(),
        cwd: text("/home/dev/work/p1"),
        started_at: 1_795_225_772_394,
        rss_bytes: 90_000_000,
        private_bytes: Some(80_000_000),
        cpu_permille: Some(12),
        session: LostSession {
            key: Some(key()),
            session_id: Some(id()),
            cwd: text("/home/dev/work/p1"),
            project: text("p1"),
            last_seen_at: Some(1_795_225_772_394),
        },
        evidence: OrphanEvidence::Proof {
            descent: Descent::Seen {
                at: 1_795_225_772_394,
            },
        },
        reap: Permit::Allowed,
    };
    let suspect = Orphan {
        cwd: None,
        private_bytes: None,
        cpu_permille: None,
        session: LostSession {
            key: None,
            session_id: None,
            cwd: None,
            project: None,
            last_seen_at: None,
        },
        evidence: OrphanEvidence::Sign {
            sign: environment(),
        },
        reap: Permit::Refused {
            code: Code::Unproven,
            error: "Nothing proves it.".to_owned(),
        },
        ..orphan.clone()
    };
    goldens.check(
        "orphans",
        &Orphans {
            ok: true,
            orphans: vec![orphan, suspect],
            private_bytes: 80_000_000,
        },
    );
    let request = ReapRequest {
        keys: vec![key()],
        grace_ms: Grace::from_millis(1_000),
    };
    goldens.check("reap-request", &request);
    let item = |result| ReapItem { key: key(), result };
    let refused = ReapResult::Refused {
        code: Code::Replaced,
        error: "Refresh the list.".to_owned(),
    };
    let ended = ReapResult::Ended {
        outcome: KillOutcome::Killed,
    };
    goldens.check(
        "reaped",
        &Reaped {
            ok: false,
            items: vec![item(ended), item(refused)],
            private_bytes: 80_000_000,
            note: None,
        },
    );
}

pub(super) fn audit(goldens: &mut Goldens) {
    let by = |uid, face| Caller { uid, face };
    let entry = AuditEntry {
        id: "42".to_owned(),
        at: 1_795_225_772_394,
        verb: Verb::Kill,
        by: by(Some(1000), Face::Http),
        target: Some(AuditTarget {
            key: Some(key()),
            session_id: Some(id()),
            cwd: text("/home/dev/work/p1"),
        }),
        plan: text("5 processes, 1 spared"),
        outcome: text("exited"),
        detail: None,
        took_ms: Some(1700),
    };
    let unfinished = AuditEntry {
        verb: Verb::Cleanup,
        by: by(None, Face::Terminal),
        target: None,
        plan: None,
        outcome: None,
        took_ms: None,
        ..entry.clone()
    };
    goldens.check(
        "audit",
        &Audit {
            ok: true,
            entries: vec![entry, unfinished],
            more: true,
        },
    );
    use Verb::*;
    let verbs = [
        Kill,
        Interrupt,
        Pause,
        Continue,
        Reap,
        Resume,
        Cleanup,
        Start,
        Message,
        Cancel,
        Model,
        PermissionMode,
        Rename,
        Keys,
        Decide,
        Rules,
        Unknown,
    ];
    goldens.check("verbs", &verbs.to_vec());
    goldens.check("faces", &vec![Face::Http, Face::Terminal, Face::Unknown]);
}

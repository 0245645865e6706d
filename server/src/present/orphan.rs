//! Orphans as values on the wire.

use session_core::{
    id::{ProcessKey, UnixMillis},
    kill::{End, Refusal},
    tree::claim::Descent,
};
use wire::{
    KillOutcome, LostSession, Orphan, OrphanEvidence, Orphans, Permit, ReapItem, ReapResult,
    Reaped, Sign,
};

use super::{act, key, project, refused, session_id};
use crate::{
    observe::tree::Facts,
    service::{Origin, ServiceError},
};

/// What is to be told of an orphan.
#[derive(Clone, Debug)]
pub struct OrphanFacts {
    pub key: ProcessKey,
    pub uid: u32,
    pub started_at: UnixMillis,
    pub cwd: Option<String>,
    /// Processor time that it had used at the first look.
    pub cpu_ticks: u64,
    pub cpu_permille: Option<u32>,
    pub facts: Facts,
    pub origin: Origin,
    pub ground: Ground,
}

/// Why it is told of.
#[derive(Clone, Debug)]
pub enum Ground {
    /// With the decision whether it may be ended.
    Proof(Descent, Result<(), Refusal>),
    /// It has this variable in its environment.
    Sign(&'static str),
}

/// The whole list; `login` gives a user's name.
pub fn orphans(found: Vec<OrphanFacts>, login: impl Fn(u32) -> String) -> Orphans {
    let mut orphans: Vec<Orphan> = found
        .into_iter()
        .filter_map(|facts| {
            let user = login(facts.uid);
            orphan(facts, user)
        })
        .collect();
    let size = |orphan: &Orphan| orphan.private_bytes.unwrap_or(orphan.rss_bytes);
    let is_sign = |orphan: &Orphan| matches!(orphan.evidence, OrphanEvidence::Sign { .. });
    orphans.sort_by_key(|orphan| (is_sign(orphan), std::cmp::Reverse(size(orphan)), orphan.key));
    let may_be_reaped = orphans
        .iter()
        .filter(|orphan| orphan.reap == Permit::Allowed);
    Orphans {
        ok: true,
        private_bytes: may_be_reaped
            .filter_map(|orphan| orphan.private_bytes)
            .sum(),
        orphans,
    }
}

/// What came of reaping one.
#[derive(Clone, Debug)]
pub struct Reaping {
    pub result: ReapResult,
    /// Private memory that it gave back, in bytes.
    pub freed: u64,
    pub note: Option<String>,
}

impl Reaping {
    pub fn ended(end: End, freed: u64) -> Self {
        Self {
            result: ReapResult::Ended {
                outcome: act::outcome(end),
            },
            freed,
            note: None,
        }
    }

    pub fn refused(error: &ServiceError) -> Self {
        Self {
            result: ReapResult::Refused {
                code: error.code(),
                error: error.to_string(),
            },
            freed: 0,
            note: None,
        }
    }

    /// Whether it came to what was asked.
    fn went_well(&self) -> bool {
        match self.result {
            ReapResult::Ended { outcome } => outcome != KillOutcome::StillRunning,
            ReapResult::Refused { .. } => false,
        }
    }
}

/// What came of reaping all of them.
pub fn reaped(all: Vec<(wire::ProcessKey, Reaping)>) -> Reaped {
    Reaped {
        ok: all.iter().all(|(_, one)| one.went_well()),
        private_bytes: all.iter().map(|(_, one)| one.freed).sum(),
        // What keeps one from being written keeps all.
        note: all.iter().find_map(|(_, one)| one.note.clone()),
        items: all
            .into_iter()
            .map(|(key, Reaping { result, .. })| ReapItem { key, result })
            .collect(),
    }
}

fn orphan(facts: OrphanFacts, user: String) -> Option<Orphan> {
    let OrphanFacts { origin, .. } = facts;
    let key = key(facts.key)?;
    let refuse = |error: ServiceError| Permit::Refused {
        code: error.code(),
        error: error.to_string(),
    };
    let (evidence, reap) = match facts.ground {
        Ground::Proof(descent, planned) => (
            OrphanEvidence::Proof {
                descent: act::descent(descent)?,
            },
            match planned {
                Ok(()) => Permit::Allowed,
                Err(refusal) => refuse(refused(refusal, key.pid, &user)),
            },
        ),
        Ground::Sign(variable) => (
            OrphanEvidence::Sign {
                sign: Sign::Environment {
                    variable: variable.to_owned(),
                },
            },
            refuse(ServiceError::Unproven(key.pid)),
        ),
    };
    Some(Orphan {
        pid: key.pid,
        key,
        user,
        command: act::command(&facts.facts.command),
        cwd: facts.cwd,
        started_at: facts.started_at.0,
        rss_bytes: facts.facts.rss_bytes,
        private_bytes: facts.facts.private_bytes,
        cpu_permille: facts.cpu_permille,
        session: LostSession {
            key: origin.key.and_then(super::key),
            session_id: origin.conversation.as_ref().map(session_id),
            project: origin.cwd.as_deref().map(|cwd| project(cwd).to_owned()),
            cwd: origin.cwd,
            last_seen_at: origin.last_seen_at.map(|at| at.0),
        },
        evidence,
        reap,
    })
}

//! The answers about several targets, read straight.
//!
//! Knows the same JSON as `wire::BulkReport` and `wire::Reaped`, whose results are enums with their tag inside. serde reads
//! such an enum by way of a copy, and brings the readers of all that is in it along a second time: a twentieth of the page.

use serde::Deserialize;
use wire::{KillOutcome, Killed, ProcessKey, Signalled};

use crate::model::batch::Came;

/// `wire::BulkReport` or `wire::Reaped`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Report {
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Item {
    key: ProcessKey,
    result: Outcome,
}

/// Each variant has a field that no other one has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Outcome {
    killed: Option<Box<Killed>>,
    signalled: Option<Signalled>,
    outcome: Option<KillOutcome>,
    error: Option<String>,
}

impl Report {
    /// What came of this target.
    pub(crate) fn came(&self, key: ProcessKey) -> Came {
        let item = self.items.iter().find(|item| item.key == key);
        match item.map(|item| item.result.clone()) {
            Some(Outcome {
                killed: Some(killed),
                ..
            }) => Came::Killed(killed),
            Some(Outcome {
                signalled: Some(signalled),
                ..
            }) => Came::Signalled(signalled),
            Some(Outcome {
                outcome: Some(outcome),
                ..
            }) => Came::Reaped(outcome),
            Some(Outcome {
                error: Some(error), ..
            }) => Came::Refused(error),
            Some(_) | None => Came::Refused("The server does not say what came of it.".to_owned()),
        }
    }

    /// What the person should know about all of it.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use wire::{ActResult, BulkItem, BulkReport, Code, ReapItem, ReapResult, Reaped};

    use super::*;
    use crate::sample;

    fn read(written: &impl serde::Serialize) -> Report {
        serde_json::from_str(&serde_json::to_string(written).unwrap()).unwrap()
    }

    #[test]
    fn each_result_is_read_as_the_wire_writes_it() {
        let killed = sample::killed(1, [KillOutcome::Exited; 3]);
        let signalled = sample::signalled(2);
        let (code, error) = (Code::Busy, "Try again.".to_owned());
        let result = [
            ActResult::Killed {
                killed: killed.clone(),
            },
            ActResult::Signalled {
                signalled: signalled.clone(),
            },
            ActResult::Refused {
                code,
                error: error.clone(),
            },
        ];
        let items = (1..).map(sample::key).zip(result);
        let report = read(&BulkReport {
            ok: true,
            items: items
                .map(|(key, result)| BulkItem { key, result })
                .collect(),
        });
        assert_eq!(report.came(sample::key(1)), Came::Killed(Box::new(killed)));
        assert_eq!(report.came(sample::key(2)), Came::Signalled(signalled));
        assert_eq!(report.came(sample::key(3)), Came::Refused(error.clone()));
        assert!(matches!(report.came(sample::key(4)), Came::Refused(_)));
        let result = [
            ReapResult::Ended {
                outcome: KillOutcome::Killed,
            },
            ReapResult::Refused {
                code,
                error: error.clone(),
            },
        ];
        let items = (1..).map(sample::key).zip(result);
        let report = read(&Reaped {
            ok: true,
            items: items
                .map(|(key, result)| ReapItem { key, result })
                .collect(),
            private_bytes: 1,
            note: Some("The log is full.".to_owned()),
        });
        assert_eq!(
            report.came(sample::key(1)),
            Came::Reaped(KillOutcome::Killed)
        );
        assert_eq!(report.came(sample::key(2)), Came::Refused(error));
        assert_eq!(report.note(), Some("The log is full."));
    }
}

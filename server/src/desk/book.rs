//! What is asked and by whom it may still be answered: each request leaves the book once, by whoever takes it out first.
//!
//! Knows which events of a session answer what it asked. No I/O and no clock.

use std::{collections::VecDeque, path::PathBuf, time::Instant};

use serde_json::Value;
use session_core::id::ProcessKey;
use tokio::sync::oneshot;
use wire::{Approval, DecidedBy, DecisionOutcome, RequestId};

use super::protocol::{Happened, What};

/// The open requests, oldest first, and what became of the last ones.
#[derive(Debug, Default)]
pub(super) struct Book {
    open: Vec<Open>,
    closed: VecDeque<(RequestId, Closed)>,
}

/// A request that waits for an answer.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) approval: Approval,
    pub(super) agent: Option<String>,
    pub(super) blocks: bool,
    /// Where the session's own state can be read; `None` where nobody knows.
    pub(super) source: Option<Source>,
    /// The session was seen to wait for an answer.
    pub(super) has_waited: bool,
    /// Since when nobody is there who could answer.
    pub(super) lonely_since: Option<Instant>,
    /// Dropped without a word where the terminal is to decide.
    pub(super) order: oneshot::Sender<Order>,
}

/// A session's process, and the configuration directory of its Claude Code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) config: PathBuf,
    pub(super) process: ProcessKey,
}

/// What the hook is to print.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) output: Value,
    /// Told once it has been printed; dropped where it could not be.
    pub(super) delivered: oneshot::Sender<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) outcome: DecisionOutcome,
    pub(super) by: DecidedBy,
}

/// Whoever decides late is told what was decided; nobody is as late as this many requests.
const REMEMBERED: usize = 1_024;

impl Closed {
    /// The terminal decides, or has.
    pub(super) fn withdrawn(by: DecidedBy) -> Self {
        let outcome = DecisionOutcome::Withdrawn;
        Self { outcome, by }
    }
}

impl Book {
    pub(super) fn add(&mut self, open: Open) {
        self.open.push(open);
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn approvals(&self) -> Vec<Approval> {
        self.open.iter().map(|open| open.approval.clone()).collect()
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Open> {
        self.open.iter_mut()
    }

    pub(super) fn find(&self, id: &RequestId) -> Option<&Open> {
        self.open.iter().find(|open| open.approval.id == *id)
    }

    pub(super) fn closed(&self, id: &RequestId) -> Option<Closed> {
        let (_, closed) = self.closed.iter().rfind(|(closed, _)| closed == id)?;
        Some(*closed)
    }

    /// Takes a request out; `None` where somebody else has.
    pub(super) fn take(&mut self, id: &RequestId, closed: Closed) -> Option<Open> {
        let at = self.open.iter().position(|open| open.approval.id == *id)?;
        self.remember(id.clone(), closed);
        Some(self.open.remove(at))
    }

    /// Notes what became of a request, over what was noted before.
    pub(super) fn remember(&mut self, id: RequestId, closed: Closed) {
        self.closed.push_back((id, closed));
        if self.closed.len() > REMEMBERED {
            self.closed.pop_front();
        }
    }

    /// Tells which requests an event answers.
    pub(super) fn answered_by(&self, event: &Happened) -> Vec<RequestId> {
        let theirs = self.open.iter().filter(|open| {
            open.approval.session_id == event.session_id && open.approval.at <= event.at
        });
        let same_agent = |open: &&Open| open.agent == event.agent;
        let id = |open: &Open| open.approval.id.clone();
        match &event.what {
            What::Ran { tool, input } => {
                let of_tool = |open: &&Open| open.approval.tool == *tool;
                let is_it = |open: &&Open| match input {
                    Some(input) => *input == open.approval.input || adds_answers(tool),
                    None => true,
                };
                let mut found = theirs.filter(same_agent).filter(of_tool).filter(is_it);
                found.next().map(id).into_iter().collect()
            }
            What::Stopped => theirs.filter(same_agent).map(id).collect(),
            What::Over => theirs.map(id).collect(),
            What::Unknown => Vec::new(),
        }
    }
}

/// Whether the tool's input is another one when it has run. Of these a conversation has one at a time.
fn adds_answers(tool: &str) -> bool {
    matches!(tool, "AskUserQuestion" | "ExitPlanMode")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wire::{ApprovalSource, Ask};

    use super::*;

    const SESSION: &str = "0bbf4eb8-832b-4ee0-81ee-71daf226ca30";

    fn id(name: &str) -> RequestId {
        name.parse().unwrap()
    }

    fn book(asked: &[(&str, Option<&str>, &str, &str)]) -> Book {
        let mut book = Book::default();
        for (at, (name, agent, tool, input)) in (10..).zip(asked) {
            let approval = Approval {
                id: id(name),
                session_id: SESSION.parse().unwrap(),
                key: None,
                cwd: "/".to_owned(),
                title: None,
                at,
                until: None,
                source: ApprovalSource::Hook,
                tool: (*tool).to_owned(),
                input: json!({ "command": input }),
                ask: Ask::Text {
                    text: String::new(),
                },
                reason: None,
            };
            book.add(Open {
                approval,
                agent: agent.map(str::to_owned),
                blocks: agent.is_some(),
                source: None,
                has_waited: false,
                lonely_since: None,
                order: oneshot::channel().0,
            });
        }
        book
    }

    fn event(agent: Option<&str>, at: u64, what: What) -> Happened {
        Happened {
            session_id: SESSION.parse().unwrap(),
            agent: agent.map(str::to_owned),
            at,
            what,
        }
    }

    fn ran(tool: &str, input: &str) -> What {
        What::Ran {
            tool: tool.to_owned(),
            input: Some(json!({ "command": input })),
        }
    }

    #[test]
    fn a_request_is_taken_once() {
        let mut book = book(&[("a", None, "Bash", "x"), ("b", None, "Bash", "x")]);
        let first = Closed {
            outcome: DecisionOutcome::Allow,
            by: DecidedBy::Person,
        };
        assert!(book.take(&id("b"), first).is_some());
        assert!(
            book.take(&id("b"), Closed::withdrawn(DecidedBy::Session))
                .is_none()
        );
        assert_eq!(book.closed(&id("b")), Some(first));
        assert_eq!(book.closed(&id("a")), None);
        assert_eq!(book.len(), 1);
        book.remember(id("b"), Closed::withdrawn(DecidedBy::Session));
        assert_eq!(
            book.closed(&id("b")).unwrap().outcome,
            DecisionOutcome::Withdrawn
        );
    }

    #[test]
    fn a_tool_that_ran_answers_what_was_asked_about_this_very_call() {
        let book = book(&[
            ("a", None, "Read", "one"),
            ("b", None, "Read", "two"),
            ("c", Some("agent"), "Read", "two"),
            ("d", None, "AskUserQuestion", "which"),
        ]);
        let check = |agent, at, what, expected: &[&str]| {
            let answered = book.answered_by(&event(agent, at, what));
            let expected: Vec<_> = expected.iter().map(|name| id(name)).collect();
            assert_eq!(answered, expected);
        };
        check(None, 99, ran("Read", "two"), &["b"]);
        check(Some("agent"), 99, ran("Read", "two"), &["c"]);
        check(Some("other"), 99, ran("Read", "two"), &[]);
        // One that needed no permission ran beside it.
        check(None, 99, ran("Read", "three"), &[]);
        check(None, 99, ran("AskUserQuestion", "with answers"), &["d"]);
        // It was asked after that.
        check(None, 10, ran("Read", "two"), &[]);
        let tool = "Read".to_owned();
        check(None, 99, What::Ran { tool, input: None }, &["a"]);
        check(None, 99, What::Stopped, &["a", "b", "d"]);
        check(None, 99, What::Over, &["a", "b", "c", "d"]);
        check(None, 99, What::Unknown, &[]);
        let mut elsewhere = event(None, 99, What::Over);
        elsewhere.session_id = "607b503a-f1d9".parse().unwrap();
        assert!(book.answered_by(&elsewhere).is_empty());
    }
}

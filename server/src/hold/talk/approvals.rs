//! What a session has asked and nobody has answered: each request under its own id, with its own input.
//!
//! The one place where a request is taken out to be decided, so that it is decided once.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, value::RawValue};
use session_core::stream::{CanUseTool, say};
use wire::{Approval, ApprovalSource, Code, DecidedBy, DecisionOutcome, Event, RequestId};

use super::Now;
use crate::{
    event_log::{DEPTH, is_deeper},
    present,
};

/// Open requests in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Approvals {
    open: Vec<(Approval, CanUseTool)>,
    /// How the last ones were decided, oldest first.
    decided: VecDeque<(RequestId, DecisionOutcome, DecidedBy)>,
}

/// A decision with all that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) decision: DecisionOutcome,
    pub(super) by: DecidedBy,
    pub(super) reason: Option<String>,
    pub(super) answers: BTreeMap<String, String>,
    pub(super) permission_mode: Option<String>,
}

/// So many decisions back it is known how a request was decided.
const DECIDED: usize = 1_000;

const NO_REASON: &str = "Denied by the person who supervises this session.";

impl Approvals {
    pub(super) fn open(&self) -> impl Iterator<Item = &Approval> {
        self.open.iter().map(|(approval, _)| approval)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn add(&mut self, approval: Approval, request: CanUseTool) {
        self.open.push((approval, request));
    }

    /// Takes the request that the session knows by this name.
    pub(super) fn take_named(&mut self, name: &str) -> Option<RequestId> {
        let place = self.open.iter().position(|(_, it)| it.request_id == name)?;
        Some(self.open.remove(place).0.id)
    }

    pub(super) fn take_all(&mut self) -> Vec<(RequestId, CanUseTool)> {
        let open = std::mem::take(&mut self.open).into_iter();
        open.map(|(approval, request)| (approval.id, request))
            .collect()
    }

    pub(super) fn remember(&mut self, id: RequestId, outcome: DecisionOutcome, by: DecidedBy) {
        if self.decided.len() == DECIDED {
            self.decided.pop_front();
        }
        self.decided.push_back((id, outcome, by));
    }

    /// Takes a request out and returns the line that answers it; or says why there is none.
    pub(super) fn decide(
        &mut self,
        id: &RequestId,
        answer: &Answer,
    ) -> Result<String, (Code, String)> {
        let place = self.open.iter().position(|(open, _)| open.id == *id);
        let Some((approval, request)) = place.and_then(|place| self.open.get(place)) else {
            return Err(self.gone(id));
        };
        let line = match answer.decision {
            DecisionOutcome::Allow => {
                let mode = answer.permission_mode.as_deref();
                let is_plan = matches!(approval.ask, wire::Ask::Plan { .. });
                if let Some(sentence) = present::refused_mode(is_plan, mode) {
                    return Err((Code::BadRequest, sentence));
                }
                let is_question = matches!(approval.ask, wire::Ask::Question { .. });
                if is_question && answer.answers.is_empty() {
                    let sentence = "A question is answered, not only allowed; send answers.";
                    return Err((Code::BadRequest, sentence.to_owned()));
                }
                let missing = present::unanswered(&approval.input, &answer.answers);
                if let Some(sentence) = missing.filter(|_| is_question) {
                    return Err((Code::BadRequest, sentence));
                }
                let given = answer.answers.iter();
                let given = given.map(|(question, answer)| (question.as_str(), answer.as_str()));
                let with_answers = is_question.then(|| say::answered(&request.input, given));
                match with_answers.flatten() {
                    Some(input) => say::allow(&request.request_id, &input, None),
                    None => say::allow(&request.request_id, &request.input, None),
                }
            }
            DecisionOutcome::Deny => {
                let reason = answer.reason.as_deref().filter(|it| !it.trim().is_empty());
                say::deny(&request.request_id, reason.unwrap_or(NO_REASON))
            }
            DecisionOutcome::Withdrawn | DecisionOutcome::Unknown => {
                let sentence = "The decision is allow or deny.";
                return Err((Code::BadRequest, sentence.to_owned()));
            }
        };
        if let Some(place) = place {
            self.open.remove(place);
        }
        self.remember(id.clone(), answer.decision, answer.by);
        Ok(line)
    }

    fn gone(&self, id: &RequestId) -> (Code, String) {
        let known = self
            .decided
            .iter()
            .rev()
            .find(|(decided, ..)| decided == id);
        let Some((_, outcome, by)) = known else {
            let sentence =
                "Nobody asks that, or not any more; take what is asked from GET /approvals.";
            return (Code::NoApproval, sentence.to_owned());
        };
        let what = match outcome {
            DecisionOutcome::Allow => "allowed",
            DecisionOutcome::Deny => "denied",
            DecisionOutcome::Withdrawn => "withdrawn",
            DecisionOutcome::Unknown => "decided",
        };
        let who = match by {
            DecidedBy::Person => "by a person",
            DecidedBy::Rule => "by a rule",
            DecidedBy::Timeout => "since its time was over",
            DecidedBy::Session => "by the session itself",
            DecidedBy::Unknown => "already",
        };
        (
            Code::Decided,
            format!("That was {what} {who} before; nothing more is to be done."),
        )
    }
}

/// The input as a person sees it. What is nested deeper than every reader bears is shown as its text: it must never look like
/// another one.
fn shown(input: &RawValue) -> Value {
    let read = serde_json::from_str(input.get()).ok();
    read.filter(|value| !is_deeper(value, DEPTH))
        .unwrap_or_else(|| Value::String(input.get().to_owned()))
}

/// Returns the request as a person sees it, and the event that tells of it.
pub(super) fn approval(
    request: &CanUseTool,
    called: Option<&RawValue>,
    now: &Now,
    seq: u64,
    at: u64,
) -> (Approval, Event) {
    // Every version gives a UUID; whatever else comes is named by us.
    let id: RequestId = request.request_id.parse().unwrap_or_else(|_| {
        let id = format!("{}-{seq}", now.session_id).parse();
        id.expect("a session's id, a dash and digits are an id")
    });
    let ask = present::asked(request.ask(called));
    let input = shown(&request.input);
    let event = Event::Approval {
        seq,
        at,
        request_id: id.as_str().to_owned(),
        tool_use_id: request.tool_use_id.clone(),
        tool: request.tool_name.clone(),
        input: input.clone(),
        ask: ask.clone(),
    };
    let approval = Approval {
        id,
        session_id: now.session_id.clone(),
        key: Some(now.key),
        cwd: now.cwd.clone(),
        title: now.name.clone(),
        at,
        until: None,
        source: ApprovalSource::Held,
        tool: request.tool_name.clone(),
        input,
        ask,
        // Not what the tool is called with in words: that stands in what is asked.
        reason: request.decision_reason.clone(),
    };
    (approval, event)
}

//! Requests to use a tool and the decisions on them, as they come and are made.
//!
//! A decision is an event before it is a line for the session. Which requests are open is `approvals`' matter.

use session_core::stream::{CanUseTool, say};
use wire::{DecidedBy, DecisionOutcome, Event, RequestId};

use super::{
    Effect, Reply, Ruled, Talk, approvals, refused,
    requests::{ANSWER_MS, Request},
};

impl Talk {
    /// Takes a request to use a tool, and what the rules say of it.
    pub(in crate::hold) fn asked(
        &mut self,
        request: CanUseTool,
        ruled: Ruled,
        at: u64,
    ) -> Vec<Effect> {
        let called = request
            .tool_use_id
            .as_ref()
            .and_then(|id| self.plans.get(id));
        let seq = self.now.seq + 1;
        let (approval, event) =
            approvals::approval(&request, called.map(|raw| &**raw), &self.now, seq, at);
        self.now.seq = seq;
        let mut effects = vec![Effect::Event(event)];
        match ruled {
            Ruled::Ask => {
                self.approvals.add(approval, request);
                effects.extend(self.news(at));
            }
            Ruled::Allow { rule } => {
                self.approvals.remember(
                    approval.id.clone(),
                    DecisionOutcome::Allow,
                    DecidedBy::Rule,
                );
                let allow = say::allow(&request.request_id, &request.input, None);
                let (id, outcome) = (approval.id.as_str(), DecisionOutcome::Allow);
                effects.push(self.decision(id, outcome, DecidedBy::Rule, None, Some(rule), at));
                effects.push(Effect::Say(allow));
            }
            Ruled::Deny { rule, reason } => {
                self.approvals.remember(
                    approval.id.clone(),
                    DecisionOutcome::Deny,
                    DecidedBy::Rule,
                );
                let deny = say::deny(&request.request_id, &reason);
                let (id, outcome) = (approval.id.as_str(), DecisionOutcome::Deny);
                let reason = Some(reason);
                effects.push(self.decision(id, outcome, DecidedBy::Rule, reason, Some(rule), at));
                effects.push(Effect::Say(deny));
            }
        }
        effects
    }

    pub(super) fn decide(
        &mut self,
        number: u64,
        id: &RequestId,
        answer: approvals::Answer,
        at: u64,
    ) -> Vec<Effect> {
        let lines = match self.approvals.decide(id, &answer) {
            Ok(lines) => lines,
            Err((code, sentence)) => return refused(number, code, sentence),
        };
        let mode = answer
            .permission_mode
            .filter(|_| answer.decision == DecisionOutcome::Allow);
        let mut effects = vec![
            self.decision(
                id.as_str(),
                answer.decision,
                answer.by,
                answer
                    .reason
                    .filter(|_| answer.decision == DecisionOutcome::Deny),
                None,
                at,
            ),
        ];
        effects.push(Effect::Say(lines));
        effects.extend(self.news(at));
        if let Some(mode) = mode {
            // The reply follows the answer to this.
            let request = Request::PlanMode(number, mode.clone());
            let request = self.request(request, at, ANSWER_MS);
            effects.push(Effect::Say(say::set_permission_mode(&request, &mode)));
        } else {
            let (outcome, note) = (answer.decision, None);
            effects.push(Effect::Reply(number, Reply::Decided { outcome, note }));
        }
        effects
    }

    /// The session does not ask that any more.
    pub(super) fn withdrawn(&mut self, request_id: &str, at: u64) -> Vec<Effect> {
        let Some(id) = self.approvals.take_named(request_id) else {
            return Vec::new();
        };
        let mut effects = vec![self.withdraw(id, at)];
        effects.extend(self.news(at));
        effects
    }

    /// The session asks nothing any more.
    pub(super) fn all_withdrawn(&mut self, at: u64) -> Vec<Effect> {
        let open = self.approvals.take_all().into_iter();
        open.map(|(id, _)| self.withdraw(id, at)).collect()
    }

    fn withdraw(&mut self, id: RequestId, at: u64) -> Effect {
        let (outcome, by) = (DecisionOutcome::Withdrawn, DecidedBy::Session);
        self.approvals.remember(id.clone(), outcome, by);
        self.decision(id.as_str(), outcome, by, None, None, at)
    }

    fn decision(
        &mut self,
        request_id: &str,
        outcome: DecisionOutcome,
        by: DecidedBy,
        reason: Option<String>,
        rule: Option<String>,
        at: u64,
    ) -> Effect {
        self.event(|seq| Event::Decision {
            seq,
            at,
            request_id: request_id.to_owned(),
            outcome,
            by,
            reason,
            rule,
        })
    }
}

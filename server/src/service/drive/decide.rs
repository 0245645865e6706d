//! Deciding what sessions ask, and making rules of it.

use std::path::Path;

use wire::{
    Always, Approvals, Caller, Code, DecideRequest, Decided, DecidedBy, DecisionOutcome, RequestId,
    RuleAction, SessionId, ToolRule, Verb, Who,
};

use super::{joined, nonsense};
use crate::{
    hold::protocol::{Do, Reply},
    present,
    rules::{self, Call},
    service::{Service, ServiceError, rules::is_same},
};

impl Service {
    /// Tells all that sessions ask and nobody has decided.
    pub async fn approvals(&self) -> Result<Approvals, ServiceError> {
        Ok(Approvals {
            ok: true,
            approvals: self.all_asked().await,
        })
    }

    /// Decides what a session asks, once.
    pub async fn decide(
        &self,
        id: RequestId,
        request: DecideRequest,
        by: Caller,
    ) -> Result<Decided, ServiceError> {
        let always = match request.always.clone() {
            Some(always) => Some(
                self.rule_of(&id, &request.session_id, request.decision, always)
                    .await?,
            ),
            None => None,
        };
        let mut decided = if self.is_foreign(&id).await {
            self.decide_at_desk(&id, request, by.clone()).await?
        } else {
            self.decide_held(&id, request, by.clone()).await?
        };
        if let Some(rule) = always {
            let (rule, note) = self.keep_rule(rule, by).await;
            decided.rule = rule;
            decided.note = joined(note, decided.note);
        }
        Ok(decided)
    }

    async fn decide_held(
        &self,
        id: &RequestId,
        request: DecideRequest,
        by: Caller,
    ) -> Result<Decided, ServiceError> {
        let who = Who::Session(request.session_id);
        let what = Do::Decide {
            id: id.clone(),
            decision: request.decision,
            decided_by: DecidedBy::Person,
            reason: request.reason,
            answers: request.answers,
            permission_mode: request.permission_mode,
        };
        self.refuse_when_degraded()?;
        let driver = self.driver(&who).await?;
        match self.asked(&driver, Verb::Decide, what, by).await? {
            Reply::Decided { outcome, note } => Ok(Decided {
                note,
                ..by_person(id.clone(), driver.session_id(), outcome)
            }),
            Reply::Done { .. } | Reply::Refused { .. } => Err(nonsense()),
        }
    }

    /// The rule that a decision is to be made into.
    async fn rule_of(
        &self,
        id: &RequestId,
        session_id: &SessionId,
        decision: DecisionOutcome,
        always: Always,
    ) -> Result<ToolRule, ServiceError> {
        let bad = |sentence: &str| ServiceError::told(Code::BadRequest, sentence);
        let action = match decision {
            DecisionOutcome::Allow => RuleAction::Allow,
            DecisionOutcome::Deny => RuleAction::Deny,
            DecisionOutcome::Withdrawn | DecisionOutcome::Unknown => {
                return Err(bad("The decision is allow or deny."));
            }
        };
        let approvals = self.all_asked().await;
        // Whoever started it may not know that `/clear` has given it another id.
        let held = self.inner.held.find(&Who::Session(session_id.clone()));
        let ids: Vec<SessionId> = held
            .map(|held| held.now.session_id)
            .into_iter()
            .chain([session_id.clone()])
            .collect();
        let asked = approvals
            .iter()
            .find(|approval| approval.id == *id && ids.contains(&approval.session_id));
        let asked = asked.ok_or_else(|| {
            let sentence =
                "Nobody asks that, or not any more; take what is asked from GET /approvals.";
            ServiceError::told(Code::NoApproval, sentence)
        })?;
        if !matches!(asked.ask, wire::Ask::Permission { .. }) {
            return Err(bad(
                "Questions and plans are for a person each time; leave always out.",
            ));
        }
        let session = present::core_session_id(&asked.session_id);
        let call = Call {
            tool: &asked.tool,
            input: &asked.input,
            cwd: Path::new(&asked.cwd),
            home: Some(&self.inner.config.home),
            session: Some(&session),
            is_cwd_sure: true,
        };
        let exactly = || rules::exactly(&call);
        let pattern = always.pattern.or_else(exactly);
        // Without a pattern it would be about every call of the tool, which nobody has seen.
        let pattern = pattern.ok_or_else(|| {
            bad("No rule can be made of this very call; give a pattern, or leave always out.")
        })?;
        Ok(ToolRule {
            id: String::new(),
            tool: asked.tool.clone(),
            pattern: Some(pattern),
            action,
            scope: always.scope,
            expires_at: always.expires_at,
        })
    }

    /// Adds a rule; returns its id, or what a person should know where there is none.
    async fn keep_rule(&self, rule: ToolRule, by: Caller) -> (Option<String>, Option<String>) {
        let mut settled = rule;
        let settling = present::rule::settle(&mut settled);
        if let Err(wrong) = settling {
            return (None, Some(format!("No rule was made of it: {wrong}.")));
        }
        match self.add_rule(settled.clone(), by).await {
            Ok(set) => {
                let kept = set.rules.iter().find(|kept| is_same(kept, &settled));
                (kept.map(|kept| kept.id.clone()), set.note)
            }
            Err(error) => (None, Some(format!("No rule was made of it. {error}"))),
        }
    }
}

/// What a person has decided, and no more than that.
pub(in crate::service) fn by_person(
    id: RequestId,
    session_id: SessionId,
    outcome: DecisionOutcome,
) -> Decided {
    Decided {
        ok: true,
        id,
        session_id,
        outcome,
        by: DecidedBy::Person,
        rule: None,
        note: None,
    }
}

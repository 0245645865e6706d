//! What sessions that we did not start ask: who answers it, and who hears that something is asked.

use std::{
    path::Path,
    sync::{Arc, Weak},
};

use session_core::rule::Action;
use wire::{
    Approval, AuditTarget, Caller, DecideRequest, Decided, DecisionOutcome, RequestId, Verb,
};

use super::{Inner, Service, ServiceError, drive::decide::by_person};
use crate::{
    audit::{AuditLog, Deed},
    clock::now,
    config::Config,
    desk::{self, Company, Desk, Ruled, answer::Verdict, elsewhere, protocol::Asking},
    present, rules,
    state_dir::StateDir,
};

/// Makes the desk of a service that comes into being around it.
pub(super) fn desk(config: &Config, namespace: &str, service: Weak<Inner>) -> Desk {
    let followers = Weak::clone(&service);
    let company = Company {
        is_followed: Box::new(move || {
            let inner = followers.upgrade();
            inner.is_some_and(|inner| inner.live.is_followed())
        }),
        judge: Box::new(move |ask| service.upgrade()?.judge(ask)),
    };
    let audit = AuditLog::at(StateDir::at(&config.state_dir));
    Desk::new(
        &config.home,
        namespace,
        config.approval_wait,
        audit,
        company,
    )
}

impl Service {
    /// Answers the hooks of other sessions from now on, unless the configuration has mistakes: then their terminals do.
    pub fn keep_desk(&self) {
        if self.refuse_when_degraded().is_err() {
            return;
        }
        let desk = Arc::clone(&self.inner.desk);
        match desk.listen() {
            Ok(opened) => {
                tokio::spawn(Arc::clone(&desk).keep(opened));
            }
            Err(error) => {
                tracing::warn!(%error, "what sessions ask by our hook is left to their terminals");
                return;
            }
        }
        let (service, mut changed) = (self.clone(), desk.changed());
        tokio::spawn(async move {
            while changed.changed().await.is_ok() {
                service.inner.live.hear(Vec::new(), true);
            }
        });
    }
}

impl Service {
    /// All that is asked and not decided, oldest first.
    pub(super) async fn all_asked(&self) -> Vec<Approval> {
        let mut approvals = self.inner.held.approvals();
        approvals.extend(self.foreign().await);
        approvals.sort_by_key(|approval| approval.at);
        approvals
    }

    /// Whether a request is one of a session that we don't hold.
    pub(super) async fn is_foreign(&self, id: &RequestId) -> bool {
        let desk = &self.inner.desk;
        desk.knows(id) || (!desk.is_kept() && self.foreign().await.iter().any(|it| it.id == *id))
    }

    async fn foreign(&self) -> Vec<Approval> {
        let desk = &self.inner.desk;
        if desk.is_kept() {
            desk.open()
        } else {
            elsewhere::open(&self.inner.config.home).await
        }
    }

    /// Decides what one of these sessions asks, and notes it.
    pub(super) async fn decide_at_desk(
        &self,
        id: &RequestId,
        request: DecideRequest,
        by: Caller,
    ) -> Result<Decided, ServiceError> {
        self.refuse_when_degraded()?;
        let (service, id) = (self.clone(), id.clone());
        // On its own: a caller that hangs up must not leave a decision that is in no log.
        let deciding = tokio::spawn(async move {
            let desk = &service.inner.desk;
            let target = desk.target(&id).unwrap_or_else(|| AuditTarget {
                key: None,
                session_id: Some(request.session_id.clone()),
                cwd: None,
            });
            let deed = Deed {
                verb: Verb::Decide,
                by,
                target: Some(target),
            };
            let account = service.begun(deed, None).await?;
            let decision = request.decision;
            let verdict = Verdict {
                decision,
                reason: request.reason.clone(),
                answers: request.answers,
                permission_mode: request.permission_mode,
            };
            let session = &request.session_id;
            let decided = if desk.is_kept() {
                desk.decide(&id, session, verdict).await
            } else {
                let home = &service.inner.config.home;
                let decided = elsewhere::decide(home, &id, session, verdict).await;
                decided.unwrap_or_else(|| Err(desk::nobody_asks()))
            };
            let decided =
                decided.map_err(|refusal| ServiceError::told(refusal.code, refusal.sentence));
            let decided = decided.map(|()| by_person(id, request.session_id, decision));
            service.closed(account, decided).await
        });
        deciding
            .await
            .unwrap_or_else(|error| Err(ServiceError::fault("The decision broke off", error)))
    }
}

impl Inner {
    /// What the rules say of a request.
    fn judge(&self, ask: &Asking) -> Option<Ruled> {
        let session = present::core_session_id(&ask.session_id);
        let call = rules::Call {
            tool: &ask.tool,
            input: &ask.input,
            cwd: Path::new(&ask.cwd),
            home: Some(&self.config.home),
            session: Some(&session),
            is_cwd_sure: true,
        };
        let ruling = rules::decide(&self.rules(), &call, now());
        let rule = ruling.rule?;
        let decision = match ruling.action {
            Action::Allow => DecisionOutcome::Allow,
            Action::Deny => DecisionOutcome::Deny,
            Action::Ask => return None,
        };
        let mut verdict = Verdict::new(decision);
        verdict.reason = Some(ruling.why.clone());
        Some(Ruled {
            verdict,
            rule: format!("rule {rule}"),
        })
    }
}

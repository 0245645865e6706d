//! What sessions that we did not start ask: who answers it, and who hears that something is asked.

use std::{
    path::Path,
    sync::{Arc, Weak},
};

use session_core::rule::Action;
use wire::DecisionOutcome;

use super::{Inner, Service};
use crate::{
    audit::AuditLog,
    clock::now,
    config::Config,
    desk::{Company, Desk, Ruled, answer::Verdict, protocol::Asking},
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
        };
        let ruling = rules::decide(&self.rules, &call, now());
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
            rule: format!("rule {rule}: {}", ruling.why),
        })
    }
}

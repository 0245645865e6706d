//! What the rules say of a request, and the log of what they decide.
//!
//! Waits for no disk for long: where it does not answer, a person does.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use session_core::{rule::Action, stream::CanUseTool};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use wire::{AuditTarget, Caller, Face, Verb};

use super::super::{protocol::Now, talk::Ruled};
use crate::{
    audit::{AuditLog, Deed, Outcome},
    clock::now,
    present,
    rules::{self, Call, RulesFile},
    state_dir::StateDir,
};

/// The rules of the user whose session it is.
#[derive(Debug)]
pub(in crate::hold) struct Judge {
    rules: Arc<RulesFile>,
    audit: AuditLog,
    /// The home of whoever we run as.
    home: Option<PathBuf>,
    aside: Aside<Ruled>,
}

/// Paths are followed within microseconds, unless a network file system has lost its server.
const PATIENCE: Duration = Duration::from_secs(2);

impl Judge {
    pub(in crate::hold) fn at(state: StateDir) -> Self {
        Self {
            audit: AuditLog::at(state.clone()),
            rules: Arc::new(RulesFile::at(state)),
            home: std::env::home_dir(),
            aside: Aside::new(PATIENCE),
        }
    }

    /// What the rules say of a request. They are read for each one: whoever changes them need not tell us.
    pub(super) async fn rule(&mut self, request: &CanUseTool, now_is: Now) -> Ruled {
        if request.needs_person {
            return Ruled::Ask;
        }
        let (rules, home, request) = (Arc::clone(&self.rules), self.home.clone(), request.clone());
        let look = move || ruled(&rules, home.as_deref(), &request, &now_is);
        let ruled = self.aside.ask(look).await;
        ruled.unwrap_or(Ruled::Ask)
    }

    /// Notes what a rule decides, as what a person does.
    pub(super) fn account(&self, ruled: &Ruled, now: Now) {
        let (word, rule) = match ruled {
            Ruled::Ask => return,
            Ruled::Allow { rule } => ("allow", rule),
            Ruled::Deny { rule, .. } => ("deny", rule),
        };
        let deed = Deed {
            verb: Verb::Decide,
            by: Caller {
                uid: Some(rustix::process::geteuid().as_raw()),
                face: Face::Unknown,
            },
            target: Some(AuditTarget {
                key: Some(now.key),
                session_id: Some(now.session_id),
                cwd: Some(now.cwd),
            }),
        };
        let outcome = Outcome {
            word: word.to_owned(),
            detail: Some(format!("rule {rule}")),
        };
        if let Some(problem) = self.audit.note(deed, outcome) {
            tracing::warn!(problem, "the audit log");
        }
    }
}

fn ruled(rules: &RulesFile, home: Option<&Path>, request: &CanUseTool, now_is: &Now) -> Ruled {
    let Ok(input) = serde_json::from_str(request.input.get()) else {
        return Ruled::Ask;
    };
    let session = present::core_session_id(&now_is.session_id);
    let call = Call {
        tool: &request.tool_name,
        input: &input,
        cwd: Path::new(&now_is.cwd),
        home,
        session: Some(&session),
        // Bash keeps the directory that an earlier command has changed to.
        is_cwd_sure: false,
    };
    let ruling = rules::decide(rules, &call, now());
    match (ruling.action, ruling.rule) {
        (Action::Allow, Some(rule)) => Ruled::Allow { rule },
        (Action::Deny, Some(rule)) => Ruled::Deny {
            rule,
            reason: ruling.why,
        },
        (Action::Allow | Action::Deny | Action::Ask, _) => Ruled::Ask,
    }
}

/// Does what may hang, one at a time.
#[derive(Debug)]
struct Aside<T> {
    patience: Duration,
    /// What did not come back in time.
    late: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Aside<T> {
    fn new(patience: Duration) -> Self {
        Self {
            patience,
            late: None,
        }
    }

    /// Returns what was found; `None` where it takes too long, and at once where the last one still has not come back.
    async fn ask(&mut self, look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        if self.late.as_ref().is_some_and(|late| !late.is_finished()) {
            return None;
        }
        let mut looking = spawn_blocking(look);
        if let Ok(found) = timeout(self.patience, &mut looking).await {
            self.late = None;
            return found.ok();
        }
        tracing::warn!("the disk does not answer; a person is asked");
        self.late = Some(looking);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_hangs_holds_nobody_up() {
        let mut aside = Aside::new(Duration::from_millis(20));
        let (release, hung) = mpsc::channel::<()>();
        assert_eq!(aside.ask(|| 1).await, Some(1));
        let hangs = move || {
            hung.recv().unwrap_err();
            2
        };
        assert_eq!(aside.ask(hangs).await, None);
        // Not one more that hangs.
        assert_eq!(aside.ask(|| panic!("it was asked")).await, None);
        drop(release);
        while aside.ask(|| 3).await != Some(3) {
            tokio::task::yield_now().await;
        }
    }
}

//! Ending, interrupting and pausing sessions, one or many.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt as _, stream};
use session_core::{
    id,
    kill::{self, End, Target},
    tree::{Tree, spare::Guard},
};
use wire::{
    Act, ActResult, ActingStep, AuditTarget, BulkItem, BulkReport, BulkRequest, Caller,
    KillRequest, Killed, Pid, ProcessKey, SignalRequest, Signalled, Verb, Who,
};

use super::{Inner, Interrupted, Service, ServiceError, account::Account, claim::Claim};
use crate::{
    act::{
        self,
        tree::{Ending, Extent, Phase},
    },
    audit::Deed,
    observe::{
        proc::pin::{PinError, Pinned},
        tree::Surveyor,
    },
    present,
};

/// What a pid and a key lead to.
pub(super) enum Planned {
    /// It may be signalled.
    Target(Box<Plan>),
    /// The process that the key names has ended, and its pid is free.
    Gone(ProcessKey),
}

/// A session that may be signalled, and what the walk down its tree has to know.
pub(super) struct Plan {
    pub(super) key: ProcessKey,
    pub(super) target: Target,
    pub(super) conversation: Option<id::SessionId>,
    /// For the audit log.
    about: AuditTarget,
    guard: Guard,
}

/// What may be done at once.
enum Ready {
    /// Nobody else acts on it while the claim is held.
    Target(Box<Plan>, Claim),
    Gone(ProcessKey),
}

/// Of a selection, so many are acted on at once.
const AT_ONCE: usize = 16;

impl Service {
    /// Tells what a kill of this session would end now.
    pub async fn tree(&self, pid: Pid) -> Result<wire::Tree, ServiceError> {
        self.blocking(move |inner| match inner.plan(pid, None)? {
            Planned::Target(plan) => inner.tree(&plan),
            Planned::Gone(_) => Err(ServiceError::NoProcess(pid)),
        })
        .await
    }

    /// Ends a session, with what descends from it unless that is declined, and tells how it ended.
    pub async fn kill(
        &self,
        pid: Pid,
        request: KillRequest,
        by: Caller,
    ) -> Result<Killed, ServiceError> {
        self.end(Verb::Kill, pid, request, by).await
    }

    /// The same, under the name that the audit log is to have it by.
    pub(super) async fn end(
        &self,
        verb: Verb,
        pid: Pid,
        request: KillRequest,
        by: Caller,
    ) -> Result<Killed, ServiceError> {
        let grace = request.grace_ms.map_or(self.inner.config.grace, |grace| {
            Duration::from_millis(grace.as_millis().into())
        });
        let (ready, deed) = self.ready(verb, pid, request.key, by).await;
        // Once begun it goes on to its end, and holds the claim, even when the client has left.
        let killed = self
            .unhurried(move |inner| {
                let mut account = inner.account(deed);
                let killed = inner.kill(ready, grace, request.tree, &mut account);
                account.close(killed)
            })
            .await?;
        if !killed.ok {
            tracing::warn!(key = %killed.key, "still running after SIGKILL");
        }
        Ok(killed)
    }

    /// Interrupts a session, lets it stand still or lets it go on.
    pub async fn signal(
        &self,
        act: Act,
        pid: Pid,
        request: SignalRequest,
        by: Caller,
    ) -> Result<Signalled, ServiceError> {
        let (ready, deed) = self
            .ready(present::audit::verb(act), pid, request.key, by)
            .await;
        self.unhurried(move |inner| {
            let mut account = inner.account(deed);
            let signalled = inner.signal(ready, act, &mut account);
            account.close(signalled)
        })
        .await
    }

    /// Plans, and takes the session for this act alone.
    async fn ready(
        &self,
        verb: Verb,
        pid: Pid,
        key: Option<ProcessKey>,
        by: Caller,
    ) -> (Result<Ready, ServiceError>, Deed) {
        let mut deed = Deed {
            verb,
            by,
            target: key.map(present::audit::process),
        };
        let ready = async {
            self.refuse_when_degraded()?;
            let plan = match self.blocking(move |inner| inner.plan(pid, key)).await? {
                Planned::Target(plan) => plan,
                Planned::Gone(key) => return Ok(Ready::Gone(key)),
            };
            deed.target = Some(plan.about.clone());
            let claim = self.inner.claims.process(plan.key);
            Ok(Ready::Target(plan, claim.ok_or(ServiceError::Busy)?))
        };
        (ready.await, deed)
    }

    /// Does the same to a whole selection; what is refused is told beside what is done.
    pub async fn act(&self, request: BulkRequest, by: Caller) -> Result<BulkReport, ServiceError> {
        self.refuse_all_when_degraded(present::audit::verb(request.act), &by)
            .await?;
        if request.act == Act::Unknown {
            return Err(ServiceError::BadSelection(
                "act is kill, interrupt, pause or continue".to_owned(),
            ));
        }
        refuse_bad_selection(&request.keys)?;
        let one = async |key: ProcessKey| {
            let result = self.act_on(key, &request, by.clone()).await;
            let result = result.unwrap_or_else(|error| present::act::refused(&error));
            BulkItem { key, result }
        };
        let items = stream::iter(request.keys.iter().copied().map(one)).buffered(AT_ONCE);
        let items: Vec<BulkItem> = items.collect().await;
        Ok(BulkReport {
            ok: items
                .iter()
                .all(|item| present::act::went_well(&item.result)),
            items,
        })
    }

    async fn act_on(
        &self,
        key: ProcessKey,
        request: &BulkRequest,
        by: Caller,
    ) -> Result<ActResult, ServiceError> {
        match request.act {
            Act::Kill => {
                let request = KillRequest {
                    key: Some(key),
                    grace_ms: request.grace_ms,
                    tree: request.tree,
                };
                let killed = self.kill(key.pid, request, by).await?;
                Ok(ActResult::Killed { killed })
            }
            Act::Interrupt => {
                let request = SignalRequest { key: Some(key) };
                let interrupted = self.interrupt(Who::Pid(key.pid), request, by).await?;
                let signalled = match interrupted {
                    Interrupted::Process(signalled) => signalled,
                    Interrupted::Turn(driven) => present::act::turn_ended(key, driven),
                };
                Ok(ActResult::Signalled { signalled })
            }
            act @ (Act::Pause | Act::Continue | Act::Unknown) => {
                let request = SignalRequest { key: Some(key) };
                let signalled = self.signal(act, key.pid, request, by).await?;
                Ok(ActResult::Signalled { signalled })
            }
        }
    }
}

/// Refuses a selection that is empty, too long, or names a process twice.
pub(super) fn refuse_bad_selection(keys: &[ProcessKey]) -> Result<(), ServiceError> {
    let most = BulkRequest::MOST;
    let refused = |why: String| Err(ServiceError::BadSelection(why));
    if keys.is_empty() {
        return refused("keys names no process; take keys from GET /sessions".to_owned());
    }
    if keys.len() > most {
        return refused(format!(
            "keys names more than {most} processes; send several requests"
        ));
    }
    if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
        return refused("keys names a process twice; name each once".to_owned());
    }
    Ok(())
}

impl Inner {
    /// Decides on the session that a pid means, or that the key names.
    pub(super) fn plan(&self, pid: Pid, key: Option<ProcessKey>) -> Result<Planned, ServiceError> {
        if key.is_some_and(|key| key.pid != pid) {
            return Err(ServiceError::OtherKey(pid));
        }
        let sessions = self.look()?.sample.sessions();
        let session = sessions
            .iter()
            .find(|session| session.key().pid == pid.get());
        let owner = match &session {
            Some(session) => Some(session.key()),
            None => self.observer.proc().running(pid.get()),
        };
        match (owner, key) {
            (None, Some(key)) => return Ok(Planned::Gone(key)),
            (None, None) => return Err(ServiceError::NoProcess(pid)),
            (Some(owner), Some(key)) if owner != present::core_key(key) => {
                return Err(ServiceError::Replaced(pid));
            }
            (Some(_), _) => {}
        }
        let session = session.ok_or(ServiceError::NotASession(pid))?;
        let key = present::key(session.key()).ok_or(ServiceError::NoProcess(pid))?;
        let actor = self.actor();
        let target = kill::plan(session, &actor).map_err(|refusal| {
            present::refused(refusal, pid, &self.users.name(session.process.uid))
        })?;
        Ok(Planned::Target(Box::new(Plan {
            key,
            target,
            conversation: session.session_id().cloned(),
            about: present::audit::session(key, session),
            guard: Guard {
                root: target.key(),
                uid: target.uid(),
                sessions: sessions.iter().map(|session| session.key()).collect(),
                lineage: actor.lineage,
            },
        })))
    }

    fn surveyor(&self, plan: &Plan) -> Surveyor<'_> {
        let seen = self.descents.seen(plan.target.key());
        let registries = self.observer.registries();
        Surveyor::new(self.observer.proc(), plan.guard.clone(), registries, seen)
    }

    fn tree(&self, plan: &Plan) -> Result<wire::Tree, ServiceError> {
        let mut surveyor = self.surveyor(plan);
        let mut tree = Tree::of(plan.target);
        surveyor.survey(&mut tree).map_err(unreadable)?;
        let signs = self.signs(plan, &mut tree, &mut surveyor)?;
        Ok(present::act::tree(plan.key, &tree, &surveyor, &signs))
    }

    fn kill(
        &self,
        ready: Result<Ready, ServiceError>,
        grace: Duration,
        whole: bool,
        account: &mut Account,
    ) -> Result<Killed, ServiceError> {
        let (plan, _claim) = match ready? {
            Ready::Target(plan, claim) => (plan, claim),
            Ready::Gone(key) => return Ok(present::act::gone_before(key)),
        };
        let plan = &*plan;
        let Some(pinned) = self.pin(plan)? else {
            return Ok(present::act::gone_before(plan.key));
        };
        let post = self.board.post(&self.live, plan.key, Act::Kill);
        let mut surveyor = self.surveyor(plan);
        let mut tree = Tree::of(plan.target);
        surveyor.survey(&mut tree).map_err(unreadable)?;
        account.begin(present::audit::tree(&tree, whole));
        let ending = Ending::new(self.observer.proc(), surveyor, tree, pinned);
        let mut tell = |progress: act::tree::Progress| {
            let step = match progress.phase {
                Phase::Grace => ActingStep::Grace,
                Phase::Rest => ActingStep::Rest,
                Phase::Killing => ActingStep::Killing,
            };
            post.tell(step, progress.alive, progress.total);
        };
        let extent = if whole { Extent::Whole } else { Extent::Root };
        let mut ended = ending.end(extent, grace, &mut tell).map_err(unsignalled)?;
        let signs = match ended.root {
            End::AlreadyGone => Vec::new(),
            End::Exited | End::Killed | End::StillRunning => {
                // What has been done is told whatever else can't be read.
                self.signs(plan, &mut ended.tree, &mut ended.surveyor)
                    .unwrap_or_else(|error| {
                        tracing::warn!(%error, "what seems to belong to the session can't be told");
                        Vec::new()
                    })
            }
        };
        Ok(present::act::killed(plan.key, &ended, &signs))
    }

    fn signal(
        &self,
        ready: Result<Ready, ServiceError>,
        act: Act,
        account: &mut Account,
    ) -> Result<Signalled, ServiceError> {
        let (plan, _claim) = match ready? {
            Ready::Target(plan, claim) => (plan, claim),
            Ready::Gone(key) => return Ok(present::act::already_gone(key, act)),
        };
        let plan = &*plan;
        let Some(pinned) = self.pin(plan)? else {
            return Ok(present::act::already_gone(plan.key, act));
        };
        let _post = self.board.post(&self.live, plan.key, act);
        let proc = self.observer.proc();
        let mut surveyor = self.surveyor(plan);
        let mut tree = Tree::of(plan.target);
        let mut begin = || account.begin(present::audit::signal(act));
        let sent = match act {
            Act::Pause => {
                begin();
                act::pause::pause(proc, &mut surveyor, &mut tree, &pinned)
            }
            Act::Continue => {
                begin();
                act::pause::go_on(proc, &mut surveyor, &mut tree, &pinned)
            }
            Act::Interrupt | Act::Kill | Act::Unknown => {
                surveyor.survey(&mut tree).map_err(unreadable)?;
                if tree.shields() {
                    return Err(ServiceError::Protected {
                        pid: plan.key.pid,
                        reason: "another session runs in one of its tools, and Claude Code would end that too"
                            .to_owned(),
                    });
                }
                begin();
                act::pause::interrupt(&pinned)
            }
        };
        let sent = sent.map_err(unsignalled)?;
        Ok(present::act::signalled(plan.key, act, sent))
    }

    /// Holds the root; `None` where it has ended.
    fn pin(&self, plan: &Plan) -> Result<Option<Pinned>, ServiceError> {
        match self.observer.proc().pin(&plan.target) {
            Ok(pinned) => Ok(Some(pinned)),
            Err(PinError::Gone(_)) => Ok(None),
            Err(PinError::Replaced(_)) => Err(ServiceError::Replaced(plan.key.pid)),
            Err(error @ PinError::Io(..)) => {
                Err(ServiceError::fault("The process can't be held", error))
            }
        }
    }
}

pub(super) fn unreadable(error: std::io::Error) -> ServiceError {
    ServiceError::fault("The process table can't be read", error)
}

fn unsignalled(error: std::io::Error) -> ServiceError {
    ServiceError::fault("The process could not be signalled", error)
}

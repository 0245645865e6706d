//! What sessions that have ended left running: finding it, and ending what is proved to be theirs.

use std::{
    collections::{HashMap, HashSet},
    thread::sleep,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use session_core::{
    descent::Remembered,
    id::{self, UnixMillis},
    kill::{self, End, Target},
    tree::{Tree, Witness as _, spare::Guard, table::Table},
};
use wire::{Act, ActingStep, AuditTarget, Caller, Orphans, ProcessKey, ReapRequest, Reaped, Verb};

use super::{
    Inner, Service, ServiceError, account::Account, act::refuse_bad_selection, claim::Claim,
    marks::Marks,
};
use crate::{
    act,
    audit::Deed,
    observe::{
        proc::pin::PinError,
        tree::{Facts, Surveyor},
    },
    present::{
        self,
        orphan::{OrphanFacts, Reaping},
    },
};

/// Between the two readings of processor time.
const APART: Duration = Duration::from_millis(200);

/// Of a selection, so many are ended at once.
const AT_ONCE: usize = 16;

/// An orphan that may be ended.
#[derive(Clone)]
struct Reapable {
    target: Target,
    private_bytes: u64,
    /// For the audit log.
    about: AuditTarget,
}

/// The session that a process came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub key: Option<id::ProcessKey>,
    pub conversation: Option<id::SessionId>,
    pub cwd: Option<String>,
    pub last_seen_at: Option<UnixMillis>,
}

impl Service {
    /// Lists what sessions that have ended left running.
    pub async fn orphans(&self) -> Result<Orphans, ServiceError> {
        self.blocking(Inner::orphans).await
    }

    /// Ends orphans, and tells of each what came of it.
    pub async fn reap(&self, request: ReapRequest, by: Caller) -> Result<Reaped, ServiceError> {
        self.refuse_all_when_degraded(Verb::Reap, &by).await?;
        refuse_bad_selection(&request.keys)?;
        let grace = request.grace_ms.map_or(self.inner.config.grace, |grace| {
            Duration::from_millis(grace.as_millis().into())
        });
        let proved = self.blocking(Inner::proved).await?;
        let one = async |key: ProcessKey| {
            let reaped = self.reap_one(key, &proved, grace, by.clone()).await;
            let reaped = reaped.unwrap_or_else(|error| Reaping::refused(&error));
            (key, reaped)
        };
        let items = stream::iter(request.keys.iter().copied().map(one)).buffered(AT_ONCE);
        Ok(present::orphan::reaped(items.collect().await))
    }

    async fn reap_one(
        &self,
        key: ProcessKey,
        proved: &HashMap<id::ProcessKey, Result<Reapable, kill::Refusal>>,
        grace: Duration,
        by: Caller,
    ) -> Result<Reaping, ServiceError> {
        let proved = proved.get(&present::core_key(key)).cloned();
        let claim = self.inner.claims.process(key);
        self.unhurried(move |inner| {
            let mut account = inner.account(Deed {
                verb: Verb::Reap,
                by,
                target: Some(present::audit::process(key)),
            });
            let reaped = inner.reap(key, proved, claim, grace, &mut account);
            account.close(reaped)
        })
        .await
    }
}

/// One that is proved, with what was seen of it.
struct Proved {
    key: id::ProcessKey,
    uid: u32,
    remembered: Remembered,
    origin: Origin,
}

impl Inner {
    /// Ends one, if what the latest look has `proved` of it allows that.
    fn reap(
        &self,
        key: ProcessKey,
        proved: Option<Result<Reapable, kill::Refusal>>,
        claim: Option<Claim>,
        grace: Duration,
        account: &mut Account,
    ) -> Result<Reaping, ServiceError> {
        let proc = self.observer.proc();
        let planned = match proved {
            Some(Ok(planned)) => planned,
            Some(Err(refusal)) => {
                let owner = proc.owner(key.pid.get()).unwrap_or_default();
                return Err(present::refused(refusal, key.pid, &self.users.name(owner)));
            }
            None => {
                return match proc.running(key.pid.get()) {
                    None => Ok(Reaping::ended(End::AlreadyGone, 0)),
                    Some(owner) if owner != present::core_key(key) => {
                        Err(ServiceError::Replaced(key.pid))
                    }
                    Some(_) => Err(ServiceError::Unproven(key.pid)),
                };
            }
        };
        account.deed.target = Some(planned.about);
        let _claim = claim.ok_or(ServiceError::Busy)?;
        let pinned = match proc.pin(&planned.target) {
            Ok(pinned) => pinned,
            Err(PinError::Gone(_)) => return Ok(Reaping::ended(End::AlreadyGone, 0)),
            Err(PinError::Replaced(_)) => return Err(ServiceError::Replaced(key.pid)),
            Err(error @ PinError::Io(..)) => {
                return Err(ServiceError::fault("The process can't be held", error));
            }
        };
        let post = self.board.post(&self.live, key, Act::Kill);
        post.tell(ActingStep::Rest, 1, 1);
        account.begin(present::audit::ALONE.to_owned());
        // An orphan may begin to run Claude Code at any time, and keeps its key.
        let ended = act::kill::kill_unless(&pinned, grace, || self.is_spared(&planned.target))
            .map_err(|error| ServiceError::fault("The process could not be signalled", error))?;
        let freed = match ended.end {
            End::Exited | End::Killed => planned.private_bytes,
            End::AlreadyGone | End::StillRunning => 0,
        };
        Ok(Reaping::ended(ended.end, freed))
    }

    /// Whether a process has become what is never ended as an orphan.
    fn is_spared(&self, target: &Target) -> bool {
        let proc = self.observer.proc();
        let guard = Guard {
            root: Tree::rootless(target.uid()).root(),
            uid: target.uid(),
            sessions: HashSet::new(),
            lineage: self.actor().lineage,
        };
        let mut surveyor = Surveyor::bare(proc, guard, self.observer.registries());
        let Some(stat) = proc.stat(target.key().pid) else {
            return false;
        };
        // What another session runs in is spared with it.
        let mut below = proc.descendants(stat.key.pid);
        below.push(stat);
        below
            .iter()
            .any(|process| surveyor.spare(process).is_some())
    }

    /// What may be ended, by the latest look.
    fn proved(
        &self,
    ) -> Result<HashMap<id::ProcessKey, Result<Reapable, kill::Refusal>>, ServiceError> {
        let table = self.note_descents()?;
        let actor = self.actor();
        let planned = self.proved_in(&table).into_iter().map(|proved| {
            let planned = self
                .descents
                .with(|book| book.plan(proved.key, proved.uid, &actor));
            let reapable = planned.map(|target| Reapable {
                target,
                about: present::audit::left(proved.key, &proved.origin),
                private_bytes: self
                    .observer
                    .proc()
                    .private_bytes(proved.key.pid)
                    .unwrap_or(0),
            });
            (proved.key, reapable)
        });
        Ok(planned.collect())
    }

    fn proved_in(&self, table: &Table) -> Vec<Proved> {
        self.descents.with(|book| {
            let orphans = book.orphans(table).into_iter();
            // What is left of a session that is being killed is that kill's.
            let orphans = orphans.filter(|(root, ..)| {
                present::key(*root).is_none_or(|root| !self.claims.has_process(root))
            });
            let proved = orphans.map(|(root, family, key, remembered)| Proved {
                key,
                uid: family.uid,
                remembered,
                origin: Origin {
                    key: Some(root),
                    conversation: family.conversation.clone(),
                    cwd: family.cwd.clone(),
                    last_seen_at: Some(family.last_seen_at),
                },
            });
            proved.collect()
        })
    }

    fn orphans(&self) -> Result<Orphans, ServiceError> {
        let table = self.note_descents()?;
        let actor = self.actor();
        let proved = self.proved_in(&table);
        let mut found: Vec<OrphanFacts> = Vec::new();
        for orphan in &proved {
            let permit = self
                .descents
                .with(|book| book.plan(orphan.key, orphan.uid, &actor));
            found.extend(self.facts(
                &table,
                orphan.key,
                orphan.uid,
                &orphan.origin,
                present::orphan::Ground::Proof(orphan.remembered.descent, permit.map(drop)),
            ));
        }
        let known: HashSet<id::ProcessKey> = proved.iter().map(|orphan| orphan.key).collect();
        for (key, uid, origin) in self.suspects(&table, &known)? {
            found.extend(self.facts(
                &table,
                key,
                uid,
                &origin,
                present::orphan::Ground::Sign(Marks::CONVERSATION),
            ));
        }
        let before: HashMap<id::ProcessKey, u64> = found
            .iter()
            .map(|orphan| (orphan.key, orphan.cpu_ticks))
            .collect();
        if !found.is_empty() {
            sleep(APART);
        }
        let elapsed_ticks = u64::from(self.observer.ticks_per_second() > 0)
            * self.observer.ticks_per_second()
            * u64::try_from(APART.as_millis()).unwrap_or(1)
            / 1000;
        for orphan in &mut found {
            let now = self.observer.proc().stat(orphan.key.pid);
            let now = now.filter(|stat| stat.key == orphan.key);
            orphan.cpu_permille = now.zip(before.get(&orphan.key)).and_then(|(stat, before)| {
                let used = stat.cpu_ticks.saturating_sub(*before);
                u32::try_from(used * 1000 / elapsed_ticks.max(1)).ok()
            });
        }
        Ok(present::orphan::orphans(found, |uid| self.users.name(uid)))
    }

    /// What is to be told of one of them; `None` where it has ended meanwhile.
    fn facts(
        &self,
        table: &Table,
        key: id::ProcessKey,
        uid: u32,
        origin: &Origin,
        ground: present::orphan::Ground,
    ) -> Option<OrphanFacts> {
        let stat = table.get(key.pid).filter(|stat| stat.key == key)?;
        let proc = self.observer.proc();
        let process = proc.process(key.pid).filter(|process| process.key == key)?;
        let facts = Facts {
            command: if process.argv.is_empty() {
                process.comm.clone()
            } else {
                process.argv.join(" ")
            },
            rss_bytes: stat
                .rss_pages
                .saturating_mul(rustix::param::page_size() as u64),
            private_bytes: proc.private_bytes(key.pid),
        };
        Some(OrphanFacts {
            key,
            uid,
            started_at: self.observer.started_at(key),
            cwd: process.cwd,
            cpu_ticks: stat.cpu_ticks,
            cpu_permille: None,
            facts,
            origin: origin.clone(),
            ground,
        })
    }

    /// What carries the id of a session that does not run in its environment, and is not proved. What is in a terminal that
    /// was opened from within a session carries it too, and is nobody's orphan.
    fn suspects(
        &self,
        table: &Table,
        known: &HashSet<id::ProcessKey>,
    ) -> Result<Vec<(id::ProcessKey, u32, Origin)>, ServiceError> {
        let sessions = self.look()?.sample.sessions();
        let actor = self.actor();
        let proc = self.observer.proc();
        let live: HashSet<id::ProcessKey> = sessions.iter().map(|session| session.key()).collect();
        let pids: HashSet<u32> = live.iter().map(|key| key.pid).collect();
        let open: HashSet<&id::SessionId> = sessions
            .iter()
            .filter_map(|session| session.session_id())
            .collect();
        let mut signed: HashMap<u32, Vec<(id::ProcessKey, Origin)>> = HashMap::new();
        for stat in table.iter().filter(|stat| !stat.is_dead()) {
            let key = stat.key;
            let Some(uid) = proc.owner(key.pid).filter(|uid| actor.answers_for(*uid)) else {
                continue;
            };
            if known.contains(&key) {
                continue;
            }
            let marks = Marks::of(|name| proc.variable(key.pid, name));
            let Some(conversation) = &marks.conversation else {
                continue;
            };
            if open.contains(conversation) || pids.iter().any(|pid| marks.names_process(*pid)) {
                continue;
            }
            let origin = Origin {
                cwd: proc.variable(key.pid, "CLAUDE_PROJECT_DIR"),
                conversation: marks.conversation,
                ..Origin::default()
            };
            signed.entry(uid).or_default().push((key, origin));
        }
        let mut suspects = Vec::new();
        for (uid, signed) in signed {
            // The tree of nobody: what counts is only what is spared.
            let root = id::ProcessKey {
                pid: 0,
                start_ticks: 0,
            };
            let guard = Guard {
                root,
                uid,
                sessions: live.clone(),
                lineage: actor.lineage.clone(),
            };
            let mut surveyor = Surveyor::bare(proc, guard, self.observer.registries());
            let keys: Vec<id::ProcessKey> = signed.iter().map(|(key, _)| *key).collect();
            let told = Tree::rootless(uid).suspects(table, &keys, &mut surveyor);
            let told: HashSet<id::ProcessKey> = told.into_iter().collect();
            suspects.extend(
                signed
                    .into_iter()
                    .filter(|(key, _)| told.contains(key))
                    .map(|(key, origin)| (key, uid, origin)),
            );
        }
        Ok(suspects)
    }
}

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
    tree::{Table, Tree, spare::Guard},
};
use wire::{
    Act, ActingStep, Caller, Orphans, ProcessKey, ReapItem, ReapRequest, ReapResult, Reaped,
};

use super::{Inner, Service, ServiceError, act::refuse_bad_selection, marks::Marks};
use crate::{
    act,
    observe::{
        proc::PinError,
        tree::{Facts, Surveyor},
    },
    present::{self, orphan::OrphanFacts},
};

/// Between the two readings of processor time.
const APART: Duration = Duration::from_millis(200);

/// Of a selection, so many are ended at once.
const AT_ONCE: usize = 16;

/// An orphan that may be ended.
#[derive(Clone, Copy)]
struct Reapable {
    target: Target,
    private_bytes: u64,
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
    pub async fn reap(&self, request: ReapRequest, _by: Caller) -> Result<Reaped, ServiceError> {
        self.refuse_when_degraded()?;
        refuse_bad_selection(&request.keys)?;
        let grace = request.grace_ms.map_or(self.inner.config.grace, |grace| {
            Duration::from_millis(grace.as_millis().into())
        });
        let proved = self.blocking(Inner::proved).await?;
        let one = async |key: ProcessKey| {
            let ended = self.reap_one(key, &proved, grace).await;
            let (result, freed) = ended.unwrap_or_else(|error| {
                let refused = ReapResult::Refused {
                    code: error.code(),
                    error: error.to_string(),
                };
                (refused, 0)
            });
            (ReapItem { key, result }, freed)
        };
        let items = stream::iter(request.keys.iter().copied().map(one)).buffered(AT_ONCE);
        let (items, freed): (Vec<ReapItem>, Vec<u64>) =
            items.collect::<Vec<_>>().await.into_iter().unzip();
        Ok(Reaped {
            ok: items.iter().all(present::orphan::went_well),
            items,
            private_bytes: freed.iter().sum(),
            note: None,
        })
    }

    async fn reap_one(
        &self,
        key: ProcessKey,
        proved: &HashMap<id::ProcessKey, Result<Reapable, kill::Refusal>>,
        grace: Duration,
    ) -> Result<(ReapResult, u64), ServiceError> {
        let proc = self.inner.observer.proc();
        let planned = match proved.get(&present::core_key(key)) {
            Some(Ok(planned)) => *planned,
            Some(Err(refusal)) => {
                let owner = proc.owner(key.pid.get()).unwrap_or_default();
                let owner = self.inner.users.name(owner);
                return Err(present::refused(*refusal, key.pid, &owner));
            }
            None => {
                return match proc.running(key.pid.get()) {
                    None => Ok((present::orphan::ended(End::AlreadyGone), 0)),
                    Some(owner) if owner != present::core_key(key) => {
                        Err(ServiceError::Replaced(key.pid))
                    }
                    Some(_) => Err(ServiceError::Unproven(key.pid)),
                };
            }
        };
        let claim = self.inner.claims.process(key).ok_or(ServiceError::Busy)?;
        self.unhurried(move |inner| {
            let _claim = claim;
            let pinned = match inner.observer.proc().pin(&planned.target) {
                Ok(pinned) => pinned,
                Err(PinError::Gone(_)) => {
                    return Ok((present::orphan::ended(End::AlreadyGone), 0));
                }
                Err(PinError::Replaced(_)) => return Err(ServiceError::Replaced(key.pid)),
                Err(error @ PinError::Io(..)) => {
                    return Err(ServiceError::fault("The process can't be held", error));
                }
            };
            let post = inner.board.post(&inner.live, key, Act::Kill);
            post.tell(ActingStep::Rest, 1, 1);
            let ended = act::kill::kill(&pinned, grace).map_err(|error| {
                ServiceError::fault("The process could not be signalled", error)
            })?;
            let freed = match ended.end {
                End::Exited | End::Killed => planned.private_bytes,
                End::AlreadyGone | End::StillRunning => 0,
            };
            Ok((present::orphan::ended(ended.end), freed))
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
            let mut surveyor = Surveyor::new(proc, guard, Vec::new());
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

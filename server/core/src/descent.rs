//! What was seen to descend from sessions, so that it is known for what it is once a session has ended.
//!
//! The kernel forgets who started a process as soon as its parent ends. Whoever was seen before is known by its key, which
//! no other process ever has. Does not read processes: `tree` tells who descends from whom.

mod text;

use std::collections::BTreeMap;

use crate::{
    id::{ProcessKey, SessionId, UnixMillis},
    kill::{Actor, Refusal, Target, plan_known},
    process::stat::StatLine,
    tree::{Tree, Witness, claim::Descent, table::Table},
};

/// What is remembered of all sessions that run, or of which something still runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    families: BTreeMap<ProcessKey, Family>,
}

/// A session's process and what descends from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    pub uid: u32,
    pub conversation: Option<SessionId>,
    pub cwd: Option<String>,
    /// When the session was last seen to run.
    pub last_seen_at: UnixMillis,
    members: BTreeMap<ProcessKey, Remembered>,
}

/// What proves a member's descent, and when it was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub descent: Descent,
    pub at: UnixMillis,
}

/// A session that runs.
#[derive(Clone, Debug)]
pub struct Parent {
    pub target: Target,
    pub conversation: Option<SessionId>,
    pub cwd: Option<String>,
}

/// A session that has ended and left its registry file, which tells that it ran from `key.start_ticks` to `until_ticks` at
/// least, in clock ticks since boot.
#[derive(Clone, Debug)]
pub struct Ended {
    pub key: ProcessKey,
    pub until_ticks: u64,
    pub uid: u32,
    pub conversation: Option<SessionId>,
    pub cwd: Option<String>,
    pub last_seen_at: UnixMillis,
}

impl Ended {
    /// What is in the kernel session that it led, and was started while it ran. At that time its number was nobody else's, so
    /// that kernel session was its own; and whoever is in one was started from within it (setsid(2)). What was started
    /// later may be in another one: a number is given away again once its session is empty.
    pub fn left(&self, table: &Table) -> Vec<ProcessKey> {
        let Self {
            key, until_ticks, ..
        } = self;
        // As long as its parent has not taken note of its end, its entry stays, and with it the number.
        let is_its_own = |stat: &StatLine| stat.key == *key && stat.is_dead();
        if table.get(key.pid).is_some_and(|stat| !is_its_own(stat)) {
            return Vec::new();
        }
        let ran = key.start_ticks..=*until_ticks;
        let left = table.iter().filter(|stat| {
            stat.session == key.pid && !stat.is_dead() && ran.contains(&stat.key.start_ticks)
        });
        left.map(|stat| stat.key).collect()
    }
}

impl Book {
    /// Takes note of what a session left that nobody saw run.
    pub fn note_left(&mut self, ended: &Ended, left: &[ProcessKey], now: UnixMillis) {
        if left.is_empty() {
            return;
        }
        let family = self.families.entry(ended.key).or_insert_with(|| Family {
            uid: ended.uid,
            conversation: ended.conversation.clone(),
            cwd: ended.cwd.clone(),
            last_seen_at: ended.last_seen_at,
            members: BTreeMap::new(),
        });
        for key in left {
            family.members.entry(*key).or_insert(Remembered {
                descent: Descent::Session { leader: ended.key },
                at: now,
            });
        }
    }

    /// Takes note of a session that runs now.
    pub fn note(&mut self, parent: &Parent, now: UnixMillis) {
        let key = parent.target.key();
        let family = self.families.entry(key).or_insert_with(|| Family {
            uid: parent.target.uid(),
            conversation: None,
            cwd: None,
            last_seen_at: now,
            members: BTreeMap::new(),
        });
        family.last_seen_at = now;
        // After `/clear` it has another one open; what it started before names the old one.
        if parent.conversation.is_some() {
            family.conversation.clone_from(&parent.conversation);
        }
        if parent.cwd.is_some() {
            family.cwd.clone_from(&parent.cwd);
        }
    }

    /// Takes one pass over the process table in: who has come, and who has ended. `witness_of` makes a witness for the
    /// tree of a root and its owner.
    pub fn follow<W: Witness>(
        &mut self,
        table: &Table,
        now: UnixMillis,
        mut witness_of: impl FnMut(ProcessKey, u32) -> W,
    ) {
        for (key, family) in &mut self.families {
            let mut tree = Tree::of(Target::remembered(*key, family.uid));
            let seen: Vec<(ProcessKey, UnixMillis)> = family.seen().collect();
            tree.grow(table, &seen, &mut witness_of(*key, family.uid));
            let members = tree.members().iter().filter(|member| {
                // Its own process is no descendant.
                member.key != *key && table.runs(member.key)
            });
            family.members = members
                .map(|member| {
                    let fresh = Remembered {
                        descent: member.descent,
                        at: now,
                    };
                    let known = family.members.get(&member.key).copied();
                    (member.key, known.unwrap_or(fresh))
                })
                .collect();
        }
        self.families
            .retain(|key, family| table.runs(*key) || !family.members.is_empty());
    }

    /// What was seen to descend from a session's process.
    pub fn seen(&self, root: ProcessKey) -> Vec<(ProcessKey, UnixMillis)> {
        let family = self.families.get(&root);
        family.map_or_else(Vec::new, |family| family.seen().collect())
    }

    /// What sessions that have ended left running: each process once, with the session that it is nearest to.
    pub fn orphans(&self, table: &Table) -> Vec<(ProcessKey, &Family, ProcessKey, Remembered)> {
        let (live, mut ended): (Vec<_>, Vec<_>) = self
            .families
            .iter()
            .partition(|(root, _)| table.runs(**root));
        let has_parent = |key: &ProcessKey| {
            live.iter()
                .any(|(_, family)| family.members.contains_key(key))
        };
        let mut orphans = BTreeMap::new();
        // A session that was started from within another one is the younger of the two, and comes last.
        ended.sort_by_key(|(root, _)| root.start_ticks);
        for (root, family) in ended {
            for (key, remembered) in &family.members {
                if table.runs(*key) && !has_parent(key) {
                    orphans.insert(*key, (*root, family, *key, *remembered));
                }
            }
        }
        orphans.into_values().collect()
    }

    /// Decides whether an orphan may be ended.
    pub fn plan(&self, key: ProcessKey, uid: u32, actor: &Actor) -> Result<Target, Refusal> {
        plan_known(Target::remembered(key, uid), actor)
    }

    /// Whether it knows the same processes; that a session was seen again a moment later is no news.
    pub fn is_like(&self, other: &Self) -> bool {
        let same = |(one, other): ((&ProcessKey, &Family), (&ProcessKey, &Family))| {
            one.0 == other.0
                && one.1.members.keys().eq(other.1.members.keys())
                && one.1.conversation == other.1.conversation
        };
        self.families.len() == other.families.len()
            && self.families.iter().zip(&other.families).all(same)
    }

    /// Adds what another book knows.
    pub fn merge(&mut self, other: Self) {
        for (key, theirs) in other.families {
            let Some(ours) = self.families.get_mut(&key) else {
                self.families.insert(key, theirs);
                continue;
            };
            ours.last_seen_at = ours.last_seen_at.max(theirs.last_seen_at);
            for (member, remembered) in theirs.members {
                ours.members.entry(member).or_insert(remembered);
            }
        }
    }
}

impl Family {
    fn seen(&self) -> impl Iterator<Item = (ProcessKey, UnixMillis)> {
        self.members.iter().map(|(key, it)| (*key, it.at))
    }
}

#[cfg(test)]
mod tests;

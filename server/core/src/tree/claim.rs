//! What is said of a process's descent, and when that is proved.

use crate::{
    id::{ProcessKey, UnixMillis},
    process::stat::StatLine,
};

/// What proves that a process descends from the root of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// It is the root.
    Root,
    /// Its parent is a member.
    Child { of: ProcessKey },
    /// It is in the kernel session that a member leads or led (setsid(2)).
    Session { leader: ProcessKey },
    /// It is in the process group that a member leads or led (setpgid(2)).
    Group { leader: ProcessKey },
    /// It was seen to descend from the root at this time.
    Seen { at: UnixMillis },
}

/// A descent that one pass over the process table suggests. A pass takes time, and a number that it read as a parent's may
/// have been another process's a moment later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub key: ProcessKey,
    pub descent: Descent,
    /// The member on which it rests: the parent, or one that is in the same session or group.
    pub witness: ProcessKey,
}

impl Claim {
    pub(super) fn child(key: ProcessKey, of: ProcessKey) -> Self {
        Self {
            key,
            descent: Descent::Child { of },
            witness: of,
        }
    }

    pub(super) fn session(key: ProcessKey, leader: ProcessKey, holder: ProcessKey) -> Self {
        Self {
            key,
            descent: Descent::Session { leader },
            witness: holder,
        }
    }

    pub(super) fn group(key: ProcessKey, leader: ProcessKey, holder: ProcessKey) -> Self {
        Self {
            key,
            descent: Descent::Group { leader },
            witness: holder,
        }
    }

    pub(super) fn seen(key: ProcessKey, at: UnixMillis) -> Self {
        Self {
            key,
            descent: Descent::Seen { at },
            witness: key,
        }
    }

    /// Whether it is proved by its process read again and its witness read again after that. The witness was there
    /// before, with the pass, and is there afterwards: while it is, its number is nobody else's, and neither is that of
    /// the session or group that it is in.
    pub fn holds(&self, process: &StatLine, witness: &StatLine) -> bool {
        if process.key != self.key || witness.key != self.witness || process.is_dead() {
            return false;
        }
        match self.descent {
            Descent::Root => false,
            Descent::Child { of } => process.ppid == of.pid && !witness.is_dead(),
            Descent::Session { leader } => {
                process.session == leader.pid && witness.session == leader.pid
            }
            Descent::Group { leader } => process.group == leader.pid && witness.group == leader.pid,
            Descent::Seen { .. } => true,
        }
    }
}

//! What the audit log hears of what is typed: one record for all that is typed in one go, and never what it was.
//!
//! Knows when somebody has stopped. Does not know what the keys do.

use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};
use wire::{AuditTarget, Caller, Face, KeysRequest, SessionId, Verb};

use super::{Service, ServiceError};
use crate::{audit::Deed, held::Held};

/// Whoever types nothing for so long has stopped.
const QUIET: Duration = Duration::from_secs(5);

/// Whoever goes on and on has a record for each such while.
const LONGEST: Duration = Duration::from_secs(60);

/// What is being typed, by whom and where.
#[derive(Debug, Default)]
pub(super) struct Typed(Mutex<Vec<Spell>>);

#[derive(Debug)]
struct Spell {
    /// The name of the holder's directory.
    dir: SessionId,
    by: Caller,
    count: Count,
    /// No key has come since.
    last: Instant,
}

/// How much was typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub keys: usize,
    pub has_text: bool,
}

impl Count {
    fn of(request: &KeysRequest) -> Self {
        Self {
            keys: request.keys.len(),
            has_text: request.text.is_some(),
        }
    }

    fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.has_text |= other.has_text;
    }
}

impl Typed {
    /// Waits until this one has stopped, and returns what it came to.
    async fn ended(&self, dir: &SessionId, by: &Caller) -> Count {
        let longest = Instant::now() + LONGEST;
        loop {
            let mut spells = self.0.lock().await;
            let place = spells.iter().position(|one| one.is(dir, by));
            let Some((place, spell)) = place.and_then(|place| Some((place, spells.get(place)?)))
            else {
                return Count::default();
            };
            let end = (spell.last + QUIET).min(longest);
            if end <= Instant::now() {
                return spells.swap_remove(place).count;
            }
            drop(spells);
            sleep_until(end).await;
        }
    }
}

impl Spell {
    fn is(&self, dir: &SessionId, by: &Caller) -> bool {
        self.dir == *dir && self.by == *by
    }
}

impl Service {
    /// Notes that this is about to be typed.
    pub(super) async fn note_typed(
        &self,
        held: &Held,
        request: &KeysRequest,
        by: &Caller,
    ) -> Result<(), ServiceError> {
        let count = Count::of(request);
        let mut spells = self.inner.typed.0.lock().await;
        if let Some(spell) = spells.iter_mut().find(|one| one.is(&held.dir, by)) {
            spell.count.add(count);
            spell.last = Instant::now();
            return Ok(());
        }
        // The others wait meanwhile: nothing is typed before that is noted.
        let deed = Deed {
            verb: Verb::Keys,
            by: by.clone(),
            target: Some(AuditTarget {
                key: Some(held.now.key),
                session_id: Some(held.now.session_id.clone()),
                cwd: Some(held.now.cwd.clone()),
            }),
        };
        let account = self.begun(deed, None).await?;
        if by.face == Face::Terminal {
            // It is one command, which does not stay to see whether there will be more.
            return self.closed(account, Ok(count)).await.map(drop);
        }
        let (dir, by) = (held.dir.clone(), by.clone());
        spells.push(Spell {
            dir: dir.clone(),
            by: by.clone(),
            count,
            last: Instant::now(),
        });
        let service = self.clone();
        tokio::spawn(async move {
            let count = service.inner.typed.ended(&dir, &by).await;
            service.closed(account, Ok(count)).await.ok();
        });
        Ok(())
    }
}

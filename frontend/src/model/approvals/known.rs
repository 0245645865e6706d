//! One question at a time: what is wanted meanwhile is asked once that one is answered.

/// A request that has not been answered for so many milliseconds is not waited for: `rpc` has no deadline of its own.
pub(super) const PATIENCE_MS: u64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Asking {
    /// The number of the latest request.
    number: u32,
    /// Our own time at which it was sent, `None` once it has been answered.
    since: Option<u64>,
    /// There is news since it was sent: its answer may be older.
    again: bool,
}

/// What an answer is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is an older request's.
    Superseded,
    Last,
    /// It counts, and there is more to know by now.
    AskAgain,
}

impl Asking {
    /// Returns the number of a new request, `None` while one is under way.
    pub(super) fn ask(&mut self, now: u64) -> Option<u32> {
        if self
            .since
            .is_some_and(|since| now.saturating_sub(since) < PATIENCE_MS)
        {
            self.again = true;
            return None;
        }
        self.number = self.number.wrapping_add(1);
        self.since = Some(now);
        self.again = false;
        Some(self.number)
    }

    pub(super) fn take(&mut self, number: u32) -> Taken {
        if number != self.number || self.since.is_none() {
            return Taken::Superseded;
        }
        self.since = None;
        if std::mem::take(&mut self.again) {
            Taken::AskAgain
        } else {
            Taken::Last
        }
    }
}

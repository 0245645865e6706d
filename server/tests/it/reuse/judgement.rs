//! Which signals a process may have got, and which were a mistake.

use std::collections::HashSet;

use nix::sys::signal::Signal;
use session_core::id::ProcessKey;

use super::recorder::Signals;

/// What is known of a process that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) key: ProcessKey,
    /// A registry file has said of its key that it is a session.
    pub(super) is_session: bool,
    pub(super) signals: Signals,
    /// What the requests that had named its key by the time it was reaped may send, `None` where none had.
    pub(super) allowed: Option<Signals>,
    /// A request named its pid with another start time while it lived.
    pub(super) is_challenged: bool,
}

impl Record {
    /// The signals that nobody asked for.
    pub(super) fn mistakes(&self) -> Signals {
        match self.allowed {
            Some(allowed) if self.is_session => self.signals.without(allowed),
            Some(_) | None => self.signals,
        }
    }
}

/// Every process that has ended, in the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Records(pub(super) Vec<Record>);

impl Records {
    pub(super) fn mistaken(&self) -> Vec<&Record> {
        let all = self.0.iter();
        all.filter(|record| record.mistakes() != Signals::NONE)
            .collect()
    }

    /// How many processes got this signal.
    pub(super) fn with(&self, signal: Signal) -> usize {
        let all = self.0.iter();
        all.filter(|record| record.signals.has(signal)).count()
    }

    /// Keys that more than one process had: the second began within the same clock tick as the first.
    pub(super) fn shared_keys(&self) -> HashSet<ProcessKey> {
        let mut seen = HashSet::new();
        let keys = self.0.iter().map(|record| record.key);
        keys.filter(|&key| !seen.insert(key)).collect()
    }

    /// How many processes had a pid that another had had before.
    pub(super) fn reuses(&self) -> usize {
        let pids: HashSet<u32> = self.0.iter().map(|record| record.key.pid).collect();
        self.0.len() - pids.len()
    }

    /// How many processes got no signal although a request came for their pid while they lived, under another start
    /// time: what a server that goes by the number would have ended.
    pub(super) fn spared(&self) -> usize {
        let all = self.0.iter();
        all.filter(|record| record.is_challenged && record.signals == Signals::NONE)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: &[Signal] = &[Signal::SIGTERM];
    const LADDER: &[Signal] = &[Signal::SIGTERM, Signal::SIGCONT, Signal::SIGKILL];

    fn record(pid: u32, ticks: u64, signals: &[Signal], allowed: Option<&[Signal]>) -> Record {
        Record {
            key: ProcessKey {
                pid,
                start_ticks: ticks,
            },
            is_session: true,
            signals: Signals::of(signals),
            allowed: allowed.map(Signals::of),
            is_challenged: false,
        }
    }

    #[test]
    fn a_signal_that_no_request_asked_for_is_a_mistake() {
        let mistakes = |record: Record| record.mistakes();
        assert_eq!(mistakes(record(7, 1, &[], None)), Signals::NONE);
        assert_eq!(mistakes(record(7, 1, TERM, None)), Signals::of(TERM));
        assert_eq!(mistakes(record(7, 1, TERM, Some(LADDER))), Signals::NONE);
        // The key was named, for something else.
        let hung_up = [Signal::SIGHUP];
        assert_eq!(
            mistakes(record(7, 1, &hung_up, Some(LADDER))),
            Signals::of(&hung_up)
        );
        // A request may name what is no session; it is refused.
        let unregistered = Record {
            is_session: false,
            ..record(7, 1, TERM, Some(LADDER))
        };
        assert_eq!(mistakes(unregistered), Signals::of(TERM));
    }

    #[test]
    fn one_mistake_among_many_records_is_found() {
        let mut records = Records::default();
        for ticks in 0..100 {
            records.0.push(record(7, ticks, LADDER, Some(LADDER)));
        }
        assert!(records.mistaken().is_empty());
        // The pid of all the others, and a start time that nobody has named.
        records.0.push(record(7, 100, TERM, None));
        let mistaken = records.mistaken();
        assert_eq!(mistaken.len(), 1);
        assert_eq!(mistaken[0].key.start_ticks, 100);
    }

    #[test]
    fn what_the_records_prove_is_counted() {
        let mut records = Records(vec![
            record(7, 1, TERM, Some(LADDER)),
            record(7, 1, &[], Some(LADDER)),
            record(7, 2, &[], None),
            record(8, 2, &[], None),
            record(8, 3, &[], None),
        ]);
        records.0[0].is_challenged = true;
        records.0[2].is_challenged = true;
        assert_eq!(records.with(Signal::SIGTERM), 1);
        assert_eq!(records.with(Signal::SIGKILL), 0);
        assert_eq!(records.reuses(), 3);
        assert_eq!(records.spared(), 1);
        let shared: Vec<_> = records.shared_keys().into_iter().collect();
        assert_eq!(shared, [records.0[0].key]);
    }
}

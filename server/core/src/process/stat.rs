//! One line of `/proc/<pid>/stat` (proc(5)).

use procfs_core::{FromRead as _, process::Stat};

use super::RunState;
use crate::id::ProcessKey;

/// The fields of `/proc/<pid>/stat` that are used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatLine {
    pub key: ProcessKey,
    pub ppid: u32,
    /// Its process group: the pid of the process that leads or led it (setpgid(2)); 0 where there is none any more.
    pub group: u32,
    /// Its kernel session: the pid of the process that leads or led it (setsid(2)); 0 where there is none any more.
    pub session: u32,
    /// The device number of its controlling terminal, 0 where it has none.
    pub terminal: i32,
    /// The process group in the foreground of that terminal, `None` where there is none.
    pub foreground: Option<u32>,
    pub comm: String,
    pub run_state: RunState,
    pub rss_pages: u64,
    /// User and system time that it has used so far, in clock ticks; without its children.
    pub cpu_ticks: u64,
}

impl StatLine {
    /// Reads the line, or returns `None` where the bytes are not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        // procfs-core splits at the last `)`, since a comm may contain spaces and parentheses. It counts on
        // the pid and the state standing around it (0.18.0 panics otherwise).
        let (before, _) = bytes.split_at_checked(bytes.iter().position(|&byte| byte == b'(')?)?;
        let (_, after) = bytes.split_at_checked(bytes.iter().rposition(|&byte| byte == b')')?)?;
        let [b'0'..=b'9', ..] = before else {
            return None;
        };
        let [b')', b' ', b'A'..=b'Z' | b'a'..=b'z', b' ', ..] = after else {
            return None;
        };
        if before.last() != Some(&b' ') || before.len() + after.len() >= bytes.len() {
            return None;
        }
        let stat = Stat::from_read(bytes).ok()?;
        Some(Self {
            key: ProcessKey {
                pid: u32::try_from(stat.pid).ok()?,
                start_ticks: stat.starttime,
            },
            ppid: u32::try_from(stat.ppid).ok()?,
            // -1 for a process that is being reaped.
            group: u32::try_from(stat.pgrp).unwrap_or(0),
            session: u32::try_from(stat.session).unwrap_or(0),
            terminal: stat.tty_nr,
            foreground: u32::try_from(stat.tpgid).ok(),
            comm: stat.comm,
            run_state: match stat.state {
                'T' | 't' => RunState::Stopped,
                // A thread may go on after the first one has ended; the process has not ended then.
                'Z' if stat.num_threads > 1 => RunState::Alive,
                'Z' | 'X' | 'x' => RunState::Dead,
                _ => RunState::Alive,
            },
            rss_pages: stat.rss,
            cpu_ticks: stat.utime.saturating_add(stat.stime),
        })
    }
}

impl StatLine {
    /// Whether it has ended, and only its entry is left.
    pub fn is_dead(&self) -> bool {
        self.run_state == RunState::Dead
    }

    /// Whether it is a job of a shell that shares its terminal: that shell takes the terminal back when it stops.
    pub fn is_job(&self) -> bool {
        self.terminal != 0 && self.group != self.session
    }

    /// Whether it has a terminal and is not in its foreground: it can't read what is typed.
    pub fn is_in_background(&self) -> bool {
        self.terminal != 0 && self.foreground != Some(self.group)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &[u8] = b"42 (a) R (b) S 7 42 42 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 9876 1000 55 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = StatLine::parse(LINE).unwrap();
        assert_eq!(
            stat.key,
            ProcessKey {
                pid: 42,
                start_ticks: 9876
            }
        );
        assert_eq!(
            (stat.ppid, stat.comm.as_str(), stat.rss_pages),
            (7, "a) R (b", 55)
        );
        assert_eq!(stat.run_state, RunState::Alive);
    }

    proptest! {
        #[test]
        fn any_name_is_read_and_shifts_no_field(
            comm in proptest::collection::vec(1..=255_u8, 0..16),
            pid in 1..=4_194_304_u32,
            cut in any::<usize>(),
        ) {
            let rest = LINE.rsplit(|byte| *byte == b')').next().unwrap();
            let line = [format!("{pid} (").as_bytes(), &comm, b")", rest].concat();
            let stat = StatLine::parse(&line).unwrap();
            prop_assert_eq!(&stat.comm, &String::from_utf8_lossy(&comm));
            let key = ProcessKey { pid, start_ticks: 9876 };
            prop_assert_eq!((stat.key, stat.ppid, stat.rss_pages), (key, 7, 55));
            // A part of a line is never another process.
            let part = StatLine::parse(&line[..cut % line.len()]);
            prop_assert!(part.is_none_or(|part| part == stat));
        }

        #[test]
        fn no_stat_line_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let read = StatLine::parse(&bytes);
            prop_assert!(read.is_none() || read.is_some());
        }

        #[test]
        fn no_damage_to_a_stat_line_makes_it_panic(
            at in 0..LINE.len(),
            length in 0..40_usize,
            bytes in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            let end = (at + length).min(LINE.len());
            let line = [&LINE[..at], &bytes, &LINE[end..]].concat();
            let read = StatLine::parse(&line);
            prop_assert!(read.is_none() || read.is_some());
        }
    }
}

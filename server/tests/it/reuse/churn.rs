//! Processes that start and end all the time under the same few pids.

use std::{
    fs,
    ops::Range,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::{
    board::{Dice, Living, SharedBoard},
    recorder::{Manners, Recorder},
};
use crate::test_session::register;

/// Free in a pid namespace that has just begun.
const PIDS: Range<u32> = 2_000..2_016;
/// Rounds of the churn that a process lives for at most, if nobody ends it.
const ROUNDS: usize = 24;
/// One in so many lives ten times as long.
const LONG_LIVED: usize = 40;

struct Member {
    process: Recorder,
    rounds: usize,
}

/// Keeps a process under every pid, of which some live for a moment only, until `is_over`; then sees them all off.
pub(super) fn churn(home: &Path, board: &SharedBoard, is_over: &AtomicBool) {
    let mut dice = Dice(1);
    let mut members: Vec<Option<Member>> = PIDS.map(|_| None).collect();
    loop {
        let is_over = is_over.load(Ordering::Relaxed);
        for (pid, place) in PIDS.zip(&mut members) {
            if place.is_none() && !is_over {
                *place = Some(start(home, board, pid, &mut dice));
            }
            let Some(member) = place else {
                continue;
            };
            if member.rounds == 0 || is_over {
                member.process.tell_to_end();
            }
            member.rounds = member.rounds.saturating_sub(1);
            if let Some(signals) = member.process.reap() {
                board.lock().bury(member.process.key(), signals);
                *place = None;
            }
        }
        if is_over && members.iter().all(Option::is_none) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn start(home: &Path, board: &SharedBoard, pid: u32, dice: &mut Dice) -> Member {
    let manners = [Manners::Obedient, Manners::Stubborn][dice.roll(2)];
    let process = start_as(pid, manners);
    let key = process.key();
    if dice.roll(8) > 0 {
        board.lock().register(key);
        register(home, key, "");
    }
    board.lock().living.push(Living {
        key,
        is_bystander: dice.roll(3) == 0,
        is_challenged: false,
    });
    let times = if dice.roll(LONG_LIVED) == 0 { 10 } else { 1 };
    Member {
        process,
        rounds: times * dice.roll(ROUNDS),
    }
}

/// The kernel gives out the next free number after the last one. A thread of the server may be quicker and take it:
/// then the process has another pid.
pub(super) fn start_as(pid: u32, manners: Manners) -> Recorder {
    fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
    Recorder::start(manners)
}

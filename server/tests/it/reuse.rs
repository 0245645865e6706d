//! Thousands of requests to end, interrupt or pause processes that come and go under the same few pids: a key means one
//! process, and nobody else is signalled, however soon its pid is given away.
//!
//! It runs in a pid namespace of its own, where `ns_last_pid` (pid_namespaces(7)) lets a test choose the next pid and
//! nobody else takes it. Without root, where no user namespace is allowed either, or where `/proc/sys` can't be
//! written, there is no way to make a pid come again in time, and the test ends without having tried.
//!
//! What a key can't tell: two processes that had the same pid within the same clock tick (10 ms) have the same key,
//! since the start time in `/proc/<pid>/stat` is counted in ticks. Whoever learnt the key in a later tick than the one
//! in which the process began means one process only, for every later owner of the pid has begun in a later tick. It
//! takes `ns_last_pid`, or as many forks as there are pids within 10 ms, to make such a pair; the test makes them,
//! counts them, and judges by the key.

mod board;
mod churn;
mod judgement;
pub(crate) mod recorder;
mod requests;
mod verb;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use nix::sys::signal::{Signal, kill};

use self::{
    board::{Board, Dice, SharedBoard},
    recorder::{Manners, Recorder, Signals},
    requests::{Caller, REQUESTS, Tally},
};
use crate::{again, test_program::TestProgram, test_session::register};

const CONNECTIONS: u64 = 12;

#[test]
fn a_key_means_one_process_however_soon_its_pid_is_given_away() {
    let name = "reuse::a_key_means_one_process_however_soon_its_pid_is_given_away";
    again::in_pid_namespace(name, |home| {
        let mut program = TestProgram::start(home);
        register(home, program.key(), "");
        let board = SharedBoard::default();
        let tally = ask(&program, home, &board);
        judge(&board.lock(), &tally, &program.log());
        assert!(program.is_alive());
        assert_eq!(program.end().code(), Some(0), "{}", program.log());
    });
}

/// Sends all requests while processes come and go.
fn ask(program: &TestProgram, home: &Path, board: &SharedBoard) -> Tally {
    let (left, is_over) = (AtomicUsize::new(REQUESTS), AtomicBool::new(false));
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let churn = scope.spawn(|| churn::churn(home, board, &is_over));
        let callers = (0..CONNECTIONS).map(|number| Caller {
            program,
            board,
            left: &left,
            dice: Dice(1_000 + number),
        });
        let callers: Vec<_> = callers.map(|it| scope.spawn(|| it.run())).collect();
        let tallies: Vec<_> = callers.into_iter().map(|it| it.join()).collect();
        is_over.store(true, Ordering::Relaxed);
        churn.join().unwrap();
        for one in tallies {
            tally.add(one.unwrap());
        }
    });
    tally
}

fn judge(board: &Board, tally: &Tally, log: &str) {
    let records = &board.records;
    let mistaken = records.mistaken();
    let shown = &mistaken[..mistaken.len().min(10)];
    assert_eq!(mistaken.len(), 0, "the first of them: {shown:?}\n{log}");
    // Of two processes under one key, the answer was about either.
    let shared = records.shared_keys();
    let misfits = tally.misfits.iter();
    let misfits: Vec<_> = misfits.filter(|(key, _)| !shared.contains(key)).collect();
    assert!(misfits.is_empty(), "{misfits:?}\n{log}");
    let sessions = records.0.iter().filter(|record| record.is_session);
    let sessions = sessions.map(|record| record.key);
    let sessions: BTreeSet<_> = sessions.filter(|key| !shared.contains(key)).collect();
    let denied: Vec<_> = tally.denied.intersection(&sessions).collect();
    assert!(denied.is_empty(), "sessions, and not told so: {denied:?}");
    assert_eq!(tally.answers.values().sum::<usize>(), REQUESTS);

    // Had the pids not come again, or the requests missed them, nothing would have been tried.
    let facts = format!(
        "{} processes, {} under a pid that was another's, {} keys shared, {} spared; {:?}",
        records.0.len(),
        records.reuses(),
        shared.len(),
        records.spared(),
        tally.answers,
    );
    assert!(records.reuses() > 1_000, "{facts}");
    assert!(records.spared() > 100, "{facts}");
    for signal in [
        Signal::SIGTERM,
        Signal::SIGKILL,
        Signal::SIGINT,
        Signal::SIGSTOP,
        Signal::SIGCONT,
    ] {
        assert!(records.with(signal) > 10, "{signal}: {facts}");
    }
    for answer in [
        "kill exited",
        "kill killed",
        "kill already_gone",
        "kill replaced",
        "kill not_a_session",
        "kill protected",
        "kill bad_request",
        "interrupt ended",
        "interrupt replaced",
        "interrupt not_a_session",
        "pause replaced",
        "pause not_a_session",
        "continue replaced",
        "continue not_a_session",
    ] {
        assert!(tally.count(answer) > 10, "{answer}: {facts}");
    }
}

fn await_end(recorder: &mut Recorder) -> Signals {
    loop {
        if let Some(signals) = recorder.reap() {
            return signals;
        }
        thread::yield_now();
    }
}

/// What a key can't tell, and from when on it can.
#[test]
fn owners_of_a_pid_are_told_apart_from_one_clock_tick_to_the_next() {
    let name = "reuse::owners_of_a_pid_are_told_apart_from_one_clock_tick_to_the_next";
    again::in_pid_namespace(name, tell_owners_apart);
}

fn tell_owners_apart(home: &Path) {
    let program = TestProgram::start(home);
    let (mut within, mut across) = (false, false);
    // The second is to be there within 10 ms; on a machine that is too slow for that, half of the question stays
    // open.
    for _ in 0..1_000 {
        let mut first = churn::start_as(2_000, Manners::Stubborn);
        register(home, first.key(), "");
        first.tell_to_end();
        assert_eq!(await_end(&mut first), Signals::NONE);
        let mut second = churn::start_as(2_000, Manners::Stubborn);
        if second.key().pid != first.key().pid {
            continue;
        }
        register(home, second.key(), "");
        let answer = requests::kill(&program, first.key());
        if second.key() == first.key() {
            within = true;
            assert_eq!(requests::in_a_word(&answer), "killed", "{answer:?}");
            let sent = Signals::of(&[Signal::SIGTERM, Signal::SIGKILL]);
            assert_eq!(await_end(&mut second), sent);
        } else {
            across = true;
            assert_eq!(requests::in_a_word(&answer), "replaced", "{answer:?}");
            second.tell_to_end();
            assert_eq!(await_end(&mut second), Signals::NONE);
        }
        if within && across {
            break;
        }
    }
    assert!(across);
}

/// The record itself: were it blind, no mistake could ever be found.
#[test]
fn whatever_is_sent_to_a_recorder_is_in_its_record() {
    let mut unhurt = Recorder::start(Manners::Obedient);
    unhurt.tell_to_end();
    assert_eq!(await_end(&mut unhurt), Signals::NONE);

    for signal in Signal::iterator() {
        for manners in [Manners::Obedient, Manners::Stubborn] {
            let mut recorder = Recorder::start(manners);
            kill(recorder.pid(), signal).unwrap();
            if signal == Signal::SIGSTOP {
                while !recorder.is_stopped() {
                    assert_eq!(recorder.reap(), None);
                }
            }
            recorder.tell_to_end();
            assert_eq!(
                await_end(&mut recorder),
                Signals::of(&[signal]),
                "{manners:?}"
            );
        }
    }
    let mut several = Recorder::start(Manners::Stubborn);
    let sent = [Signal::SIGTERM, Signal::SIGCONT, Signal::SIGKILL];
    for signal in sent {
        kill(several.pid(), signal).unwrap();
    }
    assert_eq!(await_end(&mut several), Signals::of(&sent));
}

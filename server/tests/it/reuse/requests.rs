//! Requests for processes that live, have ended, or never were, and what each was answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use session_core::id::ProcessKey;
use session_manager::observe::proc::ProcReader;

use super::{
    board::{Board, Dice, SharedBoard},
    verb::Verb,
};
use crate::{client::Answer, test_program::TestProgram};

pub(super) const REQUESTS: usize = 10_000;
const REQUESTS_PER_PROCESS: usize = 3;

/// What a request is about, at the time when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Living,
    /// It ended a moment ago; its pid may be another's by now.
    Ended,
    /// Its pid is another's now.
    Replaced,
    /// A start time that the pid has not had yet, or will never have.
    WrongTicks,
    /// One pid in the path, and another's key in the body.
    OtherPid,
    /// The server itself.
    Server,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How often a request of a kind was answered in a way: the verb, and an outcome or the code of a refusal.
    pub(super) answers: BTreeMap<(About, String), usize>,
    /// Keys, and why a request for them and its answer don't fit together.
    pub(super) misfits: Vec<(ProcessKey, String)>,
    /// Keys of processes that there were, and that were said to be no session.
    pub(super) denied: BTreeSet<ProcessKey>,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        for (what, number) in other.answers {
            *self.answers.entry(what).or_default() += number;
        }
        self.misfits.extend(other.misfits);
        self.denied.extend(other.denied);
    }

    /// How many requests were answered so.
    pub(super) fn count(&self, answer: &str) -> usize {
        let all = self.answers.iter();
        let those = all.filter(|((_, given), _)| given == answer);
        those.map(|(_, number)| number).sum()
    }
}

/// A connection that is kept, and what its requests came to.
pub(super) struct Caller<'a> {
    pub(super) program: &'a TestProgram,
    pub(super) board: &'a SharedBoard,
    /// How many requests are still to be sent, over all connections.
    pub(super) left: &'a AtomicUsize,
    pub(super) dice: Dice,
}

impl Caller<'_> {
    pub(super) fn run(mut self) -> Tally {
        let mut connection = self.program.connect();
        let proc = ProcReader::at("/proc").unwrap();
        let mut tally = Tally::default();
        while take_one(self.left) {
            self.await_processes();
            let verb = Verb::any(&mut self.dice);
            let (about, pid, key) = self.choose(verb);
            connection.send(&verb.request(self.program.port, pid, key));
            let answer = connection.receive().expect("an answer");
            let given = in_a_word(&answer);
            if let Some(why) = misfit(&proc, about, key, &answer) {
                let why = format!("{verb:?}, {about:?}: {why}: {answer:?}");
                tally.misfits.push((key, why));
            }
            if given == "not_a_session" && about != About::WrongTicks {
                tally.denied.insert(key);
            }
            let given = format!("{} {given}", verb.name());
            *tally.answers.entry((about, given)).or_default() += 1;
        }
        tally
    }

    /// Lets the churn keep up: a few requests for each process that begins.
    fn await_processes(&self) {
        let sent = || REQUESTS - self.left.load(Ordering::Relaxed);
        while sent() > REQUESTS_PER_PROCESS * self.board.lock().begun() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Chooses, and notes on the board what the request allows.
    fn choose(&mut self, verb: Verb) -> (About, u32, ProcessKey) {
        let mut board = self.board.lock();
        let about = match self.dice.roll(100) {
            0..35 => About::Living,
            35..55 => About::Ended,
            55..80 => About::Replaced,
            80..94 => About::WrongTicks,
            94..98 => About::OtherPid,
            _ => About::Server,
        };
        match chosen(about, &board, &mut self.dice) {
            Some((pid, key)) => {
                if pid == key.pid {
                    board.name(key, verb.signals());
                }
                (about, pid, key)
            }
            None => {
                let key = self.program.key();
                (About::Server, key.pid, key)
            }
        }
    }
}

/// Asks for the end of one process, at once.
pub(super) fn kill(program: &TestProgram, key: ProcessKey) -> Answer {
    let mut connection = program.connect();
    let kill = Verb::Kill {
        grace_ms: 0,
        tree: None,
    };
    connection.send(&kill.request(program.port, key.pid, key));
    connection.receive().expect("an answer")
}

/// The pid of the path and the key of the body, `None` where the moment has none such.
fn chosen(about: About, board: &Board, dice: &mut Dice) -> Option<(u32, ProcessKey)> {
    let living = |dice: &mut Dice| dice.pick(&board.living).map(|it| it.key);
    let ended: Vec<ProcessKey> = board.ended.iter().copied().collect();
    let key = match about {
        About::Living => {
            let all = board.living.iter().filter(|it| !it.is_bystander);
            let keys: Vec<ProcessKey> = all.map(|it| it.key).collect();
            dice.pick(&keys).copied()?
        }
        About::Ended => dice.pick(&ended).copied()?,
        About::Replaced => {
            let is_taken = |key: &&ProcessKey| {
                let mut living = board.living.iter();
                living.any(|it| it.key.pid == key.pid && it.key != **key)
            };
            let taken: Vec<ProcessKey> = ended.iter().filter(is_taken).copied().collect();
            dice.pick(&taken).copied()?
        }
        About::WrongTicks => {
            let ProcessKey { pid, start_ticks } = living(dice)?;
            let start_ticks = match dice.roll(4) {
                0 => start_ticks - 1,
                1 => start_ticks + 1,
                2 => start_ticks + 1_000_000,
                _ => 0,
            };
            ProcessKey { pid, start_ticks }
        }
        About::OtherPid => {
            let key = living(dice)?;
            let other = board.living.iter().find(|it| it.key.pid != key.pid)?;
            return Some((other.key.pid, key));
        }
        About::Server => return None,
    };
    Some((key.pid, key))
}

fn take_one(left: &AtomicUsize) -> bool {
    let one_less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        .is_ok()
}

/// The outcome, or the code of the refusal.
pub(super) fn in_a_word(answer: &Answer) -> String {
    let body = answer.json();
    let word = if answer.status == 200 {
        &body["outcome"]
    } else {
        &body["code"]
    };
    word.as_str().unwrap_or("-").to_owned()
}

/// Why the answer can't be true, judged by what is there right after it.
fn misfit(
    proc: &ProcReader,
    about: About,
    key: ProcessKey,
    answer: &Answer,
) -> Option<&'static str> {
    let runs = || proc.running(key.pid) == Some(key);
    let name = format!("{}:{}", key.pid, key.start_ticks);
    if let Some(processes) = answer.json()["processes"].as_array()
        && processes.iter().any(|process| process["key"] != name)
    {
        // None of them has a child.
        return Some("it ended another along");
    }
    match (about, in_a_word(answer).as_str()) {
        (About::Server, "protected") | (About::OtherPid, "bad_request") => None,
        (About::Server | About::OtherPid, _) => Some("the wrong refusal"),
        (_, "exited" | "killed" | "ended") => runs().then_some("it runs after all"),
        // A start time that no process had may be one's a moment later.
        (About::WrongTicks, "already_gone" | "replaced" | "not_a_session") => None,
        (_, "already_gone" | "replaced") => runs().then_some("it is there after all"),
        (_, "done" | "undone") => None,
        // Another connection is at it, or it is none: see `Tally::denied`.
        (_, "busy" | "not_a_session") => None,
        (_, _) => Some("an answer that should not be"),
    }
}

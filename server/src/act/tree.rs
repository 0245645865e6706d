//! Ends a session with all that descends from it, lets it stand still, and lets it go on.
//!
//! Knows signals and when to look again. What is a member stands in the tree, which process may be its root in the plan.

use std::{
    collections::HashMap,
    io,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use session_core::{
    id::ProcessKey,
    kill::{End, KILL_WAIT, Step, next},
    process::RunState,
    tree::{
        Member, Tree,
        ladder::{self, Found, REST_GRACE, Rest},
    },
};

use super::kill::{has_exited, signal};
use crate::observe::{
    proc::{
        ProcReader,
        pin::{PinError, Pinned},
    },
    tree::Surveyor,
};

/// Ends one tree.
#[derive(Debug)]
pub struct Ending<'a> {
    proc: &'a ProcReader,
    surveyor: Surveyor<'a>,
    tree: Tree,
    held: HashMap<ProcessKey, Held>,
    begun: Instant,
}

/// A member that is held, or was.
#[derive(Debug)]
struct Held {
    /// `None` where it had ended before it could be held, or can't be held.
    pinned: Option<Pinned>,
    asked: bool,
    killed: bool,
    end: Option<End>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub phase: Phase,
    pub alive: usize,
    pub total: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The root has its grace.
    Grace,
    /// What it left has been asked to end.
    Rest,
    /// What has not ended is being killed.
    Killing,
}

/// How much of a tree is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// Its root and nothing else.
    Root,
}

/// What came of it.
#[derive(Debug)]
pub struct TreeEnded<'a> {
    pub root: End,
    pub members: Vec<(Member, End)>,
    pub tree: Tree,
    pub surveyor: Surveyor<'a>,
    /// From the first signal to the last end.
    pub took: Duration,
}

/// Between two looks for what was started meanwhile. A look costs some microseconds a process of the machine.
const LOOK: Duration = Duration::from_millis(50);

/// How long SIGSTOP may take to take effect; in a process that sleeps in the kernel, it may take for ever.
const FREEZING: Duration = Duration::from_millis(200);

impl<'a> Ending<'a> {
    /// Prepares to end the tree of a root that is held already.
    pub fn new(proc: &'a ProcReader, surveyor: Surveyor<'a>, tree: Tree, root: Pinned) -> Self {
        let root = Held {
            pinned: Some(root),
            asked: false,
            killed: false,
            end: None,
        };
        Self {
            held: HashMap::from([(tree.root(), root)]),
            proc,
            surveyor,
            tree,
            begun: Instant::now(),
        }
    }

    /// Climbs both ladders; blocks until they have ended. An error means that the root could not be signalled: nothing was
    /// done then.
    pub fn end(
        mut self,
        extent: Extent,
        grace: Duration,
        tell: &mut dyn FnMut(Progress),
    ) -> io::Result<TreeEnded<'a>> {
        // Whoever is looked for only after the root has gone has lost what proves its descent.
        self.look()?;
        self.begun = Instant::now();
        let root = self.end_root(extent, grace, tell)?;
        let whole = extent == Extent::Whole && root != End::AlreadyGone;
        if whole {
            self.end_rest(grace.min(REST_GRACE), tell);
        } else {
            // What stood still with the root must not stand still for ever.
            for key in self.rest() {
                self.wake(key).unwrap_or_else(not_sent);
            }
        }
        let took = self.begun.elapsed();
        let members = self.tree.members().iter().filter_map(|member| {
            // Of what was not asked to end nothing is told.
            let held = self.held.get(&member.key);
            let held = held.filter(|_| whole || member.key == self.tree.root())?;
            Some((*member, held.end.unwrap_or(End::StillRunning)))
        });
        Ok(TreeEnded {
            root,
            members: members.collect(),
            tree: self.tree,
            surveyor: self.surveyor,
            took,
        })
    }

    fn end_root(
        &mut self,
        extent: Extent,
        grace: Duration,
        tell: &mut dyn FnMut(Progress),
    ) -> io::Result<End> {
        let root = self.tree.root();
        let mut step = Step::Begin;
        loop {
            let alive = !self.has_ended(root)?;
            step = next(step, alive, self.begun.elapsed(), grace);
            // Asked to end, Claude Code would end the other session too (2.1.329).
            if step == Step::Terminate && self.tree.shields() {
                step = Step::Kill;
            }
            match step {
                Step::Begin => {}
                Step::Terminate => self.send(root, Signal::TERM)?,
                Step::Continue => self.wake(root)?,
                Step::Kill => {
                    if extent == Extent::Whole {
                        // A child that it starts between the last look and its end would be nobody's.
                        self.freeze(&[root]);
                        self.look().unwrap_or_else(no_look);
                    }
                    self.send(root, Signal::KILL)?;
                }
                Step::Wait => self.wait_and_look(Phase::Grace, grace, tell)?,
                Step::WaitForKill => self.wait_and_look(Phase::Killing, grace + KILL_WAIT, tell)?,
                Step::Finished(end) => {
                    self.note(root, end);
                    return Ok(end);
                }
            }
        }
    }

    /// Waits a little for the root; `whole`: for how long in all.
    fn wait_and_look(
        &mut self,
        phase: Phase,
        whole: Duration,
        tell: &mut dyn FnMut(Progress),
    ) -> io::Result<()> {
        tell(self.progress(phase));
        let left = whole.saturating_sub(self.begun.elapsed());
        if !self.wait(self.tree.root(), left.min(LOOK))? {
            self.look().unwrap_or_else(no_look);
        }
        Ok(())
    }

    fn end_rest(&mut self, grace: Duration, tell: &mut dyn FnMut(Progress)) {
        let (mut step, mut asked, mut killed) = (Rest::Begin, None::<Instant>, None::<Instant>);
        let since = |at: Option<Instant>| at.map_or(Duration::ZERO, |at| at.elapsed());
        loop {
            let fresh = self.look().unwrap_or_else(no_look);
            self.note_ended();
            let alive = self.alive();
            step = ladder::next(
                step,
                Found { alive, fresh },
                since(asked),
                since(killed),
                grace,
            );
            let phase = match step {
                Rest::Begin | Rest::Terminate | Rest::Wait => Phase::Rest,
                Rest::Freeze(_) | Rest::Kill | Rest::WaitForKill | Rest::Finished => Phase::Killing,
            };
            tell(self.progress(phase));
            match step {
                Rest::Begin => {}
                Rest::Terminate => {
                    asked.get_or_insert_with(Instant::now);
                    self.ask_all();
                }
                Rest::Wait | Rest::WaitForKill => self.wait_for_any(LOOK / 2),
                Rest::Freeze(_) => self.freeze(&self.rest()),
                Rest::Kill => {
                    killed.get_or_insert_with(Instant::now);
                    self.send_all(Signal::KILL);
                }
                Rest::Finished => return,
            }
        }
    }

    /// Looks for what was started meanwhile and holds it. Returns how many members are new.
    fn look(&mut self) -> io::Result<usize> {
        let fresh = self.surveyor.survey(&mut self.tree)?;
        self.note_ended();
        for &member in self.tree.members() {
            if self.held.contains_key(&member.key) {
                continue;
            }
            let (pinned, end) = match self.proc.pin(&self.tree.target(member)) {
                Ok(pinned) => (Some(pinned), None),
                Err(PinError::Gone(_) | PinError::Replaced(_)) => (None, Some(End::Exited)),
                Err(error @ PinError::Io(..)) => {
                    tracing::warn!(%error, "a descendant can't be held");
                    (None, Some(End::StillRunning))
                }
            };
            let held = Held {
                pinned,
                asked: false,
                killed: false,
                end,
            };
            self.held.insert(member.key, held);
        }
        // What was given up stays as it is; if it was made to stand still it goes on.
        let is_lost = |key: &ProcessKey| !self.tree.has(*key);
        let lost: Vec<ProcessKey> = self.held.keys().copied().filter(is_lost).collect();
        for key in lost {
            self.wake(key).unwrap_or_else(not_sent);
            self.held.remove(&key);
        }
        Ok(fresh)
    }

    fn progress(&self, phase: Phase) -> Progress {
        Progress {
            phase,
            alive: self.held.values().filter(|held| held.end.is_none()).count(),
            total: self.held.len(),
        }
    }

    fn alive(&self) -> usize {
        let root = self.tree.root();
        let rest = self.held.iter().filter(|(key, _)| **key != root);
        rest.filter(|(_, held)| held.end.is_none()).count()
    }

    fn rest(&self) -> Vec<ProcessKey> {
        let root = self.tree.root();
        let members = self.tree.members().iter().map(|member| member.key);
        let running = |key: &ProcessKey| {
            self.held
                .get(key)
                .is_some_and(|held| held.end.is_none() && held.pinned.is_some())
        };
        members.filter(|key| *key != root && running(key)).collect()
    }

    /// Asks whoever has not been asked to end; what stands still has to go on for that.
    fn ask_all(&mut self) {
        for key in self.rest() {
            let asked = self.held.get_mut(&key).map(|held| &mut held.asked);
            if asked.is_some_and(|asked| !std::mem::replace(asked, true)) {
                self.send(key, Signal::TERM)
                    .and_then(|()| self.wake(key))
                    .unwrap_or_else(not_sent);
            }
        }
    }

    /// Lets these stand still, so that they start nothing more. SIGSTOP that comes in the middle of a fork(2) takes effect after
    /// it: only from those that have stopped is every child to be seen.
    fn freeze(&mut self, keys: &[ProcessKey]) {
        for &key in keys {
            self.send(key, Signal::STOP).unwrap_or_else(not_sent);
        }
        let begun = Instant::now();
        while begun.elapsed() < FREEZING && keys.iter().any(|key| self.goes_on(*key)) {
            sleep(FREEZING / 100);
        }
    }

    fn goes_on(&self, key: ProcessKey) -> bool {
        let pinned = self.held.get(&key).and_then(|held| held.pinned.as_ref());
        let stat = pinned.and_then(Pinned::stat);
        stat.is_some_and(|stat| stat.run_state == RunState::Alive)
    }

    fn send_all(&mut self, what: Signal) {
        for key in self.rest() {
            self.send(key, what).unwrap_or_else(not_sent);
        }
    }

    fn send(&mut self, key: ProcessKey, what: Signal) -> io::Result<()> {
        let Some(held) = self.held.get_mut(&key) else {
            return Ok(());
        };
        held.killed |= what == Signal::KILL;
        match &held.pinned {
            Some(pinned) => signal(&pinned.dir, what),
            None => Ok(()),
        }
    }

    /// Lets a process go on that stands still.
    fn wake(&mut self, key: ProcessKey) -> io::Result<()> {
        let pinned = self.held.get(&key).and_then(|held| held.pinned.as_ref());
        let stat = pinned.and_then(Pinned::stat);
        if stat.is_some_and(|stat| stat.run_state == RunState::Stopped) {
            self.send(key, Signal::CONT)?;
        }
        Ok(())
    }

    fn has_ended(&self, key: ProcessKey) -> io::Result<bool> {
        self.wait(key, Duration::ZERO)
    }

    fn wait(&self, key: ProcessKey, at_most: Duration) -> io::Result<bool> {
        let pinned = self.held.get(&key).and_then(|held| held.pinned.as_ref());
        pinned.map_or(Ok(true), |pinned| has_exited(&pinned.pidfd, at_most))
    }

    fn wait_for_any(&self, at_most: Duration) {
        if let Some(first) = self.rest().first() {
            self.wait(*first, at_most).map_or_else(not_sent, drop);
        }
    }

    fn note_ended(&mut self) {
        let root = self.tree.root();
        // How the root ends is its own ladder's to say.
        for (_, held) in self.held.iter_mut().filter(|(key, _)| **key != root) {
            let Some(pinned) = &held.pinned else { continue };
            if held.end.is_none() && matches!(has_exited(&pinned.pidfd, Duration::ZERO), Ok(true)) {
                held.end = Some(if held.killed {
                    End::Killed
                } else {
                    End::Exited
                });
                // A build may have thousands of members within one grace.
                held.pinned = None;
            }
        }
    }

    fn note(&mut self, key: ProcessKey, end: End) {
        if let Some(held) = self.held.get_mut(&key) {
            held.end = Some(end);
        }
    }
}

fn no_look(error: io::Error) -> usize {
    tracing::warn!(%error, "the process table can't be read");
    0
}

fn not_sent(error: io::Error) {
    tracing::warn!(%error, "a descendant can't be signalled");
}

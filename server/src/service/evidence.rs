//! Looks up what a verdict on a session can rest on, beside its process and its registry file.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    thread::sleep,
};

use session_core::{
    evidence::{Access, Child, Evidence, More, Stream},
    exertion::{APART, Reading},
    id::{ProcessKey, SessionId, UnixMillis},
    inventory::Session,
    mark::Life,
    process::stat::StatLine,
    transcript::tail::{Tail, Turn, background::TaskKind},
    verdict::{Source, State, Verdict, judge},
};
use wire::HolderKind;

use super::{Inner, company::Company, history::Words};
use crate::{clock::now, held::Held, observe::Look};

/// A session with everything that was looked up for it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) session: Session,
    /// What it wrote.
    pub(super) words: Words,
    children: Option<Vec<Child>>,
    just_ended: Vec<String>,
    access: Access,
    /// What it says to us where we hold it.
    held: Option<Held>,
    /// Where others hold it and it can be talked to all the same.
    held_by_others: Option<HolderKind>,
}

/// When sessions were last seen to compute.
#[derive(Debug, Default)]
pub(super) struct Exertions(Mutex<HashMap<ProcessKey, Exertion>>);

#[derive(Clone, Copy, Debug)]
struct Exertion {
    latest: Reading,
    /// `None` where it was never seen to.
    worked_at: Option<UnixMillis>,
}

impl Known {
    /// Calls back with the evidence and the verdict on it.
    pub(super) fn judged<T>(&self, tell: impl FnOnce(&Evidence<'_>, Verdict) -> T) -> T {
        let more = More {
            access: self.access,
            stream: self.stream(),
            tail: self.tail(),
            agents: &self.words.agents,
            hook: self.words.hook.as_ref(),
            children: self.children.as_deref(),
            just_ended: &self.just_ended,
        };
        let evidence = self.session.evidence(&more);
        tell(&evidence, judge(&evidence))
    }

    /// Whether the verdict can change without being told of it: the registry is watched, and so is the session's own
    /// transcript, but not what its subagents write.
    pub(super) fn is_doubtful(&self) -> bool {
        self.judged(|evidence, verdict| {
            !matches!(verdict.source, Source::Registry | Source::Stream)
                || !self.words.agents.is_empty()
                || verdict.agents_since(evidence).is_some()
        })
    }

    fn stream(&self) -> Option<&Stream> {
        self.held.as_ref()?.stream.as_ref()
    }

    /// How it is held, `None` where it can't be talked to from here.
    pub(super) fn holder(&self) -> Option<HolderKind> {
        let ours = self.held.as_ref().map(|held| held.kind);
        ours.or(self.held_by_others)
    }

    /// Puts into its row what its holder calls it where the registry does not name it yet, such as at its first dialog.
    pub(super) fn named(&self, mut row: wire::Session) -> wire::Session {
        if let Some(Held { now, .. }) = &self.held {
            row.session_id = row.session_id.or_else(|| Some(now.session_id.clone()));
            row.name = row.name.or_else(|| now.name.clone());
        }
        row
    }

    pub(super) fn tail(&self) -> Option<&Tail> {
        self.words.tail.as_deref()
    }

    /// What it has open: as its registry file says, else what it is taken to write.
    pub(super) fn conversation(&self) -> Option<&SessionId> {
        self.session.session_id().or_else(|| self.words.id())
    }

    /// The latest of transcript growth, registry change and process start.
    pub(super) fn touched_at(&self) -> UnixMillis {
        let touched_at = self.session.touched_at();
        let grown_at = self.words.grown_at;
        grown_at.map_or(touched_at, |grown| grown.max(touched_at))
    }
}

impl Inner {
    /// Looks up what there is to know of a session.
    pub(super) fn know(&self, session: Session, look: &Look, company: &Company) -> Known {
        let words = self.words(&session, look, company);
        let uid = rustix::process::geteuid().as_raw();
        let is_sealed = uid != 0 && uid != session.process.uid;
        let mut known = Known {
            words,
            children: None,
            just_ended: Vec::new(),
            access: if is_sealed {
                Access::Sealed
            } else {
                Access::Open
            },
            held_by_others: self.holder_of_others(&session),
            held: self.held.of(session.key()),
            session,
        };
        if let Some(since) = self.wants_agents(&known) {
            self.look_up_agents(&mut known.words, since);
        }
        if self.wants_children(&known) {
            let children = self.observer.proc().children(known.session.key().pid);
            let child = |stat: StatLine| Child {
                started_at: look.sample.started_at(stat.key),
                command: self.observer.proc().command(stat.key.pid),
                comm: stat.comm,
            };
            known.children = Some(children.into_iter().map(child).collect());
            known.just_ended = self.just_ended(&known);
        }
        known
    }

    /// Forgets what earlier looks saw of other sessions.
    pub(super) fn forget_all_but(&self, is_live: impl Fn(ProcessKey) -> bool + Copy) {
        self.exertions.keep(is_live);
        self.tool_processes.keep(is_live);
    }

    fn just_ended(&self, known: &Known) -> Vec<String> {
        known.judged(|evidence, _| {
            let more = evidence.more;
            let tails = more
                .tail
                .into_iter()
                .chain(more.agents.iter().map(|it| &**it));
            let calling = tails.filter(|tail| tail.turn() == Turn::Tools);
            let runs = |tail: &'_ Tail| more.process_of(tail.open()) == Some(true);
            let transcripts: Vec<_> = calling.map(|tail| (tail.open(), runs(tail))).collect();
            let key = known.session.key();
            self.tool_processes
                .just_ended(key, evidence.now, &transcripts)
        })
    }

    /// Tells whether sessions that work in silence show any other sign of life, in the order in which they are given.
    pub(super) fn lives(&self, all: &[Known]) -> Vec<Life> {
        let is_suspect = |known: &Known| {
            self.is_silent(known)
                && known.judged(|evidence, verdict| {
                    let own_tool = evidence.more.tool_process_runs();
                    // Without a transcript, any child may be the tool.
                    let any_child = known.children.as_ref().is_some_and(|it| !it.is_empty());
                    verdict.state == State::Working
                        && !own_tool.unwrap_or(known.tail().is_none() && any_child)
                })
        };
        let suspects: Vec<bool> = all.iter().map(is_suspect).collect();
        let named = || all.iter().zip(&suspects).filter(|(_, suspect)| **suspect);
        let mut is_new = false;
        for (known, _) in named() {
            is_new |= self.exertions.read(self, &known.session);
        }
        if is_new {
            sleep(APART + APART / 4);
            for (known, _) in named() {
                self.exertions.read(self, &known.session);
            }
        }
        let life = |(known, suspect): (&Known, &bool)| match suspect {
            true if self.worked_lately(&known.session) => Life::Active,
            true => Life::Still,
            false if self.is_silent(known) => Life::Active,
            false => Life::Unseen,
        };
        all.iter().zip(&suspects).map(life).collect()
    }

    fn is_silent(&self, known: &Known) -> bool {
        let silence = known.session.seen_at.saturating_since(known.touched_at());
        silence >= self.config.stuck_after
    }

    /// Looked up only where it decides something: the state, what is asked, or whether a silent session is stuck.
    fn wants_agents(&self, known: &Known) -> Option<UnixMillis> {
        known.judged(|evidence, verdict| {
            let since = verdict.agents_since(evidence);
            if since.is_none() && verdict.state == State::Working && self.is_silent(known) {
                return evidence.more.agents_since(evidence.started_at);
            }
            since
        })
    }

    /// Looked up only where it decides something.
    fn wants_children(&self, known: &Known) -> bool {
        let record = known.session.record.as_ref().map(|record| &record.what);
        let has_status = record.is_some_and(|record| record.status.is_some());
        let agents = known.words.agents.iter().map(|agent| &**agent);
        let mut tails = known.tail().into_iter().chain(agents);
        let calls = tails.any(|tail| tail.turn() == Turn::Tools);
        let shells = known.tail().is_some_and(|tail| {
            tail.background()
                .tasks()
                .iter()
                .any(|task| task.kind == TaskKind::Shell)
        });
        (!has_status && calls) || shells || self.is_silent(known)
    }

    fn worked_lately(&self, session: &Session) -> bool {
        let worked_at = self.exertions.worked_at(session.key());
        worked_at.is_some_and(|at| session.seen_at.saturating_since(at) < self.config.stuck_after)
    }
}

impl Exertions {
    /// Takes a reading of a session's processor time; true where it is the first.
    fn read(&self, inner: &Inner, session: &Session) -> bool {
        let proc = inner.observer.proc();
        let Some(own) = proc.stat(session.key().pid) else {
            return false;
        };
        let below = proc.descendants(session.key().pid);
        let reading = Reading {
            at: now(),
            own_ticks: own.cpu_ticks,
            below_ticks: below.iter().map(|process| process.cpu_ticks).sum(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = all.get_mut(&session.key()) else {
            let first = Exertion {
                latest: reading,
                worked_at: None,
            };
            all.insert(session.key(), first);
            return true;
        };
        let ticks_per_second = inner.observer.ticks_per_second();
        if let Some(works) = reading.shows_work_since(&known.latest, ticks_per_second) {
            known.latest = reading;
            if works {
                known.worked_at = Some(reading.at);
            }
        }
        false
    }

    fn worked_at(&self, key: ProcessKey) -> Option<UnixMillis> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&key)?.worked_at
    }

    fn keep(&self, is_live: impl Fn(ProcessKey) -> bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|key, _| is_live(*key));
    }
}

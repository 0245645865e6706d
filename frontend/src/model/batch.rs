//! One deed on several targets: they are listed, confirmed once, and answered one by one.
//!
//! Knows who is asked for and what came of each. Does not know the words.

use wire::{
    BulkRequest, KillOutcome, Killed, Orphan, Permit, ProcessKey, Session, SignalOutcome, Signalled,
};

use crate::{
    model::{
        Dialog, Effect, Model,
        answer::Trouble,
        call::Call,
        doing::{Deed, Doing},
        pace::look_again,
        report::Report,
        update::heading,
    },
    text,
};

/// A question that stands, or what has come of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) deed: Deed,
    pub(crate) targets: Vec<Target>,
    /// It was answered with yes.
    pub(crate) begun: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) thing: Thing,
    pub(crate) result: Option<Came>,
}

/// A target as it was when the question was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Session(Box<Session>),
    Orphan(Box<Orphan>),
}

/// What came of a deed on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Killed(Box<Killed>),
    Signalled(Signalled),
    Reaped(KillOutcome),
    /// Nothing was done, or nothing is known of it; the sentence says why.
    Refused(String),
}

impl Came {
    /// Whether it is what was asked for.
    pub(crate) fn is_well(&self) -> bool {
        match self {
            Self::Killed(killed) => killed.ok,
            Self::Signalled(signalled) => signalled.outcome != SignalOutcome::Undone,
            Self::Reaped(outcome) => *outcome != KillOutcome::StillRunning,
            Self::Refused(_) => false,
        }
    }
}

impl Thing {
    pub(crate) fn key(&self) -> ProcessKey {
        match self {
            Self::Session(session) => session.key,
            Self::Orphan(orphan) => orphan.key,
        }
    }

    /// Why it is left alone, where it is.
    pub(crate) fn refusal(&self) -> Option<&str> {
        let permit = match self {
            Self::Session(session) => &session.actions.kill,
            Self::Orphan(orphan) => &orphan.reap,
        };
        match permit {
            Permit::Allowed => None,
            Permit::Refused { error, .. } => Some(error),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Session(session) => heading(session),
            Self::Orphan(orphan) => text::line(&orphan.command),
        }
    }

    /// Whether it still stands in the page's list.
    pub(crate) fn is_there(&self, model: &Model) -> bool {
        match self {
            Self::Session(session) => model.live.find(session.key).is_some(),
            Self::Orphan(orphan) => model.orphans.find(orphan.key).is_some(),
        }
    }
}

impl Batch {
    /// The targets that a yes is about.
    pub(crate) fn willing<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = &'a Thing> {
        let things = self.targets.iter().map(|target| &target.thing);
        things.filter(|thing| thing.refusal().is_none() && thing.is_there(model))
    }

    pub(crate) fn is_done(&self, model: &Model) -> bool {
        self.begun
            && self
                .targets
                .iter()
                .all(|target| !model.doing.contains(&target.thing.key()))
    }
}

/// Asks about these sessions, in the list's order.
pub(super) fn ask_sessions(model: &mut Model, deed: Deed, keys: &[ProcessKey]) {
    let sessions = model.live.sessions.iter();
    let chosen = sessions.filter(|session| keys.contains(&session.key));
    let things = chosen.map(|session| Thing::Session(Box::new(session.clone())));
    ask(model, deed, things.collect());
}

/// Asks about the leftovers that are chosen.
pub(super) fn ask_orphans(model: &mut Model) {
    let orphans = model.orphans.rows.iter();
    let chosen = orphans.filter(|orphan| model.orphans.chosen.contains(&orphan.key));
    let things = chosen.map(|orphan| Thing::Orphan(Box::new(orphan.clone())));
    ask(model, Deed::Reap, things.collect());
}

fn ask(model: &mut Model, deed: Deed, things: Vec<Thing>) {
    if things.is_empty() {
        return;
    }
    let target = |thing| Target {
        thing,
        result: None,
    };
    model.dialog = Some(Dialog::Batch(Batch {
        deed,
        targets: things.into_iter().map(target).collect(),
        begun: false,
    }));
}

/// The question is answered with yes: as many requests as the wire's limit takes.
pub(super) fn confirm(model: &mut Model, mut batch: Batch) -> Vec<Effect> {
    let mut keys = Vec::new();
    if !batch.begun {
        let willing: Vec<(ProcessKey, String)> = batch
            .willing(model)
            .map(|thing| (thing.key(), thing.name()))
            .collect();
        let deed = batch.deed;
        for (key, name) in willing {
            if !model.doing.contains(&key) {
                model.doing.insert(key, Doing { deed, name });
                keys.push(key);
            }
        }
        batch.begun = !keys.is_empty();
    }
    let deed = batch.deed;
    model.dialog = Some(Dialog::Batch(batch));
    let calls = keys.chunks(BulkRequest::MOST).map(|keys| match deed {
        Deed::Reap => Call::Reap(keys.to_vec()),
        Deed::Kill | Deed::Interrupt | Deed::Pause | Deed::Continue => {
            Call::Act(deed.act(), keys.to_vec())
        }
    });
    calls.map(Effect::Call).collect()
}

/// Puts each result where its question stands; a toast tells them together where the dialog has been left.
pub(super) fn answered(
    model: &mut Model,
    keys: &[ProcessKey],
    answer: Result<Report, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let mut well = 0;
    let mut shown = false;
    for key in keys {
        model.doing.remove(key);
        let came = match &answer {
            Ok(report) => report.came(*key),
            Err(trouble) => Came::Refused(trouble.sentence()),
        };
        well += usize::from(came.is_well());
        if let Some(Dialog::Batch(batch)) = &mut model.dialog {
            let mut targets = batch.targets.iter_mut();
            if let Some(target) = targets.find(|target| target.thing.key() == *key) {
                target.result = Some(came);
                shown = batch.begun;
            }
        }
    }
    let total = keys.len();
    let mut effects = if shown {
        Vec::new()
    } else if well == total {
        model.toasts.good(format!("All {total} are done."))
    } else {
        model
            .toasts
            .bad(format!("{well} of {total} are done. Look at the list."))
    };
    if let Some(note) = answer.as_ref().ok().and_then(Report::note) {
        effects.extend(model.toasts.lasting(text::line(note)));
    }
    effects.extend(look_again(model, now));
    effects
}

#[cfg(test)]
mod tests;

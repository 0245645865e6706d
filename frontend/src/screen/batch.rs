//! One deed on several targets in words: who it is about, what stands against it, and what came of each.

use wire::{Orphan, OrphanEvidence, Session};

use crate::{
    measure,
    model::{
        Model,
        batch::{Batch, Came, Target, Thing},
        doing::Deed,
        outcome,
        update::heading,
    },
    screen::{
        group::{Group, Item, group},
        kill::warning,
        look,
        progress::progress,
        tree,
    },
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BatchView {
    pub(crate) title: String,
    /// What it comes to; once it was confirmed, what came of it.
    pub(crate) summary: String,
    pub(crate) note: &'static str,
    pub(crate) groups: Vec<Group>,
    /// What the button that does it says, where there is something to do.
    pub(crate) confirm: Option<String>,
    /// Doing it loses something.
    pub(crate) grave: bool,
}

pub(crate) fn batch(model: &Model, batch: &Batch) -> BatchView {
    let willing = batch.willing(model).count();
    let is_willing = |target: &&Target| {
        let done = target.result.is_some() || model.doing.contains(&target.thing.key());
        let open = target.thing.refusal().is_none() && target.thing.is_there(model);
        done || open && !batch.begun
    };
    let (about, other): (Vec<&Target>, Vec<&Target>) = batch.targets.iter().partition(is_willing);
    let verb = verb(batch.deed);
    let what = what(batch.deed);
    let items = |of: &[&Target]| of.iter().map(|one| item(model, batch, one)).collect();
    let title = match batch.begun {
        false => format!("{verb} {}", what(about.len())),
        true => format!("{verb}: what came of it"),
    };
    let refused = format!("Left alone ({})", other.len());
    BatchView {
        title: if batch.begun {
            title
        } else {
            format!("{title}?")
        },
        summary: summary(model, batch, &about),
        note: if batch.begun { "" } else { note(batch.deed) },
        groups: [
            group(what(about.len()), items(&about)),
            group(refused, items(&other)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        confirm: (!batch.begun && willing > 0).then(|| format!("{verb} {}", what(willing))),
        grave: matches!(batch.deed, Deed::Kill | Deed::Interrupt | Deed::Reap),
    }
}

fn verb(deed: Deed) -> &'static str {
    match deed {
        Deed::Kill => "Kill",
        Deed::Interrupt => "Interrupt",
        Deed::Pause => "Pause",
        Deed::Continue => "Continue",
        Deed::Reap => "Reap",
    }
}

fn what(deed: Deed) -> fn(usize) -> String {
    match deed {
        Deed::Kill | Deed::Interrupt | Deed::Pause | Deed::Continue => {
            |count| measure::count(count, "session", "sessions")
        }
        Deed::Reap => |count| measure::count(count, "process", "processes"),
    }
}

fn note(deed: Deed) -> &'static str {
    match deed {
        Deed::Kill => {
            "Each is asked to end, with what it runs, and is killed if it has not ended in time. The conversations stay \
             on disk: they can be resumed from Recent."
        }
        Deed::Interrupt => {
            "The turn ends of one that is held or in tmux. Any other gets SIGINT, which Claude Code takes as a wish to exit: it \
             can be resumed from Recent."
        }
        Deed::Pause => "SIGSTOP: they and what they run stand still until they are continued.",
        Deed::Continue => "SIGCONT: they and what they run go on.",
        Deed::Reap => {
            "Each is asked to end, and is killed if it has not ended in time. Only what is proved to come from a session \
             that has ended is listed here."
        }
    }
}

fn summary(model: &Model, batch: &Batch, about: &[&Target]) -> String {
    if !batch.begun {
        let bytes: u64 = about.iter().map(|target| bytes(&target.thing)).sum();
        return match batch.deed {
            Deed::Kill | Deed::Interrupt => {
                format!("Memory: {}, without what they run.", measure::bytes(bytes))
            }
            Deed::Reap => format!("Memory that comes back: {}.", measure::bytes(bytes)),
            Deed::Pause | Deed::Continue => String::new(),
        };
    }
    let results = || batch.targets.iter().filter_map(|one| one.result.as_ref());
    let well = results().filter(|came| came.is_well()).count();
    let total = about.len();
    if batch.is_done(model) {
        format!("{well} of {total} are done.")
    } else {
        format!("{} of {total} answered…", results().count())
    }
}

fn bytes(thing: &Thing) -> u64 {
    match thing {
        Thing::Session(session) => session.rss_bytes,
        Thing::Orphan(orphan) => orphan.private_bytes.unwrap_or_default(),
    }
}

fn item(model: &Model, batch: &Batch, target: &Target) -> Item {
    let key = target.thing.key();
    let mut item = match &target.thing {
        Thing::Session(asked) => session(model, asked, batch),
        Thing::Orphan(asked) => orphan(model, asked),
    };
    item.result = match &target.result {
        Some(came) => Some((!came.is_well(), result(came))),
        None if model.doing.contains(&key) => progress(model, key).map(|words| (false, words)),
        None => match target.thing.refusal() {
            Some(refusal) => Some((true, text::line(refusal))),
            None if !target.thing.is_there(model) => {
                Some((false, "Has ended meanwhile.".to_owned()))
            }
            None => None,
        },
    };
    item
}

fn session(model: &Model, asked: &Session, batch: &Batch) -> Item {
    let session = model.live.find(asked.key).unwrap_or(asked);
    let asks = !batch.begun && matches!(batch.deed, Deed::Kill | Deed::Interrupt);
    Item {
        name: heading(session),
        exact: false,
        reason: format!(
            "{} · {} · process {}",
            look::badge(session).word,
            text::line(&session.project),
            session.pid
        ),
        size: measure::bytes(session.rss_bytes),
        warning: warning(session.state).filter(|_| asks).unwrap_or_default(),
        result: None,
    }
}

fn orphan(model: &Model, orphan: &Orphan) -> Item {
    let proof = match &orphan.evidence {
        OrphanEvidence::Proof { descent } => tree::descent(descent, model.live.server_now()),
        OrphanEvidence::Sign { sign } => tree::sign(sign),
    };
    Item {
        name: text::line(&orphan.command),
        exact: true,
        reason: format!("Process {}: {proof}", orphan.pid),
        size: tree::memory(orphan.private_bytes, orphan.rss_bytes),
        ..Item::default()
    }
}

fn result(came: &Came) -> String {
    match came {
        Came::Killed(killed) => outcome::verdict(killed),
        Came::Signalled(signalled) => outcome::reaction(signalled),
        Came::Reaped(end) => outcome::end(*end).to_owned(),
        Came::Refused(sentence) => text::line(sentence),
    }
}

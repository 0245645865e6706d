//! What sessions left running, in words.

use wire::{Orphan, OrphanEvidence, Permit, ProcessKey};

use crate::{
    measure,
    model::{
        Model,
        orphans::{may_reap, together},
    },
    screen::{progress::progress, row::place, tree},
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OrphansView {
    /// There is something to show.
    pub(crate) shown: bool,
    /// How many there are, and what ending them gives back.
    pub(crate) count: String,
    /// All that may be reaped are chosen; `None` where none may be.
    pub(crate) all: Option<bool>,
    /// What the button says.
    pub(crate) reap: String,
    /// Something is chosen.
    pub(crate) ready: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrphanRow {
    /// The heading above it, where it is the first of its group.
    pub(crate) heading: Option<Heading>,
    pub(crate) command: String,
    /// What proves or suggests where it comes from.
    pub(crate) proof: String,
    /// Who it is, for how long it runs and what it uses.
    pub(crate) facts: String,
    pub(crate) memory: String,
    /// It can be chosen.
    pub(crate) offered: bool,
    pub(crate) chosen: bool,
    pub(crate) refusal: String,
    /// What is being done to it.
    pub(crate) progress: String,
}

/// The session that a group came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) name: String,
    pub(crate) place: String,
    pub(crate) note: String,
}

pub(crate) fn orphans(model: &Model) -> (OrphansView, Vec<(ProcessKey, OrphanRow)>) {
    let orphans = &model.orphans;
    let reapable: Vec<&Orphan> = orphans.rows.iter().filter(|one| may_reap(one)).collect();
    let bytes = |all: &mut dyn Iterator<Item = &&Orphan>| -> u64 {
        all.filter_map(|one| one.private_bytes).sum()
    };
    let chosen = orphans.chosen.len();
    let total = measure::count(orphans.rows.len(), "process", "processes");
    let back = bytes(&mut reapable.iter());
    let view = OrphansView {
        shown: !orphans.rows.is_empty(),
        count: if reapable.is_empty() {
            total
        } else {
            format!("{total} · {} can be won back", measure::bytes(back))
        },
        all: (!reapable.is_empty()).then_some(chosen == reapable.len()),
        reap: if chosen == 0 {
            "Reap…".to_owned()
        } else {
            let mut chosen = reapable
                .iter()
                .filter(|one| orphans.chosen.contains(&one.key));
            let count = measure::count(orphans.chosen.len(), "process", "processes");
            format!("Reap {count} ({})", measure::bytes(bytes(&mut chosen)))
        },
        ready: chosen > 0,
    };
    let mut rows: Vec<(ProcessKey, OrphanRow)> = Vec::new();
    let mut before: Option<&Orphan> = None;
    for orphan in &orphans.rows {
        let first = before.is_none_or(|before| !together(before, orphan));
        rows.push((orphan.key, row(model, orphan, first)));
        before = Some(orphan);
    }
    (view, rows)
}

fn row(model: &Model, orphan: &Orphan, first: bool) -> OrphanRow {
    let now = model.live.server_now();
    let cpu = orphan.cpu_permille.map(|cpu| {
        // Of one core, as top(1) tells it.
        format!("{}.{} % CPU", cpu / 10, cpu % 10)
    });
    let facts = [
        Some(format!("process {}", orphan.pid)),
        Some(text::line(&orphan.user)),
        Some(measure::age_between(orphan.started_at, now)),
        cpu,
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let (proof, heading) = match &orphan.evidence {
        OrphanEvidence::Proof { descent } => {
            (tree::descent(descent, now), from(model, orphan, now))
        }
        OrphanEvidence::Sign { sign } => (
            tree::sign(sign),
            Heading {
                name: "Not proved".to_owned(),
                note: "These seem to come from sessions that have ended. Nothing proves it, so they are not offered."
                    .to_owned(),
                ..Heading::default()
            },
        ),
    };
    OrphanRow {
        heading: first.then_some(heading),
        command: text::line(&orphan.command),
        proof: capitalised(&proof),
        facts: facts.join(" · "),
        memory: tree::memory(orphan.private_bytes, orphan.rss_bytes),
        offered: may_reap(orphan),
        chosen: model.orphans.chosen.contains(&orphan.key),
        refusal: match &orphan.reap {
            Permit::Allowed => String::new(),
            Permit::Refused { error, .. } => text::line(error),
        },
        progress: progress(model, orphan.key).unwrap_or_default(),
    }
}

fn from(model: &Model, orphan: &Orphan, now: u64) -> Heading {
    let session = &orphan.session;
    let (folder, project) = session
        .cwd
        .as_deref()
        .map(|cwd| place(cwd, &model.homes))
        .unwrap_or_default();
    let process = session.key.map(|key| format!("process {}", key.pid));
    let seen = session
        .last_seen_at
        .map(|at| format!("last seen {} ago", measure::age_between(at, now)));
    let note: Vec<String> = [process, seen].into_iter().flatten().collect();
    Heading {
        name: if project.is_empty() {
            "A session that has ended".to_owned()
        } else {
            project
        },
        place: folder,
        note: note.join(", "),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
    })
}

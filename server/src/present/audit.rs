//! What the audit log says of an action: its target, its plan and what came of it. Never a word of a conversation, and of the
//! processes that a session started only how many.

use session_core::{id, inventory::Session, tree::Tree};
use wire::{
    Act, AuditTarget, CleanupReport, CleanupResult, Decided, Holder, KillOutcome, Killed,
    ProcessKey, ReapResult, Resumed, SessionId, SignalOutcome, Signalled, StartRequest, Started,
    Verb,
};

use super::orphan::Reaping;
use crate::{
    audit::Outcome,
    hold::protocol::{Do, Reply},
    service::{Count, Origin, ServiceError},
};

/// An answer that the log is told of, and that can tell that it was not.
pub trait Told {
    fn outcome(&self) -> Outcome;

    /// Takes a sentence for whoever asked.
    fn add_note(&mut self, note: String);
}

impl Told for Killed {
    fn outcome(&self) -> Outcome {
        let ended = self.processes.iter().filter_map(|process| process.outcome);
        let ended: Vec<KillOutcome> = ended.collect();
        let mut words = Vec::new();
        for (outcome, word) in OUTCOMES {
            let count = ended.iter().filter(|one| **one == outcome).count();
            words.extend((count > 0).then(|| format!("{count} {}", word.replace('_', " "))));
        }
        words.extend(some(self.spared.len(), "spared"));
        words.extend(some(self.unproven.len(), "unproven"));
        Outcome {
            word: kill_word(self.outcome).to_owned(),
            detail: (!words.is_empty()).then(|| words.join(", ")),
        }
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

impl Told for Signalled {
    fn outcome(&self) -> Outcome {
        let word = match self.outcome {
            SignalOutcome::Done => "done",
            SignalOutcome::Ended => "ended",
            SignalOutcome::AlreadyGone => "already_gone",
            SignalOutcome::Undone => "undone",
            SignalOutcome::Unknown => "unknown",
        };
        Outcome {
            word: word.to_owned(),
            detail: Some(processes(
                usize::try_from(self.processes).unwrap_or(usize::MAX),
            )),
        }
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

impl Told for Reaping {
    fn outcome(&self) -> Outcome {
        let word = match &self.result {
            ReapResult::Ended { outcome } => kill_word(*outcome).to_owned(),
            ReapResult::Refused { code: why, .. } => own_word(why),
        };
        Outcome { word, detail: None }
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

impl Told for Resumed {
    fn outcome(&self) -> Outcome {
        let Self { key, holder, .. } = self;
        let place = match holder {
            Holder::Tmux { session, .. } => format!("tmux session {session}"),
            Holder::Terminal { tty } => tty.clone(),
            Holder::Program { .. } => "a program".to_owned(),
            Holder::Stdio {} => "its standard input and output".to_owned(),
            Holder::Pty { .. } => "a terminal of ours".to_owned(),
        };
        Outcome {
            word: "resumed".to_owned(),
            detail: Some(format!(
                "session {} as process {key} in {place}",
                self.session_id
            )),
        }
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

impl Told for Started {
    fn outcome(&self) -> Outcome {
        Outcome {
            word: "started".to_owned(),
            detail: Some(format!(
                "session {} as process {}",
                self.session_id, self.key
            )),
        }
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

impl Told for CleanupReport {
    fn outcome(&self) -> Outcome {
        let failed = |result: &CleanupResult| matches!(result, CleanupResult::Failed { .. });
        let skipped = |result: &CleanupResult| matches!(result, CleanupResult::Skipped { .. });
        let count = |which: &dyn Fn(&CleanupResult) -> bool| {
            self.items.iter().filter(|item| which(&item.result)).count()
        };
        let mut words = vec![
            format!("{} deleted", self.deleted_sessions),
            format!("{} compressed", self.compressed_logs),
        ];
        words.extend(some(count(&skipped), "skipped"));
        words.extend(some(count(&failed), "failed"));
        let word = if self.ok { "done" } else { "failed" };
        Outcome {
            word: word.to_owned(),
            detail: Some(words.join(", ")),
        }
    }

    fn add_note(&mut self, note: String) {
        self.errors.push(note);
    }
}

impl Told for Reply {
    fn outcome(&self) -> Outcome {
        let word = match self {
            Self::Done { outcome, .. } => own_word(outcome),
            Self::Decided { outcome, .. } => own_word(outcome),
            Self::Refused { code: why, .. } => own_word(why),
        };
        Outcome { word, detail: None }
    }

    fn add_note(&mut self, text: String) {
        match self {
            Self::Done { note, .. } | Self::Decided { note, .. } => add(note, text),
            // It says why nothing was done, which is not noted either.
            Self::Refused { .. } => {}
        }
    }
}

impl Told for Decided {
    fn outcome(&self) -> Outcome {
        Outcome {
            word: own_word(&self.outcome),
            detail: None,
        }
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

/// How much was typed, and never what.
impl Told for Count {
    fn outcome(&self) -> Outcome {
        let keys = match self.keys {
            1 => "key",
            _ => "keys",
        };
        let words = [
            some(self.keys, keys),
            self.has_text.then(|| "text".to_owned()),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        Outcome {
            word: "typed".to_owned(),
            detail: (!words.is_empty()).then(|| words.join(", ")),
        }
    }

    fn add_note(&mut self, _note: String) {
        // Whoever typed has had the answer by now; what can't be written stands in our own log.
    }
}

/// What is said of an action that was refused, or failed.
pub fn refused(error: &ServiceError) -> Outcome {
    let detail = if let ServiceError::Fault { source, .. } = error {
        // Its sentence may have what a terminal showed.
        source.to_string()
    } else {
        error.to_string()
    };
    Outcome {
        word: own_word(&error.code()),
        detail: Some(detail),
    }
}

/// A process of which nothing but its key is known.
pub fn process(key: ProcessKey) -> AuditTarget {
    AuditTarget {
        key: Some(key),
        session_id: None,
        cwd: None,
    }
}

pub fn session(key: ProcessKey, session: &Session) -> AuditTarget {
    AuditTarget {
        key: Some(key),
        session_id: session.session_id().map(super::session_id),
        cwd: session.cwd().map(str::to_owned),
    }
}

/// What a session that has ended left running.
pub fn left(key: id::ProcessKey, origin: &Origin) -> AuditTarget {
    AuditTarget {
        key: super::key(key),
        session_id: origin.conversation.as_ref().map(super::session_id),
        cwd: origin.cwd.clone(),
    }
}

pub fn conversation(id: &SessionId) -> AuditTarget {
    AuditTarget {
        key: None,
        session_id: Some(id.clone()),
        cwd: None,
    }
}

/// The plan of what touches nothing else.
pub const ALONE: &str = "it alone";

/// What a kill is about to end.
pub fn tree(tree: &Tree, whole: bool) -> String {
    if !whole {
        return ALONE.to_owned();
    }
    let mut words = vec![processes(tree.members().len())];
    words.extend(some(tree.spared().len(), "spared"));
    words.join(", ")
}

/// How a session is about to be started.
pub fn start(request: &StartRequest) -> String {
    let from = match (&request.resume, request.continue_newest, request.fork) {
        (Some(_), _, false) => "resumed",
        (None, true, false) => "the newest of its directory, resumed",
        (Some(_), _, true) | (None, true, true) => "a copy",
        (None, false, _) => "new",
    };
    let mode = request.permission_mode.as_deref();
    let mode = mode.map(|mode| format!(", in permission mode {mode}"));
    format!("{from}{}", mode.unwrap_or_default())
}

/// What a held session is about to be told; never a word of it.
pub fn driven(what: &Do) -> Option<String> {
    match what {
        Do::Message { text, .. } => Some(format!("{} bytes", text.len())),
        Do::Model { model } => Some(model.clone()),
        Do::PermissionMode { permission_mode } => Some(permission_mode.clone()),
        Do::Decide { id, .. } => Some(format!("request {id}")),
        Do::Interrupt
        | Do::Cancel
        | Do::Rename { .. }
        | Do::Type { .. }
        | Do::Keys { .. }
        | Do::Resize { .. }
        | Do::Unknown => None,
    }
}

/// How a conversation is about to be resumed.
pub fn launch(user: &str, fork: bool) -> String {
    let copy = if fork { ", as a copy" } else { "" };
    format!("in tmux, as user {user}{copy}")
}

pub fn cleanup(planned: &CleanupReport) -> String {
    let is = |action| move |item: &&wire::CleanupItem| item.action == action;
    let count = |action| planned.items.iter().filter(is(action)).count();
    format!(
        "{} to delete, {} to compress",
        count(wire::CleanupAction::Delete),
        count(wire::CleanupAction::Compress)
    )
}

pub fn verb(act: Act) -> Verb {
    match act {
        Act::Kill => Verb::Kill,
        Act::Interrupt => Verb::Interrupt,
        Act::Pause => Verb::Pause,
        Act::Continue => Verb::Continue,
        Act::Unknown => Verb::Unknown,
    }
}

/// Which signal goes to whom.
pub fn signal(act: Act) -> String {
    let words = match act {
        Act::Pause => "SIGSTOP to it and what descends from it",
        Act::Continue => "SIGCONT to it and what descends from it",
        Act::Interrupt | Act::Kill | Act::Unknown => "SIGINT to it alone",
    };
    words.to_owned()
}

/// In the order of a sentence.
const OUTCOMES: [(KillOutcome, &str); 5] = [
    (KillOutcome::Exited, "exited"),
    (KillOutcome::Killed, "killed"),
    (KillOutcome::AlreadyGone, "already_gone"),
    (KillOutcome::StillRunning, "still_running"),
    (KillOutcome::Unknown, "unknown"),
];

fn kill_word(outcome: KillOutcome) -> &'static str {
    let found = OUTCOMES.iter().find(|(one, _)| *one == outcome);
    found.map_or("unknown", |(_, word)| word)
}

/// A value's own word on the wire.
fn own_word(value: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    let word = word.as_ref().and_then(serde_json::Value::as_str);
    word.unwrap_or("unknown").to_owned()
}

fn some(count: usize, what: &str) -> Option<String> {
    (count > 0).then(|| format!("{count} {what}"))
}

fn processes(count: usize) -> String {
    match count {
        1 => "1 process".to_owned(),
        count => format!("{count} processes"),
    }
}

fn add(note: &mut Option<String>, more: String) {
    *note = Some(match note.take() {
        Some(note) => format!("{note} {more}"),
        None => more,
    });
}

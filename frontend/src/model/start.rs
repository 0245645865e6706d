//! A new session that is being described, and one that is being started.

use wire::{Holder, HolderKind, SessionId, StartRequest, Started};

use crate::model::{
    Dialog, Effect, Model, answer::Trouble, call::Call, outcome::open_elsewhere, pace::look_again,
    recent::Resume, talk,
};

/// What stands in the dialog. It is kept when that is left, and goes once a session was started with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) cwd: String,
    pub(crate) prompt: String,
    pub(crate) model: String,
    /// Empty for `default`.
    pub(crate) permission_mode: String,
    pub(crate) effort: String,
    pub(crate) name: String,
    pub(crate) continue_newest: bool,
    pub(crate) in_worktree: bool,
    /// Its name, empty for one that Claude Code chooses.
    pub(crate) worktree: String,
    pub(crate) running: bool,
    /// Why it was not started.
    pub(crate) failed: Option<String>,
}

/// One of its fields is filled in anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Cwd(String),
    Prompt(String),
    Model(String),
    PermissionMode(String),
    Effort(String),
    Name(String),
    ContinueNewest(bool),
    InWorktree(bool),
    Worktree(String),
}

/// What asked for a start, and is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Dialog,
    /// The row of this conversation.
    Recent(SessionId),
    /// The view of this conversation.
    Talk(SessionId),
}

impl Start {
    fn set(&mut self, field: Field) {
        match field {
            Field::Cwd(cwd) => self.cwd = cwd,
            Field::Prompt(prompt) => self.prompt = prompt,
            Field::Model(model) => self.model = model,
            Field::PermissionMode(mode) => self.permission_mode = mode,
            Field::Effort(effort) => self.effort = effort,
            Field::Name(name) => self.name = name,
            Field::ContinueNewest(newest) => self.continue_newest = newest,
            Field::InWorktree(worktree) => self.in_worktree = worktree,
            Field::Worktree(name) => self.worktree = name,
        }
    }

    fn request(&self) -> StartRequest {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        StartRequest {
            cwd: some(&self.cwd),
            prompt: some(&self.prompt),
            model: some(&self.model),
            permission_mode: some(&self.permission_mode),
            effort: some(&self.effort),
            name: some(&self.name),
            continue_newest: self.continue_newest,
            worktree: self.in_worktree.then(|| self.worktree.trim().to_owned()),
            ..StartRequest::default()
        }
    }
}

/// Opens the dialog; the project that is selected in the host stands in it.
pub(super) fn ask(model: &mut Model) -> Vec<Effect> {
    if model.start.cwd.is_empty() {
        model.start.cwd = model.surroundings.project.clone().unwrap_or_default();
    }
    model.dialog = Some(Dialog::Start);
    Vec::new()
}

pub(super) fn fill(model: &mut Model, field: Field) {
    model.start.set(field);
}

/// Starts what is described; the dialog stays until there is an answer.
pub(super) fn confirm(model: &mut Model) -> Vec<Effect> {
    model.dialog = Some(Dialog::Start);
    let start = &mut model.start;
    if start.running {
        return Vec::new();
    }
    if start.cwd.trim().is_empty() {
        start.failed = Some("Choose the directory that it shall work in.".to_owned());
        return Vec::new();
    }
    start.running = true;
    start.failed = None;
    vec![call(From::Dialog, start.request())]
}

/// Takes a conversation up again, held by us.
pub(super) fn take_up(from: From, id: SessionId, fork: bool) -> Effect {
    let request = StartRequest {
        resume: Some(id),
        fork,
        ..StartRequest::default()
    };
    call(from, request)
}

pub(super) fn take_up_recent(model: &mut Model, id: SessionId, fork: bool) -> Vec<Effect> {
    if model.recent.resumes.get(&id) == Some(&Resume::Running) {
        return Vec::new();
    }
    model.recent.resumes.insert(id.clone(), Resume::Running);
    vec![take_up(From::Recent(id.clone()), id, fork)]
}

fn call(from: From, request: StartRequest) -> Effect {
    let request = Box::new(request);
    Effect::Call(Call::Start { from, request })
}

/// Takes the answer in: what was started is looked at, unless the person has gone on to something else.
pub(super) fn started(
    model: &mut Model,
    from: From,
    answer: Result<Started, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let waited_for = match &from {
        From::Dialog => {
            model.start.running = false;
            model.dialog == Some(Dialog::Start)
        }
        From::Recent(id) => {
            model.recent.resumes.remove(id);
            model.talk.is_none() && model.dialog.is_none()
        }
        From::Talk(id) => match model.talk.as_mut().filter(|talk| talk.id == *id) {
            Some(talk) => {
                talk.starting = false;
                true
            }
            None => false,
        },
    };
    match answer {
        Ok(started) => {
            let mut effects = Vec::new();
            if from == From::Dialog {
                model.start = Start::default();
            }
            if waited_for {
                model.dialog = None;
                let holder = kind(&started.holder);
                effects.extend(talk::open_started(model, started.session_id, holder, now));
            } else {
                effects.extend(
                    model
                        .toasts
                        .good(format!("Started as process {}.", started.pid)),
                );
            }
            if let Some(note) = started.note {
                effects.extend(model.toasts.lasting(crate::text::line(&note)));
            }
            effects.extend(look_again(model, now));
            effects
        }
        Err(trouble) => failed(model, from, trouble, waited_for),
    }
}

fn failed(model: &mut Model, from: From, trouble: Trouble, waited_for: bool) -> Vec<Effect> {
    let sentence = trouble.sentence();
    match (from, waited_for) {
        (From::Dialog, _) => model.start.failed = Some(sentence.clone()),
        (From::Recent(id), _) => {
            let failed = Resume::Failed {
                sentence: sentence.clone(),
                live: open_elsewhere(trouble),
            };
            model.recent.resumes.insert(id, failed);
        }
        (From::Talk(_), _) => {
            if let Some(talk) = model.talk.as_mut().filter(|_| waited_for) {
                talk.failed = Some(sentence.clone());
            }
        }
    }
    if waited_for {
        Vec::new()
    } else {
        model.toasts.bad(format!("Not started. {sentence}"))
    }
}

fn kind(holder: &Holder) -> HolderKind {
    match holder {
        Holder::Tmux { .. } => HolderKind::Tmux,
        Holder::Pty { .. } => HolderKind::Pty,
        Holder::Stdio {} => HolderKind::Stdio,
        Holder::Terminal { .. } | Holder::Program { .. } => HolderKind::Unknown,
    }
}

#[cfg(test)]
mod tests;

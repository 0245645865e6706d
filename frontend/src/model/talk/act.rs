//! What a person does in the conversation that is looked at, and what came of it.
//!
//! Knows that one thing besides messages is asked for at a time. Does not know what is said meanwhile.

use wire::{DriveOutcome, Driven, SessionId};

use super::{Question, Reach, Sent, Step, Talk, Talking, unsaid};
use crate::model::{
    Dialog, Effect, Model,
    answer::Trouble,
    call::{Call, Drive},
    start::{self, From},
};

/// Does what a person wants.
pub(in crate::model) fn talk(model: &mut Model, talking: Talking, now: u64) -> Vec<Effect> {
    let held = model
        .talk
        .as_ref()
        .is_some_and(|talk| matches!(model.reach(talk), Reach::Held));
    let name = |model: &Model, id| model.session_of(id).and_then(|one| one.name.clone());
    let Some(talk) = &mut model.talk else {
        return Vec::new();
    };
    match talking {
        Talking::Write(words) => talk.words = words,
        Talking::Say(uuid) if held && !talk.words.trim().is_empty() => {
            let text = std::mem::take(&mut talk.words);
            talk.sent.push(Sent {
                uuid: uuid.clone(),
                text,
                step: Step::Failed(String::new()),
            });
            talk.story.newest();
            return send(talk, &uuid);
        }
        Talking::Say(_) => (),
        Talking::Again(uuid) => return send(talk, &uuid),
        Talking::TakeBack(uuid) => {
            if let Some(place) = talk.sent.iter().position(|sent| sent.uuid == uuid) {
                let sent = talk.sent.remove(place);
                talk.words = match talk.words.trim() {
                    "" => sent.text,
                    _ => format!("{}\n{}", sent.text, talk.words),
                };
            }
        }
        Talking::Interrupt => return drive(talk, held, Drive::Interrupt),
        Talking::Model(model) => return drive(talk, held, Drive::Model(model)),
        Talking::PermissionMode(mode) => return drive(talk, held, Drive::PermissionMode(mode)),
        Talking::AskRename => {
            let id = talk.id.clone();
            let name = name(model, &id).unwrap_or_default();
            model.dialog = Some(Dialog::Talk(Question::Rename(name)));
        }
        Talking::AskEnd => model.dialog = Some(Dialog::Talk(Question::End)),
        Talking::Older => {
            talk.story.older();
            // What comes next is there before it is wanted.
            let wanted = talk.story.is_nearly_shown();
            let ask = wanted.then(|| talk.ask_earlier(now)).flatten();
            return ask.into_iter().collect();
        }
        Talking::Later => talk.story.later(),
        Talking::Newest => talk.story.newest(),
        Talking::GoOn => return take_up(talk, false),
        Talking::Fork => return take_up(talk, true),
    }
    Vec::new()
}

/// The question is answered with yes.
pub(in crate::model) fn confirm(model: &mut Model, question: Question) -> Vec<Effect> {
    let held = model
        .talk
        .as_ref()
        .is_some_and(|talk| matches!(model.reach(talk), Reach::Held));
    let Some(talk) = &mut model.talk else {
        return Vec::new();
    };
    match question {
        Question::End => drive(talk, held, Drive::End),
        Question::Rename(name) if name.trim().is_empty() => Vec::new(),
        Question::Rename(name) => drive(talk, held, Drive::Rename(name.trim().to_owned())),
    }
}

fn take_up(talk: &mut Talk, fork: bool) -> Vec<Effect> {
    if talk.starting {
        return Vec::new();
    }
    talk.starting = true;
    talk.failed = None;
    let id = talk.id.clone();
    vec![start::take_up(From::Talk(id.clone()), id, fork)]
}

/// Hands a message over that is not on its way.
fn send(talk: &mut Talk, uuid: &str) -> Vec<Effect> {
    let id = talk.id.clone();
    let sent = talk.sent.iter_mut().find(|sent| sent.uuid == uuid);
    let Some(sent) = sent.filter(|sent| matches!(sent.step, Step::Failed(_))) else {
        return Vec::new();
    };
    sent.step = Step::Sending;
    let drive = Drive::Say {
        uuid: sent.uuid.clone(),
        text: sent.text.clone(),
    };
    vec![Effect::Call(Call::Drive { id, drive })]
}

fn drive(talk: &mut Talk, held: bool, drive: Drive) -> Vec<Effect> {
    if !held || talk.doing.is_some() {
        return Vec::new();
    }
    talk.failed = None;
    talk.doing = Some(drive.clone());
    let id = talk.id.clone();
    vec![Effect::Call(Call::Drive { id, drive })]
}

/// Takes in what came of a message, or of what else was asked for.
pub(in crate::model) fn driven(
    model: &mut Model,
    id: &SessionId,
    drive: Drive,
    answer: Result<Driven, Trouble>,
) -> Vec<Effect> {
    let talk = model.talk.as_mut().filter(|talk| talk.id == *id);
    let Some(talk) = talk else {
        if let Drive::Say { uuid, .. } = &drive {
            unsaid::answered(model, id, uuid, &answer);
        }
        // Nobody looks at it any more, so that a failure needs a word.
        return match answer {
            Ok(_) => Vec::new(),
            Err(trouble) => model.toasts.bad(trouble.sentence()),
        };
    };
    if let Drive::Say { uuid, .. } = &drive {
        if let Some(sent) = talk.sent.iter_mut().find(|sent| sent.uuid == *uuid) {
            sent.step = match answer {
                Ok(driven) if driven.outcome == DriveOutcome::Queued => Step::Queued,
                Ok(_) => Step::Handed,
                Err(trouble) => Step::Failed(trouble.sentence()),
            };
        }
        return Vec::new();
    }
    talk.doing = None;
    match (answer, drive) {
        (Ok(_), Drive::Model(name)) => talk.story.model = Some(name),
        (Ok(_), Drive::PermissionMode(mode)) => talk.story.permission_mode = Some(mode),
        (Ok(_), Drive::Say { .. } | Drive::Interrupt | Drive::End | Drive::Rename(_)) => (),
        (Err(trouble), _) => talk.failed = Some(trouble.sentence()),
    }
    Vec::new()
}

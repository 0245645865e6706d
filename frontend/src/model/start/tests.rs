use super::*;
use crate::{
    model::{Answered, Msg, Surroundings, link::Phase, update::update},
    sample::{self, NOW},
};

fn id(number: u32) -> SessionId {
    sample::recent(number).session_id
}

fn model() -> Model {
    let mut model = Model::new(Surroundings {
        project: Some("/home/ada/work/parser".to_owned()),
        ..Surroundings::default()
    });
    model.link.phase = Phase::Up;
    model
}

fn answer(model: &mut Model, from: From, answer: Result<u32, Trouble>) -> Vec<Effect> {
    let answer = answer.map(|number| Started {
        ok: true,
        session_id: id(number),
        pid: sample::key(number).pid,
        key: sample::key(number),
        holder: Holder::Stdio {},
        note: None,
    });
    update(model, Msg::Answered(Answered::Started(from, answer)), NOW)
}

fn looked_at(model: &Model) -> Option<&SessionId> {
    model.talk.as_ref().map(|talk| &talk.id)
}

#[test]
fn a_session_is_described_started_and_looked_at() {
    let mut model = model();
    assert_eq!(update(&mut model, Msg::AskStart, NOW), []);
    for field in [
        Field::Prompt(" fix it\n".to_owned()),
        Field::Effort("high".to_owned()),
        Field::InWorktree(true),
    ] {
        update(&mut model, Msg::Describe(field), NOW);
    }
    let request = StartRequest {
        cwd: Some("/home/ada/work/parser".to_owned()),
        prompt: Some("fix it".to_owned()),
        effort: Some("high".to_owned()),
        worktree: Some(String::new()),
        ..StartRequest::default()
    };
    assert_eq!(
        update(&mut model, Msg::Confirm, NOW),
        [call(From::Dialog, request)]
    );
    // Once is enough.
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    answer(&mut model, From::Dialog, Err(Trouble::Unreadable));
    assert!(model.start.failed.is_some() && model.dialog == Some(Dialog::Start));
    update(&mut model, Msg::Confirm, NOW);
    answer(&mut model, From::Dialog, Ok(1));
    assert_eq!((looked_at(&model), &model.dialog), (Some(&id(1)), &None));
    assert_eq!(model.start, Start::default());
}

#[test]
fn what_was_described_is_kept_while_the_dialog_is_left() {
    let mut model = model();
    update(&mut model, Msg::AskStart, NOW);
    let prompt = Field::Prompt("fix it".to_owned());
    update(&mut model, Msg::Describe(prompt), NOW);
    update(&mut model, Msg::Confirm, NOW);
    update(&mut model, Msg::Leave, NOW);
    update(&mut model, Msg::AskStart, NOW);
    assert_eq!(model.start.prompt, "fix it");
    // Whoever has gone on to something else is told, and stays there.
    update(&mut model, Msg::Leave, NOW);
    answer(&mut model, From::Dialog, Ok(1));
    assert_eq!(looked_at(&model), None);
    assert_eq!(model.toasts.shown[0].text, "Started as process 1.");
}

#[test]
fn a_directory_is_needed() {
    let mut model = model();
    update(&mut model, Msg::AskStart, NOW);
    update(&mut model, Msg::Describe(Field::Cwd(" ".to_owned())), NOW);
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    assert!(model.start.failed.is_some());
}

#[test]
fn a_conversation_goes_on_here_or_as_a_copy() {
    let mut model = model();
    let request = |fork| StartRequest {
        resume: Some(id(1)),
        fork,
        ..StartRequest::default()
    };
    let from = From::Recent(id(1));
    assert_eq!(
        update(&mut model, Msg::Branch(id(1)), NOW),
        [call(from.clone(), request(true))]
    );
    assert_eq!(update(&mut model, Msg::GoOn(id(1)), NOW), []);
    answer(&mut model, from.clone(), Err(Trouble::Unreadable));
    assert!(matches!(
        model.recent.resumes.get(&id(1)),
        Some(Resume::Failed { .. })
    ));
    assert_eq!(
        update(&mut model, Msg::GoOn(id(1)), NOW),
        [call(from.clone(), request(false))]
    );
    answer(&mut model, from, Ok(1));
    assert_eq!(looked_at(&model), Some(&id(1)));
    assert_eq!(model.recent.resumes.get(&id(1)), None);
}

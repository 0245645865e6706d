//! What an answer of the server changes, and what is to be asked next because of it.

use crate::model::{
    Answered, Cleanup, Dialog, Effect, Model,
    call::Call,
    live::Taken,
    outcome::{killed, resumed},
    recent::Resume,
    update::ask_recent,
};

pub(super) fn take(model: &mut Model, answered: Answered, now: u64) -> Vec<Effect> {
    match answered {
        Answered::Health(Ok(health)) => {
            model.mistakes = health.degraded.unwrap_or_default();
            model.homes = health.homes;
            Vec::new()
        }
        // The list says what is wrong; health adds nothing to that.
        Answered::Health(Err(_)) => Vec::new(),
        Answered::Live(number, answer) => match model.live.take(number, answer, now) {
            Taken::New { left } => follow(model, left),
            Taken::Failed | Taken::Superseded => Vec::new(),
        },
        Answered::Recent(number, answer) => {
            model.recent.take(number, answer);
            Vec::new()
        }
        Answered::Context(key, answer) => {
            if let Some(detail) = model.open.get_mut(&key) {
                detail.known = Some(answer.map_err(|trouble| trouble.sentence()));
            }
            Vec::new()
        }
        Answered::Kill(key, answer) => killed(model, key, answer, now),
        Answered::Resume(id, answer) => resumed(model, id, answer, now),
        Answered::Plan(answer) => {
            if model.dialog == Some(Dialog::Cleanup(Cleanup::Planning)) {
                model.dialog = Some(Dialog::Cleanup(match answer {
                    Ok(plan) => Cleanup::Planned(plan),
                    Err(trouble) => Cleanup::Failed(trouble.sentence()),
                }));
            }
            Vec::new()
        }
        Answered::Clean(answer) => {
            let open = matches!(model.dialog, Some(Dialog::Cleanup(Cleanup::Running(_))));
            let mut effects = match (answer, open) {
                (Ok(report), true) => {
                    model.dialog = Some(Dialog::Cleanup(Cleanup::Done(report)));
                    Vec::new()
                }
                (Ok(_), false) => model.toasts.good("The cleanup has finished.".to_owned()),
                (Err(trouble), true) => {
                    model.dialog = Some(Dialog::Cleanup(Cleanup::Failed(trouble.sentence())));
                    Vec::new()
                }
                (Err(trouble), false) => model.toasts.bad(trouble.sentence()),
            };
            effects.push(ask_recent(model));
            effects
        }
    }
}

/// What follows from a new list: what belongs to processes that are gone is dropped, and a conversation that
/// went on is read again where it is unfolded.
fn follow(model: &mut Model, left: bool) -> Vec<Effect> {
    let live = &model.live;
    model.open.retain(|key, _| live.find(*key).is_some());
    model.recent.resumes.retain(|_, resume| match resume {
        // How to attach is told until the process has come and gone.
        Resume::Done { resumed, listed } => {
            let found = live.find(resumed.key).is_some();
            let stays = found || !*listed;
            *listed = found;
            stays
        }
        Resume::Running | Resume::Failed(_) => true,
    });
    let mut effects = Vec::new();
    for (key, detail) in model.open.iter_mut() {
        let activity = live.find(*key).map(|session| session.last_activity_at);
        if let Some(activity) = activity.filter(|activity| *activity != detail.asked_for) {
            detail.asked_for = activity;
            effects.push(Effect::Call(Call::Context(*key)));
        }
    }
    // Whoever has left the list is remembered by its transcript.
    if left {
        effects.push(ask_recent(model));
    }
    effects
}

//! What happens next: the only place where the model changes.

use wire::{KillOutcome, Killed, ProcessKey, Resumed, SessionId};

use crate::{
    measure,
    model::{
        Answered, Cleanup, Detail, Dialog, Effect, Model, Msg,
        answer::Trouble,
        call::Call,
        live::Taken,
        recent::{PAGE, Resume},
    },
    text,
};

/// Takes one message in and returns what is to be done about it. `now` is Unix milliseconds by our own clock.
pub(crate) fn update(model: &mut Model, msg: Msg, now: u64) -> Vec<Effect> {
    model.live.now = now;
    match msg {
        Msg::Start => {
            let mut effects = vec![Effect::Call(Call::Health)];
            effects.extend(ask_live(model, now));
            effects.push(ask_recent(model));
            effects
        }
        Msg::Tick if model.auto => ask_live(model, now),
        Msg::Tick => Vec::new(),
        Msg::Refresh => {
            let number = model.live.insist(now);
            vec![Effect::Call(Call::Live(number)), ask_recent(model), Effect::Call(Call::Health)]
        }
        Msg::Auto(auto) => {
            model.auto = auto;
            if auto { ask_live(model, now) } else { Vec::new() }
        }
        Msg::Filter(filter) => {
            model.filter = filter;
            Vec::new()
        }
        Msg::Facet(facet) => {
            // A second press on the same facet shows everything again.
            model.facet = facet.filter(|_| facet != model.facet);
            Vec::new()
        }
        Msg::Fold(key) => fold(model, key),
        Msg::AskKill(key) => {
            if let Some(session) = model.live.find(key)
                && !model.ending.contains(&key)
            {
                model.dialog = Some(Dialog::Kill(Box::new(session.clone())));
            }
            Vec::new()
        }
        Msg::AskCleanup => {
            model.dialog = Some(Dialog::Cleanup(Cleanup::Planning));
            vec![Effect::Call(Call::Plan)]
        }
        Msg::Confirm => confirm(model),
        Msg::Leave => {
            model.dialog = None;
            Vec::new()
        }
        Msg::RecentDays(days) => {
            model.recent.days = days;
            model.recent.limit = PAGE;
            vec![ask_recent(model)]
        }
        Msg::RecentMore => {
            model.recent.limit += 2 * PAGE;
            Vec::new()
        }
        Msg::Resume(id) => {
            if model.recent.resumes.get(&id) == Some(&Resume::Running) {
                return Vec::new();
            }
            model.recent.resumes.insert(id.clone(), Resume::Running);
            vec![Effect::Call(Call::Resume(id))]
        }
        Msg::Copy(text) => vec![Effect::Copy(text)],
        Msg::Copied(true) => model.toasts.good("Copied.".to_owned()),
        Msg::Copied(false) => {
            model.toasts.bad("The browser does not allow copying here. Select the text and copy it yourself.".to_owned())
        }
        Msg::ToastGone(id) => {
            model.toasts.remove(id);
            Vec::new()
        }
        Msg::Surroundings(surroundings) => {
            model.surroundings = surroundings;
            Vec::new()
        }
        Msg::Answered(answered) => take(model, answered, now),
    }
}

fn take(model: &mut Model, answered: Answered, now: u64) -> Vec<Effect> {
    match answered {
        Answered::Health(Ok(health)) => {
            model.mistakes = health.degraded.unwrap_or_default();
            model.homes = health.homes;
            Vec::new()
        }
        // The list says what is wrong; health adds nothing to that.
        Answered::Health(Err(_)) => Vec::new(),
        Answered::Live(number, answer) => {
            match model.live.take(number, answer, now) {
                Taken::New { left } => follow(model, left),
                Taken::Failed | Taken::Superseded => Vec::new(),
            }
        }
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

fn fold(model: &mut Model, key: ProcessKey) -> Vec<Effect> {
    if model.open.remove(&key).is_some() {
        return Vec::new();
    }
    let Some(session) = model.live.find(key) else {
        return Vec::new();
    };
    model.open.insert(key, Detail { known: None, asked_for: session.last_activity_at });
    vec![Effect::Call(Call::Context(key))]
}

fn confirm(model: &mut Model) -> Vec<Effect> {
    match model.dialog.take() {
        Some(Dialog::Kill(session)) => {
            // Whoever ended by itself while the question stood is not asked after.
            if model.live.find(session.key).is_none() {
                return Vec::new();
            }
            model.ending.insert(session.key, heading(&session));
            vec![Effect::Call(Call::Kill(session.key))]
        }
        Some(Dialog::Cleanup(Cleanup::Planned(plan))) => {
            model.dialog = Some(Dialog::Cleanup(Cleanup::Running(plan)));
            vec![Effect::Call(Call::Clean)]
        }
        other => {
            model.dialog = other;
            Vec::new()
        }
    }
}

fn killed(
    model: &mut Model,
    key: ProcessKey,
    answer: Result<Killed, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let name = model.ending.remove(&key).unwrap_or_else(|| key.pid.to_string());
    let mut effects = match answer {
        Ok(killed) => {
            let took = measure::age(killed.took_ms.div_ceil(1000));
            match killed.outcome {
                KillOutcome::Exited => model.toasts.good(format!("“{name}” has ended by itself ({took}).")),
                KillOutcome::Killed => {
                    model.toasts.good(format!("“{name}” did not end by itself and was killed after {took}."))
                }
                KillOutcome::AlreadyGone => model.toasts.good(format!("“{name}” had already ended.")),
                KillOutcome::StillRunning => model.toasts.bad(format!(
                    "“{name}” (process {}) is still running although it was killed: it sleeps in the kernel and ends \
                     when that lets go of it.",
                    key.pid
                )),
                KillOutcome::Unknown => model.toasts.bad(format!(
                    "“{name}”: the server says an outcome that this page does not know. Look at the list."
                )),
            }
        }
        Err(trouble) => model.toasts.bad(format!("“{name}” was not ended. {}", trouble.sentence())),
    };
    effects.push(Effect::Call(Call::Live(model.live.insist(now))));
    effects.push(ask_recent(model));
    effects
}

fn resumed(
    model: &mut Model,
    id: SessionId,
    answer: Result<Resumed, Trouble>,
    now: u64,
) -> Vec<Effect> {
    match answer {
        Ok(resumed) => {
            let mut effects = model.toasts.good(format!("Resumed as process {}.", resumed.pid));
            model.recent.resumes.insert(id, Resume::Done { resumed, listed: false });
            effects.push(Effect::Call(Call::Live(model.live.insist(now))));
            effects.push(ask_recent(model));
            effects
        }
        Err(trouble) => {
            let sentence = trouble.sentence();
            model.recent.resumes.insert(id, Resume::Failed(sentence.clone()));
            model.toasts.bad(format!("Not resumed. {sentence}"))
        }
    }
}

fn ask_live(model: &mut Model, now: u64) -> Vec<Effect> {
    model.live.ask(now).map(|number| Effect::Call(Call::Live(number))).into_iter().collect()
}

fn ask_recent(model: &mut Model) -> Effect {
    Effect::Call(Call::Recent { number: model.recent.ask(), days: model.recent.days })
}

/// What a session is called where there is room for one name: its title, its name or its project.
pub(crate) fn heading(session: &wire::Session) -> String {
    text::some_line(session.title.as_deref())
        .or_else(|| text::some_line(session.name.as_deref()))
        .unwrap_or_else(|| text::line(&session.project))
}

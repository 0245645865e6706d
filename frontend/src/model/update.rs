//! What happens next: the only place where the model changes.

use wire::{ProcessKey, Session, SessionId};

use crate::{
    model::{
        Cleanup, Detail, Dialog, Effect, Model, Msg, approvals, batch,
        call::Call,
        doing::{Deed, Doing},
        ending, history,
        intake::{catch_up, take},
        link,
        pace::{ask_live, ask_recent, if_polling, look_again, refresh_orphans, tick},
        recent::{PAGE, Resume},
        rules, selection, start,
        talk::{self, Question},
        terminal, why,
    },
    text,
};

/// Takes one message in and returns what is to be done about it. `now` is Unix milliseconds by our own clock.
pub(crate) fn update(model: &mut Model, msg: Msg, now: u64) -> Vec<Effect> {
    model.live.now = now;
    if model.link.is_up() {
        // Nothing has been said against the list, so it is right.
        model.live.seen_at = Some(now);
    }
    match msg {
        Msg::Start => {
            // The first list is asked for as well: that starts a server that does not run, which a link can't.
            let mut effects = vec![Effect::Call(Call::Health)];
            effects.extend(ask_live(model, now));
            effects.push(ask_recent(model, now));
            effects.push(model.orphans.ask(now));
            effects.extend(approvals::ask(model, now));
            effects.extend(link::connect(model));
            effects
        }
        Msg::Tick => tick(model, now),
        Msg::Seen if model.auto => {
            let mut effects = if_polling(model, |model| ask_live(model, now));
            effects.extend(link::hurry(model));
            effects.extend(catch_up(model, now));
            effects.extend(refresh_orphans(model, now));
            effects.extend(approvals::refresh(model, now));
            effects
        }
        Msg::Seen => Vec::new(),
        Msg::Link(heard) => link::hear(model, heard, now),
        Msg::Wake => link::wake(model, now),
        Msg::Refresh => {
            let mut effects = look_again(model, now);
            effects.push(Effect::Call(Call::Health));
            effects.push(model.orphans.ask(now));
            effects.extend(approvals::ask(model, now));
            effects
        }
        Msg::Auto(auto) => {
            model.auto = auto;
            if auto {
                let mut effects = ask_live(model, now);
                effects.extend(link::connect(model));
                effects
            } else {
                link::disconnect(model)
            }
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
        Msg::Fold(key) => fold(model, key, now),
        Msg::Why(key) => why::toggle(model, key),
        Msg::AskKill(key) => ending::ask(model, key),
        Msg::Alone(alone) => {
            ending::alone(model, alone);
            Vec::new()
        }
        Msg::AskInterrupt(key) => {
            if !model.is_busy(key) {
                batch::ask_sessions(model, Deed::Interrupt, &[key]);
            }
            Vec::new()
        }
        Msg::Pause(key) => signal(model, key, Deed::Pause, Call::Pause(key)),
        Msg::Continue(key) => signal(model, key, Deed::Continue, Call::Continue(key)),
        Msg::Select { key, chosen, reach } => {
            selection::select(model, key, chosen, reach);
            Vec::new()
        }
        Msg::AbandonedFor(minutes) => {
            model.selection.minutes = minutes;
            Vec::new()
        }
        Msg::SelectAbandoned => {
            selection::select_abandoned(model);
            Vec::new()
        }
        Msg::ClearSelection => {
            model.selection.clear();
            Vec::new()
        }
        Msg::AskAll(deed) => {
            let keys = model.selection.keys.clone();
            batch::ask_sessions(model, deed, &keys);
            Vec::new()
        }
        Msg::ChooseOrphan(key, chosen) => {
            model.orphans.choose(key, chosen);
            Vec::new()
        }
        Msg::ChooseOrphans(chosen) => {
            model.orphans.choose_all(chosen);
            Vec::new()
        }
        Msg::AskReap => {
            batch::ask_orphans(model);
            Vec::new()
        }
        Msg::AskHistory => history::open(model),
        Msg::HistoryMore => history::more(model),
        Msg::AskRules => rules::open(model),
        Msg::Rules(step) => rules::step(model, step),
        Msg::AskCleanup => {
            model.dialog = Some(Dialog::Cleanup(Cleanup::Planning));
            vec![Effect::Call(Call::Plan)]
        }
        Msg::Confirm => confirm(model),
        Msg::Leave => {
            if rules::may_leave(model) {
                model.dialog = None;
            }
            Vec::new()
        }
        Msg::RecentDays(days) => {
            model.recent.days = days;
            model.recent.limit = PAGE;
            vec![ask_recent(model, now)]
        }
        Msg::RecentMore => {
            model.recent.limit += 2 * PAGE;
            Vec::new()
        }
        Msg::Resume(id) => resume(model, id, Call::resume),
        Msg::Fork(id) => resume(model, id, Call::fork),
        Msg::AskStart => start::ask(model),
        Msg::Describe(field) => {
            start::fill(model, field);
            Vec::new()
        }
        Msg::GoOn(id) => start::take_up_recent(model, id, false),
        Msg::Branch(id) => start::take_up_recent(model, id, true),
        Msg::Open(id) => talk::open(model, id, now),
        Msg::Back => talk::back(model),
        Msg::Talk(talking) => talk::act::talk(model, talking, now),
        Msg::Terminal(step) => terminal::step(model, step, now),
        Msg::Rename(name) => {
            if let Some(Dialog::Talk(Question::Rename(shown))) = &mut model.dialog {
                *shown = name;
            }
            Vec::new()
        }
        Msg::Copy(text) => vec![Effect::Copy(text)],
        Msg::Copied(true) => model.toasts.good("Copied.".to_owned()),
        Msg::Copied(false) => model.toasts.bad(
            "The browser does not allow copying here. Select the text and copy it yourself."
                .to_owned(),
        ),
        Msg::ToastGone(id) => {
            model.toasts.remove(id);
            Vec::new()
        }
        Msg::Approval(key, step) => approvals::step(model, &key, step, now),
        Msg::OverApprovals(over) => approvals::over(model, over, now),
        Msg::TidyApprovals => approvals::tidy(model, now),
        Msg::Surroundings(surroundings) => {
            model.surroundings = surroundings;
            Vec::new()
        }
        Msg::Answered(answered) => take(model, answered, now),
    }
}

fn fold(model: &mut Model, key: ProcessKey, now: u64) -> Vec<Effect> {
    if model.open.remove(&key).is_some() {
        return Vec::new();
    }
    let Some(session) = model.live.find(key) else {
        return Vec::new();
    };
    model.open.insert(
        key,
        Detail {
            known: None,
            asked_for: session.last_activity_at,
            asked_at: now,
        },
    );
    vec![Effect::Call(Call::Context(key))]
}

fn signal(model: &mut Model, key: ProcessKey, deed: Deed, call: Call) -> Vec<Effect> {
    let Some(session) = model.live.find(key).filter(|_| !model.is_busy(key)) else {
        return Vec::new();
    };
    let name = heading(session);
    model.doing.insert(key, Doing { deed, name });
    vec![Effect::Call(call)]
}

fn resume(model: &mut Model, id: SessionId, call: fn(SessionId) -> Call) -> Vec<Effect> {
    if model.recent.resumes.get(&id) == Some(&Resume::Running) {
        return Vec::new();
    }
    model.recent.resumes.insert(id.clone(), Resume::Running);
    vec![Effect::Call(call(id))]
}

fn confirm(model: &mut Model) -> Vec<Effect> {
    match model.dialog.take() {
        Some(Dialog::Kill(ending)) => ending::confirm(model, &ending),
        Some(Dialog::Batch(batch)) => batch::confirm(model, batch),
        Some(Dialog::Cleanup(Cleanup::Planned(plan))) => {
            model.dialog = Some(Dialog::Cleanup(Cleanup::Running(plan)));
            vec![Effect::Call(Call::Clean)]
        }
        Some(Dialog::Start) => start::confirm(model),
        Some(Dialog::Talk(question)) => talk::act::confirm(model, question),
        other => {
            model.dialog = other;
            Vec::new()
        }
    }
}

/// What a session is called where there is room for one name: its title, its name or its project.
pub(crate) fn heading(session: &Session) -> String {
    text::some_line(session.title.as_deref())
        .or_else(|| text::some_line(session.name.as_deref()))
        .unwrap_or_else(|| text::line(&session.project))
}

#[cfg(test)]
mod tests;

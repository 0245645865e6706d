//! What happens next: the only place where the model changes.

use wire::{ProcessKey, Session};

use crate::{
    model::{
        Cleanup, Detail, Dialog, Effect, Model, Msg,
        call::Call,
        intake::{catch_up, take},
        link,
        pace::{ask_live, ask_recent, if_polling, look_again, tick},
        recent::{PAGE, Resume},
        why,
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
            effects.extend(link::connect(model));
            effects
        }
        Msg::Tick => tick(model, now),
        Msg::Seen if model.auto => {
            let mut effects = if_polling(model, |model| ask_live(model, now));
            effects.extend(link::hurry(model));
            effects.extend(catch_up(model, now));
            effects
        }
        Msg::Seen => Vec::new(),
        Msg::Link(heard) => link::hear(model, heard, now),
        Msg::Wake => link::wake(model, now),
        Msg::Refresh => {
            let mut effects = look_again(model, now);
            effects.push(Effect::Call(Call::Health));
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
            vec![ask_recent(model, now)]
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
        Msg::Copied(false) => model.toasts.bad(
            "The browser does not allow copying here. Select the text and copy it yourself."
                .to_owned(),
        ),
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

/// What a session is called where there is room for one name: its title, its name or its project.
pub(crate) fn heading(session: &Session) -> String {
    text::some_line(session.title.as_deref())
        .or_else(|| text::some_line(session.name.as_deref()))
        .unwrap_or_else(|| text::line(&session.project))
}

#[cfg(test)]
mod tests {
    use wire::Health;

    use super::*;
    use crate::{
        model::{
            Answered, Surroundings,
            answer::{Rows, Trouble},
        },
        sample::{self, NOW},
    };

    fn listed(rows: Vec<Session>) -> Model {
        let mut model = Model::new(Surroundings::default());
        update(&mut model, Msg::Start, NOW);
        answer(&mut model, 1, rows);
        model
    }

    fn answer(model: &mut Model, number: u32, rows: Vec<Session>) -> Vec<Effect> {
        let rows = Rows { rows, newer: 0 };
        update(model, Msg::Answered(Answered::Live(number, Ok(rows))), NOW)
    }

    #[test]
    fn a_tick_asks_once_until_it_is_answered() {
        let mut model = listed(Vec::new());
        assert_eq!(
            update(&mut model, Msg::Tick, NOW + 10_000),
            [Effect::Call(Call::Live(2))]
        );
        assert_eq!(update(&mut model, Msg::Tick, NOW + 20_000), []);
        // Whoever has not answered for a minute is not waited for any more.
        assert_eq!(
            update(&mut model, Msg::Tick, NOW + 70_000),
            [Effect::Call(Call::Live(3))]
        );
        // The late answer does not replace what is newer.
        answer(&mut model, 2, vec![sample::session(7)]);
        assert!(model.live.sessions.is_empty());
        answer(&mut model, 3, vec![sample::session(8)]);
        assert_eq!(model.live.sessions.len(), 1);
        update(&mut model, Msg::Auto(false), NOW);
        assert_eq!(update(&mut model, Msg::Tick, NOW + 90_000), []);
    }

    #[test]
    fn a_failure_keeps_the_list_and_says_so() {
        let mut model = listed(vec![sample::session(7)]);
        update(&mut model, Msg::Refresh, NOW);
        let trouble = Trouble::Unreachable("RPC error 500".to_owned());
        update(
            &mut model,
            Msg::Answered(Answered::Live(2, Err(trouble.clone()))),
            NOW,
        );
        assert_eq!(
            (model.live.sessions.len(), &model.live.trouble),
            (1, &Some(trouble))
        );
    }

    #[test]
    fn the_conversation_is_read_when_a_row_unfolds_and_when_it_went_on() {
        let key = sample::key(7);
        let mut model = listed(vec![sample::session(7)]);
        assert_eq!(
            update(&mut model, Msg::Fold(key), NOW),
            [Effect::Call(Call::Context(key))]
        );
        update(&mut model, Msg::Refresh, NOW);
        assert_eq!(answer(&mut model, 2, vec![sample::session(7)]), []);
        update(&mut model, Msg::Refresh, NOW);
        let later = Session {
            last_activity_at: NOW,
            ..sample::session(7)
        };
        // It has been read just now, and is read again a little later.
        assert_eq!(answer(&mut model, 3, vec![later]), []);
        assert_eq!(
            update(&mut model, Msg::Tick, NOW + 2000),
            [Effect::Call(Call::Context(key))]
        );
        assert_eq!(update(&mut model, Msg::Tick, NOW + 4000), []);
        // Once it has left, its transcript is what is looked at.
        update(&mut model, Msg::Refresh, NOW + 5000);
        assert_eq!(answer(&mut model, 4, Vec::new()), []);
        assert!(!model.open.contains(&key));
        let effects = update(&mut model, Msg::Tick, NOW + 15_000);
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Call(Call::Recent { .. }))),
            "{effects:?}"
        );
    }

    #[test]
    fn nothing_is_killed_unasked_or_twice() {
        let key = sample::key(7);
        let mut model = listed(vec![sample::session(7)]);
        assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
        assert_eq!(update(&mut model, Msg::AskKill(key), NOW), []);
        update(&mut model, Msg::Leave, NOW);
        assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
        update(&mut model, Msg::AskKill(key), NOW);
        assert_eq!(
            update(&mut model, Msg::Confirm, NOW),
            [Effect::Call(Call::Kill(key))]
        );
        assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
        update(&mut model, Msg::AskKill(key), NOW);
        assert_eq!(model.dialog, None);
    }

    #[test]
    fn whoever_left_while_the_question_stood_is_not_killed() {
        let mut model = listed(vec![sample::session(7)]);
        update(&mut model, Msg::AskKill(sample::key(7)), NOW);
        update(&mut model, Msg::Refresh, NOW);
        answer(&mut model, 2, vec![sample::session(8)]);
        assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    }

    #[test]
    fn a_plan_that_comes_after_the_dialog_was_left_opens_nothing() {
        let mut model = listed(Vec::new());
        assert_eq!(
            update(&mut model, Msg::AskCleanup, NOW),
            [Effect::Call(Call::Plan)]
        );
        assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
        update(&mut model, Msg::Leave, NOW);
        update(
            &mut model,
            Msg::Answered(Answered::Plan(Err(Trouble::Unreadable))),
            NOW,
        );
        assert_eq!(model.dialog, None);
    }

    #[test]
    fn a_wrong_clock_of_the_browser_does_not_show_in_the_ages() {
        let mut model = Model::new(Surroundings::default());
        let wrong = NOW - 3_600_000;
        update(&mut model, Msg::Start, wrong);
        let rows = Rows {
            rows: vec![sample::session(7)],
            newer: 0,
        };
        update(
            &mut model,
            Msg::Answered(Answered::Live(1, Ok(rows))),
            wrong,
        );
        assert_eq!(model.live.server_now(), NOW);
    }

    #[test]
    fn mistakes_and_homes_come_from_health() {
        let mut model = listed(Vec::new());
        let health = Health {
            ok: true,
            version: "2.0.0".to_owned(),
            degraded: Some(vec!["line 3".to_owned()]),
            config: None,
            homes: vec!["/home/ada".to_owned()],
            claude: None,
            tmux: None,
        };
        update(&mut model, Msg::Answered(Answered::Health(Ok(health))), NOW);
        assert_eq!(
            (model.mistakes.as_slice(), model.homes.len()),
            (["line 3".to_owned()].as_slice(), 1)
        );
    }
}

//! What an answer of the server changes, and what is to be asked next because of it.

use crate::model::{
    Answered, Cleanup, Dialog, Effect, Model, approvals, batch,
    call::Call,
    ending, history, link,
    live::{Moved, Taken},
    outcome::{killed, resumed, signalled},
    pace::ask_recent,
    recent::Resume,
    rules, start, talk, terminal, why,
};

/// Milliseconds between two looks at the transcripts, where a session has ended since.
const SOON_MS: u64 = 10_000;
/// The same where one has only started.
const LATER_MS: u64 = 60_000;

pub(super) fn take(model: &mut Model, answered: Answered, now: u64) -> Vec<Effect> {
    match answered {
        Answered::Health(Ok(health)) => {
            model.mistakes = health.degraded.unwrap_or_default();
            model.homes = health.homes;
            Vec::new()
        }
        // The list says what is wrong; health adds nothing to that.
        Answered::Health(Err(_)) => Vec::new(),
        Answered::Live(number, answer) => {
            let failed = model.live.trouble.is_some();
            match model.live.take(number, answer, now) {
                Taken::New(moved) => {
                    let mut effects = follow(model, moved, now);
                    if failed {
                        // The server is there again.
                        effects.extend(link::hurry(model));
                    }
                    effects
                }
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
        Answered::Why(key, answer) => {
            why::answered(model, key, answer);
            Vec::new()
        }
        Answered::Tree(key, answer) => {
            ending::told(model, key, answer);
            Vec::new()
        }
        Answered::Kill(key, answer) => killed(model, key, answer, now),
        Answered::Signal(key, answer) => signalled(model, key, answer, now),
        Answered::Act(keys, answer) => batch::answered(model, &keys, answer, now),
        Answered::Orphans(number, answer) => {
            model.orphans.take(number, answer);
            Vec::new()
        }
        Answered::Reap(keys, answer) => {
            let mut effects = batch::answered(model, &keys, answer, now);
            effects.push(model.orphans.ask(now));
            effects
        }
        Answered::Audit(before, answer) => {
            history::told(model, before, answer);
            Vec::new()
        }
        Answered::Approvals(number, answer) => approvals::told(model, number, answer, now),
        Answered::Rules(answer) => {
            rules::read(model, answer);
            Vec::new()
        }
        Answered::RulesSaved(answer) => rules::saved(model, answer),
        Answered::RuleTested(answer) => {
            rules::trial::told(model, answer);
            Vec::new()
        }
        Answered::RulesImported(dry_run, answer) => rules::import::told(model, dry_run, answer),
        Answered::Decided(key, answer) => approvals::decided(model, &key, answer, now),
        Answered::Resume(id, answer) => resumed(model, id, answer, now),
        Answered::Started(from, answer) => start::started(model, from, answer, now),
        Answered::Output(asked, answer) => talk::told(model, &asked, answer, now),
        Answered::Driven(id, drive, answer) => talk::act::driven(model, &id, drive, answer),
        Answered::Screen(id, answer) => terminal::told(model, &id, answer),
        Answered::Typed(id, answer) => terminal::typed(model, &id, answer, now),
        Answered::Resized(id, answer) => terminal::resized(model, &id, answer, now),
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
            effects.push(ask_recent(model, now));
            effects
        }
    }
}

/// What follows from a new list: what belongs to processes that are gone is dropped, and what is unfolded is read
/// again where it may say something else now.
pub(super) fn follow(model: &mut Model, moved: Moved, now: u64) -> Vec<Effect> {
    let live = &model.live;
    model.open.retain(|key, _| live.find(*key).is_some());
    model.reasons.retain(|key, _| live.find(*key).is_some());
    model.selection.keys.retain(|key| live.find(*key).is_some());
    model.recent.resumes.retain(|_, resume| match resume {
        // How to attach is told until the process has come and gone.
        Resume::Done { resumed, listed } => {
            let found = live.find(resumed.key).is_some();
            let stays = found || !*listed;
            *listed = found;
            stays
        }
        Resume::Running | Resume::Failed { .. } => true,
    });
    // Whoever has left the list is remembered by its transcript; whoever has come is open now.
    if moved.left {
        model.recent.want(now, SOON_MS);
        model.orphans.want(now);
    }
    if moved.came {
        model.recent.want(now, LATER_MS);
    }
    catch_up(model, now)
}

/// Reads what has become old, each not more often than is of use.
pub(super) fn catch_up(model: &mut Model, now: u64) -> Vec<Effect> {
    let mut effects = Vec::new();
    let live = &model.live;
    for (key, detail) in model.open.iter_mut() {
        let activity = live.find(*key).map(|session| session.last_activity_at);
        if let Some(activity) = activity.filter(|activity| detail.is_due(*activity, now)) {
            detail.asked_for = activity;
            detail.asked_at = now;
            effects.push(Effect::Call(Call::Context(*key)));
        }
    }
    effects.extend(why::catch_up(model));
    effects.extend(talk::catch_up(model, now));
    effects.extend(terminal::catch_up(model, now));
    if model.recent.is_due(now) {
        effects.push(ask_recent(model, now));
    }
    effects
}

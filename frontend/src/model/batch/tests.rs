use wire::{Act, ActResult, Actions, BulkItem, BulkReport, Code, ReapItem, ReapResult, Reaped};

use super::*;
use crate::{
    model::{
        Answered, Msg, Surroundings, answer::Rows, selection::Reach, toast::Tone, update::update,
    },
    sample::{self, NOW},
};

/// Three sessions are listed and chosen; the last one can't be signalled.
fn chosen() -> Model {
    let mut model = Model::new(Surroundings::default());
    let refused = Session {
        actions: Actions {
            kill: Permit::Refused {
                code: Code::NotYours,
                error: "Ask bob.".to_owned(),
            },
        },
        ..sample::session(9)
    };
    model.live.sessions = vec![sample::session(7), sample::session(8), refused];
    model.live.seen_at = Some(NOW);
    for pid in [9, 8, 7] {
        let select = Msg::Select {
            key: sample::key(pid),
            chosen: true,
            reach: Reach::Row,
        };
        update(&mut model, select, NOW);
    }
    model
}

fn batch(model: &Model) -> &Batch {
    match &model.dialog {
        Some(Dialog::Batch(batch)) => batch,
        other => panic!("{other:?}"),
    }
}

fn results(model: &Model) -> Vec<Option<bool>> {
    let targets = batch(model).targets.iter();
    targets
        .map(|target| target.result.as_ref().map(Came::is_well))
        .collect()
}

fn killed(pid: u32, outcome: KillOutcome) -> BulkItem {
    let killed = sample::killed(pid, [outcome; 3]);
    BulkItem {
        key: sample::key(pid),
        result: ActResult::Killed { killed },
    }
}

fn keys(pids: &[u32]) -> Vec<ProcessKey> {
    pids.iter().map(|pid| sample::key(*pid)).collect()
}

fn read(written: &impl serde::Serialize) -> Report {
    serde_json::from_str(&serde_json::to_string(written).unwrap()).unwrap()
}

fn answer(model: &mut Model, pids: &[u32], items: Vec<BulkItem>) -> Vec<Effect> {
    let report = BulkReport { ok: true, items };
    let answer = Answered::Act(keys(pids), Ok(read(&report)));
    update(model, Msg::Answered(answer), NOW)
}

#[test]
fn one_yes_asks_for_all_that_may_be_and_each_has_its_result() {
    let mut model = chosen();
    assert_eq!(update(&mut model, Msg::AskAll(Deed::Kill), NOW), []);
    let call = Call::Act(Act::Kill, keys(&[7, 8]));
    assert_eq!(update(&mut model, Msg::Confirm, NOW), [Effect::Call(call)]);
    // A second yes asks nothing.
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    assert!(!batch(&model).is_done(&model));
    let items = vec![
        killed(7, KillOutcome::Exited),
        killed(8, KillOutcome::StillRunning),
    ];
    answer(&mut model, &[7, 8], items);
    assert!(batch(&model).is_done(&model));
    assert_eq!(results(&model), [Some(true), Some(false), None]);
    assert_eq!(model.toasts.shown, []);
}

#[test]
fn who_left_while_the_question_stood_is_not_asked_for() {
    let mut model = chosen();
    update(&mut model, Msg::AskAll(Deed::Pause), NOW);
    model.live.sessions.retain(|one| one.key != sample::key(7));
    let call = Call::Act(Act::Pause, keys(&[8]));
    assert_eq!(update(&mut model, Msg::Confirm, NOW), [Effect::Call(call)]);
}

#[test]
fn a_long_selection_takes_several_requests() {
    let mut model = Model::new(Surroundings::default());
    let sessions: Vec<Session> = (1..=450).map(sample::session).collect();
    model.selection.keys = sessions.iter().map(|one| one.key).collect();
    model.live.sessions = sessions;
    update(&mut model, Msg::AskAll(Deed::Kill), NOW);
    let effects = update(&mut model, Msg::Confirm, NOW);
    let sizes = effects.iter().map(|effect| {
        let Effect::Call(Call::Act(Act::Kill, keys)) = effect else {
            panic!("{effect:?}");
        };
        keys.len()
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [200, 200, 50]);
}

#[test]
fn what_comes_after_the_dialog_was_left_is_told_together() {
    for (outcome, tone, part) in [
        (KillOutcome::Exited, Tone::Good, "All 2 are done."),
        (KillOutcome::StillRunning, Tone::Bad, "1 of 2 are done."),
    ] {
        let mut model = chosen();
        update(&mut model, Msg::AskAll(Deed::Kill), NOW);
        update(&mut model, Msg::Confirm, NOW);
        update(&mut model, Msg::Leave, NOW);
        let items = vec![killed(7, KillOutcome::Exited), killed(8, outcome)];
        answer(&mut model, &[7, 8], items);
        let [toast] = model.toasts.shown.as_slice() else {
            panic!("{:?}", model.toasts);
        };
        assert!(toast.tone == tone && toast.text.contains(part), "{toast:?}");
    }
}

#[test]
fn a_request_that_fails_or_leaves_one_out_is_no_success() {
    let mut model = chosen();
    update(&mut model, Msg::AskAll(Deed::Kill), NOW);
    update(&mut model, Msg::Confirm, NOW);
    answer(&mut model, &[7, 8], vec![killed(8, KillOutcome::Exited)]);
    assert_eq!(results(&model), [Some(false), Some(true), None]);
    let mut model = chosen();
    update(&mut model, Msg::AskAll(Deed::Kill), NOW);
    update(&mut model, Msg::Confirm, NOW);
    let failed = Answered::Act(keys(&[7, 8]), Err(Trouble::Unreadable));
    update(&mut model, Msg::Answered(failed), NOW);
    assert_eq!(results(&model), [Some(false), Some(false), None]);
    assert!(batch(&model).is_done(&model));
}

#[test]
fn what_is_left_over_is_reaped_by_its_key_and_looked_for_again() {
    let mut model = Model::new(Surroundings::default());
    let Effect::Call(Call::Orphans(number)) = model.orphans.ask(NOW) else {
        panic!("it is not asked for");
    };
    let rows = Rows {
        rows: vec![sample::orphan(1, 70), sample::orphan(2, 70)],
        newer: 0,
    };
    let known = Answered::Orphans(number, Ok(rows));
    update(&mut model, Msg::Answered(known), NOW);
    // Nothing is chosen: there is no question.
    update(&mut model, Msg::AskReap, NOW);
    assert_eq!(model.dialog, None);
    update(&mut model, Msg::ChooseOrphan(sample::key(2), true), NOW);
    update(&mut model, Msg::AskReap, NOW);
    assert_eq!(
        update(&mut model, Msg::Confirm, NOW),
        [Effect::Call(Call::Reap(keys(&[2])))]
    );
    let reaped = Reaped {
        ok: true,
        items: vec![ReapItem {
            key: sample::key(2),
            result: ReapResult::Ended {
                outcome: KillOutcome::Killed,
            },
        }],
        private_bytes: 80_000_000,
        note: None,
    };
    let answer = Answered::Reap(keys(&[2]), Ok(read(&reaped)));
    let effects = update(&mut model, Msg::Answered(answer), NOW);
    assert_eq!(results(&model), [Some(true)]);
    assert!(effects.contains(&Effect::Call(Call::Orphans(number + 1))));
}

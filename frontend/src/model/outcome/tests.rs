use wire::Holder;

use super::*;
use crate::{
    model::{
        Answered, Msg, Surroundings,
        answer::Rows,
        call::Call,
        toast::{Toast, Tone},
        update::update,
    },
    sample::{self, NOW},
};

/// A session called “Parse” is being dealt with.
fn busy(deed: Deed) -> Model {
    let mut model = Model::new(Surroundings::default());
    let name = "Parse".to_owned();
    model.doing.insert(sample::key(7), Doing { deed, name });
    model
}

fn told(model: &Model) -> &Toast {
    match model.toasts.shown.as_slice() {
        [toast] => toast,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_outcome_is_told_and_bad_news_stays() {
    let check = |outcome, tone: Tone, part: &str| {
        let mut model = busy(Deed::Kill);
        let key = sample::key(7);
        let killed = Killed {
            processes: Vec::new(),
            spared: Vec::new(),
            unproven: Vec::new(),
            ..sample::killed(7, [outcome; 3])
        };
        let answer = Answered::Kill(key, Ok(killed));
        let effects = update(&mut model, Msg::Answered(answer), NOW);
        let toast = told(&model);
        assert!(toast.tone == tone && toast.text.contains(part), "{toast:?}");
        let leaves = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Expire(..)));
        assert_eq!(leaves, tone == Tone::Good);
        assert!(effects.contains(&Effect::Call(Call::Live(1))));
        assert!(!model.doing.contains(&key));
    };
    check(
        KillOutcome::Exited,
        Tone::Good,
        "“Parse” has ended by itself (2 s)",
    );
    check(KillOutcome::Killed, Tone::Good, "was killed after 2 s");
    check(KillOutcome::AlreadyGone, Tone::Good, "had already ended");
    check(
        KillOutcome::StillRunning,
        Tone::Bad,
        "(process 7) is still running",
    );
    check(KillOutcome::Unknown, Tone::Bad, "Look at the list");
}

#[test]
fn what_was_below_is_counted_and_told_one_by_one_where_something_went_wrong() {
    use KillOutcome::{AlreadyGone, Exited, Killed as BySignal, StillRunning};
    let check = |outcomes, words: &str, lines: &[&str]| {
        let mut model = busy(Deed::Kill);
        let killed = sample::killed(7, outcomes);
        let answer = Answered::Kill(sample::key(7), Ok(killed));
        update(&mut model, Msg::Answered(answer), NOW);
        let rest = "1 was spared, 1 without a proof was left alone.";
        assert_eq!(told(&model).text, format!("“Parse” {words} {rest}"));
        assert_eq!(told(&model).lines, lines);
    };
    check(
        [Exited, Exited, AlreadyGone],
        "has ended by itself (2 s). 2 processes ended with it.",
        &[],
    );
    check(
        [Exited, Exited, BySignal],
        "has ended by itself (2 s). Of 2 processes below it: 1 ended, 1 had to be killed.",
        &[],
    );
    check(
        [Exited, BySignal, StillRunning],
        "has ended by itself (2 s). Of 2 processes below it: 1 had to be killed, 1 still running.",
        &[
            "node mcp-server.js (process 71): killed",
            "npm run dev (process 72): still running",
            "claude -p hello (process 73): spared, a Claude Code session of its own",
        ],
    );
}

#[test]
fn a_signal_is_told_with_the_servers_note() {
    let signalled = |act, outcome, note: Option<&str>| Signalled {
        ok: true,
        pid: sample::key(7).pid,
        key: sample::key(7),
        act,
        outcome,
        processes: 3,
        note: note.map(str::to_owned),
    };
    let check = |deed: Deed, outcome, note, tone, text: &str, leaves: bool| {
        let mut model = busy(deed);
        let answer = signalled(deed.act(), outcome, note);
        let answer = Answered::Signal(sample::key(7), Ok(answer));
        let effects = update(&mut model, Msg::Answered(answer), NOW);
        let toast = told(&model);
        assert_eq!((toast.tone, toast.text.as_str()), (tone, text));
        let expires = |effect: &Effect| matches!(effect, Effect::Expire(..));
        assert_eq!(effects.iter().any(expires), leaves, "{text}");
        assert!(!model.is_busy(sample::key(7)));
    };
    let (done, undone) = (SignalOutcome::Done, SignalOutcome::Undone);
    let stands = "“Parse” stands still (3 processes).";
    check(Deed::Pause, done, None, Tone::Good, stands, true);
    check(
        Deed::Pause,
        done,
        Some("Type fg there."),
        Tone::Good,
        "“Parse” stands still (3 processes). Type fg there.",
        false,
    );
    check(
        Deed::Pause,
        undone,
        Some("It was let go on at once."),
        Tone::Bad,
        "“Parse” is as it was before. It was let go on at once.",
        false,
    );
    let goes = "“Parse” goes on (3 processes).";
    check(Deed::Continue, done, None, Tone::Good, goes, true);
    let ended = "“Parse” took the signal. It has ended.";
    let outcome = SignalOutcome::Ended;
    check(Deed::Interrupt, outcome, None, Tone::Good, ended, true);
}

#[test]
fn a_live_conversation_can_be_forked() {
    let mut model = Model::new(Surroundings::default());
    let id = sample::recent(1).session_id;
    let refuse = |code| Trouble::Refused(Box::new(ErrorBody::new(code, "No.")));
    for (code, forks) in [(Code::Live, true), (Code::NoTmux, false)] {
        update(&mut model, Msg::Resume(id.clone()), NOW);
        let answer = Answered::Resume(id.clone(), Err(refuse(code)));
        update(&mut model, Msg::Answered(answer), NOW);
        let Some(Resume::Failed { live, .. }) = model.recent.resumes.get(&id) else {
            panic!("{:?}", model.recent);
        };
        assert_eq!(live.is_some(), forks);
    }
    assert_eq!(
        update(&mut model, Msg::Fork(id.clone()), NOW),
        [Effect::Call(Call::fork(id))]
    );
}

#[test]
fn how_to_attach_is_told_until_the_process_has_come_and_gone() {
    let mut model = Model::new(Surroundings::default());
    let id = sample::recent(1).session_id;
    let resumed = Resumed {
        ok: true,
        session_id: id.clone(),
        pid: sample::key(7).pid,
        key: sample::key(7),
        holder: Holder::Tmux {
            session: "s".to_owned(),
            attach: "tmux attach -t s".to_owned(),
        },
        note: None,
    };
    update(&mut model, Msg::Resume(id.clone()), NOW);
    // A second press while the first runs asks nothing.
    assert_eq!(update(&mut model, Msg::Resume(id.clone()), NOW), []);
    update(
        &mut model,
        Msg::Answered(Answered::Resume(id.clone(), Ok(resumed))),
        NOW,
    );
    for (sessions, told) in [
        (vec![], true),
        (vec![sample::session(7)], true),
        (vec![], false),
    ] {
        let number = model.live.insist(NOW);
        let rows = Rows {
            rows: sessions,
            newer: 0,
        };
        update(
            &mut model,
            Msg::Answered(Answered::Live(number, Ok(rows))),
            NOW,
        );
        assert_eq!(model.recent.resumes.contains(&id), told);
    }
}

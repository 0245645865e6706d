use serde_json::json;
use wire::{DriveOutcome, Driven};

use super::*;
use crate::{
    model::{
        Answered, Msg, Surroundings,
        link::{Heard, Phase},
        live::News,
        update::update,
    },
    sample::{self, NOW},
};

const MINE: &str = "4f0c6a6e-6b0f-4a6b-9a53-1f2e3d4c5b6a";

fn held(pid: u32) -> Session {
    Session {
        holder: Some(HolderKind::Stdio),
        ..sample::session(pid)
    }
}

fn id(pid: u32) -> SessionId {
    sample::session(pid).session_id.unwrap()
}

fn linked(sessions: Vec<Session>) -> Model {
    let mut model = Model::new(Surroundings::default());
    model.live.sessions = sessions;
    model.live.seen_at = Some(NOW);
    model.link.phase = Phase::Up;
    model
}

fn prompt(seq: u64, uuid: Option<&str>, text: &str) -> Event {
    let event = json!({"type": "user", "seq": seq, "at": NOW, "uuid": uuid, "text": text});
    serde_json::from_value(event).unwrap()
}

/// No events.
const NOTHING: std::ops::RangeInclusive<u64> = std::ops::RangeInclusive::new(1, 0);

const LOG: &str = "log:1";
const TRANSCRIPT: &str = "transcript:1";

fn tell(model: &mut Model, pid: u32, tidings: Tidings) -> Vec<Effect> {
    tell_of(model, pid, LOG, tidings)
}

fn tell_of(model: &mut Model, pid: u32, list: &str, tidings: Tidings) -> Vec<Effect> {
    let told = Told {
        session_id: id(pid),
        numbering: Some(list.to_owned()),
        tidings,
    };
    update(model, Msg::Link(Heard::Output(told)), NOW)
}

/// Asks for a part from the end on.
fn part(pid: u32, before: Option<u64>) -> Effect {
    let since = backwards(Page {
        limit: PART,
        before,
    });
    let id = id(pid);
    Effect::Call(Call::Output { id, since })
}

/// Asks for what is new.
fn ask(pid: u32, after: u64) -> Effect {
    let id = id(pid);
    let since = Since {
        after,
        ..Since::default()
    };
    Effect::Call(Call::Output { id, since })
}

/// Answers such a request.
fn answer(
    model: &mut Model,
    list: &str,
    asked: Effect,
    seqs: std::ops::RangeInclusive<u64>,
) -> Vec<Effect> {
    let Effect::Call(Call::Output { id, since }) = asked else {
        panic!("{asked:?}");
    };
    let numbering = Some(list.to_owned());
    let asked = Asked {
        id,
        since,
        numbering,
    };
    let rows = seqs.map(|seq| prompt(seq, None, "x")).collect();
    let answer = Ok(Rows { rows, newer: 0 });
    update(
        model,
        Msg::Answered(Answered::Output(asked, answer)),
        NOW + 2000,
    )
}

/// Opens a conversation in which nothing has been said.
fn open_empty(model: &mut Model, pid: u32) {
    let effects = update(model, Msg::Open(id(pid)), NOW);
    assert!(effects.contains(&part(pid, None)), "{effects:?}");
    let effects = answer(model, LOG, part(pid, None), NOTHING);
    assert_eq!(effects, [follow(pid, 0)]);
}

fn events(seqs: std::ops::RangeInclusive<u64>) -> Tidings {
    let event = |seq| (seq, Some(prompt(seq, None, "x")));
    Tidings::Events(seqs.map(event).collect())
}

fn seqs(model: &Model) -> Vec<u64> {
    let shown = model.talk.as_ref().unwrap().story.shown();
    shown.iter().map(|item| item.seq).collect()
}

fn follow(pid: u32, after: u64) -> Effect {
    Effect::Say(Said::Follow {
        session_id: id(pid),
        after,
    })
}

fn news(rows: Vec<Session>) -> News {
    let row = |row: Session| (row.key.to_string(), Some(row));
    News {
        at: NOW,
        rows: rows.into_iter().map(row).collect(),
        gone: Vec::new(),
        acting: Vec::new(),
        approvals_rev: 0,
    }
}

fn talk(model: &mut Model, talking: Talking) -> Vec<Effect> {
    update(model, Msg::Talk(talking), NOW)
}

fn say(model: &mut Model, text: &str) -> Vec<Effect> {
    talk(model, Talking::Write(text.to_owned()));
    talk(model, Talking::Say(MINE.to_owned()))
}

fn driven(model: &mut Model, drive: Drive, answer: Result<DriveOutcome, Trouble>) {
    let answer = answer.map(|outcome| Driven {
        ok: true,
        session_id: id(7),
        outcome,
        seq: 1,
        uuid: None,
        note: None,
    });
    update(
        model,
        Msg::Answered(Answered::Driven(id(7), drive, answer)),
        NOW,
    );
}

#[test]
fn after_a_break_it_is_followed_from_where_it_is_known() {
    let mut model = linked(vec![held(7)]);
    open_empty(&mut model, 7);
    assert_eq!(update(&mut model, Msg::Open(id(7)), NOW), []);
    tell(&mut model, 7, events(1..=3));
    let effects = update(&mut model, Msg::Link(Heard::Closed), NOW);
    assert!(effects.contains(&Effect::Disconnect));
    // While the link is down it is asked for.
    let effects = update(&mut model, Msg::Tick, NOW + 2000);
    assert!(effects.contains(&ask(7, 3)), "{effects:?}");
    assert_eq!(answer(&mut model, LOG, ask(7, 3), 2..=5), [ask(7, 5)]);
    // It comes up again meanwhile; the late answer is not doubled.
    update(&mut model, Msg::Wake, NOW + 3000);
    update(
        &mut model,
        Msg::Link(Heard::Hello {
            protocol: 1,
            open: true,
        }),
        NOW + 3000,
    );
    let effects = update(
        &mut model,
        Msg::Link(Heard::Snapshot(news(vec![held(7)]))),
        NOW + 3000,
    );
    assert!(effects.contains(&follow(7, 5)), "{effects:?}");
    assert_eq!(answer(&mut model, LOG, ask(7, 5), 6..=6), []);
    tell(&mut model, 7, events(4..=7));
    assert_eq!(seqs(&model), [1, 2, 3, 4, 5, 6, 7]);
    // Of another session, late.
    tell(&mut model, 8, events(9..=9));
    assert_eq!(seqs(&model).len(), 7);
}

#[test]
fn leaving_it_unfollows_and_keeps_what_is_written() {
    let mut model = linked(vec![held(7), held(8)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    talk(&mut model, Talking::Write("half a".to_owned()));
    let unfollow = |pid| {
        Effect::Say(Said::Unfollow {
            session_id: id(pid),
        })
    };
    let effects = update(&mut model, Msg::Open(id(8)), NOW);
    assert_eq!(effects, [unfollow(7), part(8, None)]);
    assert_eq!(model.talk.as_ref().unwrap().words, "");
    assert_eq!(update(&mut model, Msg::Back, NOW), [unfollow(8)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    assert_eq!(model.talk.as_ref().unwrap().words, "half a");
}

#[test]
fn a_message_is_said_once_however_often_it_is_tried() {
    let mut model = linked(vec![held(7)]);
    open_empty(&mut model, 7);
    let drive = Drive::Say {
        uuid: MINE.to_owned(),
        text: "go\non".to_owned(),
    };
    let call = Effect::Call(Call::Drive {
        id: id(7),
        drive: drive.clone(),
    });
    assert_eq!(say(&mut model, " "), []);
    assert_eq!(say(&mut model, "go\non"), std::slice::from_ref(&call));
    assert_eq!(talk(&mut model, Talking::Again(MINE.to_owned())), []);
    driven(
        &mut model,
        drive.clone(),
        Err(Trouble::Unreachable("x".to_owned())),
    );
    assert!(matches!(
        model.talk.as_ref().unwrap().sent[0].step,
        Step::Failed(_)
    ));
    assert_eq!(talk(&mut model, Talking::Again(MINE.to_owned())), [call]);
    driven(&mut model, drive.clone(), Ok(DriveOutcome::AlreadySent));
    assert_eq!(model.talk.as_ref().unwrap().sent[0].step, Step::Handed);
    // The session repeats it.
    tell(
        &mut model,
        7,
        Tidings::Events(vec![(1, Some(prompt(1, Some(MINE), "go\non")))]),
    );
    assert_eq!(model.talk.as_ref().unwrap().sent, []);
    // It may do so before the answer is there.
    say(&mut model, "go\non");
    tell(
        &mut model,
        7,
        Tidings::Events(vec![(2, Some(prompt(2, Some(MINE), "go\non")))]),
    );
    driven(&mut model, drive, Ok(DriveOutcome::Sent));
    assert_eq!(model.talk.as_ref().unwrap().sent, []);
}

#[test]
fn a_message_that_failed_goes_back_into_the_box() {
    let mut model = linked(vec![held(7)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    say(&mut model, "a");
    let drive = Drive::Say {
        uuid: MINE.to_owned(),
        text: "a".to_owned(),
    };
    driven(&mut model, drive, Err(Trouble::Unreadable));
    talk(&mut model, Talking::TakeBack(MINE.to_owned()));
    let looked = model.talk.as_ref().unwrap();
    assert_eq!((looked.words.as_str(), looked.sent.len()), ("a", 0));
}

#[test]
fn who_does_not_hold_it_says_nothing_to_it() {
    let mut model = linked(vec![sample::session(7)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    assert_eq!(say(&mut model, "hello"), []);
    assert_eq!(talk(&mut model, Talking::Interrupt), []);
    assert_eq!(model.talk.as_ref().unwrap().words, "hello");
    // Once we hold it, it can be talked to; one thing at a time.
    update(
        &mut model,
        Msg::Link(Heard::Changes(news(vec![held(7)]))),
        NOW,
    );
    let drive = |drive| [Effect::Call(Call::Drive { id: id(7), drive })];
    assert_eq!(
        talk(&mut model, Talking::Interrupt),
        drive(Drive::Interrupt)
    );
    assert_eq!(talk(&mut model, Talking::Model("opus".to_owned())), []);
    driven(&mut model, Drive::Interrupt, Ok(DriveOutcome::Idle));
    let opus = Drive::Model("opus".to_owned());
    assert_eq!(
        talk(&mut model, Talking::Model("opus".to_owned())),
        drive(opus.clone())
    );
    driven(&mut model, opus, Err(Trouble::Unreadable));
    assert!(model.talk.as_ref().unwrap().failed.is_some());
}

#[test]
fn a_question_stands_before_its_end_and_its_name() {
    let mut model = linked(vec![held(7)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    assert_eq!(talk(&mut model, Talking::AskEnd), []);
    let drive = |drive| [Effect::Call(Call::Drive { id: id(7), drive })];
    assert_eq!(update(&mut model, Msg::Confirm, NOW), drive(Drive::End));
    assert_eq!(model.dialog, None);
    driven(&mut model, Drive::End, Ok(DriveOutcome::Cancelled));
    talk(&mut model, Talking::AskRename);
    update(&mut model, Msg::Rename(" lexer ".to_owned()), NOW);
    let rename = Drive::Rename("lexer".to_owned());
    assert_eq!(update(&mut model, Msg::Confirm, NOW), drive(rename));
}

#[test]
fn what_was_taken_up_again_is_followed_again() {
    let mut model = linked(vec![sample::session(7)]);
    open_empty(&mut model, 7);
    tell(&mut model, 7, events(1..=2));
    tell(&mut model, 7, Tidings::End(None));
    // The process that ended is still listed.
    let changes = |rows| Msg::Link(Heard::Changes(news(rows)));
    assert_eq!(
        update(&mut model, changes(vec![sample::session(7)]), NOW),
        []
    );
    let again = Session {
        session_id: Some(id(7)),
        holder: Some(HolderKind::Pty),
        ..sample::session(9)
    };
    let effects = update(&mut model, changes(vec![again]), NOW);
    assert!(effects.contains(&follow(7, 2)), "{effects:?}");
    // It is told from its transcript now, where the numbers are others: its end is read first.
    let effects = tell_of(&mut model, 7, TRANSCRIPT, events(500..=501));
    assert_eq!(effects, [part(7, None)]);
    assert_eq!(tell_of(&mut model, 7, TRANSCRIPT, events(502..=503)), []);
    assert_eq!(seqs(&model), [1, 2]);
    let effects = answer(&mut model, TRANSCRIPT, part(7, None), 490..=502);
    // So few are all there is, or heavy ones.
    assert_eq!(effects, [follow(7, 502), part(7, Some(490))]);
    answer(&mut model, TRANSCRIPT, part(7, Some(490)), NOTHING);
    assert!(!model.talk.as_ref().unwrap().story.has_older());
    tell_of(&mut model, 7, TRANSCRIPT, events(501..=503));
    assert_eq!(seqs(&model).last(), Some(&503));
    assert_eq!(model.talk.as_ref().unwrap().story.last, 503);
}

#[test]
fn an_older_server_that_counts_anew_is_asked_anew() {
    let mut model = linked(vec![held(7)]);
    open_empty(&mut model, 7);
    tell(&mut model, 7, events(90_000..=90_001));
    let told = Told {
        session_id: id(7),
        numbering: None,
        tidings: Tidings::Caught(2),
    };
    let effects = update(&mut model, Msg::Link(Heard::Output(told)), NOW);
    assert_eq!(effects, [part(7, None)]);
}

#[test]
fn of_a_long_conversation_the_end_is_read_first() {
    let mut model = linked(vec![held(7)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    assert!(!model.talk.as_ref().unwrap().caught);
    let effects = answer(&mut model, LOG, part(7, None), 301..=500);
    assert_eq!(effects, [follow(7, 500)]);
    assert_eq!(seqs(&model).first(), Some(&301));
    tell(&mut model, 7, events(501..=501));
    // What is older comes once it is wanted, and is asked for once.
    assert_eq!(talk(&mut model, Talking::Older), [part(7, Some(301))]);
    assert_eq!(talk(&mut model, Talking::Older), []);
    answer(&mut model, LOG, part(7, Some(301)), 101..=300);
    assert_eq!(seqs(&model).first(), Some(&201));
    // When all that is kept is shown, the next is asked for, and waits.
    assert_eq!(talk(&mut model, Talking::Older), [part(7, Some(101))]);
    assert_eq!(seqs(&model).first(), Some(&101));
    // Of a list that is not this one any more, and what was asked for twice.
    answer(&mut model, TRANSCRIPT, part(7, Some(101)), 1..=100);
    answer(&mut model, LOG, part(7, Some(301)), 101..=300);
    assert_eq!(talk(&mut model, Talking::Older), [part(7, Some(101))]);
    answer(&mut model, LOG, part(7, Some(101)), 1..=100);
    assert_eq!(seqs(&model).first(), Some(&101));
    assert_eq!(talk(&mut model, Talking::Older), []);
    assert_eq!(seqs(&model).first(), Some(&1));
    assert!(!model.talk.as_ref().unwrap().story.has_older());
}

#[test]
fn an_end_that_could_not_be_read_is_asked_for_again() {
    let mut model = linked(vec![held(7)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    let asked = Asked {
        id: id(7),
        since: backwards(Page {
            limit: PART,
            before: None,
        }),
        numbering: None,
    };
    let answered = Answered::Output(asked, Err(Trouble::Unreadable));
    assert_eq!(update(&mut model, Msg::Answered(answered), NOW), []);
    assert!(model.talk.as_ref().unwrap().trouble.is_some());
    assert!(model.is_due(NOW + 2000));
    let effects = update(&mut model, Msg::Tick, NOW + 2000);
    assert!(effects.contains(&part(7, None)), "{effects:?}");
}

#[test]
fn where_it_is_asked_for_it_is_asked_for_again_once_it_was_taken_up() {
    let mut model = linked(vec![held(7)]);
    model.link.phase = Phase::Resting;
    assert_eq!(update(&mut model, Msg::Open(id(7)), NOW), [part(7, None)]);
    assert_eq!(answer(&mut model, LOG, part(7, None), 1..=8), []);
    let exit = json!({"type": "exit", "seq": 9, "at": NOW, "code": 0, "signal": null, "cancelled": false, "stderr": ""});
    let talk = model.talk.as_mut().unwrap();
    talk.tell(serde_json::from_value(exit).unwrap());
    talk.asking_since = None;
    let effects = update(&mut model, Msg::Tick, NOW + 9000);
    assert!(!effects.contains(&ask(7, 9)), "{effects:?}");
    model.live.sessions = vec![Session {
        session_id: Some(id(7)),
        ..held(9)
    }];
    let effects = update(&mut model, Msg::Tick, NOW + 18_000);
    assert!(effects.contains(&ask(7, 9)), "{effects:?}");
    // Whoever tells it now has another list, in which nothing stands behind that number.
    let effects = answer(&mut model, TRANSCRIPT, ask(7, 9), NOTHING);
    assert_eq!(effects, [part(7, None)]);
}

#[test]
fn an_end_that_may_pass_is_asked_about_over_the_next_link() {
    let mut model = linked(vec![held(7)]);
    open_empty(&mut model, 7);
    tell(&mut model, 7, events(1..=2));
    let full = "as many live feeds are open as may be";
    tell(&mut model, 7, Tidings::End(Some(full.to_owned())));
    update(&mut model, Msg::Link(Heard::Closed), NOW);
    update(&mut model, Msg::Wake, NOW);
    let hello = Heard::Hello {
        protocol: 1,
        open: true,
    };
    update(&mut model, Msg::Link(hello), NOW);
    let snapshot = Msg::Link(Heard::Snapshot(news(vec![held(7)])));
    let effects = update(&mut model, snapshot, NOW);
    assert!(effects.contains(&follow(7, 2)), "{effects:?}");
    assert_eq!(model.talk.as_ref().unwrap().end, None);
}

#[test]
fn what_was_not_sent_is_there_when_one_comes_back() {
    let say_it = || Drive::Say {
        uuid: MINE.to_owned(),
        text: "go".to_owned(),
    };
    let step = |model: &Model| -> Vec<Step> {
        let sent = model.talk.as_ref().unwrap().sent.iter();
        sent.map(|sent| sent.step.clone()).collect()
    };
    let opened = || {
        let mut model = linked(vec![held(7), held(8)]);
        update(&mut model, Msg::Open(id(7)), NOW);
        say(&mut model, "go");
        model
    };
    let failed = || Err(Trouble::Unreadable);
    // It had failed before one left.
    let mut model = opened();
    driven(&mut model, say_it(), failed());
    update(&mut model, Msg::Open(id(8)), NOW);
    assert_eq!(step(&model), []);
    update(&mut model, Msg::Open(id(7)), NOW);
    assert!(matches!(step(&model).as_slice(), [Step::Failed(_)]));
    // It had been said so in other words before, which is another message.
    answer(&mut model, LOG, part(7, None), NOTHING);
    tell(
        &mut model,
        7,
        Tidings::Events(vec![(1, Some(prompt(1, None, "go")))]),
    );
    assert_eq!(step(&model).len(), 1);
    // It fails after one has left.
    let mut model = opened();
    update(&mut model, Msg::Back, NOW);
    driven(&mut model, say_it(), failed());
    assert_eq!(model.toasts.shown.len(), 1);
    update(&mut model, Msg::Open(id(7)), NOW);
    assert!(matches!(step(&model).as_slice(), [Step::Failed(_)]));
    // It is handed over after one has left.
    let mut model = opened();
    update(&mut model, Msg::Back, NOW);
    driven(&mut model, say_it(), Ok(DriveOutcome::Sent));
    update(&mut model, Msg::Open(id(7)), NOW);
    assert_eq!(step(&model), []);
}

#[test]
fn what_is_taken_back_stands_before_what_was_written_since() {
    let mut model = linked(vec![held(7)]);
    update(&mut model, Msg::Open(id(7)), NOW);
    say(&mut model, "a");
    let drive = Drive::Say {
        uuid: MINE.to_owned(),
        text: "a".to_owned(),
    };
    driven(&mut model, drive, Err(Trouble::Unreadable));
    talk(&mut model, Talking::Write("b".to_owned()));
    talk(&mut model, Talking::TakeBack(MINE.to_owned()));
    assert_eq!(model.talk.as_ref().unwrap().words, "a\nb");
}

use serde_json::json;
use wire::{HolderKind, Session};

use super::*;
use crate::{
    model::{
        Answered, Msg, Surroundings,
        answer::{Reply, one},
        link::{Heard, Phase},
        update::update,
    },
    sample::{self, NOW},
};

fn id() -> SessionId {
    sample::session(7).session_id.unwrap()
}

/// A page that looks at the terminal of a session.
fn model(phase: Phase) -> (Model, Vec<Effect>) {
    let mut model = Model::new(Surroundings::default());
    model.live.sessions = vec![Session {
        holder: Some(HolderKind::Pty),
        ..sample::session(7)
    }];
    model.live.seen_at = Some(NOW);
    model.link.phase = phase;
    update(&mut model, Msg::Open(id()), NOW);
    let effects = update(&mut model, Msg::Terminal(Step::Show), NOW);
    (model, effects)
}

fn picture(lines: &[&str]) -> Picture {
    let line = |text: &&str| json!([{ "text": text }]);
    let lines: Vec<_> = lines.iter().map(line).collect();
    let picture = json!({
        "ok": true, "sessionId": id(), "columns": 80, "rows": lines.len(), "rev": 1, "title": null, "kept": 3,
        "cursor": {"column": 1, "row": 0, "visible": true}, "lines": lines,
    });
    serde_json::from_value(picture).unwrap()
}

fn see(model: &mut Model, news: News) -> Vec<Effect> {
    let session_id = id();
    let seen = Seen { session_id, news };
    update(model, Msg::Link(Heard::Screen(seen)), NOW)
}

fn whole(model: &mut Model, lines: &[&str]) -> Vec<Effect> {
    see(model, News::Whole(Box::new(picture(lines))))
}

fn terminal(model: &Model) -> &Terminal {
    model.talk.as_ref().unwrap().terminal.as_ref().unwrap()
}

fn shown(model: &Model) -> Vec<String> {
    let lines = &terminal(model).shown.as_ref().unwrap().lines;
    let text = |line: &Line| line.iter().map(|run| run.text.as_str()).collect();
    lines.iter().map(text).collect()
}

#[test]
fn it_is_looked_at_again_once_another_process_has_taken_the_session_up() {
    for (phase, looks) in [
        (Phase::Up, Effect::Say(Said::Look { session_id: id() })),
        (
            Phase::Resting,
            Effect::Call(Call::Screen { id: id(), above: 0 }),
        ),
    ] {
        let (mut model, _) = model(phase);
        update(&mut model, Msg::Terminal(Step::Fits(100, 30)), NOW);
        model.talk.as_mut().unwrap().terminal.as_mut().unwrap().end = Some("ended".to_owned());
        // The process that has ended may be listed for a while.
        let effects = update(&mut model, Msg::Tick, NOW + 20_000);
        assert!(!effects.contains(&looks), "{effects:?}");
        let again = Session {
            session_id: Some(id()),
            holder: Some(HolderKind::Stdio),
            ..sample::session(9)
        };
        model.live.sessions = vec![again.clone()];
        let effects = update(&mut model, Msg::Tick, NOW + 40_000);
        assert!(!effects.contains(&looks), "{effects:?}");
        model.live.sessions = vec![Session {
            holder: Some(HolderKind::Pty),
            ..again
        }];
        let effects = update(&mut model, Msg::Tick, NOW + 60_000);
        assert!(effects.contains(&looks), "{effects:?}");
        assert_eq!(terminal(&model).end, None);
        // It has the size of the one before.
        assert_eq!(terminal(&model).fits, Some((100, 30)));
    }
}

fn press(model: &mut Model, names: &[&str]) -> Vec<Effect> {
    let keys = names.iter().map(|name| name.parse().unwrap()).collect();
    update(model, Msg::Terminal(Step::Press(keys)), NOW)
}

/// What these effects send to the session.
fn sent(effects: &[Effect]) -> Vec<String> {
    let call = |effect: &Effect| {
        let Effect::Call(call @ (Call::Keys { .. } | Call::Resize { .. })) = effect else {
            return None;
        };
        call.body()
    };
    effects.iter().filter_map(call).collect()
}

fn driven(went_well: bool) -> Result<Driven, Trouble> {
    let answer = match went_well {
        true => json!({"ok": true, "sessionId": id(), "outcome": "sent", "seq": 1}),
        false => json!({"ok": false, "error": "It has ended.", "code": "ended"}),
    };
    one(Ok(Reply::One(answer.to_string())))
}

fn answer(model: &mut Model, went_well: bool) -> Vec<Effect> {
    let answered = Answered::Typed(id(), driven(went_well));
    update(model, Msg::Answered(answered), NOW)
}

#[test]
fn it_is_looked_at_over_the_link_and_line_by_line() {
    let (mut model, effects) = model(Phase::Up);
    let session_id = id();
    assert_eq!(effects, [Effect::Say(Said::Look { session_id })]);
    whole(&mut model, &["one", "two"]);
    let before = Arc::clone(&terminal(&model).shown.as_ref().unwrap().lines[0]);
    see(
        &mut model,
        News::Changed {
            cursor: picture(&[]).cursor,
            title: None,
            kept: 4,
            lines: vec![(1, picture(&["2"]).lines.remove(0)), (9, Vec::new())],
        },
    );
    assert_eq!(shown(&model), ["one", "2"]);
    whole(&mut model, &["one", "3"]);
    // The same line is not drawn again.
    let after = &terminal(&model).shown.as_ref().unwrap().lines[0];
    assert!(Arc::ptr_eq(&before, after));
    let session_id = id();
    let left = update(&mut model, Msg::Back, NOW);
    assert!(left.contains(&Effect::Say(Said::LookAway { session_id })));
}

#[test]
fn without_a_link_it_is_asked_for_again_and_again() {
    let (mut model, effects) = model(Phase::Resting);
    let ask = |above| Effect::Call(Call::Screen { id: id(), above });
    assert_eq!(effects, [ask(0)]);
    let told = |model: &mut Model, lines: &[&str]| {
        let answered = Answered::Screen(id(), Ok(picture(lines)));
        update(model, Msg::Answered(answered), NOW)
    };
    told(&mut model, &["one"]);
    assert_eq!(shown(&model), ["one"]);
    assert!(model.is_due(NOW + POLL_MS));
    let asked = update(&mut model, Msg::Tick, NOW + POLL_MS);
    assert!(asked.contains(&ask(0)), "{asked:?}");
    // One at a time.
    let asked = update(&mut model, Msg::Tick, NOW + 2 * POLL_MS);
    assert!(!asked.contains(&ask(0)), "{asked:?}");
    // What was typed is seen at once.
    told(&mut model, &["one"]);
    press(&mut model, &["x"]);
    assert!(answer(&mut model, true).contains(&ask(0)));
}

#[test]
fn keys_leave_in_their_order_and_one_request_at_a_time() {
    let (mut model, _) = model(Phase::Up);
    whole(&mut model, &["one"]);
    assert_eq!(sent(&press(&mut model, &["h"])), [r#"{"keys":["h"]}"#]);
    for step in [
        Step::Press(vec!["i".parse().unwrap()]),
        Step::Press(vec!["enter".parse().unwrap()]),
        Step::Paste("two\nlines".to_owned()),
        Step::Press(vec!["up".parse().unwrap()]),
    ] {
        assert_eq!(sent(&update(&mut model, Msg::Terminal(step), NOW)), [""; 0]);
    }
    assert_eq!(
        sent(&answer(&mut model, true)),
        [r#"{"keys":["i","enter"]}"#]
    );
    let rest = r#"{"text":"two\nlines","keys":["up"]}"#;
    assert_eq!(sent(&answer(&mut model, true)), [rest]);
    // What follows a failure was meant for something else.
    press(&mut model, &["y"]);
    assert_eq!(sent(&answer(&mut model, false)), [""; 0]);
    let trouble = terminal(&model).failed.as_deref().unwrap();
    assert!(trouble.ends_with("It has ended."), "{trouble}");
    assert_eq!(sent(&press(&mut model, &["z"])), [r#"{"keys":["z"]}"#]);
}

#[test]
fn ctrl_is_for_the_next_character() {
    let (mut model, _) = model(Phase::Up);
    whole(&mut model, &["one"]);
    update(&mut model, Msg::Terminal(Step::Ctrl(true)), NOW);
    assert_eq!(sent(&press(&mut model, &["R"])), [r#"{"keys":["ctrl-r"]}"#]);
    answer(&mut model, true);
    assert_eq!(sent(&press(&mut model, &["r"])), [r#"{"keys":["r"]}"#]);
}

#[test]
fn it_gets_the_size_for_which_there_is_room() {
    let (mut model, _) = model(Phase::Up);
    // Nothing is known of it yet.
    let fits =
        |model: &mut Model, columns| update(model, Msg::Terminal(Step::Fits(columns, 1)), NOW);
    assert_eq!(sent(&fits(&mut model, 60)), [""; 0]);
    let resize = |columns| format!(r#"{{"columns":{columns},"rows":1}}"#);
    assert_eq!(sent(&whole(&mut model, &["one"])), [resize(60)]);
    assert_eq!(sent(&fits(&mut model, 80)), [""; 0]);
    assert_eq!(sent(&fits(&mut model, 61)), [resize(61)]);
    // Somebody else has given it another size: whoever types gets theirs.
    assert_eq!(sent(&whole(&mut model, &["one"])), [""; 0]);
    let keys = r#"{"keys":["x"]}"#.to_owned();
    assert_eq!(sent(&press(&mut model, &["x"])), [resize(61), keys]);
}

#[test]
fn what_has_left_the_screen_is_asked_for_where_it_is_wanted() {
    let (mut model, _) = model(Phase::Up);
    whole(&mut model, &["one"]);
    let ask = Effect::Call(Call::Screen {
        id: id(),
        above: 1000,
    });
    let asked = update(&mut model, Msg::Terminal(Step::Above(true)), NOW);
    assert_eq!(asked, [ask]);
    let with_above = Picture {
        above: picture(&["zero"]).lines,
        ..picture(&["one"])
    };
    update(
        &mut model,
        Msg::Answered(Answered::Screen(id(), Ok(with_above))),
        NOW,
    );
    assert_eq!(terminal(&model).above.as_ref().unwrap().len(), 1);
    // The link tells of the screen alone.
    whole(&mut model, &["one"]);
    assert_eq!(terminal(&model).above.as_ref().unwrap().len(), 1);
    update(&mut model, Msg::Terminal(Step::Above(false)), NOW);
    assert!(terminal(&model).above.is_none());
}

#[test]
fn nothing_is_typed_into_one_that_has_ended() {
    let (mut model, _) = model(Phase::Up);
    whole(&mut model, &["one"]);
    see(&mut model, News::End("The session has ended.".to_owned()));
    assert_eq!(sent(&press(&mut model, &["x"])), [""; 0]);
    assert_eq!(shown(&model), ["one"]);
}

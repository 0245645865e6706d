use wire::HolderKind;

use super::*;
use crate::{
    model::{Msg, Surroundings, update::update},
    sample::{self, NOW},
};

fn looked_at(session: Option<Session>) -> TalkView {
    let mut model = Model::new(Surroundings::default());
    model.homes = vec!["/home/ada".to_owned()];
    model.live.sessions = session.into_iter().collect();
    model.recent.sessions = Some(vec![sample::recent(1)]);
    let live = model.live.sessions.first();
    let id = live.map_or(sample::recent(1).session_id, |one| {
        one.session_id.clone().unwrap()
    });
    update(&mut model, Msg::Open(id), NOW);
    talk(&model).unwrap()
}

#[test]
fn who_can_be_talked_to_is_told_and_what_else_can_be_done() {
    let held = looked_at(Some(Session {
        holder: Some(HolderKind::Stdio),
        ..sample::session(7)
    }));
    assert_eq!(
        (held.closed, held.heading.as_str()),
        (None, "Parse nested lists")
    );
    assert_eq!(
        (held.folder.as_str(), held.project.as_str()),
        ("~/work/", "parser")
    );
    let foreign = |tmux: Option<&str>| {
        let view = looked_at(Some(Session {
            tmux: tmux.map(str::to_owned),
            ..sample::session(7)
        }));
        let closed = view.closed.unwrap();
        (closed.attach, closed.free)
    };
    assert_eq!(foreign(None), (String::new(), false));
    assert_eq!(
        foreign(Some("work:@1.%2")),
        ("tmux attach -t '=work'".to_owned(), false)
    );
    let ended = looked_at(None);
    assert_eq!(
        (ended.heading.as_str(), ended.badge),
        ("Fix the lexer", ENDED)
    );
    assert!(ended.closed.unwrap().free);
}

#[test]
fn the_present_model_can_be_chosen_though_nobody_lists_it() {
    let words = |now| {
        let all = choices(&MODELS, now).into_iter();
        all.map(|one| format!("{}{}", one.word, if one.chosen { "!" } else { "" }))
            .collect::<Vec<_>>()
    };
    assert_eq!(words(None), ["Default model!", "Opus", "Sonnet", "Haiku"]);
    assert_eq!(words(Some("opus")), ["Opus!", "Sonnet", "Haiku"]);
    assert_eq!(
        words(Some("claude-x")),
        ["claude-x!", "Opus", "Sonnet", "Haiku"]
    );
}

#[test]
fn the_time_of_day_is_the_persons() {
    assert_eq!(clock(NOW, 0), "14:13");
    assert_eq!(clock(NOW, -15 * 60), "23:13");
    assert_eq!(clock(0, -60), "00:00");
}

#[test]
fn only_the_end_of_a_thought_is_shown_while_it_is_thought() {
    assert_eq!(tail("short"), "short");
    assert_eq!(tail(&"å".repeat(5000)).chars().count(), TAIL + 1);
}

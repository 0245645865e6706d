//! Trees that stand still and go on again.

use session_core::{id::ProcessKey, process::RunState};

use super::{
    LONG, play,
    rig::{Rig, text},
};
use crate::test_session::register;

#[test]
fn a_tree_stands_still_and_goes_on_and_nothing_else_does() {
    play(
        "pause::a_tree_stands_still_and_goes_on_and_nothing_else_does",
        |rig| {
            let first = rig.session(
                r#"leaf child; setsid sh -c 'echo $$ >"$D/leader"; (sh "$LEAF" strayed &); exec sleep 600' &
                   sh -c 'echo $$ >"$D/second"; sh "$LEAF" its & wait' &
                   here first; exec sleep 600"#,
            );
            let names = ["first", "child", "leader", "strayed", "second", "its"];
            let [_, child, leader, strayed, second, its] = rig.all_named(names);
            register(&rig.home, second, "");
            let bystander = rig.run("exec sleep 600").key;
            let tree = [first.key, child, leader, strayed];
            let others = [second, its, bystander];

            let paused = signal(rig, "pause", first.key);
            assert_eq!(paused["processes"], tree.len(), "{paused}");
            assert!(tree.iter().all(|key| state(rig, *key) == RunState::Stopped));
            assert!(others.iter().all(|key| rig.is_untouched(*key)));

            let gone_on = signal(rig, "continue", first.key);
            assert_eq!(gone_on["processes"], tree.len(), "{gone_on}");
            assert!(tree.iter().all(|key| state(rig, *key) == RunState::Alive));
            assert!(others.iter().all(|key| rig.is_untouched(*key)));

            // One that stands still ends as any other.
            signal(rig, "pause", first.key);
            rig.kill(first.key, LONG);
            rig.expect_left(&others);
        },
    );
}

fn signal(rig: &Rig, verb: &str, key: ProcessKey) -> serde_json::Value {
    let body = format!(r#"{{"key":"{}"}}"#, text(key));
    let answer = rig.ask("POST", &format!("/sessions/{}/{verb}", key.pid), &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let signalled = answer.json();
    assert_eq!(signalled["outcome"], "done", "{signalled}");
    signalled
}

fn state(rig: &Rig, key: ProcessKey) -> RunState {
    let stat = rig.proc.stat(key.pid).unwrap();
    assert_eq!(stat.key, key);
    stat.run_state
}

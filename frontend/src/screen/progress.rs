//! How far a deed has come, in a few words.

use wire::{Act, Acting, ActingStep, ProcessKey};

use crate::model::{
    Model,
    doing::Deed,
    toast::{Toast, Tone},
};

/// Returns the words for what is being done to a process, `None` for nothing.
pub(crate) fn progress(model: &Model, key: ProcessKey) -> Option<String> {
    let acting = model.live.acting.iter().find(|one| one.key == key);
    if let Some(acting) = acting {
        return Some(step(acting));
    }
    let doing = model.doing.get(&key)?;
    Some(
        match doing.deed {
            Deed::Kill | Deed::Reap => "Ending…",
            Deed::Interrupt => "Interrupting…",
            Deed::Pause => "Pausing…",
            Deed::Continue => "Continuing…",
        }
        .to_owned(),
    )
}

/// Whether that is its end.
pub(crate) fn is_ending(model: &Model, key: ProcessKey) -> bool {
    let told = model.live.acting.iter().find(|one| one.key == key);
    let asked = || model.doing.get(&key).map(|doing| doing.deed.act());
    told.map(|acting| acting.act).or_else(asked) == Some(Act::Kill)
}

fn step(acting: &Acting) -> String {
    let word = match (acting.act, acting.step) {
        (Act::Kill, ActingStep::Grace) => "Ending",
        (Act::Kill, ActingStep::Rest) => "Ending the rest",
        (Act::Kill, ActingStep::Killing) => "Killing",
        (Act::Kill, ActingStep::Unknown) => "Ending",
        (Act::Interrupt, _) => "Interrupting",
        (Act::Pause, _) => "Pausing",
        (Act::Continue, _) => "Continuing",
        (Act::Unknown, _) => "Something is done to it",
    };
    match (acting.act, acting.alive, acting.total) {
        (Act::Kill, alive, total @ 2..) => format!("{word} · {alive} of {total} left"),
        (_, _, _) => format!("{word}…"),
    }
}

/// What goes on after a session has left the list: its tree may end later than itself.
pub(crate) fn unseen(model: &Model) -> Vec<(u32, Toast)> {
    let listed = |key| model.live.find(key).is_some() || model.orphans.find(key).is_some();
    let unseen = model.live.acting.iter().filter(|one| !listed(one.key));
    unseen
        .map(|acting| {
            // No toast of the model has such a number: those count up from 1.
            let id = u32::MAX - acting.key.pid.get();
            let name = model.doing.get(&acting.key).map_or_else(
                || format!("process {}", acting.key.pid),
                |doing| format!("“{}”", doing.name),
            );
            let toast = Toast {
                id,
                tone: Tone::Busy,
                text: format!("{} ({name})", step(acting)),
                lines: Vec::new(),
            };
            (id, toast)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Surroundings, doing::Doing},
        sample::{self, NOW},
    };

    fn acting(pid: u32, act: Act, step: ActingStep, alive: u32, total: u32) -> Acting {
        Acting {
            key: sample::key(pid),
            act,
            step,
            alive,
            total,
            since: NOW,
        }
    }

    #[test]
    fn each_step_has_its_words() {
        let check = |act, at, alive, total, words: &str| {
            assert_eq!(step(&acting(7, act, at, alive, total)), words);
        };
        check(Act::Kill, ActingStep::Grace, 3, 7, "Ending · 3 of 7 left");
        check(
            Act::Kill,
            ActingStep::Rest,
            2,
            7,
            "Ending the rest · 2 of 7 left",
        );
        check(
            Act::Kill,
            ActingStep::Killing,
            1,
            7,
            "Killing · 1 of 7 left",
        );
        check(Act::Kill, ActingStep::Killing, 1, 1, "Killing…");
        check(Act::Pause, ActingStep::Unknown, 7, 7, "Pausing…");
    }

    #[test]
    fn the_feed_knows_better_than_the_question_and_tells_what_has_no_row() {
        let mut model = Model::new(Surroundings::default());
        let key = sample::key(7);
        assert_eq!(progress(&model, key), None);
        let doing = Doing {
            deed: Deed::Kill,
            name: "Parse".to_owned(),
        };
        model.doing.insert(key, doing);
        assert_eq!(progress(&model, key).as_deref(), Some("Ending…"));
        model.live.sessions = vec![sample::session(7)];
        model.live.acting = vec![acting(7, Act::Kill, ActingStep::Grace, 3, 7)];
        let words = progress(&model, key);
        assert_eq!(words.as_deref(), Some("Ending · 3 of 7 left"));
        assert_eq!(unseen(&model), []);
        model.live.sessions.clear();
        let unseen = unseen(&model);
        let [(_, toast)] = unseen.as_slice() else {
            panic!("{unseen:?}");
        };
        assert_eq!(toast.text, "Ending · 3 of 7 left (“Parse”)");
    }
}

//! What came of ending and of resuming a session, in words.

use wire::{KillOutcome, Killed, ProcessKey, Resumed, SessionId};

use crate::{
    measure,
    model::{Effect, Model, answer::Trouble, pace::look_again, recent::Resume},
};

pub(super) fn killed(
    model: &mut Model,
    key: ProcessKey,
    answer: Result<Killed, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let name = model
        .ending
        .remove(&key)
        .unwrap_or_else(|| key.pid.to_string());
    let mut effects = match answer {
        Ok(killed) => {
            let took = measure::age(killed.took_ms.div_ceil(1000));
            match killed.outcome {
                KillOutcome::Exited => model.toasts.good(format!("“{name}” has ended by itself ({took}).")),
                KillOutcome::Killed => {
                    model.toasts.good(format!("“{name}” did not end by itself and was killed after {took}."))
                }
                KillOutcome::AlreadyGone => model.toasts.good(format!("“{name}” had already ended.")),
                KillOutcome::StillRunning => model.toasts.bad(format!(
                    "“{name}” (process {}) is still running although it was killed: it sleeps in the kernel and ends \
                     when that lets go of it.",
                    key.pid
                )),
                KillOutcome::Unknown => model.toasts.bad(format!(
                    "“{name}”: the server says an outcome that this page does not know. Look at the list."
                )),
            }
        }
        Err(trouble) => model
            .toasts
            .bad(format!("“{name}” was not ended. {}", trouble.sentence())),
    };
    effects.extend(look_again(model, now));
    effects
}

pub(super) fn resumed(
    model: &mut Model,
    id: SessionId,
    answer: Result<Resumed, Trouble>,
    now: u64,
) -> Vec<Effect> {
    match answer {
        Ok(resumed) => {
            let mut effects = model
                .toasts
                .good(format!("Resumed as process {}.", resumed.pid));
            model.recent.resumes.insert(
                id,
                Resume::Done {
                    resumed,
                    listed: false,
                },
            );
            effects.extend(look_again(model, now));
            effects
        }
        Err(trouble) => {
            let sentence = trouble.sentence();
            model
                .recent
                .resumes
                .insert(id, Resume::Failed(sentence.clone()));
            model.toasts.bad(format!("Not resumed. {sentence}"))
        }
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn every_outcome_is_told_and_bad_news_stays() {
        let check = |outcome, tone: Tone, part: &str| {
            let mut model = Model::new(Surroundings::default());
            let key = sample::key(7);
            model.ending.insert(key, "Parse".to_owned());
            let killed = Killed {
                ok: true,
                pid: key.pid,
                key,
                outcome,
                took_ms: 1700,
                processes: Vec::new(),
                spared: Vec::new(),
                unproven: Vec::new(),
                note: None,
            };
            let effects = update(
                &mut model,
                Msg::Answered(Answered::Kill(key, Ok(killed))),
                NOW,
            );
            let [
                Toast {
                    tone: told, text, ..
                },
            ] = model.toasts.shown.as_slice()
            else {
                panic!("{:?}", model.toasts);
            };
            assert!(*told == tone && text.contains(part), "{text}");
            let leaves = effects
                .iter()
                .any(|effect| matches!(effect, Effect::Expire(..)));
            assert_eq!(leaves, tone == Tone::Good);
            assert!(effects.contains(&Effect::Call(Call::Live(1))));
            assert!(!model.ending.contains(&key));
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
}

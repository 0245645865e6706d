//! What came of ending, pausing and resuming a session, in words.

use wire::{
    Act, Code, ErrorBody, KillOutcome, Killed, ProcessKey, Resumed, SessionId, SignalOutcome,
    Signalled, SpareReason, TreeProcess,
};

use crate::{
    measure,
    model::{
        Effect, Model,
        answer::Trouble,
        doing::{Deed, Doing},
        pace::look_again,
        recent::Resume,
    },
    text,
};

pub(super) fn killed(
    model: &mut Model,
    key: ProcessKey,
    answer: Result<Killed, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let (name, _) = done(model, key);
    let mut effects = match answer {
        Ok(killed) => {
            let text = format!("“{name}” {}", verdict(&killed));
            match (is_well(&killed), &killed.note) {
                (false, _) => model.toasts.bad_in_detail(text, lines(&killed)),
                (true, Some(_)) => model.toasts.lasting(text),
                (true, None) => model.toasts.good(text),
            }
        }
        Err(trouble) => model
            .toasts
            .bad(format!("“{name}” was not ended. {}", trouble.sentence())),
    };
    effects.extend(look_again(model, now));
    effects
}

pub(super) fn signalled(
    model: &mut Model,
    key: ProcessKey,
    answer: Result<Signalled, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let (name, deed) = done(model, key);
    let mut effects = match answer {
        Ok(signalled) => {
            let text = format!("“{name}” {}", reaction(&signalled));
            match (signalled.outcome, &signalled.note) {
                (SignalOutcome::Undone | SignalOutcome::Unknown, _) => model.toasts.bad(text),
                (_, Some(_)) => model.toasts.lasting(text),
                (_, None) => model.toasts.good(text),
            }
        }
        Err(trouble) => {
            let what = match deed {
                Deed::Continue => "continued",
                Deed::Pause | Deed::Kill | Deed::Interrupt | Deed::Reap => "paused",
            };
            let sentence = trouble.sentence();
            model
                .toasts
                .bad(format!("“{name}” was not {what}. {sentence}"))
        }
    };
    effects.extend(look_again(model, now));
    effects
}

/// What was asked has been answered; returns what its target was called.
fn done(model: &mut Model, key: ProcessKey) -> (String, Deed) {
    match model.doing.remove(&key) {
        Some(Doing { deed, name }) => (name, deed),
        None => (key.pid.to_string(), Deed::Kill),
    }
}

fn is_well(killed: &Killed) -> bool {
    let known = !matches!(
        killed.outcome,
        KillOutcome::StillRunning | KillOutcome::Unknown
    );
    killed.ok && known
}

/// What came of a kill, as it follows a session's name.
pub(crate) fn verdict(killed: &Killed) -> String {
    let took = measure::age(killed.took_ms.div_ceil(1000));
    let mut verdict = match killed.outcome {
        KillOutcome::Exited => format!("has ended by itself ({took})."),
        KillOutcome::Killed => format!("did not end by itself and was killed after {took}."),
        KillOutcome::AlreadyGone => "had already ended.".to_owned(),
        KillOutcome::StillRunning => format!(
            "(process {}) is still running although it was killed: it sleeps in the kernel and ends when that lets go of it.",
            killed.pid
        ),
        KillOutcome::Unknown => {
            "came to something that this page does not know. Look at the list.".to_owned()
        }
    };
    for more in [
        company(killed),
        alone(killed),
        killed.note.as_deref().map(text::line).unwrap_or_default(),
    ] {
        if !more.is_empty() {
            verdict.push(' ');
            verdict.push_str(&more);
        }
    }
    verdict
}

/// How the processes below the session ended, empty where there were none.
fn company(killed: &Killed) -> String {
    let below = killed.processes.iter().filter(|one| one.key != killed.key);
    let outcomes: Vec<KillOutcome> = below.filter_map(|one| one.outcome).collect();
    let (mut ended, mut by_force, mut left) = (0, 0, 0);
    for outcome in &outcomes {
        match outcome {
            KillOutcome::Exited | KillOutcome::AlreadyGone => ended += 1,
            KillOutcome::Killed => by_force += 1,
            KillOutcome::StillRunning | KillOutcome::Unknown => left += 1,
        }
    }
    let many = |count: usize, words: &str| (count > 0).then(|| format!("{count} {words}"));
    let all = outcomes.len();
    if all == ended {
        let whole = (all > 0)
            .then(|| measure::count(all, "process ended with it", "processes ended with it"));
        return sentence(&[whole]);
    }
    let parts = sentence(&[
        many(ended, "ended"),
        many(by_force, "had to be killed"),
        many(left, "still running"),
    ]);
    let all = measure::count(all, "process", "processes");
    format!("Of {all} below it: {parts}")
}

/// What was left alone.
fn alone(killed: &Killed) -> String {
    let many = |count, one: &str, many: &str| (count > 0).then(|| measure::count(count, one, many));
    sentence(&[
        many(killed.spared.len(), "was spared", "were spared"),
        many(
            killed.unproven.len(),
            "without a proof was left alone",
            "without a proof were left alone",
        ),
    ])
}

fn sentence(parts: &[Option<String>]) -> String {
    let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
    match parts.as_slice() {
        [] => String::new(),
        parts => format!("{}.", parts.join(", ")),
    }
}

/// Each process that did not end by itself, and what was spared.
fn lines(killed: &Killed) -> Vec<String> {
    let stubborn = |one: &&TreeProcess| one.outcome != Some(KillOutcome::Exited);
    let processes = killed.processes.iter().filter(stubborn).map(|one| {
        let what = one.outcome.map_or("not known", end);
        format!(
            "{} (process {}): {what}",
            text::line(&one.command),
            one.key.pid
        )
    });
    let spared = killed.spared.iter().map(|one| {
        let (command, why) = (text::line(&one.command), spare(one.reason));
        format!("{command} (process {}): spared, {why}", one.key.pid)
    });
    processes.chain(spared).collect()
}

/// How a process ended, in a few words.
pub(crate) fn end(outcome: KillOutcome) -> &'static str {
    match outcome {
        KillOutcome::Exited => "ended by itself",
        KillOutcome::Killed => "killed",
        KillOutcome::AlreadyGone => "had already ended",
        KillOutcome::StillRunning => "still running",
        KillOutcome::Unknown => "came to something that this page does not know",
    }
}

/// Why a process is left alone.
pub(crate) fn spare(reason: SpareReason) -> &'static str {
    match reason {
        SpareReason::OtherSession => "a Claude Code session of its own",
        SpareReason::TerminalServer => "a server of terminals (tmux, screen) that others may use",
        SpareReason::OtherUser => "another user's process",
        SpareReason::Protected => "this server, or what it runs in",
        SpareReason::Unknown => "for a reason that this page does not know",
    }
}

/// What came of a signal, as it follows a session's name.
pub(crate) fn reaction(signalled: &Signalled) -> String {
    let processes = usize::try_from(signalled.processes).unwrap_or(usize::MAX);
    let processes = measure::count(processes, "process", "processes");
    let mut words = match (signalled.outcome, signalled.act) {
        (SignalOutcome::Done, Act::Pause) => format!("stands still ({processes})."),
        (SignalOutcome::Done, Act::Continue) => format!("goes on ({processes})."),
        (SignalOutcome::Done, Act::Interrupt) if signalled.processes == 0 => {
            "ends its turn and goes on.".to_owned()
        }
        (SignalOutcome::Done, Act::Interrupt | Act::Kill | Act::Unknown) => {
            "took the signal and goes on.".to_owned()
        }
        (SignalOutcome::Ended, _) => "took the signal.".to_owned(),
        (SignalOutcome::AlreadyGone, _) => "had already ended.".to_owned(),
        (SignalOutcome::Undone, _) => "is as it was before.".to_owned(),
        (SignalOutcome::Unknown, _) => {
            "came to something that this page does not know. Look at the list.".to_owned()
        }
    };
    let note = signalled.note.as_deref().map(text::line);
    let ended = (signalled.outcome == SignalOutcome::Ended).then(|| "It has ended.".to_owned());
    if let Some(more) = note.or(ended) {
        words.push(' ');
        words.push_str(&more);
    }
    words
}

pub(super) fn resumed(
    model: &mut Model,
    id: SessionId,
    answer: Result<Resumed, Trouble>,
    now: u64,
) -> Vec<Effect> {
    match answer {
        Ok(resumed) => {
            let what = if resumed.session_id == id {
                "Resumed"
            } else {
                "Forked: the new conversation runs"
            };
            let mut effects = model
                .toasts
                .good(format!("{what} as process {}.", resumed.pid));
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
            let failed = Resume::Failed {
                sentence: sentence.clone(),
                live: open_elsewhere(trouble),
            };
            model.recent.resumes.insert(id, failed);
            model.toasts.bad(format!("Not resumed. {sentence}"))
        }
    }
}

pub(super) fn open_elsewhere(trouble: Trouble) -> Option<Box<ErrorBody>> {
    match trouble {
        Trouble::Refused(body) if body.code == Code::Live => Some(body),
        Trouble::Refused(_) | Trouble::Unreachable(_) | Trouble::Unreadable => None,
    }
}

#[cfg(test)]
mod tests;

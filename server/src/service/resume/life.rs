//! Whether what was started in a terminal has become a session that lives.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use session_core::{id::SessionId, inventory::Session, verdict::State};

use super::{
    super::{Inner, ServiceError},
    Fork,
};

/// A session that dies does so within this time: no such conversation, no key, a broken installation.
const PROBATION: Duration = Duration::from_secs(2);
/// After this time a session without a registry file is at a dialog, or of a version that writes none.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
pub(super) const STEP: Duration = Duration::from_millis(100);

/// A terminal in which Claude Code was started.
pub(in crate::service) trait Window {
    /// The process that was started in it.
    fn pid(&self) -> u32;
    fn has_ended(&self) -> bool;
    /// What is on it, empty where that is not known.
    fn screen(&self) -> String;
    /// The command that shows it.
    fn attach(&self) -> String;
}

impl Inner {
    /// Waits until the session is known to live, or tells why it does not.
    pub(in crate::service) fn await_life(
        &self,
        window: &impl Window,
        id: &SessionId,
        fork: Fork,
        begun: Instant,
    ) -> Result<(Session, Option<String>), ServiceError> {
        loop {
            sleep(STEP);
            if window.has_ended() {
                let screen = window.screen();
                return Err(ServiceError::fault(
                    format!(
                        "Claude Code ended as soon as it was started{}",
                        last_words(&screen)
                    ),
                    "the program in the terminal has ended",
                ));
            }
            if begun.elapsed() < PROBATION {
                continue;
            }
            let sessions = self.look()?.sample.sessions();
            // npm's wrapper may stand between the terminal and the session.
            let inside = |session: &Session| {
                self.observer
                    .proc()
                    .lineage(session.key().pid)
                    .contains(&window.pid())
            };
            let Some(session) = sessions.into_iter().find(inside) else {
                if begun.elapsed() < PATIENCE {
                    continue;
                }
                return Err(ServiceError::fault(
                    format!(
                        "No Claude Code process came up in the terminal{}",
                        last_words(&window.screen())
                    ),
                    "no session below the terminal's process",
                ));
            };
            if fork.has_come(session.session_id(), id) {
                let state = session.plain_verdict().state;
                // It has registered before it can be talked to.
                if state == State::Starting && begun.elapsed() < PATIENCE {
                    continue;
                }
                return Ok((session, is_asking(state).then(|| asks(window))));
            }
            if begun.elapsed() < PATIENCE {
                continue;
            }
            return match session.session_id() {
                None if is_asking(session.plain_verdict().state) => {
                    Ok((session, Some(asks(window))))
                }
                None => Ok((session, Some(silent(window)))),
                Some(other) => Err(ServiceError::fault(
                    match fork {
                        Fork::Same => format!("Claude Code opened another conversation, {other}"),
                        Fork::Copy => "Claude Code opened the conversation itself and no copy; it may be too old for that".to_owned(),
                    },
                    "the session below the terminal's process has another id than was asked for",
                )),
            };
        }
    }
}

/// What a program said before it ended, short enough for a sentence; empty where it said nothing.
fn last_words(screen: &str) -> String {
    let lines = screen
        .lines()
        // tmux's own words, below the program's.
        .filter(|line| !line.starts_with("Pane is dead"));
    let words: Vec<_> = lines.take(3).flat_map(str::split_whitespace).collect();
    let words: String = words.join(" ").chars().take(200).collect();
    if words.is_empty() {
        words
    } else {
        format!(" and said: {words:?}")
    }
}

fn asks(window: &impl Window) -> String {
    format!(
        "Claude Code asks for something before it goes on; answer it with `{}`.",
        window.attach()
    )
}

fn silent(window: &impl Window) -> String {
    format!(
        "Claude Code runs, but has not registered its session yet; look at it with `{}`.",
        window.attach()
    )
}

fn is_asking(state: State) -> bool {
    match state {
        State::WaitingPermission | State::WaitingInput | State::WaitingDialog | State::Starting => {
            true
        }
        State::Working | State::Idle | State::Shell | State::Stopped | State::Unknown => false,
    }
}

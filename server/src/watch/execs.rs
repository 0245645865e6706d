//! When the kernel's word for every program is asked for, listened to, and done without.
//!
//! On a machine that starts hundreds of programs a second, hearing of each costs more than listing what runs. So listening
//! rests after each word, as long as the sweep would, and where that makes the kernel lose words, the sweep does it alone.

use std::{
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::event::epoll::{self, EventData, EventFlags};

use super::connector::{Connector, Heard};

#[derive(Debug)]
pub(super) enum Execs {
    /// They are told. While `rest_until` is set, what comes is left for later.
    Told {
        connector: Connector,
        rest_until: Option<Instant>,
    },
    /// They are not, and may be asked for again.
    Untold { ask_at: Option<Instant> },
}

/// What follows for whoever looks for new processes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// From now on all are told.
    Begun,
    /// These run another program.
    Executed(Vec<u32>),
    /// From now on they are not told, and some were missed.
    Ended,
}

/// Until it is tried again, after more was told than we may listen to.
const PAUSE: Duration = Duration::from_secs(60);

impl Execs {
    pub(super) fn untold() -> Self {
        Self::Untold { ask_at: None }
    }

    pub(super) fn asked_for(now: Instant) -> Self {
        Self::Untold { ask_at: Some(now) }
    }

    pub(super) fn are_told(&self) -> bool {
        matches!(self, Self::Told { connector, .. } if connector.has_answered())
    }

    /// When to call `tend` at the latest.
    pub(super) fn tend_at(&self) -> Option<Instant> {
        match self {
            Self::Told { rest_until, .. } => *rest_until,
            // The sweep comes often enough.
            Self::Untold { .. } => None,
        }
    }

    /// Does what is due: asks, listens again, or gives up.
    pub(super) fn tend(&mut self, pid_namespace: &str, epoll: &OwnedFd, token: u64, now: Instant) {
        let data = EventData::new_u64(token);
        match self {
            Self::Told { connector, .. } if connector.is_mute(now) => *self = Self::untold(),
            Self::Told {
                connector,
                rest_until,
            } => {
                if rest_until.is_some_and(|until| until <= now) {
                    *rest_until = None;
                    epoll::modify(epoll, connector, data, LISTEN).ok();
                }
            }
            Self::Untold { ask_at: Some(at) } if *at <= now => {
                *self = match Connector::ask(pid_namespace, now) {
                    Some(connector) if epoll::add(epoll, &connector, data, LISTEN).is_ok() => {
                        Self::Told {
                            connector,
                            rest_until: None,
                        }
                    }
                    Some(_) | None => Self::untold(),
                }
            }
            Self::Untold { .. } => {}
        }
    }

    /// Takes what is ready.
    pub(super) fn hear(&mut self, now: Instant) -> Option<Told> {
        let Self::Told { connector, .. } = self else {
            return None;
        };
        let had_answered = connector.has_answered();
        match connector.hear() {
            Heard::Executed(_) if connector.has_answered() != had_answered => Some(Told::Begun),
            Heard::Executed(pids) => Some(Told::Executed(pids)),
            Heard::TooMuch => {
                *self = Self::Untold {
                    ask_at: Some(now + PAUSE),
                };
                Some(Told::Ended)
            }
        }
    }

    /// Listens to nothing for that long.
    pub(super) fn rest(&mut self, until: Instant) {
        if let Self::Told { rest_until, .. } = self {
            *rest_until = Some(until);
        }
    }
}

/// Once, until it is asked for again.
const LISTEN: EventFlags = EventFlags::IN.union(EventFlags::ONESHOT);

//! Which pane of tmux a session runs in, and the proof of it.
//!
//! What the registry and the environment say is a hint. Proof is what the kernel says of the process (who started it, which terminal
//! it has, whether it is in the foreground) where it agrees with what tmux says of its panes; and it is given anew for each key.

pub(super) mod server;
pub(super) mod tty;

use std::{path::PathBuf, time::Duration};

use nix::unistd::Uid;
use session_core::{
    id::{ProcessKey, SessionId},
    inventory::Session,
    process::RunState,
};
use wire::{Code, HolderKind};

use self::server::TmuxServer;
use super::{Inner, ServiceError};
use crate::{
    act::tmux::{
        Tmux, TmuxError,
        pane::{NamedKey, Pane, PaneState, Turn},
    },
    hold::screen::Run,
    observe::{Home, Look},
    present,
    typing::{
        Key, Keyboard, Refusal,
        record::{Doing, Registered},
    },
};

/// Whoever types has done within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// A session that runs in a pane of our own user's tmux.
#[derive(Clone, Debug)]
pub(super) struct InPane {
    pub(super) key: wire::ProcessKey,
    pub(super) session_id: wire::SessionId,
    pub(super) cwd: Option<String>,
    process: ProcessKey,
    config_dir: PathBuf,
}

/// Where a session was found this time.
struct Place {
    tmux: Tmux,
    pane: Pane,
}

/// A session's terminal in tmux, by whose keys it is talked to.
pub(super) struct PaneKeyboard<'a> {
    inner: &'a Inner,
    process: ProcessKey,
    registered: Registered,
}

pub(super) const GONE: Refusal = Refusal::new(
    Code::Ended,
    "The session has ended; start it again with resume.",
);
const NOT_IN_TMUX: Refusal = Refusal::new(
    Code::NotHeld,
    "The session is not in a pane of your tmux any more; go on in its terminal.",
);
const NOT_IN_FRONT: Refusal = Refusal::new(
    Code::Busy,
    "The session does not have its terminal at the moment: it stands still, or another program is in the foreground; bring it back with fg, or continue it.",
);
const SYNCHRONIZED: Refusal = Refusal::new(
    Code::Busy,
    "What is typed there goes to other panes as well; turn synchronize-panes off.",
);
const CLOSED: Refusal = Refusal::new(
    Code::Busy,
    "Its pane takes no keys; turn that off with `tmux select-pane -e`.",
);
const OTHERS_TURN: Refusal = Refusal::new(
    Code::Busy,
    "Somebody else is typing there; try again in a moment.",
);

impl Inner {
    /// How a session of nobody's holding can be driven: `Some` where the kernel says that our own user's tmux has it. Asks
    /// no tmux, and looks only where the registry says that there may be one.
    pub(super) fn holder_of_others(&self, session: &Session) -> Option<HolderKind> {
        // Without a record nothing tells what it does, and nothing is typed.
        session.record.as_ref()?;
        self.is_in_our_tmux(session).then_some(HolderKind::Tmux)
    }

    /// What is needed to type to a session, `None` where it is not in our own user's tmux, or no registry names it: then nothing
    /// tells what it does.
    pub(super) fn in_pane(&self, session: &Session, look: &Look) -> Option<InPane> {
        if !self.is_in_our_tmux(session) {
            return None;
        }
        let home = session.record.as_ref().map(|record| record.home);
        let home = home.and_then(|home| look.homes.get(home));
        InPane::of(session, session.session_id()?, home?)
    }

    fn is_in_our_tmux(&self, session: &Session) -> bool {
        let us = Uid::effective().as_raw();
        let proc = self.observer.proc();
        let server = || TmuxServer::of(proc, session.key().pid);
        session.process.uid == us
            && server()
                .is_some_and(|server| server.is_in_pane && proc.owner(server.pid()) == Some(us))
    }

    pub(super) fn keyboard(&self, session: &InPane) -> PaneKeyboard<'_> {
        PaneKeyboard {
            inner: self,
            process: session.process,
            registered: Registered::new(Some(session.config_dir.clone()), session.key),
        }
    }

    /// Finds the pane of a process, if that can be proved at this moment.
    fn place(&self, process: ProcessKey) -> Result<Place, Refusal> {
        let proc = self.observer.proc();
        let server = TmuxServer::of(proc, process.pid).ok_or(NOT_IN_TMUX)?;
        let stat = proc.stat(process.pid);
        let stat = stat.filter(|stat| stat.key == process && !stat.is_dead());
        let stat = stat.ok_or(GONE)?;
        let tty = tty::path(stat.terminal).ok_or(NOT_IN_TMUX)?;
        if stat.run_state == RunState::Stopped || stat.is_in_background() {
            return Err(NOT_IN_FRONT);
        }
        let no_tmux = Refusal {
            code: Code::NoTmux,
            sentence: ServiceError::NoTmux.to_string().into(),
        };
        let tmux = Tmux {
            program: self.tools().tmux().ok_or(no_tmux)?,
            socket: Some(server.path().into()),
            user: None,
            way_out: None,
            open_files: None,
        };
        let pane = tmux.pane_at(&tty);
        let pane = pane.map_err(unanswered)?.ok_or(NOT_IN_TMUX)?;
        // Another server may listen there by now.
        if (pane.server, pane.pid) != (server.pid(), server.pane) {
            return Err(NOT_IN_TMUX);
        }
        match pane.state {
            PaneState::Open => Ok(Place { tmux, pane }),
            PaneState::Dead => Err(GONE),
            PaneState::Synchronized => Err(SYNCHRONIZED),
            PaneState::Closed => Err(CLOSED),
        }
    }
}

impl InPane {
    /// A session that has this conversation open, or is about to, in this home.
    pub(super) fn of(session: &Session, id: &SessionId, home: &Home) -> Option<Self> {
        Some(Self {
            key: present::key(session.key())?,
            session_id: present::session_id(id),
            cwd: session.cwd().map(str::to_owned),
            process: session.key(),
            config_dir: home.config_dir.clone(),
        })
    }
}

impl Keyboard for PaneKeyboard<'_> {
    fn doing(&self) -> Doing {
        self.registered.doing()
    }

    fn rows(&self) -> Result<Vec<Vec<Run>>, Refusal> {
        let Place { tmux, pane } = self.inner.place(self.process)?;
        tmux.rows(&pane).map_err(unanswered)
    }

    fn press(&self, key: Key<'_>) -> Result<(), Refusal> {
        let Place { tmux, pane } = self.inner.place(self.process)?;
        let typed = match key {
            Key::Paste(text) => tmux.paste(&pane, text.as_str()),
            Key::Enter => tmux.press(&pane, NamedKey::Enter),
            Key::Escape => tmux.press(&pane, NamedKey::Escape),
            Key::ShiftTab => tmux.press(&pane, NamedKey::ShiftTab),
        };
        typed.map_err(unanswered)
    }
}

impl PaneKeyboard<'_> {
    /// Waits until nobody else types there: two messages are not mixed, whoever types them.
    pub(super) fn turn(&self) -> Result<Turn, Refusal> {
        let stat = self.inner.observer.proc().stat(self.process.pid);
        let stat = stat.filter(|stat| stat.key == self.process);
        let terminal = stat.ok_or(GONE)?.terminal;
        let path = tty::path(terminal).ok_or(NOT_IN_TMUX)?;
        let turn = Turn::take(&path, tty::device(terminal), PATIENCE).map_err(|error| {
            tracing::warn!(%error, "a session's terminal can't be opened");
            NOT_IN_TMUX
        })?;
        turn.ok_or(OTHERS_TURN)
    }

    pub(super) fn is_alive(&self) -> bool {
        let proc = self.inner.observer.proc();
        proc.running(self.process.pid) == Some(self.process)
    }

    /// Whether a message of this name was typed here before.
    pub(super) fn has_said(&self, name: &str) -> Result<bool, Refusal> {
        let Place { pane, .. } = self.inner.place(self.process)?;
        Ok(pane.remembered.iter().any(|said| said == name))
    }

    pub(super) fn remember(&self, name: &str) -> Result<(), Refusal> {
        let Place { tmux, pane } = self.inner.place(self.process)?;
        tmux.remember(&pane, name).map_err(unanswered)
    }
}

fn unanswered(error: TmuxError) -> Refusal {
    tracing::warn!(%error, "tmux");
    let sentence =
        "tmux does not do what it is told to; look at the session with `session-manager attach`.";
    Refusal::new(Code::Unresponsive, sentence)
}

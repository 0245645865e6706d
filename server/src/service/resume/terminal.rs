//! Claude Code started in a terminal of the user's tmux.

use std::{thread::sleep, time::Instant};

use nix::unistd::User;
use session_core::{
    id::{ProcessKey, SessionId},
    inventory::Session,
    process::RunState,
};
use wire::Holder;

use super::{
    super::{Inner, ServiceError},
    Fork,
    command::{open_files, other_user, way_out},
    life::{PATIENCE, STEP, Window},
};
use crate::{
    act::tmux::{
        Tmux, TmuxError,
        launch::{Launch, Launched},
    },
    observe::tools::Tools,
};

/// A session that lives in a terminal of its own.
pub(in crate::service) struct InTerminal {
    pub(in crate::service) session: Session,
    pub(in crate::service) holder: Holder,
    /// What the person should know.
    pub(in crate::service) note: Option<String>,
}

/// One in tmux.
struct TmuxWindow<'a> {
    tmux: &'a Tmux,
    launched: &'a Launched,
}

impl Window for TmuxWindow<'_> {
    fn pid(&self) -> u32 {
        self.launched.pid
    }

    fn has_ended(&self) -> bool {
        self.tmux.is_dead(&self.launched.session)
    }

    fn screen(&self) -> String {
        self.tmux.screen(&self.launched.session)
    }

    fn attach(&self) -> String {
        self.tmux.attach_command(&self.launched.session)
    }
}

/// A launch that came to nothing.
pub(in crate::service) struct Failure {
    pub(in crate::service) error: ServiceError,
    /// Whether the program is known to have ended.
    pub(in crate::service) ended: bool,
}

impl Inner {
    /// The tmux of a user, `NoTmux` where there is none.
    pub(in crate::service) fn tmux(
        &self,
        user: &User,
        tools: &Tools,
    ) -> Result<Tmux, ServiceError> {
        Ok(Tmux {
            program: tools.tmux().ok_or(ServiceError::NoTmux)?,
            socket: None,
            user: other_user(user, tools)?,
            way_out: way_out(tools),
            open_files: open_files(self.config.open_files, tools),
        })
    }

    /// Starts the session and waits until it lives.
    pub(in crate::service) fn launch(
        &self,
        tmux: &Tmux,
        launch: &Launch,
        id: &SessionId,
        fork: Fork,
    ) -> Result<InTerminal, Failure> {
        let launched = tmux.start(launch).map_err(|error| Failure {
            error: not_started(error),
            ended: true,
        })?;
        let program = self.observer.proc().stat(launched.pid);
        let window = TmuxWindow {
            tmux,
            launched: &launched,
        };
        let lives = self.await_life(&window, id, fork, Instant::now());
        let (session, note) = lives.map_err(|error| {
            // The terminal may be gone already.
            let closed = tmux.end(&launched.session);
            tracing::debug!(?closed, "the terminal of a session that failed");
            let ended = program.is_none_or(|program| self.await_end(program.key));
            Failure { error, ended }
        })?;
        tmux.let_go(&launched.session).unwrap_or_else(
            |error| tracing::warn!(%error, "the terminal will stay when its session ends"),
        );
        let holder = Holder::Tmux {
            attach: window.attach(),
            session: launched.session,
        };
        Ok(InTerminal {
            session,
            holder,
            note,
        })
    }

    /// Waits for the end of a program whose terminal was closed; false where it goes on.
    fn await_end(&self, program: ProcessKey) -> bool {
        let begun = Instant::now();
        loop {
            let stat = self.observer.proc().stat(program.pid);
            if stat.is_none_or(|stat| stat.key != program || stat.run_state == RunState::Dead) {
                return true;
            }
            if begun.elapsed() >= PATIENCE {
                return false;
            }
            sleep(STEP);
        }
    }
}

/// The name of a terminal.
pub(in crate::service) fn name(id: &SessionId, fork: Fork) -> String {
    let id = id.as_str().get(..8).unwrap_or(id.as_str());
    match fork {
        Fork::Same => format!("claude-{id}"),
        Fork::Copy => format!("claude-{id}-fork"),
    }
}

fn not_started(error: TmuxError) -> ServiceError {
    let what = match error {
        TmuxError::Confined(_) => {
            "systemd could not start a terminal outside of this server's sandbox; run `tmux new-session -d` yourself and try again"
        }
        TmuxError::Run(..) | TmuxError::Refused(_) | TmuxError::Silent => {
            "tmux could not start a session"
        }
    };
    ServiceError::fault(what, error)
}

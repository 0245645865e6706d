//! Where a person can sit down at a session's terminal.

use std::io;

use wire::{Code, Holder, Who};

use super::{Inner, Service, ServiceError};
use crate::hold::client::Client;

/// A way to a session's terminal.
#[derive(Debug)]
pub enum Seat {
    /// We hold it.
    Held(Client),
    /// It is tmux's; this command shows it.
    Tmux { attach: String },
}

impl Service {
    /// Finds the terminal of a session.
    pub async fn seat(&self, who: Who) -> Result<Seat, ServiceError> {
        let Some(held) = self.inner.held.find(&who) else {
            return self.blocking(move |inner| inner.seat(&who)).await;
        };
        match held.holder() {
            Holder::Pty { .. } => {}
            Holder::Stdio {}
            | Holder::Tmux { .. }
            | Holder::Terminal { .. }
            | Holder::Program { .. } => {
                let id = held.now.session_id;
                let sentence = format!(
                    "The session has no terminal; look at its conversation on the page, follow it with `session-manager tail -f {id}` and talk to it with `session-manager send {id}`."
                );
                return Err(ServiceError::told(Code::NotHeld, sentence));
            }
        }
        let gone = |error: io::Error| {
            let is_gone = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
            if is_gone.contains(&error.kind()) {
                // It is on its way out of the list.
                return ServiceError::ended();
            }
            ServiceError::fault("The session's holder can't be reached", error)
        };
        let place = self.inner.held.place(&held.dir).map_err(gone)?;
        let place = place.ok_or_else(|| gone(io::ErrorKind::NotFound.into()))?;
        Client::connect(place).await.map(Seat::Held).map_err(gone)
    }
}

impl Inner {
    /// The terminal of a session that we don't hold.
    fn seat(&self, who: &Who) -> Result<Seat, ServiceError> {
        let look = self.look()?;
        let sessions = look.sample.sessions();
        let session = sessions.iter().find(|session| match who {
            Who::Pid(pid) => session.key().pid == pid.get(),
            Who::Session(id) => session
                .session_id()
                .is_some_and(|it| it.as_str() == id.as_str()),
        });
        let sentence = match session.map(|session| self.holder(session)) {
            Some(Holder::Tmux { attach, .. }) => return Ok(Seat::Tmux { attach }),
            Some(Holder::Terminal { tty }) => format!(
                "The session runs in the terminal {tty}; go on there, or end it there and start it again with `session-manager new --resume <id> --holder pty`."
            ),
            Some(Holder::Program { .. } | Holder::Stdio {} | Holder::Pty { .. }) => {
                "The session belongs to the program that started it and has no terminal; go on there."
                    .to_owned()
            }
            None => {
                let sentence = "The session has ended; go on in it with `session-manager new --resume <id> --holder pty`.";
                return Err(ServiceError::told(Code::Ended, sentence));
            }
        };
        Err(ServiceError::told(Code::NotHeld, sentence))
    }
}

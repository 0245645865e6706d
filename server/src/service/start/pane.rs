//! A session in the user's tmux, from its start to its first message.

use std::{ffi::OsString, time::Duration};

use tokio::{runtime::Handle, time::timeout};
use wire::StartRequest;

use super::{Begun, wanted::Wanted};
use crate::{
    act::tmux::{Tmux, launch::Launch},
    service::{
        Inner, Service, ServiceError,
        pane::{GONE, InPane},
        resume::{
            Fork,
            command::variable,
            terminal::{Failure, InTerminal, name},
        },
    },
    typing::{self, Refusal},
};

/// A first message that is not said yet: the session is not at its prompt.
#[derive(Debug)]
pub(super) struct Unsaid {
    session: InPane,
    text: String,
}

/// A session that has come up is at its prompt within this, or asks something first.
const PROMPT: Duration = Duration::from_secs(5);

/// Between two looks whether the person has answered.
const LOOK: Duration = Duration::from_secs(1);

impl Service {
    /// Says it once the session is at its prompt, for as long as we run.
    pub(super) async fn say_later(self, unsaid: Unsaid) {
        let mut unsaid = Some(unsaid);
        while let Some(Unsaid { session, text }) = unsaid {
            tokio::time::sleep(LOOK).await;
            let said = self.unhurried(move |inner| {
                let waits = inner.say_first(&session, &text, PROMPT);
                Ok(waits.is_none().then_some(Unsaid { session, text }))
            });
            unsaid = said.await.ok().flatten();
        }
    }
}

impl Inner {
    /// Starts the session, waits until it lives, and says the first message.
    pub(super) fn start_in_tmux(
        &self,
        request: &StartRequest,
        wanted: &Wanted,
        tmux: &Tmux,
        argv: Vec<OsString>,
    ) -> Result<Begun, Failure> {
        let launch = Launch {
            session: name(wanted.from.as_ref().unwrap_or(&wanted.id), wanted.fork),
            cwd: wanted.cwd.clone(),
            argv,
            variables: vec![(variable(&wanted.home), wanted.home.dir.clone().into())],
        };
        // It was told which id it is to have, also for a copy.
        let InTerminal {
            session,
            holder,
            mut note,
        } = self.launch(tmux, &launch, &wanted.id, Fork::Same)?;
        let Some(session) = InPane::of(&session, &wanted.id, &wanted.home) else {
            let error = ServiceError::fault("The session's process has no pid", "pid 0");
            let ended = false;
            return Err(Failure { error, ended });
        };
        let key = session.key;
        let mut unsaid = None;
        if let Some(text) = request.prompt.clone() {
            // What asks does so until somebody comes.
            let patience = if note.is_some() {
                Duration::ZERO
            } else {
                PROMPT
            };
            let more = match self.say_first(&session, &text, patience) {
                Some(Ok(())) => None,
                Some(Err(Refusal { sentence, .. })) => {
                    Some(format!("The first message was not said. {sentence}"))
                }
                None => {
                    unsaid = Some(Unsaid { session, text });
                    None
                }
            };
            let notes: Vec<String> = note.into_iter().chain(more).collect();
            note = (!notes.is_empty()).then(|| notes.join(" "));
        }
        Ok(Begun {
            key,
            holder,
            note,
            unsaid,
        })
    }

    /// Says a first message; `None` where the session is not at its prompt within this time.
    fn say_first(
        &self,
        session: &InPane,
        text: &str,
        patience: Duration,
    ) -> Option<Result<(), Refusal>> {
        let keyboard = self.keyboard(session);
        Handle::current().block_on(async {
            let at_prompt = typing::await_prompt(&keyboard, || keyboard.is_alive());
            // It is looked at once, however short the time.
            if !timeout(patience, at_prompt).await.ok()? {
                return Some(Err(GONE));
            }
            let said = async {
                let _turn = keyboard.turn()?;
                typing::message(&keyboard, text).await.map(drop)
            };
            Some(said.await)
        })
    }
}

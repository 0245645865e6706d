//! Carrying out what a session in tmux is told, at its keyboard.

use session_core::inventory::Session;
use tokio::runtime::Handle;
use wire::{Caller, Code, DriveOutcome, Grace, KillRequest, Verb, Who};

use crate::{
    hold::protocol::{Do, Reply},
    observe::Look,
    present,
    service::{
        Inner, Service, ServiceError,
        pane::{InPane, PaneKeyboard},
    },
    typing::{self, Refusal, Typed},
};

/// How long one that is cancelled may take to end by itself, in milliseconds.
const TERMINATED: u32 = 10_000;

/// The longest name of a message that a pane is made to remember.
const LONGEST_NAME: usize = 64;

impl Service {
    /// Has a session in tmux do something.
    pub(super) async fn type_into(&self, pane: &InPane, what: Do) -> Result<Reply, ServiceError> {
        let pane = pane.clone();
        // What has been begun is typed to its end, even when the client has left.
        self.unhurried(move |inner| inner.type_into(&pane, what).map_err(told))
            .await
    }

    /// Interrupts a session in tmux, and ends it.
    pub(super) async fn cancel_in_pane(
        &self,
        pane: &InPane,
        by: Caller,
    ) -> Result<Reply, ServiceError> {
        let stopped = pane.clone();
        let stopped = self.unhurried(move |inner| {
            let keyboard = inner.keyboard(&stopped);
            let _turn = keyboard.turn().map_err(told)?;
            let stopped = Handle::current().block_on(typing::interrupt::interrupt(&keyboard));
            stopped.map(drop).map_err(told)
        });
        if let Err(error) = stopped.await {
            tracing::info!(%error, "a session is cancelled without having been interrupted");
        }
        let request = KillRequest {
            key: Some(pane.key),
            grace_ms: Grace::from_millis(TERMINATED),
            tree: false,
        };
        let ended = self.end(Verb::Cancel, pane.key.pid, request, by).await?;
        if ended.ok {
            return Ok(done(DriveOutcome::Cancelled, None));
        }
        let sentence = "The session does not end, not even by force; look at it with ps.";
        Err(ServiceError::told(Code::Unresponsive, sentence))
    }
}

impl Inner {
    /// The session that is meant, where our own user's tmux has it.
    pub(super) fn pane_of(&self, who: &Who) -> Result<InPane, ServiceError> {
        let look = self.look()?;
        let sessions = look.sample.sessions();
        let meant = sessions.iter().filter(|session| match who {
            Who::Pid(pid) => session.key().pid == pid.get(),
            Who::Session(id) => session
                .session_id()
                .is_some_and(|it| it.as_str() == id.as_str()),
        });
        let panes: Vec<InPane> = meant
            .filter_map(|session| self.in_pane(session, &look))
            .collect();
        match <[InPane; 1]>::try_from(panes) {
            Ok([pane]) => Ok(pane),
            Err(none) if none.is_empty() && self.has_ended(who, &look) => {
                Err(ServiceError::ended())
            }
            Err(none) if none.is_empty() => Err(not_held()),
            Err(_) => Err(ServiceError::told(
                Code::BadRequest,
                "Several processes have this conversation open; name the one that is meant by its pid.",
            )),
        }
    }

    /// Whether there is such a conversation, and nobody has it open.
    fn has_ended(&self, who: &Who, look: &Look) -> bool {
        let Who::Session(id) = who else {
            return false;
        };
        let core_id = present::core_session_id(id);
        let sessions = look.sample.sessions();
        // Which conversation a process has that does not tell it can be any.
        let is_open = |session: &Session| session.session_id().is_none_or(|it| *it == core_id);
        let is_known = || self.was_held(id) || self.locate(&look.homes, &core_id).is_some();
        !sessions.iter().any(is_open) && is_known()
    }

    fn type_into(&self, pane: &InPane, what: Do) -> Result<Reply, Refusal> {
        let keyboard = self.keyboard(pane);
        let _turn = keyboard.turn()?;
        let typing = async {
            match what {
                Do::Message { text, uuid } => {
                    let outcome = message(&keyboard, &text, uuid.as_deref()).await?;
                    Ok(done(outcome, uuid))
                }
                Do::Interrupt => {
                    let stopped = typing::interrupt::interrupt(&keyboard).await?;
                    Ok(done(stopped, None))
                }
                Do::Model { model } => {
                    let changed = typing::model::switch(&keyboard, &model);
                    changed.await.map(plainly)
                }
                Do::Rename { name } => {
                    let changed = typing::slash(&keyboard, "/rename", &name);
                    changed.await.map(plainly)
                }
                Do::PermissionMode { permission_mode } => {
                    let changed = typing::mode::change(&keyboard, &permission_mode);
                    changed.await.map(plainly)
                }
                Do::Decide { .. } => Err(typing::NO_DECISION),
                Do::Cancel
                | Do::Type { .. }
                | Do::Keys { .. }
                | Do::Resize { .. }
                | Do::Unknown => {
                    let sentence = "That is nothing that is typed; attach to the session.";
                    Err(Refusal::new(Code::BadRequest, sentence))
                }
            }
        };
        Handle::current().block_on(typing)
    }
}

/// Says a message, and once only where it has a name.
async fn message(
    keyboard: &PaneKeyboard<'_>,
    text: &str,
    name: Option<&str>,
) -> Result<DriveOutcome, Refusal> {
    let Some(name) = name else {
        return typing::message(keyboard, text).await;
    };
    if !is_name(name) {
        let sentence =
            "The uuid of a message has letters, digits and dashes, 64 at most; correct it.";
        return Err(Refusal::new(Code::BadRequest, sentence));
    }
    if keyboard.has_said(name)? {
        return Ok(DriveOutcome::AlreadySent);
    }
    let outcome = typing::message(keyboard, text).await?;
    if let Err(Refusal { sentence, .. }) = keyboard.remember(name) {
        tracing::warn!(%sentence, "a message may be said again under its name");
    }
    Ok(outcome)
}

/// Whether tmux keeps it as it is.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= LONGEST_NAME
        && name.chars().all(is_plain)
}

fn plainly(outcome: DriveOutcome) -> Reply {
    done(outcome, None)
}

fn done(typed: impl Into<Typed>, uuid: Option<String>) -> Reply {
    let Typed { outcome, note } = typed.into();
    Reply::Done {
        outcome,
        // The transcript has the numbers.
        seq: 0,
        uuid,
        note: note.map(str::to_owned),
    }
}

fn told(refusal: Refusal) -> ServiceError {
    ServiceError::told(refusal.code, refusal.sentence)
}

fn not_held() -> ServiceError {
    ServiceError::told(
        Code::NotHeld,
        "This session can't be told anything from here: it runs in a terminal that is not your tmux's, in another program, or in a version that does not tell what it does, or there is none. Go on there, or go on in a copy with POST /sessions {\"resume\":\"<id>\",\"fork\":true}.",
    )
}

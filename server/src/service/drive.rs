//! Talking to sessions: to those that we hold by their holders, to those in the user's tmux by keys.
//!
//! Knows who carries out what a session is told. Does not know how.

pub(super) mod decide;
mod pane;
mod stopped;

use wire::{
    Act, AuditTarget, Caller, CancelRequest, CancelScope, Code, Driven, HolderKind, MessageRequest,
    ModelRequest, PermissionModeRequest, ProcessKey, RenameRequest, SessionId, SignalRequest,
    Signalled, Verb, Who,
};

use super::{Service, ServiceError, pane::InPane};
use crate::{
    audit::Deed,
    held::{AskError, Held},
    hold::protocol::{Do, Reply},
    present,
};

/// Who carries out what a session is told.
#[derive(Debug)]
enum Driver {
    /// Its holder.
    Held(Box<Held>),
    /// We, at its keyboard.
    Pane(Box<InPane>),
}

/// What an interrupt came to: the end of a turn, or a signal to a process that we don't hold.
#[derive(Debug)]
pub enum Interrupted {
    Turn(Driven),
    Process(Signalled),
}

impl Service {
    /// Finds the holders that are there, and hears from then on what they say.
    pub async fn meet_holders(&self) {
        self.inner.held.meet().await;
        tokio::spawn(std::sync::Arc::clone(&self.inner.held).keep_meeting());
        let (service, mut news) = (self.clone(), self.inner.held.subscribe());
        tokio::spawn(async move {
            let mut seen = crate::held::Seen::default();
            loop {
                let (pids, asks_other) = seen.look(&service.inner.held);
                service.inner.live.hear(pids, asks_other);
                if news.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Says something to a session.
    pub async fn message(
        &self,
        who: Who,
        request: MessageRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let MessageRequest { text, uuid } = request;
        if text.trim().is_empty() {
            let sentence = "The message is empty; say something.";
            return Err(ServiceError::told(Code::BadRequest, sentence));
        }
        self.drive(who, Verb::Message, Do::Message { text, uuid }, by)
            .await
    }

    /// Interrupts what a session does. One that nobody can type to gets a signal, which ends every version.
    pub async fn interrupt(
        &self,
        who: Who,
        request: SignalRequest,
        by: Caller,
    ) -> Result<Interrupted, ServiceError> {
        let pid = match (self.driver(&who).await, who) {
            (Ok(driver), _) => {
                self.refuse_when_degraded()?;
                let its = driver.key();
                match request.key {
                    Some(key) if key.pid != its.pid => {
                        return Err(ServiceError::OtherKey(its.pid));
                    }
                    Some(key) if key != its => return Err(ServiceError::Replaced(its.pid)),
                    Some(_) | None => {}
                }
                let (verb, what) = (Verb::Interrupt, Do::Interrupt);
                let driven = self.drive_by(&driver, verb, what, by).await?;
                return Ok(Interrupted::Turn(driven));
            }
            (Err(_), Who::Pid(pid)) => pid,
            (Err(error), Who::Session(_)) => return Err(error),
        };
        let signalled = self.signal(Act::Interrupt, pid, request, by).await?;
        Ok(Interrupted::Process(signalled))
    }

    /// Ends what a session does, and the session, or all that we hold where that is said.
    pub async fn cancel(
        &self,
        who: Who,
        request: CancelRequest,
        by: Caller,
    ) -> Result<Cancel, ServiceError> {
        match request.scope {
            None => self
                .drive(who, Verb::Cancel, Do::Cancel, by)
                .await
                .map(Cancel::One),
            Some(CancelScope::All) => Ok(Cancel::All(self.cancel_all(by).await)),
            Some(CancelScope::Unknown) => {
                let sentence = "The scope of a cancel is all; leave it out for this session alone.";
                Err(ServiceError::told(Code::BadRequest, sentence))
            }
        }
    }

    pub async fn set_model(
        &self,
        who: Who,
        request: ModelRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let model = word("model", request.model)?;
        self.drive(who, Verb::Model, Do::Model { model }, by).await
    }

    pub async fn set_permission_mode(
        &self,
        who: Who,
        request: PermissionModeRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let permission_mode = word("permissionMode", request.permission_mode)?;
        let what = Do::PermissionMode { permission_mode };
        self.drive(who, Verb::PermissionMode, what, by).await
    }

    pub async fn rename(
        &self,
        who: Who,
        request: RenameRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let name = word("name", request.name)?;
        self.drive(who, Verb::Rename, Do::Rename { name }, by).await
    }

    /// The session that is meant, `None` where we don't hold it. One that was cleared is still found by the id that it was started
    /// with, unless another session has that conversation open by now.
    pub(super) async fn meant(&self, who: &Who) -> Option<Held> {
        let held = self.inner.held.find(who)?;
        let Who::Session(id) = who else {
            return Some(held);
        };
        if held.now.session_id == *id {
            return Some(held);
        }
        let id = present::core_session_id(id);
        let is_open = move |inner: &super::Inner| {
            let sessions = inner.look()?.sample.sessions();
            Ok(sessions
                .iter()
                .any(|session| session.session_id() == Some(&id)))
        };
        match self.blocking(is_open).await {
            Ok(false) => Some(held),
            Ok(true) | Err(_) => None,
        }
    }

    /// Ends every session that is held.
    pub async fn cancel_all(&self, by: Caller) -> wire::Cancelled {
        let mut tasks = tokio::task::JoinSet::new();
        for held in self.inner.held.held() {
            let (service, by) = (self.clone(), by.clone());
            let id = held.now.session_id;
            tasks.spawn(async move {
                let who = Who::Session(id.clone());
                let done = service.drive(who, Verb::Cancel, Do::Cancel, by).await;
                // One that has ended meanwhile is what was asked for.
                let failed = done.err().filter(|error| error.code() != Code::Ended);
                wire::CancelledSession {
                    session_id: id,
                    error: failed.map(|error| error.to_string()),
                }
            });
        }
        let mut sessions = tasks.join_all().await;
        sessions.sort_by(|one, other| one.session_id.cmp(&other.session_id));
        wire::Cancelled {
            ok: sessions.iter().all(|session| session.error.is_none()),
            sessions,
        }
    }

    async fn drive(
        &self,
        who: Who,
        verb: Verb,
        what: Do,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        self.refuse_when_degraded()?;
        let driver = self.driver(&who).await?;
        self.drive_by(&driver, verb, what, by).await
    }

    async fn drive_by(
        &self,
        driver: &Driver,
        verb: Verb,
        what: Do,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let written = self.written(driver).await?;
        let reply = match (driver, what) {
            (Driver::Pane(pane), Do::Cancel) => self.cancel_in_pane(pane, by).await?,
            (Driver::Pane(_) | Driver::Held(_), what) => self.asked(driver, verb, what, by).await?,
        };
        let Reply::Done {
            outcome,
            seq,
            uuid,
            note,
        } = reply
        else {
            return Err(nonsense());
        };
        Ok(Driven {
            ok: true,
            session_id: driver.session_id(),
            outcome,
            seq: written.unwrap_or(seq),
            uuid,
            note,
        })
    }

    /// How far the transcript goes of a session in a terminal: its events are those of the transcript, and numbered by it.
    /// `None` for any other.
    async fn written(&self, driver: &Driver) -> Result<Option<u64>, ServiceError> {
        if let Driver::Held(held) = driver {
            match held.kind {
                HolderKind::Pty => {}
                HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => return Ok(None),
            }
        }
        let id = present::core_session_id(&driver.session_id());
        self.blocking(move |inner| {
            let found = inner.locate(&inner.look()?.homes, &id);
            Ok(Some(found.map_or(0, |found| found.transcript.size_bytes)))
        })
        .await
    }

    /// Who carries out what a session is told; refused where nobody can.
    async fn driver(&self, who: &Who) -> Result<Driver, ServiceError> {
        if let Some(held) = self.meant(who).await {
            return Ok(Driver::Held(Box::new(held)));
        }
        let who = who.clone();
        let pane = self.blocking(move |inner| inner.pane_of(&who));
        Ok(Driver::Pane(Box::new(pane.await?)))
    }

    /// Has a session do something, and notes it.
    async fn asked(
        &self,
        driver: &Driver,
        verb: Verb,
        what: Do,
        by: Caller,
    ) -> Result<Reply, ServiceError> {
        let deed = Deed {
            verb,
            by: by.clone(),
            target: Some(driver.target()),
        };
        let account = self.begun(deed, present::audit::driven(&what)).await?;
        let asked = match driver {
            Driver::Held(held) => self.ask_holder(held, what, by).await,
            Driver::Pane(pane) => self.type_into(pane, what).await,
        };
        self.closed(account, asked).await
    }

    async fn ask_holder(&self, held: &Held, what: Do, by: Caller) -> Result<Reply, ServiceError> {
        self.wake(held.now.key, &what, &by).await?;
        let asked = self.inner.held.ask(&held.dir, what, by).await;
        asked.map_err(|error| match error {
            AskError::Refused { code, sentence } => ServiceError::told(code, sentence),
            AskError::Gone | AskError::Connect(_) => ServiceError::ended(),
            AskError::Silent => ServiceError::told(
                Code::Unresponsive,
                "The session does not answer; interrupt it, or end it with kill.",
            ),
        })
    }
}

/// Two remarks in one, `None` where there is neither.
pub(super) fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    let remarks: Vec<String> = one.into_iter().chain(other).collect();
    (!remarks.is_empty()).then(|| remarks.join(" "))
}

impl Driver {
    fn session_id(&self) -> SessionId {
        match self {
            Self::Held(held) => held.now.session_id.clone(),
            Self::Pane(pane) => pane.session_id.clone(),
        }
    }

    fn key(&self) -> ProcessKey {
        match self {
            Self::Held(held) => held.now.key,
            Self::Pane(pane) => pane.key,
        }
    }

    /// For the audit log.
    fn target(&self) -> AuditTarget {
        let cwd = match self {
            Self::Held(held) => Some(held.now.cwd.clone()),
            Self::Pane(pane) => pane.cwd.clone(),
        };
        AuditTarget {
            key: Some(self.key()),
            session_id: Some(self.session_id()),
            cwd,
        }
    }
}

/// What came of a cancel.
#[derive(Debug)]
pub enum Cancel {
    One(Driven),
    All(wire::Cancelled),
}

fn word(field: &str, value: String) -> Result<String, ServiceError> {
    let fits =
        !value.trim().is_empty() && value.len() <= 200 && !value.chars().any(char::is_control);
    if fits {
        return Ok(value);
    }
    let sentence =
        format!("{field} has 1 to 200 characters and none of them controls; correct it.");
    Err(ServiceError::told(Code::BadRequest, sentence))
}

fn nonsense() -> ServiceError {
    ServiceError::fault(
        "The session's holder answers something else than was asked",
        "a reply of another kind",
    )
}

//! Talking to the sessions that we hold.

use wire::{
    Act, Approvals, Caller, CancelRequest, Code, DecideRequest, Decided, Driven, MessageRequest,
    ModelRequest, PermissionModeRequest, RenameRequest, RequestId, SignalRequest, Signalled,
    StartRequest, Started, Who,
};

use super::{Service, ServiceError};

/// What an interrupt came to: the end of a turn, or a signal to a process that we don't hold.
#[derive(Debug)]
pub enum Interrupted {
    Turn(Driven),
    Process(Signalled),
}

impl Service {
    /// Interrupts what a session does. One that we don't hold gets a signal, which ends every version.
    pub async fn interrupt(
        &self,
        who: Who,
        request: SignalRequest,
        by: Caller,
    ) -> Result<Interrupted, ServiceError> {
        let pid = match who {
            Who::Pid(pid) => pid,
            Who::Session(_) => return Err(not_held()),
        };
        let signalled = self.signal(Act::Interrupt, pid, request, by).await?;
        Ok(Interrupted::Process(signalled))
    }

    pub async fn start(
        &self,
        _request: StartRequest,
        _by: Caller,
    ) -> Result<Started, ServiceError> {
        Err(not_held())
    }

    pub async fn message(
        &self,
        _who: Who,
        _request: MessageRequest,
        _by: Caller,
    ) -> Result<Driven, ServiceError> {
        Err(not_held())
    }

    pub async fn cancel(
        &self,
        _who: Who,
        _request: CancelRequest,
        _by: Caller,
    ) -> Result<Driven, ServiceError> {
        Err(not_held())
    }

    pub async fn set_model(
        &self,
        _who: Who,
        _request: ModelRequest,
        _by: Caller,
    ) -> Result<Driven, ServiceError> {
        Err(not_held())
    }

    pub async fn set_permission_mode(
        &self,
        _who: Who,
        _request: PermissionModeRequest,
        _by: Caller,
    ) -> Result<Driven, ServiceError> {
        Err(not_held())
    }

    pub async fn rename(
        &self,
        _who: Who,
        _request: RenameRequest,
        _by: Caller,
    ) -> Result<Driven, ServiceError> {
        Err(not_held())
    }

    pub async fn approvals(&self) -> Result<Approvals, ServiceError> {
        Ok(Approvals {
            ok: true,
            approvals: Vec::new(),
        })
    }

    pub async fn decide(
        &self,
        _id: RequestId,
        _request: DecideRequest,
        _by: Caller,
    ) -> Result<Decided, ServiceError> {
        Err(not_held())
    }
}

fn not_held() -> ServiceError {
    ServiceError::told(
        Code::NotHeld,
        "This server did not start that session, so it can't talk to it; use the terminal or program that it runs in.",
    )
}

//! Sessions that are stopped by a signal (Ctrl-Z, `pause`): they hear nothing until they go on.
//!
//! Knows what is refused of them and what has them go on. A session in tmux is looked at where it is typed to.

use session_core::process::RunState;
use wire::{Act, Caller, Code, ProcessKey, SignalRequest};

use crate::{
    hold::protocol::Do,
    present,
    service::{Inner, Service, ServiceError},
};

impl Service {
    /// Refuses what a session that is stopped would not answer; one that is to end is let go on first, as by `kill`.
    pub(super) async fn wake(
        &self,
        key: ProcessKey,
        what: &Do,
        by: &Caller,
    ) -> Result<(), ServiceError> {
        let is_stopped = self.blocking(move |inner| Ok(inner.is_stopped(key)));
        if !is_stopped.await? {
            return Ok(());
        }
        match what {
            Do::Cancel => {
                let request = SignalRequest { key: Some(key) };
                self.signal(Act::Continue, key.pid, request, by.clone())
                    .await
                    .map(drop)
            }
            Do::Message { .. }
            | Do::Interrupt
            | Do::Model { .. }
            | Do::PermissionMode { .. }
            | Do::Rename { .. } => {
                let pid = key.pid;
                let sentence = format!(
                    "The session is stopped by a signal and hears nothing; let it go on first (`kill -CONT {pid}`), or cancel it."
                );
                Err(ServiceError::told(Code::Unresponsive, sentence))
            }
            // What is decided counts as soon as it goes on; a terminal keeps what is typed.
            Do::Decide { .. }
            | Do::Type { .. }
            | Do::Keys { .. }
            | Do::Resize { .. }
            | Do::Unknown => Ok(()),
        }
    }
}

impl Inner {
    fn is_stopped(&self, key: ProcessKey) -> bool {
        let stat = self.observer.proc().stat(key.pid.get());
        stat.is_some_and(|stat| {
            stat.key == present::core_key(key) && stat.run_state == RunState::Stopped
        })
    }
}

//! What the audit log hears of each action, whatever comes of it.

use wire::{Audit, Caller, Page, Verb};

use super::{Inner, Service, ServiceError};
use crate::{
    audit::{AuditLog, Deed, Record},
    present::audit::{self, Told},
};

/// An action, from the request for it to its end.
pub(super) struct Account<'a> {
    log: &'a AuditLog,
    pub(super) deed: Deed,
    record: Option<Record>,
}

impl Service {
    /// Tells what was done, newest first.
    pub async fn audit(&self, page: Page) -> Result<Audit, ServiceError> {
        let read = move |inner: &Inner| {
            let audit = inner.audit.page(page);
            audit.map_err(|error| ServiceError::fault("The audit log can't be read", error))
        };
        self.blocking(read).await
    }

    /// Refuses a whole selection where the configuration has mistakes.
    pub(super) async fn refuse_all_when_degraded(
        &self,
        verb: Verb,
        by: &Caller,
    ) -> Result<(), ServiceError> {
        let Err(error) = self.refuse_when_degraded() else {
            return Ok(());
        };
        let deed = Deed {
            verb,
            by: by.clone(),
            target: None,
        };
        self.unhurried(move |inner| {
            let outcome = audit::refused(&error);
            inner.audit.note(deed, outcome);
            Err(error)
        })
        .await
    }
}

impl Inner {
    pub(super) fn account(&self, deed: Deed) -> Account<'_> {
        Account {
            log: &self.audit,
            deed,
            record: None,
        }
    }
}

impl Account<'_> {
    /// Notes what is about to be done; from here on something may have been.
    pub(super) fn begin(&mut self, plan: String) {
        self.record = Some(self.log.begin(self.deed.clone(), Some(plan)));
    }

    /// Notes what came of it, and tells whoever asked where that is not possible.
    pub(super) fn close<T: Told>(self, done: Result<T, ServiceError>) -> Result<T, ServiceError> {
        let outcome = match &done {
            Ok(answer) => answer.outcome(),
            Err(error) => audit::refused(error),
        };
        let note = match self.record {
            Some(record) => record.end(outcome),
            None => self.log.note(self.deed, outcome),
        };
        done.map(|mut answer| {
            if let Some(note) = note {
                answer.add_note(note);
            }
            answer
        })
    }
}

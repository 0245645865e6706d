//! What the audit log hears of each action, whatever comes of it.

use wire::{Audit, Caller, Page, Verb};

use super::{Inner, Service, ServiceError};
use crate::{
    audit::{AuditLog, Deed, Record},
    present::audit::{self, Told},
};

/// An action, from the request for it to its end.
pub(super) struct Account {
    log: AuditLog,
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

    /// Notes what others are about to be asked to do. The disk is written to aside, here and in `closed`.
    pub(super) async fn begun(
        &self,
        deed: Deed,
        plan: Option<String>,
    ) -> Result<Account, ServiceError> {
        self.unhurried(move |inner| {
            let mut account = inner.account(deed);
            account.begin(plan);
            Ok(account)
        })
        .await
    }

    /// Notes what came of it.
    pub(super) async fn closed<T: Told + Send + 'static>(
        &self,
        account: Account,
        done: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.unhurried(move |_| account.close(done)).await
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
    pub(super) fn account(&self, deed: Deed) -> Account {
        Account {
            log: self.audit.clone(),
            deed,
            record: None,
        }
    }
}

impl Account {
    /// Notes what is about to be done; from here on something may have been.
    pub(super) fn begin(&mut self, plan: impl Into<Option<String>>) {
        self.record = Some(self.log.begin(self.deed.clone(), plan.into()));
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

//! A conversation's directory and transcript, made ready for a session that is to go on in it.

use std::path::PathBuf;

use super::super::{ServiceError, history::Found};
use crate::act::{
    archive::{ArchiveError, hold::Hold},
    tmux::launch::is_usable_cwd,
};

/// A transcript in its place, until it is known whether its session lives. Nobody else takes it meanwhile.
pub(in crate::service) struct Ready {
    /// `None` for a new conversation, and for one that another session has open.
    hold: Option<Hold>,
    from_archive: bool,
}

impl Ready {
    pub(in crate::service) fn make(mut hold: Option<Hold>) -> Result<Self, ServiceError> {
        let restored = hold.as_mut().map(Hold::restore).transpose();
        let restored = restored.map_err(not_restored)?;
        Ok(Self {
            hold,
            from_archive: restored.is_some_and(|restored| restored.from_archive),
        })
    }

    /// It has proved alive: what it was restored from is not needed any more.
    pub(in crate::service) fn lives(self) {
        if let Some(Err(error)) = self.hold.map(Hold::discard_archive) {
            tracing::warn!(%error, "the archive stays beside its transcript");
        }
    }

    /// It came to nothing, and nobody writes.
    pub(in crate::service) fn undo(self) {
        let hold = self.hold.filter(|_| self.from_archive);
        if let Some(Err(error)) = hold.map(Hold::undo_restore) {
            tracing::warn!(%error, "the restored transcript stays beside its archive");
        }
    }
}

/// The transcript's own first directory wins: Claude Code looks for the conversation below its name.
pub(in crate::service) fn working_directory(
    found: &Found,
    asked: Option<&str>,
) -> Result<PathBuf, ServiceError> {
    let cwd = match (found.first_cwd()?, asked) {
        (Some(own), _) => own,
        (None, Some(asked)) => asked.into(),
        (None, None) => {
            return Err(ServiceError::BadCwd(
                "The transcript names no directory; give one as cwd.".to_owned(),
            ));
        }
    };
    if is_usable_cwd(&cwd) {
        Ok(cwd)
    } else {
        Err(ServiceError::BadCwd(format!(
            "The directory {} is not there any more; make it again and retry.",
            cwd.display()
        )))
    }
}

/// Keeps cleanup and other resumes away from the conversation's files.
pub(in crate::service) fn take(found: &Found) -> Result<Hold, ServiceError> {
    Hold::take(&found.transcript.place).map_err(not_restored)
}

fn not_restored(error: ArchiveError) -> ServiceError {
    if let ArchiveError::Busy(_) = error {
        return ServiceError::Busy;
    }
    ServiceError::fault("The transcript can't be made ready", error)
}

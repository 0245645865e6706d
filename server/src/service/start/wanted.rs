//! Which conversation a start is about, and where.

use std::path::{Path, PathBuf};

use session_core::id::SessionId;
use wire::{Code, StartRequest};

use crate::{
    act::{archive::hold::Hold, tmux::launch::is_usable_cwd},
    observe::Home,
    present,
    service::{
        Inner, ServiceError,
        resume::{
            Fork,
            ready::{take, working_directory},
        },
    },
};

/// The conversation that is wanted.
pub(super) struct Wanted {
    /// What the session will be called: chosen by us for a new one.
    pub(super) id: SessionId,
    /// The one to go on in.
    pub(super) from: Option<SessionId>,
    pub(super) fork: Fork,
    pub(super) cwd: PathBuf,
    pub(super) home: Home,
    /// Keeps others away from its transcript.
    pub(super) hold: Option<Hold>,
}

impl Wanted {
    /// Whether no session had its id before.
    pub(super) fn is_new(&self) -> bool {
        self.from.is_none() || self.fork == Fork::Copy
    }
}

impl Inner {
    /// Finds out what is to be opened, and refuses what is open already.
    pub(super) fn wanted(&self, request: &StartRequest) -> Result<Wanted, ServiceError> {
        let fork = match request.fork {
            true => Fork::Copy,
            false => Fork::Same,
        };
        let asked = request.cwd.as_deref().map(Path::new);
        if let Some(cwd) = asked.filter(|cwd| !cwd.is_absolute()) {
            return Err(ServiceError::BadCwd(format!(
                "{cwd:?} is not an absolute path; give one that begins with /."
            )));
        }
        let from = match (&request.resume, request.continue_newest) {
            (Some(id), _) => Some(present::core_session_id(id)),
            (None, true) => {
                let cwd = asked.ok_or_else(no_cwd)?;
                Some(self.newest_in(cwd)?)
            }
            (None, false) => None,
        };
        let Some(from) = from else {
            let cwd = asked.ok_or_else(no_cwd)?;
            if !is_usable_cwd(cwd) {
                return Err(ServiceError::BadCwd(format!(
                    "The directory {} is not there, or can't be entered; make it, or give another one.",
                    cwd.display()
                )));
            }
            return Ok(Wanted {
                id: new_id(),
                from: None,
                fork,
                cwd: cwd.to_owned(),
                home: self.own_home()?,
                hold: None,
            });
        };
        let look = self.look()?;
        let is_live = self.refuse_twin(&look, &from, fork)?;
        let found = self
            .locate(&look.homes, &from)
            .ok_or_else(|| ServiceError::NoConversation(present::session_id(&from)))?;
        let cwd = working_directory(&found, request.cwd.as_deref())?;
        let mut hold = match is_live {
            true => None,
            false => Some(take(&found)?),
        };
        // Again, now that no other resume can come between.
        if self.refuse_twin(&self.look()?, &from, fork)? {
            hold = None;
        }
        Ok(Wanted {
            id: match fork {
                Fork::Same => from.clone(),
                Fork::Copy => new_id(),
            },
            from: Some(from),
            fork,
            cwd,
            home: found.home,
            hold,
        })
    }

    /// The conversation of a directory that was written to last.
    fn newest_in(&self, cwd: &Path) -> Result<SessionId, ServiceError> {
        let recent = self.recent(wire::Scope::MAX_DAYS)?;
        let is_there = |session: &&wire::RecentSession| {
            session
                .cwd
                .as_deref()
                .is_some_and(|its| Path::new(its) == cwd)
        };
        let newest = recent.sessions.iter().find(is_there);
        let newest = newest.map(|session| present::core_session_id(&session.session_id));
        newest.ok_or_else(|| {
            let sentence = format!(
                "No conversation in {} is known; start a new one without continue.",
                cwd.display()
            );
            ServiceError::told(Code::NoConversation, sentence)
        })
    }

    /// The home whose owner we are.
    fn own_home(&self) -> Result<Home, ServiceError> {
        let us = rustix::process::geteuid().as_raw();
        let homes = self.look()?.homes;
        let own = homes
            .iter()
            .find(|home| home.owner().is_ok_and(|it| it == us));
        own.cloned().ok_or_else(|| {
            let sentence = "None of the configured homes is this server's own user's; add it to homes in the configuration.";
            ServiceError::told(Code::NotYours, sentence)
        })
    }
}

fn no_cwd() -> ServiceError {
    ServiceError::BadCwd("A session works in a directory; give one as cwd.".to_owned())
}

fn new_id() -> SessionId {
    let id = uuid::Uuid::new_v4().to_string();
    SessionId::parse(&id).expect("a UUID is an id")
}

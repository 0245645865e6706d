//! Brings a conversation back to life, and says so only once it lives.

pub(super) mod command;
pub(super) mod life;
pub(super) mod ready;
pub(super) mod terminal;

use std::{ffi::OsString, path::Path};

use session_core::id::SessionId;
use wire::{ResumeRequest, Resumed, Who};

use self::{
    command::{cleared, no_claude, variable},
    ready::{Ready, take, working_directory},
    terminal::{Failure, name},
};
use super::{Inner, ServiceError, account::Account};
use crate::{
    act::tmux::launch::Launch,
    clock::now,
    observe::{Look, tools::Tools},
    present,
};

/// Which conversation is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fork {
    Same,
    /// A new one that goes on from there.
    Copy,
}

impl Fork {
    /// Whether a session has the conversation open that was asked for. A copy has an id of its own as soon as it registers
    /// (2.1.329), long before it has a transcript.
    fn has_come(self, open: Option<&SessionId>, from: &SessionId) -> bool {
        open.is_some_and(|open| match self {
            Self::Same => open == from,
            Self::Copy => open != from,
        })
    }
}

impl Inner {
    /// Checks in the order that wire clients rely on: live, conversation and directory, tools.
    pub(super) fn resume(
        &self,
        request: &ResumeRequest,
        account: &mut Account,
    ) -> Result<Resumed, ServiceError> {
        if let Some(cwd) = request
            .cwd
            .as_deref()
            .filter(|cwd| !Path::new(cwd).is_absolute())
        {
            return Err(ServiceError::BadCwd(format!(
                "{cwd:?} is not an absolute path; give one that begins with /."
            )));
        }
        let id = present::core_session_id(&request.session_id);
        let fork = match request.fork {
            true => Fork::Copy,
            false => Fork::Same,
        };
        let look = self.look()?;
        let is_live = self.refuse_twin(&look, &id, fork)?;
        let found = self
            .locate(&look.homes, &id)
            .ok_or_else(|| ServiceError::NoConversation(request.session_id.clone()))?;
        let cwd = working_directory(&found, request.cwd.as_deref())?;
        let user = self.runner(&found.home)?;
        let tools = Tools {
            home: user.dir.clone(),
            ..self.tools()
        };
        let tmux = self.tmux(&user, &tools)?;
        let claude = tools.claude().ok_or_else(|| no_claude(&tools))?;
        // Under a session that runs nothing is locked or put in its place.
        let mut hold = match is_live {
            true => None,
            false => Some(take(&found)?),
        };
        // Again, now that no other resume can come between: reading an archive takes its time.
        if self.refuse_twin(&self.look()?, &id, fork)? {
            hold = None;
        }
        if let Some(target) = &mut account.deed.target {
            target.cwd = Some(cwd.display().to_string());
        }
        account.begin(present::audit::launch(&user.name, request.fork));
        let ready = Ready::make(hold)?;
        let asking = match tmux.user {
            // What another user's session asks does not reach us, nor is our program theirs to run.
            Some(_) => None,
            None => self.asking(&claude, &found.home),
        };
        let launch = Launch {
            session: name(&id, fork),
            cwd,
            argv: [
                cleared(&tools, &found.home),
                resuming(claude.into(), asking, &id, fork),
            ]
            .concat(),
            variables: vec![(variable(&found.home), found.home.dir.clone().into())],
        };
        let lives = match self.launch(&tmux, &launch, &id, fork) {
            Ok(lives) => {
                ready.lives();
                lives
            }
            Err(Failure { error, ended }) => {
                // While the program may still write, its transcript has to stay.
                if ended {
                    ready.undo();
                }
                return Err(error);
            }
        };
        let key = present::key(lives.session.key())
            .ok_or(ServiceError::NoConversation(request.session_id.clone()))?;
        Ok(Resumed {
            ok: true,
            session_id: match lives.session.session_id() {
                Some(open) => present::session_id(open),
                None => request.session_id.clone(),
            },
            pid: key.pid,
            key,
            holder: lives.holder,
            note: lives.note,
        })
    }

    /// Refuses what would make a second session of a conversation that one has open, or was started to open. Returns whether
    /// there is one.
    pub(super) fn refuse_twin(
        &self,
        look: &Look,
        id: &SessionId,
        fork: Fork,
    ) -> Result<bool, ServiceError> {
        if let Some(error) = self.held_already(id) {
            return match fork {
                Fork::Same => Err(error),
                Fork::Copy => Ok(true),
            };
        }
        let own = self.actor();
        let sessions = look.sample.sessions();
        let unnamed = self.unnamed_in(look, &sessions);
        let holder = sessions.iter().find(|session| {
            let uid = session.process.uid;
            // Anybody can put an id among the arguments of a program.
            let counts = session.record.is_some()
                || uid == own.uid
                || uid == 0
                || own.home_owners.contains(&uid);
            let writes = unnamed.contains(&(id.clone(), session.key()));
            counts && (session.holds(id) || writes)
        });
        match (holder, fork) {
            (None, _) => Ok(false),
            (Some(_), Fork::Copy) => Ok(true),
            (Some(session), Fork::Same) => self.live(id, session).map_or(Ok(true), Err),
        }
    }

    /// Why a conversation that we hold is not opened once more; also before its session has registered itself.
    fn held_already(&self, id: &SessionId) -> Option<ServiceError> {
        let id = present::session_id(id);
        let held = self.held.find(&Who::Session(id.clone()))?;
        if held.now.session_id != id {
            // What was begun under this id goes on with another conversation since `/clear`.
            return None;
        }
        self.observer.proc().running(held.now.key.pid.get())?;
        let age = now().saturating_since(self.observer.started_at(held.process));
        Some(ServiceError::Live {
            key: held.now.key,
            session_id: id,
            holder: held.holder(),
            age_sec: age.as_secs(),
        })
    }
}

/// The words that bring a conversation back.
fn resuming(
    claude: OsString,
    asking: Option<OsString>,
    id: &SessionId,
    fork: Fork,
) -> Vec<OsString> {
    let mut words = vec![claude, "--resume".into(), id.as_str().into()];
    words.extend(asking);
    if fork == Fork::Copy {
        words.push("--fork-session".into());
    }
    words
}

//! Starts sessions, and says so only once they live.
//!
//! Those with a holder of ours are held; of those in tmux the user's own server is the holder, and outlives ours as well.

mod check;
mod holder;
mod pane;
mod wanted;
mod words;

use std::path::Path;

use wire::{Caller, Code, Face, Holder, HolderKind, StartRequest, Started, Verb};

use self::{check::check, pane::Unsaid, wanted::Wanted};
use super::{
    Inner, Service, ServiceError,
    account::Account,
    resume::{
        command::{cleared, no_claude, other_user},
        ready::Ready,
        terminal::Failure,
    },
};
use crate::{
    act::tmux::{NOT_INHERITED, Tmux},
    audit::Deed,
    held,
    hold::{
        lost,
        spec::{Earlier, Spec},
    },
    observe::tools::Tools,
    present,
    state_dir::StateDir,
};

/// What is to keep a session.
enum Keeper {
    Holder(HolderKind),
    Tmux(Box<Tmux>),
}

/// A session that lives.
struct Begun {
    key: wire::ProcessKey,
    holder: Holder,
    note: Option<String>,
    unsaid: Option<Unsaid>,
}

const LATER: &str = "The first message is said once the session is at its prompt, by this server and while it runs.";

impl Service {
    /// Starts a session and holds it.
    pub async fn start(&self, request: StartRequest, by: Caller) -> Result<Started, ServiceError> {
        let face = by.face;
        let deed = Deed {
            verb: Verb::Start,
            by,
            target: request.resume.as_ref().map(present::audit::conversation),
        };
        let claim = self.refuse_when_degraded().and_then(|()| {
            let Some(id) = request.resume.clone() else {
                return Ok(None);
            };
            let claim = self.inner.claims.conversation(id);
            claim.map(Some).ok_or(ServiceError::Busy)
        });
        let (mut started, unsaid) = self
            .unhurried(move |inner| {
                let mut account = inner.account(deed);
                let started = claim.and_then(|_claim| inner.start(&request, &mut account));
                let (started, unsaid) = match started {
                    Ok((started, unsaid)) => (Ok(started), unsaid),
                    Err(error) => (Err(error), None),
                };
                account.close(started).map(|started| (started, unsaid))
            })
            .await?;
        if let Some(unsaid) = unsaid {
            let note = match face {
                Face::Http | Face::Unknown => {
                    tokio::spawn(self.clone().say_later(unsaid));
                    LATER.to_owned()
                }
                // A command ends with its answer.
                Face::Terminal => format!(
                    "Its first message was not said, since something comes before its prompt; answer that (`session-manager attach {0}`), then say it with `session-manager send {0}`.",
                    started.session_id
                ),
            };
            started.note = super::drive::joined(started.note.take(), Some(note));
        }
        // So that the list that is asked for next has it.
        self.inner.held.meet_one(&started.session_id).await;
        Ok(started)
    }
}

impl Inner {
    fn start(
        &self,
        request: &StartRequest,
        account: &mut Account,
    ) -> Result<(Started, Option<Unsaid>), ServiceError> {
        check(request)?;
        let kind = request.holder.unwrap_or(HolderKind::Stdio);
        if kind == HolderKind::Unknown {
            let sentence = "The holder of a new session is stdio, pty or tmux.";
            return Err(ServiceError::told(Code::BadRequest, sentence));
        }
        let mut wanted = self.wanted(request)?;
        let user = self.runner(&wanted.home)?;
        let tools = Tools {
            home: user.dir.clone(),
            ..self.tools()
        };
        if other_user(&user, &tools)?.is_some() {
            let sentence = format!(
                "The home {} is {}'s; start the session with a server that runs as that user.",
                wanted.home.dir.display(),
                user.name
            );
            return Err(ServiceError::told(Code::NotYours, sentence));
        }
        let keeper = match kind {
            HolderKind::Tmux => Keeper::Tmux(Box::new(self.tmux(&user, &tools)?)),
            HolderKind::Stdio | HolderKind::Pty | HolderKind::Unknown => Keeper::Holder(kind),
        };
        let claude = tools.claude().ok_or_else(|| no_claude(&tools))?;
        if let Some(target) = &mut account.deed.target {
            target.cwd = Some(wanted.cwd.display().to_string());
        } else {
            account.deed.target = Some(wire::AuditTarget {
                key: None,
                session_id: Some(present::session_id(&wanted.id)),
                cwd: Some(wanted.cwd.display().to_string()),
            });
        }
        account.begin(present::audit::start(request));
        let ready = Ready::make(wanted.hold.take())?;
        let begun = match keeper {
            Keeper::Holder(kind) => self
                .begin_held(request, kind, &wanted, &tools, &claude)
                .or_else(|old| self.begin_in_terminal(old, request, &wanted, &tools, &claude)),
            Keeper::Tmux(tmux) => {
                let asking = self.asking(&claude, &wanted.home);
                let argv = words::argv(&claude, HolderKind::Tmux, request, &wanted, asking);
                let argv = [cleared(&tools, &wanted.home), argv].concat();
                self.start_in_tmux(request, &wanted, &tmux, argv)
            }
        };
        let begun = match begun {
            Ok(begun) => {
                ready.lives();
                begun
            }
            Err(Failure { error, ended }) => {
                // While the program may still write, its transcript has to stay.
                if ended {
                    ready.undo();
                }
                return Err(error);
            }
        };
        let started = Started {
            ok: true,
            session_id: present::session_id(&wanted.id),
            pid: begun.key.pid,
            key: begun.key,
            holder: begun.holder,
            note: begun.note,
        };
        Ok((started, begun.unsaid))
    }

    /// Holds what is too old to ask without a terminal in one, unless somebody has said how it is to be held.
    fn begin_in_terminal(
        &self,
        old: Failure,
        request: &StartRequest,
        wanted: &Wanted,
        tools: &Tools,
        claude: &Path,
    ) -> Result<Begun, Failure> {
        if request.holder.is_some() || old.error.code() != Code::TooOld {
            return Err(old);
        }
        if wanted.is_new() {
            // Its transcript tells of it from the beginning on, and the try that failed is no part of it.
            let id = present::session_id(&wanted.id);
            let forgotten = lost::forget(&StateDir::at(&self.config.state_dir), &id);
            if let Err(error) = forgotten {
                tracing::warn!(%error, "the log of a start that failed stays");
            }
        }
        let begun = self.begin_held(request, HolderKind::Pty, wanted, tools, claude);
        match begun {
            Ok(begun) => Ok(Begun {
                note: Some(too_old(begun.note.as_deref())),
                ..begun
            }),
            // What it could do about it, it can't either.
            Err(Failure { ended, .. }) => Err(Failure {
                error: old.error,
                ended,
            }),
        }
    }

    /// Starts it with a holder of ours.
    fn begin_held(
        &self,
        request: &StartRequest,
        kind: HolderKind,
        wanted: &Wanted,
        tools: &Tools,
        claude: &Path,
    ) -> Result<Begun, Failure> {
        let conversation = |from| Earlier {
            config_dir: wanted.home.config_dir.clone().into(),
            session_id: present::session_id(from),
        };
        let asking = match kind {
            HolderKind::Pty => self.asking(claude, &wanted.home),
            HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => None,
        };
        let spec = Spec {
            state_dir: self.config.state_dir.clone().into(),
            session_id: present::session_id(&wanted.id),
            kind,
            cwd: wanted.cwd.clone().into(),
            argv: words::argv(claude, kind, request, wanted, asking),
            variables: words::variables(&wanted.home),
            without: NOT_INHERITED.map(str::to_owned).into(),
            config_dir: Some(wanted.home.config_dir.clone().into()),
            // Of a session in a terminal its transcript tells, all of it.
            earlier: match kind {
                HolderKind::Pty => None,
                HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => {
                    wanted.from.as_ref().map(conversation)
                }
            },
            name: request.name.clone(),
            prompt: request.prompt.clone(),
        };
        let held = self.hold(&spec, wanted, tools);
        let (key, note) = held.map_err(|error| Failure { error, ended: true })?;
        Ok(Begun {
            key,
            holder: held::holder(kind, &spec.session_id),
            note,
            unsaid: None,
        })
    }
}

/// Why a session has a terminal that nobody asked for.
fn too_old(note: Option<&str>) -> String {
    let why = "This version of Claude Code is too old to be held without a terminal, so it has one: what it asks is answered there. Update it to be asked here.";
    match note {
        Some(note) => format!("{why} {note}"),
        None => why.to_owned(),
    }
}

//! Brings a conversation back to life, and says so only once it lives.

use std::{
    ffi::OsString,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::unistd::{Uid, User};
use session_core::{id::SessionId, inventory::Session, verdict::State};
use wire::{Holder, ResumeRequest, Resumed};

use super::{Inner, ServiceError, history::Found};
use crate::{
    act::{
        archive::{ArchiveError, hold::Hold},
        tmux::{self, Launch, OtherUser, Pane, Scope, Tmux},
    },
    observe::{Home, tools::Tools},
    present,
};

/// A session that dies does so within this time: no such conversation, no key, a broken installation.
const PROBATION: Duration = Duration::from_secs(2);
/// After this time a session without a registry file is at a dialog, or of a version that writes none.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(100);

impl Inner {
    /// Checks in the order that wire clients rely on: live, conversation and directory, tools.
    pub(super) fn resume(&self, request: &ResumeRequest) -> Result<Resumed, ServiceError> {
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
        let look = self.look()?;
        let holder = look
            .sample
            .sessions()
            .into_iter()
            .find(|session| session.holds(&id));
        if let Some(key) = holder.and_then(|session| present::key(session.key())) {
            return Err(ServiceError::Live { key });
        }
        let found = self
            .locate(&look.homes, &id)
            .ok_or_else(|| ServiceError::NoConversation(request.session_id.clone()))?;
        let cwd = working_directory(&found, request.cwd.as_deref())?;
        let user = self.runner(&found.home)?;
        let tools = Tools {
            home: user.dir.clone(),
            ..self.tools()
        };
        let tmux = Tmux {
            program: tools.tmux().ok_or(ServiceError::NoTmux)?,
            user: other_user(&user, &tools)?,
            scope: scope(&tools),
        };
        let claude = tools.claude().ok_or_else(|| no_claude(&tools))?;
        let mut hold = take(&found)?;
        hold.restore().map_err(not_restored)?;
        let launch = Launch {
            session: format!("claude-{}", id.as_str().get(..8).unwrap_or(id.as_str())),
            cwd,
            argv: vec![claude.into(), "--resume".into(), id.as_str().into()],
            variables: variables(&found.home),
        };
        let (pane, session, note) = match self.launch(&tmux, &launch, &id) {
            Ok(living) => {
                // It has proved alive: what it was restored from is not needed any more.
                if let Err(error) = hold.discard_archive() {
                    tracing::warn!(%error, "the archive stays beside its transcript");
                }
                living
            }
            Err(error) => {
                if let Err(error) = hold.undo_restore() {
                    tracing::warn!(%error, "the restored transcript stays beside its archive");
                }
                return Err(error);
            }
        };
        let key = present::key(session.key())
            .ok_or(ServiceError::NoConversation(request.session_id.clone()))?;
        Ok(Resumed {
            ok: true,
            session_id: request.session_id.clone(),
            pid: key.pid,
            key,
            holder: Holder::Tmux {
                attach: tmux.attach_command(&pane.session),
                session: pane.session,
            },
            note,
        })
    }

    /// Starts the session and waits until it lives.
    fn launch(
        &self,
        tmux: &Tmux,
        launch: &Launch,
        id: &SessionId,
    ) -> Result<(Pane, Session, Option<String>), ServiceError> {
        let pane = tmux
            .start(launch)
            .map_err(|error| ServiceError::fault("tmux could not start a session", error))?;
        let (session, note) = self.await_life(tmux, &pane, id).inspect_err(|_| {
            // What was restored for it is taken back, so it must not go on. The terminal may be gone already.
            let closed = tmux.end(&pane.session);
            tracing::debug!(?closed, "the terminal of a resume that failed");
        })?;
        tmux.let_go(&pane.session).unwrap_or_else(
            |error| tracing::warn!(%error, "the terminal will stay when its session ends"),
        );
        Ok((pane, session, note))
    }

    /// Waits until the session is known to live, or tells why it does not.
    fn await_life(
        &self,
        tmux: &Tmux,
        pane: &Pane,
        id: &SessionId,
    ) -> Result<(Session, Option<String>), ServiceError> {
        let begun = Instant::now();
        loop {
            sleep(STEP);
            if tmux.is_dead(&pane.session) {
                let screen = tmux.screen(&pane.session);
                return Err(ServiceError::fault(
                    format!(
                        "Claude Code ended as soon as it was started{}",
                        last_words(&screen)
                    ),
                    "the program in the terminal has ended",
                ));
            }
            if begun.elapsed() < PROBATION {
                continue;
            }
            let sessions = self.look()?.sample.sessions();
            // npm's wrapper may stand between the terminal and the session.
            let inside = |session: &Session| {
                self.observer
                    .proc()
                    .lineage(session.key().pid)
                    .contains(&pane.pid)
            };
            let Some(session) = sessions.into_iter().find(inside) else {
                if begun.elapsed() < PATIENCE {
                    continue;
                }
                return Err(ServiceError::fault(
                    format!(
                        "No Claude Code process came up in the terminal{}",
                        last_words(&tmux.screen(&pane.session))
                    ),
                    "no session below the terminal's process",
                ));
            };
            if session.session_id() == Some(id) {
                let note = is_asking(session.verdict.state).then(|| asks(tmux, pane));
                return Ok((session, note));
            }
            if begun.elapsed() < PATIENCE {
                continue;
            }
            return match session.session_id() {
                None => Ok((session, Some(asks(tmux, pane)))),
                Some(other) => Err(ServiceError::fault(
                    format!("Claude Code opened another conversation, {other}"),
                    "the session below the terminal's process has another id",
                )),
            };
        }
    }

    /// Who runs the session: the configured user; for root, the owner of the conversation's home, so that no
    /// file in it ever becomes root's; else ourselves.
    fn runner(&self, home: &Home) -> Result<User, ServiceError> {
        let found = match &self.config.user {
            Some(name) => User::from_name(name),
            None => {
                let own = Uid::effective();
                let owner = std::fs::metadata(&home.config_dir)
                    .map(|file| Uid::from_raw(file.uid()))
                    .unwrap_or(own);
                User::from_uid(if own.is_root() { owner } else { own })
            }
        };
        match found {
            // Our own HOME may be another one than the password file's.
            Ok(Some(user)) if user.uid == Uid::effective() => Ok(User {
                dir: self.config.home.clone(),
                ..user
            }),
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(ServiceError::fault(
                "The user to run the session as is not in the password file",
                "no such user",
            )),
            Err(error) => Err(ServiceError::fault(
                "The password file can't be read",
                error,
            )),
        }
    }
}

/// The transcript's own first directory wins: Claude Code looks for the conversation below its name.
fn working_directory(found: &Found, asked: Option<&str>) -> Result<PathBuf, ServiceError> {
    let cwd = match (found.first_cwd()?, asked) {
        (Some(own), _) => own,
        (None, Some(asked)) => asked.into(),
        (None, None) => {
            return Err(ServiceError::BadCwd(
                "The transcript names no directory; give one as cwd.".to_owned(),
            ));
        }
    };
    if tmux::is_usable_cwd(&cwd) {
        Ok(cwd)
    } else {
        Err(ServiceError::BadCwd(format!(
            "The directory {} is not there any more; make it again and retry.",
            cwd.display()
        )))
    }
}

/// Keeps cleanup and other resumes away from the conversation's files.
fn take(found: &Found) -> Result<Hold, ServiceError> {
    Hold::take(&found.transcript.place).map_err(not_restored)
}

fn not_restored(error: ArchiveError) -> ServiceError {
    if let ArchiveError::Busy(_) = error {
        return ServiceError::Busy;
    }
    ServiceError::fault("The transcript can't be made ready", error)
}

fn other_user(user: &User, tools: &Tools) -> Result<Option<OtherUser>, ServiceError> {
    if user.uid == Uid::effective() {
        return Ok(None);
    }
    let runuser = tools.program("runuser").ok_or_else(|| {
        ServiceError::fault("runuser was not found; install util-linux", "no runuser")
    })?;
    Ok(Some(OtherUser {
        runuser,
        name: user.name.clone(),
        home: user.dir.clone(),
        shell: user.shell.clone(),
    }))
}

fn scope(tools: &Tools) -> Option<Scope> {
    let cgroup = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    Scope::out_of(
        &cgroup,
        tools.program("systemd-run")?,
        Uid::effective().as_raw(),
    )
}

/// Points Claude Code at the conversation's home. Said even where it is the user's own: a tmux server that
/// runs already has an environment of its own.
fn variables(home: &Home) -> Vec<(&'static str, OsString)> {
    let name = if home.dir == home.config_dir {
        "CLAUDE_CONFIG_DIR"
    } else {
        "HOME"
    };
    vec![(name, home.dir.clone().into())]
}

fn no_claude(tools: &Tools) -> ServiceError {
    ServiceError::NoClaude(match &tools.claude {
        Some(configured) => format!("The configured claude, {}, is not there; correct the key claude.", configured.display()),
        None => "Claude Code was not found; install it, or name it with the key claude in the configuration.".to_owned(),
    })
}

/// What a program said before it ended, short enough for a sentence; empty where it said nothing.
fn last_words(screen: &str) -> String {
    let lines = screen
        .lines()
        // tmux's own words, below the program's.
        .filter(|line| !line.starts_with("Pane is dead"));
    let words: Vec<_> = lines.take(3).flat_map(str::split_whitespace).collect();
    let words: String = words.join(" ").chars().take(200).collect();
    if words.is_empty() {
        words
    } else {
        format!(" and said: {words:?}")
    }
}

fn asks(tmux: &Tmux, pane: &Pane) -> String {
    format!(
        "Claude Code asks for something before it goes on; answer it with `{}`.",
        tmux.attach_command(&pane.session)
    )
}

fn is_asking(state: State) -> bool {
    match state {
        State::WaitingPermission | State::WaitingInput | State::WaitingDialog | State::Starting => {
            true
        }
        State::Working | State::Idle | State::Shell | State::Stopped | State::Unknown => false,
    }
}

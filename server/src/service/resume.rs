//! Brings a conversation back to life, and says so only once it lives.

pub(super) mod command;
mod holder;

use std::{
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use session_core::{
    id::{ProcessKey, SessionId},
    inventory::Session,
    process::RunState,
    verdict::State,
};
use wire::{Holder, ResumeRequest, Resumed};

use self::command::{argv, no_claude, open_files, other_user, variable, way_out};
use super::{Inner, ServiceError, account::Account, history::Found};
use crate::{
    act::{
        archive::{ArchiveError, hold::Hold},
        tmux::{self, Launch, Pane, Tmux, TmuxError},
    },
    observe::{Look, tools::Tools},
    present,
};

/// A session that dies does so within this time: no such conversation, no key, a broken installation.
const PROBATION: Duration = Duration::from_secs(2);
/// After this time a session without a registry file is at a dialog, or of a version that writes none.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(100);

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

/// A terminal in which Claude Code was started.
pub(super) trait Window {
    /// The process that was started in it.
    fn pid(&self) -> u32;
    fn has_ended(&self) -> bool;
    /// What is on it, empty where that is not known.
    fn screen(&self) -> String;
    /// The command that shows it.
    fn attach(&self) -> String;
}

/// One in tmux.
struct TmuxWindow<'a> {
    tmux: &'a Tmux,
    pane: &'a Pane,
}

impl Window for TmuxWindow<'_> {
    fn pid(&self) -> u32 {
        self.pane.pid
    }

    fn has_ended(&self) -> bool {
        self.tmux.is_dead(&self.pane.session)
    }

    fn screen(&self) -> String {
        self.tmux.screen(&self.pane.session)
    }

    fn attach(&self) -> String {
        self.tmux.attach_command(&self.pane.session)
    }
}

/// A launch that came to nothing.
struct Failure {
    error: ServiceError,
    /// Whether the program is known to have ended.
    ended: bool,
}

impl Inner {
    /// Checks in the order that wire clients rely on: live, conversation and directory, tools.
    pub(super) fn resume(
        &self,
        request: &ResumeRequest,
        account: &mut Account<'_>,
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
        let tmux = Tmux {
            program: tools.tmux().ok_or(ServiceError::NoTmux)?,
            user: other_user(&user, &tools)?,
            way_out: way_out(&tools),
            open_files: open_files(self.config.open_files, &tools),
        };
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
        let restored = hold.as_mut().map(Hold::restore).transpose();
        let restored = restored.map_err(not_restored)?;
        let launch = Launch {
            session: terminal(&id, fork),
            cwd,
            argv: argv(&tools, claude, &id, fork, &found.home),
            variables: vec![(variable(&found.home), found.home.dir.clone().into())],
        };
        let (pane, session, note) = match self.launch(&tmux, &launch, &id, fork) {
            Ok(living) => {
                // It has proved alive: what it was restored from is not needed any more.
                if let Some(Err(error)) = hold.map(Hold::discard_archive) {
                    tracing::warn!(%error, "the archive stays beside its transcript");
                }
                living
            }
            Err(error) => {
                let Failure { error, ended } = error;
                // While the program may still write, its transcript has to stay.
                if let Some(hold) = hold
                    && ended
                    && restored.is_some_and(|restored| restored.from_archive)
                {
                    hold.undo_restore().map(drop).unwrap_or_else(
                        |error| tracing::warn!(%error, "the restored transcript stays beside its archive"),
                    );
                }
                return Err(error);
            }
        };
        let key = present::key(session.key())
            .ok_or(ServiceError::NoConversation(request.session_id.clone()))?;
        Ok(Resumed {
            ok: true,
            session_id: match session.session_id() {
                Some(open) => present::session_id(open),
                None => request.session_id.clone(),
            },
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
        fork: Fork,
    ) -> Result<(Pane, Session, Option<String>), Failure> {
        let pane = tmux.start(launch).map_err(|error| Failure {
            error: not_started(error),
            ended: true,
        })?;
        let program = self.observer.proc().stat(pane.pid).map(|stat| stat.key);
        let window = TmuxWindow { tmux, pane: &pane };
        let lives = self.await_life(&window, id, fork, Instant::now());
        let (session, note) = lives.map_err(|error| {
            // The terminal may be gone already.
            let closed = tmux.end(&pane.session);
            tracing::debug!(?closed, "the terminal of a resume that failed");
            let ended = program.is_none_or(|program| self.await_end(program));
            Failure { error, ended }
        })?;
        tmux.let_go(&pane.session).unwrap_or_else(
            |error| tracing::warn!(%error, "the terminal will stay when its session ends"),
        );
        Ok((pane, session, note))
    }

    /// Waits for the end of a program whose terminal was closed; false where it goes on.
    fn await_end(&self, program: ProcessKey) -> bool {
        let begun = Instant::now();
        loop {
            let stat = self.observer.proc().stat(program.pid);
            if stat.is_none_or(|stat| stat.key != program || stat.run_state == RunState::Dead) {
                return true;
            }
            if begun.elapsed() >= PATIENCE {
                return false;
            }
            sleep(STEP);
        }
    }

    /// Refuses what would make a second session of a conversation that one has open, or was started to open. Returns whether
    /// there is one.
    pub(super) fn refuse_twin(
        &self,
        look: &Look,
        id: &SessionId,
        fork: Fork,
    ) -> Result<bool, ServiceError> {
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
            (Some(session), Fork::Same) => self.live(session).map_or(Ok(true), Err),
        }
    }

    /// Waits until the session is known to live, or tells why it does not.
    pub(super) fn await_life(
        &self,
        window: &impl Window,
        id: &SessionId,
        fork: Fork,
        begun: Instant,
    ) -> Result<(Session, Option<String>), ServiceError> {
        loop {
            sleep(STEP);
            if window.has_ended() {
                let screen = window.screen();
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
                    .contains(&window.pid())
            };
            let Some(session) = sessions.into_iter().find(inside) else {
                if begun.elapsed() < PATIENCE {
                    continue;
                }
                return Err(ServiceError::fault(
                    format!(
                        "No Claude Code process came up in the terminal{}",
                        last_words(&window.screen())
                    ),
                    "no session below the terminal's process",
                ));
            };
            if fork.has_come(session.session_id(), id) {
                let note = is_asking(session.plain_verdict().state).then(|| asks(window));
                return Ok((session, note));
            }
            if begun.elapsed() < PATIENCE {
                continue;
            }
            return match session.session_id() {
                None if is_asking(session.plain_verdict().state) => {
                    Ok((session, Some(asks(window))))
                }
                None => Ok((session, Some(silent(window)))),
                Some(other) => Err(ServiceError::fault(
                    match fork {
                        Fork::Same => format!("Claude Code opened another conversation, {other}"),
                        Fork::Copy => "Claude Code opened the conversation itself and no copy; it may be too old for that".to_owned(),
                    },
                    "the session below the terminal's process has another id than was asked for",
                )),
            };
        }
    }
}

/// The transcript's own first directory wins: Claude Code looks for the conversation below its name.
pub(super) fn working_directory(
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
    if tmux::is_usable_cwd(&cwd) {
        Ok(cwd)
    } else {
        Err(ServiceError::BadCwd(format!(
            "The directory {} is not there any more; make it again and retry.",
            cwd.display()
        )))
    }
}

/// The name of a terminal.
fn terminal(id: &SessionId, fork: Fork) -> String {
    let id = id.as_str().get(..8).unwrap_or(id.as_str());
    match fork {
        Fork::Same => format!("claude-{id}"),
        Fork::Copy => format!("claude-{id}-fork"),
    }
}

/// Keeps cleanup and other resumes away from the conversation's files.
pub(super) fn take(found: &Found) -> Result<Hold, ServiceError> {
    Hold::take(&found.transcript.place).map_err(not_restored)
}

pub(super) fn not_restored(error: ArchiveError) -> ServiceError {
    if let ArchiveError::Busy(_) = error {
        return ServiceError::Busy;
    }
    ServiceError::fault("The transcript can't be made ready", error)
}

fn not_started(error: TmuxError) -> ServiceError {
    let what = match error {
        TmuxError::Confined(_) => {
            "systemd could not start a terminal outside of this server's sandbox; run `tmux new-session -d` yourself and try again"
        }
        TmuxError::Run(..) | TmuxError::Refused(_) => "tmux could not start a session",
    };
    ServiceError::fault(what, error)
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

fn asks(window: &impl Window) -> String {
    format!(
        "Claude Code asks for something before it goes on; answer it with `{}`.",
        window.attach()
    )
}

fn silent(window: &impl Window) -> String {
    format!(
        "Claude Code runs, but has not registered its session yet; look at it with `{}`.",
        window.attach()
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

//! Starts sessions that we hold, and says so only once they live.

use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdout, Stdio},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use session_core::id::{ProcessKey, SessionId};
use wire::{Caller, Code, Holder, HolderKind, StartRequest, Started, Verb, Who};

use super::{
    Inner, Service, ServiceError,
    account::Account,
    resume::{
        Fork, Window,
        command::{no_claude, open_files, other_user, variable, way_out},
        not_restored, take, working_directory,
    },
};
use crate::{
    act::{
        archive::hold::Hold,
        front::Front,
        tmux::{NOT_INHERITED, is_usable_cwd},
    },
    audit::Deed,
    clock::now,
    hold::{
        self,
        protocol::Do,
        spec::{Earlier, Outset, Spec},
    },
    observe::{Home, tools::Tools},
    present,
};

/// A holder says within 30 s whether its session lives.
const PATIENCE: Duration = Duration::from_secs(40);

/// The conversation that is wanted.
struct Wanted {
    /// What the session will be called: chosen by us for a new one.
    id: SessionId,
    /// The one to go on in.
    from: Option<SessionId>,
    fork: Fork,
    cwd: PathBuf,
    home: Home,
    /// Keeps others away from its transcript.
    hold: Option<Hold>,
}

impl Service {
    /// Starts a session and holds it.
    pub async fn start(&self, request: StartRequest, by: Caller) -> Result<Started, ServiceError> {
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
        let started = self
            .unhurried(move |inner| {
                let mut account = inner.account(deed);
                let started = claim.and_then(|_claim| inner.start(&request, &mut account));
                account.close(started)
            })
            .await?;
        // So that the list that is asked for next has it.
        self.inner.held.meet_one(&started.session_id).await;
        Ok(started)
    }
}

impl Inner {
    fn start(
        &self,
        request: &StartRequest,
        account: &mut Account<'_>,
    ) -> Result<Started, ServiceError> {
        check(request)?;
        let kind = match request.holder {
            None => HolderKind::Stdio,
            Some(kind @ (HolderKind::Stdio | HolderKind::Pty)) => kind,
            Some(HolderKind::Tmux | HolderKind::Unknown) => {
                let sentence = "The holder of a new session is stdio or pty; in tmux a conversation is resumed with POST /sessions/resume.";
                return Err(ServiceError::told(Code::BadRequest, sentence));
            }
        };
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
        let restored = wanted.hold.as_mut().map(Hold::restore).transpose();
        let restored = restored.map_err(not_restored)?;
        let spec = Spec {
            state_dir: self.config.state_dir.clone().into(),
            session_id: present::session_id(&wanted.id),
            kind,
            cwd: wanted.cwd.clone().into(),
            argv: argv(&claude, kind, request, &wanted),
            variables: variables(&wanted.home, kind),
            without: NOT_INHERITED.map(str::to_owned).into(),
            config_dir: Some(wanted.home.config_dir.clone().into()),
            // Of a session in a terminal its transcript tells, all of it.
            earlier: wanted
                .from
                .as_ref()
                .filter(|_| kind != HolderKind::Pty)
                .map(|from| Earlier {
                    config_dir: wanted.home.config_dir.clone().into(),
                    session_id: present::session_id(from),
                }),
            name: request.name.clone(),
            prompt: request.prompt.clone(),
        };
        let begun = Instant::now();
        let launched = self.launch_holder(&spec, &tools).and_then(|key| {
            let session = self.await_session(key, &spec, &wanted, begun);
            session.inspect_err(|_| self.take_down(&spec, key))
        });
        match launched {
            Ok((key, note)) => {
                if let Some(Err(error)) = wanted.hold.map(Hold::discard_archive) {
                    tracing::warn!(%error, "the archive stays beside its transcript");
                }
                Ok(Started {
                    ok: true,
                    pid: key.pid,
                    key,
                    holder: match kind {
                        HolderKind::Pty => Holder::Pty {
                            attach: attach(&spec.session_id),
                        },
                        HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => {
                            Holder::Stdio {}
                        }
                    },
                    session_id: spec.session_id,
                    note,
                })
            }
            Err(error) => {
                if let Some(hold) = wanted.hold
                    && restored.is_some_and(|restored| restored.from_archive)
                {
                    hold.undo_restore().map(drop).unwrap_or_else(
                        |error| tracing::warn!(%error, "the restored transcript stays beside its archive"),
                    );
                }
                Err(error)
            }
        }
    }

    /// Ends a session that runs and is none: whoever asked for it would have another one beside it.
    fn take_down(&self, spec: &Spec, key: wire::ProcessKey) {
        let by = Caller {
            uid: Some(rustix::process::geteuid().as_raw()),
            face: wire::Face::Unknown,
        };
        let ended = self.held.ask(&spec.session_id, Do::Cancel, by);
        if let Err(error) = tokio::runtime::Handle::current().block_on(ended) {
            tracing::warn!(%key, %error, "a session that did not come up can't be ended");
        }
    }

    /// Waits until a session in a terminal has registered, or is known to wait for a person. Without a terminal the holder
    /// has heard of it from Claude Code itself.
    fn await_session(
        &self,
        key: wire::ProcessKey,
        spec: &Spec,
        wanted: &Wanted,
        begun: Instant,
    ) -> Result<(wire::ProcessKey, Option<String>), ServiceError> {
        match spec.kind {
            HolderKind::Pty => {}
            HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => return Ok((key, None)),
        }
        let window = HeldTerminal {
            inner: self,
            key: present::core_key(key),
            attach: attach(&spec.session_id),
        };
        // It was told which id it is to have, also for a copy.
        let (session, note) = self.await_life(&window, &wanted.id, Fork::Same, begun)?;
        Ok((present::key(session.key()).unwrap_or(key), note))
    }

    /// Finds out what is to be opened, and refuses what is open already.
    fn wanted(&self, request: &StartRequest) -> Result<Wanted, ServiceError> {
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
        if fork == Fork::Same {
            self.refuse_held(&from)?;
        }
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

    /// Refuses what we hold, also before it has registered itself.
    fn refuse_held(&self, id: &SessionId) -> Result<(), ServiceError> {
        let who = Who::Session(present::session_id(id));
        let Some(held) = self.held.find(&who) else {
            return Ok(());
        };
        let Some(_runs) = self.observer.proc().running(held.now.key.pid.get()) else {
            return Ok(());
        };
        let age = now().saturating_since(self.observer.started_at(held.process));
        Err(ServiceError::Live {
            key: held.now.key,
            holder: held.holder(),
            age_sec: age.as_secs(),
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

    /// Starts a holder and waits for its first word.
    fn launch_holder(&self, spec: &Spec, tools: &Tools) -> Result<wire::ProcessKey, ServiceError> {
        let broken = |error: std::io::Error| {
            ServiceError::fault("The session's holder could not be started", error)
        };
        let way_out = way_out(tools);
        let front = Front {
            open_files: open_files(self.config.open_files, tools).as_ref(),
            way_out: way_out.as_ref(),
            user: None,
            cwd: None,
        }
        .command(&hold::program(), vec!["hold".into()]);
        let mut command = front;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .current_dir("/");
        let mut child = command.spawn().map_err(broken)?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let said = serde_json::to_vec(spec).map_err(std::io::Error::from);
        let written = said.and_then(|said| match stdin {
            Some(mut stdin) => stdin.write_all(&said),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        });
        let heard = written.and_then(|()| match stdout {
            Some(stdout) => first_line(stdout),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        });
        // The one that comes loose ends at once.
        let ended = child.wait();
        let line = heard.map_err(broken)?;
        match serde_json::from_str(&line) {
            Ok(Outset::Lives { key }) => Ok(key),
            Ok(Outset::Failed { code, sentence }) => Err(ServiceError::told(
                code,
                format!("{}.", sentence.trim_end_matches('.')),
            )),
            Err(error) => {
                tracing::warn!(?ended, line, "the holder's first word");
                Err(ServiceError::fault(
                    "The session's holder ended before it had begun",
                    error,
                ))
            }
        }
    }
}

/// A terminal that we hold.
struct HeldTerminal<'a> {
    inner: &'a Inner,
    key: ProcessKey,
    attach: String,
}

impl Window for HeldTerminal<'_> {
    fn pid(&self) -> u32 {
        self.key.pid
    }

    fn has_ended(&self) -> bool {
        self.inner.observer.proc().running(self.key.pid) != Some(self.key)
    }

    /// Its holder has it, and tells only whoever attaches.
    fn screen(&self) -> String {
        String::new()
    }

    fn attach(&self) -> String {
        self.attach.clone()
    }
}

/// The command that shows a session's terminal.
fn attach(id: &wire::SessionId) -> String {
    format!("session-manager attach {id}")
}

fn first_line(stdout: ChildStdout) -> std::io::Result<String> {
    let until = Instant::now() + PATIENCE;
    let mut reader = BufReader::new(stdout);
    let left = until.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).map_err(std::io::Error::other)?;
    let mut descriptors = [PollFd::new(reader.get_ref(), PollFlags::IN)];
    if poll(&mut descriptors, Some(&left))? == 0 {
        return Err(std::io::ErrorKind::TimedOut.into());
    }
    // The line is written at once.
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line)
}

fn no_cwd() -> ServiceError {
    ServiceError::BadCwd("A session works in a directory; give one as cwd.".to_owned())
}

fn new_id() -> SessionId {
    let id = uuid::Uuid::new_v4().to_string();
    SessionId::parse(&id).expect("a UUID is an id")
}

/// What can't be right whatever the machine looks like.
fn check(request: &StartRequest) -> Result<(), ServiceError> {
    let bad = |sentence: &str| Err(ServiceError::told(Code::BadRequest, sentence));
    if request.resume.is_some() && request.continue_newest {
        return bad(
            "resume and continue exclude each other; name the conversation, or have the newest taken.",
        );
    }
    if request.fork && request.resume.is_none() && !request.continue_newest {
        return bad("fork needs resume or continue; it says from where.");
    }
    let words = [
        ("model", &request.model),
        ("permissionMode", &request.permission_mode),
        ("effort", &request.effort),
        ("worktree", &request.worktree),
        ("name", &request.name),
    ];
    for (field, value) in words {
        let Some(value) = value else { continue };
        if value.len() > 200 || value.chars().any(char::is_control) {
            return bad(&format!(
                "{field} has at most 200 characters and none of them controls; correct it."
            ));
        }
    }
    if request
        .prompt
        .as_deref()
        .is_some_and(|prompt| prompt.trim().is_empty())
    {
        return bad("The prompt is empty; say something, or leave it out.");
    }
    let has_nul = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains('\0'));
    if has_nul(&request.cwd) {
        return bad("cwd has a NUL, which no path can have; correct it.");
    }
    Ok(())
}

fn variables(home: &Home, kind: HolderKind) -> Vec<(String, OsString)> {
    let points_there = (variable(home).to_owned(), home.dir.clone().into());
    // Our hooks only report of a session that asks us anyway.
    let held = ("SESSION_MANAGER_HELD".to_owned(), "1".into());
    match kind {
        // It asks in its terminal, as a session of anybody's does, and may ask us by our hooks as well.
        HolderKind::Pty => vec![points_there],
        HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => vec![points_there, held],
    }
}

/// The words that start Claude Code. Values stand behind `=`, so that none is read as an option of its own.
fn argv(claude: &Path, kind: HolderKind, request: &StartRequest, wanted: &Wanted) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![claude.into()];
    let without_terminal = [
        "-p",
        "--input-format",
        "stream-json",
        "--output-format",
        "stream-json",
        "--verbose",
        "--include-partial-messages",
        "--permission-prompt-tool",
        "stdio",
    ];
    match kind {
        HolderKind::Pty => {}
        HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => {
            words.extend(without_terminal.map(OsString::from));
        }
    }
    let mode = request.permission_mode.as_deref();
    let option = |name: &str, value: &str| OsString::from(format!("--{name}={value}"));
    // `manual` is what 2.1.329 calls it, and older versions don't know.
    words.push(option("permission-mode", mode.unwrap_or("default")));
    match (&wanted.from, wanted.fork) {
        (None, _) => words.push(option("session-id", wanted.id.as_str())),
        (Some(from), Fork::Same) => words.push(option("resume", from.as_str())),
        (Some(from), Fork::Copy) => words.extend([
            option("resume", from.as_str()),
            "--fork-session".into(),
            option("session-id", wanted.id.as_str()),
        ]),
    }
    let given = [
        ("model", &request.model),
        ("effort", &request.effort),
        ("name", &request.name),
    ];
    for (name, value) in given {
        words.extend(value.as_deref().map(|value| option(name, value)));
    }
    match request.worktree.as_deref() {
        None => {}
        Some("") => words.push("--worktree".into()),
        Some(name) => words.push(option("worktree", name)),
    }
    words
}

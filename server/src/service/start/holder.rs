//! A holder of ours, from its start to the first word of its session.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdout, Stdio},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use session_core::id::ProcessKey;
use wire::{Caller, HolderKind};

use super::wanted::Wanted;
use crate::{
    act::front::Front,
    held,
    hold::{
        self,
        protocol::Do,
        spec::{Outset, Spec},
    },
    observe::tools::Tools,
    present,
    service::{
        Inner, ServiceError,
        resume::{
            Fork,
            command::{open_files, way_out},
            life::Window,
        },
    },
};

/// A holder says within 30 s whether its session lives.
const PATIENCE: Duration = Duration::from_secs(40);

impl Inner {
    /// Has a holder start the session, and waits until it lives. Returns its process, and what the person should know.
    pub(super) fn hold(
        &self,
        spec: &Spec,
        wanted: &Wanted,
        tools: &Tools,
    ) -> Result<(wire::ProcessKey, Option<String>), ServiceError> {
        let begun = Instant::now();
        let key = self.launch_holder(spec, tools)?;
        let session = self.await_session(key, spec, wanted, begun);
        session.inspect_err(|_| self.take_down(spec, key))
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
            attach: held::attach_command(&spec.session_id),
        };
        // It was told which id it is to have, also for a copy.
        let (session, note) = self.await_life(&window, &wanted.id, Fork::Same, begun)?;
        Ok((present::key(session.key()).unwrap_or(key), note))
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

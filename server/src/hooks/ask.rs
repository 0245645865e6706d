//! Asks the servers that run what is to be answered to Claude Code's question, and tells them what may have answered it.
//!
//! Must never keep a session up where nobody can answer: without a server it takes no time, with one as long as that server
//! says. Does not know who decides, nor what an answer means.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;
use session_core::hook::{Ancestor, Call, Event};

use crate::{
    desk::{
        place::Place,
        protocol::{Asking, Happened, LINE, Process, Said, Told, What, line},
    },
    observe::proc::ProcReader,
};

/// A server that runs answers within moments that somebody may decide; one that is stopped never does.
const PROMPT: Duration = Duration::from_secs(2);
/// What a server's word takes to arrive when its time is over.
const SLACK: Duration = Duration::from_secs(2);

/// Waits for the answer and prints it; prints nothing where the terminal is to decide.
pub(super) fn ask(home: &Path, call: Call, at: u64, process: Option<&Ancestor>) -> io::Result<()> {
    let mut lines = reach(home)?;
    if lines.is_empty() {
        return Ok(());
    }
    let Some(asking) = asking(call, at, process) else {
        return Ok(());
    };
    let said = line(&Said::Ask { ask: asking });
    lines.retain_mut(|server| server.say(&said).is_ok());
    if let Some((server, output)) = hear(&mut lines)? {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{output}")?;
        stdout.flush()?;
        let delivered = line(&Said::Delivered);
        return lines
            .get_mut(server)
            .map_or(Ok(()), |it| it.say(&delivered));
    }
    Ok(())
}

/// Tells of an event by which what was asked may be answered.
pub(super) fn tell(home: &Path, call: Call, at: u64) -> io::Result<()> {
    let what = match call.event {
        Event::PostToolUse | Event::PostToolUseFailure => {
            let Some(tool) = call.tool else {
                return Ok(());
            };
            let input = call
                .input
                .and_then(|input| serde_json::from_str(&input).ok());
            What::Ran { tool, input }
        }
        Event::Stop | Event::StopFailure | Event::UserPromptSubmit => What::Stopped,
        Event::SessionEnd => What::Over,
        Event::SessionStart | Event::PermissionRequest | Event::Notification => return Ok(()),
    };
    let Ok(session_id) = call.session_id.as_str().parse() else {
        return Ok(());
    };
    let event = Happened {
        session_id,
        agent: call.agent,
        at,
        what,
    };
    let said = line(&Said::Happened { event });
    for mut server in reach(home)? {
        server.say(&said).ok();
    }
    Ok(())
}

fn reach(home: &Path) -> io::Result<Vec<Server>> {
    let place = Place::find(home)?;
    let streams = place.map(|place| place.connect()).unwrap_or_default();
    Ok(streams.into_iter().map(Server::new).collect())
}

fn asking(call: Call, at: u64, process: Option<&Ancestor>) -> Option<Asking> {
    let proc = ProcReader::at("/proc").ok()?;
    let own = proc.stat(std::process::id())?.key;
    Some(Asking {
        session_id: call.session_id.as_str().parse().ok()?,
        // An agent in the background is asked about on the screen only when its hooks have ended.
        blocks: call.agent.is_some() || !is_attended(),
        agent: call.agent,
        at,
        cwd: call.cwd?,
        transcript_path: call.transcript_path,
        process: process.map(|process| Process {
            pid: process.key.pid,
            start_ticks: process.key.start_ticks,
            namespace: process.namespace.clone(),
        }),
        hook: Process {
            pid: own.pid,
            start_ticks: own.start_ticks,
            namespace: proc.pid_namespace().to_owned(),
        },
        tool: call.tool?,
        input: serde_json::from_str(&call.input?).ok()?,
    })
}

/// Whether somebody sits at a terminal of the session, in Claude Code's words.
fn is_attended() -> bool {
    match std::env::var("CLAUDE_CODE_SESSION_ATTENDED") {
        Ok(attended) => attended != "0",
        // 2.1.197 says only by what it was started: `cli`, or `sdk-cli` and others without a terminal.
        Err(_) => !std::env::var("CLAUDE_CODE_ENTRYPOINT")
            .is_ok_and(|entrypoint| entrypoint.starts_with("sdk")),
    }
}

/// Returns the first decision and whose it is; `None` where all servers have let go, or nobody reads what we print.
fn hear(servers: &mut Vec<Server>) -> io::Result<Option<(usize, Value)>> {
    let stdout = io::stdout();
    while !servers.is_empty() {
        let next = servers.iter().map(|server| server.until).min();
        let left = next.map_or(Duration::ZERO, |next| {
            next.saturating_duration_since(Instant::now())
        });
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut polled = vec![PollFd::new(&stdout, PollFlags::empty())];
        polled.extend(
            servers
                .iter()
                .map(|server| PollFd::new(&server.stream, PollFlags::IN)),
        );
        poll(&mut polled, Some(&left))?;
        let ready: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        // Claude Code was killed: a pipe without a reader.
        if ready.first() == Some(&true) {
            return Ok(None);
        }
        let ready = ready.into_iter().skip(1);
        for (index, (server, _)) in servers
            .iter_mut()
            .zip(ready)
            .enumerate()
            .filter(|(_, (_, ready))| *ready)
        {
            if let Some(output) = server.read() {
                return Ok(Some((index, output)));
            }
        }
        let now = Instant::now();
        servers.retain(|server| !server.is_over && now < server.until);
    }
    Ok(None)
}

/// The line to one server.
struct Server {
    stream: UnixStream,
    /// What was read of a line that is not whole yet.
    partial: Vec<u8>,
    /// When it has had its time.
    until: Instant,
    is_over: bool,
}

impl Server {
    fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            partial: Vec::new(),
            until: Instant::now() + PROMPT,
            is_over: false,
        }
    }

    fn say(&mut self, mut line: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + PROMPT;
        while !line.is_empty() {
            match self.stream.write(line) {
                Ok(count) => line = line.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let left = Timespec::try_from(left).map_err(io::Error::other)?;
                    let mut room = [PollFd::new(&self.stream, PollFlags::OUT)];
                    if poll(&mut room, Some(&left))? == 0 {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes what has come; the output where it is decided.
    fn read(&mut self) -> Option<Value> {
        let mut chunk = vec![0; 64 << 10];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    self.is_over = true;
                    return None;
                }
                Ok(count) => self.partial.extend(chunk.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(_) => {
                    self.is_over = true;
                    return None;
                }
            }
            while let Some(end) = self.partial.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.partial.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(Told::Wait { millis }) => {
                        let wait = Duration::from_millis(millis) + SLACK;
                        // An hour at most, as long as Claude Code waits for us.
                        let wait = wait.min(Duration::from_secs(3_600) + SLACK);
                        self.until = Instant::now() + wait;
                    }
                    Ok(Told::Decided { output }) => return Some(output),
                    Ok(Told::Released) | Err(_) => {
                        self.is_over = true;
                        return None;
                    }
                    Ok(Told::Open { .. } | Told::Done | Told::Refused { .. } | Told::Unknown) => {}
                }
            }
            if self.partial.len() > LINE {
                self.is_over = true;
                return None;
            }
        }
    }
}

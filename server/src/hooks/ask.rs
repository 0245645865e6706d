//! Asks the servers that run what is to be answered to Claude Code's question, and tells them what may have answered it.
//!
//! Must never keep a session up where nobody can answer: without a server it takes no time, with one as long as that server
//! says. Where the terminal can be used meanwhile, a server that is killed or updated is waited for that long too. Does not know
//! who decides, nor what an answer means.

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
/// As long as Claude Code waits for us.
const MOST: Duration = Duration::from_secs(3_600);
/// Between two looks whether there is a server again.
const LOOK: Duration = Duration::from_millis(300);

/// What came of asking.
enum Heard {
    /// By the server at this place.
    Decided(usize, Value),
    /// The terminal is to decide, or nobody reads what we print.
    Over,
    /// All that had said they would answer until then have gone without a word.
    Lost(Instant),
}

/// Waits for the answer and prints it; prints nothing where the terminal is to decide.
pub(super) fn ask(home: &Path, call: Call, at: u64, process: Option<&Ancestor>) -> io::Result<()> {
    let mut lines = reach(home)?;
    if lines.is_empty() {
        return Ok(());
    }
    let Some(asking) = asking(call, at, process) else {
        return Ok(());
    };
    let blocks = asking.blocks;
    let said = line(&Said::Ask { ask: asking });
    let mut end = Instant::now() + MOST + SLACK;
    loop {
        lines.retain_mut(|server| server.say(&said).is_ok());
        match hear(&mut lines, end)? {
            Heard::Decided(server, output) => {
                let mut stdout = io::stdout().lock();
                writeln!(stdout, "{output}")?;
                stdout.flush()?;
                let delivered = line(&Said::Delivered);
                return lines
                    .get_mut(server)
                    .map_or(Ok(()), |it| it.say(&delivered));
            }
            Heard::Over => return Ok(()),
            // It would keep the session up, and perhaps for nobody.
            Heard::Lost(_) if blocks => return Ok(()),
            Heard::Lost(until) => end = until,
        }
        lines = next(home, end)?;
        if lines.is_empty() {
            return Ok(());
        }
    }
}

/// Waits until there is a server again; empty where there is none in time, or nobody reads what we print.
fn next(home: &Path, end: Instant) -> io::Result<Vec<Server>> {
    let stdout = io::stdout();
    let step = Timespec::try_from(LOOK).map_err(io::Error::other)?;
    while Instant::now() < end {
        if poll(&mut [PollFd::new(&stdout, PollFlags::empty())], Some(&step))? > 0 {
            break;
        }
        let servers = reach(home)?;
        if !servers.is_empty() {
            return Ok(servers);
        }
    }
    Ok(Vec::new())
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

/// Waits for the first decision, not longer than until `end`.
fn hear(servers: &mut Vec<Server>, end: Instant) -> io::Result<Heard> {
    let stdout = io::stdout();
    let mut lost: Option<Instant> = None;
    let mut is_released = false;
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
            return Ok(Heard::Over);
        }
        let ready = ready.into_iter().skip(1);
        for (index, (server, _)) in servers
            .iter_mut()
            .zip(ready)
            .enumerate()
            .filter(|(_, (_, ready))| *ready)
        {
            if let Some(output) = server.read() {
                return Ok(Heard::Decided(index, output));
            }
            server.until = server.until.min(end);
        }
        let now = Instant::now();
        for server in servers.iter() {
            match server.stands {
                Stands::Open if now < server.until => {}
                Stands::Lost => lost = lost.max(Some(server.until)),
                Stands::Open | Stands::Over => is_released = true,
            }
        }
        servers.retain(|server| server.stands == Stands::Open && now < server.until);
    }
    Ok(match lost {
        Some(until) if !is_released => Heard::Lost(until),
        Some(_) | None => Heard::Over,
    })
}

/// The line to one server.
struct Server {
    stream: UnixStream,
    /// What was read of a line that is not whole yet.
    partial: Vec<u8>,
    /// When it has had its time.
    until: Instant,
    /// It has said that it would answer.
    has_promised: bool,
    stands: Stands,
}

/// How a server stands to what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Open,
    /// It leaves the answer to the terminal, or is not understood.
    Over,
    /// It has promised an answer, and has gone without a word.
    Lost,
}

impl Server {
    fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            partial: Vec::new(),
            until: Instant::now() + PROMPT,
            has_promised: false,
            stands: Stands::Open,
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
                    self.leave();
                    return None;
                }
                Ok(count) => self.partial.extend(chunk.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(_) => {
                    self.leave();
                    return None;
                }
            }
            while let Some(end) = self.partial.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.partial.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(Told::Wait { millis }) => {
                        let wait = Duration::from_millis(millis) + SLACK;
                        self.until = Instant::now() + wait.min(MOST + SLACK);
                        self.has_promised = true;
                    }
                    Ok(Told::Decided { output }) => return Some(output),
                    Ok(Told::Released) | Err(_) => {
                        self.stands = Stands::Over;
                        return None;
                    }
                    Ok(Told::Open { .. } | Told::Done | Told::Refused { .. } | Told::Unknown) => {}
                }
            }
            if self.partial.len() > LINE {
                self.stands = Stands::Over;
                return None;
            }
        }
    }

    fn leave(&mut self) {
        self.stands = match self.has_promised {
            true => Stands::Lost,
            false => Stands::Over,
        };
    }
}

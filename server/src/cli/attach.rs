//! `session-manager attach`: a session's terminal on one's own, until one leaves it or it ends.
//!
//! Knows keys and both terminals. Does not know what is shown.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
    thread,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::Args;
use session_core::detach::{DetachKeys, Detaching, Pressed};
use tokio::sync::mpsc;
use wire::Code;

use super::{
    EXIT_CODES,
    drive::caller,
    question::{Answer, answer},
    raw::{Notice, Notices, RawTerminal},
    terminal, who,
};
use crate::{
    config::Config,
    hold::{
        client::Client,
        protocol::{Asked, Do, Told},
        terminal::Size,
    },
    service::{Seat, ServiceError},
};

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{LEGEND}\n\n{}\n\n{EXIT_CODES}", who::TAKES));

const LEGEND: &str = "\
Ctrl-B D, or what is configured as detach_keys, leaves the terminal, and the session goes on; Ctrl-B twice is one
Ctrl-B for the session. Several may be
attached to one session: the terminal has the size of whoever typed last.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct AttachArgs {
    /// The session
    who: String,
    /// The two keys that leave it [default: the configured ones, or "ctrl-b d"]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
}

/// How an attachment ended.
enum Left {
    Detached,
    SessionEnded,
}

/// What is taken of the keys at once, in bytes.
const PART: usize = 4096;

pub(super) fn run(arguments: &AttachArgs, config: Config) -> anyhow::Result<ExitCode> {
    let keys = arguments.detach_keys.unwrap_or(config.detach_keys);
    answer(config, async |service| {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            let sentence =
                "This is no terminal, and attach needs one; use tail to read what a session says.";
            return Err(ServiceError::told(Code::BadRequest, sentence));
        }
        service.meet_holders().await;
        let who = who::running(service, &arguments.who).await?;
        match service.seat(who.clone()).await? {
            Seat::Held(client) => {
                let left = attach(client, keys).await;
                let left = left.map_err(|error| {
                    ServiceError::fault("The session's terminal can't be shown any more", error)
                })?;
                Ok(Answer::from(match left {
                    Left::Detached => format!(
                        "Session {who} goes on; `session-manager attach {who}` leads back to it.\n"
                    ),
                    Left::SessionEnded => format!("Session {who} has ended.\n"),
                }))
            }
            Seat::Tmux { attach } => {
                terminal::complain(&format!("it is tmux's: {attach}"));
                // Its words are quoted for a shell.
                let error = Command::new("/bin/sh")
                    .arg("-c")
                    .arg(format!("exec {attach}"))
                    .exec();
                Err(ServiceError::fault("tmux can't be started", error))
            }
        }
    })
}

/// Shows it until somebody leaves. The user's terminal is given back whatever happens.
async fn attach(mut client: Client, keys: DetachKeys) -> io::Result<Left> {
    // Read and written whatever the standard streams are.
    let mut own = File::options().read(true).write(true).open("/dev/tty")?;
    let mut notices = Notices::listen()?;
    let raw = RawTerminal::take(&own)?;
    let mut typed = read(own.try_clone()?);
    let mut detaching = Detaching::new(keys);
    let mut number = 0;
    client.ask(&attach_at(&raw)).await?;
    loop {
        tokio::select! {
            told = client.next() => match told? {
                Some(Told::Screen { bytes }) => {
                    let bytes = BASE64_STANDARD.decode(bytes).map_err(io::Error::other)?;
                    own.write_all(&bytes)?;
                }
                Some(Told::End) | None => return Ok(Left::SessionEnded),
                // What was not asked for.
                Some(
                    Told::Hello { .. }
                    | Told::Now(_)
                    | Told::Events { .. }
                    | Told::Delta { .. }
                    | Told::Caught { .. }
                    | Told::Picture(_)
                    | Told::Reply { .. }
                    | Told::Unknown,
                ) => {}
            },
            keys = typed.recv() => {
                // The terminal is gone.
                let Some(keys) = keys else {
                    return Ok(Left::Detached);
                };
                let (keys, leaves) = match detaching.press(&keys) {
                    Pressed::Keys(keys) => (keys, false),
                    Pressed::Detach(keys) => (keys, true),
                };
                if !keys.is_empty() {
                    let bytes = BASE64_STANDARD.encode(keys);
                    ask(&mut client, &mut number, Do::Type { bytes }).await?;
                }
                if leaves {
                    return Ok(Left::Detached);
                }
            }
            notice = notices.next() => match notice {
                Notice::Resized => {
                    let size = size(&raw);
                    let (columns, rows) = (size.columns(), size.rows());
                    ask(&mut client, &mut number, Do::Resize { columns, rows }).await?;
                }
                Notice::Resumed => {
                    raw.take_again()?;
                    client.ask(&attach_at(&raw)).await?;
                }
                Notice::End => return Ok(Left::Detached),
            },
        }
    }
}

fn attach_at(raw: &RawTerminal) -> Asked {
    let size = size(raw);
    Asked::Attach {
        columns: size.columns(),
        rows: size.rows(),
    }
}

/// A terminal without a size, such as a serial line, is taken for a small one.
fn size(raw: &RawTerminal) -> Size {
    raw.size().unwrap_or_else(|| Size::new(80, 24))
}

async fn ask(client: &mut Client, number: &mut u64, what: Do) -> io::Result<()> {
    *number += 1;
    let (id, by) = (*number, caller());
    client.ask(&Asked::Do { id, by, what }).await
}

/// Reads the keys on a thread of its own, which ends with the program: reading a terminal can't be given up.
fn read(mut terminal: File) -> mpsc::Receiver<Vec<u8>> {
    let (keys, typed) = mpsc::channel(16);
    thread::spawn(move || {
        let mut part = vec![0; PART];
        while let Ok(read @ 1..) = terminal.read(&mut part) {
            let pressed = part.get(..read).unwrap_or_default().to_vec();
            if keys.blocking_send(pressed).is_err() {
                return;
            }
        }
    });
    typed
}

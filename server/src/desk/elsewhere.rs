//! The desks of the servers that run, for a process that is none itself: the command line.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
    time::timeout,
};
use wire::{Approval, Code, RequestId, SessionId};

use super::{
    DELIVERY, Refusal,
    answer::Verdict,
    place::Place,
    protocol::{Deciding, LINE, Said, Told, line},
};

/// A server that runs says at once what is asked.
const PROMPT: Duration = Duration::from_secs(2);

/// All that is asked at any of them. The same request may be asked at several.
pub async fn open(home: &Path) -> Vec<Approval> {
    let mut approvals: Vec<Approval> = Vec::new();
    for stream in reach(home) {
        approvals.extend(listed(stream).await);
    }
    approvals
}

/// Decides a request at the desk that has it; `None` where none does.
pub async fn decide(
    home: &Path,
    id: &RequestId,
    session: &SessionId,
    verdict: Verdict,
) -> Option<Result<(), Refusal>> {
    let has_it = |approvals: Vec<Approval>| approvals.iter().any(|approval| approval.id == *id);
    let place = Place::find(home).ok().flatten()?;
    let mut desk = None;
    // A server may come or go between two looks: what is decided goes to the one that was heard.
    for name in place.names().unwrap_or_default() {
        let Ok(asked) = place.reach(&name) else {
            continue;
        };
        if has_it(listed(asked).await) {
            desk = place.reach(&name).ok();
        }
    }
    let Verdict {
        decision,
        reason,
        answers,
        permission_mode,
    } = verdict;
    let decide = Deciding {
        id: id.clone(),
        session_id: session.clone(),
        decision,
        reason,
        answers,
        permission_mode,
    };
    let told = say(desk?, &Said::Decide { decide }, DELIVERY + PROMPT).await;
    Some(match told {
        Ok(Told::Done) => Ok(()),
        Ok(Told::Refused { code, sentence }) => Err(Refusal { code, sentence }),
        Ok(_) | Err(_) => Err(Refusal::new(
            Code::Unresponsive,
            "The server that asks this does not answer; look at what is asked now.",
        )),
    })
}

fn reach(home: &Path) -> Vec<std::os::unix::net::UnixStream> {
    let place = Place::find(home).ok().flatten();
    place.map(|place| place.connect()).unwrap_or_default()
}

async fn listed(stream: std::os::unix::net::UnixStream) -> Vec<Approval> {
    match say(stream, &Said::List, PROMPT).await {
        Ok(Told::Open { approvals }) => approvals,
        // Of an earlier version, or stopped.
        Ok(_) | Err(_) => Vec::new(),
    }
}

async fn say(
    stream: std::os::unix::net::UnixStream,
    said: &Said,
    patience: Duration,
) -> io::Result<Told> {
    let said = async {
        let (reader, mut writer) = UnixStream::from_std(stream)?.into_split();
        writer.write_all(&line(said)).await?;
        let mut told = Vec::new();
        let mut reader = BufReader::new(reader.take(MOST));
        reader.read_until(b'\n', &mut told).await?;
        Ok(serde_json::from_slice(&told)?)
    };
    timeout(patience, said).await?
}

/// The longest answer, in bytes: all that is asked at one moment.
const MOST: u64 = 64 * LINE as u64;

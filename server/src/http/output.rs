//! `/sessions/:id/output`: what a session said as JSON lines, or with what it says from now on as server-sent events.
//!
//! Knows both formats and when a stream ends. Does not know where events come from.

use std::time::Duration;

use hyper::{HeaderMap, StatusCode, body::Bytes};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::Instrument as _;
use wire::{Event, Output, OutputPart, Since};

use crate::{
    event_log::json_bytes,
    http::{
        answer::{self, Answer},
        ask::last_event,
    },
    service::Outputs,
    streams::{Slot, StreamLimits},
};

/// What a client that is cut off waits before it comes back, in milliseconds.
const OPENING: &[u8] = b"retry: 2000\n\n";

const HEARTBEAT: &[u8] = b":\n\n";

/// About what a document of events has at most, in bytes.
const PART: usize = 1 << 20;

/// Begins after the event that a returning client names, whatever its address says.
pub(super) fn since(since: Since, headers: &HeaderMap) -> Since {
    let last = last_event(headers).and_then(|id| id.parse().ok());
    Since {
        after: last.filter(|_| since.follow).unwrap_or(since.after),
        ..since
    }
}

/// Begins to send. What is not taken is not read.
pub(super) fn answer(outputs: Outputs, since: Since, limits: StreamLimits, slot: Slot) -> Answer {
    let (parts, body) = mpsc::channel(1);
    let format = match since.follow {
        true => Format::Events,
        false => Format::Lines,
    };
    let told = tell(parts, outputs, format, limits, slot);
    tokio::spawn(told.in_current_span());
    answer::stream(format.content_type(), body)
}

/// As many events as a page takes at once, in one document: whoever asks through a proxy that reads JSON only asks again for the
/// rest.
pub(super) async fn part(mut outputs: Outputs) -> Answer {
    let mut part = OutputPart {
        ok: true,
        session_id: outputs.session_id.clone(),
        // Also where there is no event: then the number after which was asked is of another list.
        numbering: outputs.numbering.clone(),
        events: Vec::new(),
    };
    let mut bytes = 0;
    while bytes < PART
        && let Some(output) = outputs.next().await
    {
        if let Output::Events { events, .. } = output {
            bytes += events.iter().map(json_bytes).sum::<usize>();
            part.events.extend(events);
        }
    }
    answer::json(StatusCode::OK, &part)
}

#[derive(Clone, Copy, Debug)]
enum Format {
    /// An event a line, and no more than there is.
    Lines,
    /// Server-sent events, for as long as there may be more.
    Events,
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::Lines => "application/x-ndjson",
            Self::Events => "text/event-stream",
        }
    }

    fn life(self, limits: StreamLimits) -> Duration {
        match self {
            // They end by themselves.
            Self::Lines => Duration::MAX,
            Self::Events => limits.life,
        }
    }

    /// Ends before the end.
    fn cut(self, slot: &Slot) {
        match self {
            // Otherwise it would look like all that there is.
            Self::Lines => slot.cut(),
            Self::Events => {}
        }
    }

    fn opening(self) -> &'static [u8] {
        match self {
            Self::Lines => b"",
            Self::Events => OPENING,
        }
    }

    fn part(self, output: &Output) -> Bytes {
        match self {
            Self::Lines => lines(output),
            Self::Events => event(output),
        }
    }

    /// What is sent where there is no news for a while.
    fn heartbeat(self) -> &'static [u8] {
        match self {
            // What is there is read as fast as the disk can.
            Self::Lines => b"",
            Self::Events => HEARTBEAT,
        }
    }
}

async fn tell(
    parts: mpsc::Sender<Bytes>,
    mut outputs: Outputs,
    format: Format,
    limits: StreamLimits,
    mut slot: Slot,
) {
    let mut life = std::pin::pin!(sleep(format.life(limits)));
    let mut part = Bytes::from_static(format.opening());
    loop {
        if !part.is_empty() {
            tokio::select! {
                () = slot.end() => return format.cut(&slot),
                sent = timeout(limits.send, parts.send(part)) => match sent {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return,
                    Err(_) => return slot.cut(),
                },
            }
        }
        part = tokio::select! {
            () = slot.end() => return format.cut(&slot),
            () = parts.closed() => return,
            () = life.as_mut() => return,
            news = timeout(limits.heartbeat, outputs.next()) => match news {
                Ok(Some(output)) => format.part(&output),
                Ok(None) => return,
                Err(_) => Bytes::from_static(format.heartbeat()),
            },
        };
    }
}

fn lines(output: &Output) -> Bytes {
    let mut lines = Vec::new();
    if let Output::Events { events, .. } = output {
        for event in events {
            serde_json::to_writer(&mut lines, event).expect("wire types have string keys only");
            lines.push(b'\n');
        }
    }
    lines.into()
}

fn event(output: &Output) -> Bytes {
    let (name, id) = match output {
        Output::Events { events, .. } => ("events", events.last().map(Event::seq)),
        Output::Delta { .. } => ("delta", None),
        Output::Caught { .. } => ("caught", None),
        Output::End { .. } => ("end", None),
    };
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    // JSON escapes line ends, so that the data is one line.
    let data = serde_json::to_string(output).expect("wire types have string keys only");
    format!("{id}event: {name}\ndata: {data}\n\n").into()
}

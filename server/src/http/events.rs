//! `/events`: the live feed as server-sent events, for `curl` and for scripts.
//!
//! Knows the format of the stream and when it ends. Does not know where the list comes from.

use std::sync::Arc;

use hyper::body::Bytes;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::Instrument as _;
use wire::Frame;

use crate::{
    feed::{follower::Follower, history::History},
    http::answer::{self, Answer},
    service::Service,
    streams::{Slot, StreamLimits, Streams},
};

/// What a client that is cut off waits before it comes back, in milliseconds.
const OPENING: &[u8] = b"retry: 2000\n\n";

const HEARTBEAT: &[u8] = b":\n\n";

/// Begins the stream, after the event that a returning client names where that is still remembered.
pub(super) fn answer(
    last: Option<&str>,
    service: &Service,
    streams: &Streams,
    slot: Slot,
) -> Answer {
    // One part is under way and the next is not made before it has left.
    let (parts, body) = mpsc::channel(1);
    let history = Arc::clone(&streams.history);
    let known = last.and_then(|name| history.find(name));
    let follower = Follower::new(service.subscribe(), known);
    let told = tell(parts, follower, history, streams.limits, slot);
    tokio::spawn(told.in_current_span());
    answer::stream("text/event-stream", body)
}

async fn tell(
    parts: mpsc::Sender<Bytes>,
    mut follower: Follower,
    history: Arc<History>,
    limits: StreamLimits,
    mut slot: Slot,
) {
    let mut life = std::pin::pin!(sleep(limits.life));
    let mut part = Bytes::from_static(OPENING);
    loop {
        tokio::select! {
            () = slot.end() => return,
            sent = timeout(limits.send, parts.send(part)) => match sent {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => return slot.cut(),
            },
        }
        part = tokio::select! {
            () = slot.end() => return,
            () = parts.closed() => return,
            () = life.as_mut() => return,
            news = timeout(limits.heartbeat, follower.next()) => match news {
                Ok(Some((frame, state))) => event(&frame, &history.remember(state)),
                Ok(None) => return,
                Err(_) => Bytes::from_static(HEARTBEAT),
            },
        };
    }
}

fn event(frame: &Frame, id: &str) -> Bytes {
    let name = match frame {
        Frame::Hello { .. } => "hello",
        Frame::Snapshot { .. } => "snapshot",
        Frame::Changes { .. } => "changes",
        Frame::Output { .. } => "output",
        Frame::Screen { .. } => "screen",
    };
    // JSON escapes line ends, so that the data is one line.
    let data = serde_json::to_string(frame).expect("wire types have string keys only");
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::yield_now;

    use super::*;
    use crate::streams::rig::Rig;

    fn begin(rig: &Rig) -> (mpsc::Receiver<Bytes>, tokio::task::JoinHandle<()>) {
        let (parts, body) = mpsc::channel(1);
        let history = Arc::clone(&rig.streams.history);
        let told = tell(
            parts,
            rig.follower(),
            history,
            rig.streams.limits,
            rig.slot(),
        );
        (body, tokio::spawn(told))
    }

    #[tokio::test]
    async fn who_sleeps_through_a_thousand_states_is_told_of_the_newest() {
        let rig = Rig::new(StreamLimits::default());
        let (mut body, _) = begin(&rig);
        let mut newest = 0;
        for _ in 0..1000 {
            newest = rig.change();
            yield_now().await;
        }
        let newest = format!("-{newest}\nevent: changes\n");
        let mut parts = 1;
        while !str::from_utf8(&body.recv().await.unwrap())
            .unwrap()
            .contains(&newest)
        {
            parts += 1;
        }
        // The opening, the list, and what has changed until now.
        assert_eq!(parts, 3);
    }

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off() {
        let rig = Rig::new(StreamLimits {
            send: Duration::from_millis(20),
            ..StreamLimits::default()
        });
        let (body, told) = begin(&rig);
        told.await.unwrap();
        rig.activity.cut().await;
        rig.streams.ended().await;
        drop(body);
    }

    #[tokio::test]
    async fn who_has_left_or_outlives_the_server_makes_room() {
        let rig = Rig::new(StreamLimits::default());
        let (body, told) = begin(&rig);
        drop(body);
        told.await.unwrap();
        let (body, told) = begin(&rig);
        rig.ending.send_replace(true);
        told.await.unwrap();
        rig.streams.ended().await;
        drop(body);
    }
}

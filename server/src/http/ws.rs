//! `/ws`: the live feed as a WebSocket. The server speaks; what a client says is only a sign of life.
//!
//! Knows the order of messages and when to part. Does not know where the list comes from.

mod handshake;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tracing::Instrument as _;
use wire::{Auth, Frame};

pub(super) use self::handshake::Handshake;
use crate::{
    feed::follower::Follower,
    http::answer::{self, Answer},
    service::Service,
    streams::{Slot, StreamLimits},
};

/// The most that a message of a client may have, in bytes.
const MESSAGE_BYTES: usize = 64 * 1024;

/// How long a client may take to end after it was told to.
const PARTING: Duration = Duration::from_secs(1);

/// Grants a WebSocket and speaks on it until it ends.
pub(super) fn answer(
    handshake: Handshake,
    service: &Service,
    limits: StreamLimits,
    slot: Slot,
) -> Answer {
    let Handshake { accept, connection } = handshake;
    let service = service.clone();
    let speak = async move {
        // The answer does not leave where the client takes nothing.
        let Ok(Ok(connection)) = timeout(limits.send, connection).await else {
            return;
        };
        let follower = Follower::new(service.subscribe(), None);
        serve(TokioIo::new(connection), follower, limits, slot).await;
    };
    tokio::spawn(speak.in_current_span());
    answer::switch_to_websocket(accept)
}

/// How a conversation ends.
#[derive(Debug)]
enum Parting {
    /// The client has left, or takes nothing any more.
    Gone,
    /// The client is told why.
    Told(CloseCode, &'static str),
}

const SERVER_ENDS: Parting = Parting::Told(CloseCode::Away, "the server ends");

/// Speaks on a connection that has become a WebSocket.
async fn serve<S>(connection: S, follower: Follower, limits: StreamLimits, slot: Slot)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    let socket = WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await;
    let mut talk = Talk {
        socket,
        limits,
        slot,
    };
    let parting = match talk.tell(follower).await {
        Ok(never) => match never {},
        Err(parting) => parting,
    };
    tracing::debug!(?parting, "the stream ends");
    if let Parting::Told(code, reason) = parting {
        talk.part(code, reason).await;
    }
}

#[derive(Debug)]
struct Talk<S> {
    socket: WebSocketStream<S>,
    limits: StreamLimits,
    slot: Slot,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn tell(&mut self, mut follower: Follower) -> Result<std::convert::Infallible, Parting> {
        let hello = Frame::Hello {
            protocol: Frame::PROTOCOL,
            auth: Auth::None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        self.send(message(&hello)).await?;
        let mut heard = Instant::now();
        let mut ping = interval_at(heard + self.limits.ping, self.limits.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                () = self.slot.end() => return Err(SERVER_ENDS),
                said = self.socket.next() => {
                    said.ok_or(Parting::Gone)?.map_err(|error| parting(&error))?;
                    heard = Instant::now();
                    // The answer to a ping leaves before the next one is read: whoever asks without end and reads
                    // nothing would make answers pile up.
                    self.flush().await?;
                    continue;
                }
                _ = ping.tick() => {
                    if heard.elapsed() >= self.limits.silence {
                        return Err(Parting::Told(CloseCode::Policy, "no answer to a ping"));
                    }
                    Message::Ping(Default::default())
                }
                news = follower.next() => {
                    let (frame, _) = news.ok_or(SERVER_ENDS)?;
                    message(&frame)
                }
            };
            self.send(next).await?;
        }
    }

    /// Returns once the message has left: until then there is no next one.
    async fn send(&mut self, message: Message) -> Result<(), Parting> {
        self.socket.feed(message).await.map_err(|_| Parting::Gone)?;
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Parting> {
        tokio::select! {
            () = self.slot.end() => Err(SERVER_ENDS),
            left = timeout(self.limits.send, self.socket.flush()) => match left {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Parting::Gone),
            },
        }
    }

    async fn part(&mut self, code: CloseCode, reason: &'static str) {
        let close = CloseFrame {
            code,
            reason: reason.into(),
        };
        let part = async {
            self.socket.close(Some(close)).await.ok()?;
            let connection = self.socket.get_mut();
            connection.shutdown().await.ok()?;
            // Closing over bytes that nobody has read resets the connection, which takes our Close with it.
            let mut rest = [0; 4096];
            while connection.read(&mut rest).await.ok()? > 0 {}
            Some(())
        };
        timeout(PARTING, part).await.ok();
    }
}

fn message(frame: &Frame) -> Message {
    let text = serde_json::to_string(frame).expect("wire types have string keys only");
    Message::text(text)
}

/// What an error in reading means for the client.
fn parting(error: &Error) -> Parting {
    match error {
        Error::Capacity(_) => Parting::Told(CloseCode::Size, "a message has at most 64 KB"),
        Error::Utf8(_) => Parting::Told(CloseCode::Invalid, "a text is UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Parting::Gone,
        Error::Protocol(_) => Parting::Told(CloseCode::Protocol, "this is not WebSocket"),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => Parting::Gone,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use rustix::net::sockopt::set_socket_send_buffer_size;
    use tokio::{
        io::duplex,
        net::{TcpListener, TcpStream},
        task::yield_now,
    };

    use super::*;
    use crate::streams::{SEND_BUFFER, rig::Rig};

    async fn client<S: AsyncRead + AsyncWrite + Unpin>(end: S) -> WebSocketStream<S> {
        WebSocketStream::from_raw_socket(end, Role::Client, None).await
    }

    fn rev(said: &Message) -> u64 {
        match serde_json::from_str(said.to_text().unwrap()).unwrap() {
            Frame::Hello { .. } => 0,
            Frame::Snapshot { rev, .. } | Frame::Changes { rev, .. } => rev,
        }
    }

    /// Reads up to the state `newest` and returns how many messages that took.
    async fn read_to<S>(client: &mut WebSocketStream<S>, newest: u64) -> usize
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut messages = 1;
        while rev(&client.next().await.unwrap().unwrap()) != newest {
            messages += 1;
        }
        messages
    }

    #[tokio::test]
    async fn who_sleeps_through_a_thousand_states_is_told_of_the_newest() {
        let rig = Rig::new(StreamLimits::default());
        let (ours, theirs) = duplex(4 * 1024);
        let served = serve(ours, rig.follower(), rig.streams.limits, rig.slot());
        let served = tokio::spawn(served);
        let mut newest = 0;
        for _ in 0..1000 {
            newest = rig.change();
            yield_now().await;
        }
        let mut client = client(theirs).await;
        let messages = read_to(&mut client, newest).await;
        // What the pipe holds, what waits before it, and the newest.
        assert!(messages < 12, "{messages}");
        newest = rig.change();
        assert_eq!(read_to(&mut client, newest).await, 1);
        drop(client);
        served.await.unwrap();
        rig.streams.ended().await;
    }

    #[tokio::test]
    async fn the_kernel_keeps_little_for_who_does_not_read() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap());
        let (theirs, accepted) = tokio::join!(theirs, listener.accept());
        let (ours, _) = accepted.unwrap();
        set_socket_send_buffer_size(&ours, SEND_BUFFER).unwrap();
        let rig = Rig::new(StreamLimits::default());
        let served = serve(ours, rig.follower(), rig.streams.limits, rig.slot());
        let served = tokio::spawn(served);
        let mut newest = 0;
        for _ in 0..10_000 {
            newest = rig.change();
            yield_now().await;
        }
        let mut client = client(theirs.unwrap()).await;
        let messages = read_to(&mut client, newest).await;
        assert!(messages < 1000, "{messages}");
        drop(client);
        served.await.unwrap();
    }

    #[tokio::test]
    async fn who_takes_nothing_is_dropped() {
        let rig = Rig::new(StreamLimits {
            send: Duration::from_millis(20),
            ..StreamLimits::default()
        });
        let (ours, _theirs) = duplex(256);
        serve(ours, rig.follower(), rig.streams.limits, rig.slot()).await;
        rig.streams.ended().await;
    }

    #[tokio::test]
    async fn answers_to_pings_do_not_pile_up() {
        let rig = Rig::new(StreamLimits {
            send: Duration::from_millis(20),
            ..StreamLimits::default()
        });
        let (ours, mut theirs) = duplex(4 * 1024);
        let served = serve(ours, rig.follower(), rig.streams.limits, rig.slot());
        let served = tokio::spawn(served);
        let ping = [0x89, 0x84, 0, 0, 0, 0, b'p', b'i', b'n', b'g'];
        let mut asked = 0;
        while asked < 100_000 && theirs.write_all(&ping).await.is_ok() {
            asked += 1;
        }
        // What both pipes hold, and no more.
        assert!(asked < 2_000, "{asked}");
        served.await.unwrap();
    }

    #[tokio::test]
    async fn the_end_comes_in_the_middle_of_a_message_too() {
        let rig = Rig::new(StreamLimits::default());
        let (ours, theirs) = duplex(256);
        let served = serve(ours, rig.follower(), rig.streams.limits, rig.slot());
        let served = tokio::spawn(served);
        yield_now().await;
        rig.ending.send_replace(true);
        let mut client = client(theirs).await;
        let mut last = None;
        while let Some(Ok(said)) = client.next().await {
            last = Some(said);
        }
        let Some(Message::Close(Some(close))) = last else {
            panic!("{last:?}");
        };
        assert_eq!(close.code, CloseCode::Away);
        served.await.unwrap();
    }
}

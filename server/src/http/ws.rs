//! `/ws`: the live feed as a WebSocket. The server speaks: of the list by itself, and of what sessions say once the client has
//! named them. Whatever else a client says, but for the ticket of one that needs it, is only a sign of life.
//!
//! Knows the order of messages and when to part. Does not know where the list comes from, nor what sessions say.

mod doorstep;
mod follows;
mod handshake;
mod looks;

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, Stream, StreamExt as _};
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
use wire::{Auth, Code, Frame, Said, ScreenNews, SessionId};

pub(super) use self::handshake::Handshake;
use self::{follows::Follows, looks::Looks};
use crate::{
    connection::Activity,
    feed::follower::Follower,
    http::{
        answer::{self, Answer},
        error::Refusal,
        gate::Gate,
    },
    service::{Outputs, Service},
    streams::{Slot, StreamLimits, Streams, Waiting},
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
    door: Door,
) -> Answer {
    let Handshake { accept, connection } = handshake;
    let service = service.clone();
    let speak = async move {
        // The answer does not leave where the client takes nothing.
        let Ok(Ok(connection)) = timeout(limits.send, connection).await else {
            return;
        };
        let list = || Follower::new(service.subscribe(), None);
        let source = Source {
            follow: |id, after| service.follow(id, after),
            look: |id| service.look(id),
        };
        serve(TokioIo::new(connection), list, source, limits, door).await;
    };
    tokio::spawn(speak.in_current_span());
    answer::switch_to_websocket(accept)
}

/// How a client gets in.
#[derive(Debug)]
pub(super) enum Door {
    Open(Slot),
    /// With a ticket, and if there is room for one more then.
    Closed {
        waiting: Waiting,
        streams: Streams,
        activity: Activity,
        gate: Arc<Gate>,
    },
}

impl Door {
    /// Lets a client wait that has to show a ticket.
    pub(super) fn closed(
        streams: &Streams,
        activity: &Activity,
        gate: &Arc<Gate>,
    ) -> Result<Self, Refusal> {
        let waiting = streams.wait().ok_or_else(|| {
            Refusal::new(
                Code::TooMany,
                "Many clients are about to show a ticket; try again in some seconds.",
            )
        })?;
        Ok(Self::Closed {
            waiting,
            streams: streams.clone(),
            activity: activity.clone(),
            gate: Arc::clone(gate),
        })
    }
}

/// Where what a client asks for comes from.
struct Source<F, L> {
    /// Begins to follow a session after an event.
    follow: F,
    /// Begins to look at a session's terminal.
    look: L,
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

const FULL: Parting = Parting::Told(
    CloseCode::Again,
    "as many live feeds are open as may be; close one and try again",
);

/// Speaks on a connection that has become a WebSocket.
async fn serve<S, F, L, N>(
    connection: S,
    list: impl FnOnce() -> Follower,
    source: Source<F, L>,
    limits: StreamLimits,
    door: Door,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(SessionId, u64) -> Outputs,
    L: Fn(SessionId) -> N,
    N: Stream<Item = ScreenNews> + Send + 'static,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    let mut socket = WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await;
    let parting = match enter(&mut socket, limits, door).await {
        Ok(slot) => {
            let mut talk = Talk {
                socket: &mut socket,
                limits,
                slot,
                source,
                follows: Follows::default(),
                looks: Looks::default(),
            };
            match talk.tell(list()).await {
                Ok(never) => match never {},
                Err(parting) => parting,
            }
        }
        Err(parting) => parting,
    };
    tracing::debug!(?parting, "the stream ends");
    if let Parting::Told(code, reason) = parting {
        part(&mut socket, code, reason).await;
    }
}

/// Greets a client, and lets it in.
async fn enter<S>(
    socket: &mut WebSocketStream<S>,
    limits: StreamLimits,
    door: Door,
) -> Result<Slot, Parting>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match door {
        Door::Open(mut slot) => {
            tokio::select! {
                () = slot.end() => return Err(SERVER_ENDS),
                sent = send(socket, limits.send, hello(Auth::None)) => sent?,
            }
            Ok(slot)
        }
        Door::Closed {
            mut waiting,
            streams,
            activity,
            gate,
        } => {
            doorstep::ask(socket, limits, &mut waiting, |ticket| gate.redeem(ticket)).await?;
            streams.open(&activity).ok_or(FULL)
        }
    }
}

struct Talk<'s, S, F, L> {
    socket: &'s mut WebSocketStream<S>,
    limits: StreamLimits,
    slot: Slot,
    source: Source<F, L>,
    follows: Follows,
    looks: Looks,
}

impl<S, F, L, N> Talk<'_, S, F, L>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(SessionId, u64) -> Outputs,
    L: Fn(SessionId) -> N,
    N: Stream<Item = ScreenNews> + Send + 'static,
{
    async fn tell(&mut self, mut list: Follower) -> Result<std::convert::Infallible, Parting> {
        let mut heard = Instant::now();
        let mut ping = interval_at(heard + self.limits.ping, self.limits.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                () = self.slot.end() => return Err(SERVER_ENDS),
                said = self.socket.next() => {
                    let said = said.ok_or(Parting::Gone)?.map_err(|error| parting(&error))?;
                    heard = Instant::now();
                    let Some(refused) = self.hear(&said) else {
                        // The answer to a ping leaves before the next one is read: whoever asks without end and reads
                        // nothing would make answers pile up.
                        self.flush().await?;
                        continue;
                    };
                    message(&refused)
                }
                _ = ping.tick() => {
                    if heard.elapsed() >= self.limits.silence {
                        return Err(Parting::Told(CloseCode::Policy, "no answer to a ping"));
                    }
                    Message::Ping(Default::default())
                }
                // Of those that are ready one is chosen by chance: what sessions say keeps nobody from the list for long.
                news = list.next() => {
                    let (frame, _) = news.ok_or(SERVER_ENDS)?;
                    message(&frame)
                }
                output = self.follows.next() => message(&Frame::Output { output }),
                screen = self.looks.next() => message(&screen),
            };
            self.send(next).await?;
        }
    }

    /// Does what the client asks for; returns what it is told where that can't be done.
    fn hear(&mut self, said: &Message) -> Option<Frame> {
        let Message::Text(text) = said else {
            return None;
        };
        match serde_json::from_str(text.as_str()).ok()? {
            Said::Follow { session_id, after } => self
                .follows
                .add(session_id, &self.slot, |id| (self.source.follow)(id, after))
                .map(|output| Frame::Output { output }),
            Said::Unfollow { session_id } => {
                self.follows.remove(&session_id);
                None
            }
            Said::Look { session_id } => self.looks.look(session_id, &self.slot, &self.source.look),
            Said::LookAway { session_id } => {
                self.looks.away(&session_id);
                None
            }
            // The door is open already.
            Said::Ticket { .. } => None,
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Parting> {
        tokio::select! {
            () = self.slot.end() => Err(SERVER_ENDS),
            sent = send(self.socket, self.limits.send, message) => sent,
        }
    }

    async fn flush(&mut self) -> Result<(), Parting> {
        tokio::select! {
            () = self.slot.end() => Err(SERVER_ENDS),
            left = flush(self.socket, self.limits.send) => left,
        }
    }
}

/// Returns once the message has left: until then there is no next one.
async fn send<S>(
    socket: &mut WebSocketStream<S>,
    patience: Duration,
    message: Message,
) -> Result<(), Parting>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket.feed(message).await.map_err(|_| Parting::Gone)?;
    flush(socket, patience).await
}

async fn flush<S>(socket: &mut WebSocketStream<S>, patience: Duration) -> Result<(), Parting>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(patience, socket.flush()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Parting::Gone),
    }
}

async fn part<S>(socket: &mut WebSocketStream<S>, code: CloseCode, reason: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let close = CloseFrame {
        code,
        reason: reason.into(),
    };
    let part = async {
        socket.close(Some(close)).await.ok()?;
        let connection = socket.get_mut();
        connection.shutdown().await.ok()?;
        // Closing over bytes that nobody has read resets the connection, which takes our Close with it.
        let mut rest = [0; 4096];
        while connection.read(&mut rest).await.ok()? > 0 {}
        Some(())
    };
    timeout(PARTING, part).await.ok();
}

fn hello(auth: Auth) -> Message {
    let version = match auth {
        Auth::None => env!("CARGO_PKG_VERSION"),
        // Whoever may still turn out to be anybody is told nothing.
        Auth::Ticket | Auth::Unknown => "",
    };
    message(&Frame::Hello {
        protocol: Frame::PROTOCOL,
        auth,
        version: version.to_owned(),
    })
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
mod tests;

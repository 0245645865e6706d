//! Connections: accepts them, looks whose they are, keeps their number bounded and ends them in order.
//!
//! Knows sockets and time limits. Does not know what is asked.

mod stranger;

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::{JoinSet, yield_now},
    time::{sleep, timeout},
};
use tracing::Instrument as _;

use crate::{
    connection::{Activity, Connections, Standing},
    http::{self, Answer, Gate},
    peer::Peer,
    service::Service,
    streams::{SEND_BUFFER, StreamLimits, Streams},
};

/// What a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the head of a request, from the moment the connection is ready for one.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// For everything that is under way when the server is told to end.
    pub drain: Duration,
    /// Connections kept before the one that has been quiet for longest is closed.
    pub connections: usize,
    /// What a live stream may take.
    pub streams: StreamLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(20),
            body: Duration::from_secs(10),
            // The host kills what has not ended after 5 s.
            drain: Duration::from_secs(4),
            connections: 512,
            streams: StreamLimits::default(),
        }
    }
}

impl Limits {
    /// Leaves at least half of the descriptors that this process may open for its work.
    pub fn within(self, open_files: u64) -> Self {
        let half = usize::try_from(open_files / 2).unwrap_or(usize::MAX);
        let streams = StreamLimits {
            open: self.streams.open.min(half / 4),
            ..self.streams
        };
        Self {
            // A WebSocket is no connection of ours any more but still holds a descriptor.
            connections: self.connections.min(half - streams.open),
            streams,
            ..self
        }
    }
}

/// The most that the head of a request may have, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// How long an answer that is ready may still take to leave once the server ends.
const FLUSH: Duration = Duration::from_millis(250);

/// Answers on `listener` until `shutdown` resolves, then lets open requests finish.
pub async fn serve<F: Future>(
    listener: TcpListener,
    service: Service,
    gate: Gate,
    limits: Limits,
    shutdown: F,
) {
    let (ending, end) = watch::channel(false);
    let server = Arc::new(Server {
        service,
        gate: Arc::new(gate),
        limits,
        strangers: Semaphore::new(stranger::MOST),
        streams: Streams::new(limits.streams, end.clone()),
    });
    let mut connections = Connections::new(limits.connections);
    let mut tasks = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            _ = shutdown.as_mut() => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => connections.forget_ended(),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let activity = connections.activity();
                    let task = server.clone().connection(stream, activity.clone(), end.clone());
                    connections.add(activity, tasks.spawn(task));
                    // A connection that had to go gives its descriptor back only when its task is
                    // looked at again, and accepting can go on without end.
                    yield_now().await;
                }
                Err(error) => pause_after(&error, &mut connections).await,
            },
        }
    }
    drop(listener);
    // Nobody listens any more when the last connection has ended by itself.
    ending.send(true).ok();
    let finished = timeout(limits.drain, connections.requests_finished()).await;
    if finished.is_err() {
        tracing::warn!("requests were still open at the end");
    }
    let left = async {
        server.streams.ended().await;
        while tasks.join_next().await.is_some() {}
    };
    timeout(FLUSH, left).await.ok();
}

async fn pause_after(error: &io::Error, connections: &mut Connections) {
    // A client that gave up while it waited to be accepted is nobody's mistake.
    if matches!(error.kind(), io::ErrorKind::ConnectionAborted) {
        return;
    }
    tracing::warn!(%error, "a connection can't be accepted");
    connections.evict();
    sleep(Duration::from_millis(20)).await;
}

#[derive(Debug)]
struct Server {
    service: Service,
    gate: Arc<Gate>,
    limits: Limits,
    strangers: Semaphore,
    streams: Streams,
}

impl Server {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        activity: Activity,
        mut end: watch::Receiver<bool>,
    ) {
        // At once: what a process has closed in the meantime has no owner any more.
        let peer = self.gate.peers().of(&stream);
        activity.belongs_to(match peer {
            Peer::Own(_) | Peer::Root => Standing::Good,
            Peer::Foreign(_) => Standing::Foreign,
            Peer::Unknown(_) => Standing::Unknown,
        });
        if let Peer::Foreign(uid) = peer {
            let answer = self.gate.turn_away(uid);
            if let Ok(_place) = self.strangers.try_acquire() {
                stranger::turn_away(stream, answer).await;
            }
            return;
        }
        // Answers are written whole, so waiting for more to send only delays them.
        stream.set_nodelay(true).ok();
        set_socket_send_buffer_size(&stream, SEND_BUFFER).ok();
        let limits = self.limits;
        let its = activity.clone();
        let answer = service_fn(move |request| self.clone().answer(request, peer, its.clone()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(HEAD_BYTES)
            // `printf ... | nc -N` closes its half as soon as it has asked.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), answer)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = activity.cut() => return tracing::debug!("the client takes nothing any more"),
            // An error means that the server has been dropped, which is the end as well.
            _ = async { end.wait_for(|&ending| ending).await.is_ok() } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: Peer,
        activity: Activity,
    ) -> Result<Answer, Infallible> {
        activity.touch();
        // Requests that come without a pause on one connection keep the others waiting no longer than one of them takes.
        yield_now().await;
        let method = request.method().clone();
        let span = http::span(&method);
        let answer = self
            .carry_out(request, peer, activity)
            .instrument(span.clone());
        let answer = answer.await;
        span.in_scope(|| http::answered(&method, &answer));
        Ok(answer)
    }

    async fn carry_out(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: Peer,
        activity: Activity,
    ) -> Answer {
        let ask = match http::receive(request, peer, &self.gate, self.limits.body).await {
            Ok(ask) => ask,
            Err(answer) => return answer,
        };
        if ask.is_proved() {
            activity.belongs_to(Standing::Good);
        }
        // From here on the request is a good client's: its connection is not evicted, and an action is
        // carried to its end even where the client hangs up, so that none stays half done.
        let busy = activity.busy();
        let by = wire::Caller {
            uid: peer.uid(),
            face: wire::Face::Http,
        };
        let work = async move {
            let answer = ask
                .answer(&self.service, &self.streams, &activity, &self.gate, by)
                .await;
            drop(busy);
            answer
        };
        let done = tokio::spawn(work.in_current_span()).await;
        done.unwrap_or_else(|panic| http::broken(&panic))
    }
}

//! Who is let in, and how often something may be changed.
//!
//! First whose process asks, then what it shows where that can't be told, then the headers of a browser. Does not know the
//! routes, but for the one whose opening can carry no token.

use std::{
    num::NonZeroU32,
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use hyper::{HeaderMap, header::AUTHORIZATION, http::request::Parts};
use wire::{Code, ErrorBody, Route};

use crate::{
    http::{error::Refusal, guard::AllowedHosts, limit::Bucket},
    peer::{Doubt, Peer, Peers},
    secret::Secret,
    ticket::{self, Tickets},
    token::TokenFile,
};

/// What one server knows about callers.
#[derive(Debug)]
pub struct Gate {
    hosts: AllowedHosts,
    peers: Peers,
    token: TokenFile,
    /// Held while the token's file is read: a flood of guesses takes one thread, not all of them.
    reading: tokio::sync::Mutex<()>,
    tickets: Mutex<Tickets>,
    actions: Mutex<Bucket>,
    keys: Mutex<Bucket>,
    /// Connections of other users, and requests that showed no token.
    refused: AtomicU64,
}

/// What a request that is let in has to show still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    Nothing,
    /// A ticket, before it is told anything.
    Ticket,
}

/// What all callers together may press in terminals. A key that is held down brings thirty a second, and two people may hold
/// one; only a program brings more.
const KEYS_PER_SECOND: NonZeroU32 = NonZeroU32::new(100).expect("it is not 0");

/// The header that CloudCLI adds to what it hands on to a plugin: the secret `token` of its `plugins.json`.
const HOST_TOKEN: &str = "x-plugin-secret-token";

/// The whole answer to whatever another user sends; the same bytes each time.
static TURNED_AWAY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let sentence = "This server is another user's; start a session-manager of your own.";
    let body = serde_json::to_string(&ErrorBody::new(Code::BadPeer, sentence))
        .expect("wire types have string keys only");
    let length = body.len();
    let head = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-type: application/json\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\n";
    format!("{head}content-length: {length}\r\n\r\n{body}").into()
});

impl Gate {
    /// `actions_per_second` is what all callers together may change.
    pub fn new(
        hosts: AllowedHosts,
        peers: Peers,
        token: TokenFile,
        actions_per_second: NonZeroU32,
    ) -> Self {
        Self {
            hosts,
            peers,
            token,
            reading: tokio::sync::Mutex::default(),
            tickets: Mutex::default(),
            actions: Mutex::new(Bucket::new(actions_per_second, Instant::now())),
            keys: Mutex::new(Bucket::new(KEYS_PER_SECOND, Instant::now())),
            refused: AtomicU64::new(0),
        }
    }

    pub(crate) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// The answer to another user, before anything that it sends is looked at.
    pub(crate) fn turn_away(&self, uid: u32) -> &'static [u8] {
        self.note("another user's connection was refused", Some(uid));
        &TURNED_AWAY
    }

    /// Lets a request pass, or says why not.
    pub(crate) async fn check(&self, peer: Peer, request: &Parts) -> Result<Pass, Refusal> {
        let pass = match peer {
            Peer::Own(_) | Peer::Root => Pass::Nothing,
            // Such a connection was turned away before a request was read.
            Peer::Foreign(uid) => {
                self.note("another user's request was refused", Some(uid));
                return Err(no_token());
            }
            Peer::Unknown(doubt) => self.check_shown(doubt, request).await?,
        };
        self.hosts.check(request)?;
        Ok(pass)
    }

    async fn check_shown(&self, doubt: Doubt, request: &Parts) -> Result<Pass, Refusal> {
        let mut shown = shown(&request.headers).peekable();
        let is_socket = request.method == Route::Socket.method().as_str()
            && request.uri.path() == Route::Socket.path();
        // The host's proxy adds no header to what it hands on to a socket. Where our own processes can be told, it is told too,
        // and whoever has made itself unknown had a reason to.
        if doubt.is_lasting() && is_socket && shown.peek().is_none() {
            return Ok(Pass::Ticket);
        }
        for secret in shown.flatten() {
            if self.is_token(secret).await {
                return Ok(Pass::Nothing);
            }
        }
        self.note("a request that showed no token was refused", None);
        Err(no_token())
    }

    async fn is_token(&self, shown: Secret) -> bool {
        let token = self.token.clone();
        let _one_at_a_time = self.reading.lock().await;
        // Read anew each time, so that a token that was replaced counts no more. The home may lie on a slow disk.
        let same = tokio::task::spawn_blocking(move || token.is(&shown)).await;
        match same {
            Ok(Ok(same)) => same,
            Ok(Err(fault)) => {
                self.note(&format!("a token was shown, but {fault}"), None);
                false
            }
            Err(_) => false,
        }
    }

    /// Gives a ticket out to a caller who has nothing to show any more.
    pub(crate) fn ticket(&self) -> Result<wire::Ticket, Refusal> {
        let ticket = Secret::draw().map_err(|error| {
            tracing::error!(%error, "the kernel has no random numbers");
            Refusal::new(Code::Fault, "No ticket could be made; try again.")
        })?;
        let hex = ticket.hex();
        lock(&self.tickets).add(ticket, Instant::now());
        Ok(wire::Ticket {
            ok: true,
            ticket: hex,
            expires_in_sec: ticket::LIFE.as_secs(),
        })
    }

    /// Whether this is an open ticket; then it is none any more.
    pub(crate) fn redeem(&self, ticket: &str) -> bool {
        Secret::parse(ticket.as_bytes())
            .is_some_and(|shown| lock(&self.tickets).redeem(&shown, Instant::now()))
    }

    /// Lets so many actions pass, or says when the next one may be tried.
    pub(crate) fn permit_action(&self, permits: u32) -> Result<(), Refusal> {
        lock(&self.actions)
            .take(permits, Instant::now())
            .map_err(Refusal::too_many_actions)
    }

    /// Lets so many keys pass, or says when the next one may be tried.
    pub(crate) fn permit_keys(&self, keys: usize) -> Result<(), Refusal> {
        let permits = u32::try_from(keys).unwrap_or(u32::MAX);
        lock(&self.keys)
            .take(permits, Instant::now())
            .map_err(Refusal::too_many_keys)
    }

    /// Logs the first refusal, the second, the fourth, ...: a flood must not fill the log.
    fn note(&self, what: &str, uid: Option<u32>) {
        let number = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if number.is_power_of_two() {
            tracing::warn!(number, uid, "{what}");
        }
    }
}

fn no_token() -> Refusal {
    Refusal::new(
        Code::BadPeer,
        "Nothing tells whether this server's own user is asking; run `session-manager host-token` as that user, which lets CloudCLI in, or send the token as `Authorization: Bearer`.",
    )
}

/// What was shown for a token, in either header; `None` for what can't be one.
fn shown(headers: &HeaderMap) -> impl Iterator<Item = Option<Secret>> {
    let bearer = headers.get(AUTHORIZATION).map(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        let token = scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)?;
        Secret::parse(token.trim_ascii())
    });
    let host = headers
        .get(HOST_TOKEN)
        .map(|value| Secret::parse(value.as_bytes()));
    bearer.into_iter().chain(host)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_be_held_down_for_an_hour_and_a_flood_may_not_pass() {
        let now = Instant::now();
        let mut keys = Bucket::new(KEYS_PER_SECOND, now);
        let at = |ms| now + std::time::Duration::from_millis(ms);
        assert!((0..3600 * 30).all(|press| keys.take(1, at(press * 33)).is_ok()));
        let mut keys = Bucket::new(KEYS_PER_SECOND, now);
        let passed = (0..60_000)
            .filter(|ms| keys.take(1, at(*ms)).is_ok())
            .count();
        assert!((6000..=6300).contains(&passed), "{passed}");
    }

    #[tokio::test]
    async fn a_socket_may_open_without_the_token_only_where_nobody_can_ever_be_told() {
        let home = tempfile::tempdir().unwrap();
        let gate = Gate::new(
            AllowedHosts::new(7, &[]),
            Peers::blind(),
            TokenFile::of(home.path()),
            NonZeroU32::MIN,
        );
        let opening = hyper::Request::get("/ws").header("Host", "127.0.0.1:7");
        let (opening, ()) = opening.body(()).unwrap().into_parts();
        for doubt in [Doubt::Blind, Doubt::Shared] {
            let pass = gate.check(Peer::Unknown(doubt), &opening).await;
            assert_eq!(pass.unwrap(), Pass::Ticket, "{doubt:?}");
        }
        for doubt in [
            Doubt::NoAnswer,
            Doubt::Closed,
            Doubt::NoSocket,
            Doubt::Broken,
        ] {
            let pass = gate.check(Peer::Unknown(doubt), &opening).await;
            assert!(pass.is_err(), "{doubt:?}");
        }
    }
}

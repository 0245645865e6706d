//! A WebSocket to the server, with the frames of the live feed.

use std::net::TcpStream;

use tokio_tungstenite::tungstenite::{
    Error, Message, WebSocket,
    protocol::{CloseFrame, Role},
};
use wire::{Frame, Session};

use crate::client::{Connection, Server};

/// The key of RFC 6455's example.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A good handshake without the lines of `left_out`.
pub(crate) fn handshake_without(left_out: &[&str]) -> String {
    let all = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ];
    all.iter()
        .filter(|(name, _)| !left_out.contains(name))
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect()
}

pub(crate) struct TestSocket(pub(crate) WebSocket<TcpStream>);

impl TestSocket {
    pub(crate) fn open(server: &Server) -> Self {
        Self::try_open(server).expect("a WebSocket")
    }

    /// Opens a WebSocket; the status of the refusal where there is none.
    pub(crate) fn try_open(server: &Server) -> Result<Self, (u16, String)> {
        let mut connection = server.connect();
        let headers = handshake_without(&[]);
        let request = format!(
            "GET /ws HTTP/1.1\nHost: 127.0.0.1:{}\n{headers}\n",
            server.port
        );
        connection.send(&request.replace('\n', "\r\n"));
        let answer = connection.receive().unwrap();
        if answer.status != 101 {
            return Err(answer.verdict());
        }
        Ok(Self::over(connection))
    }

    /// On a connection whose handshake has been granted.
    pub(crate) fn over(connection: Connection) -> Self {
        Self(WebSocket::from_raw_socket(connection.0, Role::Client, None))
    }

    /// Opens one and reads up to the list.
    pub(crate) fn following(server: &Server) -> (Self, Vec<Session>) {
        let mut socket = Self::open(server);
        assert!(matches!(socket.frame(), Frame::Hello { .. }));
        let Frame::Snapshot { sessions, .. } = socket.frame() else {
            panic!("no snapshot");
        };
        (socket, sessions)
    }

    /// The next frame of the feed.
    pub(crate) fn frame(&mut self) -> Frame {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("{other:?}")
                }
            }
        }
    }

    /// Proves that the server still answers here.
    pub(crate) fn is_answered(&mut self) {
        self.0.send(Message::Ping("there?".into())).unwrap();
        assert_eq!(self.pong(), "there?");
    }

    /// What comes back next for a ping.
    pub(crate) fn pong(&mut self) -> String {
        loop {
            match self.0.read().unwrap() {
                Message::Pong(word) => return String::from_utf8(word.into()).unwrap(),
                Message::Text(_) | Message::Ping(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("{other:?}")
                }
            }
        }
    }

    /// Reads to the end of the connection and returns the Close that came before it.
    pub(crate) fn end(&mut self) -> Option<CloseFrame> {
        let mut close = None;
        loop {
            match self.0.read() {
                Ok(Message::Close(frame)) => close = frame,
                Ok(_) => {}
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return close,
                Err(error) => panic!("{error} after {close:?}"),
            }
        }
    }
}

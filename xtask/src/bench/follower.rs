//! A client of the live feed, as the page is one.

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tungstenite::{Error, Message, WebSocket, client::client};
use wire::{Frame, ProcessKey};

pub(super) struct Follower {
    socket: WebSocket<TcpStream>,
    /// What the list has now.
    pub(super) listed: BTreeSet<ProcessKey>,
    /// Messages that were read.
    pub(super) heard: u64,
}

/// The list comes within this, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(60);

impl Follower {
    /// Connects and reads up to the list.
    pub(super) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let url = format!("ws://127.0.0.1:{port}/ws");
        let (socket, _) = client(url, stream)
            .map_err(|error| anyhow::anyhow!("{error}"))
            .context("no WebSocket is granted")?;
        let mut follower = Self {
            socket,
            listed: BTreeSet::new(),
            heard: 0,
        };
        // `hello`, and the list.
        while follower.heard < 2 {
            ensure!(follower.read(PATIENCE)?, "the server sends no list");
        }
        Ok(follower)
    }

    /// Takes in what comes until then.
    pub(super) fn read_until(&mut self, until: Instant) -> Result<()> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.read(left)?;
        }
    }

    /// Takes in the next message, pings included; false where none comes within `patience`.
    pub(super) fn read(&mut self, patience: Duration) -> Result<bool> {
        // Zero would mean forever.
        let patience = patience.max(Duration::from_millis(1));
        self.socket.get_ref().set_read_timeout(Some(patience))?;
        match self.socket.read() {
            Ok(Message::Text(text)) => self.take(serde_json::from_str(&text)?),
            Ok(Message::Close(why)) => bail!("the server closes: {why:?}"),
            Ok(_) => {}
            Err(Error::Io(error)) if is_timeout(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// Parts as a page that is closed does.
    pub(super) fn leave(mut self) {
        self.socket.close(None).ok();
        self.socket.flush().ok();
    }

    fn take(&mut self, frame: Frame) {
        self.heard += 1;
        match frame {
            Frame::Hello { .. } | Frame::Output { .. } | Frame::Screen { .. } => {}
            Frame::Snapshot { sessions, .. } => {
                self.listed = sessions.iter().map(|session| session.key).collect();
            }
            Frame::Changes { changed, gone, .. } => {
                self.listed
                    .extend(changed.iter().map(|session| session.key));
                self.listed.retain(|key| !gone.contains(key));
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

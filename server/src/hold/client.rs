//! The client's end of a holder's socket.

use std::{io, time::Duration};

use rustix::process::geteuid;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};
use wire::HolderKind;

use super::{
    place::Place,
    protocol::{Asked, PROTOCOL, Told},
};

/// A connection to a holder that has said who it is.
#[derive(Debug)]
pub struct Client {
    pub kind: HolderKind,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    /// What was read of a line that is not whole yet.
    partial: Vec<u8>,
    place: Place,
}

/// Within this time a holder that lives says hello: it does nothing else that takes long.
const HELLO: Duration = Duration::from_secs(5);

/// The longest line of a holder, in bytes: a part of the log, or all that is asked at one moment.
const LINE: u64 = 64 * 1024 * 1024;

impl Client {
    /// Connects to the holder of a session. Fails with `ConnectionRefused` or `NotFound` where there is none any more.
    pub async fn connect(place: Place) -> io::Result<Self> {
        let stream = UnixStream::connect(place.socket()).await?;
        // The directory is ours alone; whoever listens in it all the same is not answered.
        if stream.peer_cred()?.uid() != geteuid().as_raw() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let (reader, writer) = stream.into_split();
        let mut client = Self {
            kind: HolderKind::Unknown,
            reader: BufReader::new(reader),
            writer,
            partial: Vec::new(),
            place,
        };
        let hello = timeout(HELLO, client.next()).await??;
        let Some(Told::Hello { protocol, kind, .. }) = hello else {
            return Err(unexpected("it does not say who it is"));
        };
        if protocol > PROTOCOL {
            return Err(unexpected("it is of a later version; update this program"));
        }
        client.kind = kind;
        Ok(client)
    }

    pub async fn ask(&mut self, asked: &Asked) -> io::Result<()> {
        let mut line = serde_json::to_vec(asked)?;
        line.push(b'\n');
        self.writer.write_all(&line).await
    }

    /// Returns what the holder says next, `None` where it has gone. May be dropped and called again: nothing is lost.
    pub async fn next(&mut self) -> io::Result<Option<Told>> {
        loop {
            let room = LINE.saturating_sub(self.partial.len() as u64);
            let mut reader = (&mut self.reader).take(room);
            let read = reader.read_until(b'\n', &mut self.partial).await?;
            if self.partial.last() != Some(&b'\n') {
                return if read == 0 && room > 0 {
                    Ok(None)
                } else if room == 0 {
                    Err(unexpected("a line of it has no end"))
                } else {
                    continue;
                };
            }
            let told = serde_json::from_slice(&self.partial);
            self.partial.clear();
            match told {
                Ok(Told::Unknown) => {}
                Ok(told) => return Ok(Some(told)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Hangs up; where the session is kept.
    pub fn into_place(self) -> Place {
        self.place
    }

    /// Where the session is kept.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

fn unexpected(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

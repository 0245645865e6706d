//! Another user's connection: it is told to go, whatever it asks.
//!
//! Nothing that it sends is looked at, so that nothing in it can matter.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Strangers' connections that may be open at once; a further one is closed without a word.
pub(super) const MOST: usize = 64;

/// For all of it. Somebody who says nothing is told nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is taken and thrown away after the answer, in bytes.
const DRAIN: usize = 256 * 1024;

/// Answers the first request with `answer`, and ends.
pub(super) async fn turn_away(stream: TcpStream, answer: &[u8]) {
    match timeout(PATIENCE, tell(stream, answer)).await {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a stranger's connection ended"),
    }
}

async fn tell(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    // Some clients take an answer to what they have not asked yet for a mistake.
    stream.readable().await?;
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    // Closing over bytes that nobody has read resets the connection, which takes our answer with it.
    let mut rest = [0; 4096];
    let mut taken = 0;
    while taken < DRAIN {
        match stream.read(&mut rest).await? {
            0 => break,
            count => taken += count,
        }
    }
    Ok(())
}

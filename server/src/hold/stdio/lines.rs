//! The lines of an output, however it comes in pieces.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// The longest line that is taken, in bytes: images come as text.
const LINE: usize = 64 * 1024 * 1024;

/// Lines as they come; of one that is too long the beginning.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    /// The rest of a line that was too long is passed over.
    skipping: bool,
    pub(super) has_ended: bool,
}

impl Lines {
    /// Returns the next line, `None` at the end. May be dropped and called again: nothing is lost.
    pub(super) async fn next(
        &mut self,
        from: &mut (impl AsyncBufRead + Unpin),
    ) -> io::Result<Option<Vec<u8>>> {
        loop {
            let piece = from.fill_buf().await?;
            if piece.is_empty() {
                self.has_ended = true;
                let rest = std::mem::take(&mut self.partial);
                return Ok((!rest.is_empty() && !self.skipping).then_some(rest));
            }
            let end = memchr::memchr(b'\n', piece);
            let taken = end.map_or(piece.len(), |end| end + 1);
            if !self.skipping {
                self.partial
                    .extend_from_slice(piece.get(..taken).unwrap_or_default());
            }
            from.consume(taken);
            if end.is_some() {
                let line = std::mem::take(&mut self.partial);
                if !std::mem::take(&mut self.skipping) {
                    return Ok(Some(line));
                }
            } else if self.partial.len() > LINE {
                self.skipping = true;
                return Ok(Some(std::mem::take(&mut self.partial)));
            }
        }
    }
}

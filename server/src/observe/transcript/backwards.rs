//! A file's lines from the last to the first, in bounded memory.

use std::{
    fs::File,
    io,
    ops::{ControlFlow, Range},
    os::unix::fs::FileExt,
};

/// The first block is small, because what is asked is mostly in the last few lines; then blocks grow up to the limit.
const FIRST_BLOCK: usize = 64 << 10;
const BLOCK_LIMIT: usize = 1 << 20;
/// A longer line is passed over. Claude Code's are long where they hold images or whole files, not titles or answers.
pub(crate) const LINE_LIMIT: usize = 8 << 20;

/// Where a reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The offset before which nothing was read, 0 when all was. The line that begins before it was not visited.
    pub(crate) unread: u64,
    /// Lines that were too long to hold.
    pub(crate) skipped: u64,
}

/// Calls `visit` with each line that begins in `range`, the last one first, until it breaks. `visit` also
/// gets the number of bytes read so far.
pub(crate) fn lines(
    file: &File,
    range: Range<u64>,
    mut visit: impl FnMut(&[u8], u64) -> ControlFlow<()>,
) -> io::Result<Stop> {
    let Range { start, end } = range;
    let mut unread = end;
    let mut size = FIRST_BLOCK;
    let mut block = Vec::new();
    let mut tail = Tail::default();
    let mut skipped = 0;
    while unread > start {
        let take = usize::try_from(unread - start).map_or(size, |left| left.min(size));
        block.resize(take, 0);
        unread -= take as u64;
        file.read_exact_at(&mut block, unread)?;
        let mut rest: &[u8] = &block;
        while let Some(newline) = memchr::memrchr(b'\n', rest) {
            let (before, after) = rest.split_at(newline);
            match tail.complete(after.get(1..).unwrap_or_default()) {
                Some(line) if line.is_empty() => {}
                Some(line) => {
                    if visit(&line, end - unread).is_break() {
                        return Ok(Stop { unread, skipped });
                    }
                }
                None => skipped += 1,
            }
            rest = before;
        }
        tail.push(rest);
        size = (size * 2).min(BLOCK_LIMIT);
    }
    if start > 0 {
        // What is left is the end of a line that begins before the range.
        return Ok(Stop {
            unread: start,
            skipped,
        });
    }
    match tail.complete(&[]) {
        Some(line) if line.is_empty() => {}
        Some(line) => drop(visit(&line, end)),
        None => skipped += 1,
    }
    Ok(Stop { unread: 0, skipped })
}

/// The end of a line whose beginning has not been read, in pieces, the last one first.
#[derive(Default)]
struct Tail {
    pieces: Vec<Vec<u8>>,
    bytes: usize,
    too_long: bool,
}

impl Tail {
    fn push(&mut self, piece: &[u8]) {
        self.bytes = self.bytes.saturating_add(piece.len());
        if self.bytes > LINE_LIMIT {
            self.too_long = true;
            self.pieces = Vec::new();
        } else if !piece.is_empty() {
            self.pieces.push(piece.to_vec());
        }
    }

    /// Returns the whole line that starts with `start`, or `None` where it is too long, and begins the next.
    fn complete<'a>(&mut self, start: &'a [u8]) -> Option<std::borrow::Cow<'a, [u8]>> {
        if self.pieces.is_empty() && !self.too_long {
            return Some(start.into());
        }
        let tail = std::mem::take(self);
        if tail.too_long || tail.bytes + start.len() > LINE_LIMIT {
            return None;
        }
        let mut line = Vec::with_capacity(tail.bytes + start.len());
        line.extend_from_slice(start);
        for piece in tail.pieces.iter().rev() {
            line.extend_from_slice(piece);
        }
        Some(line.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(content: &[u8]) -> (Vec<Vec<u8>>, Stop) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let mut seen = Vec::new();
        let stop = lines(&file, 0..content.len() as u64, |line, _| {
            seen.push(line.to_vec());
            ControlFlow::Continue(())
        });
        (seen, stop.unwrap())
    }

    fn check(content: &[u8]) {
        let (mut seen, stop) = read(content);
        seen.reverse();
        let expected: Vec<&[u8]> = content
            .split(|b| *b == b'\n')
            .filter(|it| !it.is_empty())
            .collect();
        assert_eq!(seen, expected);
        assert_eq!(
            stop,
            Stop {
                unread: 0,
                skipped: 0
            }
        );
    }

    #[test]
    fn every_line_is_met_once_wherever_blocks_end() {
        check(b"");
        check(b"\n\n\n");
        check(b"one");
        check(b"one\ntwo\n\nthree");
        for length in [
            FIRST_BLOCK - 1,
            FIRST_BLOCK,
            FIRST_BLOCK + 1,
            3 * FIRST_BLOCK,
            3 * FIRST_BLOCK + 1,
        ] {
            let long = vec![b'x'; length];
            check(&[b"a\n", &long[..], b"\n", &long[..], b"\nb\n"].concat());
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_counted() {
        let long = vec![b'x'; LINE_LIMIT + 1];
        let (seen, stop) = read(&[b"before\n", &long[..], b"\nafter\n"].concat());
        assert_eq!(seen, [b"after".to_vec(), b"before".to_vec()]);
        assert_eq!(stop.skipped, 1);
        let (seen, stop) = read(&long);
        assert_eq!((seen.len(), stop.skipped), (0, 1));
    }

    #[test]
    fn nothing_before_the_range_is_read_or_taken_for_a_line() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"first\nsecond\nthird\n").unwrap();
        let mut seen = Vec::new();
        let stop = lines(&file, 3..19, |line, _| {
            seen.push(line.to_vec());
            ControlFlow::Continue(())
        });
        assert_eq!(seen, [b"third".to_vec(), b"second".to_vec()]);
        let unread = 3;
        assert_eq!(stop.unwrap(), Stop { unread, skipped: 0 });
    }

    #[test]
    fn it_stops_where_it_is_told() {
        let mut file = tempfile::tempfile().unwrap();
        let content = "line\n".repeat(100_000);
        file.write_all(content.as_bytes()).unwrap();
        let mut count = 0;
        let stop = lines(&file, 0..content.len() as u64, |_, _| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!(count, 1);
        assert_eq!(stop.unwrap().unread, (content.len() - FIRST_BLOCK) as u64);
    }
}

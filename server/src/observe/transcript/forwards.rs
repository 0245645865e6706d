//! A stream's lines from the first to the last, handed over in runs of whole lines, in bounded memory.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// The most that a run holds, and so the longest line; a longer one is passed over.
const RUN_LIMIT: usize = 4 << 20;
const STEP: usize = 64 << 10;

/// How a stream ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was read whole, or `visit` had enough.
    Fine,
    /// It broke off here; what came before was visited.
    Broken(io::Error),
}

/// Calls `visit` with runs of whole lines, the first one first, until it breaks.
pub(super) fn runs(mut stream: impl Read, mut visit: impl FnMut(&[u8]) -> ControlFlow<()>) -> End {
    let mut run = Vec::new();
    let mut skipping = false;
    loop {
        let start = run.len();
        let end = match stream.by_ref().take(STEP as u64).read_to_end(&mut run) {
            Ok(0) => Some(End::Fine),
            Ok(_) => None,
            Err(error) => Some(End::Broken(error)),
        };
        if skipping {
            match memchr::memchr(b'\n', &run) {
                Some(newline) => {
                    run.drain(..=newline);
                    skipping = false;
                }
                None => run.clear(),
            }
        }
        if let Some(end) = end {
            if !run.is_empty() {
                let _ = visit(&run);
            }
            return end;
        }
        // Larger runs cost fewer folds; the first one is handed over at once, since much is asked of the head only.
        if run.len() < RUN_LIMIT && start != 0 {
            continue;
        }
        match memchr::memrchr(b'\n', &run) {
            Some(newline) => {
                let rest = run.split_off(newline + 1);
                if visit(&run).is_break() {
                    return End::Fine;
                }
                run = rest;
            }
            None if run.len() >= RUN_LIMIT => {
                run.clear();
                skipping = true;
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Vec<u8> {
        let mut seen = Vec::new();
        let end = runs(content, |run| {
            seen.extend_from_slice(run);
            ControlFlow::Continue(())
        });
        assert!(matches!(end, End::Fine));
        seen
    }

    #[test]
    fn every_byte_is_met_in_runs_of_whole_lines() {
        for content in [
            String::new(),
            "a".into(),
            "a\nb".into(),
            "line\n".repeat(2_000_000),
        ] {
            assert!(read(content.as_bytes()) == content.as_bytes());
        }
    }

    /// A stream that hands over a few bytes at a time.
    struct Dribble<'a> {
        rest: &'a [u8],
        step: usize,
    }

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.step.min(buffer.len());
            self.rest
                .take(step as u64)
                .read(buffer)
                .inspect(|count| self.rest = &self.rest[*count..])
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn runs_are_whole_lines_however_the_bytes_arrive(
            lengths in proptest::collection::vec(0..2 * STEP, 0..6),
            step in 1..2 * STEP,
        ) {
            let content: Vec<u8> = lengths.iter().flat_map(|length| [vec![b'x'; *length], vec![b'\n']].concat()).collect();
            let content = content.strip_suffix(b"\n").unwrap_or(&content);
            let mut seen = Vec::new();
            let mut torn = 0;
            let end = runs(Dribble { rest: content, step }, |run| {
                seen.extend_from_slice(run);
                torn += usize::from(!run.ends_with(b"\n"));
                ControlFlow::Continue(())
            });
            assert!(matches!(end, End::Fine));
            assert!(seen == content);
            // The last line has no end.
            assert!(torn <= 1);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = "x".repeat(RUN_LIMIT * 2);
        let seen = read(format!("before\n{long}\nafter\n").as_bytes());
        assert_eq!(String::from_utf8(seen).unwrap(), "before\nafter\n");
    }

    #[test]
    fn what_came_before_a_break_is_kept() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        let mut seen = Vec::new();
        let end = runs((&b"one\ntwo\n"[..]).chain(Broken), |run| {
            seen.extend_from_slice(run);
            ControlFlow::Continue(())
        });
        assert!(matches!(end, End::Broken(_)));
        assert_eq!(seen, b"one\ntwo\n");
    }
}

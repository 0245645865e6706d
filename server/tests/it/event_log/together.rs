//! Readers while the log is being written.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::*;

#[test]
fn readers_miss_nothing_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits {
        segment: 10_000,
        total: u64::MAX,
    };
    let mut log = EventLog::with_limits(handle(dir.path()), limits).unwrap();
    let events = users(1..=6_000);
    let is_over = AtomicBool::new(false);
    let follow = |after: usize, bite: usize| {
        let mut reader = LogReader::open(&handle(dir.path()), after as u64).unwrap();
        let mut next = after;
        loop {
            // Asked before it is read: what was written until then is there.
            let over = is_over.load(Ordering::SeqCst);
            let read = reader.next(bite).unwrap();
            if read.is_empty() && over {
                break;
            }
            assert_eq!(read, &events[next..next + read.len()]);
            next += read.len();
        }
        assert_eq!(next, events.len());
    };
    thread::scope(|scope| {
        for (after, bite) in [(0, 1), (0, 100_000), (3_000, 500)] {
            let follow = &follow;
            scope.spawn(move || follow(after, bite));
        }
        let mut rest = &events[..];
        for size in (1..40).cycle() {
            let (batch, more) = rest.split_at(size.min(rest.len()));
            assert_eq!(log.append(batch).unwrap(), batch.len());
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn half_a_line_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1..=2);
    let path = segments(dir.path()).remove(0);
    let mut file = fs::File::options().append(true).open(path).unwrap();
    let mut line = serde_json::to_vec(&users([3])[0]).unwrap();
    line.push(b'\n');
    let mut reader = LogReader::open(&handle(dir.path()), 1).unwrap();
    assert_eq!(reader.next(1).unwrap(), users([2]));
    for byte in line {
        assert_eq!(reader.next(1).unwrap(), []);
        std::io::Write::write_all(&mut file, &[byte]).unwrap();
    }
    assert_eq!(reader.next(1).unwrap(), users([3]));
}

//! A disk that is full: nothing is lost that was said to be written, and nothing of the rest stays.

use super::*;
use crate::small_disk;

/// Takes all the room that there is.
fn fill(disk: &Path) {
    let filler = disk.join("filler");
    fs::write(&filler, vec![b'x'; 2 << 20]).unwrap_err();
    // What the last block has room for is taken, too.
    let mut file = fs::File::options().append(true).open(filler).unwrap();
    while std::io::Write::write(&mut file, b"x").is_ok() {}
}

#[test]
fn with_a_full_disk_the_log_ends_with_a_whole_line_and_goes_on_later() {
    let root: TempDir = tempfile::tempdir().unwrap();
    let disk = root.path().join("disk");
    fs::create_dir(&disk).unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if !small_disk::mount(&disk) {
                // Without leave to mount no disk is full for us alone.
                return;
            }
            let limits = Limits {
                segment: 300_000,
                total: u64::MAX,
            };
            let open = || EventLog::with_limits(handle(&disk), limits).unwrap();
            let events: Vec<_> = (1..=600).map(|seq| user(seq, &"x".repeat(2_000))).collect();
            let mut log = open();
            // More than the disk has room for.
            let mut written = log.append(&events).unwrap();
            assert!((300..550).contains(&written), "{written}");
            assert_eq!(log.last_seq(), written as u64);
            let is_whole = || {
                segments_of(&disk)
                    .iter()
                    .all(|text| text.is_empty() || text.ends_with(b"\n"))
            };
            let full = |log: &mut EventLog, written: usize| {
                let mut written = written;
                loop {
                    match log.append(&events[written..]) {
                        Ok(count) => written += count,
                        Err(error) => {
                            break assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
                        }
                    }
                    assert!(is_whole());
                }
                written
            };
            written = full(&mut log, written);
            fill(&disk);
            written = full(&mut log, written);
            assert_eq!(read(&disk, 0), &events[..written]);
            // Whoever opens it anew meanwhile finds the same.
            drop(log);
            let mut log = open();
            assert_eq!(log.last_seq(), written as u64);
            written = full(&mut log, written);
            fs::remove_file(disk.join("filler")).unwrap();
            fs::write(disk.join("filler"), vec![b'x'; 4096]).ok();
            fs::remove_file(disk.join("filler")).unwrap();
            // Room is made by what nobody needs any more.
            let mut reader = LogReader::open(&handle(&disk), 0).unwrap();
            let mut seen = Vec::new();
            while let Ok(next) = reader.next(100_000)
                && !next.is_empty()
            {
                seen.extend(next);
            }
            fs::remove_file(&segments(&disk)[0]).unwrap();
            written += log.append(&events[written..written + 20]).unwrap();
            seen.extend(reader.next(1 << 20).unwrap());
            assert!(is_whole());
            assert_eq!(seen, &events[..written]);
        });
        thread.join().unwrap();
    });
}

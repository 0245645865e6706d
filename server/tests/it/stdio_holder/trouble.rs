//! What goes wrong around a held session: nobody reads, the disk is full, the same is said again.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

use session_manager::{
    beneath::Directory,
    event_log::LogReader,
    hold::protocol::{Asked, Do, Reply, Told},
};
use wire::{Caller, Code, DriveOutcome, Event, Face, NoteCode};

use super::*;
use crate::small_disk;

const ID: &str = "5ca1ab1e-0000-4000-8000-00000000000e";

/// Answers the first line, which is the sign of life, and goes on as the script says.
const LIVES: &str = r#"IFS= read -r line; id=${line#*'"request_id":"'}; printf '{"type":"control_response","response":{"subtype":"success","request_id":"%s","response":{}}}\n' "${id%%'"'*}"; "#;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says what a script does.
fn run(home: &Path, script: &str) -> Running {
    let spec = spec(home, ID, &["/bin/sh", "-c", &format!("{LIVES}{script}")]);
    test_holder::lives(test_holder::begin(&spec)).1
}

/// A connection to the holder, past its greeting.
struct Line {
    reader: BufReader<UnixStream>,
    number: u64,
}

fn place(home: &Path) -> PathBuf {
    state(home).join("held").join(ID)
}

impl Line {
    fn to(home: &Path) -> Self {
        let stream = UnixStream::connect(place(home).join("sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let reader = BufReader::new(stream);
        let mut line = Self { reader, number: 0 };
        assert!(matches!(line.hear(), Told::Hello { .. }));
        line
    }

    fn ask(&mut self, asked: &Asked) {
        let mut line = serde_json::to_vec(asked).unwrap();
        line.push(b'\n');
        self.reader.get_mut().write_all(&line).unwrap();
    }

    fn hear(&mut self) -> Told {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn does(&mut self, what: Do) -> Result<DriveOutcome, Code> {
        self.number += 1;
        let by = Caller {
            uid: None,
            face: Face::Terminal,
        };
        self.ask(&Asked::Do {
            id: self.number,
            by,
            what,
        });
        loop {
            let told = self.hear();
            if let Told::Reply { id, reply } = told {
                assert_eq!(id, self.number);
                return match reply {
                    Reply::Done { outcome, .. } => Ok(outcome),
                    Reply::Refused { code, .. } => Err(code),
                    Reply::Decided { .. } => panic!("nothing was decided"),
                };
            }
        }
    }
}

fn message(text: String, uuid: Option<&str>) -> Do {
    Do::Message {
        text,
        uuid: uuid.map(str::to_owned),
    }
}

fn log(home: &Path) -> Vec<Event> {
    let dir = Directory::root(&place(home)).unwrap();
    let mut reader = LogReader::open(&dir, 0).unwrap();
    let mut all = Vec::new();
    loop {
        let events = reader.next(1 << 20).unwrap();
        if events.is_empty() {
            return all;
        }
        all.extend(events);
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What a process has had in memory at most, in bytes.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib << 10
}

#[test]
fn a_session_that_does_not_read_is_not_told_more_and_more() {
    let home = tempfile::tempdir().unwrap();
    let _held = run(home.path(), "sleep 1000");
    let mut line = Line::to(home.path());
    let text = "x".repeat(12 << 20);
    let mut said = || line.does(message(text.clone(), None));
    assert_eq!(said(), Ok(DriveOutcome::Sent));
    assert_eq!(said(), Ok(DriveOutcome::Queued));
    assert_eq!(said(), Err(Code::Unresponsive));
    assert_eq!(said(), Err(Code::Unresponsive));
    // What ends it is not a message.
    assert_eq!(line.does(Do::Cancel), Ok(DriveOutcome::Cancelled));
}

#[test]
fn who_follows_and_never_reads_costs_little() {
    let home = tempfile::tempdir().unwrap();
    let held = run(
        home.path(),
        r#"IFS= read -r line
        text=x; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do text=$text$text; done
        i=0
        while [ $i -lt 400 ]; do
          printf '{"type":"assistant","message":{"content":[{"type":"text","text":"%s"}]}}\n' "$text"
          i=$((i + 1))
        done
        printf '{"type":"result","subtype":"success","is_error":false}\n'; read -r line"#,
    );
    let mut silent: Vec<Line> = (0..4).map(|_| Line::to(home.path())).collect();
    for line in &mut silent {
        line.ask(&Asked::Follow { after: 0 });
    }
    let before = peak(held.0);
    let mut line = Line::to(home.path());
    let said = line.does(message("go".to_owned(), None));
    assert_eq!(said, Ok(DriveOutcome::Sent));
    let mut said = 0;
    until("it has said all", || {
        let dir = Directory::root(&place(home.path())).unwrap();
        let mut reader = LogReader::open(&dir, 300).unwrap();
        while let Some(last) = reader.next(1 << 20).unwrap().last() {
            said = last.seq();
        }
        said > 403
    });
    let grown = peak(held.0) - before;
    assert!(
        grown < 12 << 20,
        "{grown} bytes more for {} clients",
        silent.len()
    );
    // Who begins to read after all has everything.
    let mut seen = 0;
    while seen < said {
        if let Told::Events { events } = silent[0].hear() {
            for event in events {
                assert_eq!(event.seq(), seen + 1);
                seen = event.seq();
            }
        }
    }
}

#[test]
fn with_a_full_disk_a_session_waits_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(state(home.path())).unwrap();
    let is_done = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if !small_disk::mount(&state(home.path())) {
                // Without leave to mount no disk is full for us alone.
                return None;
            }
            let held = run(
                home.path(),
                r#"IFS= read -r line
                text=x; for i in 1 2 3 4 5 6 7 8 9 10; do text=$text$text; done
                i=0
                while [ $i -lt 500 ]; do
                  printf '{"type":"assistant","message":{"content":[{"type":"text","text":"%s of %s"}]}}\n' $i "$text"
                  i=$((i + 1))
                done
                printf '{"type":"result","subtype":"success","is_error":false}\n'; read -r line"#,
            );
            let filler = state(home.path()).join("filler");
            fs::write(&filler, vec![b'x'; 700 << 10]).unwrap();
            let mut line = Line::to(home.path());
            line.ask(&Asked::Follow { after: 0 });
            let said = line.does(message("go".to_owned(), None));
            assert_eq!(said, Ok(DriveOutcome::Sent));
            // Whoever follows is told meanwhile.
            let mut told = Vec::new();
            let is_stalled = |event: &Event| {
                matches!(event, Event::Note { code: NoteCode::LogStalled, .. })
            };
            while !told.iter().any(is_stalled) {
                if let Told::Events { events } = line.hear() {
                    told.extend(events);
                }
            }
            fs::remove_file(&filler).unwrap();
            let is_over = |event: &Event| matches!(event, Event::Usage { .. });
            until("all of it is written", || log(home.path()).iter().any(is_over));
            drop(held);
            Some(log(home.path()))
        });
        thread.join().unwrap()
    });
    let Some(events) = is_done else {
        return;
    };
    let numbers: Vec<u64> = events.iter().map(Event::seq).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    let texts = events
        .iter()
        .filter(|it| matches!(it, Event::Assistant { .. }));
    assert_eq!(texts.count(), 500);
}

#[test]
fn what_was_said_before_a_resume_is_not_said_again() {
    let home = tempfile::tempdir().unwrap();
    let script = r#"while IFS= read -r line; do printf '{"type":"result","subtype":"success","is_error":false}\n'; done"#;
    let uuid = "9c5ffdbe-13a2-4f04-9eb4-5b1a0d0e8a11";
    let held = run(home.path(), script);
    let mut line = Line::to(home.path());
    let said = line.does(message("hello".to_owned(), Some(uuid)));
    assert_eq!(said, Ok(DriveOutcome::Sent));
    assert_eq!(line.does(Do::Cancel), Ok(DriveOutcome::Cancelled));
    until("it is not held any more", || {
        !place(home.path()).join("sock").exists()
    });
    drop(held);

    // This one knows the id, and says nothing to it.
    let _held = run(home.path(), "while read -r line; do :; done");
    let mut line = Line::to(home.path());
    let said = line.does(message("hello".to_owned(), Some(uuid)));
    assert_eq!(said, Ok(DriveOutcome::AlreadySent));
    line.ask(&Asked::Watch);
    let Told::Now(now) = line.hear() else {
        panic!("not what it does");
    };
    assert_eq!(now.state, wire::State::Idle);
    let users = log(home.path());
    let users = users.iter().filter(|it| matches!(it, Event::User { .. }));
    assert_eq!(users.count(), 1);
}

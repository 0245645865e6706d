//! Families over several looks, as a server has them.

use proptest::prelude::*;

use super::*;
use crate::{
    process::{RunState, stat::StatLine},
    tree::{claim::Claim, spare::Spare},
};

struct Believer;

impl Witness for Believer {
    fn spare(&mut self, process: &StatLine) -> Option<Spare> {
        (process.comm == "claude").then_some(Spare::OtherSession)
    }

    fn confirm(&mut self, _: &Claim) -> bool {
        true
    }
}

fn key(pid: u32) -> ProcessKey {
    ProcessKey {
        pid,
        start_ticks: u64::from(pid) * 10,
    }
}

fn stat(pid: u32, ppid: u32) -> StatLine {
    StatLine {
        key: key(pid),
        ppid,
        group: pid,
        session: pid,
        terminal: 0,
        foreground: None,
        comm: "x".to_owned(),
        run_state: RunState::Alive,
        rss_pages: 1,
        cpu_ticks: 0,
    }
}

fn table(lines: &[(u32, u32)]) -> Table {
    Table::new(lines.iter().map(|&(pid, ppid)| stat(pid, ppid)))
}

fn parent(pid: u32) -> Parent {
    Parent {
        target: Target::remembered(key(pid), 1000),
        conversation: SessionId::parse("086ce0db"),
        cwd: Some("/home/dev/p".to_owned()),
    }
}

fn follow(book: &mut Book, at: u64, lines: &[(u32, u32)]) -> Table {
    let table = table(lines);
    book.follow(&table, UnixMillis(at), |_, _| Believer);
    table
}

fn orphans(book: &Book, table: &Table) -> Vec<(u32, u32)> {
    let orphans = book.orphans(table).into_iter();
    orphans
        .map(|(root, _, key, _)| (root.pid, key.pid))
        .collect()
}

#[test]
fn what_a_session_leaves_is_known_for_what_it_is() {
    let mut book = Book::default();
    book.note(&parent(100), UnixMillis(1));
    let live = follow(&mut book, 1, &[(100, 10), (101, 100), (102, 101)]);
    assert_eq!(orphans(&book, &live), []);
    // The session and the shell between have ended; 103 was started since, by what is left.
    let after = follow(&mut book, 2, &[(102, 1), (103, 102), (104, 1)]);
    assert_eq!(orphans(&book, &after), [(100, 102), (100, 103)]);
    let found = book.orphans(&after);
    assert_eq!(found[0].1.last_seen_at, UnixMillis(1));
    assert_eq!(found[0].3.at, UnixMillis(1));
    // Once nothing is left, nothing is remembered.
    follow(&mut book, 3, &[(104, 1)]);
    assert_eq!(book, Book::default());
}

#[test]
fn the_next_owner_of_a_number_is_nobodys_orphan() {
    let mut book = Book::default();
    book.note(&parent(100), UnixMillis(1));
    follow(&mut book, 1, &[(100, 10), (102, 100)]);
    let mut other = stat(102, 1);
    other.key.start_ticks += 1;
    let table = Table::new([other]);
    assert_eq!(orphans(&book, &table), []);
}

#[test]
fn what_belongs_to_a_session_that_runs_is_no_orphan_of_another() {
    let mut book = Book::default();
    book.note(&parent(100), UnixMillis(1));
    book.note(&parent(200), UnixMillis(1));
    let lines = [(100, 10), (200, 100), (201, 200)];
    follow(&mut book, 1, &lines);
    // The inner session has ended and left 201, which the outer one is seen to hold.
    let after = follow(&mut book, 2, &[(100, 10), (201, 100)]);
    assert_eq!(orphans(&book, &after), []);
    let later = follow(&mut book, 3, &[(201, 1)]);
    // Both have ended: the inner one is named.
    assert_eq!(orphans(&book, &later), [(200, 201)]);
}

#[test]
fn a_registry_file_proves_what_is_left_in_the_kernel_session_that_its_process_led() {
    let ended = Ended {
        key: key(100),
        until_ticks: 1_500,
        uid: 1000,
        conversation: None,
        cwd: None,
        last_seen_at: UnixMillis(1),
    };
    let inside = |pid: u32, session: u32| {
        let mut stat = stat(pid, 1);
        stat.session = session;
        stat
    };
    // 90 is older than the session, 200 younger than its last sign of life, 120 in another one.
    let lines = || {
        vec![
            inside(90, 100),
            inside(110, 100),
            inside(200, 100),
            inside(120, 120),
        ]
    };
    let table = Table::new(lines());
    assert_eq!(ended.left(&table), [key(110)]);
    let mut book = Book::default();
    book.note_left(&ended, &ended.left(&table), UnixMillis(2));
    book.follow(&table, UnixMillis(3), |_, _| Believer);
    assert_eq!(orphans(&book, &table), [(100, 110)]);
    let proof = book.orphans(&table)[0].3.descent;
    assert_eq!(proof, Descent::Session { leader: key(100) });
    // Its entry may stay for a while; while another process has the number, nothing is certain.
    let with = |pid_100: StatLine| {
        let mut lines = lines();
        lines.push(pid_100);
        ended.left(&Table::new(lines))
    };
    let mut zombie = inside(100, 10);
    zombie.run_state = RunState::Dead;
    assert_eq!(with(zombie.clone()), [key(110)]);
    zombie.key.start_ticks += 1;
    assert_eq!(with(zombie), []);
    assert_eq!(with(inside(100, 10)), []);
}

#[test]
fn nobody_is_asked_to_end_what_may_not_be_ended() {
    let book = Book::default();
    let actor = Actor {
        uid: 1000,
        home_owners: vec![1000],
        lineage: vec![50],
    };
    assert!(book.plan(key(60), 1000, &actor).is_ok());
    assert!(book.plan(key(60), 1001, &actor).is_err());
    assert!(book.plan(key(50), 1000, &actor).is_err());
    assert!(book.plan(key(1), 1000, &actor).is_err());
}

#[test]
fn the_book_outlives_the_server_and_not_the_boot() {
    let mut book = Book::default();
    book.note(&parent(100), UnixMillis(1));
    follow(&mut book, 1, &[(100, 10), (101, 100)]);
    let text = book.to_text("boot-1");
    let read = Book::from_text(text.as_bytes(), "boot-1");
    let at = UnixMillis(1);
    assert_eq!(read.seen(key(100)), [(key(101), at)]);
    assert_eq!(read.to_text("boot-1"), text);
    assert_eq!(Book::from_text(text.as_bytes(), "boot-2"), Book::default());
    // Two servers know more than one.
    let mut other = Book::default();
    other.note(&parent(100), UnixMillis(5));
    follow(&mut other, 5, &[(100, 10), (102, 100)]);
    other.merge(read);
    assert_eq!(
        other.seen(key(100)),
        [(key(101), at), (key(102), UnixMillis(5))]
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(Book::from_text(&text, "x"), Book::default());
    }

    #[test]
    fn damage_never_adds_a_family_or_a_member(at in 0..300_usize, byte in any::<u8>()) {
        let mut book = Book::default();
        book.note(&parent(100), UnixMillis(1));
        follow(&mut book, 1, &[(100, 10), (101, 100)]);
        let mut text = book.to_text("x").into_bytes();
        let end = text.len();
        text[at % end] = byte;
        text.truncate(end - at % 3);
        let read = Book::from_text(&text, "x");
        prop_assert!(read.families.len() <= 1);
        prop_assert!(read.families.values().all(|family| family.members.len() <= 1));
    }
}

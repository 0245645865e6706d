//! One look at a machine: which processes are sessions, and which registry files speak of them.

mod homes;
mod pin;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    io::Errno,
};
use session_core::{
    id::{ProcessKey, UnixMillis},
    inventory::{Proof, Session},
    kill::{self, Actor, Target},
    verdict::State,
};
use session_manager::{
    act,
    observe::{Home, Look, Observer, Origin, proc::pin::PinError},
};

use crate::{
    test_claude::{ID, OTHER_ID, TestClaude},
    test_proc::{CLAUDE, TestProc},
    unprivileged,
};

/// The machine of `TestProc` booted at 1,000,000 ms.
const NOW: UnixMillis = UnixMillis(2_000_000);
/// Its own pid domain.
const OURS: &str = "linux:0123456789abcdef:pid:[4026531836]";

struct Machine {
    proc: TestProc,
    claude: TestClaude,
}

impl Machine {
    fn new() -> Self {
        Self {
            proc: TestProc::new(),
            claude: TestClaude::new(),
        }
    }

    fn observer(&self) -> Observer {
        let home = Home {
            dir: self.claude.config().to_owned(),
            config_dir: self.claude.config().to_owned(),
            origin: Origin::Configured,
        };
        Observer::new(self.proc.reader(), vec![home], "0123456789abcdef\n")
    }

    fn look(&self) -> Look {
        self.observer().look(NOW).unwrap()
    }

    fn sessions(&self) -> Vec<Session> {
        self.look().sample.sessions()
    }

    /// Compares what is listed: pid, proof, state, conversation.
    fn check(&self, expected: &[(u32, Proof, State, Option<&str>)]) {
        let sessions = self.sessions();
        let seen: Vec<_> = sessions
            .iter()
            .map(|session| {
                let id = session
                    .session_id()
                    .map(session_core::id::SessionId::as_str);
                (
                    session.key().pid,
                    session.proof,
                    session.plain_verdict().state,
                    id,
                )
            })
            .collect();
        assert_eq!(seen, expected);
    }

    fn file(&self, name: &str, content: &[u8]) {
        fs::write(self.claude.config().join("sessions").join(name), content).unwrap();
    }

    fn register(&self, pid: u32, proc_start: u64, id: &str) {
        register(self.claude.config(), pid, proc_start, id);
    }
}

/// Writes an idle session's registry file, as 2.1.329 does.
fn register(config: &Path, pid: u32, proc_start: u64, id: &str) {
    let file = record(pid, proc_start, id, OURS);
    fs::create_dir_all(config.join("sessions")).unwrap();
    fs::write(config.join(format!("sessions/{pid}.json")), file).unwrap();
}

fn record(pid: u32, proc_start: u64, id: &str, domain: &str) -> String {
    format!(
        r#"{{"pid":{pid},"sessionId":"{id}","cwd":"/home/dev/work/p1","startedAt":1500000,"procStart":"{proc_start}","version":"2.1.329","kind":"interactive","entrypoint":"cli","pidDomain":"{domain}","status":"idle","updatedAt":1600000,"statusUpdatedAt":1600000}}"#
    )
}

const REGISTERED: Proof = Proof::Registered;
const EXECUTABLE: Proof = Proof::Executable;

#[test]
fn a_record_with_the_start_time_proves_a_session_and_gives_its_state() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000);
    machine.proc.add(701, 50_000);
    machine.proc.add(702, 50_001);
    machine.register(700, 50_000, ID);
    machine.register(701, 50_000, OTHER_ID);
    machine.check(&[
        (700, REGISTERED, State::Idle, Some(ID)),
        (701, REGISTERED, State::Idle, Some(OTHER_ID)),
    ]);
    let sessions = machine.sessions();
    assert_eq!(sessions[0].started_at, UnixMillis(1_500_000));
    assert_eq!(sessions[0].cwd(), Some("/home/dev/work/p1"));
    assert_eq!(sessions[0].process.rss_pages, 55);
    assert_eq!(sessions[0].process.wchan.as_deref(), Some("do_epoll_wait"));
}

#[test]
fn an_orphaned_record_is_no_session_and_a_reused_pid_inherits_nothing() {
    let machine = Machine::new();
    machine.register(700, 50_000, ID);
    machine.check(&[]);
    machine.proc.add(700, 60_000);
    machine.check(&[]);
    machine.proc.claude(701, 60_000);
    machine.register(701, 50_000, OTHER_ID);
    machine.check(&[(701, EXECUTABLE, State::Unknown, None)]);
}

#[test]
fn what_only_looks_like_a_registry_file_says_nothing() {
    let machine = Machine::new();
    let whole = record(700, 50_000, ID, OURS);
    machine.proc.claude(700, 50_000);
    let unknown = [(700, EXECUTABLE, State::Unknown, None)];
    let half = &whole.as_bytes()[..whole.len() / 2];
    for content in [&b""[..], b" \n", half, b"[]", b"null", b"{}x", b"\0\0\0"] {
        machine.file("700.json", content);
        machine.check(&unknown);
    }
    // Everything in it is true but the number in its name.
    machine.file("700.json", record(701, 50_000, ID, OURS).as_bytes());
    machine.check(&unknown);
    fs::remove_file(machine.claude.config().join("sessions/700.json")).unwrap();
    for name in [
        "pid-700.json",
        "700.json.tmp",
        "700",
        ".json",
        "+700.json",
        "0700.json",
        "x.json",
    ] {
        machine.file(name, whole.as_bytes());
    }
    machine.check(&unknown);
}

#[test]
fn neither_a_fifo_nor_a_link_nor_a_directory_is_a_registry_file() {
    let machine = Machine::new();
    for pid in [700, 701, 702] {
        machine.proc.claude(pid, 50_000);
    }
    let sessions = machine.claude.config().join("sessions");
    // Opened without thought, a FIFO waits for its writer for ever.
    mknodat(
        CWD,
        sessions.join("700.json"),
        FileType::Fifo,
        Mode::RWXU,
        0,
    )
    .unwrap();
    let elsewhere = machine.claude.config().join("elsewhere.json");
    fs::write(&elsewhere, record(701, 50_000, ID, OURS)).unwrap();
    symlink(&elsewhere, sessions.join("701.json")).unwrap();
    fs::create_dir(sessions.join("702.json")).unwrap();
    let unknown = |pid| (pid, EXECUTABLE, State::Unknown, None);
    machine.check(&[unknown(700), unknown(701), unknown(702)]);
}

#[test]
fn hundreds_of_stale_files_are_not_even_read() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000);
    for pid in 1000..1500 {
        machine.register(pid, 1, OTHER_ID);
    }
    machine.register(700, 50_000, ID);
    machine.check(&[(700, REGISTERED, State::Idle, Some(ID))]);
    assert_eq!(machine.look().sample.records.len(), 1);
}

#[test]
fn a_registry_that_may_not_be_read_hides_no_process() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000);
    machine.register(700, 50_000, ID);
    let sessions = machine.claude.config().join("sessions");
    let mode = |mode| fs::set_permissions(&sessions, fs::Permissions::from_mode(mode)).unwrap();
    let observer = machine.observer();
    mode(0o000);
    let look = unprivileged::run(|| observer.look(NOW));
    mode(0o700);
    let sessions = look.unwrap().sample.sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].proof, EXECUTABLE);
    fs::remove_dir_all(machine.claude.config().join("sessions")).unwrap();
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
    fs::write(machine.claude.config().join("sessions"), "").unwrap();
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
}

#[test]
fn a_container_s_record_counts_for_its_own_process_only() {
    const INSIDE: &str = "pid:[4026532999]";
    let machine = Machine::new();
    machine.proc.claude(700, 50_000).in_namespace(INSIDE, 7);
    // The same number and start time outside.
    machine.proc.add(7, 50_000);
    machine.file(
        "7.json",
        record(7, 50_000, ID, &format!("linux::{INSIDE}")).as_bytes(),
    );
    machine.check(&[(700, REGISTERED, State::Idle, Some(ID))]);
    machine.file(
        "7.json",
        record(7, 50_000, ID, "linux::pid:[4026532000]").as_bytes(),
    );
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
    // Another machine's, on a disk that both have.
    let elsewhere = record(7, 50_000, ID, "linux:fedcba9876543210:pid:[4026531836]");
    machine.file("7.json", elsewhere.as_bytes());
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
}

#[test]
fn odd_names_and_arguments_do_no_harm() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000).comm(b"a) R 1 (b");
    machine.proc.claude(701, 50_000).comm(b"\xff\xfe\n)");
    machine
        .proc
        .claude(702, 50_000)
        .cwd("/home/dev/a\nb\u{1b}[31m");
    let long = "x".repeat(1 << 20);
    machine.proc.claude(703, 50_000).argv(&["claude", &long]);
    // It ends, or is about to become another program.
    machine.proc.claude(704, 50_000).argv(&[]);
    machine
        .proc
        .claude(705, 50_000)
        .exe(&format!("{CLAUDE} (deleted)"));
    let unknown = |pid| (pid, EXECUTABLE, State::Unknown, None);
    machine.check(&[700, 701, 702, 703, 705].map(unknown));
    let sessions = machine.sessions();
    assert_eq!(sessions[0].process.comm, "a) R 1 (b");
    assert_eq!(sessions[2].cwd(), Some("/home/dev/a\nb\u{1b}[31m"));
    // What one process can make us hold is bounded.
    let held: usize = sessions[3].process.argv.iter().map(String::len).sum();
    assert!(held < 1 << 19, "{held}");
}

#[test]
fn what_vanishes_while_it_is_read_is_left_out() {
    let machine = Machine::new();
    machine.proc.vanishing(700);
    machine.proc.claude(701, 50_000).file("stat", b"");
    machine
        .proc
        .claude(702, 50_000)
        .file("status", b"Name:\tclaude\n");
    machine
        .proc
        .claude(703, 50_000)
        .file("stat", b"703 (claude) S 1 703");
    machine.proc.claude(704, 50_000).state('Z');
    for pid in 700..705 {
        machine.register(pid, 50_000, ID);
    }
    machine.check(&[]);
}

#[test]
fn a_reader_without_permission_still_has_the_registry_s_word() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000).without_links();
    machine.register(700, 50_000, ID);
    machine.check(&[(700, REGISTERED, State::Idle, Some(ID))]);
    assert_eq!(machine.sessions()[0].cwd(), Some("/home/dev/work/p1"));
}

#[test]
fn a_key_file_of_the_process_s_own_time_is_a_start() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000);
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
    machine.file("700.0badc0de.key", b"");
    machine.check(&[(700, EXECUTABLE, State::Starting, None)]);
    // One from before the process was left behind by another.
    let key = machine.claude.config().join("sessions/700.0badc0de.key");
    let file = fs::File::options().write(true).open(key).unwrap();
    let before = std::time::UNIX_EPOCH + Duration::from_millis(1_400_000);
    file.set_modified(before).unwrap();
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
}

#[test]
fn a_start_time_does_not_wander_until_the_clock_is_set() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000);
    let observer = machine.observer();
    let started = |now: u64| {
        let sessions = observer.look(UnixMillis(now)).unwrap().sample.sessions();
        sessions[0].started_at.0
    };
    assert_eq!(started(2_000_000), 1_500_000);
    machine.proc.up_for("1010.00");
    // The two clocks are read one after the other.
    assert_eq!(started(2_010_007), 1_500_000);
    assert_eq!(started(2_009_500), 1_500_000);
    assert_eq!(started(5_610_000), 5_100_000);
}

#[test]
fn children_and_lineage_are_read_where_they_are_asked_for() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000).child(701);
    machine.proc.claude(701, 50_000).child(702);
    machine.proc.claude(702, 50_000);
    let reader = machine.proc.reader();
    let pids = |of: Vec<session_core::process::stat::StatLine>| {
        of.iter().map(|it| it.key.pid).collect::<Vec<_>>()
    };
    assert_eq!(pids(reader.children(700)), [701]);
    assert_eq!(pids(reader.children(701)), [702]);
    assert!(reader.children(4_000_000).is_empty());
    assert_eq!(pids(reader.descendants(700)), [701, 702]);
    assert_eq!(reader.lineage(700), [700, 1]);
    assert_eq!(reader.lineage(4_000_000), [4_000_000]);
}

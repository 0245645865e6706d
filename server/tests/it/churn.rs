//! Sessions that come and go while a client follows the list. `cargo xtask bench churn` is the same with thousands.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    time::{Duration, Instant},
};

use session_core::id::ProcessKey;
use wire::Frame;

use crate::{
    again, client::Server, held::held, test_claude::CAPTURED, test_session::TestSession,
    test_socket::TestSocket,
};

const SESSIONS: usize = 300;
const AT_ONCE: usize = 4;
const PROJECTS: usize = 20;

/// The keys of this machine's sessions, as the client knows them.
#[derive(Default)]
struct Listed(BTreeSet<(u32, u64)>);

impl Listed {
    fn take(&mut self, frame: Frame) {
        let place = |key: wire::ProcessKey| (key.pid.get(), key.start_ticks);
        match frame {
            Frame::Changes { changed, gone, .. } => {
                self.0
                    .extend(changed.iter().map(|session| place(session.key)));
                for key in gone {
                    self.0.remove(&place(key));
                }
            }
            Frame::Hello { .. }
            | Frame::Snapshot { .. }
            | Frame::Output { .. }
            | Frame::Screen { .. } => panic!("{frame:?}"),
        }
    }

    fn has(&self, key: ProcessKey) -> bool {
        self.0.contains(&(key.pid, key.start_ticks))
    }
}

/// In a process of its own: other tests open descriptors too.
#[test]
fn three_hundred_sessions_that_come_and_go_leave_nothing_behind() {
    let Some((_, _)) = again::part() else {
        let dir = tempfile::tempdir().unwrap();
        let name = "churn::three_hundred_sessions_that_come_and_go_leave_nothing_behind";
        let output = again::run(name, "churn", dir.path());
        assert!(output.status.success(), "{output:?}");
        return;
    };
    let server = Server::start();
    fs::create_dir_all(server.home().join(".claude/sessions")).unwrap();
    let before = held();
    let (mut socket, list) = TestSocket::following(&server);
    let mut listed = Listed::default();
    listed
        .0
        .extend(list.iter().map(|it| (it.key.pid.get(), it.key.start_ticks)));
    let (fds, watches) = held();
    let others = listed.0.len();

    let mut rising = BTreeMap::new();
    let mut falling = BTreeSet::new();
    let mut orphans = Vec::new();
    let mut begun = 0;
    loop {
        while begun < SESSIONS && rising.len() + falling.len() < AT_ONCE {
            let session = begin(&server, begun);
            rising.insert(session.key(), session);
            begun += 1;
        }
        if rising.is_empty() && falling.is_empty() {
            break;
        }
        listed.take(socket.frame());
        falling.retain(|key| listed.has(*key));
        let risen: Vec<ProcessKey> = rising.keys().copied().collect();
        for key in risen.into_iter().filter(|key| listed.has(*key)) {
            let mut session = rising.remove(&key).unwrap();
            let file = server
                .home()
                .join(format!(".claude/sessions/{}.json", key.pid));
            // One that is ended by force leaves its file.
            if key.pid.is_multiple_of(3) {
                orphans.push(file);
            } else {
                fs::remove_file(file).unwrap();
            }
            session.child.kill().unwrap();
            session.wait();
            falling.insert(key);
        }
    }
    for orphan in orphans {
        fs::remove_file(orphan).unwrap();
    }
    // A session holds two descriptors and two watches; others of this machine may have begun meanwhile.
    let more = 2 * listed.0.len().saturating_sub(others);
    until(|| {
        let (fds_now, watches_now) = held();
        fds_now <= fds + more && watches_now <= watches + more
    });
    drop(socket);
    until(|| held() == before);
}

fn begin(server: &Server, number: usize) -> TestSession {
    let session = TestSession::start();
    let id = format!("{number:08}-5e55-4000-8000-000000000000");
    let cwd = format!("/project{}", number % PROJECTS);
    let directory = server.home().join(".claude/projects");
    let directory = directory.join(cwd.replace('/', "-"));
    fs::create_dir_all(&directory).unwrap();
    session.register(
        server.home(),
        &format!(r#","sessionId":"{id}","cwd":"{cwd}","status":"idle""#),
    );
    let mut transcript = fs::File::create(directory.join(format!("{id}.jsonl"))).unwrap();
    transcript.write_all(CAPTURED).unwrap();
    session
}

/// Waits, for as long as it may take.
fn until(holds: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < patience, "held: {:?}", held());
        std::thread::sleep(Duration::from_millis(50));
    }
}

//! What sessions that have ended leave running: real processes, seen through the real service.

use std::{
    fs::File,
    process::{ChildStdin, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    client::{Answer, Server, get, post_json},
    test_session::{TestSession, register},
};

const ID: &str = "607b503a-f1d9-4125-9748-6f1933188683";

/// A session with a tool that leads a kernel session and has a child, and a server in its own group. They read what the
/// test never writes, so that they end with it. Prints their pids in that order.
const SESSION: &str = r#"
    exec 3<&0
    setsid sh -c 'cat <&3 >/dev/null & echo $$ $!; exec cat <&3' >&1 &
    cat <&3 >/dev/null &
    echo $!
    wait
"#;

/// A session and what it started.
struct Scene {
    session: TestSession,
    pids: Vec<u32>,
    /// What they all read; waiting for a child closes its standard input.
    _input: ChildStdin,
}

impl Scene {
    fn start(server: &Server) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", SESSION])
            .env("CLAUDE_CODE_SESSION_ID", ID);
        let mut session = TestSession::spawn(shell);
        let lines = [session.line(), session.line()].join(" ");
        let mut pids: Vec<u32> = lines
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect();
        pids.sort_unstable();
        session.register(
            server.home(),
            &format!(r#","sessionId":"{ID}","cwd":"/srv/p1""#),
        );
        let input = session.child.stdin.take().unwrap();
        Self {
            session,
            pids,
            _input: input,
        }
    }

    /// Ends the session alone, as a crash does.
    fn crash(&mut self) {
        self.session.child.kill().unwrap();
        self.session.wait();
    }
}

fn orphans(server: &Server) -> Value {
    let answer = server.ask(&get("/orphans", ""));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Those of one session, by their pids.
fn ours(list: &Value, pids: &[u32]) -> Vec<Value> {
    let mut ours: Vec<Value> = list["orphans"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|orphan| pids.iter().any(|pid| orphan["pid"] == *pid))
        .cloned()
        .collect();
    ours.sort_by_key(|orphan| orphan["pid"].as_u64());
    ours
}

fn reap(server: &Server, keys: &[&Value]) -> Answer {
    let body = json!({ "keys": keys, "graceMs": 2000 });
    server.ask(&post_json("/orphans/reap", &body.to_string()))
}

#[test]
fn what_a_crash_leaves_is_told_with_its_proof_and_its_memory_and_can_be_reaped() {
    let server = Server::start();
    let mut scene = Scene::start(&server);
    // As long as the session runs it has no orphans.
    assert_eq!(ours(&orphans(&server), &scene.pids), Vec::<Value>::new());
    let key = scene.session.key_text();
    scene.crash();
    let list = orphans(&server);
    let found = ours(&list, &scene.pids);
    assert_eq!(found.len(), scene.pids.len(), "{list}");
    for orphan in &found {
        assert_eq!(orphan["evidence"]["type"], "proof", "{orphan}");
        assert_eq!(orphan["session"]["key"], key.as_str());
        assert_eq!(orphan["session"]["sessionId"], ID);
        assert_eq!(orphan["reap"], true);
        assert!(orphan["privateBytes"].as_u64().unwrap() > 0, "{orphan}");
        assert!(orphan["cpuPermille"].is_u64(), "{orphan}");
    }
    assert!(list["privateBytes"].as_u64().unwrap() > 0);
    let keys: Vec<&Value> = found.iter().map(|orphan| &orphan["key"]).collect();
    let reaped = reap(&server, &keys).json();
    assert_eq!(reaped["ok"], true, "{reaped}");
    for item in reaped["items"].as_array().unwrap() {
        assert_eq!(
            item["result"],
            json!({"type": "ended", "outcome": "exited"})
        );
    }
    assert!(reaped["privateBytes"].as_u64().unwrap() > 0);
    assert_eq!(ours(&orphans(&server), &scene.pids), Vec::<Value>::new());
    // Whoever asks twice is told so.
    let again = reap(&server, &keys[..1]).json();
    assert_eq!(again["items"][0]["result"]["outcome"], "already_gone");
}

#[test]
fn what_was_never_seen_to_descend_is_told_and_not_ended() {
    let server = Server::start();
    let mut scene = Scene::start(&server);
    // Nobody has looked while it ran.
    scene.crash();
    let list = orphans(&server);
    let found = ours(&list, &scene.pids);
    assert_eq!(found.len(), scene.pids.len(), "{list}");
    for orphan in &found {
        assert_eq!(
            orphan["evidence"]["sign"]["variable"],
            "CLAUDE_CODE_SESSION_ID"
        );
        assert_eq!(orphan["session"]["sessionId"], ID);
        assert_eq!(orphan["reap"]["code"], "unproven");
    }
    let refused = reap(&server, &[&found[0]["key"]]).json();
    assert_eq!(refused["ok"], false, "{refused}");
    assert_eq!(refused["items"][0]["result"]["code"], "unproven");
    assert_eq!(ours(&orphans(&server), &scene.pids).len(), scene.pids.len());
}

/// As tmux starts it, with no shell around it.
#[test]
fn a_registry_file_proves_what_is_left_in_a_kernel_session_that_the_session_led() {
    let server = Server::start();
    let mut leader = Command::new("setsid");
    leader.args([
        "sh",
        "-c",
        "exec 3<&0; cat <&3 >/dev/null & echo $!; exec cat <&3",
    ]);
    let mut session = TestSession::spawn(leader);
    let _input = session.child.stdin.take().unwrap();
    let child: u32 = session.line().parse().unwrap();
    // It writes its file again after it has started what it leaves, by more than a clock tick.
    let later = SystemTime::now() + Duration::from_secs(1);
    let millis = later.duration_since(UNIX_EPOCH).unwrap().as_millis();
    session.register(server.home(), &format!(r#","updatedAt":{millis}"#));
    let sessions = server.home().join(".claude/sessions");
    let file = File::options()
        .write(true)
        .open(sessions.join(format!("{}.json", session.pid())));
    file.unwrap().set_modified(later).unwrap();
    let key = session.key_text();
    // Nobody has looked while it ran.
    session.child.kill().unwrap();
    session.wait();
    let found = ours(&orphans(&server), &[child]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["evidence"]["descent"],
        json!({"type": "session", "leader": key}),
    );
    let reaped = reap(&server, &[&found[0]["key"]]).json();
    assert_eq!(
        reaped["items"][0]["result"]["outcome"], "exited",
        "{reaped}"
    );
}

#[test]
fn what_one_server_saw_another_one_knows() {
    let server = Server::start();
    let mut scene = Scene::start(&server);
    orphans(&server);
    let book = server
        .home()
        .join(".local/state/session-manager/descents.json");
    let kept = std::fs::read(&book).unwrap();
    let next = Server::start();
    let copy = next.home().join(".local/state/session-manager");
    std::fs::create_dir_all(&copy).unwrap();
    std::fs::write(copy.join("descents.json"), kept).unwrap();
    drop(server);
    scene.crash();
    let found = ours(&orphans(&next), &scene.pids);
    assert_eq!(found.len(), scene.pids.len());
    assert_eq!(found[0]["evidence"]["descent"]["type"], "seen", "{found:?}");
    assert_eq!(found[0]["reap"], true);
}

#[test]
fn what_only_looks_left_over_is_nobodys_orphan() {
    let server = Server::start();
    // A process of ours that no session started, and one of a session that runs.
    let mut stray = Command::new("sleep");
    let stray = TestSession::spawn({
        stray.arg("600");
        stray
    });
    let mut tool = Command::new("sleep");
    tool.arg("600").env("CLAUDE_CODE_SESSION_ID", ID);
    let tool = TestSession::spawn(tool);
    let mut holder = Command::new("sleep");
    let holder = TestSession::spawn({
        holder.arg("600");
        holder
    });
    holder.register(server.home(), &format!(r#","sessionId":"{ID}""#));
    let pids = [stray.pid(), tool.pid(), holder.pid()];
    assert_eq!(ours(&orphans(&server), &pids), Vec::<Value>::new());
    for session in [&stray, &tool, &holder] {
        let key = Value::String(session.key_text());
        let refused = reap(&server, &[&key]).json();
        assert_eq!(
            refused["items"][0]["result"]["code"], "unproven",
            "{refused}"
        );
    }
    // An earlier owner of the number is gone for good.
    let mut earlier = stray.key();
    earlier.start_ticks -= 1;
    let key = Value::String(format!("{}:{}", earlier.pid, earlier.start_ticks));
    let refused = reap(&server, &[&key]).json();
    assert_eq!(
        refused["items"][0]["result"]["code"], "replaced",
        "{refused}"
    );
}

#[test]
fn a_selection_that_can_not_be_meant_is_refused_whole() {
    let server = Server::start();
    let check = |body: &str, status| {
        let answer = server.ask(&post_json("/orphans/reap", body));
        assert_eq!(
            answer.verdict(),
            (status, "bad_request".to_owned()),
            "{body}"
        );
    };
    check(r#"{"keys":[]}"#, 400);
    check(r#"{"keys":["7:1","7:1"]}"#, 400);
    check("{}", 400);
    let many: Vec<String> = (1..=201).map(|pid| format!("{pid}:1")).collect();
    check(&json!({ "keys": many }).to_string(), 400);
}

/// The server's own look, every few seconds, is what makes a proof of what nobody has asked about.
#[test]
fn a_server_notes_descents_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3<&0; cat <&3 >/dev/null & echo $!; wait"]);
    let mut session = TestSession::spawn(shell);
    let child = session.line();
    register(home.path(), session.key(), "");
    let mut server = Command::new(env!("CARGO_BIN_EXE_session-manager"));
    server
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .stderr(Stdio::null());
    let mut server = TestSession::spawn(server);
    server.line();
    let book = home
        .path()
        .join(".local/state/session-manager/descents.json");
    // It begins with a look; what is waited for is a file, not a time.
    let noted = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        std::fs::read_to_string(&book).is_ok_and(|text| text.contains(&format!("\"{child}:")))
    });
    assert!(noted, "{child} is not in {}", book.display());
}

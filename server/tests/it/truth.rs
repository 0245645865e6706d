//! What a row says of a session beyond its registry file: what is asked, what runs, and how that is known.

mod subagents;

use std::{
    fs,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use session_manager::{config::Config, service::Service};

use crate::{
    client::{Answer, Server, config, get},
    test_claude::ID,
    test_session::TestSession,
};

/// A session of a version or a program that registers without a status.
const SILENT: &str = r#","sessionId":"086ce0db-50b0-42a3-b30a-e82a2d9c2aac","cwd":"/home/dev/work/p1","entrypoint":"sdk-ts""#;

const PATIENCE: Duration = Duration::from_secs(20);

/// The time, as a line of a transcript has it.
fn now() -> String {
    let mut date = Command::new("date");
    let output = date
        .args(["-u", "+%Y-%m-%dT%H:%M:%S.%3NZ"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn says(kind: &str, content: Value, stop_reason: Option<&str>) -> Value {
    json!({
        "type": kind, "timestamp": now(), "sessionId": ID, "cwd": "/home/dev/work/p1", "version": "2.1.197",
        "message": {"role": kind, "id": "msg_1", "model": "m", "content": content, "stop_reason": stop_reason},
    })
}

fn prompt() -> Value {
    says("user", json!("do it"), None)
}

fn calls(tool: &str, input: Value) -> Value {
    let call = json!([{"type": "tool_use", "id": "toolu_1", "name": tool, "input": input}]);
    says("assistant", call, Some("tool_use"))
}

fn answers(text: &str) -> Value {
    says(
        "assistant",
        json!([{"type": "text", "text": text}]),
        Some("end_turn"),
    )
}

fn writes(server: &Server, lines: &[Value]) {
    let project = server.home().join(".claude/projects/-home-dev-work-p1");
    fs::create_dir_all(&project).unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(project.join(format!("{ID}.jsonl")), text).unwrap();
}

fn row(server: &Server, session: &TestSession) -> Value {
    let rows = server.ask(&get("/sessions", "")).json();
    let mut rows = rows.as_array().unwrap().iter();
    let row = rows.find(|row| row["pid"] == session.pid());
    row.cloned().unwrap_or(Value::Null)
}

/// Asks until the row is in the state, and returns it.
fn settled(server: &Server, session: &TestSession, state: &str) -> Value {
    let begun = Instant::now();
    loop {
        let row = row(server, session);
        if row["state"] == state {
            return row;
        }
        assert!(begun.elapsed() < PATIENCE, "{row}");
        sleep(Duration::from_millis(50));
    }
}

fn told(row: &Value) -> [&Value; 4] {
    ["state", "stateSource", "confidence", "rule"].map(|name| &row[name])
}

#[test]
fn without_a_status_the_end_of_the_transcript_tells() {
    let server = Server::start();
    let session = TestSession::start();
    session.register(server.home(), SILENT);
    writes(&server, &[prompt()]);
    let seen = row(&server, &session);
    assert_eq!(
        told(&seen),
        ["working", "transcript", "inferred", "models_turn"]
    );
    writes(&server, &[prompt(), answers("Done.")]);
    let seen = row(&server, &session);
    assert_eq!(
        told(&seen),
        ["idle", "transcript", "inferred", "answer_finished"]
    );
    assert_eq!((&seen["ask"], &seen["asks"]), (&Value::Null, &json!(false)));
    writes(&server, &[prompt(), answers("Shall I push it?")]);
    let seen = row(&server, &session);
    assert_eq!(seen["state"], "idle");
    assert_eq!(seen["asks"], true);
    assert_eq!(
        seen["ask"],
        json!({"type": "text", "text": "Shall I push it?"})
    );
}

#[test]
fn a_call_runs_or_waits() {
    let server = Server::start();
    // The session's own shell stands for its tool's.
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "read line; sh -c 'eval true; echo child; read line'; echo over; read line",
    ]);
    let mut session = TestSession::spawn(shell);
    session.register(server.home(), SILENT);
    writes(
        &server,
        &[prompt(), calls("Bash", json!({"command": "cargo build"}))],
    );
    let seen = settled(&server, &session, "waiting_permission");
    assert_eq!(
        told(&seen),
        ["waiting_permission", "transcript", "inferred", "tool_waits"]
    );
    assert_eq!(
        seen["ask"],
        json!({"type": "permission", "tool": "Bash", "input": "cargo build"})
    );
    assert_eq!(seen["tool"], Value::Null);
    session.tell_to_end();
    assert_eq!(session.line(), "child");
    let seen = settled(&server, &session, "working");
    assert_eq!(
        told(&seen),
        ["working", "transcript", "inferred", "tool_runs"]
    );
    assert_eq!(seen["tool"]["name"], "Bash");
    assert_eq!(seen["tool"]["input"], "cargo build");
    assert_eq!(seen["tool"]["since"], seen["stateSince"]);
}

#[test]
fn a_question_and_a_plan_are_told_with_what_they_ask() {
    let server = Server::start();
    let session = TestSession::start();
    session.register(server.home(), SILENT);
    let question = json!({"questions": [{
        "question": "Which?", "header": "Pick", "multiSelect": false,
        "options": [{"label": "Red", "description": "warm"}, {"label": "Blue"}],
    }]});
    writes(&server, &[prompt(), calls("AskUserQuestion", question)]);
    let seen = row(&server, &session);
    assert_eq!(
        told(&seen),
        ["waiting_input", "transcript", "inferred", "open_question"]
    );
    let expected = json!({"type": "question", "questions": [{
        "question": "Which?", "header": "Pick", "multiSelect": false,
        "options": [
            {"label": "Red", "description": "warm"},
            {"label": "Blue", "description": null},
        ],
    }]});
    assert_eq!(seen["ask"], expected);
    writes(
        &server,
        &[prompt(), calls("ExitPlanMode", json!({"plan": "1. Read"}))],
    );
    let seen = row(&server, &session);
    assert_eq!(
        told(&seen),
        ["waiting_permission", "transcript", "inferred", "open_plan"]
    );
    assert_eq!(seen["ask"], json!({"type": "plan", "text": "1. Read"}));
}

#[test]
fn the_registrys_status_wins_and_the_transcript_says_what_is_asked() {
    let server = Server::start();
    let session = TestSession::start();
    let waiting = format!(r#"{SILENT},"status":"waiting","waitingFor":"permission prompt""#);
    session.register(server.home(), &waiting);
    writes(
        &server,
        &[
            prompt(),
            calls("Write", json!({"file_path": "/tmp/x", "content": "y"})),
        ],
    );
    let seen = row(&server, &session);
    assert_eq!(
        told(&seen),
        [
            "waiting_permission",
            "registry",
            "stated",
            "registry_status"
        ]
    );
    assert_eq!(
        seen["ask"],
        json!({"type": "permission", "tool": "Write", "input": "/tmp/x"})
    );
    session.register(server.home(), &format!(r#"{SILENT},"status":"busy""#));
    let seen = row(&server, &session);
    assert_eq!(
        (&seen["state"], &seen["ask"]),
        (&json!("working"), &Value::Null)
    );
    assert_eq!(seen["tool"]["name"], "Write");
}

fn ask_why(server: &Server, pid: u32) -> Answer {
    server.ask(&get(&format!("/sessions/{pid}/why"), ""))
}

#[test]
fn why_names_the_rule_and_everything_that_was_looked_at() {
    let server = Server::start();
    let session = TestSession::start();
    session.register(
        server.home(),
        &format!(r#"{SILENT},"status":"idle","statusUpdatedAt":7"#),
    );
    writes(&server, &[prompt(), answers("Done.")]);
    let why = ask_why(&server, session.pid()).json();
    let row = row(&server, &session);
    assert_eq!(told(&why), told(&row));
    assert_eq!(why["key"], row["key"]);
    assert_eq!(why["stateSince"], 7);
    let evidence = why["evidence"].as_array().unwrap();
    let sources: Vec<_> = evidence
        .iter()
        .map(|it| it["source"].as_str().unwrap())
        .collect();
    assert_eq!(
        sources,
        ["process", "registry", "hook", "transcript", "process"]
    );
    let decided: Vec<_> = evidence.iter().filter(|it| it["decided"] == true).collect();
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0]["says"], r#"Its status is "idle"."#);
    assert_eq!(decided[0]["at"], 7);
    let answer = ask_why(&server, std::process::id());
    assert_eq!(answer.verdict(), (403, "not_a_session".to_owned()));
}

/// A service that calls a second of silence too long.
struct Impatient {
    service: Service,
    runtime: tokio::runtime::Runtime,
}

impl Impatient {
    fn new(server: &Server) -> Self {
        let config = Config {
            stuck_after: Duration::from_secs(1),
            ..config(server.home())
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self {
            service: Service::new(config).unwrap(),
            runtime: runtime.unwrap(),
        }
    }

    fn row(&self, session: &TestSession) -> wire::Session {
        let rows = self.runtime.block_on(self.service.sessions()).unwrap();
        let mut rows = rows.into_iter();
        rows.find(|row| row.pid.get() == session.pid()).unwrap()
    }

    /// On a busy machine, a process that computes gets less than its share for a while.
    fn settles(&self, session: &TestSession, stuck: bool) -> wire::Session {
        let begun = Instant::now();
        loop {
            let row = self.row(session);
            if row.stuck == stuck {
                return row;
            }
            assert!(begun.elapsed() < PATIENCE, "{row:?}");
        }
    }
}

#[test]
fn a_silence_is_a_hang_only_where_nothing_else_lives() {
    let server = Server::start();
    let busy = format!(r#"{SILENT},"status":"busy""#);
    let session = TestSession::start();
    session.register(server.home(), &busy);
    writes(&server, &[prompt()]);
    let service = Impatient::new(&server);
    service.settles(&session, true);

    // It computes.
    let mut shell = Command::new("sh");
    shell.args(["-c", "while :; do :; done"]);
    let burning = TestSession::spawn(shell);
    burning.register(server.home(), &busy);
    service.settles(&burning, false);

    // Its tool lives, however silent.
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "read line; sh -c 'eval true; echo child; read line'; read line",
    ]);
    let mut building = TestSession::spawn(shell);
    building.register(server.home(), &busy);
    writes(
        &server,
        &[prompt(), calls("Bash", json!({"command": "make"}))],
    );
    service.settles(&building, true);
    building.tell_to_end();
    assert_eq!(building.line(), "child");
    let row = service.settles(&building, false);
    assert_eq!(row.tool.unwrap().input, "make");
}

//! What a row says while a subagent works: its calls stand in a transcript of its own.

use std::{
    fs::{self, File, FileTimes},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::{Impatient, SILENT, answers, calls, now, prompt, row, settled, told, writes};
use crate::{client::Server, test_claude::ID, test_session::TestSession};

const WAITING: &str = r#","status":"waiting","waitingFor":"permission prompt""#;

/// Writes the transcript of a subagent that has called a tool.
fn subagent_calls(server: &Server, agent: &str, tool: &str, input: &Value) -> PathBuf {
    let line = |kind: &str, content: Value| {
        json!({
            "type": kind, "timestamp": now(), "sessionId": ID, "isSidechain": true, "agentId": agent,
            "message": {"role": kind, "id": "msg_2", "content": content},
        })
    };
    let call = json!([{"type": "tool_use", "id": "toolu_2", "name": tool, "input": input}]);
    let lines = [line("user", json!("look")), line("assistant", call)];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let directory =
        { server.home() }.join(format!(".claude/projects/-home-dev-work-p1/{ID}/subagents"));
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(format!("agent-{agent}.jsonl"));
    fs::write(&path, text).unwrap();
    path
}

fn starts_agent() -> Value {
    calls("Agent", json!({"description": "look", "prompt": "look"}))
}

#[test]
fn the_registry_says_that_it_waits_and_the_subagent_what_for() {
    let server = Server::start();
    let session = TestSession::start();
    session.register(server.home(), &format!("{SILENT}{WAITING}"));
    let input = json!({"command": "touch errand"});
    let asked = json!({"type": "permission", "tool": "Bash", "input": "touch errand"});
    // The call waits for the subagent, or has had its result at once and the subagent works in the background.
    for lines in [[prompt(), starts_agent()], [prompt(), answers("Started.")]] {
        writes(&server, &lines);
        subagent_calls(&server, "a1", "Bash", &input);
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
        assert_eq!(seen["ask"], asked);
    }
    // A call of the session's own explains it better.
    writes(
        &server,
        &[prompt(), calls("Read", json!({"file_path": "/x"}))],
    );
    let seen = row(&server, &session);
    assert_eq!(
        seen["ask"],
        json!({"type": "permission", "tool": "Read", "input": "/x"})
    );
    session.register(server.home(), &format!(r#"{SILENT},"status":"busy""#));
    writes(&server, &[prompt(), starts_agent()]);
    let seen = row(&server, &session);
    assert_eq!(
        (&seen["state"], &seen["ask"]),
        (&json!("working"), &Value::Null)
    );
    assert_eq!(seen["tool"]["name"], "Agent");
}

#[test]
fn without_a_status_a_subagent_that_waits_makes_the_session_wait() {
    let server = Server::start();
    let session = TestSession::start();
    session.register(server.home(), SILENT);
    writes(&server, &[prompt(), starts_agent()]);
    let seen = row(&server, &session);
    assert_eq!(seen["state"], "working");
    assert_eq!(seen["tool"]["name"], "Agent");
    subagent_calls(&server, "a1", "Bash", &json!({"command": "touch errand"}));
    let seen = settled(&server, &session, "waiting_permission");
    assert_eq!(
        told(&seen),
        ["waiting_permission", "transcript", "inferred", "tool_waits"]
    );
    assert_eq!(
        seen["ask"],
        json!({"type": "permission", "tool": "Bash", "input": "touch errand"})
    );
    assert_eq!(seen["tool"], Value::Null);
    // Whether this one runs or waits can't be seen.
    subagent_calls(&server, "a1", "mcp__web__get", &json!({}));
    let seen = settled(&server, &session, "unknown");
    assert_eq!(
        told(&seen),
        ["unknown", "transcript", "unknown", "tool_open"]
    );
}

#[test]
fn a_session_whose_subagent_writes_is_not_stuck() {
    let server = Server::start();
    let session = TestSession::start();
    session.register(server.home(), &format!(r#"{SILENT},"status":"busy""#));
    writes(&server, &[prompt(), starts_agent()]);
    let service = Impatient::new(&server);
    service.settles(&session, true);
    let path = subagent_calls(&server, "a1", "Bash", &json!({"command": "make"}));
    // However late the next look comes.
    let time = SystemTime::now() + Duration::from_secs(3_600);
    let file = File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
    assert!(!service.row(&session).stuck);
}

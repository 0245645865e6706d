//! What the log has of orphans: the session that left them.

use std::process::Command;

use super::*;

fn reap(server: &Server, key: &str) -> Value {
    let body = json!({"keys": [key], "graceMs": 60_000});
    let answer = post(server, "/orphans/reap", &body);
    answer.json()["items"][0]["result"].clone()
}

#[test]
fn what_is_reaped_is_told_with_the_session_that_left_it() {
    let server = Server::start();
    let mut leader = Command::new("setsid");
    let script = "exec 3<&0; cat <&3 >/dev/null & echo $!; exec cat <&3";
    leader.args(["sh", "-c", script]);
    let mut session = TestSession::spawn(leader);
    // It ends with what it reads.
    let _input = session.child.stdin.take().unwrap();
    let child: u32 = session.line().parse().unwrap();
    let more = format!(r#","sessionId":"{ID}","cwd":"/srv/p1""#);
    session.register(server.home(), &more);
    // The server sees who descends from whom.
    server.ask(&get("/orphans", ""));
    session.child.kill().unwrap();
    session.wait();
    let orphans = server.ask(&get("/orphans", "")).json();
    let mut orphans = orphans["orphans"].as_array().unwrap().iter();
    let orphan = orphans.find(|orphan| orphan["pid"] == child).unwrap();
    let key = orphan["key"].as_str().unwrap();
    assert_eq!(reap(&server, key)["outcome"], "exited");
    assert_eq!(reap(&server, key)["outcome"], "already_gone");
    let stranger = TestSession::start();
    assert_eq!(reap(&server, &stranger.key_text())["code"], "unproven");
    let entries = entries(&server);
    assert_eq!(
        words(&entries),
        [
            ("reap", "exited"),
            ("reap", "already_gone"),
            ("reap", "unproven")
        ]
    );
    assert_eq!(entries[0]["target"]["key"], key);
    assert_eq!(entries[0]["target"]["sessionId"], ID);
    assert_eq!(entries[0]["plan"], "it alone");
    assert_eq!(entries[2]["target"]["key"], *stranger.key_text());
}

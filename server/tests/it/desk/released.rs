//! Requests that nobody decides here any more: their hook went, their time is over, or the terminal was used.

use super::*;

#[tokio::test]
async fn a_hook_that_goes_takes_its_request_along() {
    let desk = TestDesk::open(PATIENCE);
    let (line, approval) = desk.ask(asking("ls")).await;
    drop(line);
    desk.is_empty().await;
    let refused = desk.decide(&approval, allow()).await.unwrap_err();
    assert_eq!(refused.code, wire::Code::NoApproval);

    // It can't print: its reader has gone.
    let (mut line, approval) = desk.ask(asking("ls")).await;
    let (decided, ()) = tokio::join!(desk.decide(&approval, allow()), async {
        assert!(matches!(line.verdict().await, Some(Told::Decided { .. })));
        drop(line);
    });
    assert_eq!(decided.unwrap_err().code, wire::Code::NoApproval);
}

#[tokio::test]
async fn the_terminal_decides_after_the_time() {
    let desk = TestDesk::open(Duration::from_millis(200));
    let (mut line, approval) = desk.ask(asking("ls")).await;
    assert_eq!(line.verdict().await, Some(Told::Released));
    desk.is_empty().await;
    let refused = desk.decide(&approval, allow()).await.unwrap_err();
    assert!(refused.sentence.contains("time"), "{refused}");
    let audited = until("the log has it", || {
        Some(desk.audited()).filter(|log| !log.is_empty())
    });
    let audited = audited.await;
    assert_eq!(audited.len(), 1);
    assert_eq!(audited[0].0, "released");
}

#[tokio::test]
async fn what_holds_a_session_up_waits_only_while_somebody_is_there() {
    let desk = TestDesk::open(PATIENCE);
    desk.is_followed.store(false, Ordering::Relaxed);
    let mut changed = desk.desk.changed();
    let mut lines = Vec::new();
    for blocks in [true, false] {
        let mut line = desk.connect().await;
        let ask = Asking {
            blocks,
            ..asking("ls")
        };
        // Not by the list: whoever asks for it is there.
        line.say(&Said::Ask { ask }).await;
        changed.changed().await.unwrap();
        lines.push(line);
    }
    assert_eq!(lines[0].verdict().await, Some(Told::Released));
    assert_eq!(desk.desk.open().len(), 1);
}

#[tokio::test]
async fn a_terminal_that_was_used_is_noticed() {
    let desk = TestDesk::open(PATIENCE);
    let us = ourselves();
    let sessions = desk.path().join(".claude/sessions");
    std::fs::create_dir_all(&sessions).unwrap();
    let record = |status: &str, at: u64| {
        let text = json!({
            "pid": us.pid, "procStart": us.start_ticks.to_string(), "sessionId": SESSION,
            "name": "the name", "status": status, "statusUpdatedAt": at,
        });
        std::fs::write(sessions.join(format!("{}.json", us.pid)), text.to_string()).unwrap();
    };
    let ask = || {
        let transcript = desk.path().join(".claude/projects/-tmp/x.jsonl");
        Asking {
            process: Some(ourselves()),
            transcript_path: Some(transcript.to_str().unwrap().to_owned()),
            ..asking("ls")
        }
    };
    record("waiting", 1);
    let (mut line, approval) = desk.ask(ask()).await;
    assert_eq!(approval.title.as_deref(), Some("the name"));
    assert_eq!(approval.key.unwrap().pid.get(), us.pid);
    record("busy", 2);
    assert_eq!(line.verdict().await, Some(Told::Released));
    desk.is_empty().await;

    // Whoever decides in that very moment is told so.
    record("waiting", 1);
    let (mut line, approval) = desk.ask(ask()).await;
    record("idle", 2);
    let refused = desk.decide(&approval, allow()).await.unwrap_err();
    assert_eq!(refused.code, wire::Code::NoApproval);
    assert_eq!(line.verdict().await, Some(Told::Released));

    // Another process's, or nobody's: nothing is known.
    std::fs::remove_file(sessions.join(format!("{}.json", us.pid))).unwrap();
    let (_line, _) = desk.ask(ask()).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(desk.desk.open().len(), 1);
}

#[tokio::test]
async fn what_happens_in_the_session_answers_what_it_asked() {
    let desk = TestDesk::open(PATIENCE);
    let (mut line, _) = desk.ask(asking("ls")).await;
    let (_other, other) = desk.ask(asking("pwd")).await;
    let mut tells = desk.connect().await;
    let event = Happened {
        session_id: SESSION.parse().unwrap(),
        agent: None,
        at: session_manager::clock::now().0,
        what: What::Ran {
            tool: "Bash".to_owned(),
            input: Some(json!({ "command": "ls" })),
        },
    };
    tells.say(&Said::Happened { event }).await;
    assert_eq!(line.verdict().await, Some(Told::Released));
    assert_eq!(desk.ids(), [other.id]);
}

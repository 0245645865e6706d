//! `session-manager hook --ask`: what it prints, how long it waits, and that it is in nobody's way.

use std::time::Instant;

use tokio::net::UnixListener;

use super::*;

fn ls() -> Value {
    payload(SESSION, "Bash", &json!({ "command": "ls" }))
}

#[tokio::test]
async fn it_prints_what_was_decided_and_nothing_else() {
    let desk = TestDesk::open(PATIENCE);
    let child = hook(desk.path(), &ls(), &[]).await;
    let approval = until("it asks", || desk.desk.open().into_iter().next()).await;
    desk.decide(&approval, allow()).await.unwrap();
    let output = printed(child).await.unwrap();
    assert_eq!(*decision(&output), json!({ "behavior": "allow" }));
    assert_eq!(
        output["hookSpecificOutput"]["hookEventName"],
        "PermissionRequest"
    );
}

#[tokio::test]
async fn without_a_server_it_takes_no_time() {
    let home = tempfile::tempdir().unwrap();
    let mut times = Vec::new();
    for _ in 0..5 {
        let since = Instant::now();
        assert_eq!(printed(hook(home.path(), &ls(), &[]).await).await, None);
        times.push(since.elapsed());
        // From the second time on there is the socket of one that was killed.
        let (listener, socket) = Place::make(home.path()).unwrap().listen().unwrap();
        drop(listener);
        std::mem::forget(socket);
    }
    // All of the process; a debug build on a busy machine.
    let quickest = times.iter().min().unwrap();
    assert!(*quickest < Duration::from_millis(500), "{times:?}");
}

#[tokio::test]
async fn it_waits_only_for_servers_that_answer() {
    let home = tempfile::tempdir().unwrap();
    // Stopped: it accepts nothing.
    let (_listener, _socket) = Place::make(home.path()).unwrap().listen().unwrap();
    let since = Instant::now();
    assert_eq!(printed(hook(home.path(), &ls(), &[]).await).await, None);
    assert!(since.elapsed() < Duration::from_secs(10));

    // A second one that runs is asked all the same, and has the time that it needs.
    let desk = TestDesk::open_in(home, PATIENCE);
    let child = hook(desk.path(), &ls(), &[]).await;
    let approval = until("it asks", || desk.desk.open().into_iter().next()).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    desk.decide(&approval, deny("late")).await.unwrap();
    assert_eq!(decision(&printed(child).await.unwrap())["message"], "late");
}

/// Another server's desk in the same home.
fn another(home: &Path) -> (Arc<Desk>, tokio::task::JoinHandle<()>) {
    let company = Company {
        is_followed: Box::new(|| true),
        judge: Box::new(|_| None),
    };
    let audit = AuditLog::at(StateDir::below(home));
    let desk = Desk::new(home, &namespace(), PATIENCE, audit, company);
    let desk = Arc::new(desk);
    let keeps = tokio::spawn(Arc::clone(&desk).keep(desk.listen().unwrap()));
    (desk, keeps)
}

#[tokio::test]
async fn the_first_of_several_servers_decides() {
    let one = TestDesk::open(PATIENCE);
    let (two, keeps) = another(one.path());
    let child = hook(one.path(), &ls(), &[]).await;
    let first = until("the first is asked", || one.desk.open().into_iter().next()).await;
    let second = until("the second is asked", || two.open().into_iter().next()).await;
    two.decide(&second.id, &second.session_id, deny("two"))
        .await
        .unwrap();
    assert_eq!(decision(&printed(child).await.unwrap())["message"], "two");
    one.is_empty().await;
    one.decide(&first, allow()).await.unwrap_err();
    keeps.abort();
}

#[tokio::test]
async fn it_ends_with_whoever_reads_it() {
    let desk = TestDesk::open(PATIENCE);
    let mut child = hook(desk.path(), &ls(), &[]).await;
    until("it asks", || desk.desk.open().into_iter().next()).await;
    // Claude Code was killed: nobody tells the hook.
    drop(child.stdout.take());
    assert_eq!(printed(child).await, None);
    desk.is_empty().await;

    // Also while there is no server.
    let mut child = hook(desk.path(), &ls(), &[]).await;
    until("it asks", || desk.desk.open().into_iter().next()).await;
    desk.keeps.abort();
    desk.is_empty().await;
    drop(child.stdout.take());
    assert_eq!(printed(child).await, None);
}

#[tokio::test]
async fn the_server_after_the_one_that_was_asked_is_asked() {
    let one = TestDesk::open(PATIENCE);
    let child = hook(one.path(), &ls(), &[]).await;
    let headless = hook(one.path(), &ls(), &[("CLAUDE_CODE_SESSION_ATTENDED", "0")]).await;
    let first = until("both ask", || <[_; 2]>::try_from(one.desk.open()).ok()).await;
    one.keeps.abort();
    // This one keeps its session up, for which there may never be a server again.
    assert_eq!(printed(headless).await, None);

    let (two, keeps) = another(one.path());
    let second = until("it asks again", || two.open().into_iter().next()).await;
    assert!(
        first
            .iter()
            .any(|first| (first.at, first.until) == (second.at, second.until))
    );
    two.decide(&second.id, &second.session_id, deny("two"))
        .await
        .unwrap();
    assert_eq!(decision(&printed(child).await.unwrap())["message"], "two");
    keeps.abort();
}

#[tokio::test]
async fn a_session_that_is_held_is_not_asked_about_twice() {
    let desk = TestDesk::open(PATIENCE);
    let held = [("SESSION_MANAGER_HELD", "1")];
    assert_eq!(printed(hook(desk.path(), &ls(), &held).await).await, None);
    assert!(desk.desk.open().is_empty());
    // It reports as ever.
    let reports = session_manager::observe::hooks::HookReports::at(desk.path());
    assert_eq!(reports.all().len(), 1);
}

/// Runs a hook below a program that looks like Claude Code, whose environment says that we hold it. `inner` is what that program does.
async fn below_claude(desk: &TestDesk, inner: &str) -> Option<Value> {
    let claude = desk.path().join("claude");
    if !claude.exists() {
        std::fs::copy("/bin/sh", &claude).unwrap();
    }
    let key = ProcReader::at("/proc").unwrap();
    let key = key.stat(std::process::id()).unwrap().key;
    let mut command = Command::new(&claude);
    command
        .args(["-c", inner])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", desk.path())
        .env("CLAUDE", &claude)
        .env("HOOK", BIN)
        .env(
            "SESSION_MANAGER_HELD",
            format!("{}:{}", key.pid, key.start_ticks),
        )
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let payload = ls().to_string();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(payload.as_bytes())
        .await
        .unwrap();
    printed(child).await
}

#[tokio::test]
async fn a_tool_of_a_held_session_that_is_one_itself_is_asked_about() {
    let desk = TestDesk::open(PATIENCE);
    let own = r#""$HOOK" hook --ask; true"#;
    assert_eq!(below_claude(&desk, own).await, None);
    let tools = r#"setsid -w "$CLAUDE" -c '"$HOOK" hook --ask; true'; true"#;
    let (output, ()) = tokio::join!(below_claude(&desk, tools), async {
        let approval = until("it asks", || desk.desk.open().into_iter().next()).await;
        desk.decide(&approval, allow()).await.unwrap();
    });
    assert_eq!(decision(&output.unwrap())["behavior"], "allow");
}

#[tokio::test]
async fn it_tells_what_answers_a_question() {
    let desk = TestDesk::open(PATIENCE);
    for end in [
        "PostToolUse",
        "PostToolUseFailure",
        "Stop",
        "UserPromptSubmit",
        "SessionEnd",
    ] {
        let child = hook(desk.path(), &ls(), &[]).await;
        until("it asks", || desk.desk.open().into_iter().next()).await;
        let mut event = ls();
        event["hook_event_name"] = json!(end);
        assert_eq!(printed(hook(desk.path(), &event, &[]).await).await, None);
        assert_eq!(printed(child).await, None, "{end}");
        desk.is_empty().await;
    }
}

#[tokio::test]
async fn agents_and_sessions_without_a_terminal_are_known() {
    let desk = TestDesk::open(PATIENCE);
    desk.is_followed.store(false, Ordering::Relaxed);
    for headless in [
        ("CLAUDE_CODE_SESSION_ATTENDED", "0"),
        ("CLAUDE_CODE_ENTRYPOINT", "sdk-cli"),
    ] {
        let child = hook(desk.path(), &ls(), &[headless]).await;
        assert_eq!(printed(child).await, None);
    }
    let mut agent = ls();
    agent["agent_id"] = json!("a1");
    assert_eq!(printed(hook(desk.path(), &agent, &[]).await).await, None);
}

#[tokio::test]
async fn nonsense_of_a_server_is_no_answer() {
    let home = tempfile::tempdir().unwrap();
    let (listener, _socket): (UnixListener, _) =
        Place::make(home.path()).unwrap().listen().unwrap();
    for nonsense in [
        "\n",
        "allow\n",
        "{\"type\":\"decided\"}\n",
        "{\"type\":\"later\"}\n{\"type\":\"released\"}\n",
        "",
    ] {
        let child = hook(home.path(), &ls(), &[]).await;
        let (stream, _) = listener.accept().await.unwrap();
        let mut line = Line::new(stream);
        line.writer.write_all(nonsense.as_bytes()).await.unwrap();
        drop(line);
        assert_eq!(printed(child).await, None, "{nonsense:?}");
    }
}

//! What foreign sessions ask by our hook: over real sockets, by real hook processes, and decided once.

mod hook;
mod race;
mod stranger;

use std::{
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use session_manager::{
    audit::AuditLog,
    desk::{
        Company, Desk, Refusal, Ruled,
        answer::Verdict,
        elsewhere,
        place::Place,
        protocol::{Asking, Happened, Process, Said, Told, What, line},
    },
    observe::proc::ProcReader,
    state_dir::StateDir,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};
use wire::{Approval, DecisionOutcome, Page, RequestId, SessionId};

const BIN: &str = env!("CARGO_BIN_EXE_session-manager");
const SESSION: &str = "0bbf4eb8-832b-4ee0-81ee-71daf226ca30";
/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server's desk and the home that it is in.
struct TestDesk {
    home: TempDir,
    desk: Arc<Desk>,
    is_followed: Arc<AtomicBool>,
    rule: Arc<Mutex<Option<Ruled>>>,
    keeps: JoinHandle<()>,
}

impl TestDesk {
    fn open(wait: Duration) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), wait)
    }

    fn open_in(home: TempDir, wait: Duration) -> Self {
        let is_followed = Arc::new(AtomicBool::new(true));
        let rule: Arc<Mutex<Option<Ruled>>> = Arc::default();
        let (followed, ruled) = (Arc::clone(&is_followed), Arc::clone(&rule));
        let company = Company {
            is_followed: Box::new(move || followed.load(Ordering::Relaxed)),
            judge: Box::new(move |_| ruled.lock().unwrap().clone()),
        };
        let audit = AuditLog::at(StateDir::below(home.path()));
        let desk = Arc::new(Desk::new(home.path(), &namespace(), wait, audit, company));
        let opened = desk.listen().unwrap();
        let keeps = tokio::spawn(Arc::clone(&desk).keep(opened));
        Self {
            home,
            desk,
            is_followed,
            rule,
            keeps,
        }
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    async fn connect(&self) -> Line {
        let stream = Place::find(self.path()).unwrap().unwrap().connect();
        Line::new(UnixStream::from_std(stream.into_iter().next().unwrap()).unwrap())
    }

    /// Asks, and waits until it stands in the list.
    async fn ask(&self, asking: Asking) -> (Line, Approval) {
        let before: Vec<_> = self.ids();
        let mut line = self.connect().await;
        line.say(&Said::Ask { ask: asking }).await;
        let approval = until("it stands in the list", || {
            let open = self.desk.open();
            open.into_iter().find(|open| !before.contains(&open.id))
        });
        (line, approval.await)
    }

    fn ids(&self) -> Vec<RequestId> {
        self.desk.open().into_iter().map(|open| open.id).collect()
    }

    async fn decide(&self, approval: &Approval, verdict: Verdict) -> Result<(), Refusal> {
        let (id, session) = (&approval.id, &approval.session_id);
        self.desk.decide(id, session, verdict).await
    }

    async fn is_empty(&self) {
        until("nothing is asked any more", || {
            self.desk.open().is_empty().then_some(())
        })
        .await;
    }

    /// The outcomes in the audit log, newest first.
    fn audited(&self) -> Vec<(String, String)> {
        let log = AuditLog::at(StateDir::below(self.path()));
        let page = Page {
            before: None,
            limit: 100,
        };
        let entries = log.page(page).unwrap().entries;
        let told = |entry: wire::AuditEntry| {
            assert_eq!(entry.verb, wire::Verb::Decide);
            (entry.outcome.unwrap(), entry.detail.unwrap())
        };
        entries.into_iter().map(told).collect()
    }
}

impl Drop for TestDesk {
    fn drop(&mut self) {
        self.keeps.abort();
    }
}

/// A hook's end of the line.
struct Line {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Line {
    fn new(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            reader: BufReader::new(reader),
            writer,
        }
    }

    async fn say(&mut self, said: &Said) {
        self.writer.write_all(&line(said)).await.unwrap();
    }

    /// What the server says next, `None` where it has hung up.
    async fn hear(&mut self) -> Option<Told> {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.reader.read_line(&mut line));
        // It may be reset, too.
        let count = read.await.unwrap().unwrap_or(0);
        (count > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// What it says in the end.
    async fn verdict(&mut self) -> Option<Told> {
        loop {
            match self.hear().await {
                Some(Told::Wait { .. }) => {}
                told => return told,
            }
        }
    }
}

fn namespace() -> String {
    let proc = ProcReader::at("/proc").unwrap();
    proc.pid_namespace().to_owned()
}

fn ourselves() -> Process {
    let proc = ProcReader::at("/proc").unwrap();
    let key = proc.stat(std::process::id()).unwrap().key;
    Process {
        pid: key.pid,
        start_ticks: key.start_ticks,
        namespace: namespace(),
    }
}

fn asking(command: &str) -> Asking {
    Asking {
        session_id: SESSION.parse().unwrap(),
        agent: None,
        blocks: false,
        at: session_manager::clock::now().0,
        cwd: "/tmp".to_owned(),
        transcript_path: None,
        process: None,
        hook: ourselves(),
        tool: "Bash".to_owned(),
        input: json!({ "command": command }),
    }
}

fn allow() -> Verdict {
    Verdict::new(DecisionOutcome::Allow)
}

fn deny(reason: &str) -> Verdict {
    let mut verdict = Verdict::new(DecisionOutcome::Deny);
    verdict.reason = Some(reason.to_owned());
    verdict
}

/// What is decided in what a hook prints.
fn decision(output: &Value) -> &Value {
    &output["hookSpecificOutput"]["decision"]
}

async fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A real hook, as Claude Code starts it.
async fn hook(home: &Path, payload: &Value, environment: &[(&str, &str)]) -> Child {
    let mut command = Command::new(BIN);
    command
        .args(["hook", "--ask"])
        .env_clear()
        .env("HOME", home)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // On a machine with much to do the payload may come too late for a hook, which waits for it 1 s and then asks nothing.
    stdin.write_all(payload.to_string().as_bytes()).await.ok();
    child
}

/// What a hook has printed, `None` where it has printed nothing.
async fn printed(child: Child) -> Option<Value> {
    let output = timeout(PATIENCE, child.wait_with_output());
    let output = output.await.unwrap().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
    let text = String::from_utf8(output.stdout).unwrap();
    (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
}

fn payload(session: &str, tool: &str, input: &Value) -> Value {
    json!({
        "session_id": session, "hook_event_name": "PermissionRequest", "cwd": "/tmp",
        "tool_name": tool, "tool_input": input,
    })
}

#[tokio::test]
async fn what_is_asked_is_told_whole_and_decided_once() {
    let desk = TestDesk::open(PATIENCE);
    let mut changed = desk.desk.changed();
    let (mut line, approval) = desk.ask(asking("ls")).await;
    assert!(changed.has_changed().unwrap());
    changed.mark_unchanged();
    assert_eq!(line.hear().await, Some(Told::Wait { millis: 20_000 }));
    assert_eq!(approval.input, json!({ "command": "ls" }));
    assert_eq!(approval.until, Some(approval.at + 20_000));
    assert_eq!(approval.source, wire::ApprovalSource::Hook);
    let target = desk.desk.target(&approval.id).unwrap();
    assert_eq!(target.session_id, Some(approval.session_id.clone()));

    let other: SessionId = "607b503a-f1d9".parse().unwrap();
    let refused = desk.desk.decide(&approval.id, &other, allow()).await;
    assert_eq!(refused.unwrap_err().code, wire::Code::NoApproval);
    let refused = desk
        .decide(&approval, Verdict::new(DecisionOutcome::Unknown))
        .await;
    assert_eq!(refused.unwrap_err().code, wire::Code::BadRequest);
    assert_eq!(desk.ids(), std::slice::from_ref(&approval.id));

    let (decided, told) = tokio::join!(desk.decide(&approval, deny("no")), async {
        let told = line.hear().await;
        line.say(&Said::Delivered).await;
        told
    });
    decided.unwrap();
    let Some(Told::Decided { output }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(
        *decision(&output),
        json!({ "behavior": "deny", "message": "no" })
    );
    assert!(changed.has_changed().unwrap());
    let again = desk.decide(&approval, allow()).await.unwrap_err();
    assert_eq!(again.code, wire::Code::Decided);
    assert!(again.sentence.contains("denied"), "{again}");
    assert!(desk.desk.knows(&approval.id));
}

#[tokio::test]
async fn another_process_lists_and_decides() {
    let desk = TestDesk::open(PATIENCE);
    let (mut line, approval) = desk.ask(asking("ls")).await;
    let home = desk.path();
    assert_eq!(elsewhere::open(home).await, std::slice::from_ref(&approval));
    let (id, session) = (&approval.id, &approval.session_id);
    let refused = elsewhere::decide(home, id, session, Verdict::new(DecisionOutcome::Unknown));
    assert_eq!(
        refused.await.unwrap().unwrap_err().code,
        wire::Code::BadRequest
    );
    let (decided, ()) = tokio::join!(elsewhere::decide(home, id, session, deny("no")), async {
        assert!(matches!(line.verdict().await, Some(Told::Decided { .. })));
        line.say(&Said::Delivered).await;
    });
    decided.unwrap().unwrap();
    assert_eq!(elsewhere::decide(home, id, session, allow()).await, None);
    assert!(elsewhere::open(home).await.is_empty());
}

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
async fn a_rule_decides_before_anybody_is_asked() {
    let desk = TestDesk::open(PATIENCE);
    *desk.rule.lock().unwrap() = Some(Ruled {
        verdict: deny("not here"),
        rule: "rule r1".to_owned(),
    });
    let home = desk.path();
    let ls = payload(SESSION, "Bash", &json!({ "command": "ls" }));
    let output = printed(hook(home, &ls, &[]).await).await.unwrap();
    assert_eq!(decision(&output)["message"], "not here");
    let audited = until("the log has it", || {
        Some(desk.audited()).filter(|log| !log.is_empty())
    });
    assert_eq!(audited.await, [("deny".to_owned(), "rule r1".to_owned())]);

    // It has no answers.
    *desk.rule.lock().unwrap() = Some(Ruled {
        verdict: allow(),
        rule: "rule r2".to_owned(),
    });
    let question = json!({ "questions": [{ "question": "Which?" }] });
    let _hook = hook(home, &payload(SESSION, "AskUserQuestion", &question), &[]).await;
    until("a person is asked", || desk.desk.open().into_iter().next()).await;
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

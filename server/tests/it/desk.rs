//! What foreign sessions ask by our hook: over real sockets, by real hook processes, and decided once.

mod decided;
mod hook;
mod race;
mod released;
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

//! Every state that was captured from the real programs, judged: `testdata/evidence/<program>/<state>/`.
//!
//! The truth there is what the capture had brought about. What the fold can't know is listed below, one line each; no
//! line may be added for a session whose registry file has a status.

#![expect(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "the captures are read as they lie; the crate itself reads nothing"
)]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use expect_test::expect;
use serde::Deserialize;
use session_core::{
    ask::Ask,
    evidence::{Child, Evidence, More},
    id::{ProcessKey, SessionId, UnixMillis},
    process::{Namespace, Process, RunState},
    registry::Record,
    transcript::tail::Tail,
    verdict::{Confidence, State, Verdict, judge},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    state: String,
    children: Vec<SeenChild>,
    captured_at: u64,
    /// Some of the first captures did not ask; those are left out.
    started_at: Option<u64>,
    run_state: String,
    subagent_modified_at: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeenChild {
    comm: String,
    argv: Vec<String>,
    /// It had ended before it could be asked.
    started_at: Option<u64>,
}

/// Of a registry file.
#[derive(Deserialize)]
struct Named {
    pid: u32,
}

struct Capture {
    program: String,
    name: String,
    seen: Seen,
    record: Option<Record>,
    tail: Tail,
    agents: Vec<Arc<Tail>>,
}

/// Of a line of a transcript.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    session_id: String,
}

fn subdirectories(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_dir());
    paths.sort();
    paths
}

fn captures() -> Vec<Capture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/evidence");
    let states = subdirectories(&root)
        .into_iter()
        .flat_map(|program| subdirectories(&program));
    states
        .map(|state| read(&state))
        .filter(|capture| capture.seen.started_at.is_some())
        .collect()
}

fn read(state: &Path) -> Capture {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let tail = folded(Tail::new(), &fs::read(state.join("tail.jsonl")).unwrap());
    let agents = fs::read(state.join("subagent.jsonl")).map(|bytes| {
        let first = bytes.split(|&byte| byte == b'\n').next().unwrap();
        let written: Written = serde_json::from_slice(first).unwrap();
        let conversation = SessionId::parse(&written.session_id).unwrap();
        Arc::new(folded(Tail::of_subagent(conversation), &bytes))
    });
    let record = fs::read(state.join("registry.json")).ok().map(|bytes| {
        let named: Named = serde_json::from_slice(&bytes).unwrap();
        Record::parse(named.pid, &bytes).unwrap()
    });
    Capture {
        program: name(state.parent().unwrap()),
        name: name(state),
        seen: serde_json::from_slice(&fs::read(state.join("process.json")).unwrap()).unwrap(),
        record,
        tail,
        agents: agents.into_iter().collect(),
    }
}

fn folded(mut tail: Tail, bytes: &[u8]) -> Tail {
    for line in bytes.split(|&byte| byte == b'\n') {
        tail.line(line);
    }
    tail
}

impl Capture {
    /// Judges as the service does: without the subagents first, and again where they were asked for.
    fn judge(&self) -> (Verdict, Option<Ask>) {
        let process = Process {
            key: ProcessKey {
                pid: 7,
                start_ticks: 1,
            },
            ppid: 1,
            uid: 1000,
            namespace: Namespace::Ours,
            comm: match self.program.as_str() {
                "2.0.30" if self.name.starts_with("print-") => "node".to_owned(),
                _ => "claude".to_owned(),
            },
            run_state: match self.seen.run_state.as_str() {
                "T" => RunState::Stopped,
                _ => RunState::Alive,
            },
            rss_pages: 1,
            cpu_ticks: 0,
            argv: vec!["claude".to_owned()],
            exe: None,
            cwd: None,
            wchan: None,
        };
        let child = |child: &SeenChild| {
            Some(Child {
                comm: child.comm.clone(),
                command: child.argv.join(" "),
                started_at: UnixMillis(child.started_at?),
            })
        };
        let children: Vec<Child> = self.seen.children.iter().filter_map(child).collect();
        let more = More {
            tail: Some(&self.tail),
            children: Some(&children),
            ..More::NOTHING
        };
        let evidence = Evidence {
            process: &process,
            record: self.record.as_ref(),
            has_key_file: false,
            started_at: UnixMillis(self.seen.started_at.unwrap()),
            now: UnixMillis(self.seen.captured_at),
            more: &more,
        };
        let verdict = judge(&evidence);
        let written_at = self.seen.subagent_modified_at.map(UnixMillis);
        if verdict
            .agents_since(&evidence)
            .is_none_or(|since| written_at < Some(since))
        {
            let ask = verdict.ask(&evidence);
            return (verdict, ask);
        }
        let more = More {
            agents: &self.agents,
            ..more
        };
        let evidence = Evidence {
            more: &more,
            ..evidence
        };
        let verdict = judge(&evidence);
        let ask = verdict.ask(&evidence);
        (verdict, ask)
    }

    fn has_status(&self) -> bool {
        self.record
            .as_ref()
            .is_some_and(|record| record.status.is_some())
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Working => "working",
        State::WaitingPermission => "waiting_permission",
        State::WaitingInput => "waiting_input",
        State::WaitingDialog => "waiting_dialog",
        State::Idle => "idle",
        State::Shell => "shell",
        State::Stopped => "stopped",
        State::Unknown => "unknown",
    }
}

#[test]
fn every_captured_state_is_told_as_it_was() {
    let captures = captures();
    assert!(captures.len() > 200, "{} captures", captures.len());
    let mut wrong = String::new();
    let mut counts = BTreeMap::<(&str, &str), (u32, u32)>::new();
    for capture in &captures {
        let (verdict, _) = capture.judge();
        let told = word(verdict.state);
        let source = if capture.has_status() {
            "status"
        } else {
            "no status"
        };
        let (right, all) = counts.entry((&capture.program, source)).or_default();
        *all += 1;
        if told == capture.seen.state {
            *right += 1;
            continue;
        }
        // What is not known may be said to be unknown, and never with confidence.
        let Capture {
            program,
            name,
            seen,
            ..
        } = capture;
        let certainty = match verdict.confidence {
            Confidence::Stated => "stated",
            Confidence::Inferred => "inferred",
            Confidence::Unknown => "unknown",
        };
        writeln!(
            wrong,
            "{program}/{name}: {} told {told} ({certainty}, {:?})",
            seen.state, verdict.rule
        )
        .unwrap();
    }
    let table: String = counts
        .iter()
        .map(|((program, source), (right, all))| format!("{program}, {source}: {right} of {all}\n"))
        .collect();
    expect![[r#"
        2.0.30, no status: 43 of 50
        2.0.76, no status: 4 of 4
        2.1.197, no status: 2 of 2
        2.1.197, status: 50 of 50
        2.1.329, status: 54 of 54
        cloudcli-1.37.2, status: 7 of 7
        cloudcli-1.37.2-claude-2.1.197, no status: 7 of 7
        sdk-0.1.30, no status: 37 of 42
        sdk-0.3.329, status: 42 of 45
        sdk-2.1.197, no status: 40 of 45
    "#]]
    .assert_eq(&table);
    expect![[r#"
        2.0.30/mcp-tool-permission: waiting_permission told unknown (unknown, ToolOpen)
        2.0.30/mcp-tool-running: working told unknown (unknown, ToolOpen)
        2.0.30/model-dialog: waiting_dialog told idle (inferred, Interrupted)
        2.0.30/model-dialog-after-turn: waiting_dialog told idle (inferred, AnswerFinished)
        2.0.30/subagent: working told unknown (unknown, ToolOpen)
        2.0.30/subagent-permission: waiting_permission told unknown (unknown, ToolOpen)
        2.0.30/user-shell: working told idle (inferred, AnswerFinished)
        sdk-0.1.30/mcp-tool-permission: waiting_permission told unknown (unknown, ToolOpen)
        sdk-0.1.30/mcp-tool-running: working told unknown (unknown, ToolOpen)
        sdk-0.1.30/subagent: working told unknown (unknown, ToolOpen)
        sdk-0.1.30/subagent-background: working told unknown (unknown, ToolOpen)
        sdk-0.1.30/subagent-permission: waiting_permission told unknown (unknown, ToolOpen)
        sdk-0.3.329/after-clear: shell told idle (stated, RegistryStatus)
        sdk-0.3.329/after-compact: shell told idle (stated, RegistryStatus)
        sdk-0.3.329/turn-after-clear: shell told idle (stated, RegistryStatus)
        sdk-2.1.197/after-clear: shell told idle (inferred, NothingSince)
        sdk-2.1.197/after-compact: shell told idle (inferred, AnswerFinished)
        sdk-2.1.197/mcp-tool-permission: waiting_permission told unknown (unknown, ToolOpen)
        sdk-2.1.197/mcp-tool-running: working told unknown (unknown, ToolOpen)
        sdk-2.1.197/turn-after-clear: shell told idle (inferred, AnswerFinished)
    "#]]
    .assert_eq(&wrong);
}

/// 2.0.30 writes a subagent's transcript only when it has ended.
#[test]
fn what_a_subagent_asks_is_told_as_the_sessions_own() {
    let mut told = String::new();
    for capture in captures() {
        if capture.name == "subagent-permission" {
            let ask = capture.judge().1;
            writeln!(told, "{}: {ask:?}", capture.program).unwrap();
        }
    }
    expect![[r#"
        2.0.30: None
        2.0.76: Some(Permission { tool: "Bash", input: "touch subproof && sleep 100" })
        2.1.197: Some(Permission { tool: "Bash", input: "touch subproof && sleep 100" })
        2.1.329: Some(Permission { tool: "Bash", input: "touch subproof && sleep 100" })
        sdk-0.1.30: None
        sdk-0.3.329: Some(Permission { tool: "Bash", input: "touch subproof && sleep 100" })
        sdk-2.1.197: Some(Permission { tool: "Bash", input: "touch subproof && sleep 100" })
    "#]]
    .assert_eq(&told);
}

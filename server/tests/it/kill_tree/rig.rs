//! A namespace of processes: the built program, the sessions that a test starts, and whatever those start.
//!
//! Every process of a session begins with its signals blocked but for SIGTERM, SIGCHLD and SIGINT, so that what it gets
//! stays in its record (`recorder::pending`), or ends it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use serde_json::Value;
use session_core::{id::ProcessKey, process::RunState};
use session_manager::observe::proc::ProcReader;

use crate::{
    client::Answer,
    reuse::recorder::{Signals, pending},
    test_program::TestProgram,
    test_session::register,
};

pub(super) struct Rig {
    pub(super) home: PathBuf,
    pub(super) program: TestProgram,
    pub(super) proc: ProcReader,
}

/// A process that the test has started.
pub(super) struct Root {
    pub(super) child: Child,
    pub(super) key: ProcessKey,
}

/// For scripts: `leaf NAME` starts a process that does nothing and writes its pid to `$D/NAME`; `here NAME` writes the
/// script's own; `sh "$LEAF" NAME` is the leaf for `setsid` and the like.
const PRELUDE: &str = r#"
here() { echo $$ >"$D/$1"; }
export LEAF="$D/leaf"
leaf() { sh "$LEAF" "$1" & }
"#;
const LEAF: &str = "echo $$ >\"$D/$1\"\nexec sleep 600\n";

impl Rig {
    pub(super) fn start(home: &Path) -> Self {
        fs::write(home.join("leaf"), LEAF).unwrap();
        Self {
            program: TestProgram::start(home),
            home: home.to_owned(),
            proc: ProcReader::at("/proc").unwrap(),
        }
    }

    /// A shell that runs `script`, which says by `here` or `leaf` when it has come so far.
    pub(super) fn run(&self, script: &str) -> Root {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("{PRELUDE}{script}"))
            .env("D", &self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        self.start_as(command)
    }

    /// The same, with a registry file that calls it a session.
    pub(super) fn session(&self, script: &str) -> Root {
        let root = self.run(script);
        register(&self.home, root.key, "");
        root
    }

    pub(super) fn start_as(&self, mut command: Command) -> Root {
        let mut blocked = SigSet::all();
        for signal in [Signal::SIGTERM, Signal::SIGCHLD, Signal::SIGINT] {
            blocked.remove(signal);
        }
        // A child inherits the mask of the thread that starts it.
        let ours = blocked.thread_swap_mask(SigmaskHow::SIG_SETMASK).unwrap();
        let child = command.spawn();
        ours.thread_set_mask().unwrap();
        let child = child.unwrap();
        let key = self.proc.stat(child.id()).unwrap().key;
        Root { child, key }
    }

    /// The process that has written its pid under this name, as soon as it has.
    pub(super) fn named(&self, name: &str) -> ProcessKey {
        let path = self.home.join(name);
        let mut key = None;
        until(|| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let pid = text.strip_suffix('\n').and_then(|pid| pid.parse().ok());
            key = pid.and_then(|pid: u32| Some(self.proc.stat(pid)?.key));
            key.is_some()
        });
        key.unwrap()
    }

    pub(super) fn all_named<const N: usize>(&self, names: [&str; N]) -> [ProcessKey; N] {
        names.map(|name| self.named(name))
    }

    /// Asks for the end of a session with all that descends from it.
    pub(super) fn kill(&self, key: ProcessKey, grace_ms: u32) -> Value {
        let answer = self.ask_to_kill(key, &format!(r#""graceMs":{grace_ms}"#));
        assert_eq!(answer.status, 200, "{answer:?}");
        let killed = answer.json();
        assert_eq!(killed["ok"], true, "{killed}");
        killed
    }

    /// `more`: fields of the request besides the key.
    pub(super) fn ask_to_kill(&self, key: ProcessKey, more: &str) -> Answer {
        let body = format!(r#"{{"key":"{}",{more}}}"#, text(key));
        self.ask("POST", &format!("/sessions/{}/kill", key.pid), &body)
    }

    pub(super) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut connection = self.program.connect();
        connection.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.program.port,
            body.len()
        ));
        connection.receive().expect("an answer")
    }

    pub(super) fn runs(&self, key: ProcessKey) -> bool {
        self.proc.running(key.pid) == Some(key)
    }

    /// It runs, does not stand still, and has got no signal at all, but for the kernel's word that a child has ended: a
    /// shell has that blocked at times.
    pub(super) fn is_untouched(&self, key: ProcessKey) -> bool {
        let stat = self.proc.stat(key.pid);
        let runs = stat.is_some_and(|stat| stat.key == key && stat.run_state == RunState::Alive);
        let got = pending(key.pid).map(|got| got.without(Signals::of(&[Signal::SIGCHLD])));
        runs && got == Some(Signals::NONE)
    }

    /// Every process that runs, but for the test and the program.
    pub(super) fn running(&self) -> BTreeSet<ProcessKey> {
        let ours = [std::process::id(), self.program.key().pid];
        let pids = self.proc.pids().unwrap().into_iter();
        let others = pids.filter(|pid| !ours.contains(pid));
        others.filter_map(|pid| self.proc.running(pid)).collect()
    }

    /// Only these are left, and none of them was touched.
    pub(super) fn expect_left(&self, left: &[ProcessKey]) {
        assert_eq!(self.running(), left.iter().copied().collect());
        for &key in left {
            assert!(self.is_untouched(key), "{key:?}: {:?}", pending(key.pid));
        }
    }
}

/// The key as it stands in an answer.
pub(super) fn text(key: ProcessKey) -> String {
    format!("{}:{}", key.pid, key.start_ticks)
}

/// What the answer says of each process: its key, its proof and its outcome.
pub(super) fn told(killed: &Value) -> Vec<[String; 3]> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let all = killed["processes"].as_array().unwrap().iter();
    all.map(|it| [&it["key"], &it["proof"]["type"], &it["outcome"]].map(word))
        .collect()
}

/// These and no others. What the program has noted by itself, as it does every few seconds, is proved by that.
pub(super) fn expect_told(killed: &Value, processes: &[(ProcessKey, &str, &str)]) {
    for process in processes {
        expect_among(killed, *process);
    }
    assert_eq!(told(killed).len(), processes.len(), "{killed}");
}

pub(super) fn expect_among(killed: &Value, (key, proof, outcome): (ProcessKey, &str, &str)) {
    let told = told(killed);
    let its = told.iter().find(|[its, ..]| *its == text(key));
    let Some([_, its_proof, its_outcome]) = its else {
        panic!("{key:?} is not among {killed}");
    };
    assert!([proof, "seen"].contains(&its_proof.as_str()), "{killed}");
    assert_eq!(its_outcome, outcome, "{key:?}: {killed}");
}

/// The keys of one of the answer's lists, each with the word for why.
pub(super) fn listed(killed: &Value, list: &str, why: &str) -> BTreeSet<(String, String)> {
    let word = |value: &Value| {
        value
            .as_str()
            .or(value["type"].as_str())
            .unwrap()
            .to_owned()
    };
    let all = killed[list].as_array().unwrap().iter();
    all.map(|it| (word(&it["key"]), word(&it[why]))).collect()
}

/// Waits, for as long as it may take.
pub(super) fn until(mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < patience);
        thread::sleep(Duration::from_millis(5));
    }
}

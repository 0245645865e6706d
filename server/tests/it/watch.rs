//! What is told of real processes and real directories, and of a built `/proc` for what a test can't do to a real one.

mod limits;
mod places;
mod processes;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use session_core::id::{ProcessKey, SessionId};
use session_manager::{
    observe::proc::ProcReader,
    watch::{Events, Followed, Place, Watch},
};

use crate::test_proc::TestProc;

/// A child of the test, killed and reaped when it is dropped.
struct Guard(Child);

impl Guard {
    fn sleep() -> Self {
        Self::start(Path::new("sleep"))
    }

    fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        Self(command.arg("600").stdin(Stdio::null()).spawn().unwrap())
    }

    fn key(&self) -> ProcessKey {
        let stat = real_proc().stat(self.0.id());
        stat.unwrap().key
    }

    /// Ends it, and leaves it to be reaped.
    fn end(&mut self) {
        self.0.kill().unwrap();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn real_proc() -> ProcReader {
    ProcReader::at("/proc").unwrap()
}

/// Nothing starts in it by itself.
fn quiet() -> (TestProc, Watch) {
    let proc = TestProc::new();
    let watch = Watch::new(proc.reader()).unwrap();
    (proc, watch)
}

fn process(key: ProcessKey) -> Followed {
    Followed {
        key,
        registry: None,
        transcript: None,
    }
}

/// Waits, for as long as it may take, until something that was told fits; what was told is lost.
fn expect(watch: &mut Watch, fits: impl Fn(&Events) -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    loop {
        let events = watch.wait(patience);
        if fits(&events) {
            return;
        }
        assert!(Instant::now() < patience, "not told");
    }
}

/// What there is to tell, while nothing happens.
fn told(watch: &mut Watch) -> Events {
    watch.waker().wake();
    let mut events = watch.wait(Instant::now() + Duration::from_secs(120));
    events.loads.clear();
    events
}

fn id(number: u32) -> SessionId {
    SessionId::parse(&format!("{number:08}-0000-4000-8000-000000000000")).unwrap()
}

fn transcript(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{}.jsonl", id(number)))
}

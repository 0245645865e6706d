//! A holder with a terminal: the real program, and a shell script in the place of Claude Code.

mod client;
mod look;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use session_manager::{
    hold::{
        client::Client,
        place::Place,
        protocol::{Asked, Do, Told},
        spec::{Outset, Spec},
    },
    observe::proc::ProcReader,
    state_dir::StateDir,
};
use tempfile::TempDir;
use wire::{Code, DriveOutcome, Event, HolderKind, ProcessKey, SessionId};

use self::client::TestClient;
use crate::test_holder::{self, Running};

/// Longer than anything here takes: a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

const ID: &str = "5ca1ab1e-0000-4000-8000-000000000001";

/// Tells its size whenever it has another one, and what it is told.
const ECHO: &str = r#"stty -echo; trap 'stty size' WINCH; stty size; while true; do IFS= read -r line && echo "told <$line>"; done"#;

/// A session in a holder of its own, which is ended with this.
struct TestHolder {
    state: TempDir,
    key: ProcessKey,
    holder: Running,
}

/// Starts a holder, and returns the first thing that it says.
fn begin(state: &Path, script: &str, prompt: Option<&str>) -> Outset {
    let spec = Spec {
        state_dir: state.join("state").into(),
        session_id: ID.parse().unwrap(),
        kind: HolderKind::Pty,
        cwd: state.into(),
        argv: ["/bin/sh", "-c", script].map(Into::into).to_vec(),
        variables: vec![("LANG".to_owned(), "C.UTF-8".into())],
        without: Vec::new(),
        config_dir: Some(state.join("claude").into()),
        earlier: None,
        name: None,
        prompt: prompt.map(str::to_owned),
    };
    test_holder::begin(&spec)
}

fn hold(script: &str) -> TestHolder {
    let state = TempDir::new().unwrap();
    let (key, holder) = test_holder::lives(begin(state.path(), script, None));
    TestHolder { state, key, holder }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await });
    done.unwrap()
}

impl TestHolder {
    async fn connect(&self) -> TestClient {
        let id: SessionId = ID.parse().unwrap();
        let state = StateDir::at(&self.state.path().join("state"));
        let place = Place::find(&state, &id).unwrap().unwrap();
        let client = Client::connect(place).await.unwrap();
        assert_eq!(client.kind, HolderKind::Pty);
        TestClient {
            client,
            number: 0,
            seen: String::new(),
        }
    }

    async fn attach(&self, columns: u16, rows: u16) -> TestClient {
        let mut client = self.connect().await;
        let attach = Asked::Attach { columns, rows };
        client.client.ask(&attach).await.unwrap();
        client
    }

    /// Writes what Claude Code would tell of itself.
    fn register(&self, status: &str) {
        let dir = self.state.path().join("claude/sessions");
        fs::create_dir_all(&dir).unwrap();
        let (pid, ticks) = (self.key.pid, self.key.start_ticks);
        let record = format!(
            r#"{{"pid":{pid},"sessionId":"{ID}","procStart":"{ticks}","name":"a name","status":"{status}"}}"#
        );
        fs::write(dir.join(format!("{pid}.json")), record).unwrap();
    }

    fn runs(&self) -> bool {
        let proc = ProcReader::at("/proc").unwrap();
        proc.running(self.key.pid.get())
            .is_some_and(|key| key.start_ticks == self.key.start_ticks)
    }

    fn await_end(&self) {
        let begun = Instant::now();
        while self.runs() {
            assert!(begun.elapsed() < PATIENCE, "the program goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn message(text: &str) -> Do {
    Do::Message {
        text: text.to_owned(),
        uuid: None,
    }
}

#[test]
fn two_who_are_attached_see_the_same_and_the_last_one_who_types_decides_on_the_size() {
    let held = hold(ECHO);
    run(async {
        let mut one = held.attach(100, 30).await;
        one.sees("30 100").await;
        one.types("hello\r").await;
        one.sees("told <hello>").await;
        // What was there before is drawn for whoever comes later.
        let mut other = held.attach(80, 24).await;
        other.sees("told <hello>").await;
        other.sees("24 80").await;
        one.sees("24 80").await;
        one.types("again\r").await;
        for client in [&mut one, &mut other] {
            client.sees("30 100").await;
            client.sees("told <again>").await;
        }
        other
            .ask(Do::Resize {
                columns: 60,
                rows: 20,
            })
            .await;
        one.sees("20 60").await;
        // Whoever leaves leaves it to the others.
        drop(one);
        other.types("still here\r").await;
        other.sees("told <still here>").await;
        let mut later = held.attach(60, 20).await;
        later.sees("told <still here>").await;
    });
}

#[test]
fn a_client_that_takes_nothing_keeps_nobody_waiting() {
    let held = hold(
        "stty -echo; read -r line; i=0; while [ $i -lt 60000 ]; do echo \"line $i of very many that are written\"; i=$((i+1)); done; echo all done; cat",
    );
    run(async {
        let mut slow = held.attach(80, 24).await;
        let mut other = held.attach(80, 24).await;
        other.types("go\r").await;
        other.sees("all done").await;
        // It gets the picture as it is now, wherever it had stopped.
        slow.sees("all done").await;
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "a measure for whoever looks")]
fn the_program_ends_with_its_holder() {
    let held = hold("trap 'echo hung up > hup; exit' HUP; while true; do sleep 0.1; done");
    let holder = held.holder.0;
    let status = fs::read_to_string(format!("/proc/{holder}/status")).unwrap();
    let rss = status.lines().find(|line| line.starts_with("VmRSS"));
    println!("a holder of a terminal: {}", rss.unwrap());
    kill(Pid::from_raw(holder.cast_signed()), Signal::SIGKILL).unwrap();
    held.await_end();
    let hup = fs::read_to_string(held.state.path().join("hup"));
    assert_eq!(hup.unwrap(), "hung up\n");
}

#[test]
fn a_message_is_typed_where_the_session_is_known_to_wait_for_one() {
    let held = hold(ECHO);
    run(async {
        let mut client = held.connect().await;
        assert_eq!(client.does(message("too early")).await, Err(Code::Busy));
        held.register("waiting");
        assert_eq!(client.does(message("would be yes")).await, Err(Code::Busy));
        assert_eq!(
            client.does(Do::Rename { name: "x".into() }).await,
            Err(Code::Busy)
        );
        held.register("busy");
        assert_eq!(
            client.does(message("later")).await,
            Ok(DriveOutcome::Queued)
        );
        assert_eq!(
            client.does(Do::Model { model: "x".into() }).await,
            Err(Code::Busy)
        );
        held.register("idle");
        assert_eq!(client.does(message("now")).await, Ok(DriveOutcome::Sent));
        assert_eq!(
            client.does(message("a\u{1b}[201~\rb")).await,
            Err(Code::BadRequest)
        );
        assert_eq!(client.does(message(" ")).await, Err(Code::BadRequest));
        assert_eq!(
            client
                .does(Do::Rename {
                    name: "other".into()
                })
                .await,
            Ok(DriveOutcome::Changed)
        );
        assert_eq!(client.does(Do::Interrupt).await, Ok(DriveOutcome::Idle));
        let mode = Do::PermissionMode {
            permission_mode: "plan".into(),
        };
        // The shell shows no mode.
        assert_eq!(client.does(mode).await, Err(Code::Busy));
        let mut attached = held.attach(120, 40).await;
        attached.sees("told <").await;
        attached.sees("later").await;
        attached.sees("now").await;
        attached.sees("/rename other").await;
        assert!(!attached.seen.contains("would be yes"));
    });
}

#[test]
fn a_message_is_said_once() {
    let held = hold(ECHO);
    held.register("idle");
    run(async {
        let mut client = held.connect().await;
        let once = || Do::Message {
            text: "once".to_owned(),
            uuid: Some("an id".to_owned()),
        };
        assert_eq!(client.does(once()).await, Ok(DriveOutcome::Sent));
        assert_eq!(client.does(once()).await, Ok(DriveOutcome::AlreadySent));
    });
}

#[test]
fn cancelling_ends_it_and_everybody_is_told() {
    let held = hold("trap 'exit 7' TERM; while true; do sleep 0.1; done");
    run(async {
        let mut follower = held.connect().await;
        follower
            .client
            .ask(&Asked::Follow { after: 0 })
            .await
            .unwrap();
        let mut client = held.connect().await;
        assert_eq!(client.does(Do::Cancel).await, Ok(DriveOutcome::Cancelled));
        let mut exit = None;
        while let Some(told) = follower.client.next().await.unwrap() {
            if let Told::Events { events } = told {
                exit = events.into_iter().last();
            } else if told == Told::End {
                break;
            }
        }
        assert!(
            matches!(
                exit,
                Some(Event::Exit {
                    code: Some(7),
                    cancelled: true,
                    ..
                })
            ),
            "{exit:?}"
        );
    });
    held.await_end();
}

#[test]
fn what_dies_at_once_is_told_with_its_last_screen() {
    let state = TempDir::new().unwrap();
    let outset = begin(state.path(), "echo no such conversation; exit 1", None);
    let sentence = "Claude Code ended as soon as it was started, and said: no such conversation";
    assert_eq!(
        outset,
        Outset::Failed {
            code: Code::NoClaude,
            sentence: sentence.to_owned(),
        }
    );
}

#[test]
fn a_terminal_is_not_taken_for_another_ones() {
    let state = TempDir::new().unwrap();
    let script = r#"test "$TERM/$COLORTERM/$TERM_PROGRAM/$COLUMNS" = xterm-256color/truecolor// && test "$(stty size)" = "40 120" && sleep 3"#;
    let outset = begin(state.path(), script, None);
    assert!(matches!(outset, Outset::Lives { .. }), "{outset:?}");
}

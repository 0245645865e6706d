//! Terminals that we hold, with real programs in them, and the user's own while it is attached to one.

mod raw;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use session_manager::{
    hold::terminal::{End, Launch, Size, StartError, Terminal},
    observe::proc::ProcReader,
};

/// Longer than anything here takes: a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs what a test does to a terminal, in which `script` runs.
fn within<T>(script: &str, test: impl AsyncFnOnce(&mut Terminal) -> T) -> T {
    let argv = ["/bin/sh", "-c", script].map(Into::into).to_vec();
    run(async {
        let mut terminal = Terminal::start(&launch(argv)).unwrap();
        test(&mut terminal).await
    })
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await });
    done.unwrap()
}

fn launch(argv: Vec<std::ffi::OsString>) -> Launch {
    Launch {
        argv,
        environment: vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("LANG".into(), "C.UTF-8".into()),
        ],
        cwd: "/".into(),
        size: Size::new(80, 24),
    }
}

impl TestTerminal for Terminal {}

trait TestTerminal: std::borrow::BorrowMut<Terminal> {
    /// Reads until that is there, and returns all that was read.
    async fn shows(&mut self, text: &str) -> String {
        let mut all = Vec::new();
        let mut buffer = [0; 256];
        loop {
            let read = self.borrow_mut().output.read(&mut buffer).await.unwrap();
            all.extend(&buffer[..read]);
            let so_far = String::from_utf8_lossy(&all).into_owned();
            if so_far.contains(text) {
                return so_far;
            }
            assert_ne!(read, 0, "{so_far:?}");
        }
    }

    /// Reads until nobody has it open any more.
    async fn rest(&mut self) -> String {
        let mut all = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match self.borrow_mut().output.read(&mut buffer).await.unwrap() {
                0 => return String::from_utf8(all).unwrap(),
                read => all.extend(&buffer[..read]),
            }
        }
    }

    async fn types(&mut self, text: &str) {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            let written = self.borrow_mut().input.write(left).await.unwrap();
            left = &left[written..];
        }
    }
}

#[test]
fn a_program_has_the_terminal_and_nothing_else_of_ours() {
    let script = "tty; stty size; env | cut -d = -f 1 | sort | tr '\\n' ' '; echo; \
                  cut -d ' ' -f 6,7,8 /proc/$$/stat; echo $$; exec sleep 600";
    within(script, async |terminal| {
        let pid = terminal.process.pid();
        let shown = terminal.shows(&format!("\r\n{pid}\r\n")).await;
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].starts_with("/dev/pts/"), "{shown}");
        assert_eq!(lines[1], "24 80");
        let ours: Vec<&str> = lines[2]
            .split(' ')
            .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_", ""].contains(name))
            .collect();
        assert_eq!(ours, ["LANG", "PATH"]);
        // Its session, its controlling terminal, and its group in the foreground.
        let numbers: Vec<&str> = lines[3].split(' ').collect();
        assert_eq!(numbers[0], pid.to_string());
        assert_ne!(numbers[1], "0");
        end(terminal).await;
    });
}

#[test]
fn a_program_has_no_descriptor_of_ours() {
    // What another test opens at this moment may get there too; what is ours would be there each time.
    let is_as_elsewhere = || {
        let mut shown = within(
            "ls /proc/$$/fd | tr '\\n' ' '; exec true",
            async |terminal| {
                terminal.process.wait().await.unwrap();
                terminal.rest().await
            },
        );
        shown.truncate(shown.trim_end().len());
        shown == inherited().trim_end()
    };
    assert!((0..100).any(|_| is_as_elsewhere()));
}

/// What a program has that is given none but the three: whoever started the test may have left some open.
fn inherited() -> String {
    let script = "ls /proc/$$/fd | tr '\\n' ' '; exec true";
    let output = Command::new("/bin/sh").args(["-c", script]).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// Hangs up by way of a signal to the program alone, and waits for it.
async fn end(terminal: &mut Terminal) {
    let pid = Pid::from_raw(terminal.process.pid().try_into().unwrap());
    kill(pid, Signal::SIGKILL).unwrap();
    terminal.process.wait().await.unwrap();
}

#[test]
fn another_size_reaches_the_program() {
    let script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done";
    within(script, async |terminal| {
        terminal.shows("ready").await;
        terminal.input.resize(Size::new(132, 43)).unwrap();
        terminal.shows("43 132\r\n").await;
        terminal.input.resize(Size::new(1, 0)).unwrap();
        terminal.shows("1 2\r\n").await;
        end(terminal).await;
    });
}

#[test]
fn what_is_typed_reaches_the_program_and_its_code_comes_back() {
    within(
        "read -r line; echo \"got $line\"; exit 7",
        async |terminal| {
            terminal.types("hello\r").await;
            assert_eq!(terminal.rest().await, "hello\r\ngot hello\r\n");
            let ended = terminal.process.wait().await.unwrap();
            assert_eq!(ended, End::Exited { code: 7 });
            // Asked again, it says the same.
            assert_eq!(terminal.process.wait().await.unwrap(), ended);
        },
    );
    within("exec cat", async |terminal| {
        terminal.types("a\r\x04").await;
        assert_eq!(
            terminal.process.wait().await.unwrap(),
            End::Exited { code: 0 }
        );
    });
    within("exec sleep 600", async |terminal| {
        // The program may not have begun to take signals from its terminal yet, but it is in it.
        terminal.types("\x03").await;
        let signal = Signal::SIGINT as i32;
        assert_eq!(
            terminal.process.wait().await.unwrap(),
            End::Signalled { signal }
        );
    });
}

#[test]
fn a_program_that_is_killed_is_told_from_one_that_ends() {
    within("echo $$; exec sleep 600", async |terminal| {
        terminal.shows("\r\n").await;
        let pid = Pid::from_raw(terminal.process.pid().try_into().unwrap());
        kill(pid, Signal::SIGKILL).unwrap();
        let signal = Signal::SIGKILL as i32;
        assert_eq!(
            terminal.process.wait().await.unwrap(),
            End::Signalled { signal }
        );
        assert_eq!(terminal.rest().await, "");
    });
}

#[test]
fn the_last_words_are_read_after_the_end() {
    let script = "i=0; while [ $i -lt 500 ]; do echo \"line $i\"; i=$((i+1)); done";
    within(script, async |terminal| {
        let (process, output) = (&mut terminal.process, &mut terminal.output);
        let mut all = Vec::new();
        let mut buffer = [0; 100];
        let mut ended = None;
        while ended.is_none() {
            tokio::select! {
                end = process.wait() => ended = Some(end.unwrap()),
                read = output.read(&mut buffer) => all.extend(&buffer[..read.unwrap()]),
            }
        }
        all.extend(terminal.rest().await.as_bytes());
        let lines: Vec<String> = (0..500)
            .map(|number| format!("line {number}\r\n"))
            .collect();
        assert_eq!(String::from_utf8(all).unwrap(), lines.concat());
    });
}

#[test]
fn the_end_is_the_programs_while_a_job_keeps_the_terminal_open() {
    let directory = tempfile::tempdir().unwrap();
    let script = format!(
        "(trap '' HUP; echo job; until [ -e {0}/go ]; do sleep 0.01; done; echo last) & echo $!; sleep 0.1; exit 3",
        directory.path().display()
    );
    within(&script, async |terminal| {
        terminal.shows("job").await;
        assert_eq!(
            terminal.process.wait().await.unwrap(),
            End::Exited { code: 3 }
        );
        // The terminal stays, for whoever wants to see it.
        let mut buffer = [0; 100];
        let more =
            tokio::time::timeout(Duration::from_millis(50), terminal.output.read(&mut buffer));
        assert!(!matches!(more.await, Ok(Ok(0))));
        fs::write(directory.path().join("go"), "").unwrap();
        assert!(terminal.rest().await.ends_with("last\r\n"));
    });
}

#[test]
fn dropping_it_hangs_up() {
    let processes = ProcReader::at("/proc").unwrap();
    let (key, mut process) = run_started("echo ready; exec sleep 600", |terminal| {
        let key = processes.stat(terminal.process.pid()).unwrap().key;
        (key, terminal.process)
    });
    let signal = Signal::SIGHUP as i32;
    assert_eq!(run_on(&mut process), End::Signalled { signal });
    assert_eq!(processes.running(key.pid), None);
}

thread_local! {
    /// A process is waited for on the runtime that it was started on.
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

fn run_started<T>(script: &str, take: impl FnOnce(Terminal) -> T) -> T {
    let argv = ["/bin/sh", "-c", script].map(Into::into).to_vec();
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let mut terminal = Terminal::start(&launch(argv)).unwrap();
            terminal.shows("ready").await;
            take(terminal)
        })
    })
}

fn run_on(process: &mut session_manager::hold::terminal::Process) -> End {
    RUNTIME.with(|runtime| {
        let ended =
            runtime.block_on(async { tokio::time::timeout(PATIENCE, process.wait()).await });
        ended.unwrap().unwrap()
    })
}

#[test]
fn a_program_that_reads_nothing_keeps_nobody() {
    within(
        "stty raw -echo; echo ready; exec sleep 600",
        async |terminal| {
            terminal.shows("ready").await;
            let flood = vec![b'x'; 1 << 20];
            let mut typed = 0;
            let typing = async {
                loop {
                    typed += terminal.input.write(&flood).await.unwrap();
                }
            };
            assert!(
                tokio::time::timeout(Duration::from_millis(100), typing)
                    .await
                    .is_err()
            );
            assert!((1..flood.len()).contains(&typed), "{typed}");
            end(terminal).await;
        },
    );
}

#[test]
fn what_can_not_be_started_is_said() {
    run(async {
        let error = Terminal::start(&launch(Vec::new())).unwrap_err();
        assert!(matches!(error, StartError::Nothing), "{error}");
        let error = Terminal::start(&launch(vec!["/no/such/program".into()])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/no/such/program could not be started in /"
        );
        let gone = Launch {
            cwd: "/no/such/directory".into(),
            ..launch(vec!["/bin/sh".into()])
        };
        let error = Terminal::start(&gone).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/bin/sh could not be started in /no/such/directory"
        );
        let directory = tempfile::tempdir().unwrap();
        let found = script_at(directory.path());
        let mut named = launch(vec!["found".into()]);
        named.environment = vec![("PATH".into(), directory.path().into())];
        let mut terminal = Terminal::start(&named).unwrap();
        assert_eq!(terminal.rest().await, "here\r\n", "{}", found.display());
        terminal.process.wait().await.unwrap();
    });
}

fn script_at(directory: &Path) -> std::path::PathBuf {
    let path = directory.join("found");
    fs::write(&path, "#!/bin/sh\necho here\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

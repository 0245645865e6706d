//! The built program as the host runs it: the ready line, and every way in which it is told to end.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_session-manager");

/// A started program in a home of its own, killed where a test leaves it running.
struct Program {
    child: Child,
    home: TempDir,
}

impl Program {
    fn start(arguments: &[&str], output: Stdio) -> Self {
        Self::start_with("", arguments, output)
    }

    fn start_with(config: &str, arguments: &[&str], output: Stdio) -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(".config/session-manager");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("config.toml"), config).unwrap();
        let child = command(&home)
            .args(arguments)
            .stdout(output)
            .spawn()
            .unwrap();
        Self { child, home }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// What it has written to standard error, once it has ended.
    fn errors(&mut self) -> String {
        let mut text = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        errors.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail for a program that has ended and been waited for, which is the usual case.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The program with the environment that the host gives it.
fn command(home: &TempDir) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Reads the ready line and returns the port.
fn port(output: impl std::io::Read) -> u16 {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["ready"], true);
    let port = ready["port"].as_u64().unwrap().try_into().unwrap();
    assert_eq!(line, format!("{{\"ready\":true,\"port\":{port}}}\n"));
    port
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    answer
}

#[test]
fn it_says_that_it_is_ready_and_nothing_else() {
    for arguments in [
        &[][..],
        &["serve"],
        &["--port", "0"],
        &["serve", "--port=0"],
    ] {
        let mut program = Program::start(arguments, Stdio::piped());
        let mut output = program.child.stdout.take().unwrap();
        let port = port(&mut output);
        get(port, "/health");
        get(port, "/sessions");
        program.signal(Signal::SIGTERM);
        assert_eq!(program.wait().code(), Some(0));
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        assert!(
            program
                .errors()
                .contains(&format!("http://127.0.0.1:{port}/"))
        );
    }
}

#[test]
fn both_signals_end_it_while_clients_are_connected() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut program = Program::start(&[], Stdio::piped());
        let port = port(program.child.stdout.as_mut().unwrap());
        let silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        get(port, "/health");
        program.signal(signal);
        assert_eq!(program.wait().code(), Some(0), "{signal}");
        assert_eq!((&silent).read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn it_ends_when_nobody_reads_its_output_any_more() {
    let (ours, its) = UnixStream::pair().unwrap();
    let mut program = Program::start(&[], OwnedFd::from(its).into());
    get(port(&ours), "/health");
    drop(ours);
    assert_eq!(program.wait().code(), Some(0));
    assert!(program.errors().contains("HungUp"));

    let (ours, its) = std::io::pipe().unwrap();
    let mut program = Program::start(&[], its.into());
    get(port(&ours), "/health");
    drop(ours);
    assert_eq!(program.wait().code(), Some(0));
    assert!(program.errors().contains("HungUp"));
}

#[test]
fn it_ends_also_where_its_log_has_gone_with_the_host() {
    let (ours, its) = UnixStream::pair().unwrap();
    let mut program = Program::start(&[], OwnedFd::from(its).into());
    get(port(&ours), "/health");
    drop(program.child.stderr.take());
    drop(ours);
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn a_host_that_only_stops_writing_is_still_there() {
    let (ours, its) = UnixStream::pair().unwrap();
    let mut program = Program::start(&[], OwnedFd::from(its).into());
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    let port = port(&ours);
    get(port, "/health");
    get(port, "/health");
    program.signal(Signal::SIGTERM);
    assert_eq!(program.wait().code(), Some(0));
    assert!(program.errors().contains("Terminated"));
}

#[test]
fn an_output_that_can_not_hang_up_keeps_it_running() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("out");
    let mut program = Program::start(&[], fs::File::create(&path).unwrap().into());
    // The address is logged before the ready line is written, and it answers from then on.
    let mut errors = BufReader::new(program.child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    let port = line.split("127.0.0.1:").nth(1).unwrap();
    let port: u16 = port.trim().trim_end_matches('/').parse().unwrap();
    get(port, "/health");
    get(port, "/health");
    program.signal(Signal::SIGTERM);
    assert_eq!(program.wait().code(), Some(0));
    let said = fs::read_to_string(path).unwrap();
    assert_eq!(said, format!("{{\"ready\":true,\"port\":{port}}}\n"));
}

#[test]
fn it_ends_with_its_parent() {
    let home = tempfile::tempdir().unwrap();
    // The shell is the parent; it waits for a line from us and then dies with its child running.
    let mut shell = Command::new("/bin/sh")
        .args([
            "-c",
            "\"$0\" --die-with-parent $$ </dev/null & read -r line",
            PROGRAM,
        ])
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = shell.stdout.take().unwrap();
    get(port(&mut output), "/health");
    shell.kill().unwrap();
    shell.wait().unwrap();
    // The program holds the other ends, so that these reach their end with it.
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let mut errors = String::new();
    shell
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert!(errors.contains("Terminated"), "{errors}");
}

#[test]
fn it_does_not_start_for_a_parent_that_has_gone() {
    // We are the parent, not process 1.
    let mut program = Program::start(&["--die-with-parent", "1"], Stdio::piped());
    assert_eq!(program.wait().code(), Some(0));
    let mut said = String::new();
    let mut output = program.child.stdout.take().unwrap();
    output.read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn silent_connections_can_not_use_its_descriptors_up() {
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "ulimit -n 64; exec \"$0\"", PROGRAM]);
    shell.env("HOME", home.path());
    shell.stdin(Stdio::null());
    shell.stdout(Stdio::piped());
    shell.stderr(Stdio::piped());
    let child = shell.spawn().unwrap();
    let mut program = Program { child, home };
    let port = port(program.child.stdout.as_mut().unwrap());
    let silent = [(); 150].map(|()| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
    for _ in 0..3 {
        get(port, "/health");
        get(port, "/sessions");
    }
    drop(silent);
    program.signal(Signal::SIGTERM);
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_said() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let number = taken.local_addr().unwrap().port();
    let configured = format!("port = {number}\n");
    for (config, arguments) in [
        ("", &["--port", &number.to_string()][..]),
        (&configured, &[]),
    ] {
        let mut program = Program::start_with(config, arguments, Stdio::piped());
        assert_eq!(program.wait().code(), Some(69));
        let errors = program.errors();
        assert!(
            errors.contains(&format!("port {number} is in use")),
            "{errors}"
        );
    }
    // What is asked for on the command line wins over the file.
    let mut program = Program::start_with(&configured, &["--port", "0"], Stdio::piped());
    assert_ne!(port(program.child.stdout.as_mut().unwrap()), number);
}

#[test]
fn a_mistake_in_the_configuration_does_not_keep_it_from_starting() {
    let config = "allowed_hosts = ['box.example']\nprot = 1\n";
    let mut program = Program::start_with(config, &[], Stdio::piped());
    let port = port(program.child.stdout.as_mut().unwrap());
    let health = get(port, "/health");
    let file = program
        .home
        .path()
        .join(".config/session-manager/config.toml");
    assert!(health.contains("line 2"), "{health}");
    assert!(health.contains(file.to_str().unwrap()), "{health}");
    get(port, "/sessions");
    program.signal(Signal::SIGTERM);
    assert_eq!(program.wait().code(), Some(0));
    let errors = program.errors();
    assert!(errors.contains("line 2, key \"prot\""), "{errors}");
}

#[test]
fn it_tells_its_version_and_its_options() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = command(&home).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, version, errors) = run(&["--version"]);
    let expected = concat!("session-manager ", env!("CARGO_PKG_VERSION"));
    assert_eq!((code, &*errors), (Some(0), ""));
    assert!(version.starts_with(expected), "{version}");
    let (code, help, errors) = run(&["--help"]);
    assert_eq!((code, &*errors), (Some(0), ""));
    assert!(
        help.contains("--port") && help.contains("--die-with-parent"),
        "{help}"
    );
    for wrong in [
        &["--prot"][..],
        &["--port", "x"],
        &["--port", "65536"],
        &["start"],
        &["serve", "x"],
    ] {
        let (code, output, errors) = run(wrong);
        assert_eq!((code, &*output), (Some(64), ""), "{wrong:?}");
        assert!(errors.contains("error:"), "{errors}");
    }
}

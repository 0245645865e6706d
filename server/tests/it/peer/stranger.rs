//! Another user of the machine: turned away on every route, and heard by nobody however it connects.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    os::unix::{fs::chown, process::CommandExt as _},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::net::{SendFlags, Shutdown, send, shutdown};
use session_manager::{serve::Limits, token::TokenFile};
use tempfile::TempDir;

use super::{KINDS, Kind, address, bytes, can_be_another, connect_as, connect_from, reset};
use crate::{
    client::{Answer, Connection, Server, get, limits, post_json},
    test_session::TestSession,
    test_socket::handshake_without,
    unprivileged,
};

/// Whatever the server sends until it closes.
fn everything(mut connection: Connection) -> String {
    let mut text = String::new();
    connection.0.read_to_string(&mut text).unwrap();
    text
}

fn is_turned_away(answer: &Answer) {
    assert_eq!(answer.verdict(), (403, "bad_peer".to_owned()), "{answer:?}");
    assert_eq!(answer.json()["ok"], false);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

/// Every way in, and what is no request at all.
fn requests(server: &Server) -> Vec<String> {
    let handshake = handshake_without(&[]);
    let token = TokenFile::of(server.home()).make().unwrap().hex();
    let mut requests: Vec<_> = [
        "/",
        "/index.js",
        "/standalone.js",
        "/standalone.css",
        "/icon.svg",
        "/health",
        "/health?soft=1",
        "/sessions",
        "/sessions?scope=recent&days=7",
        "/sessions/1/context",
        "/sessions/1/why",
        "/sessions/1/tree",
        "/orphans",
        "/audit",
        "/events",
        "/nothing",
    ]
    .map(|path| get(path, ""))
    .into();
    requests.extend(
        [
            "/sessions/1/kill",
            "/sessions/1/interrupt",
            "/sessions/1/pause",
            "/sessions/1/continue",
            "/sessions/act",
            "/sessions/resume",
            "/sessions/cleanup",
            "/orphans/reap",
            "/ws-ticket",
            "/sessions/1/kill?soft=1",
        ]
        .map(|path| post_json(path, "{}")),
    );
    requests.extend([
        get("/ws", &handshake),
        get("/health", &format!("Authorization: Bearer {token}\n")),
        get("/health", &format!("X-Plugin-Secret-Token: {token}\n")),
        get(
            "/ws",
            &format!("{handshake}Authorization: Bearer {token}\n"),
        ),
        get("/health", "Origin: http://evil.example\n"),
        "GET /health HTTP/1.1\nHost: evil.example\n\n".to_owned(),
        "GET /health HTTP/1.0\n\n".to_owned(),
        "HEAD / HTTP/1.1\nHost: 127.0.0.1:PORT\n\n".to_owned(),
        "OPTIONS * HTTP/1.1\nHost: 127.0.0.1:PORT\n\n".to_owned(),
        "PRI * HTTP/2.0\n\nSM\n\n".to_owned(),
        "nonsense".to_owned(),
        "\n".to_owned(),
        format!("GET /{} HTTP/1.1\n\n", "x".repeat(100_000)),
    ]);
    requests
}

fn connection_as(kind: Kind, server: &Server) -> Connection {
    let stream = TcpStream::from(connect_as(kind, server.port));
    // A server that hangs fails the test instead of stopping it.
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    Connection(stream)
}

#[test]
fn our_own_user_is_let_in_through_every_kind_of_socket() {
    let server = Server::start();
    for kind in KINDS {
        let status = |request: &str| {
            let mut connection = connection_as(kind, &server);
            connection.0.write_all(&bytes(&server, request)).unwrap();
            connection.receive().unwrap().status
        };
        let opening = get("/ws", &handshake_without(&[]));
        let said = [status(&get("/health", "")), status(&opening)];
        assert_eq!(said, [200, 101], "{kind:?}");
    }
}

#[test]
fn another_user_is_turned_away_on_every_route() {
    if !can_be_another() {
        return;
    }
    let server = Server::start();
    let requests = requests(&server);
    let ways = KINDS
        .iter()
        .flat_map(|kind| requests.iter().map(move |request| (*kind, request)));
    let mut answers: Vec<String> = ways
        .map(|(kind, request)| {
            unprivileged::run(|| {
                let mut connection = connection_as(kind, &server);
                connection.0.write_all(&bytes(&server, request)).unwrap();
                connection.finish_sending();
                everything(connection)
            })
        })
        .collect();
    // Nothing tells one route from another, nor a good token from none.
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let answer = unprivileged::run(|| server.ask(&get("/health", "")));
    is_turned_away(&answer);
    for known in ["sessions", "version", env!("CARGO_PKG_VERSION")] {
        assert!(!answers[0].contains(known), "{known}");
    }
    server.is_well();
}

#[test]
fn a_program_of_another_user_is_turned_away() {
    if !can_be_another() {
        return;
    }
    let server = Server::start();
    let script = r#"exec 3<>/dev/tcp/127.0.0.1/$0; printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n' $0 >&3; read -r line <&3; echo "$line""#;
    let said = |uid: u32| {
        let mut bash = Command::new("bash");
        let bash = bash.args(["-c", script, &server.port.to_string()]);
        let output = bash.uid(uid).gid(uid).stdin(Stdio::null()).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(said(65534), "HTTP/1.1 403 Forbidden\r\n");
    assert_eq!(said(65533), "HTTP/1.1 403 Forbidden\r\n");
    assert_eq!(said(0), "HTTP/1.1 200 OK\r\n");
}

/// The built program as another user than root, until it is dropped.
struct Program {
    child: Child,
    port: u16,
    _home: TempDir,
}

impl Program {
    fn run_by(uid: u32) -> Self {
        let home = tempfile::tempdir().unwrap();
        // Where it was built, others may not be let in.
        let program = home.path().join("session-manager");
        let built = env!("CARGO_BIN_EXE_session-manager");
        let mut install = Command::new("install");
        let install = install.args(["-m", "755", built]).arg(&program);
        assert!(install.status().unwrap().success());
        chown(home.path(), Some(uid), Some(uid)).unwrap();
        let mut child = Command::new(program)
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .uid(uid)
            .gid(uid)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let port = ready["port"].as_u64().unwrap().try_into().unwrap();
        Self {
            child,
            port,
            _home: home,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_server_that_is_not_root_lets_its_own_user_and_root_in() {
    if !can_be_another() {
        return;
    }
    let status = |program: &Program| {
        let address = (Ipv4Addr::LOCALHOST, program.port);
        let mut connection = Connection(TcpStream::connect(address).unwrap());
        let port = program.port;
        connection.send(&format!(
            "GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        ));
        connection.receive().unwrap().status
    };
    let (theirs, others) = (Program::run_by(65534), Program::run_by(65533));
    assert_eq!([status(&theirs), status(&others)], [200; 2]);
    let [own, foreign] = unprivileged::run(|| [status(&theirs), status(&others)]);
    assert_eq!([own, foreign], [200, 403]);
}

#[test]
fn one_that_says_no_more_is_answered_as_its_owner_is() {
    let server = Server::start();
    let half = || {
        let mut half = server.connect();
        half.0
            .write_all(&bytes(&server, &get("/sessions", "")))
            .unwrap();
        half.finish_sending();
        half.receive().unwrap()
    };
    assert_eq!(half().status, 200);
    if can_be_another() {
        is_turned_away(&unprivileged::run(half));
    }
}

/// How a client that wants to be taken for somebody else ends its connection.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Close,
    Reset,
    HalfClose,
}

/// Asks, and waits for nothing.
fn fire(from: SocketAddrV4, port: u16, request: &[u8], leave: Leave) {
    let socket = connect_from(from, port);
    // The server may have turned it away already.
    send(&socket, request, SendFlags::NOSIGNAL).ok();
    match leave {
        Leave::Close => drop(socket),
        Leave::Reset => reset(socket),
        Leave::HalfClose => {
            shutdown(&socket, Shutdown::Write).ok();
        }
    }
}

/// A hundred at a time: more than the listener's queue holds would only wait for each other.
const BATCH: usize = 100;

/// A flood of requests to end a session, each on a connection that is given up at once; returns what the session printed.
fn flood(batches: usize) -> String {
    let mut server = Server::start();
    let mut session = TestSession::stubborn();
    session.register(server.home(), "");
    let key = session.key_text();
    let kill = format!("/sessions/{}/kill", session.pid());
    let body = format!(r#"{{"key":"{key}","graceMs":60000,"tree":false}}"#);
    let request = bytes(&server, &post_json(&kill, &body));
    for batch in 0..batches {
        // So many addresses that no port is waited for.
        let ip = Ipv4Addr::new(127, 0, 1, u8::try_from(batch % 16).unwrap());
        unprivileged::run(|| {
            for number in 0..BATCH {
                let leave = [Leave::Close, Leave::Reset, Leave::Close, Leave::HalfClose];
                fire(address(ip, 0), server.port, &request, leave[number % 4]);
            }
        });
        server.is_well();
    }
    // Whoever came before has been accepted when this is answered.
    let rows = server.ask(&get("/sessions", "")).json();
    let rows = rows.as_array().unwrap();
    assert!(rows.iter().any(|row| row["key"] == *key), "{rows:?}");
    // And what was begun is carried to its end.
    server.tell_to_end();
    server.wait();
    assert!(session.is_alive());
    session.tell_to_end();
    session.line()
}

#[test]
fn ten_thousand_kills_of_another_user_who_closes_at_once_kill_nothing() {
    if !can_be_another() {
        return;
    }
    assert_eq!(flood(100), "");
}

#[test]
fn the_same_kill_of_our_own_user_arrives() {
    let server = Server::start();
    let mut session = TestSession::stubborn();
    session.register(server.home(), "");
    let key = session.key_text();
    let body = format!(r#"{{"key":"{key}","graceMs":60000,"tree":false}}"#);
    let kill = format!("/sessions/{}/kill", session.pid());
    let mut connection = server.connect();
    connection
        .0
        .write_all(&bytes(&server, &post_json(&kill, &body)))
        .unwrap();
    connection.finish_sending();
    assert_eq!(session.line(), "TERM");
    session.tell_to_end();
    assert_eq!(connection.receive().unwrap().json()["outcome"], "exited");
}

#[test]
fn strangers_take_no_good_client_s_place() {
    if !can_be_another() {
        return;
    }
    let server = Server::with(
        Limits {
            connections: 3,
            ..limits()
        },
        &[],
    );
    let mut kept = server.connect();
    let mut is_answered = || {
        let request = bytes(&server, &get("/health", ""));
        kept.0.write_all(&request).unwrap();
        assert_eq!(kept.receive().unwrap().status, 200);
    };
    is_answered();
    let connect = || server.connect().0;
    let silent: Vec<TcpStream> = unprivileged::run(|| (0..100).map(|_| connect()).collect());
    server.is_well();
    is_answered();
    drop(silent);
}

#[test]
fn more_strangers_than_are_told_so_are_closed_without_a_word() {
    if !can_be_another() {
        return;
    }
    let server = Server::start();
    let mut silent: Vec<_> = unprivileged::run(|| (0..65).map(|_| server.connect()).collect());
    server.is_well();
    assert!(silent.pop().unwrap().is_closed());
}

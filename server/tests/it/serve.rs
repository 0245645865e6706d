//! Connections: kept, timed out, evicted, and ended with the server.

use std::time::Duration;

use session_manager::serve::Limits;

use crate::client::{Connection, Server, limits};

const SHORT: Duration = Duration::from_millis(50);

fn good(server: &Server) -> String {
    format!(
        "GET /health HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
        server.port
    )
}

/// Asks on a connection that stays open.
fn status(server: &Server, connection: &mut Connection) -> Option<u16> {
    connection.send(&good(server));
    connection.receive().map(|answer| answer.status)
}

#[test]
fn one_connection_carries_many_requests() {
    let server = Server::start();
    let mut connection = server.connect();
    for _ in 0..3 {
        assert_eq!(status(&server, &mut connection), Some(200));
        connection.send("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert_eq!(connection.receive().unwrap().status, 403);
    }
    connection.send(&good(&server).repeat(2));
    assert_eq!(connection.receive().unwrap().status, 200);
    assert_eq!(connection.receive().unwrap().status, 200);
    // A client that has nothing more to say still gets its answer.
    connection.send(&good(&server));
    connection.finish_sending();
    assert_eq!(connection.receive().unwrap().status, 200);
    assert!(connection.is_closed());
}

#[test]
fn a_body_never_becomes_the_next_request() {
    let server = Server::start();
    let hidden = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
    let port = server.port;
    for head in [
        format!(
            "GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\n\r\n",
            hidden.len()
        ),
        format!(
            "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            hidden.len()
        ),
    ] {
        let mut connection = server.connect();
        connection.send(&format!("{head}{hidden}"));
        let first = connection.receive().unwrap().status;
        assert!([200, 403].contains(&first), "{first}");
        connection.finish_sending();
        assert!(connection.is_closed(), "{head}");
    }
    // Two lengths at once: the chunks count, and what follows is not trusted.
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        let mut connection = server.connect();
        connection.send(&format!(
            "POST /sessions/4194304/kill HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
             Content-Type: application/json\r\n{lengths}\r\n2\r\n{{}}\r\n0\r\n\r\n{}",
            good(&server)
        ));
        assert_eq!(connection.receive().unwrap().status, 403);
        assert!(connection.is_closed(), "{lengths}");
    }
    server.is_well();
}

#[test]
fn what_is_not_http_is_answered_and_closed() {
    let server = Server::start();
    let many = "X: y\r\n".repeat(200);
    let long = format!("X: {}\r\n", "y".repeat(64 * 1024));
    let path = format!("GET /{} HTTP/1.1\r\n", "x".repeat(64 * 1024));
    for (request, status) in [
        ("\u{16}\u{3}\u{1} nonsense\r\n\r\n", 400),
        ("GET /health HTTP/3.0\r\n\r\n", 400),
        ("GET /hea lth HTTP/1.1\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nNo colon\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("POST /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (
            "POST /health HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        (
            "POST /health HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            400,
        ),
        (&*format!("GET /health HTTP/1.1\r\n{many}\r\n"), 431),
        (&*format!("GET /health HTTP/1.1\r\n{long}\r\n"), 431),
        (&*path, 431),
    ] {
        let mut connection = server.connect();
        // The server may close before it has read everything.
        std::io::Write::write_all(&mut connection.0, request.as_bytes()).ok();
        let shown: String = request.chars().take(60).collect();
        if let Some(answer) = connection.receive() {
            assert_eq!(answer.status, status, "{shown:?}");
        }
        assert!(connection.is_closed(), "{shown:?}");
        server.is_well();
    }
}

#[test]
fn a_slow_head_is_given_up() {
    let server = Server::with(
        Limits {
            head: SHORT,
            ..limits()
        },
        &[],
    );
    for said in ["", "G", "GET /health HTTP/1.1\r\nHost: 127.0.0.1"] {
        let mut connection = server.connect();
        connection.send(said);
        while let Some(answer) = connection.receive() {
            assert_eq!(answer.status, 408, "{said:?}");
        }
        server.is_well();
    }
}

#[test]
fn a_slow_body_is_given_up() {
    let server = Server::with(
        Limits {
            body: SHORT,
            ..limits()
        },
        &[],
    );
    let mut connection = server.connect();
    connection.send(&format!(
        "POST /sessions/cleanup HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
         Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{{\"dry",
        server.port
    ));
    let answer = connection.receive().unwrap();
    assert_eq!(answer.verdict(), (408, "too_slow".to_owned()));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(connection.is_closed());
    server.is_well();
}

#[test]
fn the_quietest_connection_makes_room() {
    let server = Server::with(
        Limits {
            connections: 3,
            ..limits()
        },
        &[],
    );
    // An answer proves that the server has accepted the connection, not only the kernel.
    let answered = || {
        let mut connection = server.connect();
        assert_eq!(status(&server, &mut connection), Some(200));
        connection
    };
    let mut kept = answered();
    let mut silent = answered();
    let mut half = answered();
    half.send("POST /sessions/cleanup HTTP/1.1\r\n");
    // Asking makes the eldest connection the liveliest.
    assert_eq!(status(&server, &mut kept), Some(200));
    let mut later = [server.connect(), server.connect()];
    for next in &mut later {
        assert_eq!(status(&server, next), Some(200));
        assert_eq!(status(&server, &mut kept), Some(200));
    }
    assert!(silent.is_closed());
    assert!(half.is_closed());
    for _ in 0..20 {
        server.is_well();
        assert_eq!(status(&server, &mut kept), Some(200));
    }
}

#[test]
fn the_end_waits_for_nobody_who_says_nothing() {
    // Reached only by a server that doesn't end by itself; the client gives up before.
    let drain = Duration::from_secs(3600);
    let mut server = Server::with(Limits { drain, ..limits() }, &[]);
    let mut idle = server.connect();
    assert_eq!(status(&server, &mut idle), Some(200));
    let mut silent = server.connect();
    let mut half = server.connect();
    half.send("GET /health HTTP/1.1\r\n");
    server.is_well();
    server.tell_to_end();
    server.wait();
    assert!(idle.is_closed());
    assert!(silent.is_closed());
    assert!(half.is_closed());
    std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap_err();
}

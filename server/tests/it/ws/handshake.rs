//! The opening of `/ws`: what makes it complete, and who is refused.

use super::*;

#[test]
fn a_handshake_is_complete_or_refused() {
    let server = Server::start();
    let row = |left_out: &[&str], more: &str, status| {
        let headers = handshake_without(left_out) + more;
        let answer = check(&server, &get("/ws", &headers), status, "bad_request");
        let version = answer.header("sec-websocket-version");
        assert_eq!(version, (status == 426).then_some("13"), "{headers}");
        let upgrade = answer.header("upgrade");
        assert_eq!(upgrade, (status == 426).then_some("websocket"), "{headers}");
    };
    row(
        &[
            "Upgrade",
            "Connection",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
        ],
        "",
        426,
    );
    row(&["Upgrade"], "", 426);
    row(&["Upgrade"], "Upgrade: h2c\n", 426);
    row(&["Upgrade"], "Upgrade: websockets\n", 426);
    row(&["Connection"], "", 426);
    row(&["Connection"], "Connection: keep-alive\n", 426);
    row(&["Sec-WebSocket-Version"], "", 426);
    row(
        &["Sec-WebSocket-Version"],
        "Sec-WebSocket-Version: 8\n",
        426,
    );
    row(
        &["Sec-WebSocket-Version"],
        "Sec-WebSocket-Version: 13, 8\n",
        426,
    );
    row(&[], "Sec-WebSocket-Version: 13\n", 426);
    row(&["Sec-WebSocket-Key"], "", 400);
    row(&["Sec-WebSocket-Key"], "Sec-WebSocket-Key: \n", 400);
    row(&["Sec-WebSocket-Key"], "Sec-WebSocket-Key: c2hvcnQ=\n", 400);
    row(
        &["Sec-WebSocket-Key"],
        &format!("Sec-WebSocket-Key: {KEY}=\n"),
        400,
    );
    row(&[], &format!("Sec-WebSocket-Key: {KEY}\n"), 400);
    row(&[], "Content-Length: 2\n\n{}", 400);

    let headers = handshake_without(&[]);
    let old = format!("GET /ws HTTP/1.0\nHost: 127.0.0.1:PORT\n{headers}\n");
    check(&server, &old, 426, "bad_request");
    check(&server, &get("/ws?soft=1", ""), 200, "bad_request");
    let post = format!("POST /ws HTTP/1.1\nHost: 127.0.0.1:PORT\n{headers}\n");
    check(&server, &post, 405, "bad_method");
    check(&server, &get("/ws/", &headers), 404, "not_found");
}

#[test]
fn a_good_handshake_is_proved_to_be_understood() {
    let server = Server::start();
    for (left_out, more) in [
        (&[][..], ""),
        (&["Connection"], "Connection: keep-alive, upgrade\n"),
        (
            &["Connection"],
            "Connection: keep-alive\nConnection: UPGRADE\n",
        ),
        (&["Upgrade"], "Upgrade: WebSocket\n"),
        (
            &[],
            "Origin: http://localhost:PORT\nSec-Fetch-Site: same-origin\n",
        ),
        (
            &[],
            "Sec-WebSocket-Protocol: chat\nSec-WebSocket-Extensions: permessage-deflate\n",
        ),
    ] {
        let answer = server.ask(&get("/ws", &(handshake_without(left_out) + more)));
        assert_eq!(answer.status, 101, "{more}");
        let accept = answer.header("sec-websocket-accept");
        assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(answer.header("connection"), Some("upgrade"));
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        assert_eq!(answer.header("sec-websocket-protocol"), None);
        assert_eq!(answer.header("sec-websocket-extensions"), None);
    }
}

#[test]
fn who_may_ask_is_checked_for_the_feeds_as_well() {
    let server = Server::start();
    let handshake = handshake_without(&[]);
    for path in ["/ws", "/events"] {
        let row = |hosts: &str, more: &str, status, code| {
            let request = format!("GET {path} HTTP/1.1\n{hosts}{handshake}{more}\n");
            check(&server, &request, status, code);
        };
        let ours = "Host: 127.0.0.1:PORT\n";
        row("", "", 400, "bad_host");
        row(&ours.repeat(2), "", 400, "bad_host");
        row("Host: evil.example\n", "", 403, "bad_host");
        row("Host: localhost.:PORT\n", "", 403, "bad_host");
        row(
            "Host: evil.example\n",
            "Origin: http://evil.example\n",
            403,
            "bad_host",
        );
        for origin in [
            "null",
            "http://evil.example",
            "https://127.0.0.1:PORT",
            "http://127.0.0.1",
        ] {
            row(ours, &format!("Origin: {origin}\n"), 403, "bad_origin");
        }
        for site in ["cross-site", "same-site"] {
            row(
                ours,
                &format!("Sec-Fetch-Site: {site}\n"),
                403,
                "bad_origin",
            );
        }
        row(
            ours,
            "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\n",
            403,
            "bad_origin",
        );
    }
}

#[test]
fn what_is_no_websocket_is_told_so() {
    let server = Server::start();
    let part = vec![0; 60_000];
    for (said, code) in [
        (vec![0x81, 0x01, b'x'], CloseCode::Protocol),
        (masked(0x83, b"x"), CloseCode::Protocol),
        (masked(0xc1, b"x"), CloseCode::Protocol),
        (masked(0x80, b"x"), CloseCode::Protocol),
        (masked(0x09, b"x"), CloseCode::Protocol),
        (masked(0x89, &[0; 126]), CloseCode::Protocol),
        (masked(0x88, b"x"), CloseCode::Protocol),
        (
            [masked(0x01, b"x"), masked(0x81, b"x")].concat(),
            CloseCode::Protocol,
        ),
        (
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec(),
            CloseCode::Protocol,
        ),
        (masked(0x81, b"\xff"), CloseCode::Invalid),
        (
            [masked(0x02, &part), masked(0x80, &part)].concat(),
            CloseCode::Size,
        ),
        // A length that never comes is refused before it is waited for.
        (
            vec![0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            CloseCode::Size,
        ),
    ] {
        let mut socket = TestSocket::open(&server);
        socket.0.get_mut().write_all(&said).unwrap();
        let shown = &said[..said.len().min(12)];
        assert_eq!(
            socket.end().map(|close| close.code),
            Some(code),
            "{shown:x?}"
        );
    }
    server.is_well();
}

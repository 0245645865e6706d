//! The feed's opening, and what a client says on it: a foreign page may try to open a WebSocket wherever it likes.

use std::io::Write as _;

use tokio_tungstenite::tungstenite::{
    WebSocket,
    protocol::{Role, frame::coding::CloseCode},
};

use super::{
    case::{Case, Rule, attack, head},
    scene::Scene,
};
use crate::test_socket::{TestSocket, handshake_without};

/// Who asks, beside a complete opening.
const CALLERS: &[(&str, u16, &str)] = &[
    ("", 400, "bad_host"),
    (
        "Host: 127.0.0.1:PORT\nHost: 127.0.0.1:PORT\n",
        400,
        "bad_host",
    ),
    ("Host: evil.example\n", 403, "bad_host"),
    (
        "Host: evil.example:PORT\nOrigin: http://evil.example:PORT\n",
        403,
        "bad_host",
    ),
    ("Host: localhost.:PORT\n", 403, "bad_host"),
    (
        "Host: 127.0.0.1:PORT\nOrigin: http://evil.example\n",
        403,
        "bad_origin",
    ),
    ("Host: 127.0.0.1:PORT\nOrigin: null\n", 403, "bad_origin"),
    (
        "Host: 127.0.0.1:PORT\nOrigin: ws://127.0.0.1:PORT\n",
        403,
        "bad_origin",
    ),
    (
        "Host: 127.0.0.1:PORT\nOrigin: https://127.0.0.1:PORT\n",
        403,
        "bad_origin",
    ),
    (
        "Host: 127.0.0.1:PORT\nOrigin: http://127.0.0.1\n",
        403,
        "bad_origin",
    ),
    (
        "Host: 127.0.0.1:PORT\nOrigin: http://127.0.0.1:3000\n",
        403,
        "bad_origin",
    ),
    (
        "Host: 127.0.0.1:PORT\nSec-Fetch-Site: cross-site\n",
        403,
        "bad_origin",
    ),
    (
        "Host: 127.0.0.1:PORT\nSec-Fetch-Site: same-site\nSec-Fetch-Mode: websocket\n",
        403,
        "bad_origin",
    ),
    (
        "Host: 127.0.0.1:PORT\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\n",
        403,
        "bad_origin",
    ),
];

/// Lines that are left out of a complete opening, lines that come in instead, and the status.
const OPENINGS: &[(&[&str], &str, u16)] = &[
    (
        &[
            "Upgrade",
            "Connection",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
        ],
        "",
        426,
    ),
    (&["Upgrade"], "", 426),
    (&["Upgrade"], "Upgrade: h2c\n", 426),
    (&["Upgrade"], "Upgrade: websockets\n", 426),
    (&["Upgrade"], "Upgrade: websocket/13\n", 426),
    (&["Connection"], "", 426),
    (&["Connection"], "Connection: keep-alive\n", 426),
    (&["Connection"], "Connection: upgraded\n", 426),
    (&["Sec-WebSocket-Version"], "", 426),
    (
        &["Sec-WebSocket-Version"],
        "Sec-WebSocket-Version: 8\n",
        426,
    ),
    (
        &["Sec-WebSocket-Version"],
        "Sec-WebSocket-Version: 0\n",
        426,
    ),
    (
        &["Sec-WebSocket-Version"],
        "Sec-WebSocket-Version: 013\n",
        426,
    ),
    (
        &["Sec-WebSocket-Version"],
        "Sec-WebSocket-Version: 13, 8\n",
        426,
    ),
    (&[], "Sec-WebSocket-Version: 13\n", 426),
    (&["Sec-WebSocket-Key"], "", 400),
    (&["Sec-WebSocket-Key"], "Sec-WebSocket-Key:\n", 400),
    (&["Sec-WebSocket-Key"], "Sec-WebSocket-Key: c2hvcnQ=\n", 400),
    (
        &["Sec-WebSocket-Key"],
        "Sec-WebSocket-Key: not base64, not at all!!\n",
        400,
    ),
    (
        &["Sec-WebSocket-Key"],
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSBsb25nZXI=\n",
        400,
    ),
    (&[], "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n", 400),
    (&[], "Content-Length: 2\n\n{}", 400),
    (&[], "Transfer-Encoding: chunked\n\n0\n\n", 400),
];

pub(super) fn cases() -> Vec<Case> {
    let socket = |request: String| attack(Rule::Socket, request);
    let complete = handshake_without(&[]);
    let mut cases = Vec::new();
    for (lines, status, code) in CALLERS {
        let request = format!("GET /ws HTTP/1.1\n{lines}{complete}\n");
        cases.push(socket(request).gets(*status, code));
    }
    for (left_out, lines, status) in OPENINGS {
        let mut request = head("GET /ws") + &handshake_without(left_out) + lines;
        if !lines.contains("\n\n") {
            request.push('\n');
        }
        cases.push(socket(request).gets(*status, "bad_request"));
    }
    let old = format!("GET /ws HTTP/1.0\nHost: 127.0.0.1:PORT\n{complete}\n");
    cases.push(socket(old).gets(426, "bad_request").and_closes());
    for (line, status, code) in [
        ("POST /ws", 405, "bad_method"),
        ("CONNECT /ws", 405, "bad_method"),
        ("GET /ws/", 404, "not_found"),
        ("GET /sessions/ws", 404, "not_found"),
        ("GET /ws?soft=1&x=y", 200, "bad_request"),
    ] {
        let lines = if status == 200 {
            handshake_without(&["Sec-WebSocket-Key"])
        } else {
            complete.clone()
        };
        cases.push(socket(head(line) + &lines + "\n").gets(status, code));
    }
    cases
}

/// What a client says once a WebSocket is granted, and the code that it is closed with.
pub(super) fn talks() -> Vec<(Vec<u8>, CloseCode)> {
    let protocol = [
        // Not masked, as every client's frame is.
        vec![0x81, 0x02, b'h', b'i'],
        vec![0x88, 0x00],
        vec![0x89, 0x00],
        // Reserved bits, of which the first would mean that it is compressed.
        masked(0xc1, b"x"),
        masked(0xa1, b"x"),
        masked(0x91, b"x"),
        masked(0xf1, b"x"),
        // Kinds of frames that there are not.
        masked(0x83, b"x"),
        masked(0x84, b"x"),
        masked(0x87, b"x"),
        masked(0x8b, b"x"),
        masked(0x8f, b"x"),
        // What goes on without a beginning, and a beginning within another message.
        masked(0x80, b"x"),
        masked(0x00, b"x"),
        [masked(0x01, b"x"), masked(0x81, b"x")].concat(),
        [masked(0x02, b"x"), masked(0x02, b"x")].concat(),
        [masked(0x81, b"x"), masked(0x80, b"x")].concat(),
        // Control frames in parts, or too long for one.
        masked(0x08, b""),
        masked(0x09, b"x"),
        masked(0x0a, b"x"),
        masked(0x89, &[0; 126]),
        masked(0x8a, &[0; 126]),
        masked(0x88, &[0; 126]),
        masked(0x88, b"x"),
        b"GET /sessions HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec(),
        b"POST /sessions/1/kill HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
            .to_vec(),
    ];
    let invalid = [
        masked(0x81, b"\xff"),
        masked(0x81, b"\xc0\xaf"),
        masked(0x81, b"\xed\xa0\x80"),
        [masked(0x01, b"\xe2\x82"), masked(0x80, b"")].concat(),
    ];
    let part = [0; 60_000];
    let size = [
        [masked(0x02, &part), masked(0x80, &part)].concat(),
        // A length that never comes is refused before it is waited for.
        vec![0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0],
        vec![0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        vec![
            0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
        ],
        vec![
            0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
        ],
    ];
    let protocol = protocol.into_iter().map(|said| (said, CloseCode::Protocol));
    let invalid = invalid.into_iter().map(|said| (said, CloseCode::Invalid));
    let size = size.into_iter().map(|said| (said, CloseCode::Size));
    protocol.chain(invalid).chain(size).collect()
}

/// Says it, and is told to go for this reason.
pub(super) fn is_closed_for(scene: &Scene, said: &[u8], code: CloseCode) {
    let mut socket = open(scene);
    socket.0.get_mut().write_all(said).unwrap();
    let shown = &said[..said.len().min(16)];
    assert_eq!(
        socket.end().map(|close| close.code),
        Some(code),
        "{shown:x?}"
    );
    scene.is_well();
}

pub(super) fn open(scene: &Scene) -> TestSocket {
    let mut connection = scene.connect();
    let request = head("GET /ws") + &handshake_without(&[]) + "\n";
    let request = scene.fill(request.replace('\n', "\r\n").as_bytes());
    connection.0.write_all(&request).unwrap();
    assert_eq!(connection.receive().unwrap().status, 101);
    TestSocket(WebSocket::from_raw_socket(connection.0, Role::Client, None))
}

/// A client's frame as it goes over the wire, with a mask that changes nothing.
pub(super) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()).unwrap() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            frame.push(0x80 | 126);
            frame.extend(long.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

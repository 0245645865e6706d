//! What is not HTTP, or not quite: other protocols that a page or a lost client speaks, and heads that are malformed or
//! too large.

use super::case::{Case, Rule, attack, head, raw};

/// The first bytes of other protocols.
const PROTOCOLS: &[&[u8]] = &[
    // TLS 1.2, the beginning of a ClientHello.
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03random random random",
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"\x05\x01\x00",
    b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00",
    b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /health HTTP/1.1\r\n\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x02",
    b"*1\r\n$4\r\nPING\r\n",
    b"EHLO evil.example\r\n",
    b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"kill\"}\r\n",
    b"\xffSMB\0\0\0\0",
    b"GIOP\x01\x02\0\0\0\0\0\0",
    b"\0\0\0\0\0\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x81\x85\0\0\0\0hello",
    b"RTSP/1.0 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
];

/// Request lines that are none. Each is followed by a good `Host`.
const LINES: &[&str] = &[
    "GET /health",
    "GET",
    "/health HTTP/1.1",
    " GET /health HTTP/1.1",
    "GET  /health HTTP/1.1",
    "GET\t/health\tHTTP/1.1",
    "GET /hea lth HTTP/1.1",
    "GET /health HTTP/1.1 x",
    "GET /health HTTP",
    "GET /health HTTP/",
    "GET /health HTTP/1",
    "GET /health HTTP/1.",
    "GET /health HTTP/1.2",
    "GET /health HTTP/1.10",
    "GET /health HTTP/0.9",
    "GET /health HTTP/2.0",
    "GET /health HTTP/3",
    "GET /health http/1.1",
    "GET /health HTTPS/1.1",
    "GET /health HTTP/1,1",
    "GET /health HTTP/１.1",
    "GE\u{0}T /health HTTP/1.1",
    "G(E)T /health HTTP/1.1",
    "GÉT /health HTTP/1.1",
    "POST /sessions/PID/kill\u{0} HTTP/1.1",
    "POST /sessions/PID/kill\u{7f} HTTP/1.1",
    "POST \\sessions\\PID\\kill HTTP/1.1",
    "POST sessions/PID/kill HTTP/1.1",
    "POST http:/sessions/PID/kill HTTP/1.1",
    "POST ?/sessions/PID/kill HTTP/1.1",
];

/// Header lines that are none. Each stands between a good request line and the end.
const HEADERS: &[&str] = &[
    "No colon",
    ": no name",
    "Two words: x",
    "Tab\t: x",
    "Name : x",
    " Begins: with a space",
    "\tBegins: with a tab",
    "X: folded\n over two lines",
    "X: folded\n\tover two lines",
    "X\u{0}: x",
    "X: \u{0}",
    "X: \u{7f}",
    "X: \u{8}",
    "X(y): x",
    "X\u{e9}: x",
    "X: y\u{d}Z: w",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for bytes in PROTOCOLS {
        cases.push(raw(Rule::Head, bytes).counts_as_no_http());
    }
    for line in LINES {
        let request = format!("{line}\nHost: 127.0.0.1:PORT\n\n");
        cases.push(attack(Rule::Head, request).counts_as_no_http());
    }
    for line in HEADERS {
        let request = head("POST /sessions/PID/kill") + line + "\n\n";
        cases.push(attack(Rule::Head, request).counts_as_no_http());
    }
    let too_large = |request: String| {
        let case = attack(Rule::Head, request);
        case.gets(431, "").and_closes()
    };
    let kill = head("POST /sessions/PID/kill");
    cases.extend([
        too_large(kill.clone() + &"X: y\n".repeat(101) + "\n"),
        too_large(kill.clone() + "X: " + &"y".repeat(17_000) + "\n\n"),
        too_large(kill.clone() + &"y".repeat(70_000) + ": x\n\n"),
        too_large(kill.clone() + &("X: ".to_owned() + &"y".repeat(900) + "\n").repeat(20) + "\n"),
        too_large(head(&format!("GET /{}", "a".repeat(65_536))) + "\n"),
        too_large(head(&format!("GET /health?{}", "a".repeat(20_000))) + "\n"),
        too_large("A".repeat(20_000)),
    ]);
    cases.extend([
        too_large("\n".repeat(40_000)),
        raw(Rule::Head, "\n".repeat(40_000)).gets(431, "").and_closes(),
        raw(Rule::Head, "GET /\r\n").counts_as_no_http(),
        raw(Rule::Head, b"POST /sessions/\xff/kill HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n")
            .counts_as_no_http(),
        // A line may end without a carriage return, so that nobody hides a header line from the checks that way.
        raw(Rule::Head, "POST /sessions/PID/kill HTTP/1.1\nHost: evil.example\n\n").gets(403, "bad_host"),
        raw(Rule::Head, "POST /sessions/PID/kill HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX: y\nOrigin: null\r\n\r\n")
            .gets(403, "bad_origin"),
    ]);
    // In pieces, each of which could be the beginning of something good.
    let pieces = raw(Rule::Head, "POST /sessions/PID/kill HTTP/1.1\r\nHo");
    let pieces = pieces
        .and_then("st: evil.exa")
        .and_then("mple\r\n\r")
        .and_then("\n");
    cases.push(pieces.gets(403, "bad_host"));
    let pieces = raw(Rule::Head, "POST /sessions/PID/kill HT").and_then("TP/2.0\r\n\r\n");
    cases.push(pieces.counts_as_no_http());
    // Whoever begins with HTTP/2 would not understand an answer of HTTP/1.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    cases.push(raw(Rule::Head, preface).and_closes());
    let second = head("GET /health") + "\n" + "POST /sessions/PID/kill HTTP/2.0\n\n";
    cases.push(
        attack(Rule::Head, second)
            .gets(200, "-")
            .counts_as_no_http(),
    );

    // An upgrade to anything but a WebSocket is none.
    let h2c =
        "Upgrade: h2c\nConnection: Upgrade, HTTP2-Settings\nHTTP2-Settings: AAMAAABkAAQAAP__\n\n";
    cases.push(attack(Rule::Head, head("GET /health") + h2c).gets(200, "-"));
    let foreign = "POST /sessions/PID/kill HTTP/1.1\nHost: evil.example\n".to_owned() + h2c;
    cases.push(attack(Rule::Head, foreign).gets(403, "bad_host"));
    let empty_lines = format!("\n\n{}\n", head("GET /health"));
    cases.push(attack(Rule::Head, empty_lines).gets(200, "-"));
    cases
}

//! Where a request ends: shapes that make two readers disagree, so that one of them takes a part of the first request
//! for a second. The hidden one would end the victim.

use super::case::{Case, HIDDEN_KILL, Rule, attack, head, our_kill_with, raw};

/// Lengths that are none, or two.
const LENGTHS: &[&str] = &[
    "Content-Length: -1",
    "Content-Length: +2",
    "Content-Length: 0x2",
    "Content-Length: 2.0",
    "Content-Length: 2e0",
    "Content-Length: 2 2",
    "Content-Length: 2;x",
    "Content-Length: 2_0",
    "Content-Length: ２",
    "Content-Length:",
    "Content-Length: two",
    "Content-Length: 18446744073709551616",
    "Content-Length: 99999999999999999999999999",
    "Content-Length: 2\nContent-Length: 3",
    "Content-Length: 0\nContent-Length: 2",
    "Content-Length: 2\nContent-Length:",
    "Content-Length: 2, 3",
    "Content-Length : 2",
    "Content-Length\t: 2",
    " Content-Length: 2",
    "Content-Length: 2\n 0",
    "Content-Length: 2\n\tX: y",
];

/// Encodings that are not chunked, and chunked in a spelling that others may read differently.
const ENCODINGS: &[&str] = &[
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: 'chunked'",
    "Transfer-Encoding: chunke",
    "Transfer-Encoding:",
    "Transfer-Encoding: chunked\nTransfer-Encoding: identity",
    "Transfer-Encoding: chunked\nTransfer-Encoding: x",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "Transfer-Encoding:\n chunked",
    "X: y\n Transfer-Encoding: chunked",
    "Transfer-Encoding: \u{b}chunked",
    "Transfer-Encoding: chunked\u{0}",
    "Transfer-Encoding: chunked, \u{7f}",
];

/// Chunks whose size, end or trailer is wrong, up to where the hidden request would begin.
const CHUNKS: &[&str] = &[
    "-2\r\n{}\r\n0\r\n\r\n",
    "+2\r\n{}\r\n0\r\n\r\n",
    "0x2\r\n{}\r\n0\r\n\r\n",
    "g\r\n{}\r\n0\r\n\r\n",
    "\r\n{}\r\n0\r\n\r\n",
    "2,\r\n{}\r\n0\r\n\r\n",
    "２\r\n{}\r\n0\r\n\r\n",
    "2 2\r\n{}\r\n0\r\n\r\n",
    "10000000000000002\r\n{}\r\n0\r\n\r\n",
    "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "100000000000000000000000000000002\r\n{}\r\n0\r\n\r\n",
    "2\r\n{}0\r\n\r\n",
    "2\r\n{}X\r\n0\r\n\r\n",
    "2\r\n{} \r\n0\r\n\r\n",
    "1\r\n{}\r\n0\r\n\r\n",
    "2\n{}\n0\n\n",
    "2\r{}\r0\r\r",
    "2;a\nb\r\n{}\r\n0\r\n\r\n",
    "2\r\n{}\n0\r\n\r\n",
    "2\r\n{}\r\n0\r\nX\r\r",
];

/// Chunked for whoever reads one of these lines so, two bytes long for whoever reads the other.
const BOTH: &[&str] = &[
    "Content-Length: 2\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\nContent-Length: 2",
    "Content-Length: 2\nTransfer-Encoding: CHUNKED",
    "Content-Length: 2\nTransfer-Encoding: gzip, chunked",
    "Content-Length: 2\nTransfer-Encoding: identity\nTransfer-Encoding: chunked",
    "Content-Length: 2\nContent-Length: 2\nTransfer-Encoding: chunked",
];

fn framing(request: String) -> Case {
    attack(Rule::Framing, request)
}

/// A request that is refused for its path, with a body to be read past; then the hidden one.
fn nothing(lines: &str, body: &str) -> String {
    head("POST /nothing") + lines + "\n\n" + body + HIDDEN_KILL
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in LENGTHS {
        cases.push(framing(nothing(length, "{}")).counts_as_no_http());
    }
    for encoding in ENCODINGS {
        let chunks = "0\n\n";
        cases.push(framing(nothing(encoding, chunks)).counts_as_no_http());
    }
    for chunks in CHUNKS {
        let lines = "Content-Type: application/json\nTransfer-Encoding: chunked\n\n";
        let request = head("POST /sessions/PID/kill") + lines;
        let request = request.replace('\n', "\r\n") + chunks + &HIDDEN_KILL.replace('\n', "\r\n");
        let case = raw(Rule::Framing, request);
        cases.push(case.gets(400, "bad_request").and_closes());
    }
    let long = "a".repeat(20_000);
    for chunks in [
        format!("2;{long}\n{{}}\n0\n\n"),
        format!("2\n{{}}\n0\nX: {long}\n\n"),
    ] {
        let lines = "Content-Type: application/json\nTransfer-Encoding: chunked\n\n";
        let request = head("POST /sessions/PID/kill") + lines + &chunks + HIDDEN_KILL;
        cases.push(framing(request).gets(400, "bad_request").and_closes());
    }
    // What comes after the body is no header: a `Host` there is too late.
    let late = "POST /sessions/PID/kill HTTP/1.1\nTransfer-Encoding: chunked\n\n0\nHost: 127.0.0.1:PORT\n\n";
    cases.push(framing(late.to_owned()).gets(400, "bad_host"));
    for lines in BOTH {
        cases.push(
            framing(nothing(lines, "0\n\n"))
                .gets(404, "not_found")
                .and_closes(),
        );
    }
    cases.extend(bodies());
    cases.extend(pipelines());
    cases
}

/// What looks like a request and is a body.
fn bodies() -> Vec<Case> {
    let mut cases = Vec::new();
    for (request, status, code) in [
        (head("GET /health") + "Content-Length: LENGTH\n\n", 200, "-"),
        (
            head("POST /nothing") + "Content-Length: LENGTH\n\n",
            404,
            "not_found",
        ),
        (
            head("PUT /sessions") + "Content-Length: LENGTH\n\n",
            405,
            "bad_method",
        ),
        (
            head("GET /ws") + "Content-Length: LENGTH\n\n",
            400,
            "bad_request",
        ),
        (
            "POST /sessions HTTP/1.1\nHost: evil.example\nContent-Length: LENGTH\n\n".to_owned(),
            403,
            "bad_host",
        ),
        (
            head("POST /sessions/cleanup") + "Content-Type: text/plain\nContent-Length: LENGTH\n\n",
            415,
            "not_json",
        ),
        (
            head("POST /sessions/cleanup")
                + "Content-Type: application/json\nContent-Length: LENGTH\n\n",
            400,
            "bad_request",
        ),
        (
            head("GET /health") + "Content-Length: LENGTH\nContent-Length: LENGTH\n\n",
            200,
            "-",
        ),
    ] {
        cases.push(framing(request + HIDDEN_KILL).gets(status, code));
    }
    // The rest of a body that is not read to its end.
    let long = head("POST /nothing") + "Content-Length: 1000000\n\n" + HIDDEN_KILL;
    cases.push(framing(long).gets(404, "not_found").and_closes());
    let large = head("POST /sessions/PID/kill")
        + "Content-Type: application/json\nContent-Length: 500000\n\n"
        + HIDDEN_KILL;
    cases.push(framing(large).gets(413, "too_large").and_closes());
    cases
}

/// Several requests at once: each is judged by itself.
fn pipelines() -> Vec<Case> {
    let good = head("GET /health") + "\n";
    let foreign = "POST /sessions/PID/kill HTTP/1.1\nHost: evil.example\n\n";
    let mut cases = vec![
        framing(good.clone() + foreign).gets(200, "-").gets(403, "bad_host"),
        framing(good.clone() + &our_kill_with("Origin: null\n"))
            .gets(200, "-")
            .gets(403, "bad_origin"),
        framing(foreign.to_owned() + &good).gets(403, "bad_host").gets(200, "-"),
        framing(good.clone() + "POST /sessions/PID/kill HTTP/1.1\n\n")
            .gets(200, "-")
            .gets(400, "bad_host"),
        framing(good.clone() + "GET http://127.0.0.1:PORT/sessions HTTP/1.1\n\n")
            .gets(200, "-")
            .gets(400, "bad_host"),
        framing(good.clone() + "nonsense\n\n").gets(200, "-").counts_as_no_http(),
        // Whoever says that the connection ends here has said it for what follows.
        framing(head("GET /health") + "Connection: close\n\n" + HIDDEN_KILL)
            .gets(200, "-")
            .and_closes(),
        framing("GET /health HTTP/1.0\nHost: 127.0.0.1:PORT\n\n".to_owned() + HIDDEN_KILL)
            .gets(200, "-")
            .and_closes(),
        framing("POST /nothing HTTP/1.0\nHost: 127.0.0.1:PORT\nTransfer-Encoding: chunked\n\n0\n\n".to_owned() + HIDDEN_KILL)
            .counts_as_no_http(),
        // Nobody is asked to send a body that would be refused.
        framing(head("POST /nothing") + "Expect: 100-continue\nContent-Length: 2\n\n")
            .gets(404, "not_found")
            .and_closes(),
        framing("POST /sessions/PID/kill HTTP/1.1\nHost: evil.example\nExpect: 100-continue\nContent-Length: 2\n\n".to_owned())
            .gets(403, "bad_host")
            .and_closes(),
    ];
    let lines = "Expect: 100-continue\nContent-Type: application/json\nContent-Length: 2\n\n";
    let asks = framing(head("POST /sessions/cleanup") + lines).and_then("[]");
    cases.push(asks.gets(100, "").gets(400, "bad_request"));
    let foreign = head("GET /health") + "Origin: null\n\n";
    let mut many = framing(foreign.repeat(100));
    for _ in 0..100 {
        many = many.gets(403, "bad_origin");
    }
    cases.push(many);
    cases
}

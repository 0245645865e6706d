//! Bodies: sizes, and shapes that are nearly right.

use super::case::{Case, Rule, attack, head, our_kill_with, raw};

/// Bodies of a kill that are no JSON, no object, or not the one that a kill takes.
const KILLS: &[&str] = &[
    "",
    " ",
    "{",
    "}",
    "{}x",
    "{}{}",
    "[]",
    "[{}]",
    "[null,0]",
    "null",
    "true",
    "7",
    "\"{}\"",
    "{'graceMs':0}",
    "{graceMs:0}",
    "{\"graceMs\":0,}",
    "{\"graceMs\":00}",
    "{\"graceMs\":+1}",
    "// now\n{}",
    "/**/{}",
    "\u{feff}{}",
    "{}\u{0}",
    "\u{0}{}",
    "{\"key\":\"\u{1}\"}",
    "{\"key\":\"\\ud800\"}",
    "{\"key\":7}",
    "{\"key\":[]}",
    "{\"key\":{}}",
    "{\"key\":\"\"}",
    "{\"key\":\"PID\"}",
    "{\"key\":\"PID:\"}",
    "{\"key\":\":1\"}",
    "{\"key\":\"PID:-1\"}",
    "{\"key\":\"PID:1e3\"}",
    "{\"key\":\"PID:18446744073709551616\"}",
    "{\"key\":\"PID:1:1\"}",
    "{\"key\":\" PID:1\"}",
    "{\"key\":\"0:1\"}",
    "{\"key\":\"4194305:1\"}",
    "{\"key\":\"1:1\"}",
    "{\"graceMs\":-1}",
    "{\"graceMs\":60001}",
    "{\"graceMs\":4294967296}",
    "{\"graceMs\":99999999999999999999999}",
    "{\"graceMs\":1e400}",
    "{\"graceMs\":1.5}",
    "{\"graceMs\":1e1}",
    "{\"graceMs\":\"0\"}",
    "{\"graceMs\":true}",
    "{\"graceMs\":NaN}",
    "{\"graceMs\":Infinity}",
    "{\"graceMs\":1,\"graceMs\":2}",
    "{\"key\":\"PID:1\",\"key\":\"PID:2\"}",
    "{\"tree\":0}",
    "{\"tree\":\"false\"}",
    "{\"tree\":null}",
    "{\"grace\":0}",
    "{\"gracems\":0}",
    "{\"graceMs\\u0000\":0}",
    "{\"pid\":1}",
    "{\"signal\":9}",
    "{\"__proto__\":{\"graceMs\":0}}",
];

/// Bodies of other routes.
const OTHERS: &[(&str, &str, &str)] = &[
    ("interrupt", "{\"key\":7}", "bad_request"),
    ("interrupt", "{\"graceMs\":0}", "bad_request"),
    ("pause", "{\"key\":\"PID\"}", "bad_request"),
    ("pause", "[]", "bad_request"),
    ("continue", "{\"signal\":9}", "bad_request"),
    ("act", "{}", "bad_request"),
    ("act", "{\"act\":\"kill\"}", "bad_request"),
    (
        "act",
        "{\"act\":\"kill\",\"keys\":\"PID:1\"}",
        "bad_request",
    ),
    ("act", "{\"act\":\"kill\",\"keys\":[7]}", "bad_request"),
    (
        "act",
        "{\"act\":\"kill\",\"keys\":[\"PID\"]}",
        "bad_request",
    ),
    ("act", "{\"act\":7,\"keys\":[]}", "bad_request"),
    (
        "act",
        "{\"act\":\"nuke\",\"keys\":[\"PID:1\"]}",
        "bad_request",
    ),
    (
        "act",
        "{\"act\":\"kill\",\"keys\":[\"PID:1\"],\"force\":1}",
        "bad_request",
    ),
    ("cleanup", "{\"dryRun\":1}", "bad_request"),
    ("cleanup", "{\"dryRun\":\"true\"}", "bad_request"),
    ("cleanup", "{\"dryRun\":null}", "bad_request"),
    ("cleanup", "{\"dryrun\":true}", "bad_request"),
    (
        "cleanup",
        "{\"dryRun\":true,\"dryRun\":false}",
        "bad_request",
    ),
    ("cleanup", "{\"path\":\"/\"}", "bad_request"),
    ("resume", "{}", "bad_session_id"),
    ("resume", "{\"sessionId\":7}", "bad_session_id"),
    ("resume", "{\"sessionId\":null}", "bad_session_id"),
    ("resume", "{\"sessionId\":[\"12345678\"]}", "bad_session_id"),
    ("resume", "{\"sessionId\":\"\"}", "bad_session_id"),
    ("resume", "{\"sessionId\":\"1234567\"}", "bad_session_id"),
    (
        "resume",
        "{\"sessionId\":\"../../../etc\"}",
        "bad_session_id",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678/../1\"}",
        "bad_session_id",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678.jsonl\"}",
        "bad_session_id",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678\\u0000\"}",
        "bad_session_id",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678\\n\"}",
        "bad_session_id",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678;id\"}",
        "bad_session_id",
    ),
    ("resume", "{\"sessionId\":\"$(touch x)\"}", "bad_session_id"),
    (
        "resume",
        "{\"sessionId\":\"--dangerously-skip-permissions\"}",
        "bad_session_id",
    ),
    ("resume", "{\"sessionId\":\"--------\"}", "bad_session_id"),
    (
        "resume",
        "{\"sessionId\":\"１２３４５６７８\"}",
        "bad_session_id",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678\",\"cwd\":7}",
        "bad_cwd",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678\",\"cwd\":[\"/\"]}",
        "bad_cwd",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678\",\"args\":[\"-p\"]}",
        "bad_request",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678\",\"env\":{\"A\":\"b\"}}",
        "bad_request",
    ),
    (
        "resume",
        "{\"sessionId\":\"12345678\",\"sessionId\":\"87654321\"}",
        "bad_request",
    ),
];

/// JSON to one of the routes that act.
fn post(verb: &str, body: &str) -> String {
    let path = match verb {
        "act" | "cleanup" | "resume" => format!("/sessions/{verb}"),
        _ => format!("/sessions/PID/{verb}"),
    };
    let lines = "Content-Type: application/json\nContent-Length: LENGTH\n\n";
    head(&format!("POST {path}")) + lines + body
}

pub(super) fn cases() -> Vec<Case> {
    let body = |verb: &str, text: &str| attack(Rule::Body, post(verb, text));
    let mut cases = Vec::new();
    for text in KILLS {
        cases.push(body("kill", text).gets(400, "bad_request"));
    }
    for (verb, text, code) in OTHERS {
        cases.push(body(verb, text).gets(400, code));
    }
    let nested = [
        "[".repeat(4_000),
        "{\"key\":".repeat(500),
        format!("{{\"key\":{}1{}}}", "[".repeat(1_500), "]".repeat(1_500)),
        format!("{{\"{}\":1}}", "k".repeat(4_000)),
        format!("{{{}\"tree\":true}}", "\"tree\":true,".repeat(300)),
    ];
    for text in nested {
        cases.push(body("kill", &text).gets(400, "bad_request"));
    }
    let keys = vec!["\"PID:1\""; 201].join(",");
    let many = format!("{{\"act\":\"kill\",\"keys\":[{keys}]}}");
    cases.push(body("act", &many).gets(400, "bad_request"));
    for bytes in [
        &b"{\"key\":\"\xff\"}"[..],
        b"{\"key\":\"\xc0\xaf\"}",
        b"{\"key\":\"\xed\xa0\x80\"}",
        b"{\0}\0",
        b"\xff\xfe{\0}\0",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0",
    ] {
        let request = post("kill", "").replace('\n', "\r\n").into_bytes();
        cases.push(raw(Rule::Body, [&request, bytes].concat()).gets(400, "bad_request"));
    }

    for size in [4_097, 5_000, 65_536, 200_000] {
        let padded = format!("{{}}{}", " ".repeat(size - 2));
        cases.push(body("kill", &padded).gets(413, "too_large").and_closes());
    }
    let padded = format!("{{}}{}", " ".repeat(65_535));
    cases.push(body("act", &padded).gets(413, "too_large").and_closes());
    for length in ["99999999999", "18446744073709551613", "262145"] {
        let lines = format!("Content-Type: application/json\nContent-Length: {length}\n\n{{");
        let request = head("POST /sessions/PID/kill") + &lines;
        cases.push(
            attack(Rule::Body, request)
                .gets(413, "too_large")
                .and_closes(),
        );
    }
    let chunks = format!("1000\n{}\n", " ".repeat(4_096)).repeat(100);
    let endless = head("POST /sessions/PID/kill")
        + "Content-Type: application/json\nTransfer-Encoding: chunked\n\n"
        + &chunks;
    cases.push(
        attack(Rule::Body, endless)
            .gets(413, "too_large")
            .and_closes(),
    );
    let soft = head("POST /sessions/PID/kill?soft=1")
        + "Content-Type: application/json\nContent-Length: 300000\n\n{";
    cases.push(attack(Rule::Body, soft).gets(200, "too_large").and_closes());

    // A key that names another process than the one that is there, and what is no session.
    cases.push(body("kill", "{\"key\":\"PID:1\"}").gets(409, "replaced"));
    cases.push(body("pause", "{\"key\":\"PID:1\"}").gets(409, "replaced"));
    let nobody = our_kill_with("").replace("PID", "4194303");
    cases.push(attack(Rule::Body, nobody).gets(403, "not_a_session"));
    cases.push(
        body("resume", "{\"sessionId\":\"12345678\",\"cwd\":\"/../..\"}")
            .gets(404, "no_conversation"),
    );
    cases
}

//! Methods and paths: other spellings of what is there, and what never was.

use super::case::{Case, Rule, attack, head};

/// A method that the path doesn't have.
const METHODS: &[&str] = &[
    "GET /sessions/PID/kill",
    "PUT /sessions/PID/kill",
    "DELETE /sessions/PID/kill",
    "PATCH /sessions/PID/kill",
    "TRACE /sessions/PID/kill",
    "PROPFIND /sessions/PID/kill",
    "KILL /sessions/PID/kill",
    "post /sessions/PID/kill",
    "Post /sessions/PID/kill",
    "POSTPOST /sessions/PID/kill",
    "GET /sessions/PID/kill?_method=POST",
    "GET /sessions/PID/interrupt",
    "PUT /sessions/PID/pause",
    "GET /sessions/act",
    "GET /sessions/resume",
    "PUT /sessions/resume",
    "GET /sessions/cleanup",
    "DELETE /sessions/cleanup",
    "DELETE /sessions",
    "PUT /sessions",
    "POST /sessions/PID/context",
    "POST /health",
    "POST /",
    "PUT /index.js",
    "TRACE /",
    "get /sessions",
];

/// Lines that would make another method of a GET, or ask whether a foreign page may.
const OVERRIDES: &[&str] = &[
    "GET /sessions/PID/kill HTTP/1.1\nX-HTTP-Method-Override: POST\n",
    "GET /sessions/PID/kill HTTP/1.1\nX-HTTP-Method: POST\n",
    "GET /sessions/PID/kill HTTP/1.1\nX-Method-Override: POST\n",
    "OPTIONS /sessions/PID/kill HTTP/1.1\nOrigin: http://127.0.0.1:PORT\nAccess-Control-Request-Method: POST\n",
    "OPTIONS /sessions HTTP/1.1\nAccess-Control-Request-Method: GET\nAccess-Control-Request-Private-Network: true\n",
    "GET /sessions/cleanup HTTP/1.1\nContent-Type: application/json\nContent-Length: 2\n",
];

/// Paths that are nothing, each asked for as the kill is.
const NOWHERE: &[&str] = &[
    "/sessions/PID/kill/",
    "/sessions/PID/kill/x",
    "//sessions/PID/kill",
    "/sessions//PID/kill",
    "/./sessions/PID/kill",
    "/x/../sessions/PID/kill",
    "/sessions/../sessions/PID/kill",
    "/%2e/sessions/PID/kill",
    "/x/%2e%2e/sessions/PID/kill",
    "/%73essions/PID/kill",
    "/sessions%2FPID%2Fkill",
    "/sessions/PID/%6bill",
    "/sessions/PID/kill%00",
    "/sessions/PID/kill%20",
    "/sessions/PID/kill%0d%0aX:%20y",
    "/sessions/PID/kill;x=y",
    "/sessions/PID/kill.json",
    "/sessions;x=y/PID/kill",
    "/SESSIONS/PID/KILL",
    "/Sessions/PID/kill",
    "/sessions/PID/Kill",
    "/sessions/PID",
    "/sessions/PID/",
    "/sessions/",
    "/api/sessions/PID/kill",
    "/kill",
    "/kill?pid=PID",
    "/sessions/PID/stop",
    "/..",
    "/../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/index.js%00",
    "/index.js/..",
    "/.git/config",
    "/.claude/sessions/PID.json",
    "/sessions/resume/x",
    "/sessions/cleanup/",
    "/Ws",
    "/ws/",
    "/events/x",
];

/// What is no pid, each asked to be killed.
const PIDS: &[&str] = &[
    "0",
    "-1",
    "-PID",
    "+PID",
    "PID.0",
    "PID;x",
    "PID%00",
    "PID%20",
    "%31",
    "PID,1",
    "0xPID",
    "1e3",
    "1_0",
    "NaN",
    "self",
    "..",
    ".",
    "",
    "*",
    "4194305",
    "4294967297",
    "18446744073709551617",
    "99999999999999999999999999999999999999",
    "PID:1",
    "'1'",
    "１",
];

const QUERIES: &[&str] = &[
    "scope=all",
    "scope=LIVE",
    "scope=",
    "scope=live%20",
    "scope=../..",
    "scope=recent&days=0",
    "scope=recent&days=-1",
    "scope=recent&days=",
    "scope=recent&days=x",
    "scope=recent&days=%31",
    "scope=recent&days=1e3",
    "scope=recent&days=3651",
    "scope=recent&days=99999999999999999999",
];

pub(super) fn cases() -> Vec<Case> {
    let path = |request: String| attack(Rule::Path, request);
    let mut cases = Vec::new();
    for line in METHODS {
        cases.push(attack(Rule::Method, head(line) + "\n").gets(405, "bad_method"));
    }
    for lines in OVERRIDES {
        let body = if lines.contains("Length") { "{}" } else { "" };
        let request = format!("{lines}Host: 127.0.0.1:PORT\n\n{body}");
        cases.push(attack(Rule::Method, request).gets(405, "bad_method"));
    }
    let star = head("OPTIONS *") + "\n";
    cases.push(attack(Rule::Method, star).gets(404, "not_found"));
    for nowhere in NOWHERE {
        cases.push(path(head(&format!("POST {nowhere}")) + "\n").gets(404, "not_found"));
    }
    let deep = format!("GET {}", "/sessions".repeat(900));
    cases.push(path(head(&deep) + "\n").gets(404, "not_found"));
    let wide = format!("GET /{}", "a".repeat(8_000));
    cases.push(path(head(&wide) + "\n").gets(404, "not_found"));
    for pid in PIDS {
        let line = format!("POST /sessions/{pid}/kill");
        cases.push(path(head(&line) + "\n").gets(400, "bad_pid"));
    }
    for query in QUERIES {
        let line = format!("GET /sessions?{query}");
        cases.push(path(head(&line) + "\n").gets(400, "bad_request"));
    }
    for (line, code) in [
        ("GET /sessions/PID/kill?soft=1", "bad_method"),
        ("POST /sessions/0/kill?soft=1", "bad_pid"),
        ("POST /kill?soft=1&soft=0", "not_found"),
        ("GET /sessions?soft=1&scope=x", "bad_request"),
    ] {
        cases.push(path(head(line) + "\n").gets(200, code));
    }
    for line in [
        "POST /kill?soft=2",
        "POST /kill?soft=01",
        "POST /kill?Soft=1",
        "POST /kill?x;soft=1",
    ] {
        cases.push(path(head(line) + "\n").gets(404, "not_found"));
    }
    cases
}

//! `Host`: what a page that has rebound its name, or a client that wants two readings of one request, sends.

use super::case::{Case, Rule, attack, head, kill_with, raw};

/// Lines that name no host, or more than one.
const MALFORMED: &[&str] = &[
    "",
    "Host: 127.0.0.1:PORT\nHost: 127.0.0.1:PORT\n",
    "Host: 127.0.0.1:PORT\nHost: evil.example\n",
    "Host: evil.example\nHost: 127.0.0.1:PORT\n",
    "Host: 127.0.0.1:PORT\nhost: 127.0.0.1:PORT\nHOST: 127.0.0.1:PORT\n",
    "X-Host: 127.0.0.1:PORT\n",
    "X-Forwarded-Host: 127.0.0.1:PORT\n",
];

/// Request targets that name a host, beside a good `Host`.
const ABSOLUTE: &[&str] = &[
    "POST http://127.0.0.1:PORT/sessions/PID/kill",
    "POST http://evil.example/sessions/PID/kill",
    "POST https://127.0.0.1:PORT/sessions/PID/kill",
    "POST HTTP://127.0.0.1:PORT/sessions/PID/kill",
    "POST http://user@127.0.0.1:PORT/sessions/PID/kill",
    "POST ftp://127.0.0.1:PORT/sessions/PID/kill",
    "GET http://127.0.0.1:PORT/sessions",
    "GET http://127.0.0.1:PORT",
    "GET 127.0.0.1:PORT",
    "CONNECT 127.0.0.1:PORT",
    "CONNECT evil.example:443",
];

const FOREIGN: &[&str] = &[
    "evil.example",
    "evil.example:PORT",
    // Ours, without our port or with another.
    "127.0.0.1",
    "localhost",
    "[::1]",
    "127.0.0.1:",
    "127.0.0.1:1",
    "127.0.0.1:80",
    "127.0.0.1:0PORT",
    "127.0.0.1:PORT0",
    "127.0.0.1:+PORT",
    "127.0.0.1:PORT:PORT",
    ":PORT",
    // Names of loopback that are not ours.
    "localhost.:PORT",
    "127.0.0.1.:PORT",
    "localhost.localdomain:PORT",
    "ip6-localhost:PORT",
    "evil.localhost:PORT",
    "0.0.0.0:PORT",
    "0:PORT",
    "127.1:PORT",
    "127.0.0.2:PORT",
    "2130706433:PORT",
    "0x7f000001:PORT",
    "0x7f.0.0.1:PORT",
    "017700000001:PORT",
    "127.000.000.001:PORT",
    "[::]:PORT",
    "[::ffff:127.0.0.1]:PORT",
    "[0:0:0:0:0:0:0:1]:PORT",
    "[::1%lo]:PORT",
    "[::1:PORT",
    "::1:PORT",
    // Names that only begin or end as ours do.
    "localhost.evil.example:PORT",
    "127.0.0.1.evil.example:PORT",
    "127.0.0.1:PORT.evil.example",
    "evil.example#127.0.0.1:PORT",
    "evil.example?127.0.0.1:PORT",
    "evil.example/127.0.0.1:PORT",
    "127.0.0.1:PORT/",
    "127.0.0.1:PORT@evil.example",
    "user@127.0.0.1:PORT",
    "user:word@127.0.0.1:PORT",
    "http://127.0.0.1:PORT",
    "127.0.0.1:PORT, evil.example",
    "127.0.0.1:PORT, 127.0.0.1:PORT",
    "127.0.0.1:PORT 127.0.0.1:PORT",
    "127.0.0.1 :PORT",
    "127.0.0.1\t:PORT",
    "\"127.0.0.1:PORT\"",
    "127.0.0.1%00:PORT",
    "%31%32%37.0.0.1:PORT",
    "１２７.0.0.1:PORT",
    "ℓocalhost:PORT",
    "",
    "*",
    "null",
    "169.254.169.254:PORT",
    // What a proxy would say is nobody's word here.
    "evil.example\nX-Forwarded-Host: 127.0.0.1:PORT",
    "evil.example\nForwarded: host=127.0.0.1:PORT",
    "evil.example\nX-Forwarded-For: 127.0.0.1\nX-Real-IP: 127.0.0.1",
    "evil.example\nOrigin: http://evil.example\nSec-Fetch-Site: same-origin",
];

pub(super) fn cases() -> Vec<Case> {
    let host = |request: String| attack(Rule::Host, request);
    let mut cases: Vec<Case> = Vec::new();
    for lines in MALFORMED {
        cases.push(host(kill_with(lines)).gets(400, "bad_host"));
    }
    for line in ABSOLUTE {
        cases.push(host(head(line) + "\n").gets(400, "bad_host"));
    }
    for name in FOREIGN {
        cases.push(host(kill_with(&format!("Host: {name}\n"))).gets(403, "bad_host"));
    }
    let long = "a".repeat(8_000);
    cases.push(host(kill_with(&format!("Host: {long}:PORT\n"))).gets(403, "bad_host"));
    let bytes = b"POST /sessions/PID/kill HTTP/1.1\r\nHost: 127.0.0.1:PORT\xff\r\n\r\n";
    cases.push(raw(Rule::Host, bytes).gets(403, "bad_host"));
    let old = "POST /sessions/PID/kill HTTP/1.0\n";
    cases.push(host(format!("{old}\n")).gets(400, "bad_host").and_closes());
    let foreign = format!("{old}Host: evil.example\n\n");
    cases.push(host(foreign).gets(403, "bad_host").and_closes());
    // The page is told in the body, as everything is.
    let soft = "POST /sessions/PID/kill?soft=1 HTTP/1.1\nHost: evil.example\n\n";
    cases.push(host(soft.to_owned()).gets(200, "bad_host"));

    for lines in [
        "Host: LocalHost:PORT\n",
        "hOST:127.0.0.1:PORT\n",
        "Host: \t 127.0.0.1:PORT \t\n",
        "Host: [::1]:PORT\nX-Forwarded-Host: evil.example\n",
    ] {
        cases.push(host(format!("GET /health HTTP/1.1\n{lines}\n")).gets(200, "-"));
    }
    cases
}

//! `Origin` and `Sec-Fetch-Site`: what a browser says of the page that asks.

use super::case::{Case, Rule, attack, head, our_kill_with};

const FOREIGN: &[&str] = &[
    "null",
    "NULL",
    "",
    "*",
    "http://evil.example",
    "http://evil.example:PORT",
    "https://127.0.0.1:PORT",
    "ws://127.0.0.1:PORT",
    "file://",
    "file://127.0.0.1:PORT",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://127.0.0.1:PORT",
    "vscode-webview://127.0.0.1:PORT",
    // Ours, in another spelling than a browser's.
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://127.0.0.1:0PORT",
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/index.js",
    "http://127.0.0.1:PORT?",
    "http://127.0.0.1:PORT#",
    "http://127.0.0.1:PORT\\",
    "HTTP://127.0.0.1:PORT",
    "http://LOCALHOST:PORT",
    "http://localhost.:PORT",
    "http://2130706433:PORT",
    "http://[::ffff:127.0.0.1]:PORT",
    "http://user@127.0.0.1:PORT",
    "http:127.0.0.1:PORT",
    "http:///127.0.0.1:PORT",
    "//127.0.0.1:PORT",
    "127.0.0.1:PORT",
    // Others, which only look like ours.
    "http://127.0.0.1:PORT.evil.example",
    "http://127.0.0.1.evil.example:PORT",
    "http://localhost.evil.example:PORT",
    "http://127.0.0.1:PORT@evil.example",
    "http://evil.example/http://127.0.0.1:PORT",
    "http://127.0.0.1:PORT http://evil.example",
    "http://127.0.0.1:PORT, http://evil.example",
    "http://127.0.0.1:PORT\nOrigin: http://evil.example",
    "http://evil.example\nOrigin: http://127.0.0.1:PORT",
    "null\nSec-Fetch-Site: same-origin",
    "http://evil.example\nReferer: http://127.0.0.1:PORT/",
];

const SITES: &[&str] = &[
    "cross-site",
    "same-site",
    "Same-Origin",
    "NONE",
    "",
    "weird",
    "null",
    "?1",
    "\"same-origin\"",
    "same-origin;a=b",
    "same-origin, cross-site",
    "same-origin, same-origin",
    "same-origin\nSec-Fetch-Site: cross-site",
    "cross-site\nSec-Fetch-Site: same-origin",
    // The exception is for the page alone, and for following a link to it.
    "cross-site\nSec-Fetch-Mode: navigate",
    "cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nSec-Fetch-User: ?1",
    "cross-site\nOrigin: http://127.0.0.1:PORT",
];

/// Requests by which a foreign page would read, or have the page do something.
const FETCHES: &[(&str, &str)] = &[
    ("GET /sessions", "Sec-Fetch-Mode: no-cors\n"),
    ("GET /sessions", "Sec-Fetch-Mode: navigate\n"),
    ("GET /sessions/PID/context", "Sec-Fetch-Mode: navigate\n"),
    ("GET /health", "Sec-Fetch-Mode: navigate\n"),
    (
        "GET /index.js",
        "Sec-Fetch-Mode: no-cors\nSec-Fetch-Dest: script\n",
    ),
    (
        "GET /icon.svg",
        "Sec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\n",
    ),
    ("GET /", "Sec-Fetch-Mode: no-cors\nSec-Fetch-Dest: script\n"),
    ("GET /", "Sec-Fetch-Mode: Navigate\n"),
    ("GET /", "Sec-Fetch-Mode: cors\nSec-Fetch-Mode: navigate\n"),
    ("GET /", ""),
    ("GET //", "Sec-Fetch-Mode: navigate\n"),
    ("GET /?", "Sec-Fetch-Mode: websocket\n"),
    ("POST /", "Sec-Fetch-Mode: navigate\n"),
    (
        "GET /events",
        "Sec-Fetch-Mode: cors\nAccept: text/event-stream\n",
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for origin in FOREIGN {
        let request = our_kill_with(&format!("Origin: {origin}\n"));
        cases.push(attack(Rule::Origin, request).gets(403, "bad_origin"));
    }
    // Where it comes from is none of the links that may be followed.
    let form = head("GET /") + "Origin: null\nSec-Fetch-Mode: navigate\n\n";
    cases.push(attack(Rule::Origin, form).gets(403, "bad_origin"));
    let soft = head("GET /sessions?soft=1") + "Origin: http://evil.example\n\n";
    cases.push(attack(Rule::Origin, soft).gets(200, "bad_origin"));
    for site in SITES {
        let request = our_kill_with(&format!("Sec-Fetch-Site: {site}\n"));
        cases.push(attack(Rule::Site, request).gets(403, "bad_origin"));
    }
    for (line, lines) in FETCHES {
        let request = head(line) + "Sec-Fetch-Site: cross-site\n" + lines + "\n";
        cases.push(attack(Rule::Site, request).gets(403, "bad_origin"));
    }

    for lines in [
        "Origin: http://localhost:PORT\nSec-Fetch-Site: same-origin\n",
        "Origin: http://[::1]:PORT\n",
        "Sec-Fetch-Site: none\nSec-Fetch-Mode: navigate\n",
        "Referer: http://evil.example/\n",
    ] {
        cases.push(attack(Rule::Origin, head("GET /health") + lines + "\n").gets(200, "-"));
    }
    for line in ["GET /", "GET /?from=elsewhere"] {
        let lines = "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\n\n";
        cases.push(attack(Rule::Site, head(line) + lines).gets(200, "-"));
    }
    cases
}

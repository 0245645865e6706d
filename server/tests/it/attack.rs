//! Attacks on the built program: what a foreign page, a stranger's script or a lost client may send, byte for byte, and
//! the refusal that is promised for each. There are more than 150 of them, which the first test counts.
//!
//! Every table is tried on a server of its own, whose home has a session that keeps a record of the signals it gets and
//! a file that a cleanup would delete. After each attack a good client is answered; after each table the session has
//! got no signal, the file is there, and both go when somebody asks who may. A table is data: what is sent, and what
//! comes back. Who the caller is, as the kernel tells, is not tried here.

mod body;
mod case;
mod content_type;
mod crowd;
mod framing;
mod head;
mod host;
mod origin;
mod route;
mod scene;
mod socket;

use std::collections::{BTreeMap, BTreeSet};

use tokio_tungstenite::tungstenite::Message;

use self::{
    case::{Case, Rule, attack},
    scene::Scene,
};

/// The tables by the noun that they are about.
const TABLES: [fn() -> Vec<Case>; 8] = [
    host::cases,
    origin::cases,
    route::cases,
    content_type::cases,
    body::cases,
    framing::cases,
    head::cases,
    socket::cases,
];

#[test]
fn there_are_at_least_150_attacks_and_no_two_are_the_same() {
    let cases: Vec<Case> = TABLES.iter().flat_map(|table| table()).collect();
    let attacks = cases.iter().filter(|case| case.is_attack());
    let mut of_a_rule: BTreeMap<Rule, usize> = BTreeMap::new();
    let mut sent = BTreeSet::new();
    for case in attacks {
        *of_a_rule.entry(case.rule).or_default() += 1;
        assert!(sent.insert(case.bytes()), "twice: {case}");
    }
    assert!(sent.len() >= 150, "{of_a_rule:?}");
    assert!(
        of_a_rule.values().all(|&number| number >= 15),
        "{of_a_rule:?}"
    );
    assert_eq!(of_a_rule.len(), 10, "{of_a_rule:?}");
    let talks: BTreeSet<_> = socket::talks().into_iter().map(|(said, _)| said).collect();
    assert_eq!(talks.len(), socket::talks().len());
}

fn try_all(cases: &[Case]) {
    let scene = Scene::start();
    for case in cases {
        case.run(&scene);
    }
    scene.has_stood();
}

#[test]
fn another_host_is_refused() {
    try_all(&host::cases());
}

#[test]
fn another_origin_is_refused() {
    try_all(&origin::cases());
}

#[test]
fn another_method_or_path_is_refused() {
    try_all(&route::cases());
}

#[test]
fn another_content_type_is_refused() {
    try_all(&content_type::cases());
}

#[test]
fn another_body_is_refused() {
    try_all(&body::cases());
}

#[test]
fn no_request_is_smuggled_in_another() {
    try_all(&framing::cases());
}

#[test]
fn what_is_not_http_is_refused() {
    try_all(&head::cases());
}

#[test]
fn an_incomplete_or_foreign_websocket_is_refused() {
    try_all(&socket::cases());
}

/// Whatever the path, the caller is checked before it.
#[test]
fn no_route_is_without_the_checks() {
    let scene = Scene::start();
    let answered = [
        "GET /",
        "GET /index.js",
        "GET /standalone.js",
        "GET /standalone.css",
    ];
    let more = [
        "GET /icon.svg",
        "GET /health",
        "GET /sessions",
        "GET /sessions?scope=recent",
    ];
    let of_one = [
        "GET /sessions/PID/context",
        "GET /sessions/PID/why",
        "GET /sessions/PID/tree",
    ];
    let streams = [
        "GET /ws",
        "GET /events",
        "GET /orphans",
        "GET /audit",
        "GET /nothing",
    ];
    let acts =
        ["kill", "interrupt", "pause", "continue"].map(|act| format!("POST /sessions/PID/{act}"));
    let others = [
        "sessions/act",
        "sessions/resume",
        "sessions/cleanup",
        "orphans/reap",
        "ws-ticket",
    ];
    let others = others.map(|path| format!("POST /{path}"));
    let gets = [&answered[..], &more, &of_one, &streams].concat();
    let lines = gets.iter().map(|line| (*line).to_owned());
    for line in lines.chain(acts).chain(others) {
        for (caller, status, code) in [
            ("", 400, "bad_host"),
            (
                "Host: 127.0.0.1:PORT\nHost: 127.0.0.1:PORT\n",
                400,
                "bad_host",
            ),
            ("Host: evil.example\n", 403, "bad_host"),
            ("Host: 127.0.0.1\n", 403, "bad_host"),
            ("Host: localhost.:PORT\n", 403, "bad_host"),
            ("Host: 127.0.0.1:PORT\nOrigin: null\n", 403, "bad_origin"),
            (
                "Host: 127.0.0.1:PORT\nOrigin: http://evil.example\n",
                403,
                "bad_origin",
            ),
            (
                "Host: 127.0.0.1:PORT\nSec-Fetch-Site: cross-site\n",
                403,
                "bad_origin",
            ),
            (
                "Host: 127.0.0.1:PORT\nSec-Fetch-Site: same-site\n",
                403,
                "bad_origin",
            ),
        ] {
            let request = format!("{line} HTTP/1.1\n{caller}\n");
            attack(Rule::Host, request).gets(status, code).run(&scene);
        }
    }
    scene.has_stood();
}

#[test]
fn what_is_no_websocket_is_closed_for_it() {
    let scene = Scene::start();
    for (said, code) in socket::talks() {
        socket::is_closed_for(&scene, &said, code);
    }
    scene.has_stood();
}

/// The feed only tells: whatever is said to it, nothing is done for it.
#[test]
fn a_websocket_takes_no_orders() {
    let scene = Scene::start();
    let mut socket = socket::open(&scene);
    for order in [
        r#"{"type":"kill","pid":PID}"#,
        r#"{"act":"kill","keys":["PID:1"]}"#,
        "POST /sessions/PID/kill HTTP/1.1",
        "PID",
        "",
    ] {
        let order = scene.fill(order.as_bytes());
        socket.0.send(Message::binary(order.clone())).unwrap();
        socket
            .0
            .send(Message::text(String::from_utf8(order).unwrap()))
            .unwrap();
        socket.is_answered();
    }
    // Empty parts without end, and questions whose answers are read late.
    let parts = socket::masked(0x01, b"")
        .into_iter()
        .chain(socket::masked(0x00, b"").repeat(5_000));
    let pings = socket::masked(0x89, b"!").repeat(500);
    let said: Vec<u8> = parts
        .chain(socket::masked(0x80, b""))
        .chain(pings)
        .collect();
    std::io::Write::write_all(socket.0.get_mut(), &said).unwrap();
    for _ in 0..500 {
        assert_eq!(socket.pong(), "!");
    }
    // Closing twice is closing.
    let twice = socket::masked(0x88, b"\x03\xe8").repeat(2);
    std::io::Write::write_all(socket.0.get_mut(), &twice).unwrap();
    socket.end();
    scene.is_well();
    scene.has_stood();
}

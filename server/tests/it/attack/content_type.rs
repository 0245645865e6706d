//! What a body is said to be: a foreign page may send some types without asking, and none of them makes a change.

use super::case::{Case, Rule, attack, head};

const TYPES: &[&str] = &[
    "text/plain",
    "text/plain;charset=UTF-8",
    "text/plain; application/json",
    "text/plain, application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=application/json",
    "",
    "*/*",
    "json",
    "text/json",
    "application/*",
    "application/json5",
    "application/jsonp",
    "application/x-json",
    "application/ld+json",
    "application/x-ndjson",
    "application/octet-stream",
    "application/json/x",
    "application /json",
    "\"application/json\"",
    "application/json, text/plain",
    "application/json, application/json",
    "application/json text/plain",
    "application/json; charset=latin1",
    "application/json; charset=utf-16",
    "application/json; charset=utf-7",
    "application/json; charset=",
    "application/json; charset=utf-8, text/plain",
    "application/json; charset=utf-8; charset=utf-16",
    "application/json\nContent-Type: text/plain",
    "text/plain\nContent-Type: application/json",
    "application/json\nContent-Type: application/json",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for content_type in TYPES {
        let request = head("POST /sessions/PID/kill");
        let lines = format!("Content-Type: {content_type}\nContent-Length: 2\n\n{{}}");
        cases.push(attack(Rule::Type, request + &lines).gets(415, "not_json"));
    }
    let form = head("POST /sessions/cleanup") + "Content-Length: 7\n\ndryRun=";
    cases.push(attack(Rule::Type, form).gets(415, "not_json"));
    let chunked = head("POST /sessions/PID/kill") + "Transfer-Encoding: chunked\n\n2\n{}\n0\n\n";
    cases.push(attack(Rule::Type, chunked).gets(415, "not_json"));
    let soft = head("POST /sessions/PID/kill?soft=1") + "Content-Type: text/plain\n\n";
    cases.push(attack(Rule::Type, soft).gets(200, "not_json"));
    cases
}

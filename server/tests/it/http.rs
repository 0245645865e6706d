//! What is checked before a request is carried out, row by row, and what every answer carries.

use std::num::NonZeroU32;

use crate::client::{Server, check, get, post, post_json};

/// A pid that no process has here: the kernel gives out smaller ones first.
const NOBODY: &str = "4194304";

#[test]
fn a_path_answers_its_own_method_only() {
    let server = Server::start();
    for (method, path, allow) in [
        ("POST", "/", "GET"),
        ("POST", "/health", "GET"),
        ("DELETE", "/sessions", "GET, POST"),
        ("OPTIONS", "/sessions", "GET, POST"),
        ("get", "/sessions", "GET, POST"),
        ("POST", "/sessions/7/context", "GET"),
        ("GET", "/sessions/7/kill", "POST"),
        ("PUT", "/sessions/resume", "POST"),
        ("GET", "/sessions/cleanup", "POST"),
    ] {
        let request = format!("{method} {path} HTTP/1.1\nHost: 127.0.0.1:PORT\n\n");
        let answer = check(&server, &request, 405, "bad_method");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    // A HEAD is refused as well, and its answer has no body.
    let mut connection = server.connect();
    connection.send(&format!(
        "HEAD /health HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
        server.port
    ));
    connection.finish_sending();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut connection.0, &mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 405"), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn what_is_not_there_is_said() {
    let server = Server::start();
    for path in [
        "/nothing",
        "/sessions/",
        "/sessions/7",
        "/../x",
        "//",
        "/sessions/7/kill/x",
        "/Health",
        "/%2e",
    ] {
        check(&server, &get(path, ""), 404, "not_found");
    }
    check(
        &server,
        "OPTIONS * HTTP/1.1\nHost: 127.0.0.1:PORT\n\n",
        404,
        "not_found",
    );
    for pid in [
        "0",
        "-1",
        "+1",
        "abc",
        "..",
        "1.5",
        "4194305",
        "99999999999999999999",
        "%31",
        "",
    ] {
        check(
            &server,
            &get(&format!("/sessions/{pid}/context"), ""),
            400,
            "bad_pid",
        );
        check(
            &server,
            &post_json(&format!("/sessions/{pid}/kill"), "{}"),
            400,
            "bad_pid",
        );
    }
    for query in [
        "scope=all",
        "scope=recent&days=0",
        "scope=recent&days=x",
        "scope=recent&days=3651",
    ] {
        check(
            &server,
            &get(&format!("/sessions?{query}"), ""),
            400,
            "bad_request",
        );
    }
}

#[test]
fn a_body_is_json_and_small() {
    let server = Server::start();
    let kill = format!("/sessions/{NOBODY}/kill");
    // The body has passed every check where the pid decides.
    let fine = |request: String| check(&server, &request, 403, "not_a_session");
    fine(post_json(&kill, "{}"));
    fine(post_json(&kill, " {\"graceMs\":5} "));
    fine(post(&kill, "application/json; charset=utf-8", "{}"));
    fine(post(&kill, "Application/JSON;charset=\"UTF-8\"", "{}"));
    fine(format!("POST {kill} HTTP/1.1\nHost: 127.0.0.1:PORT\n\n"));
    fine(format!(
        "POST {kill} HTTP/1.1\nHost: 127.0.0.1:PORT\nContent-Length: 0\n\n"
    ));
    let padded = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
    fine(post_json(&kill, &padded(4096)));
    fine(format!(
        "POST {kill} HTTP/1.1\nHost: 127.0.0.1:PORT\nContent-Type: application/json\n\
         Transfer-Encoding: chunked\n\n1\n{{\n1\n}}\n0\n\n"
    ));

    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json5",
        "application/json; charset=latin1",
        "",
    ] {
        for path in [&*kill, "/sessions/resume", "/sessions/cleanup"] {
            check(&server, &post(path, content_type, "{}"), 415, "not_json");
        }
    }
    let untyped = format!("POST {kill} HTTP/1.1\nHost: 127.0.0.1:PORT\nContent-Length: 2\n\n{{}}");
    check(&server, &untyped, 415, "not_json");
    let twice = post(&kill, "application/json\nContent-Type: text/plain", "{}");
    check(&server, &twice, 415, "not_json");

    for path in [&*kill, "/sessions/resume", "/sessions/cleanup"] {
        for length in [4097, 5 * 1024, 300 * 1024] {
            check(&server, &post_json(path, &padded(length)), 413, "too_large");
        }
        for body in [
            "", "{", "{}x", "[]", "null", "\"{}\"", "7", "[{}]", "{'a':1}",
        ] {
            check(&server, &post_json(path, body), 400, "bad_request");
        }
    }
    let endless = format!(
        "POST {kill} HTTP/1.1\nHost: 127.0.0.1:PORT\nContent-Type: application/json\n\
         Content-Length: 99999999999\n\n{{"
    );
    check(&server, &endless, 413, "too_large");
    let chunks = format!("1000\n{}\n", " ".repeat(4096)).repeat(2);
    let chunked = format!(
        "POST {kill} HTTP/1.1\nHost: 127.0.0.1:PORT\nContent-Type: application/json\n\
         Transfer-Encoding: chunked\n\n{chunks}0\n\n"
    );
    check(&server, &chunked, 413, "too_large");
}

#[test]
fn each_field_is_checked() {
    let server = Server::start();
    let kill = format!("/sessions/{NOBODY}/kill");
    for body in [
        r#"{"key":7}"#,
        r#"{"key":"7"}"#,
        r#"{"key":"0:1"}"#,
        r#"{"graceMs":-1}"#,
        r#"{"graceMs":60001}"#,
        r#"{"graceMs":"5"}"#,
        r#"{"graceMs":1.5}"#,
        r#"{"grace":5}"#,
        r#"{"graceMs":1,"graceMs":2}"#,
    ] {
        check(&server, &post_json(&kill, body), 400, "bad_request");
    }
    for body in [
        r#"{"dryRun":1}"#,
        r#"{"dryRun":"true"}"#,
        r#"{"dryrun":true}"#,
    ] {
        check(
            &server,
            &post_json("/sessions/cleanup", body),
            400,
            "bad_request",
        );
    }
    let resume = |body: &str, status, code| {
        check(&server, &post_json("/sessions/resume", body), status, code);
    };
    for id in [
        "7",
        "null",
        r#""""#,
        r#""../../etc""#,
        r#""zzzzzzzz""#,
        r#""1234567""#,
        r#""12345678/../x""#,
    ] {
        resume(&format!(r#"{{"sessionId":{id}}}"#), 400, "bad_session_id");
    }
    resume("{}", 400, "bad_session_id");
    resume(r#"{"sessionId":"12345678","cwd":7}"#, 400, "bad_cwd");
    resume(r#"{"sessionId":"12345678","other":7}"#, 400, "bad_request");
    resume(
        r#"{"sessionId":"12345678","cwd":"/","user":"x"}"#,
        404,
        "no_conversation",
    );
}

#[test]
fn soft_puts_every_error_under_200() {
    let server = Server::start();
    check(&server, &get("/nothing?soft=1", ""), 200, "not_found");
    check(
        &server,
        &get("/sessions/0/context?soft=1", ""),
        200,
        "bad_pid",
    );
    check(
        &server,
        &get("/sessions?scope=x&soft=1", ""),
        200,
        "bad_request",
    );
    check(
        &server,
        &get("/sessions/7/kill?soft=1", ""),
        200,
        "bad_method",
    );
    check(
        &server,
        &get("/health?soft=1", "Origin: null\n"),
        200,
        "bad_origin",
    );
    let kill = format!("/sessions/{NOBODY}/kill?soft=1");
    check(&server, &post_json(&kill, "{}"), 200, "not_a_session");
    check(&server, &post_json(&kill, "["), 200, "bad_request");
    check(&server, &post(&kill, "text/plain", ""), 200, "not_json");
    check(
        &server,
        &post_json(&kill, &" ".repeat(5000)),
        200,
        "too_large",
    );
    check(&server, &get("/nothing?soft=2", ""), 404, "not_found");
}

#[test]
fn the_verbs_answer() {
    let server = Server::start();
    let health = check(&server, &get("/health", ""), 200, "-").json();
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    // Homes of sessions that run on this machine may follow.
    assert_eq!(health["homes"][0], serde_json::json!(server.home()));
    assert!(
        check(&server, &get("/sessions", ""), 200, "-")
            .json()
            .is_array()
    );
    let recent = check(&server, &get("/sessions?scope=recent&days=7", ""), 200, "-").json();
    assert!(recent["sessions"].is_array());
    let context = format!("/sessions/{NOBODY}/context");
    check(&server, &get(&context, ""), 404, "no_session");
    let cleanup = check(
        &server,
        &post_json("/sessions/cleanup", r#"{"dryRun":true}"#),
        200,
        "-",
    );
    assert_eq!(cleanup.json()["ok"], true);
}

#[test]
fn every_answer_says_how_it_may_be_used() {
    let server = Server::start();
    let common = |path: &str| {
        let answer = server.ask(&get(path, ""));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        answer
    };
    for path in ["/health", "/sessions", "/nothing", "/sessions/0/context"] {
        assert_eq!(
            common(path).header("content-type"),
            Some("application/json")
        );
    }
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/index.js", "text/javascript; charset=utf-8"),
        ("/standalone.js", "text/javascript; charset=utf-8"),
        ("/standalone.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = common(path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        expect_test::expect![[r#"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"#]]
            .assert_eq(answer.header("content-security-policy").unwrap());
    }
}

#[test]
fn only_so_many_actions_pass_at_once() {
    let server = Server::configured(|config| {
        config.actions_per_second = NonZeroU32::new(1).unwrap();
    });
    let kill = post_json("/sessions/4194304/kill", "{}");
    let dry = post_json("/sessions/cleanup", r#"{"dryRun":true}"#);
    // What changes nothing, or is refused for its form, takes no permit.
    for _ in 0..20 {
        assert_eq!(server.ask(&dry).status, 200);
        let malformed = post_json("/sessions/4194304/kill", r#"{"x":1}"#);
        assert_eq!(server.ask(&malformed).status, 400);
    }
    for _ in 0..3 {
        assert_eq!(server.ask(&kill).verdict().1, "not_a_session");
    }
    // One permit a second comes back, and this asks faster than that.
    let mut answers = (0..10_000).map(|_| server.ask(&kill));
    let refused = answers.find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.verdict().1, "too_many");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(server.ask(&dry).status, 200);
    server.is_well();
}

#[test]
fn a_selection_counts_for_as_many_actions_as_it_names() {
    for path in ["/sessions/act", "/orphans/reap"] {
        let server = Server::configured(|config| {
            config.actions_per_second = NonZeroU32::new(1).unwrap();
        });
        let keys: Vec<_> = (1..=200).map(|ticks| format!("4194304:{ticks}")).collect();
        let mut body = serde_json::json!({ "keys": keys });
        if path == "/sessions/act" {
            body["act"] = "kill".into();
        }
        let selection = post_json(path, &body.to_string());
        assert_eq!(server.ask(&selection).status, 200, "{path}");
        let refused = server.ask(&selection);
        assert_eq!(refused.status, 429, "{path}");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((150..=199).contains(&wait), "{wait}");
    }
}

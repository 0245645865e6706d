use super::*;

#[test]
fn each_call_has_its_route_and_body() {
    let key: ProcessKey = "42:900".parse().unwrap();
    let id: SessionId = "aaaaaaaa-1".parse().unwrap();
    let check = |call: Call, line: &str, body: Option<&str>| {
        let route = call.route();
        assert_eq!(
            format!("{} {}", route.method().as_str(), route.soft_path()),
            line
        );
        assert_eq!(call.body().as_deref(), body, "{line}");
    };
    check(Call::Health, "GET /health?soft=1", None);
    check(Call::Live(3), "GET /sessions?soft=1", None);
    check(
        Call::Recent { number: 1, days: 7 },
        "GET /sessions?scope=recent&days=7&soft=1",
        None,
    );
    check(Call::Context(key), "GET /sessions/42/context?soft=1", None);
    check(Call::Why(key), "GET /sessions/42/why?soft=1", None);
    let kill = |tree| Call::Kill { key, tree };
    check(
        kill(true),
        "POST /sessions/42/kill?soft=1",
        Some(r#"{"key":"42:900"}"#),
    );
    check(
        kill(false),
        "POST /sessions/42/kill?soft=1",
        Some(r#"{"key":"42:900","tree":false}"#),
    );
    check(Call::Tree(key), "GET /sessions/42/tree?soft=1", None);
    check(
        Call::Continue(key),
        "POST /sessions/42/continue?soft=1",
        Some(r#"{"key":"42:900"}"#),
    );
    check(
        Call::Act(Act::Pause, vec![key]),
        "POST /sessions/act?soft=1",
        Some(r#"{"act":"pause","keys":["42:900"]}"#),
    );
    check(
        Call::Reap(vec![key]),
        "POST /orphans/reap?soft=1",
        Some(r#"{"keys":["42:900"]}"#),
    );
    check(
        Call::Audit { before: Some(7) },
        "GET /audit?limit=50&before=7&soft=1",
        None,
    );
    let resume = |fork| Call::Resume {
        id: id.clone(),
        fork,
    };
    check(
        resume(false),
        "POST /sessions/resume?soft=1",
        Some(r#"{"sessionId":"aaaaaaaa-1"}"#),
    );
    check(
        resume(true),
        "POST /sessions/resume?soft=1",
        Some(r#"{"sessionId":"aaaaaaaa-1","fork":true}"#),
    );
    let output = |after, back| Call::Output {
        id: id.clone(),
        since: Since {
            after,
            follow: false,
            back,
        },
    };
    check(
        output(7, None),
        "GET /sessions/aaaaaaaa-1/output?follow=0&after=7&soft=1",
        None,
    );
    let back = Page {
        limit: 200,
        before: Some(7),
    };
    check(
        output(0, Some(back)),
        "GET /sessions/aaaaaaaa-1/output?limit=200&before=7&soft=1",
        None,
    );
    let drive = |drive| Call::Drive {
        id: id.clone(),
        drive,
    };
    let say = Drive::Say {
        uuid: "u".to_owned(),
        text: "go".to_owned(),
    };
    check(
        drive(say),
        "POST /sessions/aaaaaaaa-1/message?soft=1",
        Some(r#"{"text":"go","uuid":"u"}"#),
    );
    check(
        Call::Screen {
            id: id.clone(),
            above: 1000,
        },
        "GET /sessions/aaaaaaaa-1/screen?scrollback=1000&soft=1",
        None,
    );
    let request = KeysRequest {
        text: Some("go".to_owned()),
        keys: vec!["enter".parse().unwrap()],
    };
    check(
        Call::Keys {
            id: id.clone(),
            request,
        },
        "POST /sessions/aaaaaaaa-1/keys?soft=1",
        Some(r#"{"text":"go","keys":["enter"]}"#),
    );
    check(
        Call::Resize {
            id: id.clone(),
            columns: 80,
            rows: 24,
        },
        "POST /sessions/aaaaaaaa-1/resize?soft=1",
        Some(r#"{"columns":80,"rows":24}"#),
    );
    check(
        drive(Drive::Interrupt),
        "POST /sessions/aaaaaaaa-1/interrupt?soft=1",
        Some("{}"),
    );
    check(
        drive(Drive::End),
        "POST /sessions/aaaaaaaa-1/cancel?soft=1",
        Some("{}"),
    );
    check(
        drive(Drive::PermissionMode("plan".to_owned())),
        "POST /sessions/aaaaaaaa-1/permission-mode?soft=1",
        Some(r#"{"permissionMode":"plan"}"#),
    );
    check(
        Call::Plan,
        "POST /sessions/cleanup?soft=1",
        Some(r#"{"dryRun":true}"#),
    );
    check(
        Call::Clean,
        "POST /sessions/cleanup?soft=1",
        Some(r#"{"dryRun":false}"#),
    );
}

//! What comes in from outside: request lines, identifiers and bodies, made up and damaged.

#![expect(clippy::unwrap_used, reason = "a test ends where its premise fails")]

use std::{fs, path::Path};

use proptest::{collection::vec, prelude::*, sample::select};

#[path = "../../fuzz/invariants/routes.rs"]
mod routes;

/// Every golden file: what each body and answer looks like.
fn golden() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(directory).unwrap();
    let mut bodies: Vec<String> = files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    bodies.sort();
    bodies
}

fn method() -> impl Strategy<Value = &'static str> {
    select(vec!["GET", "POST", "OPTIONS", "PUT", "get", ""])
}

/// Parts of a target that is a route's, nearly one, or none.
fn part() -> impl Strategy<Value = String> {
    let words = "sessions,orphans,audit,reap,resume,cleanup,act,health,ws,ws-ticket,events,index.js,\
                 context,why,tree,kill,interrupt,pause,continue,7,0,4194304,4194305,+7,07,..,%2e,";
    prop_oneof![
        9 => select(words.split(',').map(str::to_owned).collect::<Vec<_>>()),
        1 => ".{0,4}",
    ]
}

fn parameter() -> impl Strategy<Value = String> {
    let names = "scope,days,limit,before,soft,";
    let values = "recent,live,1,0,7,3650,3651,1000,1001,-1,18446744073709551616,";
    let words = |list: &str| select(list.split(',').map(str::to_owned).collect::<Vec<_>>());
    (words(names), words(values)).prop_map(|(name, value)| format!("{name}={value}"))
}

proptest! {
    #[test]
    fn any_request_line_leads_to_a_route_or_a_reason(
        method in method(),
        parts in vec(part(), 0..4),
        query in vec(parameter(), 0..4),
    ) {
        let target = format!("/{}?{}", parts.join("/"), query.join("&"));
        routes::check(format!("{method} {target}").as_bytes());
        routes::check(format!("{method} {}", parts.join("/")).as_bytes());
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200), text in ".{0,80}") {
        routes::check(&bytes);
        routes::check(text.as_bytes());
    }

    #[test]
    fn any_damage_to_a_body_is_noticed_or_means_what_it_says(
        body in select(golden()),
        at in any::<usize>(),
        length in 0..20_usize,
        with in r#"["{}:,0-9a-z]{0,6}"#,
    ) {
        let mut damaged = body.into_bytes();
        let at = at % damaged.len();
        let end = damaged.len().min(at + length);
        damaged.splice(at..end, with.bytes());
        routes::check(&[b"POST /sessions/7/kill\n", &damaged[..]].concat());
    }

    #[test]
    fn no_part_of_a_body_is_one(body in select(golden()), cut in any::<usize>()) {
        let whole = body.trim_end();
        // A list of words is one value as well; what begins with a bracket ends with one.
        let part: String = whole.chars().take(cut % whole.chars().count()).collect();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&part).is_err());
    }

    #[test]
    fn an_id_that_is_read_is_written_as_it_was(text in "[-0-9a-f:+. ]{0,70}") {
        routes::check(format!("GET /sessions/{text}/why\n{text}").as_bytes());
    }
}

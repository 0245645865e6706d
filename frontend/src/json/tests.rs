use std::{fmt::Debug, fs, path::Path};

use serde::de::DeserializeOwned;
use wire::{
    Ask, CleanupReport, Code, Context, ErrorBody, Health, Killed, RecentList, Resumed, Rule,
    Session, SessionId, State, Why,
};

use super::*;

/// The files that say what is on the wire are read as a general reader reads them.
fn check<T: DeserializeOwned + PartialEq + Debug>(files: &[&str]) {
    for name in files {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/tests/golden");
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let expected: T = serde_json::from_str(&text).unwrap();
        assert_eq!(read::<T>(&text).as_ref(), Some(&expected), "{name}");
        // A part of it is nothing.
        for length in (0..text.trim_end().len()).filter(|at| text.is_char_boundary(*at)) {
            let part = text.get(..length).unwrap();
            assert_eq!(read::<T>(part), None, "{name} {length}");
        }
    }
}

#[test]
fn everything_on_the_wire_is_read() {
    check::<Session>(&["session.json", "session-bare.json"]);
    check::<Context>(&["context.json", "context-note.json"]);
    check::<CleanupReport>(&["cleanup-report.json"]);
    check::<ErrorBody>(&["error.json", "error-fault.json", "error-live.json"]);
    check::<Health>(&["health.json", "health-degraded.json"]);
    check::<Killed>(&["killed.json", "killed-still-running.json"]);
    check::<Resumed>(&["resumed.json", "resumed-note.json"]);
    check::<RecentList>(&["recent.json"]);
    check::<Why>(&["why.json"]);
    check::<Vec<Ask>>(&["asks.json"]);
    check::<Vec<State>>(&["states.json"]);
    check::<Vec<Rule>>(&["rules.json"]);
    check::<Vec<Code>>(&["codes.json"]);
}

fn same<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
    let expected: Option<T> = serde_json::from_str(text).ok();
    assert_eq!(read::<T>(text), expected, "{text}");
}

#[test]
fn strings_are_read_as_they_were_written() {
    for text in [
        r#""""#,
        r#""plain å 語""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0041\u00e5\u001b[31m""#,
        r#""\ud83d\ude00 and 😀""#,
        r#""\x""#,
        r#""\u12""#,
        r#""\"#,
        "\"open",
        "7",
        "null",
    ] {
        same::<String>(text);
    }
    // A browser writes half a pair like this; a general reader gives up.
    for text in [r#""a\ud83db""#, r#""a\ude00b""#] {
        assert_eq!(read::<String>(text).as_deref(), Some("a�b"));
    }
    assert_eq!(read::<String>(r#""\ud83d\u0041""#).as_deref(), Some("�A"));
}

#[test]
fn what_is_not_asked_for_is_passed_over() {
    let known = r#""code":"live","error":"x","ok":false"#;
    for more in [
        "null",
        "-1.5e-3",
        "[]",
        "{}",
        r#"[1,{"a":[true,false,null,"]}"]}]"#,
        r#"{"\"":"\\"}"#,
    ] {
        let text = format!(r#" {{ "more" : {more} , {known} }} "#);
        same::<ErrorBody>(&text);
        assert!(read::<ErrorBody>(&text).is_some(), "{text}");
    }
    for broken in ["", "[1,]", "{1:2}", "[1 2]", "nul", "}"] {
        let text = format!(r#"{{"more":{broken},{known}}}"#);
        assert_eq!(read::<ErrorBody>(&text), None, "{text}");
    }
    let deep = format!(
        r#"{{"more":{}{},{known}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(read::<ErrorBody>(&deep), None);
}

#[test]
fn numbers_and_words_must_fit() {
    for text in [
        "0",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1.5",
        "1e3",
        "true",
        "\"1\"",
    ] {
        same::<u64>(text);
        same::<u32>(text);
    }
    for text in ["true", "false", "tru", "1", "true false"] {
        same::<bool>(text);
    }
    for text in ["\"idle\"", "\"dreaming\"", "7", "{}", "null"] {
        same::<State>(text);
    }
    for text in ["\"aaaaaaaa-1\"", "\"../..\"", "7", "null"] {
        same::<Option<SessionId>>(text);
    }
    for text in ["[]", "[1,2]", "[1,2", "[,1]", "[1,]", "{}"] {
        same::<Vec<u64>>(text);
    }
}

//! Requests: a route is reached by its own method and path alone, and a body that is accepted says what it seems to say. The
//! first line is a method and a target, as in HTTP; what follows is the body.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use wire::{Method, ProcessKey, Reject, Route, SessionId};

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let (method, target) = head.split_once(' ').unwrap_or(("GET", head));
    leads_there(method, target);
    means_one_thing(target.split('/').nth(2).unwrap_or_default());
    means_one_thing(body);
    reads_back::<wire::KillRequest>(body);
    reads_back::<wire::SignalRequest>(body);
    reads_back::<wire::BulkRequest>(body);
    reads_back::<wire::ResumeRequest>(body);
    reads_back::<wire::CleanupRequest>(body);
    reads_back::<wire::ReapRequest>(body);
    reads_back::<wire::Said>(body);
    // What the page reads.
    reads_back::<Vec<wire::Session>>(body);
    reads_back::<wire::Frame>(body);
    reads_back::<wire::RecentList>(body);
    reads_back::<wire::Context>(body);
    reads_back::<wire::Why>(body);
    reads_back::<wire::Tree>(body);
    reads_back::<wire::Killed>(body);
    reads_back::<wire::Signalled>(body);
    reads_back::<wire::BulkReport>(body);
    reads_back::<wire::Resumed>(body);
    reads_back::<wire::CleanupReport>(body);
    reads_back::<wire::Orphans>(body);
    reads_back::<wire::Reaped>(body);
    reads_back::<wire::Audit>(body);
    reads_back::<wire::Ticket>(body);
    reads_back::<wire::Health>(body);
    reads_back::<wire::ErrorBody>(body);
}

fn leads_there(method: &str, target: &str) {
    match Route::parse(method, target) {
        Ok(route) => {
            assert_eq!(method, route.method().as_str());
            for path in [route.path(), route.soft_path()] {
                assert_eq!(Route::parse(method, &path), Ok(route.clone()), "{path}");
                assert!(path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic()));
            }
            assert!(Route::is_soft(&route.soft_path()) && !Route::is_soft(&route.path()));
            // An error is softened wherever it comes from, so a further parameter leads nowhere else.
            let joint = if target.contains('?') { '&' } else { '?' };
            let further = format!("{target}{joint}soft=1");
            assert_eq!(Route::parse(method, &further), Ok(route));
        }
        Err(Reject::BadMethod { allow }) => {
            assert!(!allow.is_empty());
            for allow in allow {
                assert_ne!(method, allow.as_str());
                match Route::parse(allow.as_str(), target) {
                    Ok(route) => assert_eq!(route.method(), *allow),
                    Err(Reject::BadQuery(_)) => {}
                    Err(other) => panic!("{other:?} by the method that is allowed"),
                }
            }
        }
        // Only a method that is in use finds out what is wrong with the query.
        Err(Reject::BadQuery(sentence)) => {
            assert!(Method::parse(method).is_some() && !sentence.is_empty());
        }
        Err(
            reject @ (Reject::NotFound | Reject::BadPid | Reject::BadWho | Reject::BadRequestId),
        ) => {
            for method in ["GET", "POST", "OPTIONS"] {
                let rejected = Route::parse(method, target);
                assert_eq!(rejected, Err(reject), "{method}");
            }
        }
    }
}

/// An identifier that is read is written as it was, up to leading zeros of a number.
fn means_one_thing(text: &str) {
    if let Ok(id) = text.parse::<SessionId>() {
        assert_eq!(id.as_str(), text);
        let plain = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        assert!(plain && (8..=64).contains(&text.len()) && !text.starts_with('-'));
    }
    if let Ok(key) = text.parse::<ProcessKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!(text.bytes().all(|b| b.is_ascii_digit() || b == b':'));
    }
}

fn reads_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(body: &str) {
    if let Ok(value) = serde_json::from_str::<T>(body) {
        let written = serde_json::to_string(&value).unwrap();
        let read = serde_json::from_str::<T>(&written);
        assert_eq!(read.ok().as_ref(), Some(&value), "{written}");
    }
}

//! Registry files: a record is what the file says and never more, and no part of a file is a record.

use serde_json::{Map, Value};
use session_core::registry::{PidDomain, ProcStart, Record, Unreadable};

pub(crate) fn check(bytes: &[u8]) {
    let fields: Option<Map<String, Value>> = serde_json::from_slice(bytes).ok();
    let claimed = fields.as_ref().and_then(|fields| fields.get("pid"));
    let pid = claimed
        .and_then(Value::as_u64)
        .and_then(|pid| u32::try_from(pid).ok())
        .unwrap_or(17_723);
    let read = Record::parse(pid, bytes);
    if let Some(fields) = &fields {
        match &read {
            Ok(record) => says_the_same(record, fields),
            Err(why) => {
                assert_eq!(*why, Unreadable::OtherPid);
                assert!(claimed.is_some_and(|claimed| claimed.as_u64() != Some(pid.into())));
            }
        }
        // Whoever finds it under another name is not misled.
        let other = Record::parse(pid ^ 1, bytes);
        match claimed {
            Some(_) => assert_eq!(other, Err(Unreadable::OtherPid)),
            None => assert_eq!(other.unwrap().pid, pid ^ 1),
        }
    }
    if let Ok(record) = &read {
        is_sound(record, pid);
        let whole = bytes.trim_ascii();
        // Each place where a short file may be torn, and some of a long one.
        for cut in (0..whole.len()).step_by(1 + whole.len() / 256) {
            assert!(Record::parse(pid, &whole[..cut]).is_err(), "cut at {cut}");
        }
        let more = [b" \n", bytes, b"\r\n\t"].concat();
        assert_eq!(Record::parse(pid, &more).as_ref(), Ok(record));
    }
}

/// What no file may bring about, whatever is in it.
fn is_sound(record: &Record, pid: u32) {
    assert_eq!(record.pid, pid);
    if let Some(id) = &record.session_id {
        let id = id.as_str();
        let plain = id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        assert!(plain && (8..=64).contains(&id.len()) && !id.starts_with('-'));
    }
    assert!(record.cwd.as_ref().is_none_or(|cwd| cwd.starts_with('/')));
    assert!(record.updated_at >= record.status_updated_at);
    assert!(!record.is_in(""));
    let foreign = PidDomain::new("no such machine", "pid:[0]");
    assert_eq!(
        record.is_of(&foreign),
        record.domain.is_none() || record.domain.as_ref() == Some(&foreign)
    );
    if let Some(domain) = &record.domain {
        assert!(record.is_of(domain));
    }
}

fn says_the_same(record: &Record, fields: &Map<String, Value>) {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let number = |name: &str| fields.get(name).and_then(Value::as_u64);
    for (read, name) in [
        (&record.version, "version"),
        (&record.kind, "kind"),
        (&record.entrypoint, "entrypoint"),
        (&record.name, "name"),
        (&record.tmux, "tmux"),
        (&record.status, "status"),
        (&record.waiting_for, "waitingFor"),
    ] {
        assert_eq!(read.as_deref(), text(name), "{name}");
    }
    assert_eq!(record.started_at.map(|at| at.0), number("startedAt"));
    assert_eq!(
        record.status_updated_at.map(|at| at.0),
        number("statusUpdatedAt")
    );
    if let Some(id) = &record.session_id {
        assert_eq!(Some(id.as_str()), text("sessionId"));
    }
    if let Some(cwd) = &record.cwd {
        assert_eq!(Some(cwd.as_str()), text("cwd"));
    }
    match record.proc_start {
        ProcStart::Ticks(ticks) => assert!(
            number("procStart") == Some(ticks)
                || text("procStart").and_then(|text| text.parse().ok()) == Some(ticks)
        ),
        ProcStart::Unreadable => assert_eq!(number("procStart"), None),
    }
    assert_eq!(record.domain.is_some(), fields.contains_key("pidDomain"));
}

//! Claude Code's registry, `<config>/sessions/<pid>.json`: one file a live session, written on change only.
//!
//! Knows the file's fields (seen with 2.1.139 to 2.1.329). Does not know whether the process is there.

use serde_json::{Map, Value};

use crate::{
    id::{SessionId, UnixMillis},
    lenient,
};

/// What one registry file says. A field is `None` where the file has none, or none that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The pid in the writer's own pid namespace.
    pub pid: u32,
    pub session_id: Option<SessionId>,
    pub cwd: Option<String>,
    pub started_at: Option<UnixMillis>,
    pub proc_start: ProcStart,
    pub domain: Option<PidDomain>,
    pub version: Option<String>,
    pub kind: Option<String>,
    pub entrypoint: Option<String>,
    pub name: Option<String>,
    pub tmux: Option<String>,
    pub status: Option<String>,
    pub waiting_for: Option<String>,
    /// The latest of the file's own change times.
    pub updated_at: Option<UnixMillis>,
    pub status_updated_at: Option<UnixMillis>,
}

/// The identity that a record claims for its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcStart {
    /// Field 22 of `/proc/<pid>/stat`.
    Ticks(u64),
    /// Absent, or a form that can't be compared (`ps -o lstart` text); it proves nothing either way.
    Unreadable,
}

/// Whose pid numbers a record uses: `linux:<machine id>:pid:[<namespace inode>]`, the machine id empty
/// where the writer's `/etc/machine-id` can't be read (read in 2.1.329).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PidDomain(String);

impl PidDomain {
    /// `machine_id` is the trimmed content of `/etc/machine-id`, `namespace` the link `/proc/self/ns/pid`.
    pub fn new(machine_id: &str, namespace: &str) -> Self {
        Self(format!("linux:{machine_id}:{namespace}"))
    }
}

/// Why a registry file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Nothing was written yet.
    Empty,
    /// Half-written, or not a registry file.
    NotJson,
    /// The pid inside is not the pid in the name.
    OtherPid,
}

impl Record {
    /// Reads the content of `<pid>.json`.
    pub fn parse(pid: u32, bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Unreadable::Empty);
        }
        // Field by field: one that a later version writes in another form must not take the others along.
        let fields: Map<String, Value> = lenient::read(bytes).map_err(|_| Unreadable::NotJson)?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| fields.get(name).and_then(Value::as_u64);
        if fields.contains_key("pid") && number("pid") != Some(u64::from(pid)) {
            return Err(Unreadable::OtherPid);
        }
        let ticks = number("procStart").or_else(|| text("procStart")?.parse().ok());
        Ok(Self {
            pid,
            session_id: text("sessionId").as_deref().and_then(SessionId::parse),
            cwd: text("cwd").filter(|cwd| cwd.starts_with('/')),
            started_at: number("startedAt").map(UnixMillis),
            proc_start: ticks.map_or(ProcStart::Unreadable, ProcStart::Ticks),
            // In another form it says that the pid is of some namespace, not that it is of ours.
            domain: fields
                .get("pidDomain")
                .map(|domain| PidDomain(domain.as_str().unwrap_or_default().to_owned())),
            version: text("version"),
            kind: text("kind"),
            entrypoint: text("entrypoint"),
            name: text("name"),
            tmux: text("tmux"),
            status: text("status"),
            waiting_for: text("waitingFor"),
            updated_at: number("updatedAt")
                .max(number("statusUpdatedAt"))
                .map(UnixMillis),
            status_updated_at: number("statusUpdatedAt").map(UnixMillis),
        })
    }

    /// Whether the record's pid is one of ours. A record without a domain predates the field and is
    /// taken to be.
    pub fn is_of(&self, ours: &PidDomain) -> bool {
        self.domain.as_ref().is_none_or(|domain| domain == ours)
    }

    /// Whether the record's pid is one of the namespace behind `link`. A container has a machine id of its
    /// own or none, so the namespace alone is compared: its inode is unique while it exists.
    pub fn is_in(&self, link: &str) -> bool {
        let namespace = |domain: &PidDomain| {
            domain
                .0
                .strip_suffix(link)
                .is_some_and(|rest| rest.ends_with(':'))
        };
        !link.is_empty() && self.domain.as_ref().is_some_and(namespace)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WAITING: &[u8] = include_bytes!(
        "../testdata/registry/waiting-permission_prompt-interactive-cli-2.1.329.json"
    );

    #[test]
    fn a_captured_file_is_read_whole() {
        let record = Record::parse(17723, WAITING).unwrap();
        assert_eq!(
            record.session_id.unwrap().as_str(),
            "607b503a-f1d9-4125-9748-6f1933188683"
        );
        assert_eq!(record.proc_start, ProcStart::Ticks(137_388));
        assert_eq!(record.status.as_deref(), Some("waiting"));
        assert_eq!(record.waiting_for.as_deref(), Some("permission prompt"));
        assert_eq!(record.updated_at, Some(UnixMillis(1_795_225_772_394)));
        assert_eq!(
            record.domain,
            Some(PidDomain::new(
                "0123456789abcdef0123456789abcdef",
                "pid:[4026531836]"
            ))
        );
    }

    #[test]
    fn what_is_not_a_registry_file_says_nothing() {
        assert_eq!(Record::parse(1, b""), Err(Unreadable::Empty));
        assert_eq!(Record::parse(1, b" \n"), Err(Unreadable::Empty));
        assert_eq!(Record::parse(1, b"[]"), Err(Unreadable::NotJson));
        assert_eq!(
            Record::parse(1, b"{\"pid\":1,\"sess"),
            Err(Unreadable::NotJson)
        );
        assert_eq!(Record::parse(1, WAITING), Err(Unreadable::OtherPid));
    }

    #[test]
    fn a_start_that_can_not_be_compared_proves_nothing() {
        for text in [
            r#"{"procStart":"Sat Nov 21 03:52:23 2026"}"#,
            r#"{"procStart":null}"#,
            "{}",
        ] {
            assert_eq!(
                Record::parse(1, text.as_bytes()).unwrap().proc_start,
                ProcStart::Unreadable
            );
        }
        let record = Record::parse(1, br#"{"procStart":77}"#).unwrap();
        assert_eq!(record.proc_start, ProcStart::Ticks(77));
    }

    #[test]
    fn a_field_in_an_unknown_form_does_not_take_the_others_along() {
        let odd = br#"{"pid":7,"procStart":"50","sessionId":7,"status":{"is":"idle"},"name":"n"}"#;
        let record = Record::parse(7, odd).unwrap();
        assert_eq!(record.proc_start, ProcStart::Ticks(50));
        assert_eq!(record.name.as_deref(), Some("n"));
        assert_eq!((&record.session_id, &record.status), (&None, &None));
        let ours = PidDomain::new("machine", "pid:[1]");
        assert!(record.is_of(&ours));
        assert!(
            !Record::parse(7, br#"{"pidDomain":["x"]}"#)
                .unwrap()
                .is_of(&ours)
        );
        assert_eq!(
            Record::parse(7, br#"{"pid":"7"}"#),
            Err(Unreadable::OtherPid)
        );
    }

    #[test]
    fn a_name_that_was_cut_within_a_character_does_not_cost_the_record() {
        let cut = br#"{"pid":7,"name":"crab \ud83e","status":"busy","cwd":"/home/dev"}"#;
        let record = Record::parse(7, cut).unwrap();
        assert_eq!(record.name.as_deref(), Some("crab \u{fffd}"));
        assert_eq!(record.status.as_deref(), Some("busy"));
        assert_eq!(record.cwd.as_deref(), Some("/home/dev"));
        let other = Record::parse(8, cut);
        assert_eq!(other, Err(Unreadable::OtherPid));
        let bytes = b"{\"pid\":7,\"name\":\"\xff\",\"status\":\"busy\"}";
        assert_eq!(
            Record::parse(7, bytes).unwrap().status.as_deref(),
            Some("busy")
        );
    }

    #[test]
    fn another_namespace_is_not_ours() {
        let record = Record::parse(17723, WAITING).unwrap();
        let machine = "0123456789abcdef0123456789abcdef";
        assert!(record.is_of(&PidDomain::new(machine, "pid:[4026531836]")));
        assert!(!record.is_of(&PidDomain::new(machine, "pid:[4026532999]")));
        assert!(!record.is_of(&PidDomain::new("", "pid:[4026531836]")));
        assert!(record.is_in("pid:[4026531836]"));
        for other in ["pid:[4026532999]", "id:[4026531836]", ""] {
            assert!(!record.is_in(other), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let read = Record::parse(17723, &bytes);
            prop_assert!(read.is_err() || read.is_ok());
        }

        #[test]
        fn damage_to_a_captured_file_costs_the_record_or_fields_of_it(
            at in 0..WAITING.len(),
            length in 0..40_usize,
            bytes in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            let end = (at + length).min(WAITING.len());
            let damaged = [&WAITING[..at], &bytes, &WAITING[end..]].concat();
            if let Ok(record) = Record::parse(17723, &damaged) {
                let whole = String::from_utf8_lossy(&damaged).into_owned();
                prop_assert_eq!(record.pid, 17723);
                prop_assert!(record.cwd.is_none_or(|cwd| cwd.starts_with('/')));
                prop_assert!(record.session_id.is_none_or(|id| whole.contains(id.as_str())));
            }
        }

        #[test]
        fn no_prefix_invents_a_record(cut in 0..WAITING.len() - 2) {
            prop_assert!(Record::parse(17723, &WAITING[..cut]).is_err());
        }
    }
}

//! One line of the log, written and read back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use session_core::id::UnixMillis;
use wire::{AuditEntry, AuditTarget, Caller, Verb};

use super::{Deed, Outcome};

/// An action leaves two of these: what is missing of one tells when the server ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Line {
    Begun(Begun),
    Ended(Ended),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Begun {
    #[serde(with = "number")]
    pub(super) id: u64,
    at: u64,
    pub(super) verb: Verb,
    by: Caller,
    target: Option<AuditTarget>,
    plan: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    #[serde(with = "number")]
    pub(super) id: u64,
    at: u64,
    outcome: String,
    detail: Option<String>,
    took_ms: u64,
}

/// A longer text is cut; a path may be that long.
const MAX_CHARS: usize = 4096;

impl Line {
    /// Returns the line with its newline.
    pub(super) fn render(&self) -> String {
        let mut line = serde_json::to_string(self).expect("texts and numbers can be written");
        line.push('\n');
        line
    }

    /// Reads a line, `None` where it is damaged or of a kind that is not known here.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

impl Begun {
    /// As yet without its number.
    pub(super) fn new(deed: Deed, plan: Option<String>, at: UnixMillis) -> Self {
        let target = deed.target.map(|target| AuditTarget {
            cwd: target.cwd.map(cut),
            ..target
        });
        Self {
            id: 0,
            at: at.0,
            verb: deed.verb,
            by: deed.by,
            target,
            plan: plan.map(cut),
        }
    }

    pub(super) fn numbered(self, id: u64) -> Self {
        Self { id, ..self }
    }

    /// The entry of this action, whose end is `None` where none was written.
    pub(super) fn entry(self, ended: Option<Ended>) -> AuditEntry {
        let (outcome, detail, took_ms) = match ended {
            Some(ended) => (Some(ended.outcome), ended.detail, Some(ended.took_ms)),
            None => (None, None, None),
        };
        AuditEntry {
            id: self.id.to_string(),
            at: self.at,
            verb: self.verb,
            by: self.by,
            target: self.target,
            plan: self.plan,
            outcome,
            detail,
            took_ms,
        }
    }
}

impl Ended {
    pub(super) fn new(id: u64, outcome: &Outcome, at: UnixMillis, took: Duration) -> Self {
        Self {
            id,
            at: at.0,
            outcome: outcome.word.clone(),
            detail: outcome.detail.clone().map(cut),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text,
    }
}

/// Decimal text: the number is greater than what JavaScript can count.
mod number {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands a reference over"
    )]
    pub(super) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use wire::Face;

    use super::*;

    pub(in crate::audit) fn deed() -> Deed {
        Deed {
            verb: Verb::Kill,
            by: Caller {
                uid: Some(1000),
                face: Face::Http,
            },
            target: Some(AuditTarget {
                key: Some("7:9".parse().unwrap()),
                session_id: Some("086ce0db".parse().unwrap()),
                cwd: Some("/srv/\"x\"\n".to_owned()),
            }),
        }
    }

    pub(in crate::audit) fn begun(id: u64) -> Line {
        let plan = Some("7 processes".to_owned());
        Line::Begun(Begun::new(deed(), plan, UnixMillis(5)).numbered(id))
    }

    pub(in crate::audit) fn ended(id: u64) -> Line {
        let outcome = Outcome {
            word: "exited".to_owned(),
            detail: None,
        };
        let took = Duration::from_millis(12);
        Line::Ended(Ended::new(id, &outcome, UnixMillis(17), took))
    }

    #[test]
    fn a_line_is_one_line_and_is_read_back() {
        let begun = begun(18_446_744_073_709_551_615);
        expect_test::expect![[r#"
            {"event":"begun","id":"18446744073709551615","at":5,"verb":"kill","by":{"uid":1000,"face":"http"},"target":{"key":"7:9","sessionId":"086ce0db","cwd":"/srv/\"x\"\n"},"plan":"7 processes"}
        "#]]
        .assert_eq(&begun.render());
        let ended = ended(3);
        expect_test::expect![[r#"
            {"event":"ended","id":"3","at":17,"outcome":"exited","detail":null,"tookMs":12}
        "#]]
        .assert_eq(&ended.render());
        for line in [begun, ended] {
            assert_eq!(Line::parse(line.render().as_bytes()), Some(line));
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ä".repeat(MAX_CHARS + 1);
        let whole = "ä".repeat(MAX_CHARS);
        assert_eq!(cut(long), whole.clone() + "…");
        assert_eq!(cut(whole.clone()), whole);
    }

    #[test]
    fn damage_is_no_line() {
        let line = begun(3).render();
        for end in 0..line.trim_end().len() {
            let part = line.get(..end).unwrap();
            assert_eq!(Line::parse(part.as_bytes()), None, "{part}");
        }
        assert_eq!(Line::parse(br#"{"event":"paused","id":"3"}"#), None);
    }
}

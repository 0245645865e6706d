//! What sessions ask of a person, and the answers.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::{Ask, DecidedBy, DecisionOutcome, ProcessKey, RuleScope, SessionId};

/// Names one request of one session: 1 to 128 letters, digits, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(String);

impl RequestId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RequestId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("the id of a request is 1 to 128 letters, digits, dashes and underscores")
        }
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The answer to `GET /approvals`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approvals {
    /// Always true.
    pub ok: bool,
    /// Oldest first.
    pub approvals: Vec<Approval>,
}

/// A request that nobody has answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    pub id: RequestId,
    pub session_id: SessionId,
    /// The Claude Code process, `None` where it is not known.
    pub key: Option<ProcessKey>,
    pub cwd: String,
    /// The session's name or title, `None` where it has neither.
    pub title: Option<String>,
    /// Unix milliseconds at which it was asked.
    pub at: u64,
    /// Unix milliseconds at which the session's own terminal alone may answer, `None` where it waits for as long as it takes.
    pub until: Option<u64>,
    pub source: ApprovalSource,
    pub tool: String,
    /// All of the tool's input; what is allowed is this and nothing else.
    pub input: Value,
    pub ask: Ask,
    /// Why Claude Code asks, in its words.
    pub reason: Option<String>,
}

/// By which way the request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalSource {
    /// From a session that we hold.
    Held,
    /// From our hook in somebody else's session.
    Hook,
    #[serde(other)]
    Unknown,
}

/// The body of `POST /approvals/:id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecideRequest {
    /// The session whose request is meant.
    pub session_id: SessionId,
    pub decision: DecisionOutcome,
    /// What the model is told where it is denied.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// To each question the label of the chosen option, labels joined by `, ` where several may be chosen, or words of one's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub answers: BTreeMap<String, String>,
    /// Decide so from now on; makes a rule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub always: Option<Always>,
    /// The permission mode to go on in once a plan is approved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub permission_mode: Option<String>,
}

/// A rule to be made of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Always {
    pub scope: RuleScope,
    /// A glob on the tool's main input; just this input where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pattern: Option<String>,
    /// Unix milliseconds; for good where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<u64>,
}

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// Always true.
    pub ok: bool,
    pub id: RequestId,
    pub session_id: SessionId,
    pub outcome: DecisionOutcome,
    pub by: DecidedBy,
    /// The rule that was made of it.
    pub rule: Option<String>,
    /// What the person should know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

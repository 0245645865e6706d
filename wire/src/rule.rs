//! The rules that answer a session's requests in a person's stead.
//!
//! Knows the shape of a rule and of what is said about one. Does not know what a rule matches: the server does.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::SessionId;

/// One rule of the list. The first one that matches decides; a matching deny decides wherever it stands.
// Not `Rule`: that is what decides on a session's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolRule {
    /// Given by the server; empty in a request for a rule that is new.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub id: String,
    /// A glob on the tool's name: `Bash`, `mcp__*`, `*`.
    pub tool: String,
    /// A glob on the tool's main input; any input where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pattern: Option<String>,
    pub action: RuleAction,
    /// All sessions where absent.
    #[serde(default)]
    pub scope: RuleScope,
    /// Unix milliseconds from which on the rule is as if it were not there; never where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<u64>,
}

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    Allow,
    Deny,
    /// A person is asked.
    Ask,
    #[serde(other)]
    Unknown,
}

/// Whose requests a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum RuleScope {
    #[default]
    All,
    /// Sessions that work in this directory or below it.
    Project {
        dir: String,
    },
    Session {
        session_id: SessionId,
    },
}

/// The answer to `GET /rules` and to `POST /rules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSet {
    /// Always true.
    pub ok: bool,
    /// Grows with every change, 0 where there never was a rule.
    pub rev: u64,
    /// In the order in which they are tried.
    pub rules: Vec<ToolRule>,
    /// Why no rule decides anything although there may be some: the file can't be read. `None` where all is well.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// The body of `POST /rules`: the whole list as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulesRequest {
    /// That of the list which was changed; another one is there by now where it does not fit (`plan_changed`).
    pub rev: u64,
    pub rules: Vec<ToolRule>,
}

/// The body of `POST /rules/test`: what a tool would be called with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleTest {
    pub tool: String,
    /// The tool's input: `{"command":"git status"}`.
    pub input: Value,
    /// Where the session works; `/` where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cwd: Option<String>,
    /// Which session asks; one that no rule is about where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<SessionId>,
}

/// What the rules say of a call, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleTested {
    /// Always true.
    pub ok: bool,
    pub action: RuleAction,
    /// The id of the rule that decided, `None` where none did and a person is asked.
    pub rule: Option<String>,
    /// Why, in one sentence.
    pub why: String,
    /// What the call was taken apart into: the commands of a shell program, the files that they are redirected to.
    pub parts: Vec<RulePart>,
    /// As in `RuleSet`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// One thing that a call does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RulePart {
    /// As the rules see it, cut where it is long.
    pub text: String,
    pub action: RuleAction,
    /// The id of the rule, `None` where none matched.
    pub rule: Option<String>,
    pub why: String,
}

/// The body of `POST /rules/import`: rules of other tools, to be added after our own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulesImport {
    /// `[{"tool":"Bash","pattern":"git *","action":"allow"}]`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tool_approval_rules: Vec<Value>,
    /// Claude Code's own, of its settings: `{"allow":["Bash(git *)"],"deny":[],"ask":[]}`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub permissions: Option<Value>,
    /// Whom they are to be about; all sessions where absent.
    #[serde(default)]
    pub scope: RuleScope,
    /// Say what would be added, and add nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesImported {
    /// Always true.
    pub ok: bool,
    /// Of the list as it is now.
    pub rev: u64,
    /// One for each entry of the request, in its order.
    pub items: Vec<RulesImportItem>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesImportItem {
    /// The entry as it came, cut where it is long.
    pub text: String,
    /// What it becomes here, empty where it is left out. Without ids in a dry run.
    pub rules: Vec<ToolRule>,
    /// Why it is left out, or what is different here.
    pub note: Option<String>,
}

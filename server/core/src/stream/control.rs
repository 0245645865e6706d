//! What Claude Code asks of whoever holds it, and what it answers.

use serde_json::value::RawValue;

use super::Said;
use crate::ask::Ask;
use crate::members::Members;

/// May this tool be used? Keyed by its request id and carrying its own input.
#[derive(Clone, Debug)]
pub struct CanUseTool {
    pub request_id: String,
    pub tool_name: String,
    /// The id of the call, as in the [`ToolUse`](super::ToolUse) before it.
    pub tool_use_id: Option<String>,
    /// The subagent that wants to use it, `None` for the session itself and in older versions.
    pub agent_id: Option<String>,
    /// Byte for byte as it came. It is not always what the model wrote: 2.1.329 leaves out what the tool does not know, a
    /// plan for example.
    pub input: Box<RawValue>,
    /// Rules that would spare the next question, as a list; `None` where there are none.
    pub suggestions: Option<Box<RawValue>>,
    /// What the call is for, in a few words.
    pub description: Option<String>,
    /// The path that is not allowed yet.
    pub blocked_path: Option<String>,
    pub decision_reason: Option<String>,
    /// A question or a plan: only a person can answer it.
    pub needs_person: bool,
}

/// The answer to a request of ours.
#[derive(Clone, Debug)]
pub struct Answer {
    pub request_id: String,
    /// What came back, `null` where there is no more to say than that it was done; or why it was not done.
    pub result: Result<Box<RawValue>, String>,
    /// What kind of refusal it is; older versions do not say.
    pub error_code: Option<String>,
}

impl CanUseTool {
    /// Returns what it asks a person. `called` is the input of the call with the same id, where the call is known: the plan
    /// may stand there only.
    pub fn ask(&self, called: Option<&RawValue>) -> Ask {
        let ask = Ask::of_tool(&self.tool_name, &self.input);
        match (&ask, called) {
            (Ask::Plan { text }, Some(called)) if text.is_empty() => {
                Ask::of_tool(&self.tool_name, called)
            }
            (
                Ask::Plan { .. } | Ask::Permission { .. } | Ask::Questions(_) | Ask::Text { .. },
                _,
            ) => ask,
        }
    }
}

pub(super) fn request(line: &Members<'_>) -> Said {
    let Some(request_id) = line.text("request_id") else {
        return Said::other(line);
    };
    let request = line.object("request").unwrap_or_default();
    let subtype = request.text("subtype");
    let tool_name = request.text("tool_name");
    match (subtype.as_deref(), tool_name) {
        (Some("can_use_tool"), Some(tool_name)) => Said::CanUseTool(CanUseTool {
            request_id,
            tool_name,
            tool_use_id: request.text("tool_use_id"),
            agent_id: request.text("agent_id"),
            input: request.raw_or_null("input"),
            suggestions: request
                .raw("permission_suggestions")
                .filter(|list| !list.get().is_empty() && list.get() != "null")
                .map(RawValue::to_owned),
            description: request.text("description"),
            blocked_path: request.text("blocked_path"),
            decision_reason: request.text("decision_reason"),
            needs_person: request.is("requires_user_interaction"),
        }),
        _ => Said::Request {
            request_id,
            subtype,
        },
    }
}

pub(super) fn cancelled(line: &Members<'_>) -> Said {
    match line.text("request_id") {
        Some(request_id) => Said::Cancelled { request_id },
        None => Said::other(line),
    }
}

pub(super) fn answer(line: &Members<'_>) -> Said {
    let response = line.object("response").unwrap_or_default();
    let Some(request_id) = response.text("request_id") else {
        return Said::other(line);
    };
    let result = match response.text("subtype").as_deref() {
        Some("error") => Err(response.text("error").unwrap_or_default()),
        Some(_) | None => Ok(response.raw_or_null("response")),
    };
    Said::Answer(Answer {
        request_id,
        result,
        error_code: response.text("error_code"),
    })
}

//! How a turn ended, and what it took.

use crate::members::{self, Members};

/// The last line of a turn. Messages that were sent while it ran may have been answered in it.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnResult {
    pub session_id: Option<String>,
    /// `success` also where the API has failed, `error_during_execution` also after an interrupt, ...
    pub subtype: Option<String>,
    pub is_error: bool,
    /// The last text of the answer.
    pub text: Option<String>,
    pub errors: Vec<String>,
    pub duration_ms: Option<u64>,
    pub num_turns: Option<u64>,
    /// Of the process so far.
    pub total_cost_usd: Option<f64>,
    /// Of this turn.
    pub usage: Usage,
    pub permission_denials: Vec<Denial>,
    /// `completed`, `aborted_streaming`, `api_error`, ...; older versions do not say.
    pub terminal_reason: Option<String>,
    /// The status of HTTP with which the API failed.
    pub api_error_status: Option<u64>,
}

/// In tokens, `None` where it is not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub input: Option<u64>,
    pub output: Option<u64>,
    pub cache_creation: Option<u64>,
    pub cache_read: Option<u64>,
}

/// A call that was not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub tool_name: Option<String>,
    pub tool_use_id: Option<String>,
}

impl TurnResult {
    pub(super) fn read(line: &Members<'_>) -> Self {
        let denials = line.objects("permission_denials").into_iter();
        let errors = line.items("errors").into_iter();
        Self {
            session_id: line.text("session_id"),
            subtype: line.text("subtype"),
            is_error: line.is("is_error"),
            text: line.text("result"),
            errors: errors.filter_map(members::text).collect(),
            duration_ms: line.millis("duration_ms"),
            num_turns: line.number("num_turns"),
            total_cost_usd: line.ratio("total_cost_usd"),
            usage: Usage::of(line.object("usage")),
            permission_denials: denials
                .map(|denial| Denial {
                    tool_name: denial.text("tool_name"),
                    tool_use_id: denial.text("tool_use_id"),
                })
                .collect(),
            terminal_reason: line.text("terminal_reason"),
            api_error_status: line.number("api_error_status"),
        }
    }
}

impl Usage {
    pub(super) fn of(usage: Option<Members<'_>>) -> Self {
        let usage = usage.unwrap_or_default();
        Self {
            input: usage.number("input_tokens"),
            output: usage.number("output_tokens"),
            cache_creation: usage.number("cache_creation_input_tokens"),
            cache_read: usage.number("cache_read_input_tokens"),
        }
    }
}

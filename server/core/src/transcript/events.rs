//! What one line of a transcript says, in the words of the [stream](crate::stream): so that a session that others hold is shown
//! as one of ours.
//!
//! Knows which lines tell of the conversation and how the transcript names what the stream names otherwise. Does not know
//! what is asked of a person and what is being written: no line tells.

use crate::{
    id::UnixMillis,
    members::Members,
    stream::{Said, TurnResult, Usage, speech, system},
};

/// Reads one line. Nothing where it is blank, torn or overwritten by NULs.
pub fn said(line: &[u8]) -> Vec<Said> {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    let Some(members) = Members::parse(line) else {
        return Vec::new();
    };
    let kind = members.text("type");
    let said = match kind.as_deref() {
        Some("user") => return speech::user(&members),
        Some("assistant") => return speech::assistant(&members),
        Some("system") => of_system(&members),
        Some("attachment") => of_attachment(&members),
        Some("permission-mode") => Some(Said::Status {
            status: None,
            permission_mode: members.text("permissionMode"),
        }),
        Some("custom-title") => members.text("customTitle").map(Said::Title),
        Some(_) | None => None,
    };
    vec![said.unwrap_or_else(|| Said::other(&members))]
}

/// When the line was written, `None` where it does not say.
pub fn at(line: &[u8]) -> Option<UnixMillis> {
    let line = str::from_utf8(line).ok()?;
    speech::time(&Members::parse(line.trim())?)
}

fn of_system(line: &Members<'_>) -> Option<Said> {
    Some(match line.text("subtype")?.as_str() {
        "compact_boundary" => system::compacted(line),
        "local_command" => speech::printed(line)?,
        "api_error" => {
            let error = line.object("error");
            Said::Retry {
                attempt: line.number("retryAttempt"),
                max_retries: line.number("maxRetries"),
                delay_ms: line.millis("retryInMs"),
                status: error.as_ref().and_then(|error| error.number("status")),
                error: error.and_then(|error| error.text("formatted")),
            }
        }
        // In a terminal only; headless sessions end a turn without a word.
        "turn_duration" => Said::Result(TurnResult {
            session_id: line.text("sessionId"),
            duration_ms: line.millis("durationMs"),
            subtype: None,
            is_error: false,
            text: None,
            errors: Vec::new(),
            num_turns: None,
            total_cost_usd: None,
            usage: Usage::default(),
            permission_denials: Vec::new(),
            terminal_reason: None,
            api_error_status: None,
        }),
        _ => return None,
    })
}

fn of_attachment(line: &Members<'_>) -> Option<Said> {
    match line.object("attachment")?.text("type")?.as_str() {
        "queued_command" => speech::queued(line),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

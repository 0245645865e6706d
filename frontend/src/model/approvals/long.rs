//! Whether a request is too long to be shown at once.
//!
//! Knows sizes only. What is not long is shown whole, whatever it is, so that nobody allows what a page has left out.

use wire::{Approval, Ask};

/// Bytes of an input as JSON.
const BYTES: usize = 20_000;
/// Line breaks in it.
const LINES: usize = 400;

pub(super) fn is_long(approval: &Approval) -> bool {
    match &approval.ask {
        Ask::Permission { .. } | Ask::Text { .. } => {
            let input = approval.input.to_string();
            input.len() > BYTES || input.matches("\\n").count() > LINES
        }
        Ask::Plan { text } => plan(approval).len() > text.trim().len(),
        // Nothing of these is left out.
        Ask::Question { .. } => false,
    }
}

/// All of a plan; of a long one the request has the beginning only, but for its input.
pub(crate) fn plan(approval: &Approval) -> &str {
    let whole = approval.input.get("plan").and_then(|plan| plan.as_str());
    let Ask::Plan { text } = &approval.ask else {
        return whole.unwrap_or_default();
    };
    whole.unwrap_or(text).trim()
}

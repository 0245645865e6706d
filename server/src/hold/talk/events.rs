//! What a session says besides its events.

use serde_json::{Value, value::RawValue};
use session_core::stream::{self, Part};
use wire::{Delta, DeltaKind};

/// A piece of an answer; `None` where it carries no text.
pub(super) fn delta(delta: stream::Delta) -> Option<Delta> {
    let (kind, text) = match delta.part {
        Part::Text(text) => (DeltaKind::Text, text),
        Part::Thinking(text) => (DeltaKind::Thinking, text),
        Part::InputJson(text) => (DeltaKind::Input, text),
        Part::Began | Part::Opened(_) | Part::Closed | Part::Stopped(_) | Part::Ended => {
            return None;
        }
    };
    (!text.is_empty()).then(|| Delta {
        kind,
        text,
        index: delta
            .index
            .and_then(|at| u32::try_from(at).ok())
            .unwrap_or(0),
        parent: delta.parent_tool_use_id,
    })
}

/// The process that answers, as it says itself (2.1.329).
pub(super) fn pid(initialized: &RawValue) -> Option<u32> {
    let answer: Value = serde_json::from_str(initialized.get()).ok()?;
    u32::try_from(answer.get("pid")?.as_u64()?).ok()
}

//! Which user lines are a person's question, and what of them the person wrote.
//!
//! Claude Code sends much under the name of the user: tool results, reminders, the output of local commands.

use super::{line::Content, own_words};

/// Returns what the person wrote, `None` where the message is not a question.
pub(super) fn of(content: Content) -> Option<String> {
    let texts = match content {
        Content::Text(text) => vec![text],
        Content::Blocks(blocks) => {
            if blocks
                .iter()
                .any(|block| block.0.kind.0.as_deref() == Some("tool_result"))
            {
                return None;
            }
            blocks
                .into_iter()
                .filter_map(|block| block.0.into_text())
                .collect()
        }
        Content::Other => Vec::new(),
    };
    let written: Vec<&str> = texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| {
            !text.is_empty() && !own_words::is_own(text) && !own_words::is_interruption(text)
        })
        .collect();
    (!written.is_empty()).then(|| written.join("\n"))
}

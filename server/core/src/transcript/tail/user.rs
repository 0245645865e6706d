//! What a line under the user's name means for the turn.
//!
//! Unlike [`crate::transcript::prompt`], which wants a person's words, it wants whatever makes the model answer: a hook's
//! objection and a task's notification do, a local command does not.

use super::line::{Block, Line};
use crate::{
    lenient::Loose,
    transcript::{line::Content, own_words},
};

/// What a text begins with that is hidden from the person and answered all the same.
const HIDDEN_PROMPTS: [&str; 2] = ["Stop hook feedback:", "Output token limit hit."];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The model has to answer.
    Prompt,
    /// Results of the calls with these ids.
    Results(Vec<String>),
    /// The person broke the turn off.
    Interruption,
    /// Nothing about the turn.
    Nothing,
}

pub(super) fn said(line: Line) -> Said {
    let hidden = line.is_meta.0 && line.prompt_source.0.is_none();
    let noted = line.is_compact_summary.0 || line.is_visible_in_transcript_only.0;
    let (texts, other) = match line.message.0.content {
        Content::Text(text) => (vec![text], false),
        Content::Blocks(blocks) => {
            let ids = results(&blocks);
            if !ids.is_empty() {
                return Said::Results(ids);
            }
            let other = blocks.iter().any(|block| {
                let kind = block.0.kind.0.as_deref();
                matches!(kind, Some("image" | "document"))
            });
            let texts = blocks.into_iter().filter_map(|block| block.0.text.0);
            (texts.collect(), other)
        }
        Content::Other => return Said::Nothing,
    };
    let begins = |text: &String, with: &[&str]| {
        let text = text.trim_start();
        with.iter().any(|it| text.starts_with(it))
    };
    if noted {
        Said::Nothing
    } else if hidden {
        if texts.iter().any(|text| begins(text, &HIDDEN_PROMPTS)) {
            Said::Prompt
        } else {
            Said::Nothing
        }
    } else if texts
        .iter()
        .any(|text| own_words::is_interruption(text.trim_start()))
    {
        Said::Interruption
    } else if other
        || texts
            .iter()
            .any(|text| !text.trim().is_empty() && !own_words::is_unanswered(text.trim_start()))
    {
        Said::Prompt
    } else {
        Said::Nothing
    }
}

fn results(blocks: &[Loose<Block>]) -> Vec<String> {
    blocks
        .iter()
        .filter(|block| block.0.kind.0.as_deref() == Some("tool_result"))
        .map(|block| block.0.tool_use_id.0.clone().unwrap_or_default())
        .collect()
}

//! One line of a transcript, as far as we read it.
//!
//! Every field is lenient: see [`crate::lenient`].

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use crate::lenient::{Flag, Loose, Text, absent_for, drain_map, read};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Line {
    #[serde(rename = "type")]
    pub(super) kind: Text,
    pub(super) subtype: Text,
    pub(super) uuid: Text,
    pub(super) cwd: Text,
    pub(super) git_branch: Text,
    /// Written by a subagent.
    pub(super) is_sidechain: Flag,
    is_meta: Flag,
    is_compact_summary: Flag,
    is_visible_in_transcript_only: Flag,
    pub(super) message: Loose<Message>,
    /// Of `system` lines.
    pub(super) content: Content,
    pub(super) last_prompt: Text,
    pub(super) custom_title: Text,
    pub(super) agent_name: Text,
    pub(super) ai_title: Text,
    pub(super) summary: Text,
    /// The newest line of the conversation that a summary is about.
    pub(super) leaf_uuid: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) id: Text,
    pub(super) model: Text,
    pub(super) content: Content,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block {
    #[serde(rename = "type")]
    pub(super) kind: Text,
    text: Text,
}

/// What was said: plain, or in blocks of text, images, tool calls and their results.
#[derive(Debug, Default)]
pub(super) enum Content<B = Block> {
    Text(String),
    Blocks(Vec<Loose<B>>),
    #[default]
    Other,
}

/// Returns the line, or `None` where the bytes are not one whole JSON object.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    // A file system that lost power leaves NULs where a write did not arrive.
    let blank = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
    let start = bytes.iter().position(|byte| !blank(byte))?;
    let end = bytes.iter().rposition(|byte| !blank(byte))? + 1;
    let bytes = bytes.get(start..end)?;
    // Cheaper than an error, and most torn lines end before their brace.
    if bytes.first() != Some(&b'{') || bytes.last() != Some(&b'}') {
        return None;
    }
    read(bytes).ok()
}

impl Line {
    /// Returns whether the line stands under the user's name but was not asked by them.
    pub(super) fn is_aside(&self) -> bool {
        self.is_meta.0 || self.is_compact_summary.0 || self.is_visible_in_transcript_only.0
    }
}

impl Block {
    pub(super) fn into_text(self) -> Option<String> {
        if self.kind.0.as_deref() == Some("text") {
            self.text.0
        } else {
            None
        }
    }
}

impl Content {
    /// Returns the text blocks joined, `None` where there is no text.
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Blocks(blocks) => {
                let texts: Vec<String> = blocks
                    .into_iter()
                    .filter_map(|block| block.0.into_text())
                    .collect();
                (!texts.is_empty()).then(|| texts.concat())
            }
            Self::Other => None,
        }
    }
}

impl<'de, B: Deserialize<'de> + Default> Deserialize<'de> for Content<B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyContent<B>(PhantomData<B>);
        impl<'de, B: Deserialize<'de> + Default> Visitor<'de> for AnyContent<B> {
            type Value = Content<B>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_str<E>(self, text: &str) -> Result<Content<B>, E> {
                Ok(Content::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content<B>, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = seq.next_element()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Content<B>, A::Error> {
                drain_map(map)?;
                Ok(Content::Other)
            }
            fn visit_unit<E>(self) -> Result<Content<B>, E> {
                Ok(Content::Other)
            }
            absent_for!(
                visit_bool(bool),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );
        }
        deserializer.deserialize_any(AnyContent(PhantomData))
    }
}

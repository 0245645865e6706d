//! One line of a transcript, as far as we read it.
//!
//! Every field is lenient: a value of another type than expected counts as absent, so that one odd field does not
//! cost the line. Text that is not valid UTF-8, or that holds half a surrogate pair (JavaScript cuts text anywhere),
//! is repaired with U+FFFD.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

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
pub(super) enum Content {
    Text(String),
    Blocks(Vec<Loose<Block>>),
    #[default]
    Other,
}

/// A string, or `None` for anything else.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) Option<String>);

/// True, or false for anything else.
#[derive(Debug, Default)]
pub(super) struct Flag(pub(super) bool);

/// An object, or an empty one for anything else.
#[derive(Debug, Default)]
pub(super) struct Loose<T>(pub(super) T);

impl Line {
    /// Returns the line, or `None` where the bytes are not one whole JSON object.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        // A file system that lost power leaves NULs where a write did not arrive.
        let blank = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
        let start = bytes.iter().position(|byte| !blank(byte))?;
        let end = bytes.iter().rposition(|byte| !blank(byte))? + 1;
        let bytes = bytes.get(start..end)?;
        // Cheaper than an error, and most torn lines end before their brace.
        if bytes.first() != Some(&b'{') || bytes.last() != Some(&b'}') {
            return None;
        }
        serde_json::from_slice(bytes)
            .ok()
            .or_else(|| serde_json::from_str(&repaired(bytes)).ok())
    }

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

/// Replaces bytes that are not UTF-8, and every escaped surrogate that is not part of a pair.
fn repaired(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut fixed = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, escape)) = rest.split_once('\\') {
        fixed.push_str(before);
        let taken = match (
            surrogate(escape),
            escape.get(5..).and_then(|it| it.strip_prefix('\\')),
        ) {
            (None, _) => None,
            (Some(Half::High), Some(next)) if matches!(surrogate(next), Some(Half::Low)) => {
                Some((escape.get(..11), 11))
            }
            (Some(Half::High | Half::Low), _) => Some((Some("ufffd"), 5)),
        };
        fixed.push('\\');
        let (keep, skip) = taken.unwrap_or_else(|| {
            // The escaped character itself is passed over, so that `\\` does not look like the start of another.
            let length = escape.chars().next().map_or(0, char::len_utf8);
            (escape.get(..length), length)
        });
        fixed.push_str(keep.unwrap_or_default());
        rest = escape.get(skip..).unwrap_or_default();
    }
    fixed.push_str(rest);
    fixed
}

enum Half {
    High,
    Low,
}

/// Returns which half of a pair `u....` is, `None` where it is a whole character or no such escape.
fn surrogate(escape: &str) -> Option<Half> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// The parts of a visitor that say "anything else counts as absent".
macro_rules! absent_for {
    ($($method:ident($kind:ty)),+) => {$(
        fn $method<E>(self, _: $kind) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    )+};
}

fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl<'de> Visitor<'de> for AnyText {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Some(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Text, A::Error> {
                drain_seq(seq)?;
                Ok(Text(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
                drain_map(map)?;
                Ok(Text(None))
            }
            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text(None))
            }
            absent_for!(
                visit_bool(bool),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );
        }
        deserializer.deserialize_any(AnyText)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyFlag;
        impl<'de> Visitor<'de> for AnyFlag {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(flag))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Flag, A::Error> {
                drain_seq(seq)?;
                Ok(Flag(false))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Flag, A::Error> {
                drain_map(map)?;
                Ok(Flag(false))
            }
            fn visit_unit<E>(self) -> Result<Flag, E> {
                Ok(Flag(false))
            }
            absent_for!(
                visit_str(&str),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );
        }
        deserializer.deserialize_any(AnyFlag)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyContent;
        impl<'de> Visitor<'de> for AnyContent {
            type Value = Content;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = seq.next_element()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Content, A::Error> {
                drain_map(map)?;
                Ok(Content::Other)
            }
            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content::Other)
            }
            absent_for!(
                visit_bool(bool),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );
        }
        deserializer.deserialize_any(AnyContent)
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyObject<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for AnyObject<T> {
            type Value = Loose<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Loose<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Loose)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Loose<T>, A::Error> {
                drain_seq(seq)?;
                Ok(Loose::default())
            }
            fn visit_unit<E>(self) -> Result<Loose<T>, E> {
                Ok(Loose::default())
            }
            absent_for!(
                visit_bool(bool),
                visit_str(&str),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );
        }
        deserializer.deserialize_any(AnyObject(PhantomData))
    }
}

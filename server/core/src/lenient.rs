//! JSON in which every field may be of any type, and every text be cut anywhere.
//!
//! A value of another type than expected counts as absent, so that one odd field does not cost the whole. Text that is not
//! valid UTF-8, or that holds half a surrogate pair (JavaScript cuts text anywhere), is repaired with U+FFFD. Knows no
//! field's name.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
    },
};

/// Reads JSON, with what can't be text repaired where it is not read otherwise.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    // Repairing anew what is no JSON for another reason changes nothing about it.
    serde_json::from_slice(bytes).or_else(|_| serde_json::from_str(&repaired(bytes)))
}

/// A string, or `None` for anything else.
#[derive(Debug, Default)]
pub(crate) struct Text(pub(crate) Option<String>);

/// True, or false for anything else.
#[derive(Debug, Default)]
pub(crate) struct Flag(pub(crate) bool);

/// An object, or an empty one for anything else.
#[derive(Debug, Default)]
pub(crate) struct Loose<T>(pub(crate) T);

/// An array, or an empty one for anything else.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
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

pub(crate) use absent_for;

pub(crate) fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

pub(crate) fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyArray<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for AnyArray<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List<T>, A::Error> {
                drain_map(map)?;
                Ok(List::default())
            }
            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
            absent_for!(
                visit_bool(bool),
                visit_str(&str),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );
        }
        deserializer.deserialize_any(AnyArray(PhantomData))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// A character of a JSON string as it may be written, and its UTF-16 units.
    fn written() -> impl Strategy<Value = (String, Vec<u16>)> {
        let escape = |unit: u16| (format!("\\u{unit:04x}"), vec![unit]);
        prop_oneof![
            any::<char>().prop_map(|c| {
                let json = Value::from(c.to_string()).to_string();
                let units = c.to_string().encode_utf16().collect();
                let json = json
                    .strip_prefix('"')
                    .and_then(|json| json.strip_suffix('"'));
                (json.unwrap().to_owned(), units)
            }),
            any::<u16>().prop_map(escape),
            (0xd800..0xe000_u16).prop_map(escape),
            Just(("\\\\".to_owned(), vec![u16::from(b'\\')])),
        ]
    }

    proptest! {
        #[test]
        fn a_text_is_read_as_javascript_means_it(parts in proptest::collection::vec(written(), 0..12)) {
            let json: String = parts.iter().map(|(json, _)| json.as_str()).collect();
            let units: Vec<u16> = parts.into_iter().flat_map(|(_, units)| units).collect();
            let read: String = read(format!("\"{json}\"").as_bytes()).unwrap();
            prop_assert_eq!(read, String::from_utf16_lossy(&units));
        }

        #[test]
        fn bytes_that_are_no_text_cost_only_themselves(bytes in proptest::collection::vec(0x80..=0xff_u8, 0..8)) {
            let json = [b"{\"a\":\"", &bytes[..], b"\",\"b\":7}"].concat();
            let value: Value = read(&json).unwrap();
            prop_assert_eq!(&value["b"], 7);
            prop_assert_eq!(value["a"].as_str(), Some(&*String::from_utf8_lossy(&bytes)));
        }

        #[test]
        fn what_is_no_json_is_not_made_json(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let read = read::<Value>(&bytes);
            let lossy = String::from_utf8_lossy(&bytes);
            // None of them is long enough to hold half a pair in a string by chance.
            prop_assert_eq!(read.ok(), serde_json::from_str(&lossy).ok());
        }

        #[test]
        fn a_value_of_any_type_costs_only_itself(number in any::<f64>(), text in any::<String>(), which in 0..6_usize) {
            #[derive(Default, Deserialize)]
            #[serde(default)]
            struct All {
                text: Text,
                flag: Flag,
                object: Loose<Inner>,
                list: List<Text>,
                last: Text,
            }
            #[derive(Default, Deserialize)]
            #[serde(default)]
            struct Inner {
                text: Text,
            }
            let odd = [
                Value::Null,
                Value::from(number),
                Value::from(text.as_str()),
                Value::from(number > 0.0),
                serde_json::json!([number, [text]]),
                serde_json::json!({ "text": text }),
            ][which].clone();
            let json = serde_json::json!({
                "text": odd, "flag": odd, "object": odd, "list": odd, "last": "kept",
            });
            let all: All = read(json.to_string().as_bytes()).unwrap();
            prop_assert_eq!(all.last.0.as_deref(), Some("kept"));
            prop_assert_eq!(all.text.0.as_deref(), odd.as_str());
            prop_assert_eq!(all.flag.0, odd == true);
            prop_assert_eq!(all.object.0.text.0.is_some(), which == 5);
            prop_assert_eq!(all.list.0.len(), if which == 4 { 2 } else { 0 });
        }
    }
}

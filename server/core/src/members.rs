//! The members of one JSON object, each kept as it was written.
//!
//! Member by member: one that a later version writes in another form, or whose text is cut within a character, must not
//! take the others along, and what nobody asks for is passed over and never copied.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lenient;

/// The members in their order. A name that stands twice means its last one, as in JavaScript.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// `None` where the text is not one whole JSON object.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        Self::of_bytes(text.as_bytes())
    }

    /// The same for bytes, which may be no text.
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> Option<Self> {
        let mut members = Self::default();
        members.collect(bytes).ok()?;
        Some(members)
    }

    /// The members that stand whole in the beginning of an object.
    pub(crate) fn of_start(bytes: &'a [u8]) -> Self {
        let mut members = Self::default();
        if members.collect(bytes).is_err() {
            // A number may go on behind the end.
            let is_open = |last: char| last.is_ascii_digit();
            members
                .0
                .pop_if(|(_, value)| value.get().ends_with(is_open));
        }
        members
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().rfind(|(member, _)| member == name)?;
        Some(value)
    }

    /// A copy of the member, `null` where there is none.
    pub(crate) fn raw_or_null(&self, name: &str) -> Box<RawValue> {
        self.raw(name).unwrap_or(RawValue::NULL).to_owned()
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text(self.raw(name)?)
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.get() == "true")
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// Milliseconds, which may be written with a fraction.
    pub(crate) fn millis(&self, name: &str) -> Option<u64> {
        self.ratio(name).map(|millis| millis.round() as u64)
    }

    pub(crate) fn ratio(&self, name: &str) -> Option<f64> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.raw(name)?.get())
    }

    /// The items of a list, none where it is not one.
    pub(crate) fn items(&self, name: &str) -> Vec<&'a RawValue> {
        self.raw(name).map(items).unwrap_or_default()
    }

    /// The objects in a list.
    pub(crate) fn objects(&self, name: &str) -> Vec<Self> {
        let objects = self.items(name).into_iter();
        objects.filter_map(|item| Self::parse(item.get())).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    fn collect(&mut self, bytes: &'a [u8]) -> serde_json::Result<()> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        Collect(&mut self.0).deserialize(&mut json)?;
        json.end()
    }
}

pub(crate) fn text(value: &RawValue) -> Option<String> {
    // What is no text is not worth the attempt to repair it.
    value.get().starts_with('"').then_some(())?;
    lenient::read(value.get().as_bytes()).ok()
}

fn items(list: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(list.get()).unwrap_or_default()
}

struct Collect<'m, 'a>(&'m mut Vec<(String, &'a RawValue)>);

impl<'a> DeserializeSeed<'a> for Collect<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Collect<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut members: M) -> Result<(), M::Error> {
        while let Some(member) = members.next_entry()? {
            self.0.push(member);
        }
        Ok(())
    }
}

//! The members of a JSON object, each kept as it was written.
//!
//! Field by field: one that a later version writes in another form must not take the others along.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lenient;

/// The members in their order. A name that stands twice means its last one, as in JavaScript.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// `None` where the bytes are not one whole JSON object.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Self::default();
        fields.collect(bytes).ok()?;
        Some(fields)
    }

    /// The members that stand whole in the beginning of an object.
    pub(crate) fn of_start(bytes: &'a [u8]) -> Self {
        let mut fields = Self::default();
        if fields.collect(bytes).is_err() {
            // A number may go on behind the end.
            fields
                .0
                .pop_if(|(_, value)| value.get().ends_with(|last: char| last.is_ascii_digit()));
        }
        fields
    }

    /// The member as JSON text.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().rfind(|(member, _)| member == name)?;
        Some(value.get())
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        lenient::read(self.raw(name)?.as_bytes()).ok()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Fields::parse(self.raw(name)?.as_bytes())
    }

    /// The objects in a list.
    pub(crate) fn objects(&self, name: &str) -> Vec<Self> {
        let list: Vec<&RawValue> = self
            .raw(name)
            .and_then(|list| serde_json::from_str(list).ok())
            .unwrap_or_default();
        list.into_iter()
            .filter_map(|value| Fields::parse(value.get().as_bytes()))
            .collect()
    }

    fn collect(&mut self, bytes: &'a [u8]) -> serde_json::Result<()> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        Collect(&mut self.0).deserialize(&mut json)?;
        json.end()
    }
}

struct Collect<'f, 'a>(&'f mut Vec<(String, &'a RawValue)>);

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

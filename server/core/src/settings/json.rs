//! Strict JSON with the place of every value in the text.

use std::{fmt, ops::Range};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Refusal;

/// An object or a list; without items and at no place by default.
#[derive(Clone, Debug, Default)]
pub(super) struct Container {
    /// From its opening to its closing bracket.
    pub(super) range: Range<usize>,
    pub(super) items: Vec<Item>,
    object: bool,
}

/// A member of an object or an element of a list.
#[derive(Clone, Debug)]
pub(super) struct Item {
    name: Option<String>,
    /// Where it begins: the quotation mark of its name where it has one.
    pub(super) start: usize,
    pub(super) value: Range<usize>,
}

/// The object that is the whole text.
pub(super) fn root(text: &str) -> Result<Container, Refusal> {
    let value: &RawValue = serde_json::from_str(text).map_err(|error| Refusal::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    container(text, value.get())
        .filter(Container::is_object)
        .ok_or(Refusal::NotAnObject)
}

impl Container {
    pub(super) fn is_object(&self) -> bool {
        self.object
    }

    pub(super) fn member(&self, name: &str) -> Option<&Item> {
        self.items
            .iter()
            .rfind(|item| item.name.as_deref() == Some(name))
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.items
            .iter()
            .rposition(|item| item.name.as_deref() == Some(name))
    }

    pub(super) fn name(&self, index: usize) -> String {
        let name = self.items.get(index).and_then(|item| item.name.clone());
        name.unwrap_or_default()
    }

    /// The container at an index; one without items where there is none.
    pub(super) fn at(&self, text: &str, index: usize) -> Self {
        let item = self.items.get(index);
        item.and_then(|item| item.container(text))
            .unwrap_or_default()
    }

    pub(super) fn once(&self, name: &str) -> Result<(), Refusal> {
        let count = self
            .items
            .iter()
            .filter(|item| item.name.as_deref() == Some(name))
            .count();
        if count > 1 {
            return Err(Refusal::Twice {
                name: name.to_owned(),
            });
        }
        Ok(())
    }
}

impl Item {
    pub(super) fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.value.clone()).unwrap_or_default()
    }

    pub(super) fn string(&self, text: &str) -> Option<String> {
        serde_json::from_str(self.text(text)).ok()
    }

    pub(super) fn container(&self, text: &str) -> Option<Container> {
        container(text, self.text(text))
    }
}

/// `value` is a part of `text`; `None` where it is neither an object nor a list.
fn container(text: &str, value: &str) -> Option<Container> {
    let mut values: Vec<(Option<String>, &RawValue)> = Vec::new();
    let object = value.starts_with('{');
    if object {
        let mut json = serde_json::Deserializer::from_str(value);
        Members(&mut values).deserialize(&mut json).ok()?;
    } else {
        let list: Vec<&RawValue> = serde_json::from_str(value).ok()?;
        values.extend(list.into_iter().map(|value| (None, value)));
    }
    let range = place(text, value);
    let mut end = range.start + 1;
    let mut items = Vec::new();
    for (name, value) in values {
        let value = place(text, value.get());
        // Between two values there are only whitespace, a comma and the name.
        let start = match name {
            Some(_) => end + text.get(end..value.start)?.find('"')?,
            None => value.start,
        };
        end = value.end;
        items.push(Item { name, start, value });
    }
    Some(Container {
        range,
        items,
        object,
    })
}

fn place(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

struct Members<'m, 'a>(&'m mut Vec<(Option<String>, &'a RawValue)>);

impl<'a> DeserializeSeed<'a> for Members<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Members<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut members: M) -> Result<(), M::Error> {
        while let Some((name, value)) = members.next_entry()? {
            self.0.push((Some(name), value));
        }
        Ok(())
    }
}

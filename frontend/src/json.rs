//! Values out of JSON text.
//!
//! Knows the JSON that a browser writes (`JSON.stringify`) and what our types ask of it: whole numbers, and no words
//! for what is wrong, since nobody would read them. A general reader brings both, and with them an eighth of the page.

mod text;

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, IntoDeserializer as _, MapAccess, SeqAccess,
        VariantAccess, Visitor,
    },
};

use crate::json::text::Text;

/// Returns the value that the whole of `text` is.
pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let mut reader = Reader {
        text: Text::new(text),
        depth: 0,
    };
    let value = T::deserialize(&mut reader).ok()?;
    reader.text.is_at_end().then_some(value)
}

struct Reader<'de> {
    text: Text<'de>,
    depth: u8,
}

/// No value of ours is nested deeper; whoever sends more does not get at the stack.
const DEPTH: u8 = 64;

/// It can't be read.
#[derive(Debug)]
struct Unreadable;

type Read<T> = Result<T, Unreadable>;

impl Error for Unreadable {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl std::error::Error for Unreadable {}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unreadable")
    }
}

impl<'de> Reader<'de> {
    /// Reads what stands between `open` and `close`.
    fn inside<T>(
        &mut self,
        open: u8,
        close: u8,
        read: impl FnOnce(Items<'_, 'de>) -> Read<T>,
    ) -> Read<T> {
        self.expect(open)?;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Unreadable);
        }
        let value = read(Items {
            reader: self,
            close,
            first: true,
        })?;
        self.depth -= 1;
        self.expect(close)?;
        Ok(value)
    }

    fn expect(&mut self, byte: u8) -> Read<()> {
        if self.text.take(byte) {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        if self.text.take_word(word) {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Read<V::Value> {
        let text = self.text.string().ok_or(Unreadable)?;
        visitor.visit_str(&text)
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Read<V::Value> {
        match self.text.number().parse() {
            Ok(number) => visitor.visit_u64(number),
            // Nothing of ours is negative or broken; where nobody asks for it, it does no harm.
            Err(_) => visitor.visit_unit(),
        }
    }

    fn seq<V: Visitor<'de>>(&mut self, visitor: V) -> Read<V::Value> {
        self.inside(b'[', b']', |items| visitor.visit_seq(items))
    }

    fn map<V: Visitor<'de>>(&mut self, visitor: V) -> Read<V::Value> {
        self.inside(b'{', b'}', |items| visitor.visit_map(items))
    }

    fn flag<V: Visitor<'de>>(&mut self, visitor: V) -> Read<V::Value> {
        let truth = self.text.peek() == Some(b't');
        self.word(if truth { "true" } else { "false" })?;
        visitor.visit_bool(truth)
    }
}

/// Each kind of value is read as that kind only: what a type does not ask for brings no code along.
macro_rules! read_as {
    ($($method:ident($($argument:ty),*) => $read:ident,)+) => {$(
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* visitor: V) -> Read<V::Value> {
            self.$read(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.text.peek() {
            Some(b'"') => self.string(visitor),
            Some(b'[') => self.seq(visitor),
            Some(b'{') => self.map(visitor),
            Some(b't' | b'f') => self.flag(visitor),
            Some(b'n') => {
                self.word("null")?;
                visitor.visit_unit()
            }
            Some(_) | None => self.number(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.text.take_word("null") {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        let text = self.text.string().ok_or(Unreadable)?;
        visitor.visit_enum(Word(&text))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    read_as! {
        deserialize_str() => string,
        deserialize_string() => string,
        deserialize_identifier() => string,
        deserialize_char() => string,
        deserialize_bool() => flag,
        deserialize_u8() => number,
        deserialize_u16() => number,
        deserialize_u32() => number,
        deserialize_u64() => number,
        deserialize_i8() => number,
        deserialize_i16() => number,
        deserialize_i32() => number,
        deserialize_i64() => number,
        deserialize_f32() => number,
        deserialize_f64() => number,
        deserialize_seq() => seq,
        deserialize_tuple(usize) => seq,
        deserialize_tuple_struct(&'static str, usize) => seq,
        deserialize_map() => map,
        deserialize_struct(&'static str, &'static [&'static str]) => map,
        deserialize_unit() => number,
        deserialize_unit_struct(&'static str) => number,
        deserialize_bytes() => string,
        deserialize_byte_buf() => string,
    }
}

impl Reader<'_> {
    /// Passes over a value that nobody asks for.
    fn skip(&mut self) -> Read<()> {
        match self.text.peek() {
            Some(b'"') => self.text.string().map(drop).ok_or(Unreadable),
            Some(b'[') => self.inside(b'[', b']', |mut items| {
                while items.next()? {
                    items.reader.skip()?;
                }
                Ok(())
            }),
            Some(b'{') => self.inside(b'{', b'}', |mut items| {
                while items.next()? {
                    items.reader.text.string().ok_or(Unreadable)?;
                    items.reader.expect(b':')?;
                    items.reader.skip()?;
                }
                Ok(())
            }),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(_) | None if self.text.number().is_empty() => Err(Unreadable),
            Some(_) | None => Ok(()),
        }
    }
}

/// What stands between brackets.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    close: u8,
    first: bool,
}

impl Items<'_, '_> {
    /// Goes to the next item; false where there is none.
    fn next(&mut self) -> Read<bool> {
        if self.reader.text.peek() == Some(self.close) {
            return Ok(false);
        }
        if !std::mem::take(&mut self.first) {
            self.reader.expect(b',')?;
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        if self.next()? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        if self.next()? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant without content.
struct Word<'a>(&'a str);

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Read<(V::Value, Self)> {
        let variant = seed.deserialize(self.0.into_deserializer())?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'_> {
    type Error = Unreadable;

    fn unit_variant(self) -> Read<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Read<T::Value> {
        Err(Unreadable)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Read<V::Value> {
        Err(Unreadable)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Read<V::Value> {
        Err(Unreadable)
    }
}

#[cfg(test)]
mod tests;

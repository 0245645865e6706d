//! JSON as characters: what the next token is, and its text.

use std::borrow::Cow;

/// What has not been read yet.
pub(super) struct Text<'de>(&'de str);

impl<'de> Text<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self(text.trim_ascii())
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The first byte of the next token.
    pub(super) fn peek(&self) -> Option<u8> {
        self.0.bytes().next()
    }

    /// Passes over `byte` where it is the next token.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        if taken {
            self.pass(1);
        }
        taken
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let taken = self.0.starts_with(word);
        if taken {
            self.pass(word.len());
        }
        taken
    }

    /// Reads a number's text, empty where the next token is none.
    pub(super) fn number(&mut self) -> &'de str {
        let is_part = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let length = self.0.bytes().take_while(|b| is_part(b)).count();
        let number = self.0.get(..length).unwrap_or_default();
        self.pass(length);
        number
    }

    /// Reads a string, `None` where the next token is none or it does not end.
    pub(super) fn string(&mut self) -> Option<Cow<'de, str>> {
        let text = self.0.strip_prefix('"')?;
        let plain = text.find(['"', '\\'])?;
        if text.get(plain..)?.starts_with('"') {
            self.0 = text;
            self.pass(plain + 1);
            return text.get(..plain).map(Cow::Borrowed);
        }
        let mut string = String::new();
        let mut rest = text;
        loop {
            let plain = rest.find(['"', '\\'])?;
            string.push_str(rest.get(..plain)?);
            let special = rest.get(plain..)?;
            if let Some(after) = special.strip_prefix('"') {
                self.0 = after;
                self.pass(0);
                return Some(Cow::Owned(string));
            }
            rest = escape(special.strip_prefix('\\')?, &mut string)?;
        }
    }

    /// Goes on after so many bytes, and the spaces behind them.
    fn pass(&mut self, bytes: usize) {
        self.0 = self.0.get(bytes..).unwrap_or_default().trim_ascii_start();
    }
}

/// Reads what follows a backslash; returns what is behind it.
fn escape<'t>(text: &'t str, string: &mut String) -> Option<&'t str> {
    let mut characters = text.chars();
    string.push(match characters.next()? {
        'u' => {
            let (first, rest) = unit(characters.as_str())?;
            let second = rest.strip_prefix("\\u").and_then(unit);
            let pair = second.and_then(|(second, after)| {
                let mut both = char::decode_utf16([first, second]);
                // Two that belong together are one character, and nothing is left.
                Some((both.next()?.ok()?, after)).filter(|_| both.next().is_none())
            });
            let (character, after) = pair.unwrap_or_else(|| {
                // Half of a pair means nothing by itself.
                (char::from_u32(first.into()).unwrap_or('�'), rest)
            });
            string.push(character);
            return Some(after);
        }
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        same @ ('"' | '\\' | '/') => same,
        _ => return None,
    });
    Some(characters.as_str())
}

/// Four hexadecimal digits, and what is behind them.
fn unit(text: &str) -> Option<(u16, &str)> {
    let digits = text.get(..4)?;
    let number = u16::from_str_radix(digits, 16).ok()?;
    Some((number, text.get(4..)?))
}

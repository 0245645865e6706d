//! Keys by their names, and what is typed into a session's terminal.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::as_string;

/// A key with what is held down beside it: `enter`, `ctrl-c`, `shift-tab`, `alt-left`, or a character as it is, such as `a`,
/// `Ü` or `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
    pub base: KeyBase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyBase {
    /// No control character. With Shift it is the other character.
    Char(char),
    Named(NamedKey),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamedKey {
    Enter,
    Escape,
    Tab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// 1 to 12.
    Function(u8),
}

const NAMES: [(&str, NamedKey); 14] = [
    ("enter", NamedKey::Enter),
    ("escape", NamedKey::Escape),
    ("tab", NamedKey::Tab),
    ("backspace", NamedKey::Backspace),
    ("delete", NamedKey::Delete),
    ("insert", NamedKey::Insert),
    ("up", NamedKey::Up),
    ("down", NamedKey::Down),
    ("left", NamedKey::Left),
    ("right", NamedKey::Right),
    ("home", NamedKey::Home),
    ("end", NamedKey::End),
    ("pageup", NamedKey::PageUp),
    ("pagedown", NamedKey::PageDown),
];

const SHAPE: &str = "a key is one character, or enter, escape, tab, space, backspace, delete, insert, up, down, left, right, home, end, pageup, pagedown, f1 to f12, with ctrl-, alt- or shift- before it";

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [
            (self.ctrl, "ctrl-"),
            (self.alt, "alt-"),
            (self.shift, "shift-"),
        ] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.base {
            KeyBase::Char(' ') => f.write_str("space"),
            KeyBase::Char(character) => character.fmt(f),
            KeyBase::Named(NamedKey::Function(number)) => write!(f, "f{number}"),
            KeyBase::Named(key) => {
                let name = NAMES.iter().find(|(_, named)| *named == key);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for Key {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        let base = loop {
            if let Some(base) = base(rest) {
                break base;
            }
            let (held, after) = rest.split_once('-').ok_or(SHAPE)?;
            let flag = match held {
                "ctrl" => &mut ctrl,
                "alt" => &mut alt,
                "shift" => &mut shift,
                _ => return Err(SHAPE),
            };
            if std::mem::replace(flag, true) {
                return Err(SHAPE);
            }
            rest = after;
        };
        if let KeyBase::Char(character) = base {
            if shift {
                return Err("a character with shift is another character: name that one");
            }
            if ctrl && !matches!(character, '@'..='_' | 'a'..='z' | ' ') {
                return Err("ctrl- takes a letter, a space or one of @ [ \\ ] ^ _");
            }
        }
        Ok(Self {
            ctrl,
            alt,
            shift,
            base,
        })
    }
}

fn base(text: &str) -> Option<KeyBase> {
    let mut characters = text.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return (!character.is_control()).then_some(KeyBase::Char(character));
    }
    if text == "space" {
        return Some(KeyBase::Char(' '));
    }
    let named = NAMES.iter().find(|(name, _)| *name == text);
    let function = || {
        let number = text.strip_prefix('f')?;
        let number = number
            .parse()
            .ok()
            .filter(|it: &u8| number == it.to_string());
        let number = number.filter(|number| (1..=12).contains(number));
        number.map(NamedKey::Function)
    };
    let named = named.map(|(_, key)| *key).or_else(function);
    named.map(KeyBase::Named)
}

as_string!(Key);

/// The body of `POST /sessions/:id/keys`: the text first, then the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeysRequest {
    /// Pasted as it is: line ends and tabs are the only control characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// Pressed one after the other.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub keys: Vec<Key>,
}

/// The body of `POST /sessions/:id/resize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResizeRequest {
    /// 2 to 500.
    pub columns: u16,
    /// 1 to 200.
    pub rows: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_name() {
        for name in [
            "a",
            "Ü",
            "-",
            "space",
            "enter",
            "ctrl-c",
            "ctrl-[",
            "alt--",
            "shift-tab",
            "f12",
            "ctrl-alt-shift-left",
            "pagedown",
            "ctrl-space",
            "é",
        ] {
            assert_eq!(name.parse::<Key>().unwrap().to_string(), name);
        }
        assert_eq!(" ".parse::<Key>().unwrap().to_string(), "space");
        assert_eq!(
            "alt-ctrl-x".parse::<Key>().unwrap().to_string(),
            "ctrl-alt-x"
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for name in [
            "",
            "ab",
            "\n",
            "\u{1b}",
            "Enter",
            "f13",
            "f0",
            "f01",
            "ctrl-",
            "ctrl-ctrl-c",
            "shift-a",
            "ctrl-1",
            "ctrl-ü",
            "hyper-x",
            "ctrl-\u{3}",
        ] {
            assert!(name.parse::<Key>().is_err(), "{name:?}");
        }
    }
}

//! The keys by which a person leaves an attached terminal: what goes to the program and what is meant for us.
//!
//! Knows bytes as a keyboard sends them. Does not know whose keyboard it is.

use std::str::FromStr;

/// The two keys that end an attachment, one after the other. The first, pressed twice, is the program's, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetachKeys {
    prefix: u8,
    detach: u8,
}

/// Not two keys, such as `ctrl-b d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotKeys(String);

/// What was pressed so far.
#[derive(Clone, Debug)]
pub struct Detaching {
    keys: DetachKeys,
    /// The prefix was the last key.
    is_prefixed: bool,
    /// How much of a paste's end has come, `None` outside of a paste.
    paste: Option<usize>,
    /// How much of a paste's beginning has come.
    opening: usize,
}

/// What is to be done with what was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Hand this on, and go on. It may be nothing.
    Keys(Vec<u8>),
    /// Hand this on, and leave.
    Detach(Vec<u8>),
}

/// What a terminal puts around a paste. Whatever is between is text, not keys.
const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";

impl Default for DetachKeys {
    /// Ctrl-B D.
    fn default() -> Self {
        Self {
            prefix: 0x02,
            detach: b'd',
        }
    }
}

impl FromStr for DetachKeys {
    type Err = NotKeys;

    /// Reads `ctrl-b d`: the first key with Ctrl, the second with or without.
    fn from_str(text: &str) -> Result<Self, NotKeys> {
        let not_keys = || NotKeys(text.to_owned());
        let mut words = text.split_ascii_whitespace();
        let (Some(prefix), Some(detach), None) = (words.next(), words.next(), words.next()) else {
            return Err(not_keys());
        };
        let prefix = control(prefix).ok_or_else(not_keys)?;
        let detach = control(detach)
            .or_else(|| letter(detach))
            .ok_or_else(not_keys)?;
        // Twice the prefix is the prefix.
        if prefix == detach {
            return Err(not_keys());
        }
        Ok(Self { prefix, detach })
    }
}

impl std::fmt::Display for DetachKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = |key: u8| match key {
            0..=0x1f => format!("Ctrl-{}", char::from(key + 0x40)),
            _ => char::from(key.to_ascii_uppercase()).to_string(),
        };
        write!(f, "{} {}", name(self.prefix), name(self.detach))
    }
}

impl std::fmt::Display for NotKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is not two keys, such as \"ctrl-b d\"", self.0)
    }
}

impl std::error::Error for NotKeys {}

impl Detaching {
    pub fn new(keys: DetachKeys) -> Self {
        Self {
            keys,
            is_prefixed: false,
            paste: None,
            opening: 0,
        }
    }

    /// Takes what was pressed next. What comes after the keys that end it is dropped.
    pub fn press(&mut self, bytes: &[u8]) -> Pressed {
        let mut handed_on = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.is_pasted(byte) {
                // A prefix that was followed by a paste was meant for the program.
                self.give_back(&mut handed_on);
                handed_on.push(byte);
            } else if self.is_prefixed {
                self.is_prefixed = false;
                if self.is_detach(byte) {
                    return Pressed::Detach(handed_on);
                }
                handed_on.push(self.keys.prefix);
                if byte != self.keys.prefix {
                    handed_on.push(byte);
                }
            } else if byte == self.keys.prefix {
                self.is_prefixed = true;
            } else {
                handed_on.push(byte);
            }
        }
        Pressed::Keys(handed_on)
    }

    /// A letter may be pressed with Shift, or with the prefix's Ctrl still down.
    fn is_detach(&self, byte: u8) -> bool {
        let detach = self.keys.detach;
        let with_ctrl = detach
            .is_ascii_alphabetic()
            .then(|| detach.to_ascii_lowercase() & 0x1f);
        byte.eq_ignore_ascii_case(&detach)
            || with_ctrl.is_some_and(|with_ctrl| byte == with_ctrl && byte != self.keys.prefix)
    }

    fn give_back(&mut self, handed_on: &mut Vec<u8>) {
        if std::mem::take(&mut self.is_prefixed) {
            handed_on.push(self.keys.prefix);
        }
    }

    /// Whether this belongs to the text of a paste.
    fn is_pasted(&mut self, byte: u8) -> bool {
        if let Some(come) = &mut self.paste {
            *come = advance(PASTED, *come, byte);
            if *come == PASTED.len() {
                self.paste = None;
            }
            return true;
        }
        self.opening = advance(PASTE, self.opening, byte);
        if self.opening == PASTE.len() {
            self.opening = 0;
            self.paste = Some(0);
        }
        false
    }
}

/// How much of `mark` has come with `byte`, after `come` of it had.
fn advance(mark: &[u8], come: usize, byte: u8) -> usize {
    if mark.get(come) == Some(&byte) {
        come + 1
    } else {
        // Neither mark contains its first byte twice.
        usize::from(mark.first() == Some(&byte))
    }
}

/// `ctrl-b`, `Ctrl+B`, `C-b` or `^B`.
fn control(word: &str) -> Option<u8> {
    let lower = word.to_ascii_lowercase();
    let prefixes = ["ctrl-", "ctrl+", "c-", "^"];
    let key = prefixes
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix))?;
    match key.as_bytes() {
        // Ctrl-[ is ESC, with which every other key begins; Ctrl-I, Ctrl-J and Ctrl-M are Tab and Enter.
        [b'i' | b'j' | b'm' | b'['] => None,
        [key @ (b'a'..=b'z' | b'\\' | b']' | b'^' | b'_')] => Some(key & 0x1f),
        _ => None,
    }
}

fn letter(word: &str) -> Option<u8> {
    match word.as_bytes() {
        [key] if key.is_ascii_graphic() => Some(key.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is handed on of all parts, and whether they end with leaving.
    fn check(parts: &[&str], expected: &str, detaches: bool) {
        let mut detaching = Detaching::new(DetachKeys::default());
        let mut all = Vec::new();
        let mut left = false;
        for part in parts {
            assert!(!left);
            match detaching.press(part.as_bytes()) {
                Pressed::Keys(keys) => all.extend(keys),
                Pressed::Detach(keys) => {
                    all.extend(keys);
                    left = true;
                }
            }
        }
        assert_eq!(
            (String::from_utf8(all).unwrap().as_str(), left),
            (expected, detaches),
            "{parts:?}"
        );
    }

    #[test]
    fn the_two_keys_leave() {
        check(&["a\x02d"], "a", true);
        check(&["a\x02", "dxyz"], "a", true);
        check(&["\x02D"], "", true);
        // Ctrl was still down.
        check(&["\x02\x04"], "", true);
        check(&["d"], "d", false);
    }

    #[test]
    fn the_first_twice_is_the_programs() {
        check(&["\x02\x02"], "\x02", false);
        check(&["\x02", "\x02", "d"], "\x02d", false);
        check(&["\x02\x02\x02d"], "\x02", true);
        check(&["\x02x"], "\x02x", false);
        // It is not known yet what it is for.
        check(&["\x02"], "", false);
    }

    #[test]
    fn what_is_pasted_is_no_key() {
        check(
            &["\x1b[200~a\x02db\x1b[201~c\x02d"],
            "\x1b[200~a\x02db\x1b[201~c",
            true,
        );
        check(
            &["\x1b[20", "0~\x02d\x1b[2", "01~"],
            "\x1b[200~\x02d\x1b[201~",
            false,
        );
        check(
            &["\x1b[200~\x1b[201\x1b[201~\x02d"],
            "\x1b[200~\x1b[201\x1b[201~",
            true,
        );
    }

    #[test]
    fn keys_are_read_and_shown() {
        for (text, shown) in [
            ("ctrl-b d", "Ctrl-B D"),
            ("C-a D", "Ctrl-A D"),
            ("^p ^q", "Ctrl-P Ctrl-Q"),
            ("Ctrl+] .", "Ctrl-] ."),
        ] {
            assert_eq!(text.parse::<DetachKeys>().unwrap().to_string(), shown);
        }
        assert_eq!("ctrl-b d".parse(), Ok(DetachKeys::default()));
        for text in [
            "",
            "ctrl-b",
            "b d",
            "ctrl-b d d",
            "ctrl-m d",
            "ctrl-b ctrl-b",
            "ctrl-é d",
            "ctrl-b é",
            "ctrl-[ d",
        ] {
            assert_eq!(text.parse::<DetachKeys>(), Err(NotKeys(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_the_prefix(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"\x02d\x1b[20~1"[..])], 0..100),
            cut in 0..100_usize,
        ) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut whole = Detaching::new(DetachKeys::default());
            let mut cut_in_two = whole.clone();
            let pressed = whole.press(&bytes);
            let pressed_twice = match cut_in_two.press(first) {
                Pressed::Detach(keys) => Pressed::Detach(keys),
                Pressed::Keys(keys) => match cut_in_two.press(second) {
                    Pressed::Keys(more) => Pressed::Keys([keys, more].concat()),
                    Pressed::Detach(more) => Pressed::Detach([keys, more].concat()),
                },
            };
            prop_assert_eq!(&pressed, &pressed_twice);
            if !bytes.contains(&2) {
                prop_assert_eq!(pressed, Pressed::Keys(bytes));
            }
        }
    }
}

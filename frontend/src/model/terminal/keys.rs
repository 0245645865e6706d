//! Which key of a terminal a key of the keyboard is.
//!
//! Knows the names that browsers give to keys. Does not know events.

use wire::{Key, KeyBase, NamedKey};

/// A key that was pressed, as the browser tells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pressed<'e> {
    /// The character that it makes, or its name.
    pub(crate) key: &'e str,
    pub(crate) ctrl: bool,
    pub(crate) alt: bool,
    pub(crate) shift: bool,
    /// The command or Windows key.
    pub(crate) meta: bool,
    /// Ctrl and Alt make another character, as on many keyboards.
    pub(crate) alt_graph: bool,
}

/// Returns what the session is to be told, `None` for what is the browser's: copying, pasting, zooming, function keys.
pub(crate) fn key(pressed: Pressed<'_>) -> Option<Key> {
    let Pressed {
        key,
        ctrl,
        alt,
        shift,
        meta,
        alt_graph,
    } = pressed;
    if meta {
        return None;
    }
    let mut characters = key.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        let plain = Key {
            ctrl: false,
            alt: false,
            shift: false,
            base: KeyBase::Char(character),
        };
        if alt_graph {
            return Some(plain);
        }
        if ctrl {
            let character = character.to_ascii_lowercase();
            // Ctrl-V pastes; with Shift, Ctrl is the browser's everywhere.
            let is_ours = matches!(
                character,
                'a'..='z' | '[' | '\\' | ']' | '^' | '_' | '@' | ' '
            );
            return (is_ours && character != 'v' && !shift).then_some(Key {
                ctrl,
                alt,
                shift: false,
                base: KeyBase::Char(character),
            });
        }
        // On a Mac the key with Option is another character already.
        let alt = alt && character.is_ascii();
        return Some(Key { alt, ..plain });
    }
    let name = match key {
        "Enter" => NamedKey::Enter,
        "Escape" => NamedKey::Escape,
        "Tab" => NamedKey::Tab,
        "Backspace" => NamedKey::Backspace,
        "Delete" => NamedKey::Delete,
        "ArrowUp" => NamedKey::Up,
        "ArrowDown" => NamedKey::Down,
        "ArrowLeft" => NamedKey::Left,
        "ArrowRight" => NamedKey::Right,
        "Home" => NamedKey::Home,
        "End" => NamedKey::End,
        "PageUp" => NamedKey::PageUp,
        "PageDown" => NamedKey::PageDown,
        _ => return None,
    };
    Some(Key {
        ctrl,
        alt,
        shift,
        base: KeyBase::Named(name),
    })
}

/// Returns the keys that make this text, as somebody types it who has no keys with names.
pub(crate) fn typing(text: &str) -> Vec<Key> {
    let key = |character: char| {
        let base = match character {
            '\n' | '\r' => KeyBase::Named(NamedKey::Enter),
            '\t' => KeyBase::Named(NamedKey::Tab),
            _ if character.is_control() => return None,
            _ => KeyBase::Char(character),
        };
        Some(Key {
            ctrl: false,
            alt: false,
            shift: false,
            base,
        })
    };
    text.chars().filter_map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pressed: Pressed<'_>, name: Option<&str>) {
        let key = key(pressed).map(|key| key.to_string());
        assert_eq!(key.as_deref(), name, "{pressed:?}");
    }

    fn plain(key: &str) -> Pressed<'_> {
        Pressed {
            key,
            ..Pressed::default()
        }
    }

    #[test]
    fn keys_have_their_names() {
        check(plain("a"), Some("a"));
        check(plain("Ü"), Some("Ü"));
        check(plain(" "), Some("space"));
        check(plain("ArrowUp"), Some("up"));
        for dead in ["Dead", "Process", "Unidentified", "Shift", "F5", "F6"] {
            check(plain(dead), None);
        }
        let shift = |key| Pressed {
            shift: true,
            ..plain(key)
        };
        check(shift("A"), Some("A"));
        check(shift("Tab"), Some("shift-tab"));
        check(shift("Enter"), Some("shift-enter"));
    }

    #[test]
    fn what_is_the_browsers_stays_there() {
        let ctrl = |key| Pressed {
            ctrl: true,
            ..plain(key)
        };
        check(ctrl("c"), Some("ctrl-c"));
        check(ctrl("C"), Some("ctrl-c"));
        check(ctrl("v"), None);
        check(ctrl("+"), None);
        check(ctrl("ArrowLeft"), Some("ctrl-left"));
        let copies = Pressed {
            shift: true,
            ..ctrl("C")
        };
        check(copies, None);
        let command = Pressed {
            meta: true,
            ..plain("c")
        };
        check(command, None);
        let at = Pressed {
            alt: true,
            alt_graph: true,
            ..ctrl("@")
        };
        check(at, Some("@"));
        let alt = |key| Pressed {
            alt: true,
            ..plain(key)
        };
        check(alt("b"), Some("alt-b"));
        check(alt("≈"), Some("≈"));
    }

    #[test]
    fn a_text_is_typed_key_by_key() {
        let names: Vec<String> = typing("a é\n").iter().map(Key::to_string).collect();
        assert_eq!(names, ["a", "space", "é", "enter"]);
    }
}

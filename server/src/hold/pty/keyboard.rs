//! Keys as the bytes that a terminal sends for them, and texts that are pasted.
//!
//! Knows how the program wants to be typed to. Does not know what the keys do: whatever the session asks is answered by them.

use tokio::time::sleep;
use wire::{Code, Key, KeyBase, NamedKey};

use super::commands::Hands;
use crate::{
    hold::screen::Expects,
    typing::{PAUSE, Refusal},
};

const PASTE: &str = "\x1b[200~";
const PASTED: &str = "\x1b[201~";

/// Types a text, and then keys. What was asked for before comes first.
pub(super) async fn press(hands: &Hands, text: Option<&str>, keys: &[Key]) -> Result<(), Refusal> {
    let _turn = hands.turn.lock().await;
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let pasted = pasted(text, hands.shown.expects()).ok_or(Refusal::new(
            Code::BadRequest,
            "The text has a control character, which is a key in a terminal; leave it out, or name it in keys.",
        ))?;
        hands.put(pasted)?;
        if !keys.is_empty() {
            sleep(PAUSE).await;
        }
    }
    let expects = hands.shown.expects();
    let bytes: Vec<u8> = keys.iter().flat_map(|key| bytes(*key, expects)).collect();
    if bytes.is_empty() {
        return Ok(());
    }
    hands.put(bytes)
}

/// `None` where it has a control character, which could end the paste and be taken for keys.
fn pasted(text: &str, expects: Expects) -> Option<Vec<u8>> {
    let text = text.replace("\r\n", "\n");
    let is_key = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.chars().any(is_key) {
        return None;
    }
    // What a terminal makes of the end of a line.
    let text = text.replace('\n', "\r");
    Some(match expects.bracketed_paste {
        true => format!("{PASTE}{text}{PASTED}").into_bytes(),
        false => text.into_bytes(),
    })
}

/// As xterm sends it.
fn bytes(key: Key, expects: Expects) -> Vec<u8> {
    let Key {
        ctrl,
        alt,
        shift,
        base,
    } = key;
    // Numbers what is held down beside it, from 1 for nothing.
    let held = 1 + u8::from(shift) + 2 * u8::from(alt) + 4 * u8::from(ctrl);
    let cursor = |last: char| match (held, expects.application_cursor) {
        (1, false) => format!("\x1b[{last}"),
        (1, true) => format!("\x1bO{last}"),
        (held, _) => format!("\x1b[1;{held}{last}"),
    };
    let editing = |number: u8| match held {
        1 => format!("\x1b[{number}~"),
        held => format!("\x1b[{number};{held}~"),
    };
    let typed = |text: &str| match alt {
        true => format!("\x1b{text}"),
        false => text.to_owned(),
    };
    let text = match base {
        KeyBase::Char(' ') if ctrl => typed("\0"),
        KeyBase::Char(character) if ctrl => {
            let control = u8::try_from(character).map_or(character, |it| char::from(it & 0x1f));
            typed(control.encode_utf8(&mut [0; 4]))
        }
        KeyBase::Char(character) => typed(character.encode_utf8(&mut [0; 4])),
        KeyBase::Named(name) => match name {
            // With Shift it is the line end that Claude Code's own setup makes terminals send (2.1.329).
            NamedKey::Enter if shift && !alt => "\x1b\r".to_owned(),
            NamedKey::Enter if ctrl => typed("\n"),
            NamedKey::Enter => typed("\r"),
            NamedKey::Escape => typed("\x1b"),
            NamedKey::Tab if shift => typed("\x1b[Z"),
            NamedKey::Tab => typed("\t"),
            NamedKey::Backspace if ctrl => typed("\x08"),
            NamedKey::Backspace => typed("\x7f"),
            NamedKey::Delete => editing(3),
            NamedKey::Insert => editing(2),
            NamedKey::PageUp => editing(5),
            NamedKey::PageDown => editing(6),
            NamedKey::Up => cursor('A'),
            NamedKey::Down => cursor('B'),
            NamedKey::Right => cursor('C'),
            NamedKey::Left => cursor('D'),
            NamedKey::Home => cursor('H'),
            NamedKey::End => cursor('F'),
            NamedKey::Function(number) => match (number, held) {
                (1..=4, 1) => format!("\x1bO{}", char::from(b'O' + number)),
                (1..=4, held) => format!("\x1b[1;{held}{}", char::from(b'O' + number)),
                (5, _) => editing(15),
                (6..=10, _) => editing(11 + number),
                (number, _) => editing(12 + number.min(12)),
            },
        },
    };
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expects(application_cursor: bool, bracketed_paste: bool) -> Expects {
        Expects {
            application_cursor,
            bracketed_paste,
        }
    }

    fn check(name: &str, sent: &str) {
        let bytes = bytes(name.parse().unwrap(), expects(false, true));
        assert_eq!(bytes, sent.as_bytes(), "{name}");
    }

    #[test]
    fn keys_are_what_a_terminal_sends() {
        check("a", "a");
        check("é", "é");
        check("alt-x", "\x1bx");
        check("ctrl-c", "\x03");
        check("ctrl-C", "\x03");
        check("ctrl-[", "\x1b");
        check("ctrl-space", "\0");
        check("ctrl-alt-a", "\x1b\x01");
        check("enter", "\r");
        check("shift-enter", "\x1b\r");
        check("alt-enter", "\x1b\r");
        check("escape", "\x1b");
        check("shift-tab", "\x1b[Z");
        check("backspace", "\x7f");
        check("up", "\x1b[A");
        check("ctrl-left", "\x1b[1;5D");
        check("shift-end", "\x1b[1;2F");
        check("delete", "\x1b[3~");
        check("alt-pageup", "\x1b[5;3~");
        check("f1", "\x1bOP");
        check("shift-f4", "\x1b[1;2S");
        check("f5", "\x1b[15~");
        check("f6", "\x1b[17~");
        check("f10", "\x1b[21~");
        check("f11", "\x1b[23~");
        check("ctrl-f12", "\x1b[24;5~");
    }

    #[test]
    fn arrows_follow_the_programs_mode() {
        let application = expects(true, true);
        let sent = |name: &str| bytes(name.parse().unwrap(), application);
        assert_eq!(sent("up"), b"\x1bOA");
        assert_eq!(sent("home"), b"\x1bOH");
        assert_eq!(sent("alt-up"), b"\x1b[1;3A");
        assert_eq!(sent("delete"), b"\x1b[3~");
    }

    #[test]
    fn a_text_is_pasted_as_the_program_wants_it_and_nothing_ends_the_paste() {
        let text = |brackets, text| {
            let pasted = pasted(text, expects(false, brackets));
            pasted.map(|bytes| String::from_utf8(bytes).unwrap())
        };
        let marked = Some("\x1b[200~two\rlines\x1b[201~".to_owned());
        assert_eq!(text(true, "two\r\nlines"), marked);
        assert_eq!(text(false, "two\nlines"), Some("two\rlines".to_owned()));
        for bad in ["a\x1b[201~", "\x03", "a\rb", "\u{9b}201~"] {
            assert_eq!(text(true, bad), None, "{bad:?}");
        }
    }
}

//! What is decided on, as it stands: a command, a file's name, an input.
//!
//! Knows which characters hide, turn text around or look like others, and marks them: what is allowed is every character of it,
//! not what it looks like. Does not know what a command does.

/// The most characters that `exact` shows.
const MOST: usize = 20_000;
/// So many blanks in a row, or empty lines, are counted and not shown: what comes after them could be overlooked.
const BLANKS: usize = 60;
const LINES: usize = 4;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exact {
    pub(crate) pieces: Vec<Piece>,
    /// What can't be seen from the pieces, empty for nothing.
    pub(crate) note: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// It stands for something that can't be seen.
    pub(crate) odd: bool,
}

pub(crate) fn exact(text: &str) -> Exact {
    marked(text, MOST)
}

/// Returns all of it, however long that is.
pub(crate) fn whole(text: &str) -> Exact {
    marked(text, usize::MAX)
}

fn marked(text: &str, most: usize) -> Exact {
    let mut exact = Exact::default();
    let mut characters = text.chars().take(most).peekable();
    while let Some(c) = characters.next() {
        if c == '\n' || c == ' ' {
            let mut count = 1;
            while characters.next_if_eq(&c).is_some() {
                count += 1;
            }
            let (most, many) = if c == '\n' {
                (LINES, "empty lines")
            } else {
                (BLANKS, "blanks")
            };
            if count > most {
                exact.push(&format!("{count} {many}"), true);
                count = usize::from(c == '\n');
            }
            (0..count).for_each(|_| exact.push(c.encode_utf8(&mut [0; 4]), false));
        } else if let Some(name) = hidden(c) {
            exact.push(&name, true);
        } else {
            exact.push(c.encode_utf8(&mut [0; 4]), false);
        }
    }
    let mut notes = Vec::new();
    if has_hidden(text) {
        notes.push(
            "It has characters that can't be seen, or look like others. They are marked."
                .to_owned(),
        );
    }
    let count = text.chars().count();
    if count > most {
        notes.push(format!(
            "It is too long to be shown: these are the first {most} of its {count} characters."
        ));
    }
    exact.note = notes.join(" ");
    exact
}

pub(crate) fn has_hidden(text: &str) -> bool {
    text.chars().any(|c| hidden(c).is_some())
}

impl Exact {
    fn push(&mut self, text: &str, odd: bool) {
        match self.pieces.last_mut() {
            Some(last) if !last.odd && !odd => last.text.push_str(text),
            Some(_) | None => self.pieces.push(Piece {
                text: text.to_owned(),
                odd,
            }),
        }
    }
}

/// What stands in the character's place, `None` for one that looks like what it is.
fn hidden(c: char) -> Option<String> {
    match c {
        '\n' | '\t' | ' '..='~' => None,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).map(String::from),
        '\x7f' => Some("␡".to_owned()),
        // Blanks that the shell takes for letters; what joins, hides or turns around; fillers; what only programs see.
        '\u{80}'..='\u{a0}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}'
        | '\u{3000}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some(format!("U+{:04X}", u32::from(c))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        let exact = exact(text);
        let pieces = exact.pieces.iter().map(|piece| {
            if piece.odd {
                format!("⟨{}⟩", piece.text)
            } else {
                piece.text.clone()
            }
        });
        assert_eq!(pieces.collect::<String>(), expected);
    }

    #[test]
    fn what_hides_is_marked() {
        check("ls  -l\n\tpwd", "ls  -l\n\tpwd");
        check("a\u{1b}[8mb\r", "a⟨␛⟩[8mb⟨␍⟩");
        check(
            "rm \u{202e}fr-\u{200b}\u{a0}x",
            "rm ⟨U+202E⟩fr-⟨U+200B⟩⟨U+00A0⟩x",
        );
        check("ünï 日本 👍", "ünï 日本 👍");
        check(
            &format!("ls{}; rm -r x\n\n\n\n\n\npwd", " ".repeat(200)),
            "ls⟨200 blanks⟩; rm -r x⟨6 empty lines⟩\npwd",
        );
        assert!(exact("a\u{202e}b").note.contains("marked"));
        assert_eq!(exact("a b").note, "");
    }

    #[test]
    fn a_megabyte_is_cut_and_says_so() {
        let exact = exact(&"x".repeat(1_000_000));
        assert_eq!(exact.pieces[0].text.len(), MOST);
        assert!(exact.note.contains("20000 of its 1000000"));
    }

    proptest! {
        #[test]
        fn nothing_that_hides_is_left(text in "\\PC{0,40}[\\x00-\\x20\u{200b}-\u{202e}]{0,9}\\PC{0,9}") {
            for piece in exact(&text).pieces {
                prop_assert!(!has_hidden(&piece.text), "{piece:?}");
            }
        }
    }
}

//! Where the options of a command end, and what they say.

use crate::rule::text::{Piece, Text};

/// The options that a command has; all others make it unclear where they end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// Letters of options without a value.
    pub(super) flags: &'static str,
    /// Letters of options with one, in the same word or the next.
    pub(super) valued: &'static str,
    pub(super) long_flags: &'static [&'static str],
    /// `--name value` and `--name=value`.
    pub(super) long_valued: &'static [&'static str],
    /// `--name` and `--name=value`.
    pub(super) long_maybe: &'static [&'static str],
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// How many words the options take.
    pub(super) length: usize,
    /// Names without dashes, and their values.
    pub(super) given: Vec<(String, Option<Text>)>,
}

/// What one word says, and whether the next one belongs to it.
type Taken = (Vec<(String, Option<Text>)>, bool);

impl Read {
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.given
            .iter()
            .any(|(name, _)| names.contains(&name.as_str()))
    }
}

impl Options {
    /// Reads the options before the first other word, `None` where nobody can tell which that is.
    pub(super) fn read(self, words: &[Text]) -> Option<Read> {
        let mut read = Read::default();
        loop {
            let Some(word) = words.get(read.length) else {
                return Some(read);
            };
            if !may_be_option(word) {
                return Some(read);
            }
            let next = words.get(read.length + 1).filter(|next| is_one(next));
            let next = next.cloned();
            let known = word.known()?;
            read.length += 1;
            if known == "--" {
                return Some(read);
            }
            let (given, takes_next) = match known.strip_prefix("--") {
                Some(long) => self.long(long, next)?,
                None => self.cluster(known.get(1..)?, next)?,
            };
            read.length += usize::from(takes_next);
            read.given.extend(given);
        }
    }

    fn long(self, long: &str, next: Option<Text>) -> Option<Taken> {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(Text::of(value))),
            None => (long, None),
        };
        let takes_value = self.long_valued.contains(&name);
        let is_known = match value {
            Some(_) => takes_value || self.long_maybe.contains(&name),
            None => {
                takes_value || self.long_maybe.contains(&name) || self.long_flags.contains(&name)
            }
        };
        if !is_known {
            return None;
        }
        let takes_next = takes_value && value.is_none();
        let value = if takes_next { Some(next?) } else { value };
        Some((vec![(name.to_owned(), value)], takes_next))
    }

    /// Letters after one dash.
    fn cluster(self, letters: &str, next: Option<Text>) -> Option<Taken> {
        let mut given = Vec::new();
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            if self.flags.contains(letter) {
                given.push((letter.to_string(), None));
                continue;
            }
            if !self.valued.contains(letter) {
                return None;
            }
            let value = rest.as_str();
            let takes_next = value.is_empty();
            let value = if takes_next { next? } else { Text::of(value) };
            given.push((letter.to_string(), Some(value)));
            return Some((given, takes_next));
        }
        Some((given, false))
    }
}

/// Whether a word is one word, whatever is not known of it.
pub(super) fn is_one(word: &Text) -> bool {
    let is_open = |piece: &Piece| matches!(piece, Piece::Words | Piece::Files);
    !word.0.iter().any(is_open)
}

/// Whether a word begins with a dash, or nobody knows.
pub(super) fn may_be_option(word: &Text) -> bool {
    match word.0.as_slice() {
        // A dash alone is standard input.
        [Piece::Char('-'), _, ..] | [Piece::Unknown | Piece::Words | Piece::Files, ..] => true,
        [] | [Piece::Char(_) | Piece::Tilde | Piece::Gap, ..] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_end_at_the_first_other_word() {
        let options = Options {
            flags: "av",
            valued: "n",
            long_flags: &["all"],
            long_valued: &["number"],
            long_maybe: &["colour"],
        };
        let check = |line: &str, length: Option<usize>| {
            let words: Vec<Text> = line.split(' ').map(Text::of).collect();
            let read = options.read(&words).map(|read| read.length);
            assert_eq!(read, length, "{line}");
        };
        check("x", Some(0));
        check("-a x", Some(1));
        check("-avn 3 x", Some(2));
        check("-n3 x -a", Some(1));
        check("-- -a", Some(1));
        check("--all --number 3 x", Some(3));
        check("--number=3 - x", Some(1));
        check("--colour x", Some(1));
        check("--colour=1 x", Some(1));
        check("-z x", None);
        check("--alles x", None);
        check("--all=1 x", None);
        check("-n", None);
        assert_eq!(options.read(&[Text::unknown()]), None);
        // Two of them, and the second is no value.
        let several = Text(vec![Piece::Char('3'), Piece::Words]);
        assert_eq!(options.read(&[Text::of("-n"), several]), None);
    }
}

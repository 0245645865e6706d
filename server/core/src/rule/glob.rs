//! Patterns in which `*` stands for anything, and how they are held against text that is known in part.
//!
//! Every other character stands for itself, `?` and `[` too: they are common in addresses and commands. `\` takes from the
//! character after it what it would mean.

use super::text::{Piece, Text};

/// A pattern, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// Anything; in a path, anything but `/`.
    Star,
    /// Anything.
    Deep,
}

/// What a text is, which decides on what `*` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Words,
    Path,
}

/// How sure a match has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sureness {
    /// Whatever the unknown turns out to be. What separates words in the pattern must separate words in the text.
    Surely,
    /// As `Surely`, but a blank within a word separates too.
    Likely,
    /// There is something that the unknown may turn out to be.
    Possibly,
}

/// Returns the pattern that matches this text and no other.
pub fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

impl Glob {
    pub(super) fn of(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(c) = rest.next() {
            tokens.push(match c {
                '*' if rest.next_if_eq(&'*').is_some() => Token::Deep,
                '*' => Token::Star,
                '\\' => Token::Char(rest.next().unwrap_or('\\')),
                c => Token::Char(c),
            });
        }
        Self(tokens)
    }

    /// The pattern's text, where it has no star.
    pub(super) fn known(&self) -> Option<String> {
        let known = |token: &Token| match token {
            Token::Char(c) => Some(*c),
            Token::Star | Token::Deep => None,
        };
        self.0.iter().map(known).collect()
    }

    /// What stands before the first star.
    pub(super) fn head(&self) -> String {
        let known = |token: &Token| match token {
            Token::Char(c) => Some(*c),
            Token::Star | Token::Deep => None,
        };
        self.0.iter().map_while(known).collect()
    }

    /// The pattern followed by a blank and anything: what goes on after it.
    pub(super) fn and_more(&self) -> Self {
        let mut tokens = self.0.clone();
        tokens.extend([Token::Char(' '), Token::Star]);
        Self(tokens)
    }

    /// Where it ends in a blank and a star, the pattern without them: `git *` is also about `git` alone.
    pub(super) fn without_more(&self) -> Option<Self> {
        match self.0.as_slice() {
            [first @ .., Token::Char(' '), Token::Star | Token::Deep] => Some(Self(first.to_vec())),
            _ => None,
        }
    }

    pub(super) fn matches(&self, text: &Text, kind: Kind, sureness: Sureness) -> bool {
        // After each piece of the text: which beginnings of the pattern match what there was of it.
        let mut reached = vec![false; self.0.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        self.skip_stars(&mut reached);
        for piece in &text.0 {
            let mut next = vec![false; reached.len()];
            for (at, token) in self.0.iter().enumerate() {
                if !reached.get(at).copied().unwrap_or_default() {
                    continue;
                }
                let (stay, go) = step(*token, *piece, kind, sureness);
                if let Some(here) = next.get_mut(at) {
                    *here |= stay;
                }
                if let Some(after) = next.get_mut(at + 1) {
                    *after |= go;
                }
            }
            let is_open = matches!(
                piece,
                Piece::Unknown | Piece::Words | Piece::Files | Piece::Tilde
            );
            if is_open && sureness == Sureness::Possibly {
                // It may be nothing, and it may be what any part of the pattern asks for.
                let mut within = false;
                for (before, next) in reached.iter().zip(&mut next) {
                    within |= *before;
                    *next |= within;
                }
            }
            self.skip_stars(&mut next);
            if !next.contains(&true) {
                return false;
            }
            reached = next;
        }
        reached.last().copied().unwrap_or_default()
    }

    /// A star may stand for nothing.
    fn skip_stars(&self, reached: &mut [bool]) {
        for (at, token) in self.0.iter().enumerate() {
            let here = reached.get(at).copied().unwrap_or_default();
            if let (true, Token::Star | Token::Deep, Some(after)) =
                (here, token, reached.get_mut(at + 1))
            {
                *after = true;
            }
        }
    }
}

/// Whether a token takes a piece and goes on, and whether it is then over.
fn step(token: Token, piece: Piece, kind: Kind, sureness: Sureness) -> (bool, bool) {
    match (token, piece) {
        (Token::Deep, _) => (true, false),
        (Token::Star, Piece::Char('/')) => (kind == Kind::Words, false),
        // It may have a `/`.
        (Token::Star, Piece::Unknown | Piece::Words | Piece::Files | Piece::Tilde) => {
            (kind == Kind::Words || sureness == Sureness::Possibly, false)
        }
        (Token::Star, Piece::Char(_) | Piece::Gap) => (true, false),
        (Token::Char(wanted), Piece::Char(c)) => {
            let separates = c != ' ' || kind == Kind::Path || sureness != Sureness::Surely;
            (false, wanted == c && separates)
        }
        (Token::Char(wanted), Piece::Gap) => (false, wanted == ' '),
        (Token::Char(wanted), Piece::Tilde) => (false, wanted == '~'),
        (Token::Char(_), Piece::Unknown | Piece::Words | Piece::Files) => (false, false),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Text {
        let words: Vec<Text> = text
            .split(' ')
            .map(|word| match word {
                "?" => Text::unknown(),
                word => Text::of(word),
            })
            .collect();
        Text::joined(&words)
    }

    fn check(pattern: &str, text: &Text, kind: Kind, expected: [bool; 3]) {
        let glob = Glob::of(pattern);
        let found = [Sureness::Surely, Sureness::Likely, Sureness::Possibly]
            .map(|sureness| glob.matches(text, kind, sureness));
        assert_eq!(found, expected, "{pattern} and {}", text.shown());
    }

    #[test]
    fn a_star_stands_for_anything_and_the_rest_for_itself() {
        let (yes, no) = ([true; 3], [false; 3]);
        check("git *", &words("git status -s"), Kind::Words, yes);
        check("git *", &words("git"), Kind::Words, no);
        check("git *", &words("github x"), Kind::Words, no);
        check("git*", &words("git"), Kind::Words, yes);
        check("a?[b]", &words("a?[b]"), Kind::Words, yes);
        check("a?[b]", &words("axb"), Kind::Words, no);
        check(r"a\*b", &words("a*b"), Kind::Words, yes);
        check(r"a\*b", &words("axb"), Kind::Words, no);
        check("*", &Text::default(), Kind::Words, yes);
        check("", &Text::default(), Kind::Words, yes);
        check("/a/*", &Text::of("/a/b"), Kind::Path, yes);
        check("/a/*", &Text::of("/a/b/c"), Kind::Path, no);
        check("/a/**", &Text::of("/a/b/c"), Kind::Path, yes);
        check("/a/**/c", &Text::of("/a/b/b/c"), Kind::Path, yes);
    }

    #[test]
    fn what_is_not_known_matches_surely_only_what_takes_anything() {
        let (yes, maybe) = ([true; 3], [false, false, true]);
        check("git *", &words("git ?"), Kind::Words, yes);
        check("git push *", &words("git ?"), Kind::Words, maybe);
        check("git push", &words("git ?"), Kind::Words, maybe);
        check("rm", &words("?"), Kind::Words, maybe);
        check("rm *", &words("git ?"), Kind::Words, [false; 3]);
        check("*rm*", &words("git ?"), Kind::Words, maybe);
        check("/a/*", &Text::unknown(), Kind::Path, maybe);
        check("**", &Text::unknown(), Kind::Path, yes);
        let blank = Text::joined(&[Text::of("git"), Text::of("push x")]);
        check("git push *", &blank, Kind::Words, [false, true, true]);
    }

    proptest! {
        #[test]
        fn a_literal_matches_itself_alone(text in r"[a*\\ /]{0,8}", other in r"[a*\\ /]{0,8}") {
            let glob = Glob::of(&literal(&text));
            prop_assert_eq!(glob.known(), Some(text.clone()));
            let same = glob.matches(&Text::of(&other), Kind::Path, Sureness::Surely);
            prop_assert_eq!(same, text == other);
        }

        /// Whatever stands for the unknown: what matched surely matches, and what matches did so possibly.
        #[test]
        fn sure_is_sure_and_impossible_is_impossible(
            pattern in r"[ab* ]{0,6}",
            before in "[ab]{0,3}",
            unknown in "[ab ]{0,3}",
            after in "[ab]{0,3}",
        ) {
            let glob = Glob::of(&pattern);
            let mut partly = Text::of(&before);
            partly.push(Piece::Unknown);
            partly.0.extend(Text::of(&after).0);
            let whole = words(&format!("{before}{unknown}{after}"));
            let matches = glob.matches(&whole, Kind::Words, Sureness::Likely);
            prop_assert!(!glob.matches(&partly, Kind::Words, Sureness::Surely) || matches);
            prop_assert!(glob.matches(&partly, Kind::Words, Sureness::Possibly) || !matches);
        }
    }
}

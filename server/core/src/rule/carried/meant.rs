//! What a word may mean to whoever is given it: a program, or an option with one.
//!
//! Does not know what is denied.

use crate::rule::text::{Piece, Text};

/// Of a word's ends, so many are looked at.
const MOST_ENDS: usize = 12;

/// The text of a word that may be a program: one that has more than names and paths have.
pub(super) fn program(word: &Text) -> Option<String> {
    let is_plain = |c: char| c.is_alphanumeric() || "_./:@%+,-".contains(c);
    match word.known() {
        Some(known) => Some(known).filter(|known| !known.chars().all(is_plain)),
        None => {
            // A variable stands for what is not known, so that the commands around it are found.
            let text: String = word
                .0
                .iter()
                .map(|piece| match piece {
                    Piece::Char(c) => c.to_string(),
                    Piece::Gap => " ".to_owned(),
                    Piece::Unknown | Piece::Words | Piece::Files => "$x".to_owned(),
                    Piece::Tilde => "~".to_owned(),
                })
                .collect();
            Some(text).filter(|text| text.contains([' ', ';', '&', '|', '\n']))
        }
    }
}

/// The ends of a word that may be meant by themselves: what an option or a setting is given, `-crm`, `--exec=rm`, `EXEC:rm`.
pub(super) fn meanings(word: &Text) -> Vec<Text> {
    let pieces = word.0.as_slice();
    // What stands after these in JSON is no program.
    let is_json = begins(pieces, &['{', '[']);
    let after = pieces.iter().enumerate().filter_map(|(at, piece)| {
        let rest = pieces.get(at + 1..)?;
        match piece {
            Piece::Char('=' | '!') => Some(rest),
            Piece::Char(':' | ',') if !is_json && !begins(rest, &[' ']) && !is_address(rest) => {
                Some(rest)
            }
            Piece::Char(_)
            | Piece::Gap
            | Piece::Unknown
            | Piece::Words
            | Piece::Files
            | Piece::Tilde => None,
        }
    });
    let is_letter = |piece: &&Piece| matches!(piece, Piece::Char(c) if *c != '-');
    let is_cluster = begins(pieces, &['-']) && pieces.get(1).is_some_and(|c| is_letter(&c));
    let options = (2..=4)
        .take_while(|_| is_cluster)
        .filter_map(|at| pieces.get(at..));
    let ends = after.chain(options).filter(|end| !end.is_empty());
    ends.take(MOST_ENDS).map(|end| Text(end.to_vec())).collect()
}

fn begins(pieces: &[Piece], with: &[char]) -> bool {
    matches!(pieces.first(), Some(Piece::Char(c)) if with.contains(c))
}

fn is_address(pieces: &[Piece]) -> bool {
    pieces.starts_with(&[Piece::Char('/'), Piece::Char('/')])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_may_be_meant_by_themselves() {
        let check = |word: &str, ends: &[&str]| {
            let found: Vec<String> = meanings(&Text::of(word)).iter().map(Text::shown).collect();
            assert_eq!(found, ends, "{word}");
        };
        check("rm", &[]);
        check("-crm", &["rm", "m"]);
        check("-qcrm", &["crm", "rm", "m"]);
        check("--exec=rm", &["rm"]);
        check("--action=exec=rm x", &["exec=rm x", "rm x"]);
        check("alias.x=!rm", &["!rm", "rm"]);
        check("EXEC:rm", &["rm"]);
        check("https://a.com/rm", &[]);
        check("{\"a\":[\"*\"],\"b\":1}", &[]);
    }
}

//! `find`: the files that it writes, and the commands that it runs for what it finds.

use super::{
    Deed, Run, Target,
    launch::{self, UNCLEAR_OPTIONS},
    loose,
    program::Found,
    redirections::Input,
};
use crate::rule::text::{Piece, Text};

/// Tests whose next word is theirs, whatever it is.
const VALUED: [&str; 34] = [
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-iwholename",
    "-lname",
    "-ilname",
    "-regex",
    "-iregex",
    "-regextype",
    "-type",
    "-xtype",
    "-size",
    "-user",
    "-group",
    "-uid",
    "-gid",
    "-perm",
    "-newer",
    "-anewer",
    "-cnewer",
    "-newermt",
    "-mtime",
    "-atime",
    "-ctime",
    "-mmin",
    "-amin",
    "-cmin",
    "-maxdepth",
    "-mindepth",
    "-samefile",
    "-fstype",
    "-printf",
];

/// Takes apart `find` itself and what it runs.
pub(super) fn command(found: &mut Found, words: &[Text], depth: usize) {
    found.push(Deed::Run(Run {
        words: words.to_vec(),
        is_opaque: false,
        input: None,
    }));
    let unclear = |found: &mut Found| found.unclear(&Text::joined(words).shown(), UNCLEAR_OPTIONS);
    let mut rest = words.get(1..).unwrap_or_default();
    let mut is_value = false;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        let was_value = std::mem::take(&mut is_value);
        if is_several(word) {
            unclear(found);
            continue;
        }
        let Some(known) = word.known() else {
            if !was_value && loose::may_be_options(word) {
                may_be_exec(found, after, depth);
            }
            continue;
        };
        match known.as_str() {
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                if known.ends_with("dir") {
                    found.moves();
                }
                let end = after.iter().position(ends);
                if end.is_none() {
                    unclear(found);
                }
                let end = end.unwrap_or(after.len());
                let inner = after.get(..end).unwrap_or_default();
                if inner.iter().any(is_several) {
                    unclear(found);
                }
                // One that ends the command, and one that begins another.
                let unknown = |(_, word): &(usize, &Text)| loose::may_be_options(word);
                for (at, _) in inner.iter().enumerate().filter(unknown).skip(1) {
                    may_be_exec(found, after.get(at + 1..).unwrap_or_default(), depth);
                }
                run(found, inner, depth);
                rest = after.get(end..).unwrap_or_default();
            }
            "-fprint" | "-fprint0" | "-fprintf" | "-fls" => {
                let path = after.first().cloned().unwrap_or_else(Text::unknown);
                found.push(Deed::Write(Target {
                    path,
                    is_adrift: false,
                }));
                rest = after.get(1..).unwrap_or_default();
            }
            known => is_value = VALUED.contains(&known),
        }
    }
}

/// A word that may turn out to be `-exec`: what comes after it may be a command then, up to what ends it.
fn may_be_exec(found: &mut Found, after: &[Text], depth: usize) {
    let may_end = |word: &Text| ends(word) || word.known().is_none();
    let Some(end) = after.iter().rposition(may_end) else {
        return;
    };
    let inner = after.get(..end).unwrap_or_default();
    // No program is called as a test is.
    let is_test = |word: &Text| matches!(word.0.first(), Some(Piece::Char('-' | '(' | '!')));
    if inner.first().is_some_and(|first| !is_test(first)) {
        run(found, inner, depth);
    }
}

fn run(found: &mut Found, inner: &[Text], depth: usize) {
    let place = ["{}".to_owned()];
    let inner = inner.iter().map(|word| launch::filled_in(word, &place));
    let inner: Vec<Text> = inner.collect();
    launch::command(found, &inner, &Input::Elsewhere, depth + 1);
}

fn ends(word: &Text) -> bool {
    matches!(word.known().as_deref(), Some(";" | "+"))
}

/// Whether it may be several words of which one is more than a path.
fn is_several(word: &Text) -> bool {
    let begins = matches!(word.0.first(), Some(Piece::Files | Piece::Char('-')));
    word.0.contains(&Piece::Words) || begins && word.0.contains(&Piece::Files)
}

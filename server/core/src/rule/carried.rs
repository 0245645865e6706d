//! Commands among the arguments of other commands: many programs run what they are told.
//!
//! Those of which it is known how they do so are looked through elsewhere. For all others the arguments are searched for what is
//! denied, so that no program that is not known here opens a way around a deny.

use super::{
    Rule,
    glob::{Glob, Sureness},
    shell::{self, Deed, Run},
    spelling::{mentions, spellings},
    text::{Piece, Text},
};

/// Programs in arguments of programs in arguments.
const DEEPEST: usize = 3;
const MOST_TAILS: usize = 200;
const LONGEST_TAIL: usize = 30;
const MOST_PROGRAMS: usize = 20;

/// Returns the deny that is about what a command may run for its arguments.
pub(super) fn denied<'a>(denies: &[&'a Rule], run: &Run, depth: usize) -> Option<&'a Rule> {
    if denies.is_empty() || is_data(run) || depth > DEEPEST {
        return None;
    }
    let arguments = run.words.get(1..).unwrap_or_default();
    named(denies, run, arguments)
        .or_else(|| in_words(denies, arguments))
        .or_else(|| in_programs(denies, arguments, depth))
}

/// The same for a text that may be taken for a command, or for a part of one.
pub(super) fn denied_text<'a>(denies: &[&'a Rule], text: &str) -> Option<&'a Rule> {
    let words: Vec<Text> = text.split_whitespace().map(Text::of).collect();
    in_words(denies, &words).or_else(|| in_programs(denies, &words, DEEPEST))
}

/// In a language that is not read here the name of a command has mostly no other spelling.
fn named<'a>(denies: &[&'a Rule], run: &Run, arguments: &[Text]) -> Option<&'a Rule> {
    if !run.is_opaque {
        return None;
    }
    let shown = Text::joined(arguments).shown();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let names: Vec<&str> = shown.split(|c| !is_name(c)).collect();
    denies.iter().copied().find(|rule| {
        let head = Glob::of(rule.pattern.as_deref().unwrap_or_default()).head();
        let name = head.split(' ').next().unwrap_or_default();
        name.is_empty() || names.contains(&name)
    })
}

/// The command may be any of the words, with those after it: `strace -f rm x`.
fn in_words<'a>(denies: &[&'a Rule], arguments: &[Text]) -> Option<&'a Rule> {
    // The end of a long list of files is not looked at from each of them on.
    let tails = (0..arguments.len().min(MOST_TAILS)).filter_map(|at| arguments.get(at..));
    let mut tails = tails.map(|tail| tail.get(..LONGEST_TAIL).unwrap_or(tail));
    tails.find_map(|tail| {
        let mut launched = shell::launched(tail).into_iter().flatten();
        about(denies, tail).or_else(|| {
            launched.find_map(|deed| match deed {
                Deed::Run(run) => about(denies, &run.words),
                Deed::Unclear { .. } => denies.first().copied(),
                Deed::Write(_) | Deed::Read(_) | Deed::Maybe(_) => None,
            })
        })
    })
}

/// One of the words may be a program: `watch 'rm x'`, `--exec='rm x'`, `alias.x=!rm`.
fn in_programs<'a>(denies: &[&'a Rule], arguments: &[Text], depth: usize) -> Option<&'a Rule> {
    let texts = arguments.iter().take(MOST_TAILS).filter_map(program);
    let mut texts = texts.take(MOST_PROGRAMS);
    texts.find_map(|text| {
        // Most of what can't be read is no program.
        let looks_up = text.contains(['$', '`', '(', ';', '|', '&', '\n']);
        let value = text
            .split_once(['=', '!'])
            .map(|(_, value)| value.to_owned());
        let programs = [Some(text), value].into_iter().flatten();
        let mut deeds = programs.flat_map(|text| shell::take_apart(text.trim_start_matches('!')));
        deeds.find_map(|deed| match deed {
            Deed::Run(run) => about(denies, &run.words).or_else(|| denied(denies, &run, depth + 1)),
            Deed::Unclear { .. } if looks_up => denies.first().copied(),
            Deed::Maybe(text) => denied_text(denies, &text),
            Deed::Write(_) | Deed::Read(_) | Deed::Unclear { .. } => None,
        })
    })
}

/// The text of a word that may be a program: one that has more than names and paths have.
fn program(word: &Text) -> Option<String> {
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
                    Piece::Unknown | Piece::Words => "$x".to_owned(),
                    Piece::Tilde => "~".to_owned(),
                })
                .collect();
            Some(text).filter(|text| text.contains([' ', ';', '&', '|', '\n']))
        }
    }
}

/// The deny that is about a command.
fn about<'a>(denies: &[&'a Rule], words: &[Text]) -> Option<&'a Rule> {
    let run = Run {
        words: words.to_vec(),
        is_opaque: false,
    };
    let spelled = spellings(&run);
    denies.iter().copied().find(|rule| {
        let pattern = rule.pattern.as_deref().unwrap_or("*");
        let mut spelled = spelled.iter();
        spelled.any(|text| mentions(pattern, text, Sureness::Likely))
    })
}

/// Commands that are known to run nothing of what they are told.
fn is_data(run: &Run) -> bool {
    const DATA: [&str; 44] = [
        "echo", "printf", "cat", "ls", "cd", "pwd", "grep", "egrep", "fgrep", "head", "tail", "wc",
        "cut", "tr", "uniq", "diff", "cmp", "mkdir", "rmdir", "touch", "test", "[", "true",
        "false", ":", "sleep", "which", "type", "stat", "file", "basename", "dirname", "realpath",
        "readlink", "du", "df", "date", "seq", "jq", "export", "tee", "cp", "mv", "find",
    ];
    let mut words = run.words.iter().map(Text::known);
    let (first, second) = (words.next().flatten(), words.next().flatten());
    match (first.as_deref(), second.as_deref()) {
        (Some("git"), Some("commit" | "tag" | "log" | "show" | "diff" | "status" | "add")) => true,
        (Some(name), _) => DATA.contains(&name),
        (None, _) => false,
    }
}

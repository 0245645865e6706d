//! Shells that are started by a command: which program they run.

use super::{
    Deed, Run, computing, launch,
    options::{self, Options},
    program::Found,
    redirections::Input,
    words,
};
use crate::rule::text::{Piece, Text};

/// Shells whose language is read here.
const KNOWN: [&str; 8] = ["sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "rbash"];
/// Shells whose language is another one.
const OTHER: [&str; 8] = [
    "fish",
    "csh",
    "tcsh",
    "pwsh",
    "powershell",
    "nu",
    "elvish",
    "xonsh",
];

const OPTIONS: Options = Options {
    flags: "abefhilmnprstuvxBCEPTc",
    valued: "oO",
    long_flags: &[
        "login",
        "noprofile",
        "norc",
        "posix",
        "verbose",
        "restricted",
        "no-rcs",
    ],
    long_valued: &[],
    long_maybe: &[],
};

/// Its further options about what patterns stand for.
const PATTERNS: [&str; 6] = [
    "extglob",
    "globstar",
    "nullglob",
    "dotglob",
    "failglob",
    "nocaseglob",
];

const TRAP: Options = Options {
    flags: "lpP",
    valued: "",
    long_flags: &[],
    long_valued: &[],
    long_maybe: &[],
};

pub(super) const FROM_ELSEWHERE: &str = "It runs what it reads, which is known only when it runs.";

pub(super) fn is_shell(name: &str) -> bool {
    KNOWN.contains(&name) || OTHER.contains(&name)
}

/// Takes apart what a shell is told to run.
pub(super) fn shell(found: &mut Found, name: &str, words: &[Text], input: &Input) {
    let shown = Text::joined(words).shown();
    let arguments = words.get(1..).unwrap_or_default();
    if OTHER.contains(&name) {
        return found.unclear(&shown, "It runs a shell whose language is not read here.");
    }
    let Some(read) = OPTIONS.read(arguments) else {
        return found.unclear(&shown, "Which options it has is not clear.");
    };
    let is_known = |(name, value): &(String, Option<Text>)| {
        let value = value.as_ref().and_then(Text::known);
        match name.as_str() {
            "o" => value.is_some_and(|name| words::PLAIN_OPTIONS.contains(&name.as_str())),
            "O" => value.is_some_and(|name| PATTERNS.contains(&name.as_str())),
            _ => true,
        }
    };
    // With a person it replaces `!!` by what was said before.
    let is_history = read.has(&["i"]) && !read.has(&["c"]);
    if is_history || !read.given.iter().all(is_known) {
        return found.unclear(&shown, "Which options it has is not clear.");
    }
    // A dash alone ends the options, as two do; a plus begins another one.
    let is_dash = |word: &&Text| word.known().as_deref() == Some("-");
    let dash = arguments.get(read.length).filter(is_dash).iter().count();
    let operand = arguments.get(read.length + dash);
    if operand.is_some_and(|word| word.0.first() == Some(&Piece::Char('+'))) {
        return found.unclear(&shown, "Which options it has is not clear.");
    }
    if read.has(&["c"]) {
        return match operand.map(Text::known) {
            Some(Some(program)) => {
                found.program(&program);
                // Its parameters, which it may run.
                let rest = arguments.get(read.length + dash + 1..);
                let rest = rest.unwrap_or_default();
                found.may_run(&Text::joined(rest).shown());
                found.computes(computing::of_builtin("set", rest));
            }
            Some(None) => found.unclear(&shown, FROM_ELSEWHERE),
            None => found.unclear(&shown, "It has no program."),
        };
    }
    match operand {
        Some(script) if !read.has(&["s"]) && !is_stream(script) => opaque(found, words),
        _ => match input {
            Input::Text(program) => found.program(program),
            Input::Elsewhere | Input::Unknown => found.unclear(&shown, FROM_ELSEWHERE),
        },
    }
}

/// `source FILE`, `. FILE`.
pub(super) fn source(found: &mut Found, words: &[Text]) {
    match words.get(1) {
        Some(file) if !is_stream(file) => opaque(found, words),
        _ => found.unclear(&Text::joined(words).shown(), FROM_ELSEWHERE),
    }
}

/// Takes apart the program that several words are put together to.
pub(super) fn joined(found: &mut Found, words: &[Text]) {
    let program = Text::joined(words);
    match program.known() {
        Some(known) => found.program(&known),
        None => found.unclear(&program.shown(), FROM_ELSEWHERE),
    }
}

/// A file that may be no file, or is not known.
fn is_stream(file: &Text) -> bool {
    let Some(known) = file.known() else {
        let from_start = [Piece::Unknown, Piece::Words, Piece::Files];
        return file
            .0
            .first()
            .is_none_or(|first| from_start.contains(first));
    };
    known == "-" || known.starts_with("/dev/") || known.starts_with("/proc/")
}

/// `trap 'what to run' SIGNAL`.
pub(super) fn trap(found: &mut Found, words: &[Text]) {
    let arguments = words.get(1..).unwrap_or_default();
    let Some(read) = TRAP.read(arguments) else {
        return found.unclear(
            &Text::joined(words).shown(),
            "Which options it has is not clear.",
        );
    };
    match arguments.get(read.length..).unwrap_or_default() {
        [program, _, ..] if read.given.is_empty() => {
            joined(found, std::slice::from_ref(program));
        }
        one if one.iter().any(|word| !options::is_one(word)) => {
            found.unclear(&Text::joined(words).shown(), FROM_ELSEWHERE);
        }
        _ => launch::plain(found, words),
    }
}

/// A shell that runs a file.
fn opaque(found: &mut Found, words: &[Text]) {
    let input = found.input.clone();
    found.push(Deed::Run(Run {
        words: words.to_vec(),
        is_opaque: true,
        input,
    }));
}

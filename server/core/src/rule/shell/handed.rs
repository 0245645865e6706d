//! Commands that hand what they are told to a shell of their own: as an option's value, as all of their words, or as what they read.
//!
//! They change as whom, where or when it runs, so they must be allowed themselves too, and what they run as well.

use super::{
    launch::{self, UNCLEAR_OPTIONS},
    loose,
    options::{self, Options, Read},
    program::Found,
    redirections::Input,
    shells::{self, FROM_ELSEWHERE},
};
use crate::rule::text::Text;

/// Those of these names are read here.
const NAMES: [&str; 13] = [
    "watch", "su", "runuser", "script", "flock", "sg", "at", "batch", "crontab", "parallel",
    "newgrp", "unshare", "chroot",
];

const WATCH: Options = Options {
    flags: "bcCdeghprtwvxf",
    valued: "nqs",
    long_flags: &[
        "beep",
        "color",
        "no-color",
        "differences",
        "errexit",
        "follow",
        "chgexit",
        "precise",
        "no-rerun",
        "no-title",
        "no-wrap",
        "exec",
    ],
    long_valued: &["interval", "equexit", "shotsdir"],
    long_maybe: &[],
};

const FLOCK: Options = Options {
    flags: "senouFvx",
    valued: "wE",
    long_flags: &[
        "shared",
        "exclusive",
        "unlock",
        "nonblock",
        "nb",
        "close",
        "no-fork",
        "verbose",
    ],
    long_valued: &["timeout", "wait", "conflict-exit-code"],
    long_maybe: &[],
};

pub(super) fn is_handed(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Takes apart what a command of one of these names hands on, and the command itself.
pub(super) fn command(found: &mut Found, name: &str, words: &[Text], input: &Input, depth: usize) {
    launch::plain(found, words);
    if !matches!(name, "watch" | "flock" | "script") {
        // It may run elsewhere.
        found.moves();
    }
    let arguments = words.get(1..).unwrap_or_default();
    let is_shell = match name {
        "watch" => watch(found, words, depth),
        "flock" => flock(found, words, input, depth),
        "sg" => sg(found, arguments),
        "su" | "runuser" | "script" => as_other(found, name, arguments, input, depth),
        "at" | "batch" | "crontab" => reads_jobs(name, arguments),
        "parallel" => parallel(found, arguments),
        // Without a command they run a shell.
        _ => {
            let is_operand = |word: &&Text| !word.shown().starts_with('-');
            let operands = arguments.iter().filter(is_operand).count();
            name == "newgrp" || operands <= usize::from(name == "chroot")
        }
    };
    if is_shell {
        reads(found, words, input);
    }
}

fn watch(found: &mut Found, words: &[Text], depth: usize) -> bool {
    let arguments = words.get(1..).unwrap_or_default();
    let Some(read) = WATCH.read(arguments) else {
        found.unclear(&Text::joined(words).shown(), UNCLEAR_OPTIONS);
        return false;
    };
    let rest = arguments.get(read.length..).unwrap_or_default();
    match read.has(&["x", "exec"]) {
        true => launch::command(found, rest, &Input::Elsewhere, depth + 1),
        false => shells::joined(found, rest),
    }
    false
}

/// `flock FILE COMMAND...`, `flock FILE -c PROGRAM`, `flock NUMBER`.
fn flock(found: &mut Found, words: &[Text], input: &Input, depth: usize) -> bool {
    let arguments = words.get(1..).unwrap_or_default();
    let read = FLOCK.read(arguments);
    let file = |read: &Read| arguments.get(read.length);
    let read = read.filter(|read| file(read).is_none_or(options::is_one));
    let rest = read.and_then(|read| arguments.get(read.length + 1..));
    let programs = values_of_c(rest.unwrap_or(arguments));
    match (rest, programs.is_empty()) {
        (_, false) => each(found, &programs),
        (Some(rest), true) => launch::command(found, rest, input, depth + 1),
        (None, true) => found.unclear(&Text::joined(words).shown(), UNCLEAR_OPTIONS),
    }
    false
}

/// `sg GROUP [-c] PROGRAM`.
fn sg(found: &mut Found, arguments: &[Text]) -> bool {
    let is_option = |word: &&Text| matches!(word.known().as_deref(), Some("-c" | "-"));
    let rest = arguments.iter().filter(|word| !is_option(word)).skip(1);
    let rest: Vec<Text> = rest.cloned().collect();
    if !arguments.iter().all(options::is_one) {
        found.unclear(&Text::joined(arguments).shown(), UNCLEAR_OPTIONS);
    }
    if !rest.is_empty() {
        shells::joined(found, &rest);
    }
    rest.is_empty()
}

fn as_other(
    found: &mut Found,
    name: &str,
    arguments: &[Text],
    input: &Input,
    depth: usize,
) -> bool {
    let programs = values_of_c(arguments);
    each(found, &programs);
    let ends = |word: &Text| word.known().as_deref() == Some("--");
    let end = arguments.iter().position(ends);
    if let Some(end) = end.filter(|_| name != "su") {
        let rest = arguments.get(end + 1..).unwrap_or_default();
        launch::command(found, rest, input, depth + 1);
        return false;
    }
    // It may be another `-c`, and the last one counts.
    if arguments.iter().any(loose::may_be_options) {
        found.unclear(&Text::joined(arguments).shown(), UNCLEAR_OPTIONS);
    }
    programs.is_empty()
}

/// Whether it takes what is to be done from its input, and not from a file, and does more than to list it.
fn reads_jobs(name: &str, arguments: &[Text]) -> bool {
    let has = |letters: &[char]| {
        let letters = |word: &Text| {
            let shown = word.shown();
            shown
                .strip_prefix('-')
                .is_some_and(|rest| rest.contains(letters))
        };
        arguments.iter().any(letters)
    };
    let lists = has(&['l', 'r', 'V']) || name == "at" && has(&['d', 'c']);
    let names_file = match name {
        "crontab" => arguments
            .last()
            .and_then(Text::known)
            .is_some_and(|known| !known.starts_with('-')),
        _ => has(&['f']),
    };
    !lists && !names_file
}

/// `parallel [OPTIONS] [COMMAND] ::: ARGUMENTS`.
fn parallel(found: &mut Found, arguments: &[Text]) -> bool {
    let is_end = |word: &Text| word.known().is_some_and(|known| known.starts_with(":::"));
    let end = arguments.iter().position(is_end);
    let own = arguments.get(..end.unwrap_or(arguments.len()));
    let is_option = |word: &&Text| word.shown().starts_with('-');
    let own = own.unwrap_or_default();
    let options = own.iter().take_while(is_option).count();
    let command = own.get(options..).unwrap_or_default();
    for word in command.iter().map(Text::shown) {
        if word.contains(' ') {
            found.may_run(&word);
        }
    }
    command.is_empty()
}

fn each(found: &mut Found, programs: &[Text]) {
    for program in programs {
        shells::joined(found, std::slice::from_ref(program));
    }
}

/// A shell that reads what it runs.
pub(super) fn reads(found: &mut Found, words: &[Text], input: &Input) {
    match input {
        Input::Text(program) => found.program(program),
        Input::Elsewhere | Input::Unknown => {
            found.unclear(&Text::joined(words).shown(), FROM_ELSEWHERE);
        }
    }
}

/// The values of each `-c`, however it is written: `-c x`, `-qc x`, `-cx`, `--command x`, `--command=x`.
fn values_of_c(arguments: &[Text]) -> Vec<Text> {
    let mut programs = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let shown = word.shown();
        let names = ["--command", "--session-command"];
        let long = names.iter().find_map(|name| shown.strip_prefix(name));
        let short = shown
            .strip_prefix('-')
            .filter(|letters| !letters.starts_with('-'))
            .and_then(|letters| letters.split_once('c'));
        let value = match (long, short) {
            (Some(value), _) => value.strip_prefix('=').unwrap_or_default(),
            (None, Some((_, value))) => value,
            (None, None) => continue,
        };
        match value {
            "" => programs.extend(rest.next().cloned()),
            value => {
                // What is not known of the word is not known of the program.
                let length = word.0.len().saturating_sub(value.chars().count());
                programs.push(Text(word.0.get(length..).unwrap_or_default().to_vec()));
            }
        }
    }
    programs
}

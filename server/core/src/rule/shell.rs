//! A shell command, taken apart into what it does: the simple commands in it, the files that it is redirected to and from, and
//! what can't be told.
//!
//! The grammar is that of bash, by rable, which is held against bash's own parser. zsh understands some words differently, and
//! either may understand one differently than rable; so whatever is not plain is `Deed::Unclear`, and is asked. Does not know
//! what may be done.

mod computing;
mod escapes;
mod find;
mod git;
mod handed;
mod launch;
mod launchers;
mod loose;
mod options;
mod program;
mod redirections;
mod sed;
mod shells;
mod word;
mod words;
mod written;

use std::thread;

use super::text::Text;

/// One thing that a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Run(Run),
    /// A redirection writes to this path.
    Write(Target),
    /// A redirection reads from this path.
    Read(Target),
    /// A text that a variable may turn out to be, and with it a command: `${x:-rm}`.
    Maybe(String),
    /// A simple command of which not even the name is known before it runs.
    Nameless(Vec<Text>),
    /// A command that may run what a word of it turns out to be.
    Loose(String),
    /// What it does can't be told.
    Unclear {
        shown: String,
        why: &'static str,
    },
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Its name and its arguments.
    pub(super) words: Vec<Text>,
    /// It runs what it is given, in a language that is not read here: a rule that allows it has to name it.
    pub(super) is_opaque: bool,
    /// What the program gives it to read, `None` where it reads something else or nothing.
    pub(super) input: Option<String>,
}

/// A file that a redirection names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: Text,
    /// The command may have changed its directory before: a relative path is anywhere.
    pub(super) is_adrift: bool,
}

/// A longer command is not taken apart, in bytes.
const LONGEST: usize = 64 << 10;
/// A command with more of what nests is not taken apart: the parser's time grows with the cube of the depth.
const DEEPEST: usize = 40;
/// As `DEEPEST`, for what costs the parser less.
const MOST_BRACKETS: usize = 400;
/// The parser calls itself for each bracket; so much is far more than that many take, in bytes.
const STACK: usize = 64 << 20;

/// Takes a command apart. Where that can't be done the answer is one deed, which says why.
pub(super) fn take_apart(command: &str) -> Vec<Deed> {
    let unclear = |why| {
        vec![Deed::Unclear {
            shown: command.to_owned(),
            why,
        }]
    };
    if let Some(why) = unfit(command) {
        return unclear(why);
    }
    let found = thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("rules".to_owned())
            .stack_size(STACK);
        let thread = thread.spawn_scoped(scope, || program::deeds(command));
        // A parser that breaks off has not read the command.
        thread.map(|thread| thread.join())
    });
    match found {
        Ok(Ok(deeds)) => deeds,
        Ok(Err(_)) | Err(_) => unclear("It could not be taken apart."),
    }
}

/// Whether a program lies where only root puts programs.
pub(super) fn is_of_the_system(path: &str) -> bool {
    let dirs = ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"];
    path.rsplit_once('/')
        .is_some_and(|(dir, _)| dirs.contains(&dir))
}

/// A command of git's without the options before it, and `git-push` as `git push`, `None` where it has but one spelling.
pub(super) fn without_git_options(run: &Run) -> Option<Text> {
    let (first, arguments) = run.words.split_first()?;
    let first = first.known()?;
    let name = first.rsplit('/').next().unwrap_or_default();
    let git = Text::of("git");
    if let Some(command) = name.strip_prefix("git-") {
        let words = [git, Text::of(command)];
        return Some(Text::joined(words.iter().chain(arguments)));
    }
    let length = git::before_command(arguments)?;
    let words = std::iter::once(&git).chain(arguments.get(length..)?);
    (name == "git" && length > 0).then(|| Text::joined(words))
}

/// Takes apart what words would do as a command, `None` where it would run nothing else.
pub(super) fn launched(words: &[Text]) -> Option<Vec<Deed>> {
    let name = words.first()?.known()?;
    let name = name.rsplit('/').next().unwrap_or_default();
    let runs = launch::launches(name);
    let mut deeds = program::deeds_of(words);
    deeds.retain(|deed| runs || matches!(deed, Deed::Loose(_)));
    Some(deeds).filter(|deeds| !deeds.is_empty())
}

/// Why a command is not even given to the parser.
fn unfit(command: &str) -> Option<&'static str> {
    if command.len() > LONGEST {
        return Some("It is too long to be taken apart.");
    }
    let is_odd = |c: char| (c.is_control() || c.is_whitespace()) && !matches!(c, ' ' | '\t' | '\n');
    if command.contains(is_odd) {
        return Some("It has characters that shells read in different ways.");
    }
    let count = |what: &str| command.matches(what).count();
    let substitutions = count("$(") + count("<(") + count(">(") + count("`") / 2 + count("${");
    let brackets = command.matches(['(', '{', '[', '!']).count();
    let words = command.split(|c: char| !c.is_ascii_alphanumeric());
    let keywords = words.filter(|word| KEYWORDS.contains(word)).count();
    if substitutions > DEEPEST || brackets + keywords > MOST_BRACKETS {
        return Some("It nests too much to be taken apart.");
    }
    None
}

/// Those that begin what may have another of them within.
const KEYWORDS: [&str; 11] = [
    "if", "elif", "while", "until", "for", "case", "select", "function", "time", "coproc", "do",
];

#[cfg(test)]
mod tests;

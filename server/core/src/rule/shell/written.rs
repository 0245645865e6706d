//! Programs that write a file and then run it.
//!
//! Does not know of two names for one file.

use super::{Deed, Run, Target};
use crate::rule::text::Text;

/// Programs that make a file of what they are given.
const WRITERS: [&str; 13] = [
    "tee", "dd", "cp", "mv", "ln", "install", "rsync", "scp", "curl", "wget", "sort", "tar",
    "unzip",
];

/// What shells and others read when they start, and run.
const STARTUP: [&str; 13] = [
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".gitconfig",
    ".vimrc",
    ".exrc",
    ".gdbinit",
];

/// What `make` does.
const MAKEFILES: [&str; 3] = ["Makefile", "makefile", "GNUmakefile"];

/// Returns the file that a redirection writes and that is run, by the name that both go by.
pub(super) fn and_run(deeds: &[Deed]) -> Option<String> {
    runs(deeds)
        .flat_map(files)
        .find(|file| is_redirected(deeds, |path| plain(path) == file))
}

/// Returns the file that may be written and run otherwise: by a command that is told its name, or by one that reads it unasked.
pub(super) fn and_may_run(deeds: &[Deed]) -> Option<String> {
    let named = runs(deeds)
        .flat_map(files)
        .find(|file| runs(deeds).any(|run| writes(run, last(file))));
    let is_called =
        |run: &Run, name: &str| run.words.first().and_then(Text::known).as_deref() == Some(name);
    let makes = runs(deeds).any(|run| is_called(run, "make"));
    let unasked = STARTUP.iter().chain(MAKEFILES.iter().filter(|_| makes));
    let mut unasked = unasked.filter(|name| is_redirected(deeds, |path| last(path) == **name));
    named.or_else(|| unasked.next().map(|name| (*name).to_owned()))
}

fn runs(deeds: &[Deed]) -> impl Iterator<Item = &Run> {
    deeds.iter().filter_map(|deed| match deed {
        Deed::Run(run) => Some(run),
        Deed::Write(_)
        | Deed::Read(_)
        | Deed::Maybe(_)
        | Deed::Nameless(_)
        | Deed::Loose(_)
        | Deed::Unclear { .. } => None,
    })
}

/// The words of a command by which it may run a file: its name, and for an interpreter all of them.
fn files(run: &Run) -> impl Iterator<Item = String> {
    let count = match run.is_opaque {
        true => run.words.len(),
        false => 1,
    };
    let words = run.words.iter().take(count);
    words.filter_map(|word| Some(plain(&word.known()?).to_owned()))
}

fn is_redirected(deeds: &[Deed], is_it: impl Fn(&str) -> bool) -> bool {
    let is_named = |target: &Target| {
        let path = target.path.known();
        path.is_some_and(|path| is_it(&path) && !path.starts_with("/dev/"))
    };
    deeds
        .iter()
        .any(|deed| matches!(deed, Deed::Write(target) if is_named(target)))
}

/// Whether a command may write a file of this name: one that is told to, or one that has it in a script.
fn writes(run: &Run, name: &str) -> bool {
    let words: Vec<String> = run.words.iter().map(Text::shown).collect();
    // Another command may run it.
    let is_called = |names: &dyn Fn(&str) -> bool| words.iter().any(|word| names(last(word)));
    let arguments = words.get(1..).unwrap_or_default();
    let is_in_place = |word: &String| word.starts_with("-i") || word.starts_with("--in-place");
    let is_script = run.is_opaque || is_called(&is_sed);
    let is_writer = is_called(&|name| WRITERS.contains(&name))
        || is_called(&is_sed) && arguments.iter().any(is_in_place);
    let is_told =
        |word: &String| is_writer && is_path(word, name) || is_script && is_within(word, name);
    !name.is_empty() && arguments.iter().any(is_told)
}

fn is_sed(command: &str) -> bool {
    matches!(command, "sed" | "gsed")
}

/// Whether a word is a path with this name at its end, after whatever option it is given with.
fn is_path(word: &str, name: &str) -> bool {
    word.rsplit(['/', '=']).next() == Some(name) || word.strip_prefix("-o") == Some(name)
}

/// Whether a script has the name in it.
fn is_within(script: &str, name: &str) -> bool {
    let is_separate = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/' | ';' | ')');
    script.contains([' ', '"', '\'']) && script.split(is_separate).any(|part| part == name)
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./")
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

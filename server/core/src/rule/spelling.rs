//! The names that a simple command goes by, and what a pattern says of them.
//!
//! What denies or asks errs on the side of matching, what allows on the other.

use super::{
    glob::{Glob, Kind, Sureness},
    shell::{self, Run},
    text::Text,
};

/// Whether an allow is about a command, whatever is not known of it.
pub(super) fn allows(pattern: &str, text: &Text) -> bool {
    let glob = Glob::of(pattern);
    let matches = |glob: &Glob| glob.matches(text, Kind::Words, Sureness::Surely);
    matches(&glob) || glob.without_more().as_ref().is_some_and(matches)
}

/// Whether a deny or an ask is about a command: this one, or one that goes on after it.
pub(super) fn mentions(pattern: &str, text: &Text, sureness: Sureness) -> bool {
    let glob = Glob::of(pattern);
    let matches = |glob: &Glob| glob.matches(text, Kind::Words, sureness);
    matches(&glob) || matches(&glob.and_more()) || glob.without_more().as_ref().is_some_and(matches)
}

/// A command under each name that it goes by: as it was written, without its directory, and `git -C x push` as `git push`.
pub(super) fn spellings(run: &Run) -> Vec<Text> {
    let mut spellings = vec![Text::joined(&run.words)];
    spellings.extend(without_directory(run));
    spellings.extend(shell::without_git_options(run));
    spellings
}

fn without_directory(run: &Run) -> Option<Text> {
    let (first, rest) = run.words.split_first()?;
    let first = first.known()?;
    let (_, name) = first.rsplit_once('/')?;
    let name = Text::of(name);
    Some(Text::joined(std::iter::once(&name).chain(rest)))
}

/// The command without its directory, where only root puts programs there.
pub(super) fn trusted(run: &Run) -> Option<Text> {
    let first = run.words.first()?.known()?;
    shell::is_of_the_system(&first)
        .then(|| without_directory(run))
        .flatten()
}

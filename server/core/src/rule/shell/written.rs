//! Programs that write a file and then run it.

use super::{Deed, Run, Target};

/// Returns the file that is written to and run, by the name that both go by. Does not know of two names for one file.
pub(super) fn and_run(deeds: &[Deed]) -> Option<String> {
    let is_written = |file: &str| {
        deeds
            .iter()
            .any(|deed| matches!(deed, Deed::Write(target) if is_named(target, file)))
    };
    let runs = deeds.iter().filter_map(|deed| match deed {
        Deed::Run(run) => Some(run),
        Deed::Write(_)
        | Deed::Read(_)
        | Deed::Maybe(_)
        | Deed::Nameless(_)
        | Deed::Unclear { .. } => None,
    });
    runs.flat_map(files).find(|file| is_written(file))
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

fn is_named(target: &Target, file: &str) -> bool {
    target
        .path
        .known()
        .is_some_and(|path| plain(&path) == file && !path.starts_with("/dev/"))
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./")
}

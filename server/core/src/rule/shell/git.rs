//! The options of `git` before its command, by which it may come to run something else.
//!
//! Does not know what its commands do.

use crate::rule::text::Text;

/// Settings that run nothing.
const PLAIN: [&str; 8] = [
    "user.",
    "color.",
    "advice.",
    "log.",
    "core.quotepath=",
    "commit.gpgsign=",
    "tag.gpgsign=",
    "init.defaultbranch=",
];

/// Options before its command.
const FLAGS: [&str; 17] = [
    "-p",
    "-P",
    "-v",
    "-h",
    "--paginate",
    "--no-pager",
    "--version",
    "--help",
    "--bare",
    "--no-replace-objects",
    "--no-optional-locks",
    "--no-lazy-fetch",
    "--literal-pathspecs",
    "--noglob-pathspecs",
    "--git-dir",
    "--work-tree",
    "--namespace",
];

/// Those of them whose value is the next word.
const VALUED: [&str; 4] = ["-C", "--git-dir", "--work-tree", "--namespace"];

/// Whether the settings of one call are of those that run nothing.
pub(super) fn is_plain(arguments: &[Text]) -> bool {
    let Some(length) = options(arguments) else {
        return false;
    };
    let mut words = arguments.iter().skip(length);
    let is_url = |word: &Text| word.shown().starts_with("ext::");
    let is_known = |word: &Text| !word.shown().starts_with('…');
    words.next().is_none_or(is_known) && !words.any(is_url)
}

/// How many words stand before git's command, `None` where one of them may run something.
pub(super) fn options(arguments: &[Text]) -> Option<usize> {
    let mut words = arguments.iter().enumerate();
    while let Some((index, word)) = words.next() {
        let word = word.shown();
        if !word.starts_with('-') {
            return Some(index);
        }
        if word == "-c" {
            let setting = words.next().map(|(_, word)| word.shown());
            let setting = setting.unwrap_or_default().to_ascii_lowercase();
            if !PLAIN.iter().any(|plain| setting.starts_with(plain)) {
                return None;
            }
        } else if VALUED.contains(&word.as_str()) {
            words.next();
        } else if !FLAGS
            .iter()
            .any(|flag| word.split('=').next() == Some(flag))
        {
            return None;
        }
    }
    Some(arguments.len())
}

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
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let word = word.shown();
        if !word.starts_with('-') {
            let is_url = |word: &Text| word.shown().starts_with("ext::");
            return !word.starts_with('…') && !words.any(is_url);
        }
        if word == "-c" {
            let setting = words.next().map(Text::shown).unwrap_or_default();
            let setting = setting.to_ascii_lowercase();
            if !PLAIN.iter().any(|plain| setting.starts_with(plain)) {
                return false;
            }
        } else if VALUED.contains(&word.as_str()) {
            words.next();
        } else if !FLAGS
            .iter()
            .any(|flag| word.split('=').next() == Some(flag))
        {
            return false;
        }
    }
    true
}

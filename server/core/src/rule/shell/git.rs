//! The options of `git` before its command, by which it may come to run something else.
//!
//! Does not know what its commands do.

use super::options;
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

/// Options of its commands by which something runs that is named there or in a setting.
const RUNNING: [&str; 7] = [
    "--upload-pack",
    "--receive-pack",
    "--exec",
    "--ext-diff",
    "--extcmd",
    "--open-files-in-pager",
    "--sendmail-cmd",
];

/// Whether the settings of one call are of those that run nothing.
pub(super) fn is_plain(arguments: &[Text]) -> bool {
    let Some(length) = before_command(arguments) else {
        return false;
    };
    let mut words = arguments.iter().skip(length);
    let is_url = |word: &Text| word.shown().starts_with("ext::");
    let is_known = |word: &Text| !word.shown().starts_with('…');
    words.next().is_none_or(is_known) && !words.any(is_url)
}

/// How many words stand before git's command, `None` where one of them may run something.
pub(super) fn before_command(arguments: &[Text]) -> Option<usize> {
    let mut words = arguments.iter().enumerate();
    while let Some((index, word)) = words.next() {
        // `-C $x` may have git's command in it, too.
        if !options::is_one(word) {
            return None;
        }
        let word = word.shown();
        if !word.starts_with('-') {
            return Some(index);
        }
        let is_valued = word == "-c" || VALUED.contains(&word.as_str());
        let value = is_valued.then(|| words.next()).flatten();
        if value.is_some_and(|(_, value)| !options::is_one(value)) {
            return None;
        }
        if word == "-c" {
            let setting = value.map(|(_, word)| word.shown());
            let setting = setting.unwrap_or_default().to_ascii_lowercase();
            if !PLAIN.iter().any(|plain| setting.starts_with(plain)) {
                return None;
            }
        } else if !is_valued
            && !FLAGS
                .iter()
                .any(|flag| word.split('=').next() == Some(flag))
        {
            return None;
        }
    }
    Some(arguments.len())
}

/// The files that options of git's commands write, and whether one of them runs something. Options may be shortened as long as
/// they are clear.
pub(super) fn options_of_command(arguments: &[Text]) -> (Vec<Text>, bool) {
    let begin = before_command(arguments).unwrap_or_default();
    let words = arguments.get(begin..).unwrap_or_default();
    let is_grep = words.first().and_then(Text::known).as_deref() == Some("grep");
    let mut writes = Vec::new();
    let mut runs = false;
    let end = |word: &&Text| word.known().as_deref() != Some("--");
    let mut words = words.iter().take_while(end);
    while let Some(word) = words.next() {
        let shown = word.shown();
        let (name, value) = match shown.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (shown.as_str(), None),
        };
        let is_short_for = |long: &&str| name.len() > 3 && long.starts_with(name);
        if is_short_for(&"--output") {
            // What of it is not known was shown with a character that no file is called by.
            let known = value.filter(|value| !value.contains('…'));
            let given = known.map_or_else(Text::unknown, Text::of);
            writes.push(match value {
                Some(_) => given,
                None => words.next().cloned().unwrap_or_else(Text::unknown),
            });
        }
        runs |= RUNNING.iter().any(is_short_for);
        let is_cluster = name.starts_with('-') && !name.starts_with("--");
        runs |= is_grep && is_cluster && name.contains('O');
    }
    (writes, runs)
}

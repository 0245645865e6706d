//! Whether a `sed` may run commands: GNU's has a command `e`, and a flag `e` of `s`.
//!
//! Errs on the side of running: a script in which an `e` stands where a command or a flag could.

use crate::rule::text::Text;

pub(super) fn may_run(arguments: &[Text]) -> bool {
    let known: Vec<String> = arguments.iter().map(Text::shown).collect();
    let is_safe = |word: &String| word == "--sandbox" || word == "--posix";
    let reads_script = |word: &String| {
        word.starts_with("--file")
            || word.starts_with('-') && !word.starts_with("--") && word.contains('f')
    };
    if known.iter().any(is_safe) {
        return false;
    }
    known.iter().any(reads_script) || known.iter().any(|word| has_e(script(word)))
}

/// The part of a word that may be a script.
fn script(word: &str) -> &str {
    let long = word.strip_prefix("--expression=");
    let short = word.strip_prefix('-').map(|rest| {
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic());
        letters.and_then(|at| rest.get(at..)).unwrap_or_default()
    });
    long.or(short).unwrap_or(word)
}

fn has_e(script: &str) -> bool {
    if script.contains('…') {
        return true;
    }
    let ends = |c: char| c.is_whitespace() || ";}".contains(c);
    script.match_indices('e').any(|(at, _)| {
        let before = script.get(..at).unwrap_or_default();
        let after = script.get(at + 1..).unwrap_or_default();
        let is_command = match before.trim_end().chars().next_back() {
            // A file's name may begin with it, too.
            None => after.is_empty() || after.contains(char::is_whitespace),
            Some(last) => ";{}!$,".contains(last) || last.is_ascii_digit(),
        };
        let is_flag = |c: char| "gpiImMew".contains(c) || c.is_ascii_digit();
        let flags = before.trim_end_matches(is_flag);
        let follows_s = flags.ends_with(|c: char| !c.is_alphanumeric());
        let rest = after.trim_start_matches(is_flag);
        is_command || follows_s && (rest.is_empty() || rest.starts_with(ends))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_run_something_are_found() {
        let runs = |line: &[&str]| {
            let words: Vec<Text> = line.iter().map(|word| Text::of(word)).collect();
            may_run(&words)
        };
        for script in [
            "1e rm x",
            "1erm x",
            "e",
            "e rm x",
            "$e",
            "s/x/rm y/e",
            "s,x,y,ge",
            "s/.*/rm x/;e",
            "/x/{e\n}",
            "/x/e",
            "s/x/y/2e;p",
        ] {
            assert!(runs(&[script, "file"]), "{script}");
            assert!(runs(&["-n", "-e", script]), "{script}");
            assert!(runs(&[&format!("--expression={script}")]), "{script}");
            assert!(!runs(&["--sandbox", script]), "{script}");
        }
        assert!(runs(&["-f", "x"]));
        for script in [
            "1,5p",
            "s/apple/pear/g",
            "/needle/d",
            "s/e/x/",
            "s/x/e/g",
            "$!d",
            "1!G;h;$p",
            "s/the end/there/",
        ] {
            assert!(!runs(&["-n", script, "Cargo.toml"]), "{script}");
            assert!(!runs(&["-i", "-E", script]), "{script}");
        }
    }
}

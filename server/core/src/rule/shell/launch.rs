//! Simple commands that run another one: which that is.
//!
//! Those that only change how the other one runs are looked through. Those that change as whom or where it runs must be allowed
//! themselves too, and the other one as well.

use super::{
    Deed, Run, Target, computing, find, git, handed, is_of_the_system,
    launchers::{
        COMMAND, DECLARES, DOAS, ENV, OPAQUE, RENAMES, SSH, SUDO, WRAPPERS, Wrapper, XARGS,
    },
    loose,
    options::{self, Read},
    program::{DANGEROUS, Found},
    redirections::Input,
    sed, shells, words,
};
use crate::rule::text::{Piece, Text};

/// Commands that run commands that run commands.
const DEEPEST: usize = 12;

pub(super) const UNCLEAR_OPTIONS: &str =
    "Which of its words are options, and which it runs, is not clear.";

/// Whether a command of this name runs another one.
pub(super) fn launches(name: &str) -> bool {
    let others = [
        "command", "env", "sudo", "doas", "ssh", "xargs", "find", "eval", "trap", ".",
    ];
    let wraps = |wrapper: &Wrapper| wrapper.names.contains(&name);
    shells::is_shell(name)
        || handed::is_handed(name)
        || others.contains(&name)
        || name == "source"
        || WRAPPERS.iter().any(wraps)
}

/// Takes a simple command apart.
pub(super) fn command(found: &mut Found, words: &[Text], input: &Input, depth: usize) {
    let Some((first, arguments)) = words.split_first() else {
        return;
    };
    let shown = || Text::joined(words).shown();
    let Some(name) = first.known().filter(|name| is_plain_name(name)) else {
        return found.push(Deed::Nameless(words.to_vec()));
    };
    if depth > DEEPEST {
        return found.unclear(
            &shown(),
            "It runs commands that run commands that run commands.",
        );
    }
    let (path, name) = (&name, name.rsplit('/').next().unwrap_or_default());
    if path.contains('/') && launches(name) && !is_of_the_system(path) {
        // Whatever lies there is what runs, and is called as it likes.
        found.push(Deed::Run(Run {
            words: words.to_vec(),
            is_opaque: false,
            input: None,
        }));
    }
    let through = |found: &mut Found, rest: &[Text]| match rest {
        [] => plain(found, words),
        rest => command(found, rest, input, depth + 1),
    };
    if shells::is_shell(name) {
        return shells::shell(found, name, words, input);
    }
    if handed::is_handed(name) {
        return handed::command(found, name, words, input, depth);
    }
    if let Some(wrapper) = WRAPPERS.iter().find(|one| one.names.contains(&name)) {
        return match wrapper.options.read(arguments) {
            Some(read) => {
                let begin = read.length + wrapper.operands;
                let operands = arguments.get(read.length..begin).unwrap_or_default();
                // `exec -a sh busybox x` runs a shell.
                if read.has(&["a"]) && name == "exec" || !operands.iter().all(is_number) {
                    found.unclear(&shown(), UNCLEAR_OPTIONS);
                }
                through(found, arguments.get(begin..).unwrap_or_default());
            }
            None => found.unclear(&shown(), UNCLEAR_OPTIONS),
        };
    }
    match name {
        // After `time` and `eval`.
        "--" => through(found, arguments),
        "command" => match COMMAND.read(arguments) {
            Some(read) if read.has(&["v", "V"]) => plain(found, words),
            Some(read) => through(found, arguments.get(read.length..).unwrap_or_default()),
            None => found.unclear(&shown(), UNCLEAR_OPTIONS),
        },
        "env" => match ENV.read(arguments) {
            Some(read) => {
                if read.has(&["C", "chdir"]) {
                    found.moves();
                }
                let is_dash = |word: &&Text| word.known().as_deref() == Some("-");
                let dash = arguments.get(read.length).filter(is_dash).iter().count();
                let rest = after_assignments(found, arguments.get(read.length + dash..));
                through(found, rest);
            }
            None => found.unclear(&shown(), UNCLEAR_OPTIONS),
        },
        "sudo" | "doas" => {
            plain(found, words);
            let options = if name == "sudo" { SUDO } else { DOAS };
            match options.read(arguments) {
                Some(read) => {
                    if read.has(&["D", "R", "chdir", "i", "login"]) {
                        found.moves();
                    }
                    let rest = after_assignments(found, arguments.get(read.length..));
                    let has_shell = read.has(&["s", "i", "shell", "login"]);
                    match rest {
                        [] if has_shell => handed::reads(found, words, input),
                        rest if has_shell => shells::joined(found, rest),
                        rest => command(found, rest, input, depth + 1),
                    }
                }
                None => found.unclear(&shown(), UNCLEAR_OPTIONS),
            }
        }
        "ssh" => {
            plain(found, words);
            found.moves();
            ssh(found, words, input);
        }
        "xargs" => xargs(found, words, depth),
        "find" => find::command(found, words, depth),
        "eval" => shells::joined(found, arguments),
        "trap" => shells::trap(found, words),
        "." | "source" => shells::source(found, words),
        _ if RENAMES.contains(&name) => {
            found.unclear(&shown(), "It may change what the name of a command means.");
        }
        _ => plain(found, words),
    }
}

/// A command that runs no other one, as far as is known here.
pub(super) fn plain(found: &mut Found, words: &[Text]) {
    let name = words.first().and_then(Text::known).unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    let arguments = words.get(1..).unwrap_or_default();
    if matches!(name, "cd" | "pushd" | "popd" | "chdir") {
        found.moves();
    }
    if DECLARES.contains(&name) {
        found.computes(computing::of_builtin(name, arguments));
        if words::sets_dangerously(name, arguments) {
            found.unclear(&Text::joined(words).shown(), DANGEROUS);
        }
    }
    if matches!(name, "mapfile" | "readarray") && arguments.iter().any(words::has_callback) {
        found.unclear(
            &Text::joined(words).shown(),
            "It runs something for the lines that it reads.",
        );
    }
    if name == "git" && !git::is_plain(arguments) {
        found.unclear(
            &Text::joined(words).shown(),
            "It sets an option of git that may run something.",
        );
    }
    if name == "git" {
        let (writes, runs) = git::options_of_command(arguments);
        for path in writes {
            found.push(Deed::Write(Target {
                path,
                is_adrift: false,
            }));
        }
        if runs {
            found.unclear(
                &Text::joined(words).shown(),
                "It has an option of git's by which it runs something.",
            );
        }
    }
    let is_opaque = OPAQUE.contains(&name)
        || name.starts_with("python")
        || name.starts_with("pypy")
        || matches!(name, "sed" | "gsed") && sed::may_run(arguments);
    let input = found.input.clone();
    found.push(Deed::Run(Run {
        words: words.to_vec(),
        is_opaque,
        input,
    }));
    let is_read = found.is_piped && found.input.is_none();
    if loose::may_run(name, arguments, is_opaque)
        || loose::reads(name, arguments, is_opaque, is_read)
    {
        found.push(Deed::Loose(Text::joined(words).shown()));
    }
}

/// A duration, a priority, a set of processors: what stands before a command and is none.
fn is_number(word: &Text) -> bool {
    let begins = |c: char| c.is_ascii_digit() || c == '.';
    options::is_one(word) && word.known().is_some_and(|known| known.starts_with(begins))
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(char::is_whitespace)
        && !name.contains('=')
        && !name.ends_with('/')
}

/// What comes after `NAME=value` words.
fn after_assignments<'a>(found: &mut Found, words: Option<&'a [Text]>) -> &'a [Text] {
    let words = words.unwrap_or_default();
    let count = words.iter().take_while(|word| words::assigns(word)).count();
    let (assignments, rest) = words.split_at_checked(count).unwrap_or_default();
    if let Some(dangerous) = assignments
        .iter()
        .find(|word| words::assigns_dangerously(word))
    {
        found.unclear(&dangerous.shown(), DANGEROUS);
    }
    // `A=$x ls` of `env` has another command where there is a blank in it.
    if let Some(several) = assignments.iter().find(|word| !options::is_one(word)) {
        found.unclear(&several.shown(), UNCLEAR_OPTIONS);
    }
    for assignment in assignments {
        let text = assignment.shown();
        found.may_run(text.split_once('=').map_or("", |(_, held)| held));
    }
    rest
}

/// The command of `xargs`, with whatever it is given after it.
fn xargs(found: &mut Found, words: &[Text], depth: usize) {
    let arguments = words.get(1..).unwrap_or_default();
    let Some(read) = XARGS.read(arguments) else {
        return found.unclear(&Text::joined(words).shown(), UNCLEAR_OPTIONS);
    };
    let rest = arguments.get(read.length..).unwrap_or_default();
    if rest.is_empty() {
        return plain(found, words);
    }
    let places = read
        .given
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "I" | "J" | "replace"));
    // GNU's takes no word after it for its value.
    let place = |(name, value): &(String, Option<Text>)| match (name.as_str(), value) {
        ("replace", None) => Some("{}".to_owned()),
        (_, value) => value.as_ref()?.known(),
    };
    let Some(places) = places.map(place).collect::<Option<Vec<String>>>() else {
        return found.unclear(&Text::joined(words).shown(), UNCLEAR_OPTIONS);
    };
    let mut rest: Vec<Text> = rest.iter().map(|word| filled_in(word, &places)).collect();
    rest.push(Text(vec![Piece::Words]));
    command(found, &rest, &Input::Elsewhere, depth + 1);
}

/// A word in which something else stands for each place.
pub(super) fn filled_in(word: &Text, places: &[String]) -> Text {
    let known = word.known();
    match known {
        Some(known) if places.iter().all(|place| !known.contains(place)) => word.clone(),
        Some(known) => {
            let place = places.iter().find(|place| known.contains(*place));
            let mut filled = Text::default();
            for (index, part) in known.split(place.map_or("", String::as_str)).enumerate() {
                if index > 0 {
                    filled.push(Piece::Unknown);
                }
                part.chars().for_each(|c| filled.push(Piece::Char(c)));
            }
            filled
        }
        None if places.iter().all(|place| !word.shown().contains(place)) => word.clone(),
        None => Text::unknown(),
    }
}

/// What a shell on another machine is told to run.
fn ssh(found: &mut Found, words: &[Text], input: &Input) {
    let arguments = words.get(1..).unwrap_or_default();
    let shown = Text::joined(arguments).shown();
    // `-o ProxyCommand=...` runs something here.
    if shown.to_ascii_lowercase().contains("command") {
        return found.unclear(&shown, UNCLEAR_OPTIONS);
    }
    let host = |read: &Read| arguments.get(read.length);
    let first = SSH.read(arguments);
    let Some(first) = first.filter(|read| host(read).is_none_or(options::is_one)) else {
        return found.unclear(&shown, UNCLEAR_OPTIONS);
    };
    let after = arguments.get(first.length + 1..).unwrap_or_default();
    // More options may come after the host.
    match SSH.read(after) {
        Some(second) => match after.get(second.length..).unwrap_or_default() {
            // Forwarding alone, and what only says something about ssh itself.
            [] if first.has(&["N", "V", "G", "Q", "O"]) || second.has(&["N", "G", "O"]) => {}
            [] => handed::reads(found, words, input),
            program => shells::joined(found, program),
        },
        None => found.unclear(&shown, UNCLEAR_OPTIONS),
    }
}

//! Programs that run what they are told, and the words of theirs that are known only when they run.
//!
//! Which program they run may then be known only when they run, too. Those whose command is read elsewhere are not named here,
//! nor is what any of them does with words that are known.

use crate::rule::text::{Piece, Text};

/// Those that hand all that comes after their first operand to what it names.
const BY_FIRST: [&str; 30] = [
    "perl",
    "ruby",
    "node",
    "nodejs",
    "php",
    "lua",
    "luajit",
    "tclsh",
    "expect",
    "Rscript",
    "tsx",
    "ts-node",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "npx",
    "bunx",
    "uvx",
    "strace",
    "ltrace",
    "eatmydata",
    "fakeroot",
    "xvfb-run",
    "rlwrap",
    "torsocks",
    "proxychains",
    "valgrind",
    "nsenter",
    "setpriv",
];

/// Those whose command may be any of their words.
const BY_ANY: [&str; 49] = [
    "setarch",
    "linux32",
    "linux64",
    "i386",
    "x86_64",
    "uname26",
    "choom",
    "parallel",
    "unshare",
    "chroot",
    "newgrp",
    "entr",
    "hyperfine",
    "gosu",
    "su-exec",
    "setuidgid",
    "systemd-run",
    "systemd-inhibit",
    "machinectl",
    "faketime",
    "numactl",
    "prlimit",
    "cgexec",
    "runcon",
    "pkexec",
    "firejail",
    "bwrap",
    "proot",
    "perf",
    "rr",
    "gdbserver",
    "dbus-run-session",
    "dtach",
    "abduco",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "lxc",
    "nix",
    "nix-shell",
    "direnv",
    "poetry",
    "pipenv",
    "conda",
    "mise",
    "asdf",
    "bundle",
    "run-parts",
];

/// Those that run what an option says.
const BY_OPTION: [&str; 27] = [
    "tar",
    "gtar",
    "bsdtar",
    "rsync",
    "zip",
    "man",
    "split",
    "sort",
    "rg",
    "fd",
    "fdfind",
    "fzf",
    "nc",
    "ncat",
    "socat",
    "lftp",
    "tcpdump",
    "cpio",
    "start-stop-daemon",
    "dpkg",
    "apt",
    "apt-get",
    "scp",
    "sftp",
    "go",
    "gcc",
    "capsh",
];

/// The commands of git that do so.
const BY_OPTION_OF_GIT: [&str; 7] = [
    "rebase",
    "bisect",
    "submodule",
    "difftool",
    "mergetool",
    "filter-branch",
    "grep",
];

/// Whether a program may run what one of its words turns out to be.
pub(super) fn may_run(name: &str, arguments: &[Text], is_opaque: bool) -> bool {
    let is_of_git = || {
        let shown = arguments.iter().map(Text::shown);
        let mut commands = shown.filter(|word| BY_OPTION_OF_GIT.contains(&word.as_str()));
        commands.next().is_some()
    };
    if BY_FIRST.contains(&name) || is_python(name) {
        !names_first(arguments, is_python(name)) && arguments.iter().any(is_unknown)
    } else if BY_ANY.contains(&name) || is_opaque {
        arguments.iter().any(is_unknown)
    } else if BY_OPTION.contains(&name) || name == "git" && is_of_git() {
        before_dashes(arguments).any(may_be_options)
    } else {
        false
    }
}

/// Whether a program runs what it reads, or what nobody can tell from its words.
pub(super) fn reads(name: &str, arguments: &[Text], is_opaque: bool, is_piped: bool) -> bool {
    let has_program = |word: &Text| {
        let shown = word.shown();
        let is_dash = matches!(shown.as_str(), "-" | "--");
        let told = |letters: &str| {
            letters.contains(['c', 'e', 'E', 'm', 'f', 'r', 'v', 'V', 'h', 'n', 'p'])
        };
        !is_dash && shown.strip_prefix('-').is_none_or(told)
    };
    match name {
        // `s/x/y/e` runs what it has read.
        "sed" | "gsed" => is_opaque,
        "make" => is_piped && arguments.iter().any(|word| word.shown().ends_with('-')),
        _ if BY_FIRST.contains(&name) || is_python(name) => {
            is_opaque && is_piped && !arguments.iter().any(has_program)
        }
        _ => is_opaque && is_piped,
    }
}

fn is_python(name: &str) -> bool {
    name.starts_with("python") || name.starts_with("pypy")
}

/// Whether what it runs is its first word, or what `-m` says of python.
fn names_first(arguments: &[Text], is_python: bool) -> bool {
    let known = |at: usize| arguments.get(at).and_then(Text::known);
    let is_plain = |word: &String| !word.starts_with(['-', '+']);
    let is_module = is_python && known(0).as_deref() == Some("-m");
    known(usize::from(is_module)).is_some_and(|word| is_plain(&word))
}

/// Whether something is not known of a word but what its files are called.
fn is_unknown(word: &Text) -> bool {
    match word.0.as_slice() {
        [Piece::Char('-'), rest @ ..] => rest.iter().any(is_open),
        [Piece::Char(_) | Piece::Tilde, rest @ ..] => rest
            .iter()
            .any(|piece| is_open(piece) && *piece != Piece::Files),
        []
        | [
            Piece::Gap | Piece::Unknown | Piece::Words | Piece::Files,
            ..,
        ] => !word.0.is_empty(),
    }
}

fn is_open(piece: &Piece) -> bool {
    matches!(piece, Piece::Unknown | Piece::Words | Piece::Files)
}

/// Whether it may be an option, or have one among the words that it comes to.
pub(super) fn may_be_options(word: &Text) -> bool {
    let begins = match word.0.first() {
        Some(Piece::Unknown | Piece::Words | Piece::Files) => true,
        Some(Piece::Char('-')) => word.0.iter().any(is_open),
        Some(Piece::Char(_) | Piece::Gap | Piece::Tilde) | None => false,
    };
    begins || word.0.contains(&Piece::Words)
}

fn before_dashes(arguments: &[Text]) -> impl Iterator<Item = &Text> {
    // What is several words may have it as the first of them, but nothing before it.
    arguments
        .iter()
        .take_while(|word| word.known().as_deref() != Some("--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Text {
        let pieces = text.chars().map(|c| match c {
            '@' => Piece::Unknown,
            '$' => Piece::Words,
            '*' => Piece::Files,
            c => Piece::Char(c),
        });
        Text(pieces.collect())
    }

    #[test]
    fn what_is_run_may_be_known_only_when_it_runs() {
        let check = |line: &str, expected: bool| {
            let words: Vec<Text> = line.split(' ').map(word).collect();
            let name = words[0].shown();
            assert_eq!(may_run(&name, &words[1..], false), expected, "{line}");
        };
        for line in [
            "python3 @",
            "python3 -c @",
            "perl -e x @",
            "strace -o x @",
            "parallel -j @ x",
            "tar czf x.tgz *",
            "tar xf @",
            "tar xf a$",
            "sort -o$ x",
            "docker exec @ x",
            "git rebase @",
            "npx @",
            "entr @",
        ] {
            check(line, true);
        }
        for line in [
            "python3 x.py @",
            "python3 -m pytest @",
            "perl x.pl $",
            "strace x @",
            "tar czf x.tgz src/*",
            "tar czf x.tgz -- @",
            "tar czf x.tgz a@",
            "git add @",
            "git push origin @",
            "npx eslint @",
            "npm test @",
            "ls $",
            "docker run x",
        ] {
            check(line, false);
        }
    }
}

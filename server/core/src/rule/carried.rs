//! Commands among the arguments of other commands: many programs run what they are told.
//!
//! Those of which it is known how they do so are looked through elsewhere. For all others the arguments, and what they are given
//! to read, are searched for what is denied, so that no program that is not known here opens a way around a deny. Where there is
//! too much to search, it counts as found.

mod meant;

use self::meant::{meanings, program};
use super::{
    Rule, braces,
    glob::{Glob, Kind, Sureness},
    shell::{self, Deed, Run},
    spelling::{mentions, spellings},
    text::{Piece, Text},
};

/// Programs in arguments of programs in arguments.
const DEEPEST: usize = 3;
const MOST_TAILS: usize = 200;
const LONGEST_TAIL: usize = 30;
/// Texts that are read as programs, for all arguments together.
const MOST_PROGRAMS: usize = 250;

/// A search for what some rules deny.
struct Search<'s, 'a> {
    denies: &'s [&'a Rule],
    programs: usize,
}

/// Returns the deny that is about what a command may run for its arguments.
pub(super) fn denied<'a>(denies: &[&'a Rule], run: &Run) -> Option<&'a Rule> {
    Search::of(denies).run(run, 0)
}

/// The same for a text that may be taken for a command, or for a part of one.
pub(super) fn denied_text<'a>(denies: &[&'a Rule], text: &str) -> Option<&'a Rule> {
    Search::of(denies).text(text, 0)
}

impl<'s, 'a> Search<'s, 'a> {
    fn of(denies: &'s [&'a Rule]) -> Self {
        Self {
            denies,
            programs: 0,
        }
    }

    fn run(&mut self, run: &Run, depth: usize) -> Option<&'a Rule> {
        let arguments = run.words.get(1..).unwrap_or_default();
        if self.denies.is_empty() {
            return None;
        }
        if is_data(run) {
            return self.files(arguments);
        }
        let shown = || Text::joined(arguments).shown();
        if depth > DEEPEST {
            return self.names(&shown());
        }
        // In a language that is not read here the name of a command has mostly no other spelling.
        let named = run.is_opaque.then(|| self.names(&shown())).flatten();
        let read = run.input.as_deref().and_then(|input| self.names(input));
        named
            .or(read)
            .or_else(|| self.words(arguments))
            .or_else(|| self.programs(arguments, depth))
    }

    fn text(&mut self, text: &str, depth: usize) -> Option<&'a Rule> {
        if self.denies.is_empty() {
            return None;
        }
        if depth > DEEPEST {
            return self.names(text);
        }
        let words: Vec<Text> = text.split_whitespace().map(Text::of).collect();
        self.words(&words)
            .or_else(|| self.programs(&words, depth))
            .or_else(|| self.program(text, depth))
    }

    /// A denied command by its path: what copies or prints it gives it another name.
    fn files(&self, arguments: &[Text]) -> Option<&'a Rule> {
        let mut paths = arguments
            .iter()
            .filter(|word| word.0.contains(&Piece::Char('/')));
        paths.find_map(|path| self.about(std::slice::from_ref(path)))
    }

    /// The name of a denied command, wherever it stands.
    fn names(&self, text: &str) -> Option<&'a Rule> {
        let text = text.replace("\\\n", "");
        let text: String = text.chars().filter(|c| !"'\"\\".contains(*c)).collect();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let names: Vec<&str> = text.split(|c| !is_name(c)).collect();
        self.denies.iter().copied().find(|rule| {
            let head = Glob::of(rule.pattern.as_deref().unwrap_or_default()).head();
            let name = head.split(' ').next().unwrap_or_default();
            name.is_empty() || names.contains(&name)
        })
    }

    /// The command may be any of the words, with those after it: `strace -f rm x`.
    fn words(&self, arguments: &[Text]) -> Option<&'a Rule> {
        if arguments.len() > MOST_TAILS {
            return self.denies.first().copied();
        }
        // The end of a long list of files is not looked at from each of them on.
        let tails = (0..arguments.len()).filter_map(|at| arguments.get(at..));
        let mut tails = tails.map(|tail| tail.get(..LONGEST_TAIL).unwrap_or(tail));
        tails.find_map(|tail| self.tail(tail).or_else(|| self.ends(tail)))
    }

    fn tail(&self, tail: &[Text]) -> Option<&'a Rule> {
        let mut launched = shell::launched(tail).into_iter().flatten();
        self.about(tail).or_else(|| {
            launched.find_map(|deed| match deed {
                Deed::Run(run) => self.about(&run.words),
                Deed::Unclear { .. } | Deed::Nameless(_) | Deed::Loose(_) => {
                    self.denies.first().copied()
                }
                Deed::Write(_) | Deed::Read(_) | Deed::Maybe(_) => None,
            })
        })
    }

    /// The command may begin within a word, and be known in part: `-crm x`, `--exec=r*`.
    fn ends(&self, tail: &[Text]) -> Option<&'a Rule> {
        let (first, rest) = tail.split_first()?;
        let ends = meanings(first);
        let in_part = std::iter::once(first).chain(&ends);
        let in_part = in_part.filter(|word| is_known_in_part(word));
        let mut in_part = in_part.filter_map(|name| self.nameless(name));
        in_part.next().or_else(|| {
            ends.iter().find_map(|end| {
                let words: Vec<Text> = std::iter::once(end).chain(rest).cloned().collect();
                self.about(&words)
            })
        })
    }

    /// One of the words may be a program, or all of them together: `watch 'rm x'`, `--exec='rm x'`, `alias.x=!rm`.
    fn programs(&mut self, arguments: &[Text], depth: usize) -> Option<&'a Rule> {
        let words = arguments.iter().flat_map(|word| {
            let ends = meanings(word);
            std::iter::once(word.clone()).chain(ends)
        });
        let mut texts = words.filter_map(|word| program(&word));
        let found = texts.find_map(|text| self.program(&text, depth));
        found.or_else(|| {
            let joined = program(&Text::joined(arguments))?;
            let is_quoted = joined.contains(['"', '\'', '\\']) && arguments.len() > 1;
            is_quoted.then(|| self.parsed(&joined, depth, true))?
        })
    }

    fn program(&mut self, text: &str, depth: usize) -> Option<&'a Rule> {
        let Some(alternatives) = braces::alternatives(text) else {
            return self.denies.first().copied();
        };
        let mut others = alternatives.iter().filter(|one| *one != text);
        let found = others.find_map(|text| self.parsed(text, depth, true));
        // What braces make of the names in it has been seen then.
        let is_plain = alternatives.iter().any(|one| one == text);
        found.or_else(|| self.parsed(text, depth, is_plain))
    }

    fn parsed(&mut self, text: &str, depth: usize, with_names: bool) -> Option<&'a Rule> {
        self.programs += 1;
        if self.programs > MOST_PROGRAMS {
            return self.denies.first().copied();
        }
        // Most of what can't be read is no program.
        let looks_up = text.contains(['$', '`', '(', ';', '|', '&', '\n']);
        let deeds = shell::take_apart(text.trim_start_matches('!'));
        let is_seen = |deed: &Deed| !with_names && matches!(deed, Deed::Nameless(_));
        deeds
            .iter()
            .filter(|deed| !is_seen(deed))
            .find_map(|deed| self.deed(deed, depth, looks_up))
    }

    fn deed(&mut self, deed: &Deed, depth: usize, looks_up: bool) -> Option<&'a Rule> {
        let first = || self.denies.first().copied();
        match deed {
            Deed::Run(run) => self.about(&run.words).or_else(|| self.run(run, depth + 1)),
            Deed::Loose(_) => first(),
            Deed::Nameless(_) | Deed::Unclear { .. } if looks_up => first(),
            Deed::Nameless(words) => words
                .first()
                .and_then(|name| self.nameless(name))
                .or_else(|| self.words(words))
                .or_else(|| match depth <= DEEPEST {
                    true => self.programs(words, depth + 1),
                    false => self.names(&Text::joined(words).shown()),
                }),
            // It may be a command that runs what a pattern stands for.
            Deed::Unclear { shown, .. } if shown.contains(['*', '?', '[', '…']) => first(),
            Deed::Unclear { shown, .. } => self.names(shown),
            Deed::Maybe(text) => self.text(text, depth + 1),
            Deed::Write(_) | Deed::Read(_) => None,
        }
    }

    /// A name that is known in part, as `r*` is.
    fn nameless(&self, name: &Text) -> Option<&'a Rule> {
        let file = name
            .0
            .iter()
            .rposition(|piece| *piece == Piece::Char('/'))
            .map_or(0, |at| at + 1);
        let name = Text(name.0.get(file..).unwrap_or_default().to_vec());
        self.denies.iter().copied().find(|rule| {
            let pattern = rule.pattern.as_deref().unwrap_or("*");
            let denied = Glob::of(pattern.split(' ').next().unwrap_or_default());
            denied.matches(&name, Kind::Words, Sureness::Possibly)
        })
    }

    /// The deny that is about the command.
    fn about(&self, words: &[Text]) -> Option<&'a Rule> {
        let run = Run {
            words: words.to_vec(),
            is_opaque: false,
            input: None,
        };
        let spelled = spellings(&run);
        self.denies.iter().copied().find(|rule| {
            let pattern = rule.pattern.as_deref().unwrap_or("*");
            let mut spelled = spelled.iter();
            spelled.any(|text| mentions(pattern, text, Sureness::Likely))
        })
    }
}

/// Whether of the last part of a path, or of a word, something is known, and something is not: `r$x`.
fn is_known_in_part(word: &Text) -> bool {
    let mut last = word.0.rsplit(|piece| *piece == Piece::Char('/'));
    let is_known = |piece: &Piece| matches!(piece, Piece::Char(_));
    word.known().is_none() && last.next().is_some_and(|last| last.iter().any(is_known))
}

/// Commands that are known to run nothing of what they are told.
fn is_data(run: &Run) -> bool {
    const DATA: [&str; 41] = [
        "echo", "printf", "cat", "ls", "cd", "pwd", "grep", "egrep", "fgrep", "head", "tail", "wc",
        "cut", "tr", "uniq", "diff", "cmp", "mkdir", "rmdir", "touch", "test", "[", "true",
        "false", ":", "sleep", "which", "type", "stat", "file", "basename", "dirname", "realpath",
        "readlink", "du", "df", "date", "seq", "jq", "tee", "find",
    ];
    let mut words = run.words.iter().map(Text::known);
    let (first, second) = (words.next().flatten(), words.next().flatten());
    match (first.as_deref(), second.as_deref()) {
        (Some("git"), Some("commit" | "tag" | "log" | "show" | "diff" | "status" | "add")) => true,
        (Some(name), _) => DATA.contains(&name),
        (None, _) => false,
    }
}

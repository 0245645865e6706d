//! What a command reads and writes besides what it does itself.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a node that is not known here is unclear, whatever a later parser may add"
)]

use rable::{Node, NodeKind};

use super::{
    Deed, Target,
    program::{DANGEROUS, Found},
    words,
};
use crate::rule::text::{Piece, Text};

/// What a simple command reads at its standard input, as far as the program says so.
pub(super) enum Input {
    /// Where from is not said: a pipe, a file, or what the shell has.
    Elsewhere,
    Text(String),
    /// A text with substitutions.
    Unknown,
}

impl Found {
    /// Takes note of the files, and returns what is at standard input.
    pub(super) fn redirects(&mut self, redirects: &[Node]) -> Input {
        let mut input = Input::Elsewhere;
        for redirect in redirects {
            match &redirect.kind {
                NodeKind::HereDoc {
                    content,
                    quoted,
                    complete,
                    fd,
                    ..
                } => {
                    if !complete {
                        self.unclear(content, "It has a here-document without an end.");
                    }
                    if !quoted {
                        self.quoted(content);
                    }
                    let known = *quoted || !content.contains(['$', '`', '\\']);
                    let known = known.then(|| content.clone());
                    self.only_at_input(*fd, content);
                    input = self.reads(&input, content, known);
                }
                NodeKind::Redirect {
                    op,
                    target,
                    varfd,
                    fd,
                } => {
                    if varfd.as_deref().is_some_and(words::is_dangerous) {
                        self.unclear(op, DANGEROUS);
                    }
                    let path = self.word(target);
                    if op == "<<<" {
                        let number = if varfd.is_some() { 1 } else { *fd };
                        self.only_at_input(number, &path.shown());
                        input = self.reads(&input, &path.shown(), path.known());
                    } else if op.starts_with('<') {
                        input = Input::Unknown;
                    }
                    self.redirect(op, path);
                }
                _ => self.unclear(&redirect.to_string(), "It is redirected in an unknown way."),
            }
        }
        input
    }

    /// `bash 3<<< ls` reads its program elsewhere, and nobody needs such a number.
    fn only_at_input(&mut self, number: i32, shown: &str) {
        if !matches!(number, -1 | 0) {
            self.unclear(shown, "It is given to read under another number.");
        }
    }

    /// Takes note of one more text that is given to read. Which of several it reads depends on their numbers.
    fn reads(&mut self, before: &Input, shown: &str, known: Option<String>) -> Input {
        let texts = self.input.get_or_insert_default();
        texts.push_str(shown);
        texts.push('\n');
        match (before, known) {
            (Input::Elsewhere, Some(known)) => Input::Text(known),
            (Input::Elsewhere | Input::Text(_) | Input::Unknown, _) => Input::Unknown,
        }
    }

    fn redirect(&mut self, op: &str, path: Text) {
        let known = path.known();
        let is_number = known
            .as_ref()
            .is_some_and(|path| !path.is_empty() && path.chars().all(|c| c.is_ascii_digit()));
        // zsh means by it that an existing file may be overwritten.
        let is_forced = path.0.first() == Some(&Piece::Char('!'));
        let target = |path| Target {
            path,
            is_adrift: false,
        };
        match op {
            "<<<" | ">&-" | "<&-" => {}
            ">&" | "<&" if is_number => {}
            "<" => self.push(Deed::Read(target(path))),
            ">" | ">>" | ">|" | "&>" | "&>>" | "<>" if !is_forced => {
                self.push(Deed::Write(target(path)));
            }
            // The rest of such a word may have been left out.
            _ => self.push(Deed::Write(target(Text::unknown()))),
        }
    }
}

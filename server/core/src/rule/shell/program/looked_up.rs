//! What is looked up to find out what a word, a test or a number is: the commands that are run for it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a node that is not known here is unclear, whatever a later parser may add"
)]

use rable::{Node, NodeKind};

use super::{Found, MOST_PARSES};
use crate::rule::{
    shell::{
        Deed, computing,
        word::{self, Word},
        words,
    },
    text::Text,
};

impl Found {
    /// What a variable holds may be run by whoever reads it: `LESS='+!rm x' less y`.
    pub(in crate::rule::shell) fn may_run(&mut self, held: &str) {
        let begins = |c: char| c.is_alphanumeric() || "./".contains(c);
        let bare = held.trim_start_matches(|c| !begins(c));
        let texts = [held, bare];
        let count = if held == bare { 1 } else { 2 };
        for text in texts
            .into_iter()
            .take(count)
            .filter(|text| !text.is_empty())
        {
            self.push(Deed::Maybe(text.to_owned()));
        }
    }

    /// Reads a word, and takes apart what is run to find out what it is.
    pub(in crate::rule::shell) fn word(&mut self, node: &Node) -> Text {
        self.read(node).0
    }

    /// The same of an assignment, whose value a variable holds from then on.
    pub(super) fn assignment(&mut self, node: &Node) -> Text {
        let (text, is_foreign) = self.read(node);
        let shown = text.shown();
        // A subscript looks like a pattern of files.
        let written = source(node);
        let (subscript, held) = match computing::assigned(&written) {
            (None, _) => (None, shown.split_once('=').map_or("", |(_, held)| held)),
            with_subscript => with_subscript,
        };
        self.may_run(held);
        self.computing.evaluates |= subscript.is_some();
        self.computing.is_wild |= is_foreign || computing::is_wild(held);
        self.computing.is_wild |=
            subscript.is_some_and(|inner| !computing::is_plain_operand(inner));
        text
    }

    /// The same of what a variable becomes in a loop.
    pub(super) fn each(&mut self, node: &Node) {
        let (text, is_foreign) = self.read(node);
        let is_wild =
            is_foreign || computing::has_files(&text) || computing::is_wild(&text.shown());
        self.computing.is_wild |= is_wild;
    }

    /// Reads a word; tells beside it whether it has what is not in the program.
    fn read(&mut self, node: &Node) -> (Text, bool) {
        let Word {
            text,
            nested,
            quoted,
            others,
            is_unclear,
            computes,
            smuggles,
            is_foreign,
        } = word::read(node);
        if is_unclear {
            self.unclear(
                &source(node),
                "Shells may read this word in different ways.",
            );
        }
        self.computes |= computes;
        self.computing.evaluates |= computes;
        self.computing.is_wild |= computes && is_foreign;
        self.smuggles |= smuggles;
        nested.into_iter().for_each(|node| self.node(node));
        for text in quoted {
            // `${x:=y}` sets x, and `${x:y}` computes.
            self.computing.is_wild |= computing::is_wild(text);
            self.quoted(text);
            self.push(Deed::Maybe(text.to_owned()));
        }
        for text in others {
            self.push(Deed::Maybe(text));
        }
        (text, is_foreign)
    }

    /// A text of which only the substitutions are run.
    pub(in crate::rule::shell) fn quoted(&mut self, text: &str) {
        if !text.contains(['$', '`']) {
            return;
        }
        let is_plain = !text.contains(['"', '\'', '\\']);
        match is_plain.then(|| format!(": \"{text}\"")) {
            Some(program) => self.only_word(&program),
            None if words::has_only_names(text) => {}
            None => self.unclear(text, "It has quotes within what is looked up in it."),
        }
    }

    /// One word of a test.
    pub(super) fn term(&mut self, value: &str) {
        if words::has_only_names(value) {
            self.smuggles |= value.contains("\\$");
            return;
        }
        self.only_word(&format!(": {value}"));
    }

    /// Takes apart what the one word after `:` runs.
    fn only_word(&mut self, program: &str) {
        if self.parses >= MOST_PARSES {
            return self.unclear(program, "It has programs within programs within programs.");
        }
        self.parses += 1;
        let nodes = rable::parse(program, false).unwrap_or_default();
        if let [node] = nodes.as_slice()
            && let NodeKind::Command {
                assignments,
                words,
                redirects,
            } = &node.kind
            && let ([], [_, word], []) = (
                assignments.as_slice(),
                words.as_slice(),
                redirects.as_slice(),
            )
        {
            self.word(word);
        } else {
            self.unclear(program, "Shells may read this word in different ways.");
        }
    }

    /// Numbers, names and what is done with them.
    pub(super) fn arithmetic_text(&mut self, text: &str) {
        self.computes = true;
        self.computing.evaluates = true;
        if !words::is_plain_arithmetic(text) {
            self.unclear(text, "What it computes may run something.");
        }
    }
}

fn source(node: &Node) -> String {
    match &node.kind {
        NodeKind::Word { value, .. } => value.clone(),
        _ => node.to_string(),
    }
}

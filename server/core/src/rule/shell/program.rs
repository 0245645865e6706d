//! The parts of a shell program: every command that it may come to, wherever it stands.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a node that is not known here is unclear, whatever a later parser may add"
)]

mod looked_up;

use rable::{Node, NodeKind};

use super::{
    Deed,
    computing::{self, COMPARES, Computing},
    launch,
    redirections::Input,
    words, written,
};
use crate::rule::text::Text;

/// What is found on the way through a program.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) deeds: Vec<Deed>,
    /// Programs within programs.
    depth: usize,
    /// Parses are not free, and each may ask for more of them.
    parses: usize,
    computes: bool,
    smuggles: bool,
    computing: Computing,
    moves: bool,
    /// The command at hand reads what another one writes.
    pub(super) is_piped: bool,
    /// Branches of `case`.
    branches: usize,
    /// What the command at hand is given to read by the program itself.
    pub(super) input: Option<String>,
}

/// Programs in strings, in programs in strings.
const DEEPEST: usize = 6;
const MOST_PARSES: usize = 100;
const MOST_DEEDS: usize = 300;

pub(super) fn deeds(command: &str) -> Vec<Deed> {
    let mut found = Found::default();
    found.program(command);
    if found.computes && found.smuggles {
        // `x='a[$(rm y)]'; echo $((x))` runs rm.
        found.unclear(
            command,
            "It computes with what may be a command in a variable.",
        );
    }
    if let Some(why) = found.computing.why() {
        found.unclear(command, why);
    }
    if let Some(script) = written::and_run(&found.deeds) {
        found.unclear(&script, "It runs what it has written itself.");
    } else if let Some(script) = written::and_may_run(&found.deeds) {
        found.push(Deed::Loose(script));
    }
    if found.moves {
        for deed in &mut found.deeds {
            if let Deed::Read(target) | Deed::Write(target) = deed {
                target.is_adrift = true;
            }
        }
    }
    found.deeds
}

/// The same for a simple command whose words are known, and whose input is not.
pub(super) fn deeds_of(words: &[Text]) -> Vec<Deed> {
    let mut found = Found::default();
    launch::command(&mut found, words, &Input::Elsewhere, 0);
    found.deeds
}

impl Found {
    /// Takes a whole program apart.
    pub(super) fn program(&mut self, source: &str) {
        if self.depth >= DEEPEST || self.parses >= MOST_PARSES {
            return self.unclear(source, "It has programs within programs within programs.");
        }
        self.depth += 1;
        self.parses += 1;
        self.computing.names |= computing::names_what_decides(source);
        match rable::parse(source, false) {
            Ok(nodes) => {
                if !words::has_plain_heredocs(source) {
                    self.unclear(
                        source,
                        "It has a here-document whose end shells may see elsewhere.",
                    );
                }
                let before = self.branches;
                nodes.iter().for_each(|node| self.node(node));
                // Where one has no end the parser takes what comes for the next one, and shells take offence.
                let ends = source.matches(";;").count() + source.matches(";&").count();
                if self.branches - before > ends {
                    self.unclear(source, "It has branches that do not end.");
                }
            }
            Err(_) => self.unclear(source, "It is no shell command that can be read."),
        }
        self.depth -= 1;
    }

    pub(super) fn unclear(&mut self, shown: &str, why: &'static str) {
        self.push(Deed::Unclear {
            shown: shown.to_owned(),
            why,
        });
    }

    pub(super) fn push(&mut self, deed: Deed) {
        let why = "It does more than can be looked at.";
        if self.deeds.len() < MOST_DEEDS {
            self.deeds.push(deed);
        } else if self.deeds.len() == MOST_DEEDS {
            self.deeds.push(Deed::Unclear {
                shown: "…".to_owned(),
                why,
            });
        }
    }

    /// The command changes the directory in which later ones run.
    pub(super) fn moves(&mut self) {
        self.moves = true;
    }

    /// The command computes with its arguments.
    pub(super) fn computes(&mut self, computing: Computing) {
        self.computes = true;
        self.computing.evaluates |= computing.evaluates;
        self.computing.names |= computing.names;
        self.computing.is_wild |= computing.is_wild;
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Command {
                assignments,
                words,
                redirects,
            } => self.simple(assignments, words, redirects),
            NodeKind::Pipeline { commands, .. } => self.pipeline(commands),
            NodeKind::List { items } => items.iter().for_each(|item| self.node(&item.command)),
            NodeKind::If {
                condition,
                then_body,
                else_body,
                redirects,
            } => {
                self.node(condition);
                self.node(then_body);
                else_body.iter().for_each(|node| self.node(node));
                self.given(redirects);
            }
            NodeKind::While {
                condition,
                body,
                redirects,
            }
            | NodeKind::Until {
                condition,
                body,
                redirects,
            } => {
                self.node(condition);
                self.node(body);
                self.given(redirects);
            }
            NodeKind::For {
                var,
                words,
                body,
                redirects,
            }
            | NodeKind::Select {
                var,
                words,
                body,
                redirects,
            } => {
                if words::is_dangerous(var) {
                    self.unclear(var, DANGEROUS);
                }
                words.iter().flatten().for_each(|word| self.each(word));
                self.node(body);
                self.given(redirects);
            }
            NodeKind::ForArith {
                init,
                cond,
                incr,
                body,
                redirects,
            } => {
                for text in [init, cond, incr] {
                    self.arithmetic_text(text);
                }
                self.node(body);
                self.given(redirects);
            }
            NodeKind::Case {
                word,
                patterns,
                redirects,
            } => {
                self.word(word);
                self.branches += patterns.len();
                for pattern in patterns {
                    pattern
                        .patterns
                        .iter()
                        .for_each(|word| drop(self.word(word)));
                    pattern.body.iter().for_each(|body| self.node(body));
                }
                self.given(redirects);
            }
            NodeKind::Function { name, body } => {
                self.unclear(name, "It gives a name of its own to commands.");
                self.node(body);
            }
            NodeKind::Subshell { body, redirects } | NodeKind::BraceGroup { body, redirects } => {
                self.node(body);
                self.given(redirects);
            }
            NodeKind::Coproc { name, command } => {
                if let Some(name) = name.as_deref().filter(|name| words::is_dangerous(name)) {
                    self.unclear(name, DANGEROUS);
                }
                self.node(command);
            }
            NodeKind::Negation { pipeline } | NodeKind::Time { pipeline, .. } => {
                self.node(pipeline);
            }
            NodeKind::ArithmeticCommand {
                raw_content,
                redirects,
                expression: _,
            } => {
                self.arithmetic_text(raw_content);
                self.given(redirects);
            }
            NodeKind::ConditionalExpr { body, redirects } => {
                self.node(body);
                self.given(redirects);
            }
            NodeKind::CondAnd { left, right } | NodeKind::CondOr { left, right } => {
                self.node(left);
                self.node(right);
            }
            NodeKind::BinaryTest { op, left, right } => {
                self.computes |= op.starts_with('-');
                if COMPARES.contains(&op.as_str()) {
                    self.computing.evaluates = true;
                    self.computing.is_wild |= [left, right].into_iter().any(|side| {
                        !matches!(&side.kind, NodeKind::CondTerm { value, .. } if computing::is_plain_operand(value))
                    });
                }
                self.node(left);
                self.node(right);
            }
            NodeKind::UnaryTest { op, operand } => {
                let is_name = op == "-v" || op == "-R";
                self.computes |= is_name;
                self.computing.evaluates |= is_name;
                self.node(operand);
            }
            NodeKind::CondNot { operand } => self.node(operand),
            NodeKind::CondParen { inner } => self.node(inner),
            NodeKind::CondTerm { value, .. } => self.term(value),
            NodeKind::Empty | NodeKind::Comment { .. } => {}
            _ => self.unclear(
                &node.to_string(),
                "It has something that is not known here.",
            ),
        }
    }

    fn pipeline(&mut self, commands: &[Node]) {
        let was_piped = self.is_piped;
        let outer = self.input.clone();
        for command in commands {
            self.node(command);
            self.is_piped = true;
            self.input = None;
        }
        self.is_piped = was_piped;
        self.input = outer;
    }

    /// What is redirected to and from all commands within one: any of them may run what it reads.
    fn given(&mut self, redirects: &[Node]) {
        let outer = self.input.take();
        self.redirects(redirects);
        if let Some(text) = std::mem::replace(&mut self.input, outer) {
            self.may_run(&text);
        }
    }

    fn simple(&mut self, assignments: &[Node], words: &[Node], redirects: &[Node]) {
        for assignment in assignments {
            self.assignment(assignment);
            if let NodeKind::Word { value, .. } = &assignment.kind {
                let name = value.split(['=', '+', '[']).next().unwrap_or_default();
                if words::is_dangerous(name) {
                    self.unclear(value, DANGEROUS);
                }
            }
        }
        // A word that comes first and looks like an assignment is one, however it was taken.
        let mut leading = words.iter().peekable();
        let mut values = Vec::new();
        while let Some(node) = leading.next_if(|node| words::is_assignment(node)) {
            let text = self.assignment(node);
            if words::assigns_dangerously(&text) {
                self.unclear(&text.shown(), DANGEROUS);
            }
        }
        for node in leading {
            values.push(self.word(node));
        }
        let begin = self.deeds.len();
        let outer = self.input.take();
        let input = self.redirects(redirects);
        // What reads nothing else reads what is given to those around it.
        if self.input.is_none() {
            self.input.clone_from(&outer);
        }
        let files = self.deeds.len() - begin;
        if !values.is_empty() {
            launch::command(self, &values, &input, 0);
        }
        self.input = outer;
        // The command comes before its files where both are shown.
        if let Some(deeds) = self.deeds.get_mut(begin..) {
            deeds.rotate_left(files);
        }
    }
}

pub(super) const DANGEROUS: &str = "It sets a variable that decides on what is run.";

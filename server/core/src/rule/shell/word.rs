//! A word of a shell program: what it is once its quotes are gone, and the commands that are run to find that out.
//!
//! Where it is not certain what the shell makes of a word, it says so: `is_unclear` keeps any rule from allowing it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a node that is not known here is unclear, whatever a later parser may add"
)]

use rable::{Node, NodeKind};

use super::{escapes, words};
use crate::rule::{
    braces,
    text::{Piece, Text},
};

/// What may be done with a parameter's value. Not `@`: with `@P`, what is in it is run.
const OPERATORS: [&str; 20] = [
    "", ":-", ":=", ":+", ":?", "-", "=", "+", "?", "##", "#", "%%", "%", "//", "/#", "/%", "/",
    "^^", "^", ":",
];

/// What a word comes to.
#[derive(Debug, Default)]
pub(super) struct Word<'a> {
    pub(super) text: Text,
    /// The commands of its substitutions, as they were parsed.
    pub(super) nested: Vec<&'a Node>,
    /// Texts of which only the substitutions within are run: `${a:-here}`.
    pub(super) quoted: Vec<&'a str>,
    /// What it may be in one shell and not in another, or by its braces.
    pub(super) others: Vec<String>,
    /// Nobody can tell for sure what the shell makes of it.
    pub(super) is_unclear: bool,
    /// It computes, so what a variable holds may be run.
    pub(super) computes: bool,
    /// It has a substitution that is only text until something computes with it.
    pub(super) smuggles: bool,
    /// It has what a command writes, or what can't be read here.
    pub(super) is_foreign: bool,
}

/// How the characters are quoted that are being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
}

pub(super) fn read(node: &Node) -> Word<'_> {
    let mut word = Word::default();
    let NodeKind::Word { value, parts, .. } = &node.kind else {
        word.is_unclear = true;
        return word;
    };
    word.is_unclear |= has_doubtful_backticks(value);
    let mut reader = Reader {
        source: value,
        word,
        quote: Quote::None,
        is_first: true,
        is_open: false,
        hidden: String::new(),
    };
    let literals = parts.iter().map(|part| match &part.kind {
        NodeKind::WordLiteral { value } => Some(value.as_str()),
        _ => None,
    });
    match literals.collect::<Option<String>>() {
        // A word that is nothing but text is read from its source.
        Some(text) if parts.is_empty() || text == *value => reader.literal(value),
        Some(_) => reader.word.is_unclear = true,
        None => parts.iter().for_each(|part| reader.part(part)),
    }
    let mut word = reader.finish();
    if has_braces(value) {
        word.text = Text(vec![Piece::Words]);
        word.is_unclear |= value.contains(['$', '`', '<', '>']);
        let alternatives = braces::alternatives(value);
        word.is_unclear |= alternatives.is_none();
        let plain = |text: &String| text.replace(['"', '\'', '\\'], "");
        word.others.extend(alternatives.iter().flatten().map(plain));
    }
    word
}

/// Backticks end at the next backtick, whatever stands between, and `\` means something else within. Where that could matter,
/// a parser's word is not taken for it.
fn has_doubtful_backticks(value: &str) -> bool {
    let segments: Vec<&str> = value.split('`').collect();
    let mut inner = segments.iter().skip(1).step_by(2);
    let is_doubtful = |text: &&str| text.contains(['\'', '"', '\\', '#', '(', '<']);
    segments.len() > 1
        && (value.contains(['\'', '\\'])
            || segments.len().is_multiple_of(2)
            || inner.any(is_doubtful))
}

/// Whether `{a,b}` or `{1..3}` may make several words of it.
fn has_braces(value: &str) -> bool {
    let value = match value.contains(['$', '`']) {
        // What is within a substitution is quoted by itself.
        true => value.to_owned(),
        false => unquoted(value),
    };
    // `${` is no brace of this kind, but may stand within one.
    let inner = value.split_once('{').map(|(_, inner)| inner);
    let is_parameter = value
        .split('{')
        .rev()
        .skip(1)
        .all(|text| text.ends_with('$'));
    inner.is_some_and(|inner| {
        (inner.contains(',') || inner.contains("..")) && inner.contains('}') && !is_parameter
    })
}

/// What of a word without substitutions is not quoted.
fn unquoted(value: &str) -> String {
    let mut unquoted = String::new();
    let mut quote = Quote::None;
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        quote = match (quote, c) {
            (Quote::None, '\'') => Quote::Single,
            (Quote::None, '"') => Quote::Double,
            (Quote::Single, '\'') | (Quote::Double, '"') => Quote::None,
            (Quote::None | Quote::Double, '\\') => {
                rest.next();
                quote
            }
            (Quote::None, c) => {
                unquoted.push(c);
                quote
            }
            (Quote::Single | Quote::Double, _) => quote,
        };
    }
    unquoted
}

struct Reader<'a> {
    source: &'a str,
    word: Word<'a>,
    quote: Quote,
    /// Nothing of the word was read yet.
    is_first: bool,
    /// The rest of the word is unknown with what came before it.
    is_open: bool,
    /// What stands there.
    hidden: String,
}

impl<'a> Reader<'a> {
    fn push(&mut self, piece: Piece) {
        if !self.is_open {
            self.word.text.push(piece);
        } else {
            match piece {
                Piece::Char(c) => self.hidden.push(c),
                Piece::Gap => self.hidden.push(' '),
                Piece::Tilde => self.hidden.push('~'),
                Piece::Files => self.hidden.push('*'),
                Piece::Unknown => self.hidden.push_str("${x}"),
                Piece::Words => {
                    self.hidden.push_str("${x}");
                    // It may be several words, whatever is not known of it besides.
                    self.word.text.push(piece);
                }
            }
        }
        self.is_first = false;
    }

    fn unknown(&mut self) {
        self.push(match self.quote {
            Quote::None => Piece::Words,
            Quote::Single | Quote::Double => Piece::Unknown,
        });
    }

    fn part(&mut self, part: &'a Node) {
        match &part.kind {
            NodeKind::WordLiteral { value } => self.literal(value),
            NodeKind::CommandSubstitution { command, .. }
            | NodeKind::ProcessSubstitution { command, .. } => {
                self.word.nested.push(command);
                self.word.is_foreign = true;
                self.unknown();
            }
            NodeKind::ParamExpansion { param, op, arg } => {
                let op = op.as_deref().unwrap_or_default();
                self.word.is_unclear |= !is_parameter(param) || !OPERATORS.contains(&op);
                let assigns = matches!(op, "=" | ":=");
                self.word.is_unclear |= assigns && words::is_dangerous(param);
                let is_whole = param.ends_with("[@]") || param.ends_with("[*]");
                self.word.computes |= param.contains('[') && !is_whole || op == ":";
                self.word.quoted.extend(arg.as_deref());
                self.unknown();
            }
            NodeKind::ParamLength { param } => {
                // Of what else stands there, the parser says nothing.
                let whole = format!("${{#{param}}}");
                self.word.is_unclear |= !is_parameter(param) || !self.source.contains(&whole);
                self.unknown();
            }
            NodeKind::AnsiCQuote { content, decoded } => match escapes::decoded(content) {
                Some(decoded) => {
                    self.word.smuggles |= decoded.contains('`') || decoded.contains("$(");
                    decoded.chars().for_each(|c| self.push(Piece::Char(c)));
                    self.is_first = false;
                }
                None => {
                    self.word.is_foreign = true;
                    self.word.others.push(decoded.clone());
                    self.unknown();
                }
            },
            // The word is unknown for it; see `has_braces`.
            NodeKind::BraceExpansion { content } => self.literal(content),
            NodeKind::LocaleString { inner, .. } => {
                self.word.is_unclear |= inner.contains(['$', '`', '\\']);
                self.word.is_foreign = true;
                self.word.others.push(inner.clone());
                self.unknown();
            }
            NodeKind::ArithmeticExpansion {
                expression: Some(expression),
            } => {
                self.arithmetic(expression);
                self.unknown();
            }
            _ => {
                self.word.is_unclear = true;
                self.unknown();
            }
        }
    }

    /// Reads text as it stands in the program, quotes and all.
    fn literal(&mut self, text: &str) {
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let next = rest.peek().copied();
            match (self.quote, c) {
                (Quote::None, '\'') => self.quote = Quote::Single,
                (Quote::Single, '\'') | (Quote::Double, '"') => self.quote = Quote::None,
                (Quote::None, '"') => self.quote = Quote::Double,
                (Quote::Single, c) => {
                    self.word.smuggles |= c == '`' || (c == '$' && next == Some('('));
                    self.push(Piece::Char(c));
                }
                (Quote::None, '\\') => match rest.next() {
                    // The line goes on.
                    Some('\n') => {}
                    Some(c) => {
                        self.word.smuggles |= matches!(c, '$' | '`');
                        self.push(Piece::Char(c));
                    }
                    None => self.word.is_unclear = true,
                },
                (Quote::Double, '\\') => match next {
                    Some('\n') => drop(rest.next()),
                    Some(c @ ('$' | '`' | '"' | '\\')) => {
                        rest.next();
                        self.word.smuggles |= matches!(c, '$' | '`');
                        self.push(Piece::Char(c));
                    }
                    _ => self.push(Piece::Char('\\')),
                },
                (_, '`') => self.word.is_unclear = true,
                (_, '$') => {
                    let starts = |c: char| c.is_alphanumeric() || "({['\"_@*#?$!-".contains(c);
                    // At the end of quoted text it is only itself.
                    let ends = self.quote == Quote::Double && next == Some('"');
                    self.word.is_unclear |= next.is_some_and(starts) && !ends;
                    self.push(Piece::Char('$'));
                }
                (Quote::None, '~') if self.is_first => self.push(Piece::Tilde),
                (Quote::None, '*' | '?') => self.push(Piece::Files),
                (Quote::None, '[') if rest.clone().any(|c| c == ']') => {
                    self.push(Piece::Files);
                    // Of letters and digits everybody sees the end.
                    let is_plain = |c: &char| c.is_ascii_alphanumeric();
                    let length = rest.clone().take_while(is_plain).count();
                    match rest.clone().nth(length) {
                        Some(']') if length > 0 => drop(rest.by_ref().nth(length)),
                        _ => self.is_open = true,
                    }
                }
                // Patterns that run something, in zsh.
                (Quote::None, '(' | ')' | '<' | '>' | '|' | '&' | ';') => {
                    self.word.is_unclear = true;
                }
                (Quote::None, '=') if self.is_first => {
                    // zsh looks the rest up as a command.
                    self.unknown();
                    self.is_open = true;
                }
                (_, c) => self.push(Piece::Char(c)),
            }
        }
        // An empty quoted text is something, too.
        self.is_first &= text.is_empty();
    }

    /// Numbers, names and what is done with them; for all else, nobody can tell what is computed.
    fn arithmetic(&mut self, node: &'a Node) {
        self.word.computes = true;
        arithmetic(node, &mut self.word);
    }

    fn finish(mut self) -> Word<'a> {
        self.word.is_unclear |= self.quote != Quote::None;
        // A program in which it is not looked up finds there what it says.
        let hidden = self.hidden.trim_start_matches('=');
        if !hidden.is_empty() {
            self.word.others.push(hidden.to_owned());
        }
        self.word
    }
}

pub(super) fn arithmetic<'a>(node: &'a Node, word: &mut Word<'a>) {
    match &node.kind {
        NodeKind::ArithNumber { .. } | NodeKind::ArithEmpty => {}
        NodeKind::ArithVar { name } => word.is_unclear |= !is_parameter(name),
        NodeKind::ParamExpansion {
            param, op: None, ..
        } => word.is_unclear |= !is_parameter(param),
        NodeKind::ParamLength { param } => word.is_unclear |= !is_parameter(param),
        NodeKind::CommandSubstitution { command, .. } => {
            word.is_foreign = true;
            word.nested.push(command);
        }
        NodeKind::ArithBinaryOp { left, right, .. } | NodeKind::ArithComma { left, right } => {
            arithmetic(left, word);
            arithmetic(right, word);
        }
        NodeKind::ArithAssign { target, value, .. } => {
            arithmetic(target, word);
            arithmetic(value, word);
        }
        NodeKind::ArithUnaryOp { operand, .. }
        | NodeKind::ArithPreIncr { operand }
        | NodeKind::ArithPostIncr { operand }
        | NodeKind::ArithPreDecr { operand }
        | NodeKind::ArithPostDecr { operand } => arithmetic(operand, word),
        NodeKind::ArithTernary {
            condition,
            if_true,
            if_false,
        } => {
            arithmetic(condition, word);
            for branch in [if_true, if_false].into_iter().flatten() {
                arithmetic(branch, word);
            }
        }
        NodeKind::ArithSubscript { index, .. } => arithmetic(index, word),
        _ => word.is_unclear = true,
    }
}

/// A name, a number, one of the shell's own, or an element of an array.
fn is_parameter(text: &str) -> bool {
    let (name, index) = match text.split_once('[') {
        Some((name, index)) => (name, index.strip_suffix(']')),
        None => (text, Some("0")),
    };
    let plain = |text: &str| !text.is_empty() && text.chars().all(is_name_char);
    let is_own = matches!(name, "@" | "*" | "#" | "?" | "$" | "!" | "-");
    let is_index =
        |index: &str| matches!(index, "@" | "*") || plain(index.trim_start_matches(['$', '-']));
    (plain(name) || is_own) && index.is_some_and(is_index)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

//! Where a program computes: an expression may assign any variable that it names, and what a variable holds is an expression
//! again, in which a subscript may run something.
//!
//! Knows what may stand where something is computed. Does not follow which variable gets which value: one that could be harmful
//! makes all that is computed unclear.

use super::words;
use crate::rule::text::{Piece, Text};

/// What was found of it on the way through a program.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Computing {
    /// It computes somewhere.
    pub(super) evaluates: bool,
    /// It names a variable that decides on what is run, other than to look it up.
    pub(super) names: bool,
    /// A variable may hold more than a number or a name.
    pub(super) is_wild: bool,
}

impl Computing {
    /// Why nobody can tell what it comes to, `None` where it does no harm.
    pub(super) fn why(self) -> Option<&'static str> {
        match (self.evaluates, self.names, self.is_wild) {
            // `((PATH=1)); ls x` runs 1/ls.
            (true, true, _) => Some(super::program::DANGEROUS),
            // So does `x=PA; y=$x'TH=1'; ((y))`, and `x=$(a); ((x))` whatever a writes.
            (true, false, true) => {
                Some("It computes with what may be more than numbers in a variable.")
            }
            (true, false, false) | (false, _, _) => None,
        }
    }
}

/// Whether a program names a variable that decides on what is run, other than to look it up.
pub(super) fn names_what_decides(program: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut before = "";
    let mut rest = program;
    while let Some(start) = rest.find(is_part) {
        let (gap, word) = rest.split_at_checked(start).unwrap_or_default();
        before = if gap.is_empty() { before } else { gap };
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        let (name, after) = word.split_at_checked(end).unwrap_or_default();
        let is_looked_up = before.ends_with('$')
            || before.ends_with("${") && !after.starts_with([':', '='])
            || before.ends_with("${") && after.starts_with(":-");
        if words::is_dangerous(name) && !is_looked_up {
            return true;
        }
        rest = after;
        before = "";
    }
    false
}

/// Whether a value may be more than a number or a name where it is computed with: what assigns, has a subscript or becomes so
/// together with another one.
pub(super) fn is_wild(value: &str) -> bool {
    let chars: Vec<char> = value.chars().collect();
    let is_plain = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
    chars.iter().enumerate().any(|(index, c)| {
        let before = index.checked_sub(1).and_then(|index| chars.get(index));
        match c {
            '-' => !(is_plain(chars.get(index + 1)) && (before.is_none() || is_plain(before))),
            '=' | '+' | '[' | ']' | '$' | '`' | '(' | ')' | '<' | '>' | '\\' | '\'' | '"' => true,
            _ => false,
        }
    })
}

/// The subscript of an assignment, `None` where it has none, and the value.
pub(super) fn assigned(assignment: &str) -> (Option<&str>, &str) {
    let (name, value) = assignment.split_once('=').unwrap_or((assignment, ""));
    if !name.contains('[') {
        return (None, value);
    }
    let ends = ["]=", "]+="].into_iter();
    let mut split = ends.filter_map(|end| assignment.split_once(end));
    let (name, value) = split.next().unwrap_or((assignment, ""));
    (name.split_once('[').map(|(_, inner)| inner), value)
}

/// Whether an operand as it stands in the program is made of numbers and of variables' values alone.
pub(super) fn is_plain_operand(written: &str) -> bool {
    let text = written.replace('"', "");
    let mut parts = text.split('$');
    let first = parts.next().unwrap_or_default();
    let is_plain = |text: &str| text.is_empty() || !is_wild(text);
    let is_looked_up = |part: &str| {
        let Some(inner) = part.strip_prefix('{') else {
            // `$x`, and `$#`.
            let rest = part.strip_prefix(['#', '?', '!', '@', '*']).unwrap_or(part);
            return !part.is_empty() && is_plain(rest);
        };
        inner.split_once('}').is_some_and(|(name, rest)| {
            let name = name.strip_prefix('#').unwrap_or(name);
            let name = name.strip_suffix("[@]").unwrap_or(name);
            words::is_name(name) && is_plain(rest)
        })
    };
    is_plain(first) && parts.all(is_looked_up)
}

/// What a builtin does of it that sets variables or computes with its arguments.
pub(super) fn of_builtin(name: &str, arguments: &[Text]) -> Computing {
    let shown: Vec<String> = arguments.iter().map(Text::shown).collect();
    let any = |is_so: &dyn Fn(&str) -> bool| shown.iter().any(|text| is_so(text));
    let subscript = any(&|text| text.contains(['[', '…']) && text != "[");
    let names_variable = arguments.first().is_some_and(words::may_name_variable);
    let (evaluates, sets) = match name {
        "let" => (true, false),
        "declare" | "typeset" | "local" | "export" | "readonly" | "integer" => {
            let has_option = any(&|text| text.starts_with(['-', '+']));
            (name == "integer" || has_option || subscript, true)
        }
        "test" | "[" => (any(&|text| COMPARES.contains(&text) || text == "-v"), false),
        "printf" => (names_variable && subscript, false),
        "read" | "mapfile" | "readarray" | "unset" | "wait" | "getopts" => (subscript, false),
        _ => (false, false),
    };
    let reads = matches!(name, "read" | "mapfile" | "readarray" | "getopts")
        || name == "printf" && names_variable;
    let holds = |text: &Text| {
        let shown = text.shown();
        let value = shown.split_once('=').map(|(_, value)| value);
        // Of what is known only when it runs, it may be anything.
        value.is_some_and(|value| value.contains('…') || is_wild(value))
    };
    // `(($1))` computes with them.
    let is_given = name == "set" && any(&is_wild_parameter);
    let compares = evaluates && matches!(name, "let" | "test" | "[");
    let is_operand_wild = |text: &String| text.len() > 1 && !text.starts_with('-') && is_wild(text);
    Computing {
        evaluates,
        names: evaluates && any(&names_what_decides),
        is_wild: reads
            || is_given
            || sets && arguments.iter().any(holds)
            || compares && name != "let" && shown.iter().any(is_operand_wild),
    }
}

/// Whether a parameter may be more than a number or a name: options of `set` are none.
pub(super) fn is_wild_parameter(text: &str) -> bool {
    !text.starts_with(['-', '+']) && is_wild(text)
}

/// Operators whose operands are computed, also where they are variables.
pub(super) const COMPARES: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

/// Whether the names of files are among what a text may be.
pub(super) fn has_files(text: &Text) -> bool {
    text.0.contains(&Piece::Files)
}

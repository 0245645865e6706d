//! Whether an answer in plain text (Markdown) ends with a question.
//!
//! A question mark is no question in code, in an address, in a heading or in a quotation. Knows the list of options or
//! the code that may follow a question. Does not understand any language.

use super::TEXT_LIMIT;
use crate::transcript::text::cut;

/// What one line of Markdown is, for our purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// Also a rule.
    Blank,
    /// In a fenced block, or one of its fences.
    Code,
    Heading,
    Quotation,
    /// The text behind the marker of a list item.
    Item(&'a str),
    /// Indented below an item.
    Continued(&'a str),
    Prose(&'a str),
}

/// Returns the question that `answer` ends with: its paragraph, or its sentence where the paragraph is long.
pub(super) fn question(answer: &str) -> Option<String> {
    let lines = kinds(answer);
    let mut rest: &[Kind<'_>] = &lines;
    let mut options = false;
    loop {
        let (last, before) = rest.split_last()?;
        match *last {
            Kind::Blank | Kind::Code => {}
            Kind::Heading | Kind::Quotation => return None,
            Kind::Item(text) | Kind::Continued(text) => {
                // The last of several questions in a list; above the last item there are options only.
                if !options && asks(text) {
                    return Some(shortened(text));
                }
                options = true;
            }
            Kind::Prose(text) if asks(text) => {
                let first = before
                    .iter()
                    .rposition(|kind| !matches!(kind, Kind::Prose(_)))
                    .map_or(0, |at| at + 1);
                let paragraph: Vec<&str> = rest
                    .get(first..)?
                    .iter()
                    .filter_map(|kind| match kind {
                        Kind::Prose(text) => Some(*text),
                        Kind::Blank
                        | Kind::Code
                        | Kind::Heading
                        | Kind::Quotation
                        | Kind::Item(_)
                        | Kind::Continued(_) => None,
                    })
                    .collect();
                // A line in bold above a list is its title.
                let title = paragraph.len() == 1 && text.starts_with("**") && text.ends_with("**");
                return (!(options && title)).then(|| shortened(&paragraph.join("\n")));
            }
            Kind::Prose(_) => return None,
        }
        rest = before;
    }
}

fn kinds(text: &str) -> Vec<Kind<'_>> {
    let mut fence: Option<&str> = None;
    let mut in_item = false;
    text.lines()
        .map(|line| {
            let trimmed = line.trim();
            let mark = ["```", "~~~"]
                .into_iter()
                .find(|it| trimmed.starts_with(it));
            if let Some(open) = fence {
                // A fence with a language opens; only a bare one closes.
                let bare = trimmed.trim_end_matches(['`', '~']).is_empty();
                if mark == Some(open) && bare {
                    fence = None;
                }
                return Kind::Code;
            }
            if mark.is_some() {
                fence = mark;
                return Kind::Code;
            }
            let indented = line.starts_with([' ', '\t']);
            let kind = kind(line, trimmed, indented && in_item);
            in_item = match kind {
                Kind::Item(_) | Kind::Continued(_) => true,
                Kind::Blank => in_item,
                Kind::Code | Kind::Heading | Kind::Quotation | Kind::Prose(_) => false,
            };
            kind
        })
        .collect()
}

fn kind<'a>(line: &str, trimmed: &'a str, below_item: bool) -> Kind<'a> {
    let rule = trimmed.len() >= 3
        && ["-", "*", "_"]
            .iter()
            .any(|it| trimmed.replace(it, "").trim().is_empty());
    if trimmed.is_empty() || rule {
        return Kind::Blank;
    }
    if let Some(item) = item(trimmed) {
        return Kind::Item(item);
    }
    if below_item {
        return Kind::Continued(trimmed);
    }
    if line.starts_with("    ") || line.starts_with('\t') {
        return Kind::Code;
    }
    match trimmed.chars().next() {
        Some('#') => Kind::Heading,
        Some('>') => Kind::Quotation,
        Some(_) | None => Kind::Prose(trimmed),
    }
}

/// Returns the text behind `- `, `* `, `+ `, `• `, `1. `, `1) `, `a) ` or `A. `.
fn item(line: &str) -> Option<&str> {
    let (marker, text) = line.split_once(' ')?;
    let bullet = ["-", "*", "+", "•"].contains(&marker);
    let number = marker
        .trim_start_matches('(')
        .strip_suffix(['.', ')'])
        .is_some_and(|it| {
            let digits = it.len() <= 3 && it.bytes().all(|byte| byte.is_ascii_digit());
            let letter = it.len() == 1 && it.bytes().all(|byte| byte.is_ascii_alphabetic());
            !it.is_empty() && (digits || letter)
        });
    (bullet || number).then(|| text.trim())
}

fn asks(text: &str) -> bool {
    // Emphasis, quotes and brackets may close behind the mark.
    let text = text.trim_end_matches(|it: char| {
        it.is_whitespace()
            || matches!(
                it,
                '*' | '_' | '~' | '"' | '\'' | '”' | '’' | '»' | '」' | '』' | ')' | '）' | ']'
            )
    });
    let Some(said) = text.strip_suffix(['?', '？', '؟']) else {
        return false;
    };
    let word = said.rsplit(char::is_whitespace).next().unwrap_or_default();
    let in_code = said.matches('`').count() % 2 == 1;
    !in_code && !word.contains("://") && said.chars().any(char::is_alphabetic)
}

/// Returns `text`, or its last sentence where it is too long.
fn shortened(text: &str) -> String {
    if cut(text, TEXT_LIMIT).len() == text.len() {
        return text.to_owned();
    }
    let ends = [". ", "! ", "? ", "。", "？", "\n"];
    let body = text.trim_end_matches(|it: char| !it.is_alphanumeric());
    let start = ends
        .iter()
        .filter_map(|end| body.rfind(end).map(|at| at + end.len()))
        .max()
        .unwrap_or(0);
    let sentence = text.get(start..).unwrap_or(text).trim();
    cut(sentence, TEXT_LIMIT).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(answer: &str) -> Option<String> {
        question(answer)
    }

    #[test]
    fn an_answer_that_ends_with_a_question_asks_its_last_paragraph() {
        for (answer, expected) in [
            ("Shall I go on?", "Shall I go on?"),
            (
                "Done.\n\nTwo tests fail.\nShall I fix them?\n\n",
                "Two tests fail.\nShall I fix them?",
            ),
            ("Done. **Shall I push?**", "Done. **Shall I push?**"),
            ("**Shall I push?**", "**Shall I push?**"),
            ("Push it (or wait for you?)", "Push it (or wait for you?)"),
            ("He wrote \"go on?\"", "He wrote \"go on?\""),
            ("続けますか？", "続けますか？"),
            ("هل أتابع؟", "هل أتابع؟"),
            ("Should I use `a?.b` here?", "Should I use `a?.b` here?"),
            ("Which one?\n\n1. Red\n2. Blue\n", "Which one?"),
            (
                "Which one?\n- Red: warm\n  and loud\n- Blue\n\n",
                "Which one?",
            ),
            ("Which one?\n\na) Red\n\nb) Blue", "Which one?"),
            (
                "I need to know:\n1. Which port?\n2. Which host?",
                "Which host?",
            ),
            (
                "Shall I run this?\n\n```sh\nmake clean\n```",
                "Shall I run this?",
            ),
            (
                "```\nlet x = a ? b : c;\n```\nIs that right?",
                "Is that right?",
            ),
            ("Shall I?\n\n---\n", "Shall I?"),
        ] {
            assert_eq!(asked(answer).as_deref(), Some(expected), "{answer}");
        }
    }

    #[test]
    fn a_question_mark_alone_is_no_question() {
        for answer in [
            "",
            "Done.",
            "Why did it fail? The port was taken.",
            "What changed?\n\nThe port did.",
            "**What changed?**\n- the port\n- the host",
            "## What changed?\n- the port",
            "## Questions?",
            "Run it:\n```\ngrep -c x?\n```",
            "```\nis this a question?",
            "    indented code?",
            "See https://example.org/search?",
            "It printed `what?`",
            "The operator is `?",
            "> Shall I go on?",
            "???",
            "Which do you want:\n- Red\n- Blue",
            "1. Done\n2. Tested",
        ] {
            assert_eq!(asked(answer), None, "{answer}");
        }
    }

    #[test]
    fn a_long_paragraph_is_cut_to_its_last_sentence() {
        let long = "Many words. ".repeat(100);
        assert_eq!(
            asked(&format!("{long}Shall I go on?")).unwrap(),
            "Shall I go on?"
        );
        let endless = format!("{}?", "word ".repeat(1_000));
        assert_eq!(asked(&endless).unwrap().len(), TEXT_LIMIT);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in r"([\PC\n`>#*?.1 -]){0,80}") {
            if let Some(found) = asked(&text) {
                prop_assert!(found.encode_utf16().count() <= TEXT_LIMIT);
            }
        }
    }
}

//! Text of transcripts as a terminal may show it: it is hostile until proven otherwise.
//!
//! Knows which characters move the cursor, hide, or turn others around, and how many columns the rest take. Does
//! not know where the text goes.

use unicode_width::UnicodeWidthChar as _;

/// The most characters of anything that stands on one line.
const LINE: usize = 1000;

/// More marks than this on one letter reach into the lines around it. Korean letters are written with two.
const MARKS: usize = 2;

/// Returns `text` as one line that does nothing but be read.
pub(super) fn line(text: &str) -> String {
    let mut shown = String::new();
    let (mut length, mut marks) = (0, 0);
    for c in text.trim().chars().filter_map(visible) {
        if c == ' ' && shown.ends_with(' ') {
            continue;
        }
        marks = if width(c) == 0 { marks + 1 } else { 0 };
        if marks > MARKS {
            continue;
        }
        if length == LINE {
            shown.push('…');
            break;
        }
        shown.push(c);
        length += 1;
    }
    shown
}

/// Returns the lines of `text` as they are, blanks included, whatever their number and length: a program is not to be
/// read with less than all of it.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.trim_end().split('\n').map(|line| {
        let mut marks = 0;
        let line = line.trim_end().replace('\t', "    ");
        let few = |c: &char| {
            marks = if width(*c) == 0 { marks + 1 } else { 0 };
            marks <= MARKS
        };
        line.chars().filter_map(visible).filter(few).collect()
    })
}

/// Returns `line(text)`, or `None` where nothing of it can be seen.
pub(super) fn some_line(text: Option<&str>) -> Option<String> {
    let text = line(text?);
    (columns(&text) > 0 && text != " ").then_some(text)
}

/// The columns that a line takes.
pub(super) fn columns(line: &str) -> usize {
    line.chars().map(width).sum()
}

/// Returns as much of a line as fits, ending in `…` where that is not all.
pub(super) fn cut(line: &str, limit: usize) -> String {
    if columns(line) <= limit {
        return line.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += width(*c);
        used <= limit
    };
    let mut shown: String = line.chars().take_while(fits).collect();
    shown.truncate(shown.trim_end().len());
    if limit > 0 {
        shown.push('…');
    }
    shown
}

/// Breaks a line between words into lines that fit; a word that is longer stays whole.
pub(super) fn wrap(line: &str, limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if columns(last) + 1 + columns(word) <= limit => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

// Joined emoji are one picture in some terminals and several in others, so they are taken apart (`visible`), and
// columns can be counted character by character.
fn width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Control characters become their pictures (`␛`), so that an ANSI sequence is seen and not acted on. Embeddings,
/// overrides and isolates become `�`: they could make the name of a session read backwards. What can't be seen at
/// all is left out: whole sentences can be written in it.
fn visible(c: char) -> Option<char> {
    Some(match c {
        _ if c.is_whitespace() => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('�'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '�',
        // Default_Ignorable_Code_Point of Unicode, and the interlinear annotations.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => return None,
        _ => c,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_seen_and_what_hides_is_gone() {
        let check = |text: &str, shown: &str| assert_eq!(line(text), shown, "{text:?}");
        check("\x1b[31mred\x07\u{202e}txt.exe", "␛[31mred␇�txt.exe");
        check("\u{9b}2J \u{1b}]0;title\u{7}", "�2J ␛]0;title␇");
        check("  two\r\n\t lines\u{2028}or three ", "two lines or three");
        check("e\u{301}\u{302}\u{303}\u{304}!", "e\u{301}\u{302}!");
        check("a\u{200b}\u{e0041}\u{2060}b\u{fe0f}", "ab");
        check("שלום", "שלום");
    }

    #[test]
    fn lines_keep_their_blanks() {
        let text = "fn a() {\r\n\tb(\x1b[2J);\n\n  }\n\n";
        let shown: Vec<String> = lines(text).collect();
        assert_eq!(shown, ["fn a() {", "    b(␛[2J);", "", "  }"]);
        assert_eq!(lines("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn what_is_blank_is_absent() {
        for blank in [
            None,
            Some(""),
            Some(" \n\t"),
            Some("\u{200b} \u{200b}"),
            Some("\u{301}"),
        ] {
            assert_eq!(some_line(blank), None, "{blank:?}");
        }
        assert_eq!(some_line(Some(" a")), Some("a".to_owned()));
    }

    #[test]
    fn a_line_is_cut_at_its_columns() {
        let check = |text: &str, limit, shown: &str| {
            assert_eq!(cut(text, limit), shown, "{text}, {limit}");
            assert!(columns(shown) <= limit, "{text}, {limit}");
        };
        check("four", 4, "four");
        check("five5", 4, "fiv…");
        check("日本語", 6, "日本語");
        check("日本語", 5, "日本…");
        check("日本語", 4, "日…");
        check("one two", 5, "one…");
        check("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…");
        check("anything", 1, "…");
        check("anything", 0, "");
    }

    #[test]
    fn a_megabyte_is_cut() {
        assert_eq!(line(&"å".repeat(1_000_000)).chars().count(), LINE + 1);
        assert_eq!(line(&"x".repeat(LINE)), "x".repeat(LINE));
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("extraordinary", 8), ["extraordinary"]);
        assert_eq!(wrap("", 8), [""]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_a_terminal_acts_on_gets_through(text in ".*", limit in 0_usize..40) {
            let shown = line(&text);
            assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
            assert!(columns(&cut(&shown, limit)) <= limit);
            for shown in lines(&text) {
                assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
            }
        }
    }
}

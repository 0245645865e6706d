//! Text of transcripts, made fit for the eye: it is hostile until proven otherwise.
//!
//! Knows which characters hide or turn others around. Does not know where the text goes: views set text nodes
//! only, so markup needs no care here.

/// The most characters of anything that stands on one line; style sheets cut it further.
const LINE: usize = 300;
/// The most characters of a passage.
const BLOCK: usize = 4000;
/// The most characters of what a person is asked: it is shown whole, and the server has cut it before.
const WHOLE: usize = 20_000;

/// Returns `text` as one line.
pub(crate) fn line(text: &str) -> String {
    // The cut comes first: a title may have a megabyte.
    clean(text.trim_start(), LINE, |c| {
        if c.is_whitespace() { ' ' } else { c }
    })
}

/// Returns `text` with its own line breaks.
pub(crate) fn block(text: &str) -> String {
    clean(text.trim(), BLOCK, |c| c)
}

/// Returns `text` with its own line breaks, as long as it may be.
pub(crate) fn whole(text: &str) -> String {
    clean(text.trim(), WHOLE, |c| c)
}

/// Returns `text` as it stands.
pub(crate) fn exact(text: &str) -> String {
    clean(text, usize::MAX, |c| c)
}

/// Returns so many characters of `text` as they stand.
pub(crate) fn start(text: &str, limit: usize) -> String {
    clean(text, limit, |c| c)
}

/// Returns `line(text)`, or `None` where nothing of it can be seen.
pub(crate) fn some_line(text: Option<&str>) -> Option<String> {
    let text = line(text?);
    (!text.trim().is_empty()).then_some(text)
}

fn clean(text: &str, limit: usize, replace: fn(char) -> char) -> String {
    // Mostly there is nothing to mend, and every row is put into words again and again.
    if text.len() <= limit && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let mut characters = text.chars().map(replace);
    shown.extend(characters.by_ref().take(limit).map(visible));
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters become their pictures (`␛`), so that an ANSI sequence is seen and not acted on.
/// Embeddings, overrides and isolates become `�`: they could make the name of a session read backwards.
fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('�'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '�',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_seen_and_direction_is_kept() {
        assert_eq!(line("\x1b[31mred\x07\u{202e}txt.exe"), "␛[31mred␇�txt.exe");
        assert_eq!(line("  two\r\n lines\t"), "two   lines ");
        assert_eq!(block("\n one\n\ttwo \n"), "one\n\ttwo");
        assert_eq!(
            line("<img src=x onerror=alert(1)>"),
            "<img src=x onerror=alert(1)>"
        );
    }

    #[test]
    fn a_megabyte_is_cut() {
        let title = "å".repeat(1_000_000);
        assert_eq!(line(&title).chars().count(), LINE + 1);
        assert_eq!(block(&title).chars().count(), BLOCK + 1);
        assert_eq!(line(&"x".repeat(LINE)), "x".repeat(LINE));
    }

    #[test]
    fn what_is_blank_is_absent() {
        assert_eq!(some_line(Some(" \n\t")), None);
        assert_eq!(some_line(Some("")), None);
        assert_eq!(some_line(None), None);
        assert_eq!(some_line(Some(" a")), Some("a".to_owned()));
    }
}

//! What a person would type, as bytes for a terminal.

/// Escape: it interrupts a turn, and says no to what is asked.
pub(in crate::hold) const ESCAPE: &[u8] = b"\x1b";
pub(in crate::hold) const ENTER: &[u8] = b"\r";

const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";

/// A text as it is pasted, so that its lines are not sent one by one. `None` where it has a control character, which could
/// end the paste and be taken for keys.
pub(in crate::hold) fn paste(text: &str) -> Option<Vec<u8>> {
    let text = text.replace("\r\n", "\n");
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return None;
    }
    let mut bytes = PASTE.to_vec();
    // It would begin a command of the shell's, about which nobody is asked.
    if text.starts_with('!') {
        bytes.push(b' ');
    }
    // What a terminal makes of the end of a line.
    bytes.extend(text.replace('\n', "\r").as_bytes());
    // Enter would take what is offered for the path, or begin a new line.
    let last = text.split_whitespace().next_back();
    if last.is_some_and(|last| last.starts_with('@')) || text.ends_with('\\') {
        bytes.push(b' ');
    }
    bytes.extend(PASTED);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, pasted: &str) {
        let expected = format!("\x1b[200~{pasted}\x1b[201~");
        assert_eq!(paste(text).unwrap(), expected.as_bytes(), "{text:?}");
    }

    #[test]
    fn a_text_is_pasted_as_it_is() {
        check("say hello", "say hello");
        check("two\r\nlines\nand\ta third", "two\rlines\rand\ta third");
        check("ünder 🌧", "ünder 🌧");
        check("/rename x", "/rename x");
    }

    #[test]
    fn what_the_prompt_would_take_otherwise_is_kept_from_it() {
        check("!rm -r x", " !rm -r x");
        check("look at @src", "look at @src ");
        check(r"ends with \", r"ends with \ ");
    }

    #[test]
    fn nothing_ends_the_paste() {
        for text in ["a\x1b[201~\rb", "a\x03", "a\x7f", "a\u{9b}201~", "a\rb"] {
            assert_eq!(paste(text), None, "{text:?}");
        }
    }
}

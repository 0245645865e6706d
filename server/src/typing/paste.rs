//! What a person would paste, as a terminal hands it on.

/// A text that is pasted whole: nothing in it ends the paste or is taken for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pasted(String);

impl Pasted {
    /// `None` where the text has a control character, which could end the paste and be taken for keys.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.replace("\r\n", "\n");
        if text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            return None;
        }
        let mut pasted = String::new();
        // It would begin a command of the shell's, about which nobody is asked.
        if text.starts_with('!') {
            pasted.push(' ');
        }
        // What a terminal makes of the end of a line.
        pasted.push_str(&text.replace('\n', "\r"));
        // Enter would take what is offered for the path, or begin a new line.
        let last = text.split_whitespace().next_back();
        if last.is_some_and(|last| last.starts_with('@')) || text.ends_with('\\') {
            pasted.push(' ');
        }
        Some(Self(pasted))
    }

    /// Without the marks around a paste, which whoever writes it to a terminal adds.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, pasted: &str) {
        assert_eq!(Pasted::new(text).unwrap().as_str(), pasted, "{text:?}");
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
            assert_eq!(Pasted::new(text), None, "{text:?}");
        }
    }
}

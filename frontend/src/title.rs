//! The document's title, which says how many sessions need a person while the page is there.
//!
//! Knows that the title is the host's, which may change it at any time and put marks of its own before it: only
//! our own part is ever taken out or replaced.

use leptos::prelude::document;

/// Shows a count; dropping it takes that away.
#[derive(Debug, Default)]
pub(crate) struct Title {
    /// Our part of the title, empty for none.
    part: String,
}

impl Title {
    pub(crate) fn show(&mut self, count: usize) {
        let part = match count {
            0 => String::new(),
            count => format!("({count}) "),
        };
        let title = document().title();
        let next = replaced(&title, &self.part, &part);
        if next != title {
            document().set_title(&next);
        }
        self.part = part;
    }
}

impl Drop for Title {
    fn drop(&mut self) {
        self.show(0);
    }
}

fn replaced(title: &str, old: &str, new: &str) -> String {
    if !old.is_empty() && title.contains(old) {
        title.replacen(old, new, 1)
    } else if !old.is_empty() && title == old.trim_end() {
        // The document has no other title, and gives none back with a space at its end.
        new.trim_end().to_owned()
    } else {
        // It is another's by now, or never had a part of ours.
        format!("{new}{title}").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_part_of_the_title_changes() {
        let check = |title, old, new, next: &str| assert_eq!(replaced(title, old, new), next);
        check("CloudCLI UI", "", "(2) ", "(2) CloudCLI UI");
        check("(2) CloudCLI UI", "(2) ", "(2) ", "(2) CloudCLI UI");
        check("(2) CloudCLI UI", "(2) ", "(10) ", "(10) CloudCLI UI");
        check("(2) CloudCLI UI", "(2) ", "", "CloudCLI UI");
        // The host has set another one, or has put a mark before ours.
        check("Another chat", "(2) ", "(2) ", "(2) Another chat");
        check("Another chat", "(2) ", "", "Another chat");
        check("(2)", "(2) ", "(3) ", "(3)");
        check("* (2) CloudCLI UI", "(2) ", "(3) ", "* (3) CloudCLI UI");
    }
}

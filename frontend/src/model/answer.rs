//! What came back from the server, read leniently: one row that can't be read costs that row only.
//!
//! Knows JSON text. Does not know how it travelled, apart from the host's words for a failure.

use serde::de::DeserializeOwned;
use wire::ErrorBody;
/// A list as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows<T> {
    pub(crate) rows: Vec<T>,
    /// How many rows could not be read: a newer server says more than this page knows.
    pub(crate) newer: usize,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The server says no, in its own words.
    Refused(Box<ErrorBody>),
    /// No server answered; the words are the host's or the browser's.
    Unreachable(String),
    /// An answer of a shape that this page does not know.
    Unreadable,
}

/// An answer's JSON text, split where one part may be unreadable without costing the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    One(String),
    Rows {
        rows: Vec<String>,
        /// The list that the numbers of the rows are of, where there is more than one.
        numbering: Option<String>,
    },
}

impl Trouble {
    /// One sentence or two for people.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Refused(body) => body.error.clone(),
            Self::Unreachable(words) => unreachable(words),
            Self::Unreadable => {
                "The server's answer can't be read: this page may be older than the server. Reload the page.".to_owned()
            }
        }
    }
}

/// CloudCLI's `rpc` throws `RPC error <status>` and drops the body; a browser's `fetch` has its own words.
fn unreachable(words: &str) -> String {
    let status = words
        .rsplit_once("RPC error ")
        .map(|(_, status)| status.trim());
    match status {
        Some("401" | "403") => {
            "CloudCLI does not accept the log-in any more. Reload the page and log in.".to_owned()
        }
        Some("404") => {
            "CloudCLI does not know this plugin any more. Install it again, or reload the page."
                .to_owned()
        }
        Some("503") => {
            "The plugin is switched off. Switch it on in CloudCLI's settings, under Plugins."
                .to_owned()
        }
        Some(status) => {
            format!(
                "The server of this page does not answer (error {status}). It is started again by the next try."
            )
        }
        None => {
            format!("The server can't be reached ({words}). Start it again if it has been stopped.")
        }
    }
}

/// Reads an answer that is one value.
pub(crate) fn one<T: DeserializeOwned>(reply: Result<Reply, String>) -> Result<T, Trouble> {
    match reply.map_err(Trouble::Unreachable)? {
        Reply::One(text) => serde_json::from_str(&text).map_err(|_| refusal(&text)),
        Reply::Rows { .. } => Err(Trouble::Unreadable),
    }
}

/// Reads an answer that is a list.
pub(crate) fn rows<T: DeserializeOwned>(reply: Result<Reply, String>) -> Result<Rows<T>, Trouble> {
    match reply.map_err(Trouble::Unreachable)? {
        Reply::Rows { rows: texts, .. } => {
            let rows: Vec<T> = texts
                .iter()
                .filter_map(|text| serde_json::from_str(text).ok())
                .collect();
            let newer = texts.len() - rows.len();
            Ok(Rows { rows, newer })
        }
        Reply::One(text) => Err(refusal(&text)),
    }
}

/// The list in which an answer's rows are numbered.
pub(crate) fn numbering(reply: &Result<Reply, String>) -> Option<String> {
    match reply {
        Ok(Reply::Rows { numbering, .. }) => numbering.clone(),
        Ok(Reply::One(_)) | Err(_) => None,
    }
}

fn refusal(text: &str) -> Trouble {
    serde_json::from_str(text).map_or(Trouble::Unreadable, Trouble::Refused)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use wire::{Code, Health, RecentSession};

    use super::*;

    impl Reply {
        fn rows(rows: Vec<String>) -> Self {
            let numbering = None;
            Self::Rows { rows, numbering }
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_counted_or_told_in_a_sentence(
            texts in vec(r#"(\{"(ok|error|code|sessionId|cwd)":(true|false|"\PC{0,6}"|7|null)\}|\PC{0,20})"#, 0..5),
            words in "(Error: )?(RPC error )?\\PC{0,12}",
        ) {
            let count = texts.len();
            for text in &texts {
                let read = one::<Health>(Ok(Reply::One(text.clone())));
                prop_assert!(read.is_ok() || read.is_err_and(|trouble| !trouble.sentence().is_empty()));
                let refused = rows::<RecentSession>(Ok(Reply::One(text.clone())));
                prop_assert!(refused.is_err_and(|trouble| !trouble.sentence().is_empty()));
            }
            let read = rows::<RecentSession>(Ok(Reply::rows(texts))).unwrap();
            prop_assert_eq!(read.rows.len() + read.newer, count);
            prop_assert!(!Trouble::Unreachable(words).sentence().is_empty());
        }
    }

    #[test]
    fn a_row_that_cant_be_read_is_counted_and_costs_no_other() {
        let good = r#"{"sessionId":"aaaaaaaa","cwd":null,"project":null,"title":null,"gitBranch":null,
            "lastPrompt":null,"lastActivityAt":1,"sizeBytes":2,"archived":false,"live":null}"#;
        let reply = Reply::rows(vec![
            good.to_owned(),
            r#"{"sessionId":7}"#.to_owned(),
            "null".to_owned(),
        ]);
        let read = rows::<RecentSession>(Ok(reply)).unwrap();
        assert_eq!((read.rows.len(), read.newer), (1, 2));
    }

    #[test]
    fn a_refusal_under_200_is_one() {
        let text = r#"{"ok":false,"error":"Refresh the list.","code":"replaced","pid":7}"#;
        let trouble = one::<Health>(Ok(Reply::One(text.to_owned()))).unwrap_err();
        assert!(matches!(&trouble, Trouble::Refused(body) if body.code == Code::Replaced));
        assert_eq!(trouble.sentence(), "Refresh the list.");
        let trouble = rows::<RecentSession>(Ok(Reply::One(text.to_owned()))).unwrap_err();
        assert_eq!(trouble.sentence(), "Refresh the list.");
        assert_eq!(
            one::<Health>(Ok(Reply::One("7".to_owned()))),
            Err(Trouble::Unreadable)
        );
    }

    #[test]
    fn the_hosts_words_become_ours() {
        let check = |words: &str, part: &str| {
            let sentence = Trouble::Unreachable(words.to_owned()).sentence();
            assert!(sentence.contains(part), "{words}: {sentence}");
        };
        check("RPC error 500", "does not answer (error 500)");
        check("Error: RPC error 503", "switched off");
        check("RPC error 401", "log in");
        check("RPC error 404", "Install it again");
        check("Failed to fetch", "can't be reached (Failed to fetch)");
    }
}

//! What a session asks of a person.

use serde::{Deserialize, Serialize};

/// A question that stands. All of it was written by the model or for it, and is bounded in length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Ask {
    /// May this tool be used?
    Permission {
        tool: String,
        /// Its main input for people: the command, the file, ...
        input: String,
    },
    /// Questions with options to choose from.
    Question { questions: Vec<Question> },
    /// Shall this plan be carried out?
    Plan { text: String },
    /// The last answer ends with this question, in plain text.
    Text { text: String },
}

/// One question with its options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    pub question: String,
    /// A word or two for a tab, `None` where there is none.
    pub header: Option<String>,
    /// More than one option may be chosen.
    pub multi_select: bool,
    pub options: Vec<Choice>,
}

/// One option of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    pub label: String,
    pub description: Option<String>,
}

//! What a session asks, or has under way, in words: one line for its row, and the whole for its detail.
//!
//! All of it was written by a model or for it. Does not know whether the question still stands: the server does.

use wire::{Ask, Choice, RunningTool, Session, State};

use crate::{measure, screen::detail::Passage, text};

/// The row's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    /// `ask` or `tool`.
    pub(crate) look: &'static str,
    /// What kind of question, or which tool.
    pub(crate) label: String,
    pub(crate) text: String,
    /// It is code or a command.
    pub(crate) exact: bool,
    /// What there is to choose from.
    pub(crate) options: Vec<String>,
}

/// A call that has been under way for longer is a long one. That is no sign of trouble.
const LONG_MS: u64 = 300_000;

/// What the session asks, else what it has under way.
pub(crate) fn act(session: &Session) -> Option<Act> {
    match &session.ask {
        Some(ask) if session.state.waits() => asked(ask),
        Some(_) | None => running(session).map(|tool| Act {
            look: "tool",
            label: text::line(&tool.name),
            text: text::line(&tool.input),
            exact: true,
            options: Vec::new(),
        }),
    }
}

/// For how long the call has been under way, and whether that is long. Empty where there is none or it is not recorded.
pub(crate) fn tool_age(session: &Session, now: u64) -> (String, bool) {
    let since = running(session).and_then(|tool| tool.since);
    since.map_or_else(Default::default, |since| {
        let long = now.saturating_sub(since) > LONG_MS;
        (measure::age_between(since, now), long)
    })
}

fn running(session: &Session) -> Option<&RunningTool> {
    let tool = session.tool.as_ref();
    tool.filter(|_| session.state == State::Working)
}

fn asked(ask: &Ask) -> Option<Act> {
    let (label, text, exact, options) = match ask {
        Ask::Permission { tool, input } => (text::line(tool), text::line(input), true, Vec::new()),
        Ask::Question { questions } => {
            let first = questions.first()?;
            let header = text::some_line(first.header.as_deref());
            let options = first.options.iter().map(|one| text::line(&one.label));
            let mut question = text::line(&first.question);
            if let more @ 1.. = questions.len() - 1 {
                question.push_str(&format!(" (and {more} more)"));
            }
            let label = header.unwrap_or_else(|| "Question".to_owned());
            (label, question, false, options.collect())
        }
        Ask::Plan { text } => {
            // A plan begins with a heading, in Markdown.
            let mut lines = text.lines().map(|line| line.trim_start_matches(['#', ' ']));
            let first = lines.find_map(|line| text::some_line(Some(line)));
            ("Plan".to_owned(), first?, false, Vec::new())
        }
        Ask::Text { text } => ("Asks".to_owned(), text::line(text), false, Vec::new()),
    };
    Some(Act {
        look: "ask",
        label,
        text,
        exact,
        options,
    })
}

/// The whole of it, each question a passage.
pub(crate) fn passages(session: &Session, now: u64) -> Vec<Passage> {
    let passage = |label: String, text: &str, exact| Passage {
        label,
        text: text::whole(text),
        exact,
    };
    let mut passages = match &session.ask {
        None => Vec::new(),
        Some(Ask::Permission { tool, input }) => {
            let label = format!("Asks to use {}", text::line(tool));
            vec![passage(label, input, true)]
        }
        Some(Ask::Question { questions }) => {
            let label = |header: &Option<String>| match text::some_line(header.as_deref()) {
                Some(header) => format!("Asks · {header}"),
                None => "Asks".to_owned(),
            };
            let all = questions.iter().map(|one| {
                let mut text = one.question.clone();
                one.options
                    .iter()
                    .for_each(|choice| option(&mut text, choice));
                if one.multi_select {
                    text.push_str("\n(More than one may be chosen.)");
                }
                passage(label(&one.header), &text, false)
            });
            all.collect()
        }
        Some(Ask::Plan { text }) => {
            vec![passage(
                "Asks to carry out this plan".to_owned(),
                text,
                false,
            )]
        }
        Some(Ask::Text { text }) => vec![passage("Asks".to_owned(), text, false)],
    };
    if let Some(tool) = running(session) {
        let label = match tool_age(session, now).0 {
            age if age.is_empty() => format!("Uses {}", text::line(&tool.name)),
            age => format!("Uses {}, for {age}", text::line(&tool.name)),
        };
        passages.push(passage(label, &tool.input, true));
    }
    passages.retain(|passage| !passage.text.is_empty());
    passages
}

fn option(text: &mut String, choice: &Choice) {
    text.push_str("\n• ");
    text.push_str(&text::line(&choice.label));
    if let Some(description) = text::some_line(choice.description.as_deref()) {
        text.push_str(": ");
        text.push_str(&description);
    }
}

//! What a session asks, or has under way, or is about, in one line.
//!
//! All of it was written by a model or for it. Does not know whether the question still stands: the service does.

use wire::{Ask, Question, RunningTool, Session, State};

use super::{measure, text};

/// What is asked, else the running tool with its age, else the title, the name, or why there is nothing to say.
pub(super) fn act(session: &Session, now: u64) -> String {
    asked(session)
        .or_else(|| running(session, now))
        .or_else(|| about(session))
        .unwrap_or_else(|| "-".to_owned())
}

fn asked(session: &Session) -> Option<String> {
    let ask = session.ask.as_ref().filter(|_| session.needs_you())?;
    match ask {
        Ask::Permission { tool, input } => Some(labelled(tool, input)),
        Ask::Question { questions } => {
            let (first, more) = questions.split_first()?;
            let mut line = question(first);
            if !more.is_empty() {
                line.push_str(&format!(" (and {} more)", more.len()));
            }
            Some(line)
        }
        Ask::Plan { text } => {
            // A plan begins with a heading, in Markdown.
            let lines = text.lines().map(|line| line.trim_start_matches(['#', ' ']));
            let mut lines = lines.filter_map(|line| text::some_line(Some(line)));
            let first = lines.find(|line| !line.eq_ignore_ascii_case("plan"))?;
            Some(labelled("Plan", &first))
        }
        Ask::Text { text } => text::some_line(Some(text)),
    }
}

fn question(question: &Question) -> String {
    let text = text::line(&question.question);
    let options = question.options.iter().map(|one| text::line(&one.label));
    match options.collect::<Vec<_>>().join(" / ") {
        options if options.is_empty() => text,
        options => format!("{text} [{options}]"),
    }
}

fn running(session: &Session, now: u64) -> Option<String> {
    let RunningTool { name, input, since } = session
        .tool
        .as_ref()
        .filter(|_| session.state == State::Working)?;
    // The age comes first: the end of a long command is cut off.
    Some(match since {
        Some(_) => labelled(&format!("{name} {}", measure::age_of(*since, now)), input),
        None => labelled(name, input),
    })
}

fn about(session: &Session) -> Option<String> {
    let title = text::some_line(session.title.as_deref())
        .or_else(|| text::some_line(session.name.as_deref()));
    match session.state {
        State::WaitingPermission | State::WaitingInput | State::WaitingDialog => {
            let rare = session.waiting_for.as_deref().filter(|it| !is_common(it));
            let rare = text::some_line(rare);
            match (rare, title) {
                (Some(rare), Some(title)) => Some(format!("{rare}: {title}")),
                (rare, title) => rare.or(title),
            }
        }
        State::Starting | State::Unknown => {
            title.or_else(|| Some(session.rule.sentence().to_owned()))
        }
        State::Working | State::Idle | State::Shell | State::Stopped | State::Exited => title,
    }
}

/// Whether the word of the state says it already.
fn is_common(waiting_for: &str) -> bool {
    matches!(
        waiting_for,
        "permission prompt" | "input needed" | "dialog open"
    )
}

fn labelled(label: &str, text: &str) -> String {
    match text::some_line(Some(text)) {
        Some(text) => format!("{}: {text}", text::line(label)),
        None => text::line(label),
    }
}

//! What stands below an unfolded row: the conversation's last words and the facts about the process.

use wire::{Context, Session};

use crate::{
    measure,
    model::Detail,
    screen::{act, look},
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DetailView {
    pub(crate) passages: Vec<Passage>,
    pub(crate) facts: Vec<Fact>,
    /// What is wrong with it and what to do, empty for nothing.
    pub(crate) warning: String,
    /// Why there are no passages (yet), or not all.
    pub(crate) note: Option<String>,
}

/// What is asked, or was said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    pub(crate) label: String,
    pub(crate) text: String,
    /// It is code or a command.
    pub(crate) exact: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) text: String,
    /// Offered for copying, where that is of use.
    pub(crate) copy: Option<String>,
}

pub(crate) fn detail(session: &Session, detail: &Detail, now: u64) -> DetailView {
    let context = detail.known.as_ref().and_then(|known| known.as_ref().ok());
    let failed = detail.known.as_ref().and_then(|known| known.as_ref().err());
    let said = context.map(passages).unwrap_or_default();
    let silent = context.is_some() && said.is_empty();
    let mut passages = act::passages(session, now);
    passages.extend(said);
    let note = failed
        .map(|sentence| text::block(sentence))
        .or_else(|| {
            context
                .and_then(|context| context.note.as_deref())
                .map(text::block)
        })
        .or_else(|| {
            detail
                .known
                .is_none()
                .then(|| "Reading the conversation…".to_owned())
        })
        .or_else(|| silent.then(|| "Nothing has been said yet.".to_owned()));
    DetailView {
        passages,
        facts: facts(session, context, now),
        warning: twins(session),
        note,
    }
}

fn twins(session: &Session) -> String {
    let others: Vec<String> = session
        .twin_of
        .iter()
        .map(|key| key.pid.to_string())
        .collect();
    match others.as_slice() {
        [] => String::new(),
        [one] => format!(
            "Also open in process {one}; both write to the same conversation: end one of them."
        ),
        _ => format!(
            "Also open in processes {}; all write to the same conversation: end all but one.",
            others.join(", ")
        ),
    }
}

fn passages(context: &Context) -> Vec<Passage> {
    let passage = |label: &str, text: &Option<String>| {
        let text = text::block(text.as_deref()?);
        (!text.is_empty()).then(|| Passage {
            label: label.to_owned(),
            text,
            exact: false,
        })
    };
    [
        passage("Last prompt", &context.last_prompt),
        passage("While you were away", &context.away_summary),
        passage("Last answer", &context.last_assistant),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn facts(session: &Session, context: Option<&Context>, now: u64) -> Vec<Fact> {
    let fact = |label, text: String| {
        Some(Fact {
            label,
            text,
            copy: None,
        })
    };
    let copied = |label, text: String| {
        Some(Fact {
            label,
            copy: Some(text.clone()),
            text,
        })
    };
    let program = [
        session.version.as_deref(),
        session.kind.as_deref(),
        session.entrypoint.as_deref(),
    ];
    let program: Vec<String> = program.into_iter().flatten().map(text::line).collect();
    let ago = |then| format!("{} ago", measure::age_between(then, now));
    let cwd = text::line(&session.cwd);
    [
        fact(
            "State",
            format!(
                "{} {}",
                look::meaning(session.state),
                session.rule.sentence()
            ),
        ),
        session
            .state_since
            .and_then(|since| fact("Since", ago(since))),
        session
            .waiting_for
            .as_deref()
            .and_then(|what| fact("Waits for", text::line(what))),
        context
            .and_then(|context| context.model.as_deref())
            .and_then(|model| fact("Model", text::line(model))),
        fact("Last activity", ago(session.last_activity_at)),
        (!program.is_empty())
            .then(|| program.join(" · "))
            .and_then(|text| fact("Claude Code", text)),
        copied("Directory", cwd),
        session
            .session_id
            .as_ref()
            .and_then(|id| copied("Session id", id.to_string())),
        copied("Process", session.pid.to_string()),
        session
            .tmux
            .as_deref()
            .and_then(|place| copied("Attach", attach(place))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the command that shows a session's terminal; `place` is `<session>:@<window>.%<pane>`.
pub(crate) fn attach(place: &str) -> String {
    let name = place.rsplit_once(':').map_or(place, |(name, _)| name);
    // `=` asks for this very name; the quotes keep it from the shell.
    format!(
        "tmux attach -t '={}'",
        text::line(name).replace('\'', r"'\''")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tmux_name_is_quoted() {
        assert_eq!(attach("work:@3.%7"), "tmux attach -t '=work'");
        assert_eq!(attach("it's;rm:@3.%7"), r"tmux attach -t '=it'\''s;rm'");
        assert_eq!(attach("odd"), "tmux attach -t '=odd'");
    }
}

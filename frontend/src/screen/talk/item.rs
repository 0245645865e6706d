//! One part of a conversation in words.
//!
//! All of it was written by models, tools and people: it is cleaned here, and goes in as text.

use serde_json::Value;
use wire::{DecidedBy, DecisionOutcome, NoteCode};

use crate::{
    measure,
    model::talk::story::item::{Asked, Item, Step, ToolCall, Turn, What},
    screen::{
        diff::{self, Line},
        markdown::{self, Block},
    },
    text,
};

/// A call as it stands while it is folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallView {
    pub(crate) name: String,
    /// What it is about: the command, the file.
    pub(crate) main: String,
    /// `running`, `waiting`, `done`, `failed` or `denied`.
    pub(crate) look: &'static str,
    pub(crate) word: &'static str,
    /// Lines that come and go, for a call that edits.
    pub(crate) edit: Option<(usize, usize)>,
}

/// What stands in a call that is unfolded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Exact {
        label: &'static str,
        text: String,
        bad: bool,
    },
    Diff(Vec<Line>),
    Marked(Vec<Block>),
    Steps(Vec<StepView>),
    Note(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StepView {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) bad: bool,
}

/// A line that is nobody's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) bad: bool,
    /// What was written to standard error, or what is too long for the line.
    pub(crate) more: String,
}

/// Input members that tell what a call is about, the best first.
const MAIN: [&str; 14] = [
    "command",
    "file_path",
    "notebook_path",
    "path",
    "pattern",
    "url",
    "query",
    "description",
    "skill",
    "subject",
    "title",
    "name",
    "question",
    "prompt",
];

pub(crate) fn call(call: &ToolCall) -> CallView {
    let (look, word) = match (
        &call.result,
        call.asked.as_ref().and_then(|asked| asked.decided.as_ref()),
    ) {
        (_, Some(decided)) if decided.outcome == DecisionOutcome::Deny => ("denied", "Denied"),
        (Some(result), _) if result.is_error => ("failed", "Failed"),
        (Some(_), _) => ("done", "Done"),
        (None, Some(decided)) if decided.outcome == DecisionOutcome::Withdrawn => {
            ("denied", "Withdrawn")
        }
        (None, _) if call.waits() => ("waiting", "Asks you"),
        (None, _) => ("running", "Runs"),
    };
    CallView {
        name: tool_name(&call.name),
        main: main_input(&call.input),
        look,
        word,
        edit: diff::of_tool(&call.name, &call.input).map(|lines| diff::count(&lines)),
    }
}

/// `mcp__server__tool` as people say it.
fn tool_name(name: &str) -> String {
    let mcp = name
        .strip_prefix("mcp__")
        .and_then(|rest| rest.split_once("__"));
    mcp.map_or_else(
        || text::line(name),
        |(server, tool)| format!("{} · {}", text::line(server), text::line(tool)),
    )
}

fn main_input(input: &Value) -> String {
    let Some(members) = input.as_object() else {
        return String::new();
    };
    let named = MAIN.iter().filter_map(|name| members.get(*name)?.as_str());
    let any = members.values().filter_map(Value::as_str);
    named
        .chain(any)
        .find_map(|words| text::some_line(Some(words)))
        .unwrap_or_default()
}

/// What is shown of a call beyond its line.
pub(crate) fn parts(call: &ToolCall) -> Vec<Part> {
    let mut parts = Vec::new();
    let word = |name: &str| call.input.get(name).and_then(Value::as_str);
    if let Some(lines) = diff::of_tool(&call.name, &call.input) {
        parts.push(Part::Diff(lines));
    } else if let Some(plan) = word("plan") {
        parts.push(Part::Marked(markdown::blocks(plan)));
    } else if let (Some(command), "Bash") = (word("command"), call.name.as_str()) {
        parts.extend(word("description").map(|words| Part::Note(text::line(words))));
        parts.push(exact("Command", command, false));
    } else if call
        .input
        .as_object()
        .is_some_and(|input| !input.is_empty())
    {
        let input = serde_json::to_string_pretty(&call.input).unwrap_or_default();
        parts.push(exact("Input", &input, false));
    }
    parts.extend(call.asked.as_ref().and_then(decision).map(Part::Note));
    if !call.steps.is_empty() {
        parts.push(Part::Steps(call.steps.iter().map(step).collect()));
    }
    if let Some(result) = &call.result {
        let (label, bad) = if result.is_error {
            ("Error", true)
        } else {
            ("Result", false)
        };
        if result.text.trim().is_empty() {
            parts.push(Part::Note("It returned nothing.".to_owned()));
        } else {
            parts.push(exact(label, &result.text, bad));
        }
    }
    parts
}

fn exact(label: &'static str, words: &str, bad: bool) -> Part {
    let text = text::whole(&words.replace("\r\n", "\n"));
    Part::Exact { label, text, bad }
}

fn decision(asked: &Asked) -> Option<String> {
    let decided = asked.decided.as_ref()?;
    let what = match decided.outcome {
        DecisionOutcome::Allow => "Allowed",
        DecisionOutcome::Deny => "Denied",
        DecisionOutcome::Withdrawn => "Nobody's answer was needed any more",
        DecisionOutcome::Unknown => "Decided in a way that this page does not know",
    };
    let by = match (decided.by, decided.rule.as_deref()) {
        (DecidedBy::Person, _) => " by a person".to_owned(),
        (DecidedBy::Rule, Some(rule)) => format!(" by rule {}", text::line(rule)),
        (DecidedBy::Rule, None) => " by a rule".to_owned(),
        (DecidedBy::Timeout, _) => ": nobody answered in time".to_owned(),
        (DecidedBy::Session | DecidedBy::Unknown, _) => String::new(),
    };
    let reason = text::some_line(decided.reason.as_deref());
    let reason = reason
        .map(|reason| format!(" “{reason}”"))
        .unwrap_or_default();
    Some(format!("{what}{by}.{reason}"))
}

fn step(step: &Step) -> StepView {
    match step {
        Step::Said(words) => StepView {
            name: String::new(),
            text: text::block(words),
            bad: false,
        },
        Step::Called {
            name,
            input,
            is_error,
            ..
        } => StepView {
            name: tool_name(name),
            text: main_input(input),
            bad: *is_error == Some(true),
        },
    }
}

/// What nobody said: the end of a turn, a change, a note, the end of the process. Empty for anything else.
pub(crate) fn said(item: &Item) -> Said {
    match &item.what {
        What::Prompt { .. } | What::Answer { .. } | What::Thought { .. } | What::Call(_) => {
            Said::default()
        }
        What::Turn(turn) => Said {
            text: ended(turn),
            bad: turn.is_error,
            more: String::new(),
        },
        What::Changed { text } => Said {
            text: text::line(text),
            ..Said::default()
        },
        What::Note { code, text } => note(*code, text),
        What::Exit {
            code,
            signal,
            cancelled,
            stderr,
        } => Said {
            text: exit(*code, *signal, *cancelled),
            bad: !cancelled && *code != Some(0),
            more: text::whole(stderr),
        },
    }
}

fn ended(turn: &Turn) -> String {
    let what = match (turn.is_error, turn.subtype.as_str()) {
        (false, "success") => "Done".to_owned(),
        (true, "success") => "Ended with an error".to_owned(),
        (_, subtype) => format!("Ended: {}", text::line(subtype).replace('_', " ")),
    };
    let tokens = |count: Option<u64>, what: &str| {
        let count = count.filter(|count| *count > 0)?;
        Some(format!("{} {what}", thousands(count)))
    };
    let parts = [
        Some(what),
        turn.duration_ms.map(seconds),
        turn.cost_micro_usd.map(dollars),
        tokens(turn.input_tokens, "tokens in"),
        tokens(turn.output_tokens, "out"),
        tokens(turn.cache_read_tokens, "from the cache"),
        tokens(turn.cache_creation_tokens, "into the cache"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

/// A duration as people compare them: `"0.8 s"`, `"12 s"`, `"4 min"`.
fn seconds(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        10_000.. => measure::age(ms / 1000),
    }
}

/// `"$0.0054"` below a cent, `"$1.25"` above.
pub(crate) fn dollars(micro: u64) -> String {
    let (whole, rest) = (micro / 1_000_000, micro % 1_000_000);
    if micro < 10_000 {
        format!("${whole}.{:04}", rest / 100)
    } else {
        format!("${whole}.{:02}", rest / 10_000)
    }
}

fn thousands(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..100_000 => format!("{}.{}k", count / 1000, count % 1000 / 100),
        100_000..1_000_000 => format!("{}k", count / 1000),
        1_000_000.. => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

fn note(code: NoteCode, words: &str) -> Said {
    let (lead, bad) = match code {
        NoteCode::Interrupted => ("The turn was interrupted.", false),
        NoteCode::Compacted => (
            "The conversation was compacted: the model goes on with a summary.",
            false,
        ),
        NoteCode::Cleared => ("What follows is another conversation.", false),
        NoteCode::Dropped => ("Earlier events are not kept any more.", false),
        NoteCode::Incomplete => ("Something could not be read, or was cut.", false),
        NoteCode::LogStalled => (
            "The log can't be written at the moment; nothing is lost while the session waits.",
            true,
        ),
        NoteCode::HolderLost => ("What held the session has ended without a word.", true),
        NoteCode::Queued => ("A message waits for the end of the turn.", false),
        NoteCode::Output => ("It wrote something outside of its protocol.", false),
        NoteCode::Other => ("", false),
    };
    let words = text::whole(words);
    // A line more is only there for what the lead does not say.
    let short = words.chars().count() < 200 && !words.contains('\n');
    match (lead, short) {
        ("", true) => Said {
            text: words,
            bad,
            more: String::new(),
        },
        ("", false) => Said {
            text: "Note".to_owned(),
            bad,
            more: words,
        },
        (lead, _) => Said {
            text: lead.to_owned(),
            bad,
            more: if same(lead, &words) {
                String::new()
            } else {
                words
            },
        },
    }
}

/// Whether the words say no more than the lead.
fn same(lead: &str, words: &str) -> bool {
    let plain = |text: &str| text.trim().trim_end_matches('.').to_ascii_lowercase();
    plain(lead).contains(&plain(words))
}

fn exit(code: Option<i32>, signal: Option<i32>, cancelled: bool) -> String {
    match (cancelled, code, signal) {
        (true, ..) => "The session was ended.".to_owned(),
        (false, Some(0), _) => "The session has ended.".to_owned(),
        (false, Some(code), _) => format!("Claude Code has ended with code {code}."),
        (false, None, Some(signal)) => format!("Claude Code was ended by signal {signal}."),
        (false, None, None) => "Claude Code has ended; nobody saw how.".to_owned(),
    }
}

#[cfg(test)]
mod tests;

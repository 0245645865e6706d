//! What the real program said, line for line.

use std::fmt::Write;

use expect_test::expect_file;

use super::*;

/// One line for each thing said, without what every capture has anew.
pub(super) fn told(said: &[Said]) -> String {
    let mut told = String::new();
    for said in said {
        match said {
            Said::Init(it) => writeln!(
                told,
                "init {} {} {} {} {} tools",
                it.model.as_deref().unwrap_or("-"),
                it.permission_mode.as_deref().unwrap_or("-"),
                it.version.as_deref().unwrap_or("-"),
                it.cwd.as_deref().unwrap_or("-"),
                it.tools,
            ),
            Said::User {
                origin,
                text,
                words,
                attachments,
                is_replay,
            } => writeln!(
                told,
                "user {} {words:?} {text:?} +{attachments}{}",
                whose(origin),
                if *is_replay { " replay" } else { "" }
            ),
            Said::Text {
                origin,
                text,
                answer,
            } => writeln!(told, "text {} {answer:?} {text:?}", whose(origin)),
            Said::Thinking { origin, text } => {
                writeln!(told, "thinking {} {text:?}", whose(origin))
            }
            Said::ToolUse(it) => writeln!(
                told,
                "use {} {} {} {}",
                whose(&it.origin),
                it.id,
                it.name,
                it.input.get()
            ),
            Said::ToolResult(it) => writeln!(
                told,
                "result {} {} {}{:?} +{}",
                whose(&it.origin),
                it.tool_use_id.as_deref().unwrap_or("-"),
                if it.is_error { "error " } else { "" },
                cut(&it.text, 60),
                it.attachments,
            ),
            Said::Spent {
                origin,
                model,
                stop_reason,
                usage,
            } => writeln!(
                told,
                "spent {} {model:?} {stop_reason:?} {:?}",
                whose(origin),
                usage.output
            ),
            Said::Delta(it) => writeln!(
                told,
                "  delta {} {} {:?}",
                it.message_id.as_deref().unwrap_or("-"),
                it.index
                    .map_or_else(|| "-".to_owned(), |index| index.to_string()),
                it.part
            ),
            Said::CanUseTool(it) => writeln!(
                told,
                "can use {} {} {}{}{} {:?}",
                it.tool_name,
                it.tool_use_id.as_deref().unwrap_or("-"),
                it.input.get(),
                if it.suggestions.is_some() {
                    " suggestions"
                } else {
                    ""
                },
                if it.needs_person { " person" } else { "" },
                it.blocked_path,
            ),
            Said::Answer(it) => writeln!(
                told,
                "answer {} {} {:?}",
                if it.request_id.len() == 36 {
                    "<ours>"
                } else {
                    &it.request_id
                },
                match &it.result {
                    Ok(raw) => cut(raw.get(), 60),
                    Err(text) => text,
                },
                it.error_code
            ),
            Said::Cancelled { .. } => writeln!(told, "cancelled"),
            Said::Result(it) => writeln!(
                told,
                "turn {} error={} {:?} {:?} {:?} turns={:?} {:?} denied={}",
                it.subtype.as_deref().unwrap_or("-"),
                it.is_error,
                it.text.as_deref().map(|text| cut(text, 60)),
                it.terminal_reason,
                it.api_error_status,
                it.num_turns,
                it.usage.output,
                it.permission_denials.len(),
            ),
            Said::Lifecycle { state, .. } => writeln!(told, "message {state:?}"),
            Said::Request { .. }
            | Said::Status { .. }
            | Said::Compacted { .. }
            | Said::Retry { .. }
            | Said::Title(_)
            | Said::Reset
            | Said::Other { .. }
            | Said::NotJson(_) => writeln!(told, "{said:?}"),
        }
        .unwrap();
    }
    told
}

fn whose(origin: &Origin) -> &'static str {
    match origin.speaker {
        Speaker::Session => "-",
        Speaker::Subagent { .. } => "sub",
    }
}

/// What a capture says is written down beside it.
macro_rules! check {
    ($name:literal) => {
        expect_file![concat!("../../../testdata/stream/", $name, ".txt")].assert_eq(&told(&all(
            include_str!(concat!("../../../testdata/stream/", $name, ".jsonl")),
        )));
    };
}

#[test]
fn turns_a_permission_and_a_refusal() {
    check!("2.1.329/turns");
}

#[test]
fn two_calls_of_one_answer_are_asked_one_after_the_other() {
    check!("2.1.329/parallel");
}

#[test]
fn tools_that_only_read_are_asked_about_side_by_side() {
    check!("2.1.329/two-questions");
}

#[test]
fn questions_and_plans() {
    check!("2.1.329/question");
    check!("2.1.329/plan");
}

#[test]
fn interruptions() {
    check!("2.1.329/interrupt-streaming");
    check!("2.1.329/interrupt-tool");
    check!("2.1.329/interrupt-permission");
    check!("2.1.197/interrupt-permission");
    check!("2.0.30/interrupt-permission");
}

#[test]
fn settings_and_commands() {
    check!("2.1.329/settings");
    check!("2.0.30/settings");
    check!("2.1.329/commands");
}

#[test]
fn messages_that_wait() {
    check!("2.1.329/queue");
}

#[test]
fn subagents() {
    check!("2.1.329/subagent");
    check!("2.1.329/subagent-asks");
    check!("2.1.329/background-agent");
    check!("2.1.197/subagent");
}

#[test]
fn failures_and_ends() {
    check!("2.1.329/api-error");
    check!("2.1.329/api-retry");
    check!("2.1.329/terminated");
    check!("2.1.329/no-conversation");
}

#[test]
fn thoughts_files_and_odd_characters() {
    check!("2.1.329/thinking");
    check!("2.1.329/files");
    check!("2.1.329/control-characters");
}

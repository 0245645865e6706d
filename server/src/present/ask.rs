//! What a session asks and what it runs, in the wire's words.

use std::collections::BTreeMap;

use serde_json::Value;
use session_core::{ask, transcript::tail::OpenTool};

pub fn ask(ask: ask::Ask) -> wire::Ask {
    match ask {
        ask::Ask::Permission { tool, input } => wire::Ask::Permission { tool, input },
        ask::Ask::Questions(questions) => wire::Ask::Question {
            questions: questions.into_iter().map(question).collect(),
        },
        ask::Ask::Plan { text } => wire::Ask::Plan { text },
        ask::Ask::Text { text } => wire::Ask::Text { text },
    }
}

fn question(question: ask::Question) -> wire::Question {
    let choice = |choice: ask::Choice| wire::Choice {
        label: choice.label,
        description: choice.description,
    };
    wire::Question {
        question: question.question,
        header: question.header,
        multi_select: question.multi_select,
        options: question.options.into_iter().map(choice).collect(),
    }
}

/// The other way round.
pub fn core_ask(ask: &wire::Ask) -> ask::Ask {
    match ask {
        wire::Ask::Permission { tool, input } => ask::Ask::Permission {
            tool: tool.clone(),
            input: input.clone(),
        },
        wire::Ask::Question { questions } => {
            ask::Ask::Questions(questions.iter().map(core_question).collect())
        }
        wire::Ask::Plan { text } => ask::Ask::Plan { text: text.clone() },
        wire::Ask::Text { text } => ask::Ask::Text { text: text.clone() },
    }
}

fn core_question(question: &wire::Question) -> ask::Question {
    let choice = |choice: &wire::Choice| ask::Choice {
        label: choice.label.clone(),
        description: choice.description.clone(),
    };
    ask::Question {
        question: question.question.clone(),
        header: question.header.clone(),
        multi_select: question.multi_select,
        options: question.options.iter().map(choice).collect(),
    }
}

pub(super) fn tool(call: &OpenTool) -> wire::RunningTool {
    wire::RunningTool {
        name: call.name.clone(),
        input: call.ask.subject().to_owned(),
        since: call.at.map(|at| at.0),
    }
}

/// The permission modes to go on in after a plan (2.1.329). `manual` is another name of `default`.
const MODES: [&str; 6] = [
    "acceptEdits",
    "auto",
    "default",
    "dontAsk",
    "manual",
    "plan",
];

/// Why a permission mode does not go with an "allow": it is the session's from then on, and nobody takes an approval for that
/// but of a plan, whose approval asks how to go on.
pub fn refused_mode(is_plan: bool, mode: Option<&str>) -> Option<String> {
    let sentence = match mode? {
        _ if !is_plan => {
            "A permission mode goes with the approval of a plan; leave permissionMode out."
        }
        "bypassPermissions" => {
            "A plan is not approved without any permissions; choose another permissionMode."
        }
        mode if MODES.contains(&mode) => return None,
        mode => {
            let modes = MODES.join(", ");
            return Some(format!(
                "There is no permission mode {mode:?}; choose one of {modes}."
            ));
        }
    };
    Some(sentence.to_owned())
}

/// Says which question of these has no answer; `None` where each has one, as where nothing is asked. By the input itself, since
/// what is shown of a question may be cut.
pub fn unanswered(input: &Value, answers: &BTreeMap<String, String>) -> Option<String> {
    let questions = input.get("questions").and_then(Value::as_array);
    let questions = questions.into_iter().flatten();
    let mut questions = questions.filter_map(|question| question.get("question")?.as_str());
    let question = questions.find(|question| !answers.contains_key(*question))?;
    Some(format!(
        "The question {question:?} has no answer; send one with the others, or deny with a reason."
    ))
}

//! What a session asks a person: a permission, questions with options, a plan, or a question in plain text.
//!
//! Knows the tools by which Claude Code asks and what of a tool's input a person would recognise it by. All of it was
//! written by a model: it is kept as text and bounded. Does not know whether the question still stands.

mod plain;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    lenient::{self, Flag, List, Loose, Text},
    transcript::text::cut,
};

/// Limits in UTF-16 units.
const INPUT_LIMIT: usize = 2_000;
const PLAN_LIMIT: usize = 16 * 1024;
const TOOL_LIMIT: usize = 200;
const QUESTION_LIMIT: usize = 1_000;
const HEADER_LIMIT: usize = 100;
const LABEL_LIMIT: usize = 200;
const DESCRIPTION_LIMIT: usize = 500;
const TEXT_LIMIT: usize = 500;
/// The tool allows four of each.
const QUESTIONS_LIMIT: usize = 8;
const OPTIONS_LIMIT: usize = 8;

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// May this tool be used?
    Permission {
        tool: String,
        /// Its main input for people: the command, the file, ...; the whole input as JSON where none is known.
        input: String,
    },
    /// Never empty.
    Questions(Vec<Question>),
    /// Shall this plan be carried out? Empty where the call does not carry the plan.
    Plan { text: String },
    /// The last answer ends with this question.
    Text { text: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub question: String,
    /// A word or two for a tab.
    pub header: Option<String>,
    pub multi_select: bool,
    pub options: Vec<Choice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub label: String,
    pub description: Option<String>,
}

/// What people know a call by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Input {
    command: Text,
    file_path: Text,
    notebook_path: Text,
    url: Text,
    query: Text,
    pattern: Text,
    description: Text,
    skill: Text,
    plan: Text,
    questions: List<Loose<QuestionInput>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct QuestionInput {
    question: Text,
    header: Text,
    multi_select: Flag,
    options: List<Loose<ChoiceInput>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChoiceInput {
    label: Text,
    description: Text,
}

impl Ask {
    /// Returns what a call of the tool `name` with `input` asks, if it has to ask at all.
    pub fn of_tool(name: &str, input: &RawValue) -> Self {
        let parsed: Loose<Input> = lenient::read(input.get().as_bytes()).unwrap_or_default();
        let parsed = parsed.0;
        let main = match name {
            "AskUserQuestion" => {
                let questions = questions(parsed.questions);
                if !questions.is_empty() {
                    return Self::Questions(questions);
                }
                None
            }
            "ExitPlanMode" => {
                let text = bounded(parsed.plan.0, PLAN_LIMIT).unwrap_or_default();
                return Self::Plan { text };
            }
            "Bash" => parsed.command.0,
            "Read" | "Write" | "Edit" | "MultiEdit" => parsed.file_path.0,
            "NotebookEdit" | "NotebookRead" => parsed.notebook_path.0.or(parsed.file_path.0),
            "WebFetch" => parsed.url.0,
            "WebSearch" => parsed.query.0,
            "Grep" | "Glob" => parsed.pattern.0,
            "Task" | "Agent" => parsed.description.0,
            "Skill" => parsed.skill.0,
            _ => None,
        };
        Self::Permission {
            tool: cut(name, TOOL_LIMIT).to_owned(),
            // Claude Code writes its JSON compactly.
            input: cut(main.as_deref().unwrap_or(input.get()), INPUT_LIMIT).to_owned(),
        }
    }

    /// Returns the question that an answer ends with. Rather misses one than sees one where nothing is asked.
    pub fn in_text(answer: &str) -> Option<Self> {
        plain::question(answer).map(|text| Self::Text { text })
    }

    /// Returns what it is about, in one text: the tool's main input, the first question, the plan.
    pub fn subject(&self) -> &str {
        match self {
            Self::Permission { input, .. } => input,
            Self::Questions(questions) => questions.first().map_or("", |it| &it.question),
            Self::Plan { text } | Self::Text { text } => text,
        }
    }
}

fn questions(input: List<Loose<QuestionInput>>) -> Vec<Question> {
    let asked = input.0.into_iter().filter_map(|Loose(it)| {
        Some(Question {
            question: bounded(it.question.0, QUESTION_LIMIT)?,
            header: bounded(it.header.0, HEADER_LIMIT),
            multi_select: it.multi_select.0,
            options: choices(it.options),
        })
    });
    asked.take(QUESTIONS_LIMIT).collect()
}

fn choices(input: List<Loose<ChoiceInput>>) -> Vec<Choice> {
    let offered = input.0.into_iter().filter_map(|Loose(it)| {
        Some(Choice {
            label: bounded(it.label.0, LABEL_LIMIT)?,
            description: bounded(it.description.0, DESCRIPTION_LIMIT),
        })
    });
    offered.take(OPTIONS_LIMIT).collect()
}

/// Cuts a text, and counts a blank one as absent.
fn bounded(text: Option<String>, limit: usize) -> Option<String> {
    let text = text?;
    let text = text.trim();
    (!text.is_empty()).then(|| cut(text, limit).to_owned())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn of(name: &str, input: &str) -> Ask {
        Ask::of_tool(name, &RawValue::from_string(input.to_owned()).unwrap())
    }

    fn check(name: &str, input: &str, expected: Expect) {
        expected.assert_debug_eq(&of(name, input));
    }

    #[test]
    fn a_permission_shows_what_people_know_the_call_by() {
        for (name, input, shown) in [
            (
                "Bash",
                r#"{"command":"rm -rf x\n# y","description":"d"}"#,
                "rm -rf x\n# y",
            ),
            ("Write", r#"{"content":"c","file_path":"/a b"}"#, "/a b"),
            ("Edit", r#"{"file_path":"/a"}"#, "/a"),
            ("Read", r#"{"file_path":"/a"}"#, "/a"),
            ("NotebookEdit", r#"{"notebook_path":"/n"}"#, "/n"),
            (
                "WebFetch",
                r#"{"url":"http://x/","prompt":"p"}"#,
                "http://x/",
            ),
            ("WebSearch", r#"{"query":"q"}"#, "q"),
            ("Grep", r#"{"pattern":"p","path":"/"}"#, "p"),
            ("Task", r#"{"description":"d","prompt":"p"}"#, "d"),
            ("Agent", r#"{"description":"d","prompt":"p"}"#, "d"),
            ("Skill", r#"{"skill":"pdf"}"#, "pdf"),
            // What is not known, and what is not as expected.
            (
                "mcp__x__y",
                r#"{"command":"c","b":[1]}"#,
                r#"{"command":"c","b":[1]}"#,
            ),
            ("Bash", r#"{"command":["ls"]}"#, r#"{"command":["ls"]}"#),
            ("Bash", "null", "null"),
            (
                "AskUserQuestion",
                r#"{"questions":[{}]}"#,
                r#"{"questions":[{}]}"#,
            ),
        ] {
            let asked = of(name, input);
            assert_eq!(asked.subject(), shown, "{name} {input}");
            let tool = name.to_owned();
            let input = shown.to_owned();
            assert_eq!(asked, Ask::Permission { tool, input });
        }
    }

    #[test]
    fn questions_come_with_their_options() {
        check(
            "AskUserQuestion",
            r#"{"questions":[{"question":"Q?","header":"Pick","multiSelect":true,"options":[
                {"label":"<b>Red</b>","description":"r"},{"label":"Blue"},{"label":7},"x"]},7,{"question":"R?"}]}"#,
            expect![[r#"
                Questions(
                    [
                        Question {
                            question: "Q?",
                            header: Some(
                                "Pick",
                            ),
                            multi_select: true,
                            options: [
                                Choice {
                                    label: "<b>Red</b>",
                                    description: Some(
                                        "r",
                                    ),
                                },
                                Choice {
                                    label: "Blue",
                                    description: None,
                                },
                            ],
                        },
                        Question {
                            question: "R?",
                            header: None,
                            multi_select: false,
                            options: [],
                        },
                    ],
                )
            "#]],
        );
    }

    #[test]
    fn a_plan_is_shown_whole() {
        let text = "# Plan\n1. do it".to_owned();
        assert_eq!(
            of("ExitPlanMode", r##"{"plan":"# Plan\n1. do it"}"##),
            Ask::Plan { text }
        );
        let text = String::new();
        assert_eq!(of("ExitPlanMode", "{}"), Ask::Plan { text });
    }

    #[test]
    fn everything_is_bounded() {
        let long = "x".repeat(100_000);
        let bash = of("Bash", &format!(r#"{{"command":"{long}"}}"#));
        assert_eq!(bash.subject().len(), INPUT_LIMIT);
        let unknown = of("Other", &format!(r#"{{"a":"{long}"}}"#));
        assert_eq!(unknown.subject().len(), INPUT_LIMIT);
        let plan = of("ExitPlanMode", &format!(r#"{{"plan":"{long}"}}"#));
        assert_eq!(plan.subject().len(), PLAN_LIMIT);
        let option = format!(r#"{{"label":"{long}","description":"{long}"}}"#);
        let options = vec![option; 20].join(",");
        let question =
            format!(r#"{{"question":"{long}","header":"{long}","options":[{options}]}}"#);
        let asked = of(
            "AskUserQuestion",
            &format!(r#"{{"questions":[{}]}}"#, vec![question; 20].join(",")),
        );
        let Ask::Questions(questions) = asked else {
            panic!("no questions")
        };
        assert_eq!(
            (questions.len(), questions[0].options.len()),
            (QUESTIONS_LIMIT, OPTIONS_LIMIT)
        );
        assert_eq!(questions[0].question.len(), QUESTION_LIMIT);
        assert_eq!(questions[7].options[7].label.len(), LABEL_LIMIT);
    }

    #[test]
    fn a_text_that_was_cut_within_a_character_is_shown_all_the_same() {
        let ask = of("Bash", r#"{"command":"echo \ud83e","description":"x"}"#);
        assert_eq!(ask.subject(), "echo \u{fffd}");
    }

    proptest! {
        #[test]
        fn any_input_is_survived(name in "(Bash|AskUserQuestion|ExitPlanMode|mcp__x)", text in r#"\PC{0,60}"#) {
            let json = serde_json::to_string(&text).unwrap();
            for input in [
                format!(r#"{{"questions":[{{"question":{json},"options":[{{"label":{json}}}]}}],"plan":{json},"command":{json}}}"#),
                format!(r#"{{"questions":{json},"plan":[{json}],"command":{{"a":{json}}}}}"#),
                format!("[{json}]"),
                json,
            ] {
                of(&name, &input);
            }
        }
    }
}

//! Cutting an event that is too long for the log.

use serde::Serialize;
use serde_json::{Value, json};
use wire::{Ask, Event, NoteCode};

use super::{EVENT_BYTES, line::at};

/// Deeper than this serde_json might not read it back: it stops at 128.
pub const DEPTH: usize = 64;

/// Returns the event with its longest texts cut, so that it has at most [`EVENT_BYTES`] as JSON; as it is where it has no
/// more than that. What is cut says so.
pub fn fit(mut event: Event) -> Event {
    if let Event::Tool { input, .. } | Event::Approval { input, .. } = &mut event
        && is_deeper(input, DEPTH)
    {
        *input = start_of(input, EVENT_BYTES / 4);
    }
    // There is rarely more than one text of that length, so that the first step nearly always does.
    for most in [EVENT_BYTES / 4 * 3, EVENT_BYTES / 4, EVENT_BYTES / 64, 256] {
        if is_fit(&event) {
            return event;
        }
        cut(&mut event, most);
    }
    if is_fit(&event) {
        return event;
    }
    Event::Note {
        seq: event.seq(),
        at: at(&event),
        code: NoteCode::Incomplete,
        text: "An event is too long to be kept.".to_owned(),
    }
}

/// How long an event is as JSON, in bytes.
pub fn json_bytes(event: &Event) -> usize {
    length(event)
}

fn is_fit(event: &Event) -> bool {
    length(event) <= EVENT_BYTES
}

/// Cuts what has more than `most` bytes as JSON.
fn cut(event: &mut Event, most: usize) {
    match event {
        Event::User { text, .. }
        | Event::Assistant { text, .. }
        | Event::ToolResult { text, .. }
        | Event::Note { text, .. } => cut_text(text, most),
        Event::Exit { stderr, .. } => cut_text(stderr, most),
        Event::Decision { reason, .. } => reason.iter_mut().for_each(|text| cut_text(text, most)),
        Event::Tool { input, .. } => cut_input(input, most),
        Event::Approval { input, ask, .. } => {
            cut_input(input, most / 2);
            cut_ask(ask, most / 2);
        }
        Event::Status { .. } | Event::Usage { .. } => {}
    }
}

fn cut_input(input: &mut Value, most: usize) {
    if length(input) > most {
        *input = start_of(input, most);
    }
}

/// What stands for an input that is too long.
fn start_of(input: &Value, most: usize) -> Value {
    let json = input.to_string();
    let start = json.get(..fitting(&json, most)).unwrap_or_default();
    json!({ "truncated": true, "bytes": json.len(), "start": start })
}

fn cut_ask(ask: &mut Ask, most: usize) {
    match ask {
        Ask::Permission { input: text, .. } | Ask::Plan { text } | Ask::Text { text } => {
            cut_text(text, most);
        }
        Ask::Question { questions } => {
            for question in questions {
                cut_text(&mut question.question, most);
            }
        }
    }
}

fn cut_text(text: &mut String, most: usize) {
    let end = fitting(text, most);
    if end < text.len() {
        let bytes = text.len();
        text.truncate(end);
        text.push_str(&format!("… [cut: {bytes} bytes in all]"));
    }
}

/// How much of a text has at most `most` bytes as JSON; ends between characters.
fn fitting(text: &str, most: usize) -> usize {
    let mut spent = 0;
    let too_many = |(_, char): &(usize, char)| {
        spent += escaped(*char);
        spent > most
    };
    let end = text.char_indices().find(too_many);
    end.map_or(text.len(), |(end, _)| end)
}

/// How many bytes a character has within a JSON text.
fn escaped(char: char) -> usize {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        char => char.len_utf8(),
    }
}

fn length<T: Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).expect("counting can't fail");
    count.0
}

/// Whether a value has more levels than that.
pub fn is_deeper(value: &Value, than: usize) -> bool {
    match value {
        Value::Array(items) => items
            .iter()
            .any(|item| than == 0 || is_deeper(item, than - 1)),
        Value::Object(members) => {
            let mut values = members.values();
            values.any(|value| than == 0 || is_deeper(value, than - 1))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use wire::Question;

    use super::*;

    fn user(text: String) -> Event {
        Event::User {
            seq: 7,
            at: 9,
            uuid: None,
            text,
        }
    }

    fn tool(input: Value) -> Event {
        Event::Tool {
            seq: 7,
            at: 9,
            uuid: None,
            message_id: None,
            tool_use_id: "t".to_owned(),
            name: "Write".to_owned(),
            input,
            parent: None,
        }
    }

    fn check(event: Event) -> Event {
        let cut = fit(event);
        let json = serde_json::to_string(&cut).unwrap();
        assert!(json.len() <= EVENT_BYTES, "{}", json.len());
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), cut);
        assert_eq!((cut.seq(), at(&cut)), (7, 9));
        cut
    }

    #[test]
    fn what_is_short_enough_is_left_alone() {
        let json_around = serde_json::to_vec(&user(String::new())).unwrap().len();
        let most = user("x".repeat(EVENT_BYTES - json_around));
        assert_eq!(check(most.clone()), most);
        assert_ne!(check(user("x".repeat(EVENT_BYTES))), most);
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        for text in ["x", "é", "\u{0}", "\"", "🦀", "xé"] {
            let whole = text.repeat(2 << 20);
            let Event::User { text: cut, .. } = check(user(whole.clone())) else {
                panic!("it is no prompt any more");
            };
            let (start, told) = cut.rsplit_once("… [cut: ").unwrap();
            assert!(whole.starts_with(start) && start.len() > EVENT_BYTES / 10);
            assert_eq!(told, format!("{} bytes in all]", whole.len()));
        }
    }

    #[test]
    fn a_long_or_deep_input_is_told_by_its_start() {
        let long = json!({ "file_path": "/x", "content": "\u{0}".repeat(EVENT_BYTES) });
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        for input in [long, deep] {
            let bytes = input.to_string().len();
            let Event::Tool { input: cut, .. } = check(tool(input.clone())) else {
                panic!("it is no call any more");
            };
            assert_eq!(
                (&cut["truncated"], &cut["bytes"]),
                (&json!(true), &json!(bytes))
            );
            let start = cut["start"].as_str().unwrap();
            assert!(!start.is_empty() && input.to_string().starts_with(start));
        }
        let flat = (0..DEPTH).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(check(tool(flat.clone())), tool(flat));
    }

    #[test]
    fn a_question_that_nobody_can_read_becomes_a_note() {
        let question = Question {
            question: "?".to_owned(),
            header: Some("x".repeat(EVENT_BYTES)),
            multi_select: false,
            options: Vec::new(),
        };
        let event = Event::Approval {
            seq: 7,
            at: 9,
            request_id: "r".to_owned(),
            tool_use_id: None,
            tool: "AskUserQuestion".to_owned(),
            input: json!({}),
            ask: Ask::Question {
                questions: vec![question],
            },
        };
        assert!(matches!(check(event), Event::Note { .. }));
    }
}

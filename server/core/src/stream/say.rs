//! The lines for stdin: messages, control requests, and answers to what is asked.
//!
//! Each is one whole line of JSON with its `\n`: half a line, or anything that is no JSON, ends Claude Code at once. Does
//! not know who may say what.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::members::Members;

/// The first line of all. Its answer is the sign that the session is ready. Once only: 2.0.30 dies of a second one.
pub fn initialize(request_id: &str) -> String {
    control(request_id, r#"{"subtype":"initialize","hooks":null}"#)
}

/// A message of the user. With a `uuid`, which the transcript keeps, it may be sent again: of one id only the first counts.
pub fn message(text: &str, uuid: Option<&str>) -> String {
    let text = quoted(text);
    let uuid = uuid.map_or_else(String::new, |uuid| format!(r#","uuid":{}"#, quoted(uuid)));
    line(format!(
        r#"{{"type":"user","message":{{"role":"user","content":[{{"type":"text","text":{text}}}]}}{uuid}}}"#
    ))
}

/// Allows what was asked, with the input that it may be used with. `permissions` is a list such as the suggestions.
pub fn allow(request_id: &str, input: &RawValue, permissions: Option<&RawValue>) -> String {
    let input = one_line(input);
    let permissions = permissions.map_or_else(String::new, |list| {
        format!(r#","updatedPermissions":{}"#, one_line(list))
    });
    answer(
        request_id,
        &format!(r#"{{"behavior":"allow","updatedInput":{input}{permissions}}}"#),
    )
}

/// Refuses what was asked. The model is told `message` and goes on.
pub fn deny(request_id: &str, message: &str) -> String {
    let message = quoted(message);
    answer(
        request_id,
        &format!(r#"{{"behavior":"deny","message":{message}}}"#),
    )
}

/// Refuses what was asked and ends the turn. The model is not told `message`.
pub fn deny_and_stop(request_id: &str, message: &str) -> String {
    let message = quoted(message);
    answer(
        request_id,
        &format!(r#"{{"behavior":"deny","message":{message},"interrupt":true}}"#),
    )
}

/// Says that a request can't be answered, so that nobody waits for it.
pub fn refuse(request_id: &str, error: &str) -> String {
    let request_id = quoted(request_id);
    let error = quoted(error);
    line(format!(
        r#"{{"type":"control_response","response":{{"subtype":"error","request_id":{request_id},"error":{error}}}}}"#
    ))
}

/// Returns the input of a question with the answers to it: for each question its text and what was chosen, several choices
/// with commas between them. `None` where the input is no object.
pub fn answered<'t>(
    input: &RawValue,
    answers: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Option<Box<RawValue>> {
    let asked = Members::parse(input.get())?;
    let kept = asked.iter().filter(|(name, _)| *name != "answers");
    let mut members: Vec<String> = kept
        .map(|(name, value)| format!("{}:{}", quoted(name), value.get()))
        .collect();
    let answers = answers.into_iter();
    let answers: Vec<String> = answers
        .map(|(question, answer)| format!("{}:{}", quoted(question), quoted(answer)))
        .collect();
    members.push(format!(r#""answers":{{{}}}"#, answers.join(",")));
    RawValue::from_string(format!("{{{}}}", members.join(","))).ok()
}

/// Ends the turn that runs. What waits in the queue comes next all the same.
pub fn interrupt(request_id: &str) -> String {
    order(request_id, "interrupt", None)
}

/// Takes the model from the next call on, the usual one for `None`. Whether there is such a model shows then.
pub fn set_model(request_id: &str, model: Option<&str>) -> String {
    order(request_id, "set_model", model.map(|model| ("model", model)))
}

/// 2.1.197 and older take any mode, also one that there is not.
pub fn set_permission_mode(request_id: &str, mode: &str) -> String {
    order(request_id, "set_permission_mode", Some(("mode", mode)))
}

/// 2.0.30 never answers this one, nor any of those below.
pub fn rename(request_id: &str, title: &str) -> String {
    order(request_id, "rename_session", Some(("title", title)))
}

/// Takes a message back that waits in the queue.
pub fn take_back(request_id: &str, uuid: &str) -> String {
    order(
        request_id,
        "cancel_async_message",
        Some(("message_uuid", uuid)),
    )
}

/// Ends the session.
pub fn end(request_id: &str) -> String {
    order(request_id, "end_session", None)
}

/// Any other control request: an object with its `subtype`.
pub fn request(request_id: &str, request: &RawValue) -> String {
    control(request_id, &one_line(request))
}

/// A control request of this kind, with the one member that it has besides, if any.
fn order(request_id: &str, subtype: &str, member: Option<(&str, &str)>) -> String {
    let member = member.map_or_else(String::new, |(name, value)| {
        format!(r#","{name}":{}"#, quoted(value))
    });
    control(request_id, &format!(r#"{{"subtype":"{subtype}"{member}}}"#))
}

fn control(request_id: &str, request: &str) -> String {
    let request_id = quoted(request_id);
    line(format!(
        r#"{{"type":"control_request","request_id":{request_id},"request":{request}}}"#
    ))
}

fn answer(request_id: &str, response: &str) -> String {
    let request_id = quoted(request_id);
    line(format!(
        r#"{{"type":"control_response","response":{{"subtype":"success","request_id":{request_id},"response":{response}}}}}"#
    ))
}

fn line(mut json: String) -> String {
    json.push('\n');
    json
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text)
        .expect("a text is always JSON, and memory takes whatever is written")
}

/// The JSON without line breaks: within a string there are none, and between values they mean nothing.
fn one_line(json: &RawValue) -> Cow<'_, str> {
    if json.get().contains(['\n', '\r']) {
        return Cow::Owned(json.get().replace(['\n', '\r'], " "));
    }
    Cow::Borrowed(json.get())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_lines_for_stdin() {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        let input = raw("{\"a\":\n1,\"answers\":0,\"a\":\"x\"}");
        let with_answers = answered(&input, [("Q \"1\"?", "Red, Blue"), ("R?", "no\n")]).unwrap();
        assert!(answered(&raw("[]"), []).is_none());
        expect![[r#"
        {"type":"control_request","request_id":"i","request":{"subtype":"initialize","hooks":null}}
        {"type":"user","message":{"role":"user","content":[{"type":"text","text":"a\n\"b\"\u0000 🦀"}]}}
        {"type":"user","message":{"role":"user","content":[{"type":"text","text":"x"}]},"uuid":"0-1"}
        {"type":"control_response","response":{"subtype":"success","request_id":"r\"","response":{"behavior":"allow","updatedInput":{"a": 1,"answers":0,"a":"x"}}}}
        {"type":"control_response","response":{"subtype":"success","request_id":"r","response":{"behavior":"allow","updatedInput":{"a":1,"a":"x","answers":{"Q \"1\"?":"Red, Blue","R?":"no\n"}},"updatedPermissions":[ ]}}}
        {"type":"control_response","response":{"subtype":"success","request_id":"r","response":{"behavior":"deny","message":"not\n<now>"}}}
        {"type":"control_response","response":{"subtype":"success","request_id":"r","response":{"behavior":"deny","message":"","interrupt":true}}}
        {"type":"control_response","response":{"subtype":"error","request_id":"r","error":"cannot"}}
        {"type":"control_request","request_id":"r","request":{"subtype":"interrupt"}}
        {"type":"control_request","request_id":"r","request":{"subtype":"set_model"}}
        {"type":"control_request","request_id":"r","request":{"subtype":"set_model","model":"opus"}}
        {"type":"control_request","request_id":"r","request":{"subtype":"set_permission_mode","mode":"plan"}}
        {"type":"control_request","request_id":"r","request":{"subtype":"rename_session","title":"A \"name\""}}
        {"type":"control_request","request_id":"r","request":{"subtype":"cancel_async_message","message_uuid":"u"}}
        {"type":"control_request","request_id":"r","request":{"subtype":"end_session"}}
        {"type":"control_request","request_id":"r","request":{"subtype":  "get_settings"}}
    "#]].assert_eq(
        &[
            initialize("i"),
            message("a\n\"b\"\u{0}\u{2028}🦀", None),
            message("x", Some("0-1")),
            allow("r\"", &input, None),
            allow("r", &with_answers, Some(&raw("[ ]"))),
            deny("r", "not\n<now>"),
            deny_and_stop("r", ""),
            refuse("r", "cannot"),
            interrupt("r"),
            set_model("r", None),
            set_model("r", Some("opus")),
            set_permission_mode("r", "plan"),
            rename("r", "A \"name\""),
            take_back("r", "u"),
            end("r"),
            request("r", &raw("{\"subtype\":\r\n\"get_settings\"}")),
        ]
        .concat(),
    );
    }

    proptest! {
        #[test]
        fn what_is_said_is_one_line_that_says_just_that(text in any::<String>(), id in any::<String>()) {
            let said = [
                message(&text, Some(&id)),
                deny(&id, &text),
                refuse(&id, &text),
                rename(&id, &text),
            ];
            for line in &said {
                prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            }
            let read = said.each_ref().map(|line| serde_json::from_str::<Value>(line).unwrap());
            prop_assert_eq!(&read[0]["message"]["content"][0]["text"], &text);
            prop_assert_eq!(&read[0]["uuid"], &id);
            prop_assert_eq!(&read[1]["response"]["response"]["message"], &text);
            prop_assert_eq!(&read[1]["response"]["request_id"], &id);
            prop_assert_eq!(&read[2]["response"]["error"], &text);
            prop_assert_eq!(&read[3]["request"]["title"], &text);
        }

        #[test]
        fn an_input_means_the_same_on_one_line(text in any::<String>(), number in any::<u32>()) {
            let value = serde_json::json!({"a": [text, number], "b": {"c": text}});
            let input = RawValue::from_string(serde_json::to_string_pretty(&value).unwrap()).unwrap();
            let line = allow("r", &input, Some(&input));
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            let read: Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&read["response"]["response"]["updatedInput"], &value);
            prop_assert_eq!(&read["response"]["response"]["updatedPermissions"], &value);
            let with_answers = answered(&input, [(text.as_str(), "x"), ("answers", "y")]).unwrap();
            let read: Value = serde_json::from_str(with_answers.get()).unwrap();
            prop_assert_eq!(&read["a"], &value["a"]);
            prop_assert_eq!(&read["answers"][text.as_str()], if text == "answers" { "y" } else { "x" });
        }
    }
}

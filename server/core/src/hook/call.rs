//! A call of a tool as one event tells of it, with its whole input.

use super::{Event, MAX_PAYLOAD};
use crate::{id::SessionId, members::Members};

/// What a payload says of a call of a tool, and whose it is. A field is `None` where the event does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub event: Event,
    pub session_id: SessionId,
    /// The subagent that calls, `None` for the conversation itself.
    pub agent: Option<String>,
    pub tool: Option<String>,
    /// JSON text as Claude Code wrote it.
    pub input: Option<String>,
    pub cwd: Option<String>,
    pub transcript_path: Option<String>,
}

impl Call {
    /// Reads a payload; `None` where it is none, or where it asks for something that is too long to be shown whole.
    pub fn of_payload(payload: &[u8]) -> Option<Self> {
        let fields = match payload.get(..MAX_PAYLOAD) {
            Some(start) => Members::of_start(start),
            None => Members::of_bytes(payload)?,
        };
        let event = Event::parse(&fields.text("hook_event_name")?)?;
        // Whoever allows something must have seen all of it.
        if event == Event::PermissionRequest && payload.len() > MAX_PAYLOAD {
            return None;
        }
        let path = |name| fields.text(name).filter(|path| path.starts_with('/'));
        Some(Self {
            event,
            session_id: SessionId::parse(&fields.text("session_id")?)?,
            agent: fields.text("agent_id"),
            tool: fields.text("tool_name"),
            input: fields.raw("tool_input").map(|it| it.get().to_owned()),
            cwd: path("cwd"),
            transcript_path: path("transcript_path"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK: &[u8] = include_bytes!("../../testdata/hooks/permission-request-bash-2.1.329.json");
    const DONE: &[u8] = include_bytes!("../../testdata/hooks/post-tool-use-bash-2.1.329.json");

    #[test]
    fn what_is_asked_and_what_was_done_have_the_same_input() {
        let (ask, done) = (
            Call::of_payload(ASK).unwrap(),
            Call::of_payload(DONE).unwrap(),
        );
        assert_eq!(
            (ask.event, done.event),
            (Event::PermissionRequest, Event::PostToolUse)
        );
        assert_eq!(ask.tool.as_deref(), Some("Bash"));
        assert_eq!(ask.agent, None);
        let value = |call: &Call| -> serde_json::Value {
            serde_json::from_str(call.input.as_deref().unwrap()).unwrap()
        };
        assert!(
            value(&ask)["command"]
                .as_str()
                .unwrap()
                .starts_with("touch ")
        );
        assert_eq!(value(&done)["description"], value(&ask)["description"]);
    }

    #[test]
    fn what_is_too_long_to_be_shown_is_not_asked_elsewhere() {
        let payload = |event: &str, length: usize| {
            let content = "x".repeat(length);
            format!(
                r#"{{"session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30","hook_event_name":"{event}","tool_name":"Write","tool_input":{{"content":"{content}"}},"z":"{content}"}}"#
            )
        };
        let read = |payload: String| Call::of_payload(payload.as_bytes());
        assert!(
            read(payload("PermissionRequest", 1_000))
                .unwrap()
                .input
                .is_some()
        );
        assert_eq!(read(payload("PermissionRequest", MAX_PAYLOAD)), None);
        let done = read(payload("PostToolUse", MAX_PAYLOAD)).unwrap();
        assert_eq!((done.tool.as_deref(), done.input), (Some("Write"), None));
    }
}

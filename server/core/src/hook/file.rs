//! A report as it is kept in `<session id>.json`.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Ancestor, Event, Notice, Report, asked::Asked};
use crate::{
    id::{ProcessKey, SessionId, UnixMillis},
    members::Members,
};

/// Raised when an older reader would misunderstand; it then reads nothing.
const VERSION: u64 = 1;

impl Report {
    /// Reads what `render` wrote; `None` where the bytes are something else, or a later version's.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fields = Members::of_bytes(bytes)?;
        if fields.number("version") != Some(VERSION) {
            return None;
        }
        let mut asked = fields.objects("asked").into_iter().filter_map(asked);
        Some(Self {
            session_id: SessionId::parse(&fields.text("session_id")?)?,
            event: Event::parse(&fields.text("event")?)?,
            at: UnixMillis(fields.number("at")?),
            cwd: fields.text("cwd"),
            transcript_path: fields.text("transcript_path"),
            agent: fields.text("agent_id"),
            tool: fields.text("tool_name"),
            reason: fields.text("reason"),
            notice: fields.text("notice").and_then(|name| Notice::parse(&name)),
            message: fields.text("message"),
            last_assistant_message: fields.text("last_assistant_message"),
            asked: asked.next(),
            asked_next: asked.collect(),
            process: fields
                .object("process")
                .and_then(|fields| ancestor(&fields)),
        })
    }

    /// The content of the file: one JSON object.
    pub fn render(&self) -> String {
        let mut object = Object::new();
        object.number("version", VERSION);
        object.text("session_id", Some(self.session_id.as_str()));
        object.text("event", Some(self.event.name()));
        object.number("at", self.at.0);
        object.text("cwd", self.cwd.as_deref());
        object.text("transcript_path", self.transcript_path.as_deref());
        object.text("agent_id", self.agent.as_deref());
        object.text("tool_name", self.tool.as_deref());
        object.text("reason", self.reason.as_deref());
        object.text("notice", self.notice.map(Notice::name));
        object.text("message", self.message.as_deref());
        object.text(
            "last_assistant_message",
            self.last_assistant_message.as_deref(),
        );
        let asked: Vec<_> = self
            .asked
            .iter()
            .chain(&self.asked_next)
            .map(render_asked)
            .collect();
        object.raw("asked", &format!("[{}]", asked.join(",")));
        if let Some(process) = &self.process {
            let mut inner = Object::new();
            inner.number("pid", u64::from(process.key.pid));
            inner.number("start_ticks", process.key.start_ticks);
            inner.text("pid_namespace", Some(&process.namespace));
            object.raw("process", &inner.close());
        }
        object.close() + "\n"
    }
}

fn ancestor(fields: &Members<'_>) -> Option<Ancestor> {
    Some(Ancestor {
        key: ProcessKey {
            pid: u32::try_from(fields.number("pid")?).ok()?,
            start_ticks: fields.number("start_ticks")?,
        },
        namespace: fields.text("pid_namespace")?,
    })
}

fn asked(fields: Members<'_>) -> Option<Asked> {
    Some(Asked {
        at: UnixMillis(fields.number("at")?),
        agent: fields.text("agent_id"),
        tool: fields.text("tool_name")?,
        input: fields.raw("tool_input").map(|it| it.get().to_owned()),
        shortened: fields.is("shortened"),
    })
}

fn render_asked(asked: &Asked) -> String {
    let mut object = Object::new();
    object.number("at", asked.at.0);
    object.text("agent_id", asked.agent.as_deref());
    object.text("tool_name", Some(&asked.tool));
    if let Some(input) = &asked.input {
        object.raw("tool_input", input);
    }
    if asked.shortened {
        object.raw("shortened", "true");
    }
    object.close()
}

impl Notice {
    fn parse(name: &str) -> Option<Self> {
        [Self::Permission, Self::Question, Self::Idle]
            .into_iter()
            .find(|notice| notice.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Question => "question",
            Self::Idle => "idle",
        }
    }
}

/// An object that is being written. Values that are JSON already go in as they are.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self("{".to_owned())
    }

    fn raw(&mut self, name: &str, value: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        // Writing to a string can't fail.
        let _ = write!(self.0, "{comma}\"{name}\":{value}");
    }

    fn number(&mut self, name: &str, value: u64) {
        self.raw(name, &value.to_string());
    }

    /// Nothing is written for what is not there.
    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.raw(name, &Value::from(value).to_string());
        }
    }

    fn close(self) -> String {
        self.0 + "}"
    }
}

//! What a session has started in the background, as far as its transcript tells.
//!
//! Knows the results that start a task and the notifications that end one. Versions before 2.1 notify of nothing, and
//! what was started by an earlier process died with it: whether a task still runs has to be asked elsewhere.

use serde_json::Value;

use super::line::Line;
use crate::{
    id::UnixMillis,
    transcript::{line::Content, text::cut},
};

/// The newest are kept.
const LIMIT: usize = 64;
const ID_LIMIT: usize = 200;

/// Tasks, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Background(Vec<Task>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: String,
    pub kind: TaskKind,
    /// When the line was written that tells of the start.
    pub at: Option<UnixMillis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    Agent,
    Shell,
}

impl Background {
    pub fn tasks(&self) -> &[Task] {
        &self.0
    }

    pub(super) fn line(&mut self, line: &Line, at: Option<UnixMillis>) {
        match line.kind.0.as_deref() {
            Some("user") => {
                let result = &line.tool_use_result.0;
                if let Some(id) = &result.background_task_id.0 {
                    self.start(id, TaskKind::Shell, at);
                } else if let Some(id) = result.agent_id.0.as_ref().filter(|_| result.is_async.0) {
                    self.start(id, TaskKind::Agent, at);
                } else if let Content::Text(text) = &line.message.0.content {
                    self.hear(text);
                }
            }
            // The notification waits here until the model has time for it.
            Some("queue-operation") => self.hear(line.content.0.as_deref().unwrap_or_default()),
            Some("system") if line.subtype.0.as_deref() == Some("turn_duration") => {
                if matches!(&line.pending_background_agent_count, Value::Null) {
                    self.0.retain(|task| task.kind != TaskKind::Agent);
                }
            }
            Some(_) | None => {}
        }
    }

    fn hear(&mut self, text: &str) {
        if let Some(id) = ended(text) {
            self.0.retain(|task| task.id != cut(id, ID_LIMIT));
        }
    }

    fn start(&mut self, id: &str, kind: TaskKind, at: Option<UnixMillis>) {
        let id = cut(id, ID_LIMIT);
        self.0.retain(|task| task.id != id);
        if self.0.len() == LIMIT {
            self.0.remove(0);
        }
        self.0.push(Task {
            id: id.to_owned(),
            kind,
            at,
        });
    }
}

/// Returns the id of the task that a notification says has ended.
fn ended(notification: &str) -> Option<&str> {
    let rest = notification
        .trim_start()
        .strip_prefix("<task-notification>")?;
    let (_, rest) = rest.split_once("<task-id>")?;
    let (id, rest) = rest.split_once("</task-id>")?;
    // A shell that only waits for input is announced without a status.
    let (_, status) = rest.split_once("<status>")?;
    (!status.starts_with("running")).then_some(id.trim())
}

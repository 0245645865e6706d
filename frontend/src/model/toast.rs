//! Short messages on what came of an action.

use crate::model::Effect;

/// The most that are shown at a time.
const MOST: usize = 4;
/// Milliseconds that good news stays; bad news stays until it is read.
const STAY_MS: u32 = 8000;

#[derive(Debug, Default)]
pub(crate) struct Toasts {
    /// Oldest first.
    pub(crate) shown: Vec<Toast>,
    last: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) id: u32,
    pub(crate) tone: Tone,
    pub(crate) text: String,
    /// What it was in detail, folded away.
    pub(crate) lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    /// It still goes on, and can't be dismissed.
    Busy,
}

impl Toasts {
    pub(crate) fn good(&mut self, text: String) -> Vec<Effect> {
        let id = self.push(Tone::Good, text, Vec::new());
        vec![Effect::Expire(id, STAY_MS)]
    }

    /// Good news that asks for more than a glance.
    pub(crate) fn lasting(&mut self, text: String) -> Vec<Effect> {
        self.push(Tone::Good, text, Vec::new());
        Vec::new()
    }

    pub(crate) fn bad(&mut self, text: String) -> Vec<Effect> {
        self.bad_in_detail(text, Vec::new())
    }

    pub(crate) fn bad_in_detail(&mut self, text: String, lines: Vec<String>) -> Vec<Effect> {
        self.push(Tone::Bad, text, lines);
        Vec::new()
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.shown.retain(|toast| toast.id != id);
    }

    fn push(&mut self, tone: Tone, text: String, lines: Vec<String>) -> u32 {
        self.last = self.last.wrapping_add(1);
        let id = self.last;
        // The same words twice would be one stack of the same: the newer stands for both.
        self.shown.retain(|toast| toast.text != text);
        self.shown.push(Toast {
            id,
            tone,
            text,
            lines,
        });
        let surplus = self.shown.len().saturating_sub(MOST);
        self.shown.drain(..surplus);
        id
    }
}

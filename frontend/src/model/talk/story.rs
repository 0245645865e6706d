//! What a session has said and was told, put together from its events.
//!
//! Knows which events belong together: a call, what was decided on it, its result and what its subagent did. Does not
//! know how it looks, nor where the events come from.

pub(crate) mod item;
mod weight;

use std::sync::Arc;

use wire::{Delta, DeltaKind, Event, NoteCode, State};

use self::item::{Asked, Decided, Draft, Item, Outcome, Step, ToolCall, Turn, What};

/// Items that are kept; a longer story loses its beginning.
const MOST: usize = 20_000;
/// Items that are shown at once.
pub(crate) const PAGE: usize = 100;
/// The most that are shown after asking for older ones.
const SHOWN: usize = 4 * PAGE;

#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    /// Oldest first. A changed item is another allocation: whoever shows the old one sees that it is not the same.
    items: Vec<Arc<Item>>,
    /// Bytes of text in them, or more: what was dropped within one is still counted.
    bytes: usize,
    /// What is being written right now.
    pub(crate) drafts: Vec<Draft>,
    /// The number of the newest event, 0 before the first.
    pub(crate) last: u64,
    pub(crate) state: Option<State>,
    pub(crate) model: Option<String>,
    /// In Claude Code's words.
    pub(crate) permission_mode: Option<String>,
    /// Of the whole session, millionths of a US dollar.
    pub(crate) cost_micro_usd: Option<u64>,
    pub(crate) exited: bool,
    /// Events that could not be read: a newer server says more than this page knows.
    pub(crate) newer: usize,
    /// There may be older events, which are not kept or were not read.
    more: bool,
    /// An end of its process has been told: sums begin anew behind it.
    ended: bool,
    /// The number of the oldest event that is kept, 0 before the first.
    first: u64,
    /// What belongs to calls that may stand before the first, oldest first.
    loose: Vec<Event>,
    /// The first item that is shown.
    from: usize,
    /// The one after the last that is shown, `None` for the newest.
    to: Option<usize>,
}

impl Story {
    /// Those that are shown.
    pub(crate) fn shown(&self) -> &[Arc<Item>] {
        let to = self.to.unwrap_or(self.items.len());
        self.items.get(self.from..to).unwrap_or_default()
    }

    /// One of which the end is told first.
    pub(crate) fn from_the_end() -> Self {
        Self {
            more: true,
            ..Self::default()
        }
    }

    pub(crate) fn has_older(&self) -> bool {
        self.from > 0 || self.earlier().is_some()
    }

    /// Of those that are kept few are left to be shown.
    pub(crate) fn is_nearly_shown(&self) -> bool {
        self.from < PAGE
    }

    /// The number of the event before which there may be more, `None` where that is not so, or is too much to be kept.
    pub(crate) fn earlier(&self) -> Option<u64> {
        // Numbers begin with 1.
        (self.more && self.first > 1 && !self.is_full()).then_some(self.first)
    }

    /// The beginning is not kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.more && self.is_full()
    }

    /// What is to come needs the room that is left.
    fn is_full(&self) -> bool {
        self.items.len() > MOST / 2 || self.bytes > weight::MOST / 2
    }

    pub(crate) fn has_newer(&self) -> bool {
        self.to.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Shows a part before the present one.
    pub(crate) fn older(&mut self) {
        self.from = self.from.saturating_sub(PAGE);
        if self.to.unwrap_or(self.items.len()) - self.from > SHOWN {
            self.to = Some(self.from + SHOWN);
        }
    }

    pub(crate) fn later(&mut self) {
        let to = self.to.map(|to| to + PAGE);
        self.to = to.filter(|to| *to < self.items.len());
        let end = self.to.unwrap_or(self.items.len());
        self.from = self.from.max(end.saturating_sub(SHOWN));
    }

    pub(crate) fn newest(&mut self) {
        self.to = None;
        self.from = self.items.len().saturating_sub(PAGE);
    }

    /// Takes an event in, once.
    pub(crate) fn tell(&mut self, event: Event) {
        let seq = event.seq();
        if seq <= self.last {
            return;
        }
        self.last = seq;
        if self.first == 0 {
            self.first = seq;
        }
        self.take(seq, event);
        self.trim();
    }

    /// Takes in what came before all that is known, oldest first, and shows a part of it where not much is shown. Nothing means
    /// that there is no more.
    pub(crate) fn begin_with(&mut self, events: Vec<Event>) {
        let mut early = Self {
            more: !events.is_empty(),
            ..Self::default()
        };
        for event in events {
            early.first = if early.first == 0 {
                event.seq()
            } else {
                early.first
            };
            early.take(event.seq(), event);
        }
        for event in std::mem::take(&mut self.loose) {
            early.take(event.seq(), event);
        }
        let added = early.items.len();
        early.items.append(&mut self.items);
        self.items = early.items;
        self.bytes += early.bytes;
        self.more = early.more;
        self.first = if early.first == 0 {
            self.first
        } else {
            early.first
        };
        self.loose = early.loose;
        self.model = self.model.take().or(early.model);
        self.permission_mode = self.permission_mode.take().or(early.permission_mode);
        self.from += added;
        self.to = self.to.map(|to| to + added);
        if self.shown().len() < SHOWN {
            self.older();
        }
    }

    /// Takes an event in, or keeps it until what it belongs to has been read.
    fn take(&mut self, seq: u64, event: Event) {
        if self.more && self.is_loose(&event) {
            let surplus = (self.loose.len() + 1).saturating_sub(weight::STEPS);
            self.loose.drain(..surplus);
            self.loose.push(event);
        } else {
            self.fold(seq, event);
        }
    }

    /// Whether the call that it belongs to is not known.
    fn is_loose(&mut self, event: &Event) -> bool {
        let call = match event {
            Event::Assistant { parent, .. } | Event::Tool { parent, .. } => parent.as_deref(),
            Event::ToolResult {
                parent,
                tool_use_id,
                ..
            } => Some(parent.as_deref().unwrap_or(tool_use_id)),
            Event::Decision { request_id, .. } => return self.asked_mut(request_id).is_none(),
            Event::Status { .. }
            | Event::User { .. }
            | Event::Approval { .. }
            | Event::Usage { .. }
            | Event::Note { .. }
            | Event::Exit { .. } => None,
        };
        call.is_some_and(|id| self.call_mut(id).is_none())
    }

    /// Takes note of one that can't be read.
    pub(crate) fn skip(&mut self, seq: u64) {
        if seq > self.last {
            self.last = seq;
            self.newer += 1;
        }
    }

    /// Takes in a piece of what is being written.
    pub(crate) fn hear(&mut self, delta: Delta) {
        let Delta {
            kind,
            text,
            index,
            parent,
        } = delta;
        // What a subagent writes is told when it is done.
        if parent.is_some() {
            return;
        }
        let same = |draft: &&mut Draft| draft.kind == kind && draft.index == index;
        match self.drafts.iter_mut().find(same) {
            Some(draft) => draft.text.push_str(&text),
            None => self.drafts.push(Draft { kind, index, text }),
        }
    }

    fn fold(&mut self, seq: u64, event: Event) {
        match event {
            Event::Status {
                at,
                state,
                model,
                permission_mode,
                ..
            } => self.status(seq, at, state, model, permission_mode),
            Event::User { at, text, .. } => self.push(seq, at, What::Prompt { text }),
            Event::Assistant {
                at,
                text,
                thinking,
                parent,
                ..
            } => match parent.and_then(|parent| self.call_mut(&parent)) {
                // Its thoughts would fill the page.
                Some(_) if thinking => (),
                Some(call) => {
                    let bytes = call.step(Step::Said(text));
                    self.bytes += bytes;
                }
                None if thinking => {
                    self.written(DeltaKind::Thinking);
                    self.push(seq, at, What::Thought { text });
                }
                None => {
                    self.written(DeltaKind::Text);
                    self.push(seq, at, What::Answer { text });
                }
            },
            Event::Tool {
                at,
                tool_use_id: id,
                name,
                input,
                parent,
                ..
            } => match parent.and_then(|parent| self.call_mut(&parent)) {
                Some(call) => {
                    let bytes = call.step(Step::Called {
                        id,
                        name,
                        input,
                        is_error: None,
                    });
                    self.bytes += bytes;
                }
                None => {
                    self.written(DeltaKind::Input);
                    self.push(seq, at, What::Call(ToolCall::new(id, name, input)));
                }
            },
            Event::ToolResult {
                tool_use_id: id,
                text,
                is_error,
                parent,
                ..
            } => {
                let text = weight::cut(text);
                self.result(&id, parent.as_deref(), Outcome { text, is_error });
            }
            Event::Approval {
                at,
                request_id: request,
                tool_use_id,
                tool,
                input,
                ..
            } => {
                let asked = Some(Asked {
                    request,
                    decided: None,
                });
                match tool_use_id.and_then(|id| self.call_mut(&id)) {
                    Some(call) => call.asked = asked,
                    None => {
                        let call = ToolCall::new(String::new(), tool, input);
                        self.push(seq, at, What::Call(ToolCall { asked, ..call }));
                    }
                }
            }
            Event::Decision {
                request_id,
                outcome,
                by,
                reason,
                rule,
                ..
            } => {
                let decided = Decided {
                    outcome,
                    by,
                    reason,
                    rule,
                };
                if let Some(asked) = self.asked_mut(&request_id) {
                    asked.decided = Some(decided);
                }
            }
            Event::Usage {
                at,
                subtype,
                is_error,
                duration_ms,
                cost_micro_usd,
                input_tokens,
                output_tokens,
                cache_read_tokens,
                cache_creation_tokens,
                ..
            } => {
                self.drafts.clear();
                // The sum begins anew with each process.
                let before = self
                    .cost_micro_usd
                    .or((!self.more || self.ended).then_some(0));
                let turn = Turn {
                    subtype,
                    is_error,
                    duration_ms,
                    cost_micro_usd: cost_micro_usd
                        .zip(before)
                        .map(|(sum, before)| sum.checked_sub(before).unwrap_or(sum)),
                    input_tokens,
                    output_tokens,
                    cache_read_tokens,
                    cache_creation_tokens,
                };
                self.cost_micro_usd = cost_micro_usd.or(self.cost_micro_usd);
                self.push(seq, at, What::Turn(turn));
            }
            Event::Note { at, code, text, .. } => {
                if code == NoteCode::Interrupted {
                    self.drafts.clear();
                }
                self.push(seq, at, What::Note { code, text });
            }
            Event::Exit {
                at,
                code,
                signal,
                cancelled,
                stderr,
                ..
            } => {
                self.drafts.clear();
                self.exited = true;
                self.ended = true;
                self.cost_micro_usd = None;
                self.push(
                    seq,
                    at,
                    What::Exit {
                        code,
                        signal,
                        cancelled,
                        stderr,
                    },
                );
            }
        }
    }

    fn status(
        &mut self,
        seq: u64,
        at: u64,
        state: State,
        model: Option<String>,
        mode: Option<String>,
    ) {
        self.state = Some(state);
        self.exited = state == State::Exited;
        if !matches!(state, State::Working | State::Unknown) {
            self.drafts.clear();
        }
        let mut said = Vec::new();
        for (name, new, old) in [
            ("Model", model, &mut self.model),
            ("Permission mode", mode, &mut self.permission_mode),
        ] {
            let Some(new) = new else { continue };
            // The first is no change.
            if old.as_ref().is_some_and(|old| *old != new) {
                said.push(format!("{name}: {new}"));
            }
            *old = Some(new);
        }
        if !said.is_empty() {
            let text = said.join(" · ");
            self.push(seq, at, What::Changed { text });
        }
    }

    /// The event has all of the first draft of this kind.
    fn written(&mut self, kind: DeltaKind) {
        if let Some(place) = self.drafts.iter().position(|draft| draft.kind == kind) {
            self.drafts.remove(place);
        }
    }

    fn push(&mut self, seq: u64, at: u64, what: What) {
        self.bytes += weight::of(&what);
        self.items.push(Arc::new(Item { seq, at, what }));
    }

    /// How many of the oldest items are too many.
    fn surplus(&mut self) -> usize {
        let mut surplus = if self.items.len() > MOST { MOST / 4 } else { 0 };
        if surplus == 0 && self.bytes <= weight::MOST {
            return 0;
        }
        let weights: Vec<usize> = self
            .items
            .iter()
            .map(|item| weight::of_item(item))
            .collect();
        self.bytes = weights.iter().skip(surplus).sum();
        if self.bytes > weight::MOST {
            // As with their number, some room is made for those to come. The newest is told whatever it weighs.
            let older = weights.len().saturating_sub(1);
            for bytes in weights.iter().take(older).skip(surplus) {
                if self.bytes <= weight::MOST / 4 * 3 {
                    break;
                }
                self.bytes -= bytes;
                surplus += 1;
            }
        }
        surplus
    }

    fn trim(&mut self) {
        let surplus = self.surplus();
        if surplus > 0 {
            self.items.drain(..surplus);
            self.from = self.from.saturating_sub(surplus);
            // Of those that are shown some are left.
            let some = PAGE.min(self.items.len());
            self.to = self.to.map(|to| to.saturating_sub(surplus).max(some));
            self.more = true;
            self.first = self.items.first().map_or(self.last, |item| item.seq);
        }
        if self.to.is_none() && self.items.len() - self.from > SHOWN {
            self.from = self.items.len() - SHOWN / 2;
        }
    }

    /// The newest calls come first: an answer follows soon.
    fn calls_mut(&mut self) -> impl Iterator<Item = &mut Arc<Item>> {
        let calls = self.items.iter_mut().rev();
        calls.filter(|item| matches!(item.what, What::Call(_)))
    }

    fn call_mut(&mut self, id: &str) -> Option<&mut ToolCall> {
        let is_it = |item: &&mut Arc<Item>| matches!(&item.what, What::Call(call) if call.id == id);
        let item = Arc::make_mut(self.calls_mut().find(is_it)?);
        let What::Call(call) = &mut item.what else {
            return None;
        };
        Some(call)
    }

    fn asked_mut(&mut self, request: &str) -> Option<&mut Asked> {
        let asks = |asked: &Asked| asked.request == request && asked.decided.is_none();
        let is_it = |item: &&mut Arc<Item>| matches!(&item.what, What::Call(call) if call.asked.as_ref().is_some_and(asks));
        let item = Arc::make_mut(self.calls_mut().find(is_it)?);
        let What::Call(call) = &mut item.what else {
            return None;
        };
        call.asked.as_mut()
    }

    fn result(&mut self, id: &str, parent: Option<&str>, outcome: Outcome) {
        let Some(call) = parent.and_then(|parent| self.call_mut(parent)) else {
            let bytes = outcome.text.len();
            if let Some(call) = self.call_mut(id) {
                call.result = Some(outcome);
                self.bytes += bytes;
            }
            return;
        };
        for step in &mut call.steps {
            match step {
                Step::Called {
                    id: called,
                    is_error,
                    ..
                } if called == id => *is_error = Some(outcome.is_error),
                Step::Called { .. } | Step::Said(_) => (),
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The terminal of the session that is looked at: what it shows, and what is typed into it.
//!
//! Knows in which order keys leave: one request at a time, and what is pressed meanwhile goes with the next. Does not know
//! which key of a keyboard is meant (`keys` does), nor how a line looks.

pub(crate) mod keys;

use std::sync::Arc;

use wire::{
    Cursor, Driven, HolderKind, Key, KeyBase, KeysRequest, Picture, ProcessKey, Run, Said,
    SessionId,
};

use crate::model::{Effect, Model, answer::Trouble, call::Call};

/// Milliseconds between two requests for the screen, while it does not come over the link.
pub(super) const POLL_MS: u64 = 1000;
/// A request that has not been answered for so many milliseconds does not hold up the next one.
const PATIENCE_MS: u64 = 10_000;
/// Lines that have left the screen, as many as are kept.
const ABOVE: u32 = 1000;

/// The same allocation is the same line.
pub(crate) type Line = Arc<Vec<Run>>;

#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// `None` until it has been told.
    pub(crate) shown: Option<Shown>,
    /// Lines that have left the screen; `None` while nobody wants to see them.
    pub(crate) above: Option<Vec<Line>>,
    /// There will be no more, and why.
    pub(crate) end: Option<String>,
    /// The process whose terminal it is, `None` where none was known.
    of: Option<ProcessKey>,
    /// Why the latest request for what is shown failed.
    pub(crate) trouble: Option<String>,
    /// Why what was typed, or another size, did not arrive.
    pub(crate) failed: Option<String>,
    /// The next character is pressed with Ctrl.
    pub(crate) ctrl: bool,
    /// Our own time at which was asked without an answer yet.
    asking_since: Option<u64>,
    asked_at: u64,
    /// What was typed and has not left, oldest first.
    typed: Vec<Stroke>,
    typing: bool,
    /// How many columns and rows there is room for, `None` until that was measured.
    fits: Option<(u16, u16)>,
}

/// What the screen shows.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) cursor: Cursor,
    pub(crate) title: Option<String>,
    /// How many lines have left it and are kept.
    pub(crate) kept: u32,
    pub(crate) lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stroke {
    Keys(Vec<Key>),
    Paste(String),
}

/// What a person does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Show,
    Hide,
    Press(Vec<Key>),
    Paste(String),
    /// Press the next character with Ctrl, or not.
    Ctrl(bool),
    /// Show what has left the screen, or not.
    Above(bool),
    /// There is room for so many columns and rows.
    Fits(u16, u16),
}

/// What came over the link of a terminal that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) session_id: SessionId,
    pub(crate) news: News,
}

#[derive(Clone, Debug)]
pub(crate) enum News {
    Whole(Box<Picture>),
    Changed {
        cursor: Cursor,
        title: Option<String>,
        kept: u32,
        /// Each with its row.
        lines: Vec<(usize, Vec<Run>)>,
    },
    End(String),
}

impl Terminal {
    fn ask(&mut self, id: &SessionId, now: u64) -> Effect {
        self.asking_since = Some(now);
        self.asked_at = now;
        Effect::Call(Call::Screen {
            id: id.clone(),
            above: self.above.as_ref().map_or(0, |_| ABOVE),
        })
    }

    fn waits(&self, now: u64) -> bool {
        let since = self.asking_since;
        since.is_some_and(|since| now.saturating_sub(since) < PATIENCE_MS)
    }

    fn show(&mut self, picture: Picture) {
        let lines = |lines: Vec<Vec<Run>>| lines.into_iter().map(Arc::new).collect();
        if self.above.is_some() && (!picture.above.is_empty() || picture.kept == 0) {
            self.above = Some(lines(picture.above));
        }
        let new: Vec<Line> = lines(picture.lines);
        let old = self.shown.take().map(|shown| shown.lines);
        let old = old.unwrap_or_default();
        // What stays the same line is not drawn again.
        let kept = new.into_iter().enumerate().map(|(row, line)| {
            let same = old.get(row).filter(|old| **old == line);
            same.cloned().unwrap_or(line)
        });
        self.shown = Some(Shown {
            columns: picture.columns,
            rows: picture.rows,
            cursor: picture.cursor,
            title: picture.title,
            kept: picture.kept,
            lines: kept.collect(),
        });
    }

    /// The size that it should have and has not.
    fn misfit(&self) -> Option<(u16, u16)> {
        let shown = self.shown.as_ref()?;
        self.fits
            .filter(|fits| *fits != (shown.columns, shown.rows))
    }

    fn resize(&self, id: &SessionId) -> Option<Effect> {
        let (columns, rows) = self.misfit()?;
        Some(Effect::Call(Call::Resize {
            id: id.clone(),
            columns,
            rows,
        }))
    }

    /// Sends what was typed, as much as one request takes.
    fn flush(&mut self, id: &SessionId) -> Option<Effect> {
        if self.typing || self.typed.is_empty() {
            return None;
        }
        let mut request = KeysRequest::default();
        let mut left = self.typed.drain(..).peekable();
        if let Some(Stroke::Paste(text)) = left.next_if(|it| matches!(it, Stroke::Paste(_))) {
            request.text = Some(text);
        }
        while let Some(Stroke::Keys(keys)) = left.next_if(|it| matches!(it, Stroke::Keys(_))) {
            request.keys.extend(keys);
        }
        let left = left.collect();
        self.typed = left;
        self.typing = true;
        Some(Effect::Call(Call::Keys {
            id: id.clone(),
            request,
        }))
    }

    fn press(&mut self, keys: Vec<Key>) {
        let mut keys = keys;
        if let Some(first) = keys.first_mut().filter(|_| self.ctrl) {
            self.ctrl = false;
            if let KeyBase::Char(character) = first.base {
                first.base = KeyBase::Char(character.to_ascii_lowercase());
            }
            let with = Key {
                ctrl: true,
                ..*first
            };
            // Not every character has one.
            *first = with.to_string().parse().unwrap_or(*first);
        }
        self.typed.push(Stroke::Keys(keys));
    }
}

impl Model {
    fn terminal(&mut self) -> Option<(SessionId, &mut Terminal)> {
        let talk = self.talk.as_mut()?;
        Some((talk.id.clone(), talk.terminal.as_mut()?))
    }

    /// The process in whose terminal the session that is looked at runs.
    fn in_terminal(&self) -> Option<ProcessKey> {
        let session = self.session_of(&self.talk.as_ref()?.id)?;
        (session.holder == Some(HolderKind::Pty)).then_some(session.key)
    }

    /// Whether the screen has to be asked for.
    pub(super) fn polls_terminal(&self) -> bool {
        let terminal = self.talk.as_ref().and_then(|talk| talk.terminal.as_ref());
        !self.link.is_up() && terminal.is_some_and(|terminal| terminal.end.is_none())
    }
}

/// Looks at it from now on.
fn look(model: &mut Model, now: u64) -> Option<Effect> {
    let up = model.link.is_up();
    let of = model.in_terminal();
    let (id, terminal) = model.terminal()?;
    terminal.of = of;
    terminal.trouble = None;
    Some(match up {
        true => Effect::Say(Said::Look { session_id: id }),
        false => terminal.ask(&id, now),
    })
}

/// Looks away from it, where it is looked at.
pub(super) fn hide(model: &mut Model) -> Option<Effect> {
    let up = model.link.is_up();
    let (session_id, _) = model.terminal()?;
    model.talk.as_mut()?.terminal = None;
    up.then_some(Effect::Say(Said::LookAway { session_id }))
}

/// The link has come up.
pub(super) fn linked(model: &mut Model, now: u64) -> Option<Effect> {
    let (_, terminal) = model.terminal()?;
    if terminal.end.is_some() {
        return None;
    }
    look(model, now)
}

/// Does what a person wants.
pub(super) fn step(model: &mut Model, step: Step, now: u64) -> Vec<Effect> {
    match step {
        Step::Show => {
            let Some(talk) = &mut model.talk else {
                return Vec::new();
            };
            if talk.terminal.is_some() {
                return Vec::new();
            }
            talk.terminal = Some(Terminal::default());
            return look(model, now).into_iter().collect();
        }
        Step::Hide => return hide(model).into_iter().collect(),
        Step::Press(_) | Step::Paste(_) | Step::Ctrl(_) | Step::Above(_) | Step::Fits(..) => {}
    }
    let Some((id, terminal)) = model.terminal() else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    match step {
        Step::Show | Step::Hide => {}
        Step::Press(keys) if terminal.end.is_none() && !keys.is_empty() => {
            terminal.press(keys);
            // Whoever types looks at it, and has its size.
            effects.extend(terminal.resize(&id));
            effects.extend(terminal.flush(&id));
        }
        Step::Paste(text) if terminal.end.is_none() && !text.is_empty() => {
            terminal.typed.push(Stroke::Paste(text));
            effects.extend(terminal.flush(&id));
        }
        Step::Press(_) | Step::Paste(_) => {}
        Step::Ctrl(ctrl) => terminal.ctrl = ctrl,
        Step::Above(shows) => {
            terminal.above = shows.then(Vec::new);
            if shows {
                effects.push(terminal.ask(&id, now));
            }
        }
        Step::Fits(columns, rows) => {
            terminal.fits = Some((columns, rows));
            effects.extend(terminal.resize(&id));
        }
    }
    effects
}

/// Takes in what came over the link.
pub(super) fn hear(model: &mut Model, seen: Seen, now: u64) -> Vec<Effect> {
    let Some((id, terminal)) = model.terminal() else {
        return Vec::new();
    };
    // What was on its way when another one was looked at is of no use.
    if id != seen.session_id {
        return Vec::new();
    }
    let is_first = terminal.shown.is_none();
    match seen.news {
        News::Whole(picture) => terminal.show(*picture),
        News::Changed {
            cursor,
            title,
            kept,
            lines,
        } => {
            let Some(shown) = &mut terminal.shown else {
                return Vec::new();
            };
            (shown.cursor, shown.title, shown.kept) = (cursor, title, kept);
            for (row, runs) in lines {
                if let Some(line) = shown.lines.get_mut(row) {
                    *line = Arc::new(runs);
                }
            }
        }
        News::End(reason) => terminal.end = Some(reason),
    }
    let mut effects = Vec::new();
    if is_first {
        effects.extend(terminal.resize(&id));
    }
    // What has left the screen is not told by itself.
    let rested = now.saturating_sub(terminal.asked_at) >= POLL_MS;
    if terminal.above.is_some() && rested && !terminal.waits(now) {
        effects.push(terminal.ask(&id, now));
    }
    effects
}

/// Takes in what was asked for.
pub(super) fn told(
    model: &mut Model,
    id: &SessionId,
    answer: Result<Picture, Trouble>,
) -> Vec<Effect> {
    let Some((at, terminal)) = model.terminal() else {
        return Vec::new();
    };
    if at != *id {
        return Vec::new();
    }
    terminal.asking_since = None;
    let is_first = terminal.shown.is_none();
    match answer {
        Ok(picture) => {
            terminal.trouble = None;
            terminal.show(picture);
        }
        Err(trouble) => terminal.trouble = Some(trouble.sentence()),
    }
    let misfit = terminal.resize(id).filter(|_| is_first);
    misfit.into_iter().collect()
}

/// Takes in what became of what was typed.
pub(super) fn typed(
    model: &mut Model,
    id: &SessionId,
    answer: Result<Driven, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let up = model.link.is_up();
    let Some((at, terminal)) = model.terminal() else {
        return Vec::new();
    };
    if at != *id {
        return Vec::new();
    }
    terminal.typing = false;
    match answer {
        Ok(_) => terminal.failed = None,
        Err(trouble) => {
            // What was typed after it was meant for what it would have brought about.
            terminal.typed.clear();
            terminal.failed = Some(format!("That was not typed. {}", trouble.sentence()));
        }
    }
    let mut effects: Vec<Effect> = terminal.flush(id).into_iter().collect();
    if !up && !terminal.waits(now) {
        effects.push(terminal.ask(id, now));
    }
    effects
}

/// Takes in what became of another size.
pub(super) fn resized(
    model: &mut Model,
    id: &SessionId,
    answer: Result<Driven, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let up = model.link.is_up();
    let Some((at, terminal)) = model.terminal() else {
        return Vec::new();
    };
    if at != *id {
        return Vec::new();
    }
    if let Err(trouble) = answer {
        terminal.failed = Some(trouble.sentence());
    }
    let asks = !up && !terminal.waits(now);
    asks.then(|| terminal.ask(id, now)).into_iter().collect()
}

/// Asks for what is shown, where it is time to. Where another process has taken the session up since the end of its terminal, that
/// one's is looked at.
pub(super) fn catch_up(model: &mut Model, now: u64) -> Option<Effect> {
    let polls = model.polls_terminal();
    let of = model.in_terminal();
    let (id, terminal) = model.terminal()?;
    if terminal.end.is_some() {
        if of.is_none() || of == terminal.of {
            return None;
        }
        *terminal = Terminal {
            fits: terminal.fits,
            ..Terminal::default()
        };
        return look(model, now);
    }
    let rested = now.saturating_sub(terminal.asked_at) >= POLL_MS - 500;
    (polls && rested && !terminal.waits(now)).then(|| terminal.ask(&id, now))
}

#[cfg(test)]
mod tests;

//! The conversation that is looked at, and what this page says to it.
//!
//! Its end is read first, and what comes is followed from there; what is older is read when it is wanted. Knows when it is
//! followed over the link and when it is asked for, and what became of each message. Does not know what the events
//! mean: `story` does.

pub(crate) mod act;
pub(crate) mod story;
pub(super) mod unsaid;

use wire::{Delta, Event, HolderKind, Page, ProcessKey, Said, Session, SessionId, Since};

use crate::model::{
    Effect, Model,
    answer::{Rows, Trouble},
    call::{Call, Drive},
    talk::{story::Story, unsaid::Unsaid},
    terminal::{self, Terminal},
};

/// Milliseconds between two requests for what is new, while that does not come over the link.
pub(super) const POLL_MS: u64 = 2000;
/// Events that are read at a time from the end on.
const PART: u32 = 200;
/// A request that has not been answered for so many milliseconds does not hold up the next one.
const PATIENCE_MS: u64 = 30_000;

#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) id: SessionId,
    pub(crate) story: Story,
    /// The list that the story's numbers are of, `None` where an older server does not name it.
    numbering: Option<String>,
    /// The end of that list has been read.
    begun: bool,
    /// Our own time at which was asked for what is older, without an answer yet.
    earlier_since: Option<u64>,
    /// All that there was has been read.
    pub(crate) caught: bool,
    /// There will be no more: why, where that is known.
    pub(crate) end: Option<Option<String>>,
    /// The process whose words are told, `None` where nobody had it open.
    of: Option<ProcessKey>,
    /// Why the latest request for what is new failed.
    pub(crate) trouble: Option<Trouble>,
    /// Our own time at which was asked without an answer yet.
    asking_since: Option<u64>,
    asked_at: u64,
    /// It was started here, and is held so: the list may not know it yet.
    started: Option<HolderKind>,
    /// What stands in the message box.
    pub(crate) words: String,
    /// Messages that the session has not repeated yet, oldest first.
    pub(crate) sent: Vec<Sent>,
    /// What was asked for besides messages, until it is answered.
    pub(crate) doing: Option<Drive>,
    /// Why the latest of those was not done.
    pub(crate) failed: Option<String>,
    /// It is taken up again, here or as a copy.
    pub(crate) starting: bool,
    /// Its terminal, while that is looked at.
    pub(crate) terminal: Option<Terminal>,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Sent again under the same one, it is said once.
    pub(crate) uuid: String,
    pub(crate) text: String,
    pub(crate) step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Sending,
    /// The session has it.
    Handed,
    /// It waits for the end of the turn.
    Queued,
    Failed(String),
}

/// What a person does in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Talking {
    Write(String),
    /// Send what is written, under this new uuid.
    Say(String),
    /// Try again to send this one.
    Again(String),
    /// Give it up; its text goes back into the box.
    TakeBack(String),
    Interrupt,
    Model(String),
    PermissionMode(String),
    AskRename,
    AskEnd,
    Older,
    Later,
    Newest,
    /// Take the conversation up again, held by us.
    GoOn,
    /// Go on in a copy, held by us.
    Fork,
}

/// A question about the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    End,
    /// With what stands in the box.
    Rename(String),
}

/// What came over the link of a session that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) session_id: SessionId,
    /// The list that the numbers are of, where that is said.
    pub(crate) numbering: Option<String>,
    pub(crate) tidings: Tidings,
}

#[derive(Clone, Debug)]
pub(crate) enum Tidings {
    /// Each with its number; `None` for one that can't be read.
    Events(Vec<(u64, Option<Event>)>),
    Delta(Delta),
    /// With the number of the newest event.
    Caught(u64),
    End(Option<String>),
}

/// Which part of a conversation was asked for, and in which list it is numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) id: SessionId,
    pub(crate) since: Since,
    pub(crate) numbering: Option<String>,
}

/// By whom it is held, which is what it can be reached by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach<'m> {
    /// By us: it can be talked to.
    Held,
    /// Somebody else started it.
    Foreign(&'m Session),
    /// No process has it open.
    Gone,
}

impl Talk {
    fn new(id: SessionId) -> Self {
        Self {
            id,
            story: Story::default(),
            numbering: None,
            begun: false,
            earlier_since: None,
            caught: false,
            end: None,
            of: None,
            trouble: None,
            asking_since: None,
            asked_at: 0,
            started: None,
            words: String::new(),
            sent: Vec::new(),
            doing: None,
            failed: None,
            starting: false,
            terminal: None,
        }
    }

    /// Nothing more is to be had by asking.
    fn is_over(&self) -> bool {
        self.end.is_some() || self.story.exited
    }

    fn waits(&self, now: u64) -> bool {
        is_recent(self.asking_since, now)
    }

    /// Asks for what is new, or for the end where that has not been read.
    fn ask(&mut self, now: u64) -> Effect {
        self.asking_since = Some(now);
        self.asked_at = now;
        let newest = Page {
            limit: PART,
            before: None,
        };
        let since = match self.begun {
            true => Since {
                after: self.story.last,
                ..Since::default()
            },
            false => backwards(newest),
        };
        self.output(since)
    }

    /// Asks for what is older than all that is known.
    fn ask_earlier(&mut self, now: u64) -> Option<Effect> {
        let before = self.story.earlier()?;
        if !self.begun || is_recent(self.earlier_since, now) {
            return None;
        }
        self.earlier_since = Some(now);
        Some(self.output(backwards(Page {
            limit: PART,
            before: Some(before),
        })))
    }

    fn output(&self, since: Since) -> Effect {
        let id = self.id.clone();
        Effect::Call(Call::Output { id, since })
    }

    /// What is older is being read.
    pub(crate) fn reads_earlier(&self) -> bool {
        self.earlier_since.is_some()
    }

    /// Whether what comes is told in another list, by somebody else. `newest` is the number of the newest event, where that
    /// is said.
    fn is_other(&self, numbering: Option<&String>, newest: Option<u64>) -> bool {
        let named = numbering.zip(self.numbering.as_ref());
        named.is_some_and(|(new, old)| new != old)
            || newest.is_some_and(|newest| newest < self.story.last)
    }

    /// Reads the end anew. What was told is shown until that is there, and nothing is added to it.
    fn begin_anew(&mut self, now: u64) -> Effect {
        self.begun = false;
        self.earlier_since = None;
        self.end = None;
        self.ask(now)
    }

    fn follow(&mut self) -> Effect {
        self.asking_since = None;
        self.trouble = None;
        // Pieces may have been missed; the event that follows has all of it.
        self.story.drafts.clear();
        Effect::Say(Said::Follow {
            session_id: self.id.clone(),
            after: self.story.last,
        })
    }

    /// Takes a message away that the session has repeated.
    fn heard(&mut self, event: &Event) {
        match event {
            Event::User { uuid, text, .. } => {
                let repeated = |sent: &Sent| match uuid {
                    Some(uuid) if *uuid == sent.uuid => true,
                    // What it does not have it can't repeat; it may have been told the same before.
                    Some(_) | None => {
                        matches!(sent.step, Step::Handed | Step::Queued)
                            && sent.text.trim() == text.trim()
                    }
                };
                if let Some(place) = self.sent.iter().position(repeated) {
                    self.sent.remove(place);
                }
            }
            Event::Exit { .. } => self.sent.retain(|sent| match sent.step {
                Step::Handed | Step::Queued => false,
                Step::Sending | Step::Failed(_) => true,
            }),
            Event::Status { .. }
            | Event::Assistant { .. }
            | Event::Tool { .. }
            | Event::ToolResult { .. }
            | Event::Approval { .. }
            | Event::Decision { .. }
            | Event::Usage { .. }
            | Event::Note { .. } => (),
        }
    }

    fn tell(&mut self, event: Event) {
        if event.seq() > self.story.last {
            self.heard(&event);
            self.story.tell(event);
        }
    }
}

fn backwards(page: Page) -> Since {
    Since {
        back: Some(page),
        ..Since::default()
    }
}

fn is_recent(since: Option<u64>, now: u64) -> bool {
    since.is_some_and(|since| now.saturating_sub(since) < PATIENCE_MS)
}

impl Model {
    pub(crate) fn session_of(&self, id: &SessionId) -> Option<&Session> {
        let sessions = self.live.sessions.iter();
        sessions
            .filter(|one| one.session_id.as_ref() == Some(id))
            .max_by_key(|one| one.holder.is_some())
    }

    pub(crate) fn reach(&self, talk: &Talk) -> Reach<'_> {
        match self.session_of(&talk.id) {
            Some(session) if session.holder.is_some() || talk.started.is_some() => Reach::Held,
            Some(session) => Reach::Foreign(session),
            None if talk.started.is_some() && !talk.story.exited => Reach::Held,
            None => Reach::Gone,
        }
    }

    /// Whether it runs in a terminal that we hold.
    pub(crate) fn has_terminal(&self, talk: &Talk) -> bool {
        let kind = match self.session_of(&talk.id) {
            Some(session) => session.holder.or(talk.started),
            None => talk.started.filter(|_| !talk.story.exited),
        };
        kind == Some(HolderKind::Pty)
    }

    /// Whether what is looked at has to be asked for.
    pub(super) fn polls_talk(&self) -> bool {
        let up = self.link.is_up();
        let talk = self.talk.as_ref();
        talk.is_some_and(|talk| !talk.begun || !up && !talk.is_over())
    }

    /// Whether a process has it open that has come since its end.
    fn is_taken_up(&self, talk: &Talk) -> bool {
        let session = self.session_of(&talk.id);
        // One that has ended may be listed for a while.
        talk.is_over() && session.is_some_and(|one| Some(one.key) != talk.of)
    }

    /// Goes on from what is known, whoever tells it now.
    fn follow_talk(&mut self, now: u64) -> Option<Effect> {
        let up = self.link.is_up();
        let talk = self.talk.as_ref()?;
        let key = self.session_of(&talk.id).map(|one| one.key);
        let talk = self.talk.as_mut()?;
        talk.of = key;
        talk.end = None;
        talk.story.exited = false;
        Some(match talk.begun {
            true if up => talk.follow(),
            true | false => talk.ask(now),
        })
    }
}

/// Looks at this conversation.
pub(super) fn open(model: &mut Model, id: SessionId, now: u64) -> Vec<Effect> {
    if model.talk.as_ref().is_some_and(|talk| talk.id == id) {
        return Vec::new();
    }
    let mut effects = back(model);
    let mut talk = Talk::new(id);
    if let Some(Unsaid { words, sent }) = model.unsaid.remove(&talk.id) {
        (talk.words, talk.sent) = (words, sent);
    }
    model.talk = Some(talk);
    effects.extend(model.follow_talk(now));
    effects
}

/// Looks at a session that was started here just now, from its beginning.
pub(super) fn open_started(
    model: &mut Model,
    id: SessionId,
    holder: HolderKind,
    now: u64,
) -> Vec<Effect> {
    let mut effects = back(model);
    effects.extend(open(model, id, now));
    if let Some(talk) = &mut model.talk {
        talk.started = Some(holder);
    }
    effects
}

/// Goes back to the list. What is written and has not arrived is kept for the next time.
pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    let away = terminal::hide(model);
    let Some(talk) = model.talk.take() else {
        return Vec::new();
    };
    let unfollow = Effect::Say(Said::Unfollow {
        session_id: talk.id.clone(),
    });
    if let Some(unsaid) = Unsaid::of(talk.words, talk.sent) {
        model.unsaid.insert(talk.id, unsaid);
    }
    let up = model.link.is_up();
    away.into_iter().chain(up.then_some(unfollow)).collect()
}

/// The link has come up: what is looked at is followed from where it is known.
pub(super) fn linked(model: &mut Model, now: u64) -> Option<Effect> {
    let talk = model.talk.as_ref()?;
    // An end with a reason may have passed.
    let over = talk.end == Some(None) && !model.is_taken_up(talk);
    // Whoever waits for the end follows once that is there.
    let waits = !talk.begun && talk.waits(now);
    (!over && !waits).then(|| model.follow_talk(now)).flatten()
}

/// Takes in what came over the link.
pub(super) fn hear(model: &mut Model, told: Told, now: u64) -> Option<Effect> {
    let talk = model.talk.as_mut();
    // What was on its way when it was left, or before its end has been read, is of no use.
    let talk = talk.filter(|talk| talk.id == told.session_id && talk.begun)?;
    let newest = match told.tidings {
        Tidings::Caught(newest) => Some(newest),
        Tidings::Events(_) | Tidings::Delta(_) | Tidings::End(_) => None,
    };
    if talk.is_other(told.numbering.as_ref(), newest) {
        return Some(talk.begin_anew(now));
    }
    talk.numbering = told.numbering.or(talk.numbering.take());
    match told.tidings {
        Tidings::Events(events) => {
            for (seq, event) in events {
                match event {
                    Some(event) => talk.tell(event),
                    None => talk.story.skip(seq),
                }
            }
        }
        Tidings::Delta(delta) => talk.story.hear(delta),
        Tidings::Caught(_) => talk.caught = true,
        Tidings::End(reason) => {
            talk.caught = true;
            talk.end = Some(reason);
            return catch_up(model, now);
        }
    }
    None
}

/// Takes in what was asked for.
pub(super) fn told(
    model: &mut Model,
    asked: &Asked,
    answer: Result<Rows<Event>, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let up = model.link.is_up();
    let talk = model.talk.as_mut().filter(|talk| talk.id == asked.id);
    let Some(talk) = talk else {
        return Vec::new();
    };
    let before = asked.since.back.map(|page| page.before);
    match (before, answer) {
        (None, answer) => news(talk, asked, answer, up, now).into_iter().collect(),
        (Some(Some(before)), answer) => {
            earlier(talk, asked, before, answer);
            Vec::new()
        }
        (Some(None), Ok(newest)) if !talk.begun => {
            // A part that is not full is all there is, or a heavy one: the next one tells.
            let is_short = newest.rows.len() + newest.newer < PART as usize;
            begin(talk, asked, newest);
            let more = is_short.then(|| talk.ask_earlier(now)).flatten();
            let follow = model.follow_talk(now).filter(|_| up);
            follow.into_iter().chain(more).collect()
        }
        (Some(None), Err(trouble)) if !talk.begun => {
            talk.asking_since = None;
            talk.trouble = Some(trouble);
            Vec::new()
        }
        (Some(None), Ok(_) | Err(_)) => Vec::new(),
    }
}

/// Takes in the end of the conversation.
fn begin(talk: &mut Talk, asked: &Asked, newest: Rows<Event>) {
    talk.begun = true;
    talk.asking_since = None;
    talk.caught = true;
    talk.trouble = None;
    talk.numbering = asked.numbering.clone();
    talk.story = Story::from_the_end();
    talk.story.newer = newest.newer;
    newest.rows.into_iter().for_each(|event| talk.tell(event));
}

/// Takes in what is older than the event of this number.
fn earlier(talk: &mut Talk, asked: &Asked, before: u64, answer: Result<Rows<Event>, Trouble>) {
    talk.earlier_since = None;
    let fits = talk.begun && talk.story.earlier() == Some(before);
    if !fits || talk.is_other(asked.numbering.as_ref(), None) {
        return;
    }
    match answer {
        Ok(Rows { rows, newer }) => {
            talk.trouble = None;
            talk.story.newer += newer;
            talk.story.begin_with(rows);
        }
        Err(trouble) => talk.trouble = Some(trouble),
    }
}

/// Takes in what is new, where it does not come over the link.
fn news(
    talk: &mut Talk,
    asked: &Asked,
    answer: Result<Rows<Event>, Trouble>,
    up: bool,
    now: u64,
) -> Option<Effect> {
    let after = asked.since.after;
    // Over the link all of it comes as well. What was asked for before it began anew is of no use.
    let fits = talk.begun && talk.asking_since.is_some() && talk.story.last == after;
    if up || !fits {
        return None;
    }
    talk.asking_since = None;
    if talk.is_other(asked.numbering.as_ref(), None) {
        return Some(talk.begin_anew(now));
    }
    match answer {
        Ok(Rows { rows, newer }) => {
            talk.trouble = None;
            talk.story.newer += newer;
            rows.into_iter().for_each(|event| talk.tell(event));
            // There may be more where there was some.
            (talk.story.last > after).then(|| talk.ask(now))
        }
        Err(trouble) => {
            talk.trouble = Some(trouble);
            None
        }
    }
}

/// Asks for what is new, where it is time to.
pub(super) fn catch_up(model: &mut Model, now: u64) -> Option<Effect> {
    let talk = model.talk.as_ref()?;
    if talk.begun && model.is_taken_up(talk) {
        return model.follow_talk(now);
    }
    let polls = model.polls_talk();
    let talk = model.talk.as_mut()?;
    let rested = now.saturating_sub(talk.asked_at) >= POLL_MS - 500;
    (polls && !talk.waits(now) && rested).then(|| talk.ask(now))
}

#[cfg(test)]
mod tests;

//! The conversation that is looked at, and what this page says to it.
//!
//! Knows when it is followed over the link and when it is asked for, and what became of each message. Does not know
//! what the events mean: `story` does.

pub(crate) mod act;
pub(crate) mod story;
pub(super) mod unsaid;

use wire::{Delta, Event, HolderKind, ProcessKey, Said, Session, SessionId};

use crate::model::{
    Effect, Model,
    answer::{Rows, Trouble},
    call::{Call, Drive},
    talk::{story::Story, unsaid::Unsaid},
    terminal::{self, Terminal},
};

/// Milliseconds between two requests for what is new, while that does not come over the link.
pub(super) const POLL_MS: u64 = 2000;
/// A request that has not been answered for so many milliseconds does not hold up the next one.
const PATIENCE_MS: u64 = 30_000;

#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) id: SessionId,
    pub(crate) story: Story,
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
    pub(crate) tidings: Tidings,
}

#[derive(Clone, Debug)]
pub(crate) enum Tidings {
    /// Each with its number; `None` for one that can't be read.
    Events(Vec<(u64, Option<Event>)>),
    Delta(Delta),
    Caught,
    End(Option<String>),
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

    fn ask(&mut self, now: u64) -> Effect {
        self.asking_since = Some(now);
        self.asked_at = now;
        Effect::Call(Call::Output {
            id: self.id.clone(),
            after: self.story.last,
        })
    }

    /// Forgets what was told: it is told anew, by somebody who may number it in another way.
    fn begin_anew(&mut self) {
        self.story = Story::default();
        self.caught = false;
        self.end = None;
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
        !self.link.is_up() && self.talk.as_ref().is_some_and(|talk| !talk.is_over())
    }

    /// Whether another process has it open by now than the one whose words are told.
    fn is_taken_up(&self, talk: &Talk) -> bool {
        let Some(session) = self.session_of(&talk.id) else {
            return false;
        };
        let sessions = self.live.sessions.iter();
        let mut others = sessions.filter(|one| one.session_id.as_ref() == Some(&talk.id));
        // One that has ended may be listed for a while.
        let is_left = talk.is_over() || others.all(|one| Some(one.key) != talk.of);
        is_left && Some(session.key) != talk.of
    }

    fn follow_talk(&mut self, now: u64) -> Option<Effect> {
        let up = self.link.is_up();
        let key = self
            .talk
            .as_ref()
            .and_then(|talk| self.session_of(&talk.id));
        let key = key.map(|one| one.key);
        let talk = self.talk.as_mut()?;
        talk.of = key;
        Some(if up { talk.follow() } else { talk.ask(now) })
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
    let taken_up = model.is_taken_up(talk);
    if talk.end == Some(None) && !taken_up {
        return None;
    }
    let listed = |key| model.live.sessions.iter().any(|one| one.key == key);
    // Whoever tells it now may count in another way than the one who has left. An end with a reason may have passed.
    let left = talk.of.is_some_and(|key| !listed(key));
    let anew = left || taken_up || talk.end.is_some();
    if let Some(talk) = model.talk.as_mut().filter(|_| anew) {
        talk.begin_anew();
    }
    model.follow_talk(now)
}

/// Takes in what came over the link.
pub(super) fn hear(model: &mut Model, told: Told) {
    let talk = model.talk.as_mut();
    // What was on its way when it was left is of no use.
    let Some(talk) = talk.filter(|talk| talk.id == told.session_id) else {
        return;
    };
    match told.tidings {
        Tidings::Events(events) => {
            for (seq, event) in events {
                // It is told from its beginning: by somebody who has not told it before.
                if seq == 1 && talk.story.last > 0 {
                    talk.story = Story::default();
                }
                match event {
                    Some(event) => talk.tell(event),
                    None => talk.story.skip(seq),
                }
            }
        }
        Tidings::Delta(delta) => talk.story.hear(delta),
        Tidings::Caught => talk.caught = true,
        Tidings::End(reason) => {
            talk.caught = true;
            talk.end = Some(reason);
        }
    }
}

/// Takes in what was asked for.
pub(super) fn told(
    model: &mut Model,
    id: &SessionId,
    after: u64,
    answer: Result<Rows<Event>, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let up = model.link.is_up();
    let talk = model.talk.as_mut().filter(|talk| talk.id == *id);
    // Over the link all of it comes as well. What was asked for before it began anew is of no use.
    let fits = |talk: &&mut Talk| talk.asking_since.is_some() && talk.story.last == after;
    let Some(talk) = talk.filter(|talk| !up && fits(talk)) else {
        return Vec::new();
    };
    talk.asking_since = None;
    match answer {
        Ok(Rows { rows, newer }) => {
            talk.trouble = None;
            talk.story.newer += newer;
            rows.into_iter().for_each(|event| talk.tell(event));
            // There may be more where there was some.
            if talk.story.last > after {
                return vec![talk.ask(now)];
            }
            talk.caught = true;
        }
        Err(trouble) => talk.trouble = Some(trouble),
    }
    Vec::new()
}

/// Asks for what is new, where it is time to.
pub(super) fn catch_up(model: &mut Model, now: u64) -> Option<Effect> {
    let talk = model.talk.as_ref()?;
    let key = model.session_of(&talk.id).map(|one| one.key);
    let polls = model.polls_talk();
    if model.is_taken_up(talk) {
        let talk = model.talk.as_mut()?;
        // The list did not know yet what was started here, though it was told of.
        if talk.started.is_none() || talk.of.is_some() {
            talk.begin_anew();
            return model.follow_talk(now);
        }
        talk.of = key;
    }
    let talk = model.talk.as_mut()?;
    let waits = talk
        .asking_since
        .is_some_and(|since| now.saturating_sub(since) < PATIENCE_MS);
    let rested = now.saturating_sub(talk.asked_at) >= POLL_MS - 500;
    (polls && !waits && rested).then(|| talk.ask(now))
}

#[cfg(test)]
mod tests;

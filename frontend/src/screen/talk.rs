//! The conversation that is looked at, in words.

pub(crate) mod item;

use std::sync::Arc;

use wire::{Confidence, DeltaKind, Session, SessionId, State};

use crate::{
    model::{
        Model,
        call::Drive,
        talk::{
            Question, Reach, Step, Talk,
            story::item::{Draft, Item},
        },
        update::heading,
    },
    screen::{
        detail,
        look::{self, Badge},
        markdown::{self, Block},
        recent::ENDED,
        row::place,
        start::{MODELS, MODES},
        talk::item::dollars,
    },
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TalkView {
    pub(crate) id: SessionId,
    pub(crate) heading: String,
    pub(crate) folder: String,
    pub(crate) project: String,
    pub(crate) branch: Option<String>,
    pub(crate) badge: Badge,
    /// What the session has cost, empty while that is not told.
    pub(crate) cost: String,
    /// What can be chosen, each with its word; the present one is marked.
    pub(crate) models: Vec<Choice>,
    pub(crate) modes: Vec<Choice>,
    /// We hold it.
    pub(crate) held: bool,
    /// It has a terminal that can be looked at here.
    pub(crate) has_terminal: bool,
    /// A turn runs.
    pub(crate) working: bool,
    /// Something was asked for and not answered yet.
    pub(crate) busy: bool,
    pub(crate) interrupting: bool,
    pub(crate) ending: bool,
    pub(crate) older: bool,
    pub(crate) later: bool,
    /// What stands where the story begins.
    pub(crate) beginning: String,
    /// Why it does not go on.
    pub(crate) trouble: String,
    pub(crate) failed: String,
    pub(crate) words: String,
    pub(crate) sent: Vec<SentView>,
    /// Why nothing can be said to it, and what can be done about that; `None` where it can.
    pub(crate) closed: Option<Closed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) word: String,
    pub(crate) chosen: bool,
}

/// Nothing can be said to it from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) why: String,
    /// The command that shows its terminal, empty where there is none.
    pub(crate) attach: String,
    /// Nobody has it open: it can be taken up as it is.
    pub(crate) free: bool,
    pub(crate) starting: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentView {
    pub(crate) uuid: String,
    pub(crate) text: String,
    pub(crate) step: String,
    pub(crate) failed: bool,
}

/// An item that is shown, and the zone in which its time is told. The same allocation is the same item.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) item: Arc<Item>,
    pub(crate) zone_min: i32,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.item, &other.item) && self.zone_min == other.zone_min
    }
}

/// A piece of what is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Block(Block),
    /// The end of a thought.
    Thought(String),
    /// The end of a tool's input.
    Input(String),
}

/// Something is asked before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuestionView {
    pub(crate) title: String,
    pub(crate) text: &'static str,
    /// What stands in the box for a name, `None` where none is asked for.
    pub(crate) name: Option<String>,
    pub(crate) yes: &'static str,
    pub(crate) grave: bool,
}

/// So many characters of what is not read in full yet.
const TAIL: usize = 400;

pub(crate) fn talk(model: &Model) -> Option<TalkView> {
    let talk = model.talk.as_ref()?;
    let story = &talk.story;
    let session = model.session_of(&talk.id);
    let recent = model.recent.sessions.iter().flatten();
    let recent = recent.into_iter().find(|one| one.session_id == talk.id);
    let reach = model.reach(talk);
    let held = matches!(reach, Reach::Held);
    let cwd = match (session, recent) {
        (Some(session), _) => Some(session.cwd.as_str()),
        (None, recent) => recent.and_then(|recent| recent.cwd.as_deref()),
    };
    let (folder, project) = cwd.map(|cwd| place(cwd, &model.homes)).unwrap_or_default();
    let title = recent.and_then(|recent| {
        let title = text::some_line(recent.title.as_deref());
        title.or_else(|| text::some_line(recent.last_prompt.as_deref()))
    });
    let branch = session.and_then(|one| one.git_branch.as_deref());
    let branch = branch.or_else(|| recent.and_then(|one| one.git_branch.as_deref()));
    let badge = badge(talk, held, session);
    let named = |list: &[(&str, &str)], now: Option<&str>| choices(list, now);
    Some(TalkView {
        heading: session
            .map(heading)
            .or(title)
            .unwrap_or_else(|| "Session".to_owned()),
        folder,
        project,
        branch: text::some_line(branch),
        badge,
        cost: story.cost_micro_usd.map(dollars).unwrap_or_default(),
        models: named(&MODELS, story.model.as_deref()),
        modes: named(&MODES, story.permission_mode.as_deref()),
        held,
        has_terminal: model.has_terminal(talk) || talk.terminal.is_some(),
        working: matches!(badge.look, "working" | "waiting"),
        busy: talk.doing.is_some(),
        interrupting: talk.doing == Some(Drive::Interrupt),
        ending: talk.doing == Some(Drive::End),
        older: story.has_older(),
        later: story.has_newer(),
        beginning: beginning(talk),
        trouble: trouble(talk),
        failed: talk.failed.as_deref().map(text::block).unwrap_or_default(),
        words: talk.words.clone(),
        sent: talk.sent.iter().map(sent).collect(),
        closed: closed(talk, reach),
        id: talk.id.clone(),
    })
}

/// The stream knows first; of a session that we do not hold the list does.
fn badge(talk: &Talk, held: bool, session: Option<&Session>) -> Badge {
    let told = talk.story.state.filter(|_| held && !talk.story.exited);
    match (told, session) {
        (Some(state), _) => look::of_state(state, Confidence::Stated, ""),
        (None, Some(session)) => look::badge(session),
        (None, None) if held => look::of_state(State::Starting, Confidence::Stated, ""),
        (None, None) => ENDED,
    }
}

fn choices(list: &[(&str, &str)], now: Option<&str>) -> Vec<Choice> {
    let now = now.unwrap_or_default();
    let mut choices: Vec<Choice> = Vec::new();
    if !now.is_empty() && list.iter().all(|(value, _)| *value != now) {
        choices.push(Choice {
            value: now.to_owned(),
            word: text::line(now),
            chosen: true,
        });
    }
    let known = list
        .iter()
        .filter(|(value, _)| !value.is_empty() || now.is_empty());
    let known: Vec<Choice> = known
        .map(|(value, word)| Choice {
            value: (*value).to_owned(),
            word: (*word).to_owned(),
            chosen: *value == now,
        })
        .collect();
    choices.extend(known);
    choices
}

fn beginning(talk: &Talk) -> String {
    let story = &talk.story;
    if !talk.caught && story.is_empty() && talk.trouble.is_none() {
        "Reading the conversation…".to_owned()
    } else if story.is_empty() && talk.sent.is_empty() && story.drafts.is_empty() {
        "Nothing has been said yet.".to_owned()
    } else if talk.reads_earlier() {
        "Reading what came before…".to_owned()
    } else if story.is_cut() && !story.has_older() {
        "The beginning is too long ago to be shown here.".to_owned()
    } else {
        String::new()
    }
}

fn trouble(talk: &Talk) -> String {
    let newer = talk.story.newer;
    match (&talk.trouble, &talk.end) {
        (Some(trouble), _) => text::block(&trouble.sentence()),
        (None, Some(Some(reason))) => text::block(reason),
        (None, Some(None) | None) if newer > 0 => {
            let events = crate::measure::count(newer, "event comes", "events come");
            format!("{events} from a newer server and can't be shown. Reload the page.")
        }
        (None, Some(None) | None) => String::new(),
    }
}

fn sent(sent: &crate::model::talk::Sent) -> SentView {
    let (step, failed) = match &sent.step {
        Step::Sending => ("Sending…".to_owned(), false),
        Step::Handed => ("Sent".to_owned(), false),
        Step::Queued => ("Waits for the end of the turn".to_owned(), false),
        Step::Failed(sentence) => (format!("Not sent. {}", text::block(sentence)), true),
    };
    SentView {
        uuid: sent.uuid.clone(),
        text: text::whole(&sent.text),
        step,
        failed,
    }
}

fn closed(talk: &Talk, reach: Reach<'_>) -> Option<Closed> {
    let (why, attach, free) = match reach {
        Reach::Held => return None,
        Reach::Foreign(session) => match session.tmux.as_deref() {
            Some(tmux) => (
                "It runs in tmux and was not started here: talk to it in its terminal, or go on in a copy.",
                detail::attach(tmux),
                false,
            ),
            None => (
                "Another terminal or program has it open: talk to it there, or go on here in a copy.",
                String::new(),
                false,
            ),
        },
        Reach::Gone => (
            "This session has ended. It can go on here.",
            String::new(),
            true,
        ),
    };
    Some(Closed {
        why: why.to_owned(),
        attach,
        free,
        starting: talk.starting,
    })
}

pub(crate) fn items(model: &Model) -> Vec<(u64, Shown)> {
    let Some(talk) = &model.talk else {
        return Vec::new();
    };
    let zone_min = model.surroundings.zone_min;
    let shown = |item: &Arc<Item>| {
        let item = item.clone();
        (item.seq, Shown { item, zone_min })
    };
    talk.story.shown().iter().map(shown).collect()
}

/// What is being written, piece by piece, so that only the last one is drawn again.
pub(crate) fn pieces(model: &Model) -> Vec<(u32, Piece)> {
    let talk = model.talk.as_ref();
    // Not below what is older.
    let Some(talk) = talk.filter(|talk| !talk.story.has_newer()) else {
        return Vec::new();
    };
    let pieces = talk.story.drafts.iter().flat_map(of_draft);
    (0..).zip(pieces).collect()
}

fn of_draft(draft: &Draft) -> Vec<Piece> {
    match draft.kind {
        DeltaKind::Text => {
            let blocks = markdown::blocks(&draft.text);
            blocks.into_iter().map(Piece::Block).collect()
        }
        DeltaKind::Thinking => vec![Piece::Thought(tail(&draft.text))],
        DeltaKind::Input => vec![Piece::Input(tail(&draft.text))],
        DeltaKind::Unknown => Vec::new(),
    }
}

fn tail(text: &str) -> String {
    let start = text
        .char_indices()
        .rev()
        .nth(TAIL)
        .map_or(0, |(place, _)| place);
    text::exact(text.get(start..).unwrap_or_default())
}

pub(crate) fn question(model: &Model, question: &Question) -> QuestionView {
    let name = talk(model).map(|talk| talk.heading).unwrap_or_default();
    match question {
        Question::End => QuestionView {
            title: format!("End “{name}”?"),
            text: "What it is doing now is cut off. What it has written so far is kept, and the conversation can go on later.",
            name: None,
            yes: "End session",
            grave: true,
        },
        Question::Rename(to) => QuestionView {
            title: format!("Rename “{name}”"),
            text: "",
            name: Some(to.clone()),
            yes: "Rename",
            grave: false,
        },
    }
}

/// The time of day at `at`, `zone_min` minutes east of Greenwich, as `14:03`.
pub(crate) fn clock(at: u64, zone_min: i32) -> String {
    let minutes = at.saturating_add_signed(i64::from(zone_min) * 60_000) / 60_000 % 1440;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests;

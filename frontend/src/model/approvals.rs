//! What sessions ask of a person: the requests that stand, what the person has put in, and the answers under way.
//!
//! Knows in which order the cards stand: it is that in which they came, and none moves up before the pointer has left. Does not
//! know how a request is put into words, nor where a card is on the screen.

pub(crate) mod draft;
mod known;
pub(crate) mod long;

use std::sync::Arc;

use wire::{
    Approval, Ask, Code, DecideRequest, Decided, DecisionOutcome, Question, RequestId, SessionId,
};

use crate::model::{
    Effect, Model,
    answer::{Rows, Trouble},
    approvals::{draft::Draft, known::Taken},
    by_key::ByKey,
    call::Call,
    pace::if_polling,
};

/// Milliseconds for which a card that needs no answer any more keeps its place.
const REST_MS: u64 = 1000;
/// The same while the pointer is over the cards. It is an end to what the browser has forgotten to tell.
const LONGEST_REST_MS: u64 = 30_000;
/// Requests that were decided are not brought back by what was read before; so many of them are remembered.
const REMEMBERED: usize = 200;

/// Names a request. Two sessions may use the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestKey {
    pub(crate) session: SessionId,
    pub(crate) id: RequestId,
}

#[derive(Debug, Default)]
pub(crate) struct Approvals {
    /// In the order in which they came; those that are settled keep their place for a while.
    pub(crate) cards: Vec<Card>,
    /// How many can't be read: a newer server says more than this page knows.
    pub(crate) newer: usize,
    /// Why they could not be read the last time.
    pub(crate) trouble: Option<Trouble>,
    /// What the feed last said of them, `None` before it has.
    rev: Option<u64>,
    decided: Vec<RequestKey>,
    /// The pointer is over the cards.
    over: bool,
    asking: known::Asking,
    /// What was put in while another page showed the cards, until they are listed.
    pub(super) kept: ByKey<RequestKey, Draft>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) approval: Arc<Approval>,
    pub(crate) draft: Draft,
    pub(crate) phase: Phase,
    /// Why the latest answer was not taken.
    pub(crate) failed: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// This answer is on its way, since our own time `since`.
    Deciding {
        outcome: DecisionOutcome,
        since: u64,
    },
    /// No answer is wanted any more, since our own time `at`.
    Settled {
        end: End,
        at: u64,
    },
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By this page.
    Decided(Box<Decided>),
    /// The server did not take our answer, in its own words: there was another one, or none is wanted.
    TooLate(String),
    /// It is not listed any more.
    Gone,
}

/// What a person does with a card.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Allow,
    /// Approve the plan, and go on in this permission mode.
    AllowIn(&'static str),
    Deny,
    /// As `Allow` or `Deny`, from now on.
    Always(DecisionOutcome),
    Draft(draft::Change),
    /// It was pressed, but had not stood still: nothing is decided.
    Moved,
}

impl RequestKey {
    pub(crate) fn of(approval: &Approval) -> Self {
        Self {
            session: approval.session_id.clone(),
            id: approval.id.clone(),
        }
    }
}

impl Card {
    fn new(approval: Approval) -> Self {
        Self {
            draft: Draft::of(&approval),
            approval: Arc::new(approval),
            phase: Phase::Open,
            failed: None,
        }
    }

    pub(crate) fn key(&self) -> RequestKey {
        RequestKey::of(&self.approval)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }
}

impl Approvals {
    fn find(&mut self, key: &RequestKey) -> Option<&mut Card> {
        self.cards.iter_mut().find(|card| card.key() == *key)
    }

    /// What is put in where no answer has been taken.
    pub(super) fn drafts(&mut self) -> ByKey<RequestKey, Draft> {
        let mut drafts = std::mem::take(&mut self.kept);
        for card in &self.cards {
            if !matches!(card.phase, Phase::Settled { .. }) {
                drafts.insert(card.key(), card.draft.clone());
            }
        }
        drafts
    }

    fn settle(&mut self, key: &RequestKey, end: End, now: u64) {
        self.decided.push(key.clone());
        let surplus = self.decided.len().saturating_sub(REMEMBERED);
        self.decided.drain(..surplus);
        if let Some(card) = self.find(key) {
            card.phase = Phase::Settled { end, at: now };
        }
    }
}

/// Returns the questions of a request as Claude Code put them, in full where they can be read.
pub(crate) fn questions(approval: &Approval) -> Vec<Question> {
    let Ask::Question { questions } = &approval.ask else {
        return Vec::new();
    };
    let whole = approval.input.get("questions").cloned();
    let whole = whole.and_then(|whole| serde_json::from_value(whole).ok());
    whole.unwrap_or_else(|| questions.clone())
}

/// Asks for the requests, or does so once what is under way has been answered.
pub(super) fn ask(model: &mut Model, now: u64) -> Option<Effect> {
    let number = model.approvals.asking.ask(now)?;
    Some(Effect::Call(Call::Approvals(number)))
}

/// A new feed has begun. It may be another server's than before, which counts its changes for itself.
pub(super) fn linked(model: &mut Model, rev: u64, now: u64) -> Option<Effect> {
    model.approvals.rev = Some(rev);
    ask(model, now)
}

/// The feed has said how often they have changed.
pub(super) fn hear(model: &mut Model, rev: u64, now: u64) -> Option<Effect> {
    let before = model.approvals.rev.replace(rev);
    // A server whose feed says nothing of them says 0, and had none to say anything of.
    let known = before == Some(rev) || (before.is_none() && rev == 0);
    if known { None } else { ask(model, now) }
}

/// Asks again where nothing tells of changes, where it has failed, and where an answer never came.
pub(super) fn refresh(model: &mut Model, now: u64) -> Option<Effect> {
    let approvals = &model.approvals;
    let unknown =
        matches!(&approvals.trouble, Some(Trouble::Refused(body)) if body.code == Code::NotFound);
    let late = approvals.cards.iter().any(|card| is_late(card, now));
    let due = !model.link.is_up() || approvals.trouble.is_some() || late;
    // A server of before knows no requests.
    if due && !unknown {
        ask(model, now)
    } else {
        None
    }
}

fn is_late(card: &Card, now: u64) -> bool {
    match &card.phase {
        Phase::Deciding { since, .. } => now.saturating_sub(*since) >= known::PATIENCE_MS,
        Phase::Open | Phase::Settled { .. } => false,
    }
}

pub(super) fn told(
    model: &mut Model,
    number: u32,
    answer: Result<Rows<Approval>, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let approvals = &mut model.approvals;
    let again = match approvals.asking.take(number) {
        Taken::Superseded => return Vec::new(),
        Taken::Last => false,
        Taken::AskAgain => true,
    };
    match answer {
        Ok(rows) => {
            approvals.trouble = None;
            approvals.newer = rows.newer;
            list(approvals, rows.rows, now);
        }
        Err(trouble) => approvals.trouble = Some(trouble),
    }
    let mut effects = tidy(model, now);
    if again {
        effects.extend(ask(model, now));
    }
    effects
}

/// Brings the cards in line with what is asked now.
fn list(approvals: &mut Approvals, rows: Vec<Approval>, now: u64) {
    for card in &mut approvals.cards {
        let listed = rows.iter().any(|row| RequestKey::of(row) == card.key());
        let late = is_late(card, now);
        card.phase = match (&card.phase, listed) {
            (Phase::Open, false) => Phase::Settled {
                end: End::Gone,
                at: now,
            },
            // Whether it was taken is not known; that it is not asked any more is.
            (Phase::Deciding { .. }, false) if late => Phase::Settled {
                end: End::Gone,
                at: now,
            },
            (Phase::Deciding { .. }, true) if late => {
                card.failed = Some("There was no answer to that. Try again.".to_owned());
                Phase::Open
            }
            // The server had lost sight of it.
            (Phase::Settled { end: End::Gone, .. }, true) => Phase::Open,
            (phase, _) => phase.clone(),
        };
    }
    for row in rows {
        let key = RequestKey::of(&row);
        let known = approvals.cards.iter_mut().find(|card| card.key() == key);
        match known {
            // A session may be renamed while it asks.
            Some(card) if card.is_open() && *card.approval != row => card.approval = Arc::new(row),
            Some(_) => {}
            None if approvals.decided.contains(&key) => {}
            None => {
                let mut card = Card::new(row);
                if let Some(draft) = approvals.kept.remove(&key) {
                    card.draft = draft;
                }
                approvals.cards.push(card);
            }
        }
    }
}

pub(super) fn step(model: &mut Model, key: &RequestKey, step: Step, now: u64) -> Vec<Effect> {
    let server_now = model.live.server_now();
    let zone_min = model.surroundings.zone_min;
    let Some(card) = model.approvals.find(key).filter(|card| card.is_open()) else {
        return Vec::new();
    };
    let (outcome, always, mode) = match step {
        Step::Draft(change) => {
            card.draft.change(change, &card.approval);
            return Vec::new();
        }
        Step::Moved => {
            card.failed = Some("It moved under the pointer just before it was pressed, so nothing was decided. Press again.".to_owned());
            return Vec::new();
        }
        Step::Allow => (DecisionOutcome::Allow, None, None),
        Step::AllowIn(mode) => (DecisionOutcome::Allow, None, Some(mode.to_owned())),
        Step::Deny => (DecisionOutcome::Deny, None, None),
        Step::Always(outcome) => {
            let always = card.draft.always(&card.approval, server_now, zone_min);
            if always.is_none() {
                return Vec::new();
            }
            (outcome, always, None)
        }
    };
    let allows = outcome == DecisionOutcome::Allow;
    if allows && !card.draft.whole {
        card.failed = Some(
            "It is longer than what is shown here, so nothing was decided. Show all of it first."
                .to_owned(),
        );
        return Vec::new();
    }
    let answers = card.draft.answers(&card.approval);
    let Some(answers) = answers.or_else(|| (!allows).then(Default::default)) else {
        return Vec::new();
    };
    card.failed = None;
    card.phase = Phase::Deciding {
        outcome,
        since: now,
    };
    let request = DecideRequest {
        session_id: key.session.clone(),
        decision: outcome,
        reason: card.draft.reason().filter(|_| !allows),
        answers: if allows { answers } else { Default::default() },
        always,
        permission_mode: mode,
    };
    let call = Call::Decide(key.id.clone(), Box::new(request));
    vec![Effect::Call(call)]
}

pub(super) fn decided(
    model: &mut Model,
    key: &RequestKey,
    answer: Result<Decided, Trouble>,
    now: u64,
) -> Vec<Effect> {
    let approvals = &mut model.approvals;
    let mut effects = match answer {
        Ok(decided) => {
            let made = decided.rule.is_some();
            let note = decided.note.clone();
            approvals.settle(key, End::Decided(Box::new(decided)), now);
            let words = made.then(|| {
                "A rule was made of it: it stands under Rules, and answers from now on.".to_owned()
            });
            let words: Vec<String> = words.into_iter().chain(note).collect();
            if words.is_empty() {
                Vec::new()
            } else {
                model.toasts.good(words.join(" "))
            }
        }
        Err(trouble) => {
            let sentence = trouble.sentence();
            match &trouble {
                Trouble::Refused(body)
                    if matches!(body.code, Code::Decided | Code::NoApproval | Code::Ended) =>
                {
                    approvals.settle(key, End::TooLate(sentence.clone()), now);
                    // The card goes, and with it would what a person should know.
                    model.toasts.bad(sentence)
                }
                Trouble::Refused(_) | Trouble::Unreachable(_) | Trouble::Unreadable => {
                    if let Some(card) = approvals.find(key) {
                        card.phase = Phase::Open;
                        card.failed = Some(sentence);
                    }
                    Vec::new()
                }
            }
        }
    };
    effects.extend(tidy(model, now));
    effects.extend(if_polling(model, |model| {
        ask(model, now).into_iter().collect()
    }));
    effects
}

/// The pointer has come over the cards, or left them.
pub(super) fn over(model: &mut Model, over: bool, now: u64) -> Vec<Effect> {
    model.approvals.over = over;
    if over { Vec::new() } else { tidy(model, now) }
}

/// Takes the cards away whose time is over, and says when to look again.
pub(super) fn tidy(model: &mut Model, now: u64) -> Vec<Effect> {
    let approvals = &mut model.approvals;
    let rest = if approvals.over {
        LONGEST_REST_MS
    } else {
        REST_MS
    };
    let end = |card: &Card| match &card.phase {
        Phase::Settled { at, .. } => Some(at + rest),
        Phase::Open | Phase::Deciding { .. } => None,
    };
    approvals
        .cards
        .retain(|card| end(card).is_none_or(|end| end > now));
    if approvals.cards.is_empty() {
        // What is not there has no pointer over it.
        approvals.over = false;
    }
    let next = approvals.cards.iter().filter_map(end).min();
    let ms = next.map(|next| u32::try_from(next.saturating_sub(now)).unwrap_or(u32::MAX));
    ms.map(Effect::Tidy).into_iter().collect()
}

#[cfg(test)]
mod tests;

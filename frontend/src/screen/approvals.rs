//! The requests that wait for an answer, in words.

use std::sync::Arc;

use wire::{Approval, ApprovalSource, DecidedBy, DecisionOutcome};

use crate::{
    measure,
    model::{
        Model,
        approvals::{Card, End, Phase, RequestKey, draft::Draft},
    },
    screen::row::place,
    text,
};

/// The most cards at a time. The order is that in which they came, so that the rest follows by itself.
const MOST: usize = 30;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueView {
    /// There is something to show.
    pub(crate) shown: bool,
    pub(crate) count: String,
    /// What is not shown, and why.
    pub(crate) note: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApprovalView {
    pub(crate) approval: Arc<Approval>,
    /// The session's name, where it has one of its own.
    pub(crate) heading: String,
    pub(crate) folder: String,
    pub(crate) project: String,
    /// For how long it has been waiting.
    pub(crate) waits: String,
    /// Who else may answer, and until when.
    pub(crate) note: String,
    pub(crate) stage: Stage,
    /// What has become of the answer, or why it was not taken.
    pub(crate) said: String,
    pub(crate) draft: Draft,
    /// Every question has an answer, and all that is asked has been shown.
    pub(crate) ready: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    /// It can be answered, and was not for the reason that is said.
    Failed,
    /// An answer is on its way.
    Busy,
    Settled,
}

impl Stage {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::Settled => "settled",
        }
    }

    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Failed)
    }
}

pub(crate) fn approvals(model: &Model) -> (QueueView, Vec<(RequestKey, ApprovalView)>) {
    let approvals = &model.approvals;
    let settled = |card: &&Card| matches!(card.phase, Phase::Settled { .. });
    let waiting = approvals.cards.len() - approvals.cards.iter().filter(settled).count();
    let rest = approvals.cards.len().saturating_sub(MOST);
    let more = measure::count(rest, "more request follows", "more requests follow");
    let newer = measure::count(approvals.newer, "request comes", "requests come");
    let trouble = approvals.trouble.as_ref().filter(|_| waiting > 0);
    let notes = [
        (rest > 0).then(|| format!("{more} once these are answered.")),
        (approvals.newer > 0).then(|| {
            format!("{newer} from a newer server and can't be shown. Reload the page to bring it up to date.")
        }),
        trouble.map(|trouble| format!("What is asked can't be read: {}", trouble.sentence())),
    ];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    let view = QueueView {
        shown: !approvals.cards.is_empty() || approvals.newer > 0,
        count: waiting.to_string(),
        note: text::block(&notes.join(" ")),
    };
    let cards = approvals.cards.iter().take(MOST);
    let cards = cards.map(|one| (one.key(), card(model, one)));
    (view, cards.collect())
}

fn card(model: &Model, card: &Card) -> ApprovalView {
    let approval = &card.approval;
    let now = model.live.server_now();
    let (folder, project) = place(&approval.cwd, &model.homes);
    let waits = measure::age_between(approval.at, now);
    let (stage, said) = match &card.phase {
        Phase::Open => match &card.failed {
            Some(sentence) => (Stage::Failed, text::block(sentence)),
            None => (Stage::Open, String::new()),
        },
        Phase::Deciding { outcome, .. } => {
            let words = match outcome {
                DecisionOutcome::Allow => "Allowing…",
                DecisionOutcome::Deny => "Denying…",
                DecisionOutcome::Withdrawn | DecisionOutcome::Unknown => "Answering…",
            };
            (Stage::Busy, words.to_owned())
        }
        Phase::Settled { end, .. } => (Stage::Settled, ended(end)),
    };
    ApprovalView {
        heading: text::some_line(approval.title.as_deref()).unwrap_or_else(|| project.clone()),
        folder,
        project,
        waits: format!("for {waits}"),
        note: who_else(approval, now),
        stage,
        said,
        ready: card.draft.whole && card.draft.answers(approval).is_some(),
        draft: card.draft.clone(),
        approval: approval.clone(),
    }
}

fn who_else(approval: &Approval, now: u64) -> String {
    let left = approval.until.map(|until| {
        let left = until.checked_sub(now).filter(|left| *left > 0);
        left.map(|left| measure::age(left / 1000))
    });
    match (approval.source, left) {
        (ApprovalSource::Hook, None) => "Its own terminal asks as well.".to_owned(),
        (ApprovalSource::Hook, Some(Some(left))) => {
            format!("Its own terminal asks in {left}, if nobody has answered here by then.")
        }
        (ApprovalSource::Hook, Some(None)) => "Its own terminal asks by now.".to_owned(),
        (ApprovalSource::Held | ApprovalSource::Unknown, Some(Some(left))) => {
            format!("It waits for {left} more.")
        }
        (ApprovalSource::Held | ApprovalSource::Unknown, Some(None) | None) => String::new(),
    }
}

fn ended(end: &End) -> String {
    match end {
        End::Decided(decided) => {
            let outcome = match decided.outcome {
                DecisionOutcome::Allow => "Allowed",
                DecisionOutcome::Deny => "Denied",
                DecisionOutcome::Withdrawn => "Withdrawn",
                DecisionOutcome::Unknown => "Answered",
            };
            let by = match decided.by {
                DecidedBy::Person | DecidedBy::Unknown => "",
                DecidedBy::Rule => " by a rule",
                DecidedBy::Timeout => ": the time for an answer was over",
                DecidedBy::Session => " by the session itself",
            };
            format!("{outcome}{by}.")
        }
        End::TooLate(sentence) => text::block(sentence),
        End::Gone => {
            "It is not asked any more: it was answered elsewhere, or withdrawn.".to_owned()
        }
    }
}

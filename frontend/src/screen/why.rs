//! Why a session is said to be in its state, in words.

use wire::{Evidence, Session, Why};

use crate::{
    measure,
    model::{Model, why::Reasons},
    screen::look,
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WhyView {
    /// The rule that decided.
    pub(crate) reason: String,
    pub(crate) evidence: Vec<Line>,
    /// Why there is none (yet).
    pub(crate) note: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) source: &'static str,
    pub(crate) says: String,
    pub(crate) age: String,
    pub(crate) decided: bool,
}

pub(crate) fn why(model: &Model, session: &Session) -> Option<WhyView> {
    let Reasons { known, .. } = model.reasons.get(&session.key)?;
    let now = model.live.server_now();
    let rule = || session.rule.sentence().to_owned();
    Some(match known {
        None => WhyView {
            reason: rule(),
            evidence: Vec::new(),
            note: "Reading what was looked at…".to_owned(),
        },
        Some(Err(sentence)) => WhyView {
            reason: rule(),
            evidence: Vec::new(),
            note: text::block(sentence),
        },
        Some(Ok(Why {
            reason, evidence, ..
        })) => WhyView {
            reason: text::block(reason),
            evidence: evidence.iter().map(|one| line(one, now)).collect(),
            note: String::new(),
        },
    })
}

fn line(evidence: &Evidence, now: u64) -> Line {
    Line {
        source: look::source(evidence.source),
        says: text::line(&evidence.says),
        age: match evidence.at {
            Some(at) => format!("{} ago", measure::age_between(at, now)),
            None => String::new(),
        },
        decided: evidence.decided,
    }
}

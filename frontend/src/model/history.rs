//! What was done through the server, as far as it has been read.

use wire::{Audit, AuditEntry};

use crate::model::{Dialog, Effect, Model, answer::Trouble, call::Call};

/// The history while it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Newest first.
    pub(crate) entries: Vec<AuditEntry>,
    /// There are older ones.
    pub(crate) more: bool,
    pub(crate) asking: bool,
    /// Why the latest part could not be read.
    pub(crate) failed: Option<String>,
}

pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.dialog = Some(Dialog::History(History::default()));
    more(model)
}

/// Asks for the newest, or for what is older than the last one known.
pub(super) fn more(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::History(history)) = &mut model.dialog else {
        return Vec::new();
    };
    if history.asking {
        return Vec::new();
    }
    history.asking = true;
    let last = history.entries.last();
    let before = last.and_then(|entry| entry.id.parse().ok());
    vec![Effect::Call(Call::Audit { before })]
}

pub(super) fn told(model: &mut Model, before: Option<u64>, answer: Result<Audit, Trouble>) {
    let Some(Dialog::History(history)) = &mut model.dialog else {
        return;
    };
    let last = history.entries.last();
    // The dialog has been closed and opened again meanwhile.
    if last.and_then(|entry| entry.id.parse::<u64>().ok()) != before {
        return;
    }
    history.asking = false;
    match answer {
        Ok(audit) => {
            history.failed = None;
            history.more = audit.more && !audit.entries.is_empty();
            history.entries.extend(audit.entries);
        }
        Err(trouble) => history.failed = Some(trouble.sentence()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Answered, Msg, Surroundings, update::update},
        sample::{self, NOW},
    };

    fn entries(model: &Model) -> Vec<&str> {
        let Some(Dialog::History(history)) = &model.dialog else {
            panic!("{:?}", model.dialog);
        };
        history.entries.iter().map(|one| one.id.as_str()).collect()
    }

    #[test]
    fn older_ones_are_read_from_the_last_one_on() {
        let mut model = Model::new(Surroundings::default());
        let ask = |before| [Effect::Call(Call::Audit { before })];
        let answer = |model: &mut Model, before, ids: &[&str], more| {
            let entries = ids.iter().map(|id| sample::entry(id)).collect();
            let audit = Audit {
                ok: true,
                entries,
                more,
            };
            let answer = Answered::Audit(before, Ok(audit));
            update(model, Msg::Answered(answer), NOW);
        };
        assert_eq!(update(&mut model, Msg::HistoryMore, NOW), []);
        assert_eq!(update(&mut model, Msg::AskHistory, NOW), ask(None));
        assert_eq!(update(&mut model, Msg::HistoryMore, NOW), []);
        answer(&mut model, None, &["9", "8"], true);
        assert_eq!(update(&mut model, Msg::HistoryMore, NOW), ask(Some(8)));
        // A late answer to what was asked before stands there already.
        answer(&mut model, None, &["9", "8"], true);
        answer(&mut model, Some(8), &["7"], false);
        assert_eq!(entries(&model), ["9", "8", "7"]);
        update(&mut model, Msg::Leave, NOW);
        answer(&mut model, Some(7), &["6"], false);
        assert_eq!(model.dialog, None);
    }
}

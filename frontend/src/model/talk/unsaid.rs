//! What was written to a conversation and has not arrived there, while that is not looked at.
//!
//! Knows which messages are lost with the page's memory of them. Does not know how they are sent.

use wire::{Driven, SessionId};

use crate::model::{
    Model,
    answer::Trouble,
    talk::{Sent, Step},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsaid {
    /// What stands in the message box.
    pub(super) words: String,
    /// Messages that failed, or that have no answer yet, oldest first.
    pub(super) sent: Vec<Sent>,
}

impl Unsaid {
    /// `None` where nothing would be lost.
    pub(super) fn of(words: String, mut sent: Vec<Sent>) -> Option<Self> {
        sent.retain(|sent| match sent.step {
            Step::Sending | Step::Failed(_) => true,
            Step::Handed | Step::Queued => false,
        });
        let some = !words.trim().is_empty() || !sent.is_empty();
        some.then_some(Self { words, sent })
    }

    /// No answer will be heard: nobody is there to hear it.
    pub(in crate::model) fn give_up(&mut self) {
        for sent in &mut self.sent {
            if sent.step == Step::Sending {
                // Under the same uuid it is said once, whatever has become of it.
                sent.step =
                    Step::Failed("The page was left before there was an answer.".to_owned());
            }
        }
    }
}

/// Takes in what came of a message whose conversation is not looked at any more.
pub(super) fn answered(
    model: &mut Model,
    id: &SessionId,
    uuid: &str,
    answer: &Result<Driven, Trouble>,
) {
    let Some(unsaid) = model.unsaid.get_mut(id) else {
        return;
    };
    match answer {
        Ok(_) => unsaid.sent.retain(|sent| sent.uuid != uuid),
        Err(trouble) => {
            for sent in unsaid.sent.iter_mut().filter(|sent| sent.uuid == uuid) {
                sent.step = Step::Failed(trouble.sentence());
            }
        }
    }
}

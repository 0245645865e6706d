//! What a person has written and nobody has got, while no page shows it: the host takes the page away with its tab.
//!
//! Knows what of the model that is. Does not know where it is kept meanwhile.

use wire::SessionId;

use crate::model::{
    Model,
    approvals::{RequestKey, draft::Draft},
    by_key::ByKey,
    start::Start,
    talk::{self, unsaid::Unsaid},
};

#[derive(Debug)]
pub(crate) struct Kept {
    unsaid: ByKey<SessionId, Unsaid>,
    /// Of the requests that were not answered.
    drafts: ByKey<RequestKey, Draft>,
    start: Start,
}

impl Model {
    /// The page goes: whatever is under way will not be answered.
    pub(crate) fn keep(&mut self) -> Kept {
        // What there would be to do about it is done by the end of the link.
        let _unfollow = talk::back(self);
        let mut unsaid = std::mem::take(&mut self.unsaid);
        unsaid.iter_mut().for_each(|(_, unsaid)| unsaid.give_up());
        Kept {
            unsaid,
            drafts: self.approvals.drafts(),
            start: Start {
                running: false,
                ..std::mem::take(&mut self.start)
            },
        }
    }

    /// A page is there again, with nothing of its own yet.
    pub(crate) fn take_up(&mut self, kept: Kept) {
        self.unsaid = kept.unsaid;
        self.approvals.kept = kept.drafts;
        self.start = kept.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            Answered, Msg, Surroundings,
            answer::Rows,
            approvals::{Step, draft::Change},
            start::Field,
            update::update,
        },
        sample::{self, NOW},
    };

    fn asked(model: &mut Model) {
        update(model, Msg::Start, NOW);
        let rows = Rows {
            rows: vec![sample::approval("a"), sample::approval("b")],
            newer: 0,
        };
        let answered = Answered::Approvals(1, Ok(rows));
        update(model, Msg::Answered(answered), NOW);
    }

    #[test]
    fn what_was_written_is_there_when_the_page_is_shown_again() {
        let mut model = Model::new(Surroundings::default());
        model.live.sessions = vec![wire::Session {
            holder: Some(wire::HolderKind::Stdio),
            ..sample::session(7)
        }];
        asked(&mut model);
        let id = sample::session(7).session_id.unwrap();
        let talk = |model: &mut Model, talking| update(model, Msg::Talk(talking), NOW);
        update(&mut model, Msg::Open(id.clone()), NOW);
        talk(&mut model, talk::Talking::Write("sent".to_owned()));
        talk(&mut model, talk::Talking::Say("u".to_owned()));
        talk(&mut model, talk::Talking::Write("half a".to_owned()));
        let prompt = Field::Prompt("Go on.".to_owned());
        update(&mut model, Msg::Describe(prompt), NOW);
        let key = RequestKey::of(&sample::approval("b"));
        let why = Step::Draft(Change::Reason("not yet".to_owned()));
        update(&mut model, Msg::Approval(key.clone(), why), NOW);

        let kept = model.keep();
        let mut model = Model::new(Surroundings::default());
        model.take_up(kept);
        asked(&mut model);
        update(&mut model, Msg::Open(id), NOW);
        let looked = model.talk.as_ref().unwrap();
        assert_eq!(looked.words, "half a");
        let sent = looked.sent.first().unwrap();
        assert_eq!((sent.uuid.as_str(), sent.text.as_str()), ("u", "sent"));
        // Nobody hears its answer any more; tried again it is said once.
        assert!(matches!(sent.step, talk::Step::Failed(_)));
        assert_eq!(model.start.prompt, "Go on.");
        let reasons: Vec<&str> = model
            .approvals
            .cards
            .iter()
            .map(|card| card.draft.reason.as_str())
            .collect();
        assert_eq!(reasons, ["", "not yet"]);
    }
}

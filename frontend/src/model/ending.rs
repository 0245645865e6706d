//! The question before one session is ended, with what descends from it.

use wire::{ProcessKey, Session, Tree};

use crate::model::{
    Dialog, Effect, Model,
    answer::Trouble,
    call::Call,
    doing::{Deed, Doing},
    update::heading,
};

/// A question that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// The session as it was when the question was put.
    pub(crate) session: Session,
    /// What would end with it; `None` until the answer is there.
    pub(crate) tree: Option<Result<Tree, String>>,
    /// What descends from it goes on.
    pub(crate) alone: bool,
}

pub(super) fn ask(model: &mut Model, key: ProcessKey) -> Vec<Effect> {
    let Some(session) = model.live.find(key).cloned() else {
        return Vec::new();
    };
    if model.is_busy(key) {
        return Vec::new();
    }
    let ending = Ending {
        session,
        tree: None,
        alone: false,
    };
    model.dialog = Some(Dialog::Kill(Box::new(ending)));
    vec![Effect::Call(Call::Tree(key))]
}

pub(super) fn told(model: &mut Model, key: ProcessKey, answer: Result<Tree, Trouble>) {
    if let Some(Dialog::Kill(ending)) = &mut model.dialog
        && ending.session.key == key
    {
        ending.tree = Some(match answer {
            // The number has been given to another process meanwhile, and the list will say so.
            Ok(tree) if tree.key != key => return,
            Ok(tree) => Ok(tree),
            Err(trouble) => Err(trouble.sentence()),
        });
    }
}

pub(super) fn alone(model: &mut Model, alone: bool) {
    if let Some(Dialog::Kill(ending)) = &mut model.dialog {
        ending.alone = alone;
    }
}

/// The question is answered with yes.
pub(super) fn confirm(model: &mut Model, ending: &Ending) -> Vec<Effect> {
    let Ending { session, alone, .. } = ending;
    let key = session.key;
    // Whoever ended by itself while the question stood is not asked after.
    if model.live.find(key).is_none() || model.is_busy(key) {
        return Vec::new();
    }
    let name = heading(session);
    model.doing.insert(
        key,
        Doing {
            deed: Deed::Kill,
            name,
        },
    );
    vec![Effect::Call(Call::Kill { key, tree: !alone })]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Answered, Msg, Surroundings, update::update},
        sample::{self, NOW},
    };

    #[test]
    fn the_tree_belongs_to_the_question_that_stands() {
        let key = sample::key(7);
        let mut model = Model::new(Surroundings::default());
        model.live.sessions = vec![sample::session(7), sample::session(8)];
        assert_eq!(
            update(&mut model, Msg::AskKill(key), NOW),
            [Effect::Call(Call::Tree(key))]
        );
        let told = |model: &mut Model, asked: u32, told: u32| {
            let answer = Answered::Tree(sample::key(asked), Ok(sample::tree(told)));
            update(model, Msg::Answered(answer), NOW);
            let Some(Dialog::Kill(ending)) = &model.dialog else {
                panic!("{:?}", model.dialog);
            };
            ending.tree.is_some()
        };
        // Of another question, and of another process with the same number.
        assert!(!told(&mut model, 8, 8));
        assert!(!told(&mut model, 7, 8));
        assert!(told(&mut model, 7, 7));
        update(&mut model, Msg::Alone(true), NOW);
        let kill = |tree| Effect::Call(Call::Kill { key, tree });
        assert_eq!(update(&mut model, Msg::Confirm, NOW), [kill(false)]);
        // It is under way, and is asked for once.
        assert_eq!(update(&mut model, Msg::AskKill(key), NOW), []);
        assert_eq!(model.dialog, None);
    }
}

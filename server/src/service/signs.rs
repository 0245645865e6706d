//! What seems to belong to a session and is not proved to: it is told of, and left alone.

use std::collections::HashMap;

use session_core::tree::Tree;

use super::{
    Inner, ServiceError,
    act::{Plan, unreadable},
    marks::Marks,
};
use crate::{
    observe::tree::Surveyor,
    present::{self, act::Suspect},
};

impl Inner {
    /// What seems to belong to the session and is not proved to.
    pub(super) fn signs(
        &self,
        plan: &Plan,
        tree: &mut Tree,
        surveyor: &mut Surveyor<'_>,
    ) -> Result<Vec<Suspect>, ServiceError> {
        let proc = self.observer.proc();
        let table = proc.table().map_err(unreadable)?;
        let mut signs = HashMap::new();
        for stat in table.iter().filter(|stat| !stat.is_dead()) {
            let key = stat.key;
            let shared = tree
                .doubtful()
                .iter()
                .find(|(doubtful, _)| *doubtful == key);
            let sign = match shared {
                Some((_, leader)) => {
                    present::key(*leader).map(|leader| wire::Sign::SharedGroup { leader })
                }
                None if tree.has(key)
                    || key.start_ticks < plan.target.key().start_ticks
                    || proc.owner(key.pid) != Some(plan.target.uid()) =>
                {
                    None
                }
                None => self
                    .carries(key.pid, plan)
                    .map(|variable| wire::Sign::Environment {
                        variable: variable.to_owned(),
                    }),
            };
            signs.extend(sign.map(|sign| (key, sign)));
        }
        let mut signed: Vec<_> = signs.keys().copied().collect();
        signed.sort_unstable();
        let suspects = tree.suspects(&table, &signed, surveyor);
        let told = suspects.into_iter().filter_map(|key| {
            Some(Suspect {
                key,
                sign: signs.remove(&key)?,
                facts: surveyor.look_at(table.get(key.pid)?),
            })
        });
        Ok(told.collect())
    }

    /// The variable by which a process was told of the session that started it.
    fn carries(&self, pid: u32, plan: &Plan) -> Option<&'static str> {
        let proc = self.observer.proc();
        let root = plan.key.pid.get();
        let marks = Marks::of(|name| proc.variable(pid, name));
        if marks.names_process(root) {
            // It stays the same when the session goes on with another conversation.
            return Some(Marks::PROCESS);
        }
        let conversation = marks.conversation?;
        (plan.conversation.as_ref() == Some(&conversation)).then_some(Marks::CONVERSATION)
    }
}

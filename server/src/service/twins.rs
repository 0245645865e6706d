//! Sessions that have the same conversation open.
//!
//! Each of them writes to its transcript without knowing of the other, and a resume of it goes on after whoever wrote last.

use std::collections::BTreeMap;

use wire::{ProcessKey, Session, SessionId};

/// Has two or more rows of one conversation name each other.
pub(super) fn pair(rows: &mut [Session]) {
    let mut holders: BTreeMap<SessionId, Vec<ProcessKey>> = BTreeMap::new();
    for row in rows.iter() {
        if let Some(id) = &row.session_id {
            holders.entry(id.clone()).or_default().push(row.key);
        }
    }
    for row in rows {
        let holders = row.session_id.as_ref().and_then(|id| holders.get(id));
        let others = holders.into_iter().flatten().copied();
        row.twin_of = others.filter(|key| *key != row.key).collect();
        row.twin_of.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A row of process `pid`, with the conversation that goes by this number.
    fn row(pid: u32, conversation: Option<u32>) -> Session {
        let golden = include_str!("../../../wire/tests/golden/session.json");
        let key: ProcessKey = format!("{pid}:1").parse().unwrap();
        Session {
            pid: key.pid,
            key,
            session_id: conversation.map(|number| format!("{number:08x}").parse().unwrap()),
            ..serde_json::from_str(golden).unwrap()
        }
    }

    fn twins(rows: &[Session]) -> Vec<Vec<u32>> {
        let pids = |row: &Session| row.twin_of.iter().map(|key| key.pid.get()).collect();
        rows.iter().map(pids).collect()
    }

    #[test]
    fn those_of_one_conversation_name_each_other_in_order() {
        let mut rows = [
            row(9, Some(1)),
            row(2, Some(2)),
            row(10, Some(1)),
            row(4, None),
            row(5, None),
            row(3, Some(1)),
        ];
        pair(&mut rows);
        assert_eq!(
            twins(&rows),
            [vec![3, 10], vec![], vec![3, 9], vec![], vec![], vec![9, 10]]
        );
        // One has ended.
        let mut rows = [rows[0].clone(), rows[1].clone()];
        pair(&mut rows);
        assert!(twins(&rows).iter().all(Vec::is_empty));
    }

    proptest! {
        #[test]
        fn whoever_names_a_twin_is_named_by_it(
            conversations in proptest::collection::vec(proptest::option::of(0..4_u32), 0..12),
        ) {
            let pids = 1..;
            let mut rows: Vec<Session> = pids.zip(conversations).map(|(pid, id)| row(pid, id)).collect();
            pair(&mut rows);
            for one in &rows {
                for other in &rows {
                    let same = one.session_id.is_some() && one.session_id == other.session_id && one.key != other.key;
                    prop_assert_eq!(one.twin_of.contains(&other.key), same);
                }
                prop_assert!(one.twin_of.is_sorted());
            }
        }
    }
}

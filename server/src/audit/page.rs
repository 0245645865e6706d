//! A part of the log, put together from its lines, the last one first.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    io,
    ops::ControlFlow,
};

use wire::{Audit, AuditEntry, Page};

use super::{
    file,
    line::{Ended, Line},
};
use crate::{beneath::Directory, observe::transcript::backwards};

/// The log of somebody who has done nothing.
pub(super) fn empty() -> Audit {
    Fold::new(Page::default()).finish()
}

/// Reads backwards, and no further than the part needs.
pub(super) fn read(directory: &Directory, page: Page) -> io::Result<Audit> {
    let mut fold = Fold::new(page);
    for name in file::names() {
        let (file, entry) = match directory.file(OsStr::new(&name)) {
            Ok(opened) => opened,
            // A rotation that was cut short leaves a gap.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        backwards::lines(&file, 0..entry.size_bytes, |line, _| fold.take(line))?;
        if fold.is_full() {
            break;
        }
    }
    Ok(fold.finish())
}

struct Fold {
    page: Page,
    /// Ends whose beginnings are further back.
    ended: HashMap<u64, Ended>,
    /// By number: a file that was put aside while it was read is met twice.
    entries: BTreeMap<u64, AuditEntry>,
}

impl Fold {
    fn new(page: Page) -> Self {
        Self {
            page,
            ended: HashMap::new(),
            entries: BTreeMap::new(),
        }
    }

    fn take(&mut self, line: &[u8]) -> ControlFlow<()> {
        match Line::parse(line) {
            // A damaged line is nobody's.
            None => {}
            Some(Line::Ended(ended)) => {
                self.ended.entry(ended.id).or_insert(ended);
            }
            Some(Line::Begun(begun)) => {
                let id = begun.id;
                let ended = self.ended.remove(&id);
                if self.page.before.is_none_or(|before| id < before) {
                    self.entries.entry(id).or_insert_with(|| begun.entry(ended));
                }
            }
        }
        if self.is_full() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Numbers grow from line to line, so nothing newer is further back. One more tells that there are more.
    fn is_full(&self) -> bool {
        self.entries.len() > self.limit()
    }

    fn limit(&self) -> usize {
        usize::try_from(self.page.limit).unwrap_or(usize::MAX)
    }

    fn finish(self) -> Audit {
        let limit = self.limit();
        Audit {
            ok: true,
            more: self.entries.len() > limit,
            entries: self.entries.into_values().rev().take(limit).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::line::tests::{begun, ended},
        *,
    };

    fn fold(lines: &[&[u8]], page: Page) -> Audit {
        let mut fold = Fold::new(page);
        for line in lines.iter().rev() {
            if fold.take(line).is_break() {
                break;
            }
        }
        fold.finish()
    }

    fn ids(audit: &Audit) -> Vec<(&str, Option<&str>)> {
        let entries = audit.entries.iter();
        entries
            .map(|entry| (entry.id.as_str(), entry.outcome.as_deref()))
            .collect()
    }

    fn of(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| line.render().trim_end().to_owned())
            .collect()
    }

    fn page(limit: u32, before: Option<u64>) -> Page {
        Page { limit, before }
    }

    #[test]
    fn ends_find_their_beginnings_whatever_is_between() {
        let lines = of(&[begun(1), begun(2), ended(1), begun(3), ended(3)]);
        let mut lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        lines.insert(3, b"{\"event\":\"begun\",\"id\":\"9");
        lines.insert(1, b"\0\xff");
        let whole = fold(&lines, page(100, None));
        let exited = Some("exited");
        assert_eq!(ids(&whole), [("3", exited), ("2", None), ("1", exited)]);
        assert!(!whole.more);
        let first = fold(&lines, page(2, None));
        assert_eq!(ids(&first), [("3", exited), ("2", None)]);
        assert!(first.more);
        let rest = fold(&lines, page(2, Some(2)));
        assert_eq!(ids(&rest), [("1", exited)]);
        assert!(!rest.more);
        assert_eq!(ids(&fold(&lines, page(2, Some(1)))), []);
    }

    #[test]
    fn what_is_met_twice_is_told_once() {
        let lines = of(&[begun(1), ended(1), begun(1), ended(1)]);
        let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        assert_eq!(ids(&fold(&lines, page(9, None))), [("1", Some("exited"))]);
    }

    proptest! {
        /// Whatever became of the file, what is left of it is told in order, and a part of it is a part of the whole.
        #[test]
        fn no_damage_makes_it_panic_or_lose_count(
            ids in proptest::collection::vec(0..40_u64, 0..40),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            limit in 1..20_u32,
            before in proptest::option::of(0..40_u64),
        ) {
            let text: String = ids.iter().map(|&id| if id % 3 == 0 { ended(id / 3) } else { begun(id / 3) }.render()).collect();
            let mut bytes = text.into_bytes();
            for (at, byte) in damage {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            let audit = fold(&lines, page(limit, before));
            prop_assert!(audit.entries.len() <= limit as usize);
            let numbers: Vec<u64> = audit.entries.iter().map(|entry| entry.id.parse().unwrap()).collect();
            prop_assert!(numbers.is_sorted_by(|a, b| a > b));
            prop_assert!(before.is_none_or(|before| numbers.iter().all(|id| *id < before)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            prop_assert!(fold(&lines, page(5, None)).entries.is_empty());
        }
    }
}

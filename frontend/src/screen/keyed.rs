//! A list whose rows change one by one: the order is one signal, each row another.

use leptos::prelude::*;

/// A row's key and its signal.
pub(crate) type Cell<K, V> = (K, ArcRwSignal<V>);

/// Rows by key. Setting a row touches its own signal; the order's is touched when rows come, go or move.
pub(crate) struct Keyed<K: 'static, V: 'static>(RwSignal<Vec<Cell<K, V>>>);

impl<K, V> Clone for Keyed<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Keyed<K, V> {}

impl<K, V> Keyed<K, V>
where
    K: Clone + PartialEq + Send + Sync + 'static,
    V: Clone + PartialEq + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Returns the rows in order, and follows the order.
    pub(crate) fn rows(self) -> Vec<Cell<K, V>> {
        self.0.get()
    }

    /// Replaces the rows. Each key occurs once.
    pub(crate) fn set(self, rows: Vec<(K, V)>) {
        let Some(shown) = self.0.try_get_untracked() else {
            return;
        };
        let mut moved = shown.len() != rows.len();
        let next = rows.into_iter().enumerate().map(|(place, (key, value))| {
            // Mostly each row is where it was.
            let same = shown.get(place).filter(|(k, _)| *k == key);
            moved |= same.is_none();
            let old = same.or_else(|| shown.iter().find(|(k, _)| *k == key));
            let Some((_, signal)) = old else {
                return (key, ArcRwSignal::new(value));
            };
            if signal.with_untracked(|old| *old != value) {
                signal.set(value);
            }
            (key, signal.clone())
        });
        let next: Vec<_> = next.collect();
        if moved {
            self.0.try_set(next);
        }
    }
}

impl<K, V> Default for Keyed<K, V>
where
    K: Clone + PartialEq + Send + Sync + 'static,
    V: Clone + PartialEq + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_signal_wherever_it_moves() {
        Owner::new().with(|| {
            let keyed = Keyed::<u8, &str>::new();
            keyed.set(vec![(1, "a"), (2, "b")]);
            let before = keyed.rows();
            keyed.set(vec![(2, "B"), (3, "c"), (1, "a")]);
            let after = keyed.rows();
            let keys: Vec<_> = after.iter().map(|(key, row)| (*key, row.get())).collect();
            assert_eq!(keys, [(2, "B"), (3, "c"), (1, "a")]);
            // The old handle sees the new value: it is the same signal.
            assert_eq!(before[1].1.get(), "B");
            assert_eq!(before[0].1.get(), "a");
        });
    }
}

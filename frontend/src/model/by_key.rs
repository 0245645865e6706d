//! A map for the few: the rows that are unfolded, or being ended. A tree would bring ten kilobytes for each type.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByKey<K, V>(Vec<(K, V)>);

impl<K: PartialEq, V> Default for ByKey<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: PartialEq, V> ByKey<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0
            .iter_mut()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Puts a value in; the one that had the key goes.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.get_mut(&key) {
            Some(old) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.swap_remove(place).1)
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_value() {
        let mut map = ByKey::new();
        map.insert(1, "a");
        map.insert(2, "b");
        map.insert(1, "c");
        assert_eq!(
            (map.get(&1), map.get(&2), map.get(&3)),
            (Some(&"c"), Some(&"b"), None)
        );
        assert_eq!((map.remove(&1), map.remove(&1)), (Some("c"), None));
        map.retain(|key, _| *key != 2);
        assert!(!map.contains(&2));
    }
}

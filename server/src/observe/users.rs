//! Login names, looked up once each.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use nix::unistd::{Uid, User};

/// Remembers the names of the uids that were asked for.
#[derive(Debug, Default)]
pub struct Users {
    names: Mutex<HashMap<u32, String>>,
}

impl Users {
    /// The login name, or the uid in digits where it has none (musl looks into `/etc/passwd` only).
    pub fn name(&self, uid: u32) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = names.entry(uid).or_insert_with(|| {
            let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
            user.map_or_else(|| uid.to_string(), |user| user.name)
        });
        name.clone()
    }
}

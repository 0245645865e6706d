//! The book as text that outlives this process.
//!
//! Written by us, and read as carefully as anything else: what can't be read is left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Book, Family, Remembered};
use crate::{
    id::{ProcessKey, SessionId, UnixMillis},
    tree::claim::Descent,
};

/// Raised by whatever an older version could not read.
const FORM: u64 = 1;

/// Processes of so many sessions are remembered, and so many of each: far more than run anywhere.
const MOST_FAMILIES: usize = 1_000;
const MOST_MEMBERS: usize = 5_000;

#[derive(Deserialize)]
struct Kept {
    form: u64,
    /// The boot and pid namespace in which the keys mean something.
    place: String,
    families: Vec<Value>,
}

#[derive(Deserialize)]
struct KeptFamily {
    key: String,
    uid: u32,
    conversation: Option<String>,
    cwd: Option<String>,
    last_seen_at: u64,
    members: Vec<(String, u64)>,
}

impl Book {
    /// Returns the text; `place` names the boot and the pid namespace that it is about.
    pub fn to_text(&self, place: &str) -> String {
        let key = |key: &ProcessKey| format!("{}:{}", key.pid, key.start_ticks);
        let family = |(root, family): (&ProcessKey, &Family)| {
            let members = family.members.iter().take(MOST_MEMBERS);
            let members: Vec<Value> = members
                .map(|(member, it)| json!([key(member), it.at.0]))
                .collect();
            json!({
                "key": key(root),
                "uid": family.uid,
                "conversation": family.conversation.as_ref().map(SessionId::as_str),
                "cwd": family.cwd,
                "last_seen_at": family.last_seen_at.0,
                "members": members,
            })
        };
        let families = self.families.iter().take(MOST_FAMILIES).map(family);
        let families: Vec<Value> = families.collect();
        json!({ "form": FORM, "place": place, "families": families }).to_string()
    }

    /// Reads the text; empty where it is none, or is about another boot or pid namespace.
    pub fn from_text(text: &[u8], place: &str) -> Self {
        let kept = serde_json::from_slice::<Kept>(text).ok();
        let Some(kept) = kept.filter(|kept| kept.form == FORM && kept.place == place) else {
            return Self::default();
        };
        let families = kept.families.into_iter().take(MOST_FAMILIES);
        let families = families
            .filter_map(|family| serde_json::from_value::<KeptFamily>(family).ok())
            .filter_map(family);
        Self {
            families: families.collect(),
        }
    }
}

fn family(kept: KeptFamily) -> Option<(ProcessKey, Family)> {
    let root = key(&kept.key)?;
    let member = |(text, at): &(String, u64)| {
        let at = UnixMillis(*at);
        let remembered = Remembered {
            descent: Descent::Seen { at },
            at,
        };
        Some((key(text)?, remembered))
    };
    let members: BTreeMap<ProcessKey, Remembered> = kept
        .members
        .iter()
        .take(MOST_MEMBERS)
        .filter_map(member)
        .collect();
    let family = Family {
        uid: kept.uid,
        conversation: kept.conversation.as_deref().and_then(SessionId::parse),
        cwd: kept.cwd,
        last_seen_at: UnixMillis(kept.last_seen_at),
        members,
    };
    Some((root, family))
}

fn key(text: &str) -> Option<ProcessKey> {
    let (pid, ticks) = text.split_once(':')?;
    Some(ProcessKey {
        pid: pid.parse().ok().filter(|pid| *pid > 0)?,
        start_ticks: ticks.parse().ok()?,
    })
}

//! What was read of transcripts that have not changed since, so that a listing reads only what is new.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Transcript, recent::Brief};

/// About 500 bytes each; a machine with more recent conversations than this reads some of them again.
const LIMIT: usize = 4096;

/// Briefs by path, valid while the file's size, time and inode stay the same.
#[derive(Debug, Default)]
pub struct DigestCache {
    briefs: Mutex<HashMap<PathBuf, (Version, Arc<Brief>)>>,
}

type Version = (u64, i128, u64);

impl DigestCache {
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn get(&self, transcript: &Transcript) -> Option<Arc<Brief>> {
        let briefs = self.briefs.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, brief) = briefs.get(&transcript.path)?;
        (*known == version(transcript)).then(|| Arc::clone(brief))
    }

    pub(super) fn put(&self, transcript: &Transcript, brief: &Arc<Brief>) {
        let mut briefs = self.briefs.lock().unwrap_or_else(PoisonError::into_inner);
        if briefs.len() >= LIMIT && !briefs.contains_key(&transcript.path) {
            // Starting over is simpler than ageing, and the next listing fills it again.
            briefs.clear();
        }
        briefs.insert(
            transcript.path.clone(),
            (version(transcript), Arc::clone(brief)),
        );
    }
}

fn version(transcript: &Transcript) -> Version {
    (
        transcript.size_bytes,
        transcript.modified_nanos,
        transcript.file.inode,
    )
}

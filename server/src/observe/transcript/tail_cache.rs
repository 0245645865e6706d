//! The ends of transcripts that were read before, so that the next look costs only what was appended.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use session_core::transcript::tail::Tail;

use super::{
    Transcript, Transcripts,
    reading::Unreadable,
    subagents::Subagent,
    tail::{Known, Version},
};

/// A machine with more live sessions than this reads some ends again.
const LIMIT: usize = 1_024;

/// Ends by path. What was not asked for longest makes room.
#[derive(Debug, Default)]
pub struct TailCache {
    ends: Mutex<Ends>,
}

#[derive(Debug, Default)]
struct Ends {
    by_path: HashMap<PathBuf, Asked>,
    /// Counts the questions; the time of this cache.
    questions: u64,
}

#[derive(Debug)]
struct Asked {
    known: Known,
    last: u64,
}

impl TailCache {
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what the end of `transcript` says, `None` where it is archived or can't be read.
    pub fn get(&self, transcripts: &Transcripts, transcript: &Transcript) -> Option<Arc<Tail>> {
        if transcript.archived {
            return None;
        }
        let version = Version::of_transcript(transcript);
        self.end(&transcript.path, version, |known| {
            transcripts.tail(transcript, known)
        })
    }

    /// Returns what the end of a subagent's transcript says, `None` where it can't be read.
    pub fn of_subagent(&self, transcripts: &Transcripts, subagent: &Subagent) -> Option<Arc<Tail>> {
        self.end(&subagent.path(), subagent.version(), |known| {
            transcripts.subagent_tail(subagent, known)
        })
    }

    /// Forgets the end of this transcript and those of its subagents' transcripts: nobody writes them any more.
    pub fn forget(&self, transcript: &Path) {
        let subagents = transcript.with_extension("");
        let by_path = &mut self.ends().by_path;
        by_path.retain(|path, _| path != transcript && !path.starts_with(&subagents));
    }

    fn end(
        &self,
        path: &Path,
        version: Version,
        read: impl FnOnce(Option<Known>) -> Result<Known, Unreadable>,
    ) -> Option<Arc<Tail>> {
        let known = self.ends().known(path);
        if let Some(known) = &known
            && known.is_of(version)
        {
            return Some(Arc::clone(known.tail()));
        }
        // Nobody waits for this reading; two at once find the same.
        let known = read(known).ok()?;
        let tail = Arc::clone(known.tail());
        self.ends().keep(path, known);
        Some(tail)
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ends {
    fn known(&mut self, path: &Path) -> Option<Known> {
        self.questions += 1;
        let asked = self.by_path.get_mut(path)?;
        asked.last = self.questions;
        Some(asked.known.clone())
    }

    fn keep(&mut self, path: &Path, known: Known) {
        if self.by_path.len() >= LIMIT && !self.by_path.contains_key(path) {
            let oldest = self.by_path.iter().min_by_key(|(_, asked)| asked.last);
            if let Some(path) = oldest.map(|(path, _)| path.clone()) {
                self.by_path.remove(&path);
            }
        }
        let last = self.questions;
        self.by_path.insert(path.to_owned(), Asked { known, last });
    }
}

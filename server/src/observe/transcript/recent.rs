//! The conversations that were touched lately, with the few words that tell them apart.

use std::{ffi::OsStr, io, path::PathBuf, sync::Arc};

use rustix::fs::lstat;
use session_core::{
    id::{SessionId, UnixMillis},
    project_dir,
    transcript::{Digest, Place, Talk, TranscriptName, text},
};

use super::{Transcript, Transcripts, digest_cache::DigestCache, reading::Unreadable};
use crate::beneath::{Directory, Entry};

/// Read from each end of a transcript for one row.
const WITHIN: u64 = 256 << 10;
/// Decompressed for one row: an archive has to be read from its start.
const ARCHIVE_WITHIN: u64 = 4 << 20;
/// In UTF-16 units; a row shows less.
const TEXT_LIMIT: usize = 500;

/// The words for one row. A field is `None` where the part that was read does not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    pub title: Option<String>,
    pub last_prompt: Option<String>,
    pub git_branch: Option<String>,
    pub cwd: Option<String>,
    /// False where the file is empty or a subagent's.
    pub conversation: bool,
}

/// One conversation of the listing.
#[derive(Clone, Debug)]
pub struct Recent {
    pub transcript: Transcript,
    pub brief: Arc<Brief>,
}

impl Transcripts {
    /// Lists the conversations that changed at or after `since`, newest first; one that lies in two files is listed
    /// once. What can't be read is left out, since nothing could be told of it.
    pub fn recent(&self, since: UnixMillis, cache: &DigestCache) -> io::Result<Vec<Recent>> {
        let found = self.newest(|transcript| transcript.modified >= since)?;
        Ok(found
            .into_iter()
            .filter_map(|transcript| {
                let brief = self.brief(&transcript, cache).ok()?;
                brief.conversation.then_some(Recent { transcript, brief })
            })
            .collect())
    }

    /// Lists every conversation that passes `keep`, newest first and once, unread.
    pub fn newest(&self, keep: impl Fn(&Transcript) -> bool) -> io::Result<Vec<Transcript>> {
        let mut found = self.all(keep)?;
        // What is not archived wins over what is, then the newer over the older.
        found.sort_by(|a, b| {
            (a.id(), a.archived, b.modified_nanos).cmp(&(b.id(), b.archived, a.modified_nanos))
        });
        found.dedup_by(|b, a| a.place.id == b.place.id);
        found.sort_by_key(|transcript| std::cmp::Reverse(transcript.modified_nanos));
        Ok(found)
    }

    /// Lists every file that is named like a conversation's and passes `keep`, in no order, unread.
    pub fn all(&self, keep: impl Fn(&Transcript) -> bool) -> io::Result<Vec<Transcript>> {
        let Some(projects) = self.projects()? else {
            return Ok(Vec::new());
        };
        let found = projects
            .names()?
            .into_iter()
            .flat_map(|project| self.within(&projects, &project));
        Ok(found.filter(keep).collect())
    }

    /// Lists every such file of the conversations that were begun in `cwd`, in no order, unread.
    pub fn begun_in(&self, cwd: &str) -> Vec<Transcript> {
        match self.projects() {
            Ok(Some(projects)) => self.within(&projects, &project_dir::encode(cwd)),
            Ok(None) | Err(_) => Vec::new(),
        }
    }

    /// A project that can't be entered, or is a link, has nothing to show.
    fn within(&self, projects: &Directory, project: &str) -> Vec<Transcript> {
        let Ok(directory) = projects.directory(OsStr::new(project)) else {
            return Vec::new();
        };
        let transcript = |name: String| {
            let TranscriptName { id, archived } = TranscriptName::parse(&name)?;
            let entry = directory.entry(OsStr::new(&name)).ok()??;
            let place = Place::new(self.config.clone(), project, id)?;
            Some(Transcript::new(place, archived, &entry))
        };
        let names = directory.names().unwrap_or_default();
        names.into_iter().filter_map(transcript).collect()
    }

    /// Returns the transcript if it lies where `cwd` tells. One look at its name: most rows of most lists need no more.
    /// Whoever opens it looks again.
    pub fn glance(&self, id: &SessionId, cwd: &str) -> Option<Transcript> {
        let place = self.place(id, cwd)?;
        let entry = Entry::of(&lstat(place.transcript_path()).ok()?);
        Some(Transcript::new(place, false, &entry))
    }

    /// Returns where Claude Code puts the transcript of a conversation that is begun in `cwd`.
    pub fn expected(&self, id: &SessionId, cwd: &str) -> Option<PathBuf> {
        self.place(id, cwd).map(|place| place.transcript_path())
    }

    fn place(&self, id: &SessionId, cwd: &str) -> Option<Place> {
        Place::new(self.config.clone(), &project_dir::encode(cwd), id.clone())
    }

    /// Returns the words for a row, from memory where the file has not changed.
    pub fn brief(
        &self,
        transcript: &Transcript,
        cache: &DigestCache,
    ) -> Result<Arc<Brief>, Unreadable> {
        if let Some(known) = cache.get(transcript) {
            return Ok(known);
        }
        let within = if transcript.archived {
            ARCHIVE_WITHIN
        } else {
            WITHIN
        };
        let reading = self.digest_within(transcript, within)?;
        let conversation = match reading.talk {
            Talk::Conversation => true,
            Talk::SubagentOnly => false,
            // A single huge line can fill the part that is read; then there is something, just not in sight.
            Talk::Silence => !reading.whole,
        };
        let brief = Arc::new(Brief::new(reading.digest, conversation));
        cache.put(transcript, &brief);
        Ok(brief)
    }
}

impl Brief {
    fn new(digest: Digest, conversation: bool) -> Self {
        let short =
            |field: Option<String>| field.map(|words| text::cut(&words, TEXT_LIMIT).to_owned());
        Self {
            title: short(digest.title),
            last_prompt: short(digest.last_prompt),
            git_branch: short(digest.git_branch),
            // No directory of the kernel's is longer (PATH_MAX).
            cwd: digest.cwd.filter(|cwd| cwd.len() <= 4096),
            conversation,
        }
    }
}

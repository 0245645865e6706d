//! The transcripts below one configuration directory: finding them and reading what they were last about.
//!
//! Knows where Claude Code puts them. Follows no symbolic link below `projects/`, waits for no FIFO, and holds no more
//! than a few megabytes whatever a file's size. All of it blocks; call it off the async threads.

pub(crate) mod backwards;
pub mod digest_cache;
mod forwards;
pub mod onward;
pub mod reading;
pub mod recent;
pub mod subagents;
pub mod tail;
pub mod tail_cache;

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use session_core::{
    id::{SessionId, UnixMillis},
    project_dir,
    transcript::Place,
};

use reading::Unreadable;

use crate::beneath::{Directory, Entry, FileId};

/// The transcripts of one configuration directory.
#[derive(Clone, Debug)]
pub struct Transcripts {
    config: PathBuf,
}

/// One transcript as it was found. It may have changed, or be no readable file at all: reading tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    pub place: Place,
    pub path: PathBuf,
    /// It is gzipped: Claude Code does not see it until it is restored.
    pub archived: bool,
    pub size_bytes: u64,
    pub modified: UnixMillis,
    pub file: FileId,
    /// Finer than `modified`, for comparing only.
    pub modified_nanos: i128,
    /// False for a link, a FIFO, a device or a directory.
    pub regular: bool,
}

impl Transcript {
    pub fn id(&self) -> &SessionId {
        &self.place.id
    }

    fn new(place: Place, archived: bool, entry: &Entry) -> Self {
        Self {
            path: if archived {
                place.archive_path()
            } else {
                place.transcript_path()
            },
            place,
            archived,
            size_bytes: entry.size_bytes,
            modified: entry.modified,
            file: entry.file,
            modified_nanos: entry.modified_nanos,
            regular: entry.kind == rustix::fs::FileType::RegularFile,
        }
    }

    fn name(&self) -> String {
        if self.archived {
            self.place.archive_name()
        } else {
            self.place.transcript_name()
        }
    }
}

impl Transcripts {
    /// `config` is Claude Code's configuration directory, `~/.claude` or `$CLAUDE_CONFIG_DIR`.
    pub fn at(config: &Path) -> Self {
        Self {
            config: config.to_owned(),
        }
    }

    /// Returns the transcript of `id`, `None` where there is none. `cwd`, with its links resolved, tells where to look
    /// first; without a hit there, every project is searched. What is not archived is newer and wins.
    pub fn find(&self, id: &SessionId, cwd: Option<&str>) -> io::Result<Option<Transcript>> {
        let Some(projects) = self.projects()? else {
            return Ok(None);
        };
        let expected = cwd.map(project_dir::encode);
        if let Some(project) = &expected
            && let Some(found) = self.look(&projects, project, id)
            && !found.archived
        {
            return Ok(Some(found));
        }
        let rank = |found: &Transcript| {
            let exact = expected.as_ref() == Some(&found.place.project);
            (!found.archived, exact, found.modified_nanos)
        };
        Ok(projects
            .names()?
            .iter()
            .filter_map(|project| self.look(&projects, project, id))
            .max_by_key(rank))
    }

    /// Looks into one project. A project that can't be entered has nothing to show.
    fn look(&self, projects: &Directory, project: &str, id: &SessionId) -> Option<Transcript> {
        let place = Place::new(self.config.clone(), project, id.clone())?;
        let directory = projects.directory(OsStr::new(project)).ok()?;
        [
            (place.transcript_name(), false),
            (place.archive_name(), true),
        ]
        .into_iter()
        .find_map(|(name, archived)| {
            let entry = directory.entry(OsStr::new(&name)).ok()??;
            Some(Transcript::new(place.clone(), archived, &entry))
        })
    }

    fn projects(&self) -> io::Result<Option<Directory>> {
        match Directory::inside(&self.config, "projects") {
            Ok(directory) => Ok(Some(directory)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open(&self, transcript: &Transcript) -> Result<(std::fs::File, Entry), Unreadable> {
        let open = || {
            Directory::inside(&self.config, "projects")?
                .directory(OsStr::new(&transcript.place.project))?
                .file(OsStr::new(&transcript.name()))
        };
        open().map_err(|error| Unreadable::new(&transcript.path, &error))
    }
}

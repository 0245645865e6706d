//! Reads the reports that `session-manager hook` keeps, one file a session.
//!
//! They lie below the home and not below a Claude Code configuration: the server and whoever started the session agree on
//! the home alone. Does not know what a report means, nor who writes it.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use session_core::{hook::Report, id::SessionId};

use crate::beneath::Directory;

/// The reports of one home.
#[derive(Clone, Debug)]
pub struct HookReports {
    home: PathBuf,
}

/// Where the reports lie below the home. Only the first two may be links: they are shared with other programs.
pub const SHARED: [&str; 2] = [".local", "state"];
pub const OWN: [&str; 2] = ["session-manager", "hooks"];

/// In the environment of a session that is held without a terminal: the key of the process that holds it. Tools' own sessions
/// inherit it.
pub const HELD: &str = "SESSION_MANAGER_HELD";

/// More than eight questions of the greatest length.
const MAX_BYTES: u64 = 256 * 1024;
/// Far more sessions than report within the days for which a report is kept.
const MAX_REPORTS: usize = 4096;

impl HookReports {
    pub fn at(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
        }
    }

    /// The directory of the reports, whether or not it is there.
    pub fn path(&self) -> PathBuf {
        let mut path = self.home.clone();
        path.extend(SHARED);
        path.extend(OWN);
        path
    }

    /// What the hooks of a session last said; `None` where they never did.
    pub fn of(&self, id: &SessionId) -> Option<Report> {
        let (directory, owner) = self.open().ok()?;
        read(&directory, id, owner)
    }

    /// All reports, those of ended sessions included, in no order.
    pub fn all(&self) -> Vec<Report> {
        let Ok((directory, owner)) = self.open() else {
            return Vec::new();
        };
        let names = directory.names().unwrap_or_default();
        names
            .iter()
            .filter_map(|name| session(name))
            .take(MAX_REPORTS)
            .filter_map(|id| read(&directory, &id, owner))
            .collect()
    }

    /// The directory and the uid to whom it and the home belong.
    pub fn open(&self) -> io::Result<(Directory, u32)> {
        let mut path = self.home.clone();
        path.extend(SHARED);
        let mut directory = Directory::root(&path)?;
        for name in OWN {
            directory = directory.directory(OsStr::new(name))?;
        }
        let owner = fs::metadata(&self.home)?.uid();
        // A link above it must not lead root to what somebody else wrote.
        if rustix::fs::fstat(&directory)?.st_uid != owner {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok((directory, owner))
    }
}

/// The name of a session's report.
pub fn name(id: &SessionId) -> String {
    format!("{id}.json")
}

/// The session that a file is about, `None` where its name is not a report's.
pub fn session(name: &str) -> Option<SessionId> {
    SessionId::parse(name.strip_suffix(".json")?)
}

/// Reads one report; `None` where there is none, it is not this user's, or it is about another session than its name says.
pub fn read(directory: &Directory, id: &SessionId, owner: u32) -> Option<Report> {
    let (file, entry) = directory.file(OsStr::new(&name(id))).ok()?;
    if file.metadata().ok()?.uid() != owner || entry.size_bytes > MAX_BYTES {
        return None;
    }
    let mut content = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut content).ok()?;
    Report::parse(&content).filter(|report| report.session_id == *id)
}

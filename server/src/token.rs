//! The token that stands in for a caller whom the kernel does not tell: a file that only its owner may read.
//!
//! It lies below the home whatever `XDG_STATE_HOME` says: CloudCLI hands its servers no variable but `HOME` and `PATH`, and
//! what is put here from a shell must be found by them. Knows the file and what makes it unsafe. Does not know who has to show
//! the token, which is never printed or logged.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use subtle::ConstantTimeEq as _;

use crate::{
    beneath::{Access, Directory},
    secret::Secret,
    state_dir::StateDir,
};

/// `~/.local/state/session-manager/token` of one home.
#[derive(Clone, Debug)]
pub struct TokenFile {
    place: StateDir,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// Somebody else may know it, or may have put it there.
    #[error("{} {what}", .path.display())]
    Unsafe { path: PathBuf, what: &'static str },
    /// A link or what else is no file is not opened either; the error says so.
    #[error("{} can't be {what}: {error}", .path.display())]
    Io {
        path: PathBuf,
        what: &'static str,
        error: io::Error,
    },
}

const NAME: &str = "token";
/// Its digits and the end of the line; one more shows that there is more.
const MAX_BYTES: u64 = 66;
/// What a group or all others may do.
const OTHERS: u32 = 0o077;

impl TokenFile {
    pub fn of(home: &Path) -> Self {
        Self {
            place: StateDir::below(home),
        }
    }

    /// Where it is, whether or not it is there.
    pub fn path(&self) -> PathBuf {
        self.place.path().join(NAME)
    }

    /// Reads the token, unless somebody else could have read or written it.
    pub fn read(&self) -> Result<Secret, TokenFault> {
        let directory = self.place.find();
        match directory.map_err(|error| self.fault("read", error))? {
            Some(directory) => self.read_in(&directory),
            None => Err(TokenFault::Missing(self.path())),
        }
    }

    /// Reads the token, or draws one where there is none.
    pub fn make(&self) -> Result<Secret, TokenFault> {
        let directory = self.place.open();
        let directory = directory.map_err(|error| self.fault("made", error))?;
        match self.read_in(&directory) {
            Err(TokenFault::Missing(_)) => {}
            there => return there,
        }
        match write_in(&directory) {
            // Somebody was faster.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(self.fault("made", error))
            }
            Ok(()) | Err(_) => self.read_in(&directory),
        }
    }

    /// Removes the file; false where there is none.
    pub fn remove(&self) -> Result<bool, TokenFault> {
        let removed = self.place.find().and_then(|directory| match directory {
            Some(directory) => directory.remove(OsStr::new(NAME)),
            None => Err(io::ErrorKind::NotFound.into()),
        });
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.fault("removed", error)),
        }
    }

    /// Whether `shown` is the token.
    pub fn is(&self, shown: &Secret) -> Result<bool, TokenFault> {
        Ok(self.read()?.ct_eq(shown).into())
    }

    fn read_in(&self, directory: &Directory) -> Result<Secret, TokenFault> {
        let fault = |error| self.fault("read", error);
        let (file, _) = directory.file(OsStr::new(NAME)).map_err(fault)?;
        let facts = file.metadata().map_err(fault)?;
        let not = |what| TokenFault::Unsafe {
            path: self.path(),
            what,
        };
        if facts.uid() != geteuid().as_raw() {
            return Err(not("is another user's"));
        }
        if facts.mode() & OTHERS != 0 {
            return Err(not(
                "may be read by others, who may know the token: run `session-manager host-token --remove`, then `host-token`",
            ));
        }
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text).map_err(fault)?;
        Secret::parse(text.trim_ascii_end()).ok_or_else(|| {
            not("is no token: run `session-manager host-token --remove`, then `host-token`")
        })
    }

    fn fault(&self, what: &'static str, error: io::Error) -> TokenFault {
        let path = self.path();
        if error.kind() == io::ErrorKind::NotFound {
            TokenFault::Missing(path)
        } else {
            TokenFault::Io { path, what, error }
        }
    }
}

/// Puts a new token in its place as a whole, and fails where there is one.
fn write_in(directory: &Directory) -> io::Result<()> {
    let token = Secret::draw()?;
    let content = format!("{}\n", token.hex());
    let new = directory.replacement(OsStr::new(NAME), content.as_bytes(), Access::Ours)?;
    new.place_new()
}

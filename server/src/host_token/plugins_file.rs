//! CloudCLI's `~/.claude-code-ui/plugins.json`: read as a whole, replaced as a whole, and never through a link.
//!
//! Does not know what is in it.

use std::{
    ffi::OsStr,
    fs, io,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use crate::beneath::{self, Access, Directory};

/// The file as it was read.
#[derive(Debug)]
pub(super) struct PluginsFile {
    directory: Directory,
    /// `None` where there is no file.
    pub(super) text: Option<String>,
    /// Whether others may read it.
    pub(super) is_open: bool,
}

/// Why the file stays as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{} {what}", .path.display())]
    Wrong { path: PathBuf, what: &'static str },
    #[error("{} was changed in the meantime; try again", .0.display())]
    Changed(PathBuf),
    #[error("{} can't be {what}: {}", .path.display(), beneath::why(.error))]
    Io {
        path: PathBuf,
        what: &'static str,
        error: io::Error,
    },
}

const DIRECTORY: &str = ".claude-code-ui";
const NAME: &str = "plugins.json";
/// Far more than anybody's plugins.
const MAX_BYTES: u64 = 4 << 20;

impl PluginsFile {
    /// Where CloudCLI looks for it.
    pub(super) fn path(home: &Path) -> PathBuf {
        home.join(DIRECTORY).join(NAME)
    }

    /// Reads the file; `None` where CloudCLI has never run.
    pub(super) fn read(home: &Path) -> Result<Option<Self>, Fault> {
        let us = geteuid().as_raw();
        let is_ours = |facts: io::Result<fs::Metadata>| facts.map(|facts| facts.uid() == us);
        let fault = |path: &Path, error| Fault::Io {
            path: path.to_owned(),
            what: "read",
            error,
        };
        // Root must be led by nobody's home into somebody's files.
        if !is_ours(fs::metadata(home)).map_err(|error| fault(home, error))? {
            return Err(Fault::Wrong {
                path: home.to_owned(),
                what: "is another user's; run this as that user",
            });
        }
        let opened = Directory::root(home).and_then(|home| home.directory(OsStr::new(DIRECTORY)));
        let directory = match opened {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            // Opening it says only that a link is no directory.
            Err(_) if home.join(DIRECTORY).is_symlink() => {
                return Err(Fault::Wrong {
                    path: home.join(DIRECTORY),
                    what: "is a link, which is not followed",
                });
            }
            Err(error) => return Err(fault(&home.join(DIRECTORY), error)),
        };
        let mut file = Self {
            directory,
            text: None,
            is_open: false,
        };
        (file.text, file.is_open) = file.content()?;
        Ok(Some(file))
    }

    fn content(&self) -> Result<(Option<String>, bool), Fault> {
        let path = self.directory.path().join(NAME);
        let wrong = |what| Fault::Wrong {
            path: path.clone(),
            what,
        };
        let fault = |error| Fault::Io {
            path: path.clone(),
            what: "read",
            error,
        };
        let file = match self.directory.file(OsStr::new(NAME)) {
            Ok((file, _)) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, false)),
            Err(error) => return Err(fault(error)),
        };
        let facts = file.metadata().map_err(fault)?;
        if facts.uid() != geteuid().as_raw() {
            return Err(wrong("is another user's; run this as that user"));
        }
        let mut content = Vec::new();
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut content)
            .map_err(fault)?;
        if content.len() as u64 > MAX_BYTES {
            return Err(wrong("is larger than 4 MB"));
        }
        let text = String::from_utf8(content).map_err(|_| wrong("is not UTF-8"))?;
        Ok((Some(text), facts.mode() & 0o077 != 0))
    }

    /// Puts another text in its place, for our eyes only. CloudCLI writes the file too, when a plugin is switched on or off.
    pub(super) fn replace(&self, text: &str) -> Result<(), Fault> {
        let new = self
            .directory
            .replacement(OsStr::new(NAME), text.as_bytes(), Access::Ours)
            .map_err(|error| self.unwritten(error))?;
        let (now, _) = self.content()?;
        let changed = || Fault::Changed(self.directory.path().join(NAME));
        if now != self.text {
            return Err(changed());
        }
        let placed = match now {
            Some(_) => new.place(),
            None => new.place_new(),
        };
        placed.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                changed()
            } else {
                self.unwritten(error)
            }
        })
    }

    fn unwritten(&self, error: io::Error) -> Fault {
        Fault::Io {
            path: self.directory.path().join(NAME),
            what: "replaced",
            error,
        }
    }
}

//! Claude Code's `settings.json`: read as a whole, replaced as a whole.
//!
//! It may be a link, as those who keep their settings in a repository have it; then what it leads to is replaced, and the link
//! stays. Does not know what is in it.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use crate::beneath::{self, Access, Directory};

/// The settings as they were read.
#[derive(Debug)]
pub(super) struct SettingsFile {
    /// Where the file lies in truth.
    path: PathBuf,
    /// `None` where there is no file.
    pub(super) text: Option<String>,
}

/// Why the settings stay as they are.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{} is {what}", .path.display())]
    Wrong { path: PathBuf, what: &'static str },
    #[error("{} was changed in the meantime; try again", .0.display())]
    Changed(PathBuf),
    #[error("{} can't be {what}", .path.display())]
    Io {
        path: PathBuf,
        what: &'static str,
        source: io::Error,
    },
}

/// Far more than anybody's settings.
const MAX_BYTES: u64 = 4 << 20;

impl SettingsFile {
    pub(super) fn read(config_dir: &Path) -> Result<Self, Fault> {
        let named = config_dir.join("settings.json");
        let path = match fs::canonicalize(&named) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(&named).is_ok() {
                    let what = "a link to a file that is not there";
                    return Err(Fault::Wrong { path: named, what });
                }
                return Ok(Self {
                    path: named,
                    text: None,
                });
            }
            Err(source) => {
                return Err(Fault::Io {
                    path: named,
                    what: "found",
                    source,
                });
            }
        };
        let fault = |source| Fault::Io {
            path: path.clone(),
            what: "read",
            source,
        };
        let place = Place::of(&path).map_err(fault)?;
        let (text, facts) = place.read(&path)?;
        // Root must not be led by somebody's link into somebody else's files.
        if facts.uid() != beneath::owner(config_dir).map_err(fault)? {
            let what = "another user's than the directory that it is named in";
            return Err(Fault::Wrong { path, what });
        }
        Ok(Self {
            path,
            text: Some(text),
        })
    }

    /// Puts another text in its place, with the owner and the mode that the file has.
    pub(super) fn replace(&self, text: &str) -> Result<(), Fault> {
        let fault = |what| {
            move |source| Fault::Io {
                path: self.path.clone(),
                what,
                source,
            }
        };
        if self.text.is_none() {
            self.make_directory().map_err(fault("created"))?;
        }
        let place = Place::of(&self.path).map_err(fault("written"))?;
        let new = place
            .directory
            .replacement(&place.name, text.as_bytes(), Access::AsBefore)
            .map_err(fault("written"))?;
        // Claude Code writes the file too, when a setting is changed in it.
        let placed = match &self.text {
            Some(text) if place.read(&self.path)?.0 == *text => new.place(),
            Some(_) => return Err(Fault::Changed(self.path.clone())),
            None => new.place_new(),
        };
        placed.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                Fault::Changed(self.path.clone())
            } else {
                fault("replaced")(error)
            }
        })
    }

    /// Makes the directory, unless it would be in another user's: it would become ours there.
    fn make_directory(&self) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        let there = directory.ancestors().find(|place| place.exists());
        let there = there.unwrap_or(Path::new("/"));
        let ours = rustix::process::geteuid().as_raw();
        if there != directory && ours == 0 && beneath::owner(there)? != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "its user has to make it, by starting Claude Code once",
            ));
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(directory)
    }
}

/// A file's directory, held open: whatever is put in the place of the path meanwhile, the same files are meant.
struct Place {
    directory: Directory,
    name: OsString,
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let (parent, name) = path
            .parent()
            .zip(path.file_name())
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self {
            directory: Directory::root(parent)?,
            name: name.to_owned(),
        })
    }

    /// `path` is for messages only.
    fn read(&self, path: &Path) -> Result<(String, fs::Metadata), Fault> {
        let fault = |source| Fault::Io {
            path: path.to_owned(),
            what: "read",
            source,
        };
        let wrong = |what| Fault::Wrong {
            path: path.to_owned(),
            what,
        };
        let opened = self.directory.file(&self.name);
        let (file, _) = opened.map_err(|error| {
            if error.kind() == io::ErrorKind::InvalidInput {
                wrong("not a file")
            } else {
                fault(error)
            }
        })?;
        let facts = file.metadata().map_err(fault)?;
        let mut content = Vec::new();
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut content)
            .map_err(fault)?;
        if content.len() as u64 > MAX_BYTES {
            return Err(wrong("larger than 4 MB"));
        }
        let text = String::from_utf8(content).map_err(|_| wrong("not UTF-8"))?;
        Ok((text, facts))
    }
}

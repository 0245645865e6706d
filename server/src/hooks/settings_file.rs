//! Claude Code's `settings.json`: read as a whole, replaced as a whole.
//!
//! It may be a link, as those who keep their settings in a repository have it; then what it leads to is replaced, and the link
//! stays. Does not know what is in it.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use rustix::fs::{RenameFlags, fstat, renameat, renameat_with};

use crate::beneath::{self, Directory};

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
        let temporary = OsString::from(format!(".settings.json.{}.tmp", std::process::id()));
        let written = self.write(&place, &temporary, text);
        let placed = written
            .map_err(fault("written"))
            .and_then(|()| self.put(&place, &temporary));
        if placed.is_err() {
            // The fault that is reported is the first one.
            drop(place.directory.remove(&temporary));
        }
        placed
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

    fn write(&self, place: &Place, temporary: &OsStr, text: &str) -> io::Result<()> {
        let mut file = place.directory.create(temporary)?;
        let (uid, gid, mode) = if self.text.is_some() {
            let (before, _) = place.directory.file(&place.name)?;
            let before = before.metadata()?;
            (before.uid(), before.gid(), before.mode() & 0o7777)
        } else {
            let directory = fstat(&place.directory)?;
            (directory.st_uid, directory.st_gid, 0o600)
        };
        let ours = file.metadata()?;
        if (ours.uid(), ours.gid()) != (uid, gid) {
            fchown(&file, Some(uid), Some(gid))?;
        }
        // After the change of the owner, which takes away some bits.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// Claude Code writes the file too, when a setting is changed in it.
    fn put(&self, place: &Place, temporary: &OsStr) -> Result<(), Fault> {
        let fault = |error: rustix::io::Errno| Fault::Io {
            path: self.path.clone(),
            what: "replaced",
            source: error.into(),
        };
        let (directory, name) = (&place.directory, &place.name);
        match &self.text {
            Some(text) if place.read(&self.path)?.0 == *text => {
                renameat(directory, temporary, directory, name).map_err(fault)
            }
            Some(_) => Err(Fault::Changed(self.path.clone())),
            None => {
                let flags = RenameFlags::NOREPLACE;
                match renameat_with(directory, temporary, directory, name, flags) {
                    Err(rustix::io::Errno::EXIST) => Err(Fault::Changed(self.path.clone())),
                    placed => placed.map_err(fault),
                }
            }
        }
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

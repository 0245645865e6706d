//! Claude Code's `settings.json`: read as a whole, replaced as a whole.
//!
//! It may be a link, as those who keep their settings in a repository have it; then what it leads to is replaced, and the link
//! stays. Does not know what is in it.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
    },
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

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
        // Root must not be led by somebody's link into somebody else's files.
        let owner = |path: &Path| fs::metadata(path).map(|facts| facts.uid()).ok();
        if owner(&path) != owner(config_dir) {
            let what = "another user's than the directory that it is named in";
            return Err(Fault::Wrong { path, what });
        }
        let text = read(&path)?;
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
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        if self.text.is_none() {
            let mut builder = fs::DirBuilder::new();
            builder
                .recursive(true)
                .mode(0o700)
                .create(directory)
                .map_err(fault("created"))?;
        }
        let temporary = directory.join(format!(".settings.json.{}.tmp", std::process::id()));
        let written = self.write(&temporary, directory, text);
        let placed = written
            .map_err(fault("written"))
            .and_then(|()| self.place(&temporary));
        if placed.is_err() {
            // The fault that is reported is the first one.
            drop(fs::remove_file(&temporary));
        }
        placed
    }

    fn write(&self, temporary: &Path, directory: &Path, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(temporary)?;
        let (uid, gid, mode) = match &self.text {
            Some(_) => {
                let before = fs::metadata(&self.path)?;
                (before.uid(), before.gid(), before.mode() & 0o7777)
            }
            None => {
                let directory = fs::metadata(directory)?;
                (directory.uid(), directory.gid(), 0o600)
            }
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
    fn place(&self, temporary: &Path) -> Result<(), Fault> {
        let fault = |source| Fault::Io {
            path: self.path.clone(),
            what: "replaced",
            source,
        };
        match &self.text {
            Some(text) if read(&self.path)? == *text => {
                fs::rename(temporary, &self.path).map_err(fault)
            }
            Some(_) => Err(Fault::Changed(self.path.clone())),
            None => match renameat_with(CWD, temporary, CWD, &self.path, RenameFlags::NOREPLACE) {
                Err(rustix::io::Errno::EXIST) => Err(Fault::Changed(self.path.clone())),
                placed => placed.map_err(|error| fault(error.into())),
            },
        }
    }
}

fn read(path: &Path) -> Result<String, Fault> {
    let fault = |source| Fault::Io {
        path: path.to_owned(),
        what: "read",
        source,
    };
    let wrong = |what| Fault::Wrong {
        path: path.to_owned(),
        what,
    };
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    // Opened without the flag, a FIFO waits for a writer.
    let file: File = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(fault)?;
    if !file.metadata().map_err(fault)?.is_file() {
        return Err(wrong("not a file"));
    }
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(fault)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(wrong("larger than 4 MB"));
    }
    String::from_utf8(content).map_err(|_| wrong("not UTF-8"))
}

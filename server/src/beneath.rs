//! Files below a root that is trusted, reached without following a symbolic link.
//!
//! Every name is a single component that is opened relative to its directory's descriptor, so nothing that is swapped
//! for a link in the meantime leads elsewhere. Does not know what the files mean.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, fstat, fsync, linkat, openat,
        renameat_with, statat, unlinkat,
    },
    io::Errno,
};
use session_core::id::UnixMillis;

/// An open directory, and the path it was reached by, for messages and answers only.
#[derive(Debug)]
pub struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// What one look at a directory entry said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: FileType,
    pub size_bytes: u64,
    pub modified: UnixMillis,
    /// Names the file whatever it is called.
    pub file: FileId,
    /// Nanoseconds since 1970 of the last change to the contents; finer than `modified`, for comparing.
    pub modified_nanos: i128,
}

/// Device and inode: the same file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    pub device: u64,
    pub inode: u64,
}

impl Directory {
    /// Opens a root. The path may pass through links: whoever configured it trusts it.
    pub fn root(path: &Path) -> io::Result<Self> {
        let fd = openat(
            CWD,
            path,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        Ok(Self {
            fd,
            path: path.to_owned(),
        })
    }

    /// Opens `<config>/<name>`. That name may be a link, since people keep their transcripts on another disk, but only to
    /// a directory of the same owner: a link must not lead root into somebody else's.
    pub fn inside(config: &Path, name: &str) -> io::Result<Self> {
        let root = Self::root(config)?;
        if let Ok(directory) = root.directory(OsStr::new(name)) {
            return Ok(directory);
        }
        let directory = Self {
            fd: openat(
                &root.fd,
                component(OsStr::new(name))?,
                OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
                Mode::empty(),
            )?,
            path: config.join(name),
        };
        if fstat(&root.fd)?.st_uid != fstat(&directory.fd)?.st_uid {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it belongs to another user than its parent",
            ));
        }
        Ok(directory)
    }

    /// Opens a directory directly below this one, unless it is a link.
    pub fn directory(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fd = openat(&self.fd, component(name)?, flags, Mode::empty())?;
        Ok(Self {
            fd,
            path: self.path.join(name),
        })
    }

    /// Looks at an entry without opening it: opening a device may already do something. `None` where there is none.
    pub fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        match statat(&self.fd, component(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Entry::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file for reading, and never waits for the writer of a FIFO.
    pub fn file(&self, name: &OsStr) -> io::Result<(File, Entry)> {
        let flags =
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let before = statat(&self.fd, component(name)?, AtFlags::SYMLINK_NOFOLLOW)?;
        regular(&before)?;
        let fd = openat(&self.fd, name, flags, Mode::empty())?;
        // It may have been swapped since the first look.
        let stat = fstat(&fd)?;
        regular(&stat)?;
        Ok((File::from(fd), Entry::of(&stat)))
    }

    /// Returns the names in the directory, in no order; a name that is not UTF-8 is nothing we look for.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            if let Ok(name) = entry?.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Creates a file that only we may read, for reading and writing; fails where the name is taken.
    pub fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(&self.fd, component(name)?, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(File::from(fd))
    }

    /// Gives a file another name; fails with `AlreadyExists` where that name is taken.
    pub fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let (from, to) = (component(from)?, component(to)?);
        match renameat_with(&self.fd, from, &self.fd, to, RenameFlags::NOREPLACE) {
            // Not every file system has the flag (NFS and some FUSE ones do not).
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                linkat(&self.fd, from, &self.fd, to, AtFlags::empty())?;
                unlinkat(&self.fd, from, AtFlags::empty())?;
                Ok(())
            }
            result => Ok(result?),
        }
    }

    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.fd, component(name)?, AtFlags::empty())?)
    }

    /// Waits until the names in the directory have reached the disk.
    pub fn sync(&self) -> io::Result<()> {
        match fsync(&self.fd) {
            // Some file systems can't sync a directory; then there is nothing to wait for.
            Err(Errno::INVAL) => Ok(()),
            result => Ok(result?),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Entry {
    pub fn of(stat: &Stat) -> Self {
        let nanos = i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec);
        Self {
            kind: FileType::from_raw_mode(stat.st_mode),
            size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
            modified: UnixMillis(u64::try_from(nanos / 1_000_000).unwrap_or(0)),
            file: FileId {
                device: stat.st_dev,
                inode: stat.st_ino,
            },
            modified_nanos: nanos,
        }
    }
}

/// Returns the sentence for what can't be read, without the path.
pub fn why(error: &io::Error) -> String {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    if is(Errno::ACCESS) || is(Errno::PERM) {
        "there is no permission to read it".to_owned()
    } else if is(Errno::NOENT) {
        "it is gone".to_owned()
    } else if is(Errno::LOOP) {
        "it is a symbolic link, which is not followed".to_owned()
    } else {
        error.to_string()
    }
}

fn regular(stat: &Stat) -> io::Result<()> {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "it is a symbolic link, which is not followed",
        FileType::Fifo => "it is a FIFO, not a file",
        FileType::Directory => "it is a directory, not a file",
        FileType::Socket => "it is a socket, not a file",
        FileType::CharacterDevice | FileType::BlockDevice => "it is a device, not a file",
        _ => "it is not a regular file",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

fn component(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_encoded_bytes();
    if bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/') {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a plain name",
        ));
    }
    Ok(name)
}

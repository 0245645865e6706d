//! Files below a root that is trusted, reached without following a symbolic link.
//!
//! Every name is a single component that is opened relative to its directory's descriptor, so nothing that is swapped
//! for a link in the meantime leads elsewhere. Does not know what the files mean.

mod replace;

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, fstat, fsync, linkat, openat,
        renameat_with, statat, unlinkat,
    },
    io::Errno,
};
use session_core::id::UnixMillis;

pub use self::replace::{Access, Replacement};

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

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// For passing through; enough to look at it, too.
const PASSAGE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Directory {
    /// Opens a root. The path may pass through links: whoever configured it trusts it. Root itself enters no
    /// directory on the way that is another user's than the one above it, unless that one is root's: a user can
    /// put a link to anybody's files in its place at any moment.
    pub fn root(path: &Path) -> io::Result<Self> {
        Ok(Self {
            fd: open(path, DIRECTORY)?,
            path: path.to_owned(),
        })
    }

    fn owner(&self) -> io::Result<u32> {
        Ok(fstat(&self.fd)?.st_uid)
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
                DIRECTORY,
                Mode::empty(),
            )?,
            path: config.join(name),
        };
        if root.owner()? != directory.owner()? {
            return Err(elsewhere());
        }
        Ok(directory)
    }

    /// Opens a directory directly below this one, unless it is a link.
    pub fn directory(&self, name: &OsStr) -> io::Result<Self> {
        let flags = DIRECTORY | OFlags::NOFOLLOW;
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

/// Returns the owner of a directory that is reached as [`Directory::root`] reaches it; it need not be readable.
pub fn owner(path: &Path) -> io::Result<u32> {
    Ok(fstat(open(path, PASSAGE)?)?.st_uid)
}

fn open(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    if rustix::process::geteuid().is_root() {
        Ok(openat(step_by_step(path)?, ".", flags, Mode::empty())?)
    } else {
        Ok(openat(CWD, path, flags, Mode::empty())?)
    }
}

/// Reaches a directory name by name, and looks at each through its descriptor: what a path says may change between
/// two looks.
fn step_by_step(path: &Path) -> io::Result<OwnedFd> {
    let enter = |fd: BorrowedFd<'_>, name: &OsStr| openat(fd, name, PASSAGE, Mode::empty());
    let top = enter(CWD, OsStr::new("/"))?;
    // Root of a user namespace sees what is the machine's root's as somebody else's (user_namespaces(7)).
    let trusted = [0, fstat(&top)?.st_uid];
    let begin = if path.is_absolute() { "/" } else { "." };
    let mut directory = enter(CWD, OsStr::new(begin))?;
    let mut owner = fstat(&directory)?.st_uid;
    for name in path.components() {
        let name = match name {
            Component::Normal(name) => name,
            Component::ParentDir => OsStr::new(".."),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => continue,
        };
        directory = enter(directory.as_fd(), name)?;
        let next = fstat(&directory)?.st_uid;
        if !trusted.contains(&owner) && next != owner {
            return Err(elsewhere());
        }
        owner = next;
    }
    Ok(directory)
}

fn elsewhere() -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        "it belongs to another user than its parent",
    )
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

#[cfg(test)]
mod tests {
    use std::{
        fs::create_dir_all,
        os::unix::fs::{MetadataExt as _, chown, symlink},
    };

    use super::*;

    /// `/tmp/x/<name>` for each name, all of them theirs, and one link that leads from the first to the second.
    fn two_users() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, uid) in [("mallory", 54_321), ("alice", 54_322)] {
            let home = root.path().join(name);
            create_dir_all(home.join(".claude/projects")).unwrap();
            for path in [
                home.clone(),
                home.join(".claude"),
                home.join(".claude/projects"),
            ] {
                chown(path, Some(uid), Some(uid)).unwrap();
            }
        }
        symlink("../alice", root.path().join("mallory/other")).unwrap();
        symlink("mallory/.claude", root.path().join("roots-own")).unwrap();
        symlink(
            root.path().join("mallory/.claude"),
            root.path().join("mallory/own"),
        )
        .unwrap();
        root
    }

    #[test]
    fn root_follows_no_link_of_a_user_into_another_users_files() {
        if !rustix::process::geteuid().is_root() {
            // Only root can make another user's directory.
            return;
        }
        let root = two_users();
        let open = |path: &str| Directory::root(&root.path().join(path));
        for own in [
            "mallory/.claude",
            "mallory/own",
            "mallory/own/projects",
            "roots-own",
            "alice/.claude",
        ] {
            open(own).unwrap();
        }
        assert_eq!(open("mallory/own").unwrap().owner().unwrap(), 54_321);
        // The last step as well as one on the way: what lies behind it has one owner throughout.
        for others in [
            "mallory/other",
            "mallory/other/.claude",
            "mallory/other/.claude/projects",
            "mallory/../alice",
        ] {
            let error = open(others).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{others}");
        }
        // What is root's in a user's home was not put there by that user, or is a link to it.
        symlink("/etc", root.path().join("mallory/etc")).unwrap();
        assert_eq!(
            open("mallory/etc").unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
        assert_eq!(
            open("mallory/missing").unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn ones_own_files_are_reached_by_any_path() {
        let root = tempfile::tempdir().unwrap();
        create_dir_all(root.path().join("a/b")).unwrap();
        symlink("a", root.path().join("link")).unwrap();
        let opened = Directory::root(&root.path().join("link/../link/./b")).unwrap();
        let expected = root.path().join("a/b").metadata().unwrap();
        assert_eq!(fstat(opened.as_fd()).unwrap().st_ino, expected.ino());
        Directory::root(Path::new(".")).unwrap();
        Directory::root(Path::new("/")).unwrap();
    }
}

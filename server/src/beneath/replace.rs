//! Files that are written as a whole: whoever reads one finds the old or the new one, and so does who comes after a crash.
//!
//! The new one is written beside the old one and given its name. Does not know of who else writes the file; who minds compares the
//! two between writing and placing.

use std::{
    ffi::{OsStr, OsString},
    fs::{File, Permissions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown},
};

use rustix::{
    fs::{fstat, renameat},
    io::retry_on_intr,
    rand::{GetRandomFlags, getrandom},
};

use super::{Directory, component};

/// Whose a new file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Ours, and nobody else may read it.
    Ours,
    /// Whose the old one was, with its mode. Without an old one it is the directory's owner's, and nobody else may read it.
    AsBefore,
}

/// A file that has no final name yet. Without one it is removed when this is dropped.
#[derive(Debug)]
pub struct Replacement<'a> {
    directory: &'a Directory,
    name: OsString,
    /// `None` once it is placed.
    temporary: Option<OsString>,
    file: File,
}

impl Directory {
    /// Puts a file in the place of another, or of none, and waits until it has reached the disk.
    pub fn replace(&self, name: &OsStr, content: &[u8], access: Access) -> io::Result<()> {
        self.replacement(name, content, access)?.place()
    }

    /// The same without waiting, for what says nothing any more once the machine has stopped: after that, the file may be empty.
    pub fn replace_for_now(&self, name: &OsStr, content: &[u8], access: Access) -> io::Result<()> {
        self.replacement(name, content, access)?.rename()
    }

    /// Writes what is to become a file of this name.
    pub fn replacement(
        &self,
        name: &OsStr,
        content: &[u8],
        access: Access,
    ) -> io::Result<Replacement<'_>> {
        let temporary = temporary(component(name)?)?;
        let mut replacement = Replacement {
            directory: self,
            name: name.to_owned(),
            file: self.create(&temporary)?,
            temporary: Some(temporary),
        };
        if access == Access::AsBefore {
            replacement.resemble()?;
        }
        replacement.file.write_all(content)?;
        Ok(replacement)
    }
}

impl Replacement<'_> {
    /// Takes on the owner and the mode of the file that is there.
    fn resemble(&self) -> io::Result<()> {
        let (uid, gid, mode) = match self.directory.file(&self.name) {
            Ok((before, _)) => {
                let before = before.metadata()?;
                (before.uid(), before.gid(), before.mode() & 0o7777)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let directory = fstat(self.directory)?;
                (directory.st_uid, directory.st_gid, 0o600)
            }
            Err(error) => return Err(error),
        };
        let ours = self.file.metadata()?;
        if (ours.uid(), ours.gid()) != (uid, gid) {
            fchown(&self.file, Some(uid), Some(gid))?;
        }
        // After the change of the owner, which takes away some bits.
        self.file.set_permissions(Permissions::from_mode(mode))
    }

    /// Puts it in its place, whatever is there, and waits until it has reached the disk.
    pub fn place(self) -> io::Result<()> {
        let directory = self.directory;
        // A name that reaches the disk before its content is an empty file after a crash.
        self.file.sync_all()?;
        self.rename()?;
        directory.sync()
    }

    /// As `place`; fails with `AlreadyExists` where something is there.
    pub fn place_new(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(temporary) = &self.temporary {
            self.directory.rename_new(temporary, &self.name)?;
        }
        self.temporary = None;
        self.directory.sync()
    }

    fn rename(mut self) -> io::Result<()> {
        if let Some(temporary) = &self.temporary {
            renameat(self.directory, temporary, self.directory, &self.name)?;
        }
        self.temporary = None;
        Ok(())
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // The fault that is reported is the one that led here.
            drop(self.directory.remove(temporary));
        }
    }
}

/// A name for what becomes `name` once it is whole. Two containers may share a home and a process's number, hence random.
fn temporary(name: &OsStr) -> io::Result<OsString> {
    let mut bytes = [0; 8];
    // So few bytes come whole or not at all (getrandom(2)).
    retry_on_intr(|| getrandom(&mut bytes, GetRandomFlags::empty()))?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{:016x}.tmp", u64::from_ne_bytes(bytes)));
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{chown, symlink},
        path::Path,
        thread,
    };

    use super::*;

    const NAME: &str = "x.json";

    fn replace(root: &Path, content: &str, access: Access) -> io::Result<()> {
        Directory::root(root)?.replace(OsStr::new(NAME), content.as_bytes(), access)
    }

    fn names(root: &Path) -> Vec<String> {
        Directory::root(root).unwrap().names().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_reader_finds_the_old_or_the_new_one() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(NAME);
        let texts = ["a".repeat(100_000), "b".repeat(50_000)];
        replace(root.path(), &texts[0], Access::Ours).unwrap();
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for text in texts.iter().cycle().take(60) {
                    replace(root.path(), text, Access::AsBefore).unwrap();
                }
            });
            while !writer.is_finished() {
                assert!(texts.contains(&fs::read_to_string(&file).unwrap()));
            }
        });
        assert_eq!(names(root.path()), [NAME]);
    }

    #[test]
    fn what_is_not_placed_leaves_the_old_one() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(NAME);
        replace(root.path(), "old", Access::Ours).unwrap();
        let directory = Directory::root(root.path()).unwrap();
        let new = || directory.replacement(OsStr::new(NAME), b"new", Access::Ours);
        drop(new().unwrap());
        assert_eq!(names(root.path()), [NAME]);
        let error = new().unwrap().place_new().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(root.path()), [NAME]);
        // Whoever writes it is killed before it has its name.
        std::mem::forget(new().unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(root.path()).len(), 2);
        new().unwrap().place().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        let elsewhere = directory.replace(OsStr::new("../x"), b"", Access::Ours);
        assert_eq!(elsewhere.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_file_is_ours_alone_or_whose_it_was() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(NAME);
        for access in [Access::AsBefore, Access::Ours] {
            replace(root.path(), "new", access).unwrap();
            assert_eq!(mode(&file), 0o600);
            fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        }
        replace(root.path(), "kept", Access::AsBefore).unwrap();
        assert_eq!(mode(&file), 0o640);
        replace(root.path(), "ours", Access::Ours).unwrap();
        assert_eq!(mode(&file), 0o600);
        if rustix::process::geteuid().is_root() {
            chown(&file, Some(54_321), Some(54_322)).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o604)).unwrap();
            replace(root.path(), "theirs", Access::AsBefore).unwrap();
            let facts = fs::metadata(&file).unwrap();
            let owner = (facts.uid(), facts.gid(), mode(&file));
            assert_eq!(owner, (54_321, 54_322, 0o604));
        }
    }

    #[test]
    fn a_link_is_replaced_and_leads_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let theirs = root.path().join("theirs");
        fs::write(&theirs, "theirs").unwrap();
        symlink(&theirs, root.path().join(NAME)).unwrap();
        replace(root.path(), "ours", Access::AsBefore).unwrap_err();
        replace(root.path(), "ours", Access::Ours).unwrap();
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
        assert_eq!(names(root.path()).len(), 2);
    }
}

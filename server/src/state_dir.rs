//! The directory of what outlives a run of the server and is for its owner's eyes only.
//!
//! Knows whom that directory must be safe from. The hooks' reports lie in it too, below every home; see `observe::hooks`.
//! Does not know what the files mean.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use nix::unistd::{Group, User};
use rustix::{
    fs::{Mode, fchmod, fstat, mkdirat},
    io::Errno,
    process::geteuid,
};

use crate::{
    beneath::{Access, Directory, why},
    observe::hooks::{OWN, SHARED},
};

/// The directory, whether or not it is there.
#[derive(Clone, Debug)]
pub struct StateDir {
    path: PathBuf,
}

impl StateDir {
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Where it is in a home unless `XDG_STATE_HOME` names another place.
    pub fn below(home: &Path) -> Self {
        let [name, _] = OWN;
        let mut path = home.to_owned();
        path.extend(SHARED);
        path.push(name);
        Self { path }
    }

    pub fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// Opens the directory, and makes it where it is not there. Fails where somebody else could put another in its place:
    /// root must not write into a user's home, nor be led elsewhere from there.
    pub fn open(&self) -> io::Result<Directory> {
        let (parent, name) = self.parts()?;
        let mut builder = fs::DirBuilder::new();
        // A home is not made, and not made another's: only what belongs to it is missing.
        let there = parent.ancestors().find(|place| place.exists());
        trusted(there.unwrap_or(parent))?;
        // As the specification of the base directories has it.
        builder.recursive(true).mode(0o700).create(parent)?;
        let parent = trusted(parent)?;
        match mkdirat(&parent, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => enter(&parent, name),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the directory, `None` where it is not there.
    pub fn find(&self) -> io::Result<Option<Directory>> {
        let (parent, name) = self.parts()?;
        match trusted(parent).and_then(|parent| enter(&parent, name)) {
            Ok(directory) => Ok(Some(directory)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn parts(&self) -> io::Result<(&Path, &OsStr)> {
        let parts = self.path.parent().zip(self.path.file_name());
        parts.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "it has no parent directory")
        })
    }

    /// Reads a file of at most `most` bytes that is ours and nobody else's to write; `None` where there is none.
    pub fn read(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let directory = self.open()?;
        let file = match directory.file(OsStr::new(name)) {
            Ok((file, _)) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let facts = file.metadata()?;
        if facts.uid() != rustix::process::geteuid().as_raw() || facts.mode() & 0o022 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "others may write to the file",
            ));
        }
        if facts.len() > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut content = Vec::new();
        file.take(most).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// Puts a file in its place as a whole, for our eyes only: a reader finds the old one or the new one, after a crash too.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let directory = self.open()?;
        directory.replace(OsStr::new(name), content, Access::Ours)
    }

    /// The same for what is about processes, which end with the machine: it is not waited for.
    pub fn note(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let directory = self.open()?;
        directory.replace_for_now(OsStr::new(name), content, Access::Ours)
    }
}

fn enter(parent: &Directory, name: &OsStr) -> io::Result<Directory> {
    let directory = parent
        .directory(name)
        .map_err(|error| io::Error::new(error.kind(), why(&error)))?;
    let facts = fstat(&directory)?;
    if facts.st_uid != geteuid().as_raw() {
        return Err(refused(directory.path(), "it is another user's"));
    }
    if facts.st_mode & 0o077 != 0 {
        fchmod(&directory, Mode::RWXU)?;
    }
    Ok(directory)
}

/// Opens a directory in which nobody but root and us can exchange what has a name.
fn trusted(path: &Path) -> io::Result<Directory> {
    let directory = Directory::root(path)?;
    // In a user namespace root itself may be shown as somebody else (user_namespaces(7)).
    let trusted = [0, fs::metadata("/")?.uid(), geteuid().as_raw()];
    for place in path
        .ancestors()
        .filter(|place| !place.as_os_str().is_empty())
    {
        let facts = fs::metadata(place)?;
        if !trusted.contains(&facts.uid()) {
            return Err(refused(place, "it is another user's"));
        }
        // In a sticky directory names are their owners' (unlink(2)).
        let is_sticky = facts.mode() & 0o1000 != 0;
        let by_group = facts.mode() & 0o020 != 0 && !is_private(facts.gid());
        if (by_group || facts.mode() & 0o002 != 0) && !is_sticky {
            return Err(refused(place, "others may write to it"));
        }
    }
    Ok(directory)
}

/// Whether a group is our own and nobody else's, as some systems make one for each user.
fn is_private(group: u32) -> bool {
    let us = User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let group = Group::from_gid(group.into()).ok().flatten();
    us.zip(group).is_some_and(|(us, group)| {
        let only_us = group.mem.iter().all(|member| *member == us.name);
        us.gid == group.gid && us.name == group.name && only_us
    })
}

fn refused(path: &Path, why: &str) -> io::Error {
    let words = format!("{} is not used: {why}", path.display());
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    #[test]
    fn what_is_written_is_read_and_nobody_else_may_look() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::below(home.path());
        assert_eq!(state.read("x", 10).unwrap(), None);
        state.write("x", b"one").unwrap();
        state.write("x", b"two").unwrap();
        assert_eq!(state.read("x", 10).unwrap().unwrap(), b"two");
        assert!(state.read("x", 2).is_err());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let file = state.path().join("x");
        assert_eq!((mode(&state.path()), mode(&file)), (0o700, 0o600));
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(state.read("x", 10).is_err());
    }

    #[test]
    fn a_link_leads_nowhere() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::below(home.path());
        state.write("x", b"one").unwrap();
        let elsewhere = home.path().join("elsewhere");
        fs::write(&elsewhere, b"theirs").unwrap();
        fs::remove_file(state.path().join("x")).unwrap();
        symlink(&elsewhere, state.path().join("x")).unwrap();
        assert!(state.read("x", 10).is_err());
        state.write("x", b"ours").unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"theirs");
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn it_is_made_for_its_owner_alone_and_becomes_so_again() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::below(home.path());
        assert!(state.find().unwrap().is_none());
        state.open().unwrap();
        let path = state.path();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        set_mode(&path, 0o755);
        assert!(state.find().unwrap().is_some());
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn what_others_could_exchange_is_not_used() {
        let home = tempfile::tempdir().unwrap();
        let parent = home.path().join("state");
        let path = parent.join("session-manager");
        let state = StateDir::at(&path);
        state.open().unwrap();
        let refuse = |what: &str| {
            let error = state.open().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{what}");
            assert!(state.find().is_err(), "{what}");
        };
        for mode in [0o777, 0o702] {
            set_mode(&parent, mode);
            refuse("others may write to its parent");
        }
        set_mode(&parent, 0o1777);
        state.open().unwrap();
        set_mode(&parent, 0o700);
        set_mode(home.path(), 0o777);
        refuse("others may exchange its parent");
        set_mode(home.path(), 0o700);
        state.open().unwrap();
        if geteuid().is_root() {
            chown(&parent, Some(54_321), None).unwrap();
            refuse("another user's parent");
            chown(&parent, Some(0), None).unwrap();
            chown(&path, Some(54_321), None).unwrap();
            refuse("another user's directory");
        }
    }

    #[test]
    fn nothing_is_made_in_another_users_home() {
        if !geteuid().is_root() {
            // Only root can make another user's directory.
            return;
        }
        let home = tempfile::tempdir().unwrap();
        chown(home.path(), Some(54_321), None).unwrap();
        StateDir::below(home.path()).open().unwrap_err();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn no_link_takes_its_place() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("session-manager");
        let state = StateDir::at(&path);
        fs::create_dir(home.path().join("elsewhere")).unwrap();
        symlink("elsewhere", &path).unwrap();
        state.open().unwrap_err();
        state.find().unwrap_err();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        state.open().unwrap_err();
    }
}

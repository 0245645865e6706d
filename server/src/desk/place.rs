//! The directory with one socket for each server that answers what sessions ask.
//!
//! It lies below the home, as the hooks' reports do: a server and whoever started a session agree on the home alone. Knows
//! which sockets are dead. Does not know what is said over them.

use std::{
    ffi::OsStr,
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FileType, FlockOperation, Mode, OFlags, flock, mkdirat, openat},
    io::Errno,
    net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
        sockopt::socket_peercred,
    },
    process::geteuid,
};
use tokio::net::UnixListener;

use crate::{beneath::Directory, state_dir::StateDir};

const ALL: &str = "ask";
const LOCK: &str = "lock";
const SUFFIX: &str = ".sock";

/// Servers of one user. Who finds more of them than this has found something else.
const MOST: usize = 16;

/// The directory, open.
#[derive(Debug)]
pub struct Place {
    directory: Directory,
}

/// A server's own socket; its name goes when this does.
#[derive(Debug)]
pub struct OwnSocket {
    place: Place,
    name: String,
}

impl Place {
    /// Opens the directory of our own user, and makes it where it is not there.
    pub fn make(home: &Path) -> io::Result<Self> {
        let state = StateDir::below(home).open()?;
        match mkdirat(&state, ALL, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let directory = state.directory(OsStr::new(ALL))?;
        Ok(Self { directory })
    }

    /// Opens the directory; `None` where no server was ever there.
    pub fn find(home: &Path) -> io::Result<Option<Self>> {
        let Some(state) = StateDir::below(home).find()? else {
            return Ok(None);
        };
        match state.directory(OsStr::new(ALL)) {
            Ok(directory) => Ok(Some(Self { directory })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Listens there, and removes the sockets of servers that have ended.
    pub fn listen(self) -> io::Result<(UnixListener, OwnSocket)> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = openat(&self.directory, LOCK, flags, Mode::RUSR | Mode::WUSR)?;
        // For moments: whoever has it only does what we do. A socket that is bound and does not listen yet looks dead.
        flock(&lock, FlockOperation::LockExclusive)?;
        for name in self.names()? {
            if self.is_dead(&name) {
                self.directory.remove(OsStr::new(&name))?;
            }
        }
        // Two containers may share a home and a process's number.
        let name = format!("{}-{}{SUFFIX}", std::process::id(), uuid::Uuid::new_v4());
        let listener = UnixListener::bind(self.path(&name))?;
        Ok((listener, OwnSocket { place: self, name }))
    }

    /// Connects to every server that is there, without waiting for any.
    pub fn connect(&self) -> Vec<std::os::unix::net::UnixStream> {
        let names = self.names().unwrap_or_default();
        names
            .iter()
            .filter_map(|name| self.reach(name).ok())
            .collect()
    }

    /// Connects to one of them.
    pub(super) fn reach(&self, name: &str) -> io::Result<std::os::unix::net::UnixStream> {
        // A server that is stopped lets its callers queue; nobody waits for a place in the queue.
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(self.path(name))?)?;
        // The directory is ours alone; who listens in it all the same is not asked.
        if socket_peercred(&socket)?.uid != geteuid() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(socket.into())
    }

    fn is_dead(&self, name: &str) -> bool {
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        self.reach(name).is_err_and(|error| refused(&error))
    }

    /// The sockets of all servers that are there, or were.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let is_socket = |name: &String| {
            let entry = self.directory.entry(OsStr::new(name));
            matches!(entry, Ok(Some(entry)) if entry.kind == FileType::Socket)
        };
        let mut names = self.directory.names()?;
        names.retain(|name| name.ends_with(SUFFIX) && is_socket(name));
        names.truncate(MOST);
        Ok(names)
    }

    /// By way of our descriptor: the path itself may be longer than an address of a socket can be (108 bytes, unix(7)).
    fn path(&self, name: &str) -> PathBuf {
        let descriptor = self.directory.as_fd().as_raw_fd();
        PathBuf::from(format!("/proc/self/fd/{descriptor}/{name}"))
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        // A name that is left behind is the next server's to remove.
        self.place.directory.remove(OsStr::new(&self.name)).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[tokio::test]
    async fn servers_are_found_and_dead_ones_go() {
        let home = tempfile::tempdir().unwrap();
        assert!(Place::find(home.path()).unwrap().is_none());
        let (_first, socket) = Place::make(home.path()).unwrap().listen().unwrap();
        let found = || Place::find(home.path()).unwrap().unwrap().connect().len();
        assert_eq!(found(), 1);
        let directory = StateDir::below(home.path()).path().join(ALL);
        assert_eq!(
            fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
            0o700
        );

        let (second, left) = Place::make(home.path()).unwrap().listen().unwrap();
        assert_eq!(found(), 2);
        // As one that was killed: its name stays.
        drop(second);
        std::mem::forget(left);
        assert_eq!(found(), 1);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 3);
        fs::write(directory.join("no-socket.sock"), "").unwrap();
        let (_third, _socket) = Place::make(home.path()).unwrap().listen().unwrap();
        assert_eq!(found(), 2);
        // The lock, two sockets, and what is none.
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 4);
        drop(socket);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 3);
    }

    #[tokio::test]
    async fn a_home_may_have_a_long_name() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("a".repeat(200));
        fs::create_dir(&home).unwrap();
        let (_listener, _socket) = Place::make(&home).unwrap().listen().unwrap();
        assert_eq!(Place::find(&home).unwrap().unwrap().connect().len(), 1);
    }
}

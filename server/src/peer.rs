//! Whose process is at the other end of a connection.
//!
//! Loopback is not a border between users: any of them can connect. Knows how the kernel is asked, and what makes its word
//! worth nothing. Does not know what a caller may do.

mod diag;
mod message;

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener},
    os::fd::AsFd,
    sync::{Mutex, PoisonError},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::geteuid,
};
use tokio::net::TcpStream;

use self::{
    diag::{Diag, Silence},
    message::{Found, TcpState},
};

/// The owner of the socket at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Our own user, whose processes can do all that we can; the uid.
    Own(u32),
    /// Root, which can do everything anyway. Where we are root ourselves, it is `Own`.
    Root,
    /// Another user, by uid. One that our user namespace does not know has the overflow uid, 65534 as a rule.
    Foreign(u32),
    Unknown(Doubt),
}

/// Why nobody can tell who the owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The kernel, or what confines us, answers no such question, whoever connects.
    Blind,
    /// In our user namespace this uid is also that of everybody whom it does not know, so it tells nobody apart.
    Shared,
    /// The kernel has not answered this time.
    NoAnswer,
    /// The process has closed the socket, or has ended: it belongs to nobody any more, and the kernel shows uid 0.
    Closed,
    /// There is no connected socket with these addresses.
    NoSocket,
    /// Our own end is not connected any more, so the addresses may already be another connection's.
    Broken,
}

impl Doubt {
    /// Whether our own user's processes are in doubt too, always, and whatever they do.
    pub fn is_lasting(self) -> bool {
        match self {
            Self::Blind | Self::Shared => true,
            Self::NoAnswer | Self::Closed | Self::NoSocket | Self::Broken => false,
        }
    }
}

impl Peer {
    /// The uid, `None` where it is not known.
    pub fn uid(self) -> Option<u32> {
        match self {
            Self::Own(uid) | Self::Foreign(uid) => Some(uid),
            Self::Root => Some(0),
            Self::Unknown(_) => None,
        }
    }
}

/// Asks the kernel about peers.
#[derive(Debug)]
pub struct Peers {
    /// `None` where the kernel can't be asked.
    diag: Option<Mutex<Diag>>,
    us: Us,
}

/// What our own uid is worth.
#[derive(Clone, Copy, Debug)]
struct Us {
    uid: u32,
    /// The uid that our user namespace shows for everybody whom it does not know; `None` where it knows all.
    overflow: Option<u32>,
}

impl Peers {
    /// Opens the way to the kernel. Where there is none, every peer will be unknown, and the log says so.
    pub fn open() -> Self {
        let diag = Diag::open().and_then(|mut diag| {
            finds_ours(&mut diag)?;
            Ok(diag)
        });
        match diag {
            Ok(diag) => {
                let us = Us::read();
                if us.is_shared(us.uid) {
                    tracing::warn!(
                        uid = us.uid,
                        "this user namespace shows everybody whom it does not know as this server's user; every request needs the token of `session-manager host-token`"
                    );
                }
                Self {
                    diag: Some(Mutex::new(diag)),
                    us,
                }
            }
            Err(silence) => {
                tracing::warn!(
                    ?silence,
                    "the kernel does not tell who connects; every request needs the token of `session-manager host-token`"
                );
                Self::blind()
            }
        }
    }

    /// Knows nobody.
    pub fn blind() -> Self {
        Self {
            diag: None,
            us: Us::read(),
        }
    }

    /// Tells who is at the other end of an accepted connection. Takes some 15 microseconds and waits for nothing.
    pub fn of(&self, stream: &TcpStream) -> Peer {
        let (Ok(SocketAddr::V4(theirs)), Ok(SocketAddr::V4(ours))) =
            (stream.peer_addr(), stream.local_addr())
        else {
            // `ENOTCONN` where the client has reset the connection.
            return Peer::Unknown(Doubt::Broken);
        };
        let Some(diag) = &self.diag else {
            return Peer::Unknown(Doubt::Blind);
        };
        let found = diag
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .owner(theirs, ours);
        // Only now: as long as our end is connected, no other socket can have taken the other end's place, so what was
        // found a moment ago was the peer.
        judge(found, is_connected(stream), self.us)
    }
}

impl Us {
    fn read() -> Self {
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        let (map, overflow) = (
            file("/proc/self/uid_map"),
            file("/proc/sys/kernel/overflowuid"),
        );
        Self {
            uid: geteuid().as_raw(),
            overflow: overflow_uid(&map, &overflow),
        }
    }

    /// Whether this uid lets its owner in, and could be anybody's.
    fn is_shared(self, uid: u32) -> bool {
        self.overflow == Some(uid) && (uid == self.uid || uid == 0)
    }
}

/// Reads which uid stands for everybody unknown (user_namespaces(7)), from the map of our user namespace and the kernel's
/// setting. What can't be read counts as a namespace that does not know all, and as what the kernel sets by itself.
fn overflow_uid(map: &str, overflow: &str) -> Option<u32> {
    // A namespace can map only what the one above knows, so this one knows everybody.
    let knows_all = map.split_whitespace().eq(["0", "0", "4294967295"]);
    (!knows_all).then(|| overflow.trim().parse().unwrap_or(65534))
}

/// Asks for a socket that is certainly there. Loads the kernel's module where it is one, which may take a while; a kernel that
/// has none says "no such socket" of every socket, and a confinement that lets us ask may still refuse the answer.
fn finds_ours(diag: &mut Diag) -> Result<(), Silence> {
    let failed = |error: io::Error| Silence::NoAnswer(Errno::from_io_error(&error));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let nobody = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let found = diag.owner(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port), nobody)?;
    if found.uid == geteuid().as_raw() && found.inode != 0 {
        Ok(())
    } else {
        Err(Silence::NoAnswer(None))
    }
}

/// Says what the kernel's word is worth. `connected` is our own end's state after the kernel was asked.
fn judge(found: Result<Found, Silence>, connected: bool, us: Us) -> Peer {
    let found = match found {
        Ok(found) => found,
        Err(Silence::NoSocket) => return Peer::Unknown(Doubt::NoSocket),
        Err(Silence::NoAnswer(_)) => return Peer::Unknown(Doubt::NoAnswer),
    };
    if !connected {
        return Peer::Unknown(Doubt::Broken);
    }
    match found.state {
        // A client that has only said that it will send no more (`nc -N`) is in FIN_WAIT1 or 2 and still has its owner; one
        // that has closed is in the same states and has none (Linux 6.18).
        TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2 => {}
        // Where there is no connected socket the kernel takes one that listens on that port, and our end may outlive a
        // client that has closed: anybody's server could stand in for it. Or somebody has begun to connect from the port.
        TcpState::Other => return Peer::Unknown(Doubt::NoSocket),
    }
    if found.inode == 0 {
        return Peer::Unknown(Doubt::Closed);
    }
    match found.uid {
        shared if us.is_shared(shared) => Peer::Unknown(Doubt::Shared),
        own if own == us.uid => Peer::Own(own),
        0 => Peer::Root,
        other => Peer::Foreign(other),
    }
}

/// Whether our end is ESTABLISHED or, where the client will send no more, CLOSE_WAIT. We have shut down neither half, and then
/// the kernel reports a hang-up in the state CLOSE and in no other (`tcp_poll`), which is where a reset leads.
fn is_connected(ours: impl AsFd) -> bool {
    let mut polled = [PollFd::new(&ours, PollFlags::empty())];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // With a time of zero there is nothing that a signal could interrupt.
    poll(&mut polled, Some(&now)) == Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(state: TcpState, uid: u32, inode: u32) -> Result<Found, Silence> {
        Ok(Found { state, uid, inode })
    }

    fn us(uid: u32) -> Us {
        Us {
            uid,
            overflow: None,
        }
    }

    #[test]
    fn only_an_owner_that_is_certain_counts() {
        use TcpState::{Established, FinWait1, FinWait2, Other};
        let check = |found, connected, expected| {
            assert_eq!(judge(found, connected, us(1000)), expected, "{found:?}");
        };
        for state in [Established, FinWait1, FinWait2] {
            check(found(state, 1000, 7), true, Peer::Own(1000));
            check(found(state, 0, 7), true, Peer::Root);
            check(found(state, 1001, 7), true, Peer::Foreign(1001));
            check(found(state, 65534, 7), true, Peer::Foreign(65534));
            for uid in [0, 1000, 1001] {
                check(found(state, uid, 0), true, Peer::Unknown(Doubt::Closed));
                check(found(state, uid, 7), false, Peer::Unknown(Doubt::Broken));
            }
        }
        for uid in [0, 1000, 1001] {
            check(found(Other, uid, 7), true, Peer::Unknown(Doubt::NoSocket));
        }
        check(Err(Silence::NoSocket), true, Peer::Unknown(Doubt::NoSocket));
        for error in [None, Some(rustix::io::Errno::PERM)] {
            let silence = Err(Silence::NoAnswer(error));
            check(silence, true, Peer::Unknown(Doubt::NoAnswer));
        }
    }

    #[test]
    fn root_s_own_server_takes_root_for_its_own_user() {
        let theirs = found(TcpState::Established, 0, 7);
        assert_eq!(judge(theirs, true, us(0)), Peer::Own(0));
        let theirs = found(TcpState::Established, 1000, 7);
        assert_eq!(judge(theirs, true, us(0)), Peer::Foreign(1000));
    }

    #[test]
    fn a_uid_that_stands_for_everybody_unknown_lets_nobody_in() {
        let shared = Peer::Unknown(Doubt::Shared);
        for (own, overflow, theirs, expected) in [
            (65534, 65534, 65534, shared),
            (65534, 65534, 0, Peer::Root),
            (65534, 65534, 1000, Peer::Foreign(1000)),
            (1000, 65534, 65534, Peer::Foreign(65534)),
            (1000, 65534, 1000, Peer::Own(1000)),
            (0, 65534, 0, Peer::Own(0)),
            // Nobody sets it so, but the kernel lets it be.
            (1000, 0, 0, shared),
            (0, 0, 0, shared),
        ] {
            let us = Us {
                uid: own,
                overflow: Some(overflow),
            };
            let found = found(TcpState::Established, theirs, 7);
            assert_eq!(judge(found, true, us), expected, "{us:?} {theirs}");
        }
    }

    #[test]
    fn only_a_namespace_that_knows_all_has_no_overflow_uid() {
        let check = |map, overflow, expected| {
            assert_eq!(overflow_uid(map, overflow), expected, "{map:?}");
        };
        check("         0          0 4294967295\n", "65534\n", None);
        check("         0       1000          1\n", "65534\n", Some(65534));
        check("     65534       1000          1\n", "65533\n", Some(65533));
        check("         0          1 4294967295\n", "65534\n", Some(65534));
        check("0 1000 1\n1 100000 65536\n", "not a number\n", Some(65534));
        check("", "", Some(65534));
    }
}

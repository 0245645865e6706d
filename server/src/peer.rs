//! Whose process is at the other end of a connection.
//!
//! Loopback is not a border between users: any of them can connect. Knows how the kernel is asked, and what makes its word
//! worth nothing. Does not know what a caller may do.

mod diag;
mod message;

use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::AsFd,
    sync::{Mutex, PoisonError},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
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
    /// The kernel, or what confines us, answers no such question.
    NoAnswer,
    /// The process has closed the socket, or has ended: it belongs to nobody any more, and the kernel shows uid 0.
    Closed,
    /// There is no connected socket with these addresses.
    NoSocket,
    /// Our own end is not connected any more, so the addresses may already be another connection's.
    Broken,
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
    uid: u32,
}

impl Peers {
    /// Opens the way to the kernel. Where there is none, every peer will be unknown, and the log says so.
    pub fn open() -> Self {
        let diag = Diag::open().and_then(|mut diag| {
            // Loads the kernel's module where it is one, which may take a while; and a confinement that lets such a
            // socket be made may still refuse the question.
            let nobody = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
            match diag.owner(nobody, nobody) {
                Ok(_) | Err(Silence::NoSocket) => Ok(diag),
                Err(silence @ Silence::NoAnswer(_)) => Err(silence),
            }
        });
        match diag {
            Ok(diag) => Self {
                diag: Some(Mutex::new(diag)),
                ..Self::blind()
            },
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
            uid: geteuid().as_raw(),
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
            return Peer::Unknown(Doubt::NoAnswer);
        };
        let found = diag
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .owner(theirs, ours);
        // Only now: as long as our end is connected, no other socket can have taken the other end's place, so what was
        // found a moment ago was the peer.
        judge(found, is_connected(stream), self.uid)
    }
}

/// Says what the kernel's word is worth. `connected` is our own end's state after the kernel was asked.
fn judge(found: Result<Found, Silence>, connected: bool, uid: u32) -> Peer {
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
        own if own == uid => Peer::Own(own),
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

    #[test]
    fn only_an_owner_that_is_certain_counts() {
        use TcpState::{Established, FinWait1, FinWait2, Other};
        let check = |found, connected, expected| {
            assert_eq!(judge(found, connected, 1000), expected, "{found:?}");
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
        assert_eq!(judge(theirs, true, 0), Peer::Own(0));
        let theirs = found(TcpState::Established, 1000, 7);
        assert_eq!(judge(theirs, true, 0), Peer::Foreign(1000));
    }
}

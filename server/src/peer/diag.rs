//! The kernel's socket monitor, asked about one TCP socket at a time (sock_diag(7)).
//!
//! Scanning `/proc/net/tcp` for each connection would take the longer the more of them there are. Does not know what the
//! answer means.

use std::{net::SocketAddrV4, os::fd::OwnedFd};

use rustix::{
    io::{Errno, retry_on_intr},
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind,
        netdevice::name_to_index,
        netlink::{self, SocketAddrNetlink},
        recvfrom, sendto, socket_with,
    },
};

use super::message::{self, Answer, Found};

#[derive(Debug)]
pub(super) struct Diag {
    socket: OwnedFd,
    /// The index of `lo`; 0 where it can't be told.
    interface: u32,
    /// Of the last question.
    sequence: u32,
}

/// Why no socket was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// There is none.
    NoSocket,
    /// The kernel does not say; the error, `None` where there was neither answer nor error.
    NoAnswer(Option<Errno>),
}

/// More than one answer is there only after a question whose answer was not taken.
const MAX_MESSAGES: usize = 16;

impl Diag {
    pub(super) fn open() -> Result<Self, Silence> {
        let socket = open().map_err(|error| Silence::NoAnswer(Some(error)))?;
        // A socket that is bound to an interface, which anybody may do, is found by that interface's index only; one that is
        // bound to none, by any.
        let interface = name_to_index(&socket, "lo").unwrap_or(0);
        Ok(Self {
            socket,
            interface,
            sequence: 0,
        })
    }

    /// Returns the socket whose own address is `own` and whose peer's is `peer`, or one that listens on `own` where no
    /// socket is connected.
    pub(super) fn owner(
        &mut self,
        own: SocketAddrV4,
        peer: SocketAddrV4,
    ) -> Result<Found, Silence> {
        let failed = |error| Silence::NoAnswer(Some(error));
        self.sequence = self.sequence.wrapping_add(1);
        let question = message::question(self.sequence, own, peer, self.interface);
        let kernel = SocketAddrNetlink::new(0, 0);
        retry_on_intr(|| sendto(&self.socket, &question, SendFlags::empty(), &kernel))
            .map_err(failed)?;
        let mut buffer = [0_u8; 512];
        // The kernel answers before `sendto` returns, so there is nothing to wait for.
        for _ in 0..MAX_MESSAGES {
            let (length, sender) = match recvfrom(&self.socket, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((_, length, sender)) => (length, sender),
                // `ENOBUFS`: an earlier answer was lost, ours is still to come.
                Err(Errno::INTR | Errno::NOBUFS) => continue,
                Err(error) => return Err(failed(error)),
            };
            // Only the kernel has port 0: another process may send to this socket too.
            let sender = sender.and_then(|sender| SocketAddrNetlink::try_from(sender).ok());
            if sender.is_none_or(|sender| sender.pid() != 0) {
                continue;
            }
            let message = buffer.get(..length).unwrap_or_default();
            match Answer::parse(message, self.sequence, own, peer) {
                Some(Answer::Found(found)) => return Ok(found),
                Some(Answer::Error(error)) => {
                    return Err(match Errno::from_raw_os_error(error) {
                        Errno::NOENT => Silence::NoSocket,
                        error => failed(error),
                    });
                }
                None => {}
            }
        }
        Err(Silence::NoAnswer(None))
    }
}

fn open() -> Result<OwnedFd, Errno> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        Some(netlink::SOCK_DIAG),
    )?;
    // The kernel chooses our port.
    bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

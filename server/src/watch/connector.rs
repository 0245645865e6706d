//! The kernel's word for every program that is started (the process connector, `linux/cn_proc.h`).
//!
//! Knows how to ask for it and to find out that it does not come: in a pid or network namespace of its own, asking
//! succeeds and nothing ever arrives, not even the answer. Does not know which program matters.

mod message;

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind,
        netlink::{self, SocketAddrNetlink},
        recvfrom, send, socket_with,
    },
};

use self::message::Message;

#[derive(Debug)]
pub(super) struct Connector {
    socket: OwnedFd,
    asked_at: Instant,
    has_answered: bool,
}

/// What was heard.
#[derive(Debug)]
pub(super) enum Heard {
    /// The processes that began to run another program, in the order in which they did.
    Executed(Vec<u32>),
    /// More than the socket holds: some are missing.
    TooMuch,
}

/// An answer takes some microseconds.
const PATIENCE: Duration = Duration::from_millis(200);
/// Of one round; the rest stays ready.
const MAX_MESSAGES: usize = 1024;
/// The initial pid namespace: its inode is a constant of the kernel (`PROC_PID_INIT_INO`). The pids that are told are its.
const INITIAL_NAMESPACE: &str = "pid:[4026531836]";

impl Connector {
    /// Asks for it; `None` where it can't be had.
    pub(super) fn ask(pid_namespace: &str, now: Instant) -> Option<Self> {
        if pid_namespace != INITIAL_NAMESPACE {
            return None;
        }
        let socket = subscribe().ok()?;
        Some(Self {
            socket,
            asked_at: now,
            has_answered: false,
        })
    }

    /// Whether it tells of every program from now on.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// Whether no answer came, and none will.
    pub(super) fn is_mute(&self, now: Instant) -> bool {
        !self.has_answered && now.saturating_duration_since(self.asked_at) >= PATIENCE
    }

    /// Takes what is ready.
    pub(super) fn hear(&mut self) -> Heard {
        let mut executed = Vec::new();
        let mut buffer = [0_u8; 512];
        for _ in 0..MAX_MESSAGES {
            let (length, sender) = match recvfrom(&self.socket, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((_, length, sender)) => (length, sender),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => break,
                // ENOBUFS, and whatever else keeps messages from us.
                Err(_) => return Heard::TooMuch,
            };
            // Only the kernel has port 0: another process may send to this socket too.
            let sender = sender.and_then(|sender| SocketAddrNetlink::try_from(sender).ok());
            if sender.is_none_or(|sender| sender.pid() != 0) {
                continue;
            }
            match buffer.get(..length).and_then(Message::parse) {
                Some(Message::Answer { error: 0 }) if !self.has_answered => {
                    self.has_answered = true;
                    // Since Linux 6.6 it need not tell of anything else; older kernels say nothing to this and go on.
                    send(
                        &self.socket,
                        &message::request_execs_only(),
                        SendFlags::empty(),
                    )
                    .ok();
                }
                Some(Message::Executed { pid }) => executed.push(pid),
                Some(Message::Answer { .. }) | None => {}
            }
        }
        Heard::Executed(executed)
    }
}

impl AsFd for Connector {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn subscribe() -> Result<OwnedFd, Errno> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        Some(netlink::CONNECTOR),
    )?;
    // The kernel chooses our port. EPERM: before Linux 6.6 it is for root only.
    bind(&socket, &SocketAddrNetlink::new(0, message::GROUP))?;
    send(&socket, &message::request(), SendFlags::empty())?;
    Ok(socket)
}

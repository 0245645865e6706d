//! What the kernel says of the other end, and when that is worth nothing.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::OwnedFd,
};

use rustix::{
    net::{SendFlags, Shutdown, getsockname, send, shutdown},
    process::geteuid,
};
use session_manager::peer::{Doubt, Peer, Peers};
use tokio::net::{TcpListener, TcpStream};

use super::{KINDS, address, can_be_another, connect_as, connect_from, reset};
use crate::unprivileged;

/// A listener, and what is told of whoever connects.
struct Rig {
    runtime: tokio::runtime::Runtime,
    listener: TcpListener,
    peers: Peers,
}

impl Rig {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        Self {
            runtime,
            listener: listener.unwrap(),
            peers: Peers::open(),
        }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    fn connect(&self) -> OwnedFd {
        connect_from(address(Ipv4Addr::LOCALHOST, 0), self.port())
    }

    /// The connections are accepted in the order in which they came, however they have ended since.
    fn accept(&self) -> TcpStream {
        self.runtime.block_on(self.listener.accept()).unwrap().0
    }

    fn of(&self, stream: &TcpStream) -> Peer {
        self.peers.of(stream)
    }

    fn next(&self) -> Peer {
        self.of(&self.accept())
    }
}

fn us() -> Peer {
    Peer::Own(geteuid().as_raw())
}

fn own_address(socket: &OwnedFd) -> SocketAddrV4 {
    getsockname(socket).unwrap().try_into().unwrap()
}

#[test]
fn our_own_process_is_known_until_it_closes() {
    let rig = Rig::new();
    let client = rig.connect();
    let stream = rig.accept();
    assert_eq!(rig.of(&stream), us());
    send(&client, b"x", SendFlags::empty()).unwrap();
    assert_eq!(rig.of(&stream), us());
    // `nc -N` has said all that it will, and waits for the answer.
    shutdown(&client, Shutdown::Write).unwrap();
    assert_eq!(rig.of(&stream), us());
    drop(client);
    assert_eq!(rig.of(&stream), Peer::Unknown(Doubt::Closed));
}

#[test]
fn from_every_address_of_this_machine() {
    let rig = Rig::new();
    for ip in [[127, 0, 0, 1], [127, 0, 0, 2], [127, 255, 255, 254]] {
        let _client = connect_from(address(ip.into(), 0), rig.port());
        assert_eq!(rig.next(), us());
    }
}

#[test]
fn through_every_kind_of_socket() {
    let rig = Rig::new();
    for kind in KINDS {
        let _client = connect_as(kind, rig.port());
        assert_eq!(rig.next(), us(), "{kind:?}");
        if can_be_another() {
            let _client = unprivileged::run(|| connect_as(kind, rig.port()));
            assert_eq!(rig.next(), Peer::Foreign(65534), "{kind:?}");
        }
    }
}

#[test]
fn another_user_is_told_by_the_uid() {
    if !can_be_another() {
        return;
    }
    let rig = Rig::new();
    // A socket is its maker's, whoever holds it.
    let _client = unprivileged::run(|| rig.connect());
    assert_eq!(rig.next(), Peer::Foreign(65534));
    let clients: Vec<_> = (0..20)
        .map(|_| (unprivileged::run(|| rig.connect()), rig.connect()))
        .collect();
    for _ in &clients {
        assert_eq!((rig.next(), rig.next()), (Peer::Foreign(65534), us()));
    }
}

#[test]
fn who_closes_before_it_is_accepted_is_nobody() {
    let rig = Rig::new();
    let client = rig.connect();
    send(&client, b"x", SendFlags::empty()).unwrap();
    drop(client);
    assert_eq!(rig.next(), Peer::Unknown(Doubt::Closed));
    let client = rig.connect();
    reset(client);
    assert_eq!(rig.next(), Peer::Unknown(Doubt::Broken));
}

#[test]
fn who_takes_a_reset_connection_s_port_does_not_vouch_for_it() {
    let rig = Rig::new();
    let first = unprivileged::run(|| rig.connect());
    let from = own_address(&first);
    reset(first);
    // The very same addresses, and this time they are ours.
    let _second = connect_from(from, rig.port());
    let (first, second) = (rig.accept(), rig.accept());
    assert_eq!(rig.of(&first), Peer::Unknown(Doubt::Broken));
    assert_eq!(rig.of(&second), us());
}

#[test]
fn who_listens_on_a_gone_client_s_port_does_not_vouch_for_it() {
    let rig = Rig::new();
    let client = rig.connect();
    let from = own_address(&client);
    let stream = rig.accept();
    reset(client);
    let _listener = std::net::TcpListener::bind(from).unwrap();
    assert_eq!(rig.of(&stream), Peer::Unknown(Doubt::Broken));
}

#[test]
fn without_the_kernel_s_word_everybody_is_unknown() {
    let rig = Rig {
        peers: Peers::blind(),
        ..Rig::new()
    };
    let _client = rig.connect();
    assert_eq!(rig.next(), Peer::Unknown(Doubt::Blind));
}

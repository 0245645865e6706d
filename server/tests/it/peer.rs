//! Whose process asks: our own user's and root's are let in, another's is turned away on every route, and nobody knows whose has
//! to show the token.

mod kernel;
mod stranger;
mod ticket;
mod token;

use std::{
    net::{Ipv4Addr, SocketAddrV4, SocketAddrV6},
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::{
    net::{
        AddressFamily, SocketFlags, SocketType, bind, connect, socket_with,
        sockopt::{set_socket_linger, set_socket_reuseaddr},
    },
    process::geteuid,
};

use crate::client::Server;

/// Only root can be somebody else for a while.
fn can_be_another() -> bool {
    geteuid().is_root()
}

fn address(ip: Ipv4Addr, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(ip, port)
}

/// Connects from `from`, whose port may be 0 for any.
fn connect_from(from: SocketAddrV4, port: u16) -> OwnedFd {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    // One that was reset leaves its port at once, one that was closed after a minute.
    set_socket_reuseaddr(&socket, true).unwrap();
    bind(&socket, &from).unwrap();
    connect(&socket, &address(Ipv4Addr::LOCALHOST, port)).unwrap();
    socket
}

/// What a client's socket is like: anybody may choose.
#[derive(Clone, Copy, Debug)]
struct Kind {
    family: AddressFamily,
    /// Bound to the device `lo`.
    is_bound: bool,
}

const KINDS: [Kind; 4] = [
    kind(AddressFamily::INET, false),
    kind(AddressFamily::INET6, false),
    kind(AddressFamily::INET, true),
    kind(AddressFamily::INET6, true),
];

const fn kind(family: AddressFamily, is_bound: bool) -> Kind {
    Kind { family, is_bound }
}

/// Connects through a socket of this kind.
fn connect_as(kind: Kind, port: u16) -> OwnedFd {
    let Kind { family, is_bound } = kind;
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    if is_bound {
        let same = std::net::TcpStream::from(socket.try_clone().unwrap());
        let same = tokio::net::TcpSocket::from_std_stream(same);
        same.bind_device(Some(b"lo")).unwrap();
    }
    let ip = Ipv4Addr::LOCALHOST;
    if family == AddressFamily::INET6 {
        let mapped = SocketAddrV6::new(ip.to_ipv6_mapped(), port, 0, 0);
        connect(&socket, &mapped).unwrap();
    } else {
        connect(&socket, &address(ip, port)).unwrap();
    }
    socket
}

/// Closes a connection by a reset, which leaves nothing behind.
fn reset(socket: OwnedFd) {
    set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
    drop(socket);
}

/// The bytes of a request; `PORT` stands for the server's port, lines end in `\n`.
fn bytes(server: &Server, request: &str) -> Vec<u8> {
    let request = request.replace("PORT", &server.port.to_string());
    request.replace('\n', "\r\n").into_bytes()
}

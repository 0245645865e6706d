//! The messages of the socket monitor: a netlink header, a question about one TCP socket, and what the kernel says of it
//! (sock_diag(7), `linux/inet_diag.h`). Numbers are in the machine's byte order, ports and addresses in the network's.

use std::net::{Ipv4Addr, SocketAddrV4};

/// What the kernel says, as far as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Found(Found),
    /// The number of an error, such as `ENOENT` for no such socket.
    Error(i32),
}

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) state: TcpState,
    /// In the user namespace of the one who asks.
    pub(super) uid: u32,
    /// 0 for a socket that no process has any more.
    pub(super) inode: u32,
}

/// As far as it matters here (`net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TcpState {
    Established,
    FinWait1,
    FinWait2,
    Other,
}

/// Of a question, in bytes.
const QUESTION: u32 = (HEADER + 8 + SOCKET_ID) as u32;
const HEADER: usize = 16;
const SOCKET_ID: usize = 48;
/// `SOCK_DIAG_BY_FAMILY`
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// `NLM_F_REQUEST`
const REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;

/// Asks for the one socket with these addresses of its own and of its peer, bound to the network interface of this index or to
/// none. Without `NLM_F_DUMP` the kernel looks it up and walks no table.
pub(super) fn question(
    sequence: u32,
    own: SocketAddrV4,
    peer: SocketAddrV4,
    interface: u32,
) -> Vec<u8> {
    [
        &QUESTION.to_ne_bytes()[..],
        &BY_FAMILY.to_ne_bytes(),
        &REQUEST.to_ne_bytes(),
        &sequence.to_ne_bytes(),
        // To the kernel.
        &[0; 4],
        // No extensions, and whatever state the socket is in.
        &[AF_INET, IPPROTO_TCP, 0, 0],
        &u32::MAX.to_ne_bytes(),
        &addresses(own, peer, in_v4),
        &interface.to_ne_bytes(),
        // `INET_DIAG_NOCOOKIE`
        &[0xff; 8],
    ]
    .concat()
}

/// The beginning of `inet_diag_sockid`: both ports, and both addresses in the room of an IPv6 one.
fn addresses(own: SocketAddrV4, peer: SocketAddrV4, write: fn(&Ipv4Addr) -> [u8; 16]) -> Vec<u8> {
    [
        &own.port().to_be_bytes()[..],
        &peer.port().to_be_bytes(),
        &write(own.ip()),
        &write(peer.ip()),
    ]
    .concat()
}

/// As an IPv4 socket has it.
fn in_v4(ip: &Ipv4Addr) -> [u8; 16] {
    let [a, b, c, d] = ip.octets();
    [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// As an IPv6 socket has it.
fn in_v6(ip: &Ipv4Addr) -> [u8; 16] {
    ip.to_ipv6_mapped().octets()
}

impl Answer {
    /// Reads one datagram; `None` where it answers another question.
    pub(super) fn parse(
        bytes: &[u8],
        sequence: u32,
        own: SocketAddrV4,
        peer: SocketAddrV4,
    ) -> Option<Self> {
        let length = usize::try_from(number(bytes, 0)?).ok()?;
        let message = bytes.get(..length)?.get(HEADER..)?;
        if number(bytes, 8)? != sequence {
            return None;
        }
        let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        if kind == ERROR {
            let error = number(message, 0)?.cast_signed();
            return Some(Self::Error(error.saturating_neg()));
        }
        let &[family, state, _timer, _retransmits] = message.first_chunk()?;
        let write = match (kind, family) {
            (BY_FAMILY, AF_INET) => in_v4,
            // An IPv6 socket too can be connected to an IPv4 address, and is found by it; Java's are such.
            (BY_FAMILY, AF_INET6) => in_v6,
            _ => return None,
        };
        let state = match state {
            1 => TcpState::Established,
            4 => TcpState::FinWait1,
            5 => TcpState::FinWait2,
            _ => TcpState::Other,
        };
        let facts = message.get(4 + SOCKET_ID..)?;
        // One that listens has the port and no peer.
        let is_meant = message.get(4..)?.starts_with(&addresses(own, peer, write));
        // A time to expire and two queues stand before these.
        let found = Found {
            state: if is_meant { state } else { TcpState::Other },
            uid: number(facts, 12)?,
            inode: number(facts, 16)?,
        };
        Some(Self::Found(found))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From Linux 6.18 on a little-endian machine, but for the uid: a client's port 38766 and a server's port 47541; after
    /// the first 88 bytes, attributes that were not asked for.
    const FOUND: &str = "7c00000014000000 010000009f670000 02010000 976eb9b5
        7f000001 000000000000000000000000 7f000001 000000000000000000000000 00000000 0100000000000000
        00000000 00000000 00000000 e8030000 dd540100
        0500080000000000 08000f0000000000 0c00150001000000 00000000 0600160052000000";
    /// The same of an IPv6 socket (the attributes left out).
    const FOUND_MAPPED: &str = "5800000014000000 010000009f670000 0a010000 976eb9b5
        00000000000000000000ffff 7f000001 00000000000000000000ffff 7f000001 00000000 0100000000000000
        00000000 00000000 00000000 e8030000 dd540100";
    /// The beginning of the one to a question about port 1.
    const ENOENT: &str =
        "24000000 02000000 01000000 9f670000 feffffff 48000000 14000100 01000000 00000000";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks_exact(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn at(port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
    }

    fn parse(bytes: &[u8]) -> Option<Answer> {
        Answer::parse(bytes, 1, at(38766), at(47541))
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn captured_messages_are_read() {
        let found = |state| {
            Some(Answer::Found(Found {
                state,
                uid: 1000,
                inode: 87261,
            }))
        };
        let message = bytes(FOUND);
        assert_eq!(parse(&message), found(TcpState::Established));
        // To another question.
        assert_eq!(Answer::parse(&message, 2, at(38766), at(47541)), None);
        // About a socket of other addresses, such as one that listens on the port.
        let other = Answer::parse(&message, 1, at(38766), at(47542));
        assert_eq!(other, found(TcpState::Other));
        for (state, expected) in [
            (4, TcpState::FinWait1),
            (5, TcpState::FinWait2),
            (2, TcpState::Other),
            (8, TcpState::Other),
            (10, TcpState::Other),
        ] {
            let mut message = message.clone();
            message[17] = state;
            assert_eq!(parse(&message), found(expected));
        }
        let mapped = bytes(FOUND_MAPPED);
        assert_eq!(parse(&mapped), found(TcpState::Established));
        // An address that is not one of IPv4, such as ::7f00:1, or another one.
        for place in [34, 35, 39, 50, 55] {
            let mut other = mapped.clone();
            other[place] ^= 1;
            assert_eq!(parse(&other), found(TcpState::Other), "{place}");
        }
        for (family, message) in [(10, &message), (2, &mapped)] {
            let mut message = message.clone();
            message[16] = family;
            assert_eq!(parse(&message), found(TcpState::Other));
        }
        assert_eq!(parse(&bytes(ENOENT)), Some(Answer::Error(2)));
        for length in 0..88 {
            assert_eq!(parse(&message[..length]), None, "{length}");
        }
    }

    #[test]
    fn a_question_names_both_ends() {
        let question = question(7, at(0x1234), at(0x5678), 3);
        assert_eq!(number(&question, 0), u32::try_from(question.len()).ok());
        assert_eq!(question.len(), 72);
        assert_eq!(number(&question, 8), Some(7));
        assert_eq!(question[24..28], [0x12, 0x34, 0x56, 0x78]);
        assert_eq!(question[28..32], [127, 0, 0, 1]);
        assert_eq!(question[44..48], [127, 0, 0, 1]);
        assert_eq!(number(&question, 60), Some(3));
        assert_eq!(question[64..], [0xff; 8]);
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_makes_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..160),
        ) {
            parse(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic_or_invents_an_owner(
            place in 0..124_usize,
            value in any::<u8>(),
            length in 0..124_usize,
        ) {
            let mut message = bytes(FOUND);
            message[place] = value;
            message.truncate(length);
            // The first 88 bytes hold what counts.
            prop_assert!(length >= 88 || !matches!(parse(&message), Some(Answer::Found(_))));
        }
    }
}

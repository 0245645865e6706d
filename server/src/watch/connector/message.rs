//! The messages of the process connector: a netlink header, a connector header, and an event (`linux/netlink.h`,
//! `linux/connector.h`, `linux/cn_proc.h`), all in the machine's byte order.

/// What the kernel says, as far as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// To a request: 0, or the number of an error.
    Answer { error: u32 },
    /// A process runs another program.
    Executed { pid: u32 },
}

/// The multicast group of process events, `CN_IDX_PROC` as a bit.
pub(super) const GROUP: u32 = 1;

const NETLINK_HEADER: usize = 16;
const CONNECTOR_HEADER: usize = 20;
/// `CN_IDX_PROC` and `CN_VAL_PROC`.
const PROCESS_EVENTS: (u32, u32) = (1, 1);
/// `PROC_CN_MCAST_LISTEN`
const LISTEN: u32 = 1;
/// `PROC_EVENT_NONE`
const ANSWER: u32 = 0;
/// `PROC_EVENT_EXEC`
const EXEC: u32 = 2;
/// `NLMSG_DONE`
const DONE: u16 = 3;

impl Message {
    /// Reads one datagram, `None` where it says something else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let length = usize::try_from(number(bytes, 0)?).ok()?;
        let message = bytes.get(..length)?.get(NETLINK_HEADER..)?;
        if (number(message, 0)?, number(message, 4)?) != PROCESS_EVENTS {
            return None;
        }
        let event = message.get(CONNECTOR_HEADER..)?;
        // `what`, a processor, a time of eight bytes, and then what depends on `what`.
        match number(event, 0)? {
            ANSWER => Some(Self::Answer {
                error: number(event, 16)?,
            }),
            // Of a thread and its process, the process.
            EXEC => Some(Self::Executed {
                pid: number(event, 20)?,
            }),
            _ => None,
        }
    }
}

/// Asks for all events, which every version understands and answers.
pub(super) fn request() -> Vec<u8> {
    wrap(&LISTEN.to_ne_bytes())
}

/// Asks for no other events than `EXEC`, which is not answered.
pub(super) fn request_execs_only() -> Vec<u8> {
    wrap(&[LISTEN.to_ne_bytes(), EXEC.to_ne_bytes()].concat())
}

fn wrap(request: &[u8]) -> Vec<u8> {
    // Neither is longer than 8 bytes.
    let length = u16::try_from(request.len()).unwrap_or_default();
    let total = u32::from(length) + (NETLINK_HEADER + CONNECTOR_HEADER) as u32;
    let (sequence, port) = ([0; 4], [0; 4]);
    [
        &total.to_ne_bytes()[..],
        &DONE.to_ne_bytes(),
        &[0; 2],
        &sequence,
        &port,
        &PROCESS_EVENTS.0.to_ne_bytes(),
        &PROCESS_EVENTS.1.to_ne_bytes(),
        &sequence,
        &[0; 4],
        &length.to_ne_bytes(),
        &[0; 2],
        request,
    ]
    .concat()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From Linux 6.18 on a little-endian machine, as 32-bit words.
    const EXECUTED: [u32; 19] = [
        76,
        3,
        0x2d,
        0,
        1,
        1,
        0x2d,
        0,
        40,
        2,
        1,
        0x53c4_a6df,
        0x26d,
        497,
        497,
        0,
        0,
        0,
        0,
    ];
    const ANSWERED: [u32; 19] = [
        76,
        3,
        0x20,
        0,
        1,
        1,
        0x20,
        1,
        40,
        0,
        0,
        0x53be_a617,
        0x26d,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    const FORKED: [u32; 19] = [
        76,
        3,
        0x20,
        0,
        1,
        1,
        0x20,
        0,
        40,
        1,
        0,
        0x53be_a617,
        0x26d,
        1,
        1,
        9,
        9,
        0,
        0,
    ];

    fn bytes(words: [u32; 19]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn a_captured_message_is_read() {
        assert_eq!(
            Message::parse(&bytes(EXECUTED)),
            Some(Message::Executed { pid: 497 })
        );
        assert_eq!(
            Message::parse(&bytes(ANSWERED)),
            Some(Message::Answer { error: 0 })
        );
        assert_eq!(Message::parse(&bytes(FORKED)), None);
    }

    #[test]
    fn a_request_is_as_long_as_it_says() {
        for (request, length) in [(request(), 40), (request_execs_only(), 44)] {
            assert_eq!(request.len(), length);
            assert_eq!(number(&request, 0), u32::try_from(length).ok());
        }
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_makes_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..120),
        ) {
            Message::parse(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(
            word in 0..19_usize,
            value in any::<u32>(),
            length in 0..80_usize,
        ) {
            let mut words = EXECUTED;
            words[word] = value;
            let bytes = bytes(words);
            Message::parse(&bytes[..length.min(bytes.len())]);
        }
    }
}

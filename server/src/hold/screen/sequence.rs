//! Cuts what a program writes to its terminal into text and whole control sequences.
//!
//! Knows where a sequence ends (ECMA-48 as xterm reads it, UTF-8). Does not know what any of them means. Whatever
//! is not complete is kept back, so that who is shown the rest never begins within a sequence.

/// What a program wrote, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Characters, with controls such as newline among them.
    Text(&'a [u8]),
    /// One sequence from its introducer to its end, or a control that a terminal answers or that introduces a sequence. A
    /// string that another sequence ends is closed (`ESC \`), since who gets the one may not get the other; what
    /// closed it in the first place is one of its own.
    Sequence(&'a [u8]),
    /// A part of a sequence that is longer than any that draws.
    Overlong(&'a [u8]),
}

/// Longer sequences carry files or the clipboard, in bytes.
const LONGEST: usize = 4096;

/// For what is no character.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

const ENQ: u8 = 0x05;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// Within a character of which so many bytes are missing.
    Character(usize),
    /// After ESC alone.
    Escape,
    /// After ESC and bytes such as `(`.
    EscapeMore,
    Control,
    /// OSC, which BEL closes too.
    Command,
    /// DCS, SOS, PM and APC.
    String,
}

#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    held: Vec<u8>,
    overlong: bool,
}

impl Scanner {
    /// Hands out what is complete with `bytes`.
    pub(super) fn scan(&mut self, bytes: &[u8], mut each: impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = match self.state {
                State::Ground => self.ground(rest, &mut each),
                State::Character(_) if !is_continuation(byte) => {
                    self.state = State::Ground;
                    self.held.clear();
                    each(Piece::Text(REPLACEMENT));
                    rest
                }
                State::Character(missing) => {
                    self.held.push(byte);
                    if missing == 1 {
                        self.state = State::Ground;
                        let held = std::mem::take(&mut self.held);
                        each(character(&held));
                        self.held = held;
                        self.held.clear();
                    } else {
                        self.state = State::Character(missing - 1);
                    }
                    after
                }
                State::Escape
                | State::EscapeMore
                | State::Control
                | State::Command
                | State::String => {
                    self.within(byte, &mut each);
                    after
                }
            };
        }
        if self.overlong && !self.held.is_empty() {
            each(Piece::Overlong(&self.held));
            self.held.clear();
        }
    }

    /// Whether the middle of an overlong sequence has been handed out.
    pub(super) fn is_in_overlong(&self) -> bool {
        self.overlong
    }

    /// Hands out text up to the next sequence, and returns what comes after.
    fn ground<'a>(&mut self, bytes: &'a [u8], each: &mut impl FnMut(Piece<'_>)) -> &'a [u8] {
        let mut end = 0;
        while let Some((first, there)) = bytes.get(end..).and_then(<[u8]>::split_first) {
            let length = match *first {
                ESC | ENQ | 0x80..=0x9f => break,
                first => length(first),
            };
            let following = continuations(there, length);
            if following + 1 < length && following == there.len() {
                let (text, partial) = bytes.split_at(end);
                hand_out_text(text, each);
                self.state = State::Character(length - 1 - following);
                self.held.extend(partial);
                return &[];
            }
            let is_control = *first == 0xc2 && matches!(there.first(), Some(0x80..=0x9f));
            let is_whole = following + 1 == length && !matches!(first, 0xa0..=0xc1 | 0xf5..);
            if is_control || !is_whole {
                break;
            }
            end += length;
        }
        let (text, rest) = bytes.split_at(end);
        hand_out_text(text, each);
        match rest {
            [] => rest,
            [ESC, rest @ ..] => {
                self.begin();
                rest
            }
            // A control of eight bits, in UTF-8 or not.
            [0xc2, 0x80..=0x9f, ..] => {
                let (control, rest) = rest.split_at(2);
                each(Piece::Sequence(control));
                rest
            }
            [ENQ | 0x80..=0x9f, ..] => {
                let (control, rest) = rest.split_at(1);
                each(Piece::Sequence(control));
                rest
            }
            [first, rest @ ..] => {
                each(Piece::Text(REPLACEMENT));
                let following = continuations(rest, length(*first));
                rest.get(following..).unwrap_or_default()
            }
        }
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.held.clear();
        self.held.push(ESC);
        self.overlong = false;
    }

    fn within(&mut self, byte: u8, each: &mut impl FnMut(Piece<'_>)) {
        let ends = match (self.state, byte) {
            // Whatever is open ends where another begins. ESC alone has said nothing yet.
            (state, ESC) => {
                if matches!(state, State::Command | State::String) {
                    self.held.extend(b"\x1b\\");
                }
                if state != State::Escape {
                    self.hand_out(each);
                }
                self.begin();
                return;
            }
            (_, CAN | SUB) | (State::Command, BEL) | (State::Control, 0x40..=0x7e) => true,
            // A control within a sequence is carried out by itself.
            (State::Escape | State::EscapeMore | State::Control, 0..=0x1f) => {
                if byte != ENQ {
                    each(Piece::Text(&[byte]));
                }
                return;
            }
            (State::Escape, b'[') => self.goes_on(State::Control),
            (State::Escape, b']') => self.goes_on(State::Command),
            (State::Escape, b'P' | b'X' | b'^' | b'_') => self.goes_on(State::String),
            (State::Escape, 0x20..=0x2f) => self.goes_on(State::EscapeMore),
            (State::Escape | State::EscapeMore, 0x30..=0x7e) => true,
            (
                State::Ground
                | State::Character(_)
                | State::Escape
                | State::EscapeMore
                | State::Control
                | State::Command
                | State::String,
                _,
            ) => false,
        };
        self.held.push(byte);
        if ends {
            self.hand_out(each);
            self.state = State::Ground;
            self.overlong = false;
        } else if self.held.len() >= LONGEST {
            self.overlong = true;
            self.hand_out(each);
        }
    }

    fn goes_on(&mut self, state: State) -> bool {
        self.state = state;
        false
    }

    fn hand_out(&mut self, each: &mut impl FnMut(Piece<'_>)) {
        if self.overlong {
            each(Piece::Overlong(&self.held));
        } else {
            each(Piece::Sequence(&self.held));
        }
        self.held.clear();
    }
}

fn hand_out_text(text: &[u8], each: &mut impl FnMut(Piece<'_>)) {
    if !text.is_empty() {
        each(Piece::Text(text));
    }
}

fn character(bytes: &[u8]) -> Piece<'_> {
    match bytes {
        [0xc2, 0x80..=0x9f] => Piece::Sequence(bytes),
        _ => Piece::Text(bytes),
    }
}

/// How many bytes a character has that begins so.
fn length(first: u8) -> usize {
    match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

/// How many bytes after the first belong to a character of this length.
fn continuations(after: &[u8], length: usize) -> usize {
    let belong = after.iter().take(length - 1);
    belong.take_while(|&&byte| is_continuation(byte)).count()
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The pieces, text joined, as `t:` and `s:` and `o:` with the bytes escaped.
    fn pieces(parts: &[&[u8]]) -> Vec<String> {
        let mut all: Vec<(char, Vec<u8>)> = Vec::new();
        let mut scanner = Scanner::default();
        for part in parts {
            scanner.scan(part, |piece| {
                let (kind, bytes) = match piece {
                    Piece::Text(bytes) => ('t', bytes),
                    Piece::Sequence(bytes) => ('s', bytes),
                    Piece::Overlong(bytes) => ('o', bytes),
                };
                match all.last_mut() {
                    Some((last, joined)) if *last == kind && kind != 's' => joined.extend(bytes),
                    Some(_) | None => all.push((kind, bytes.to_vec())),
                }
            });
        }
        let text = |(kind, bytes): &(char, Vec<u8>)| format!("{kind}:{}", bytes.escape_ascii());
        all.iter().map(text).collect()
    }

    #[test]
    fn text_and_sequences_are_told_apart() {
        let written = b"a\r\n\x1b[38;5;1mb\x1b]0;t\x07\x1b(B\x1bPq1\x1b\\\x05c\xc2\x9bd\x1b\x1b7";
        assert_eq!(
            pieces(&[written]),
            [
                r"t:a\r\n",
                r"s:\x1b[38;5;1m",
                "t:b",
                r"s:\x1b]0;t\x07",
                r"s:\x1b(B",
                r"s:\x1bPq1\x1b\\",
                r"s:\x1b\\",
                r"s:\x05",
                "t:c",
                r"s:\xc2\x9b",
                "t:d",
                r"s:\x1b7",
            ]
        );
    }

    #[test]
    fn what_is_not_complete_is_kept_back() {
        assert_eq!(pieces(&[b"\x1b[3"]), [""; 0]);
        assert_eq!(pieces(&[b"\x1b[3", b"1m"]), [r"s:\x1b[31m"]);
        assert_eq!(pieces(&["日".as_bytes().split_at(1).0]), [""; 0]);
        assert_eq!(pieces(&[b"\xe6", b"x"]), [r"t:\xef\xbf\xbdx"]);
        assert_eq!(pieces(&[b"\x1b[3\x18x"]), [r"s:\x1b[3\x18", "t:x"]);
    }

    #[test]
    fn an_endless_sequence_is_not_kept() {
        let mut scanner = Scanner::default();
        let mut handed_out = 0;
        for _ in 0..1000 {
            scanner.scan(b"\x1b]0;", |_| {});
            scanner.scan(&[b'x'; 10_000], |piece| match piece {
                Piece::Overlong(bytes) => handed_out += bytes.len(),
                Piece::Text(_) | Piece::Sequence(_) => panic!("{piece:?}"),
            });
            assert!(scanner.is_in_overlong());
            assert!(scanner.held.capacity() <= 2 * LONGEST);
            scanner.scan(b"\x07", |_| {});
            assert!(!scanner.is_in_overlong());
        }
        assert_eq!(handed_out, 1000 * 10_004);
    }

    proptest! {
        #[test]
        fn where_it_is_cut_makes_no_difference(
            bytes in prop::collection::vec(
                prop_oneof![any::<u8>(), prop::sample::select(&b"\x1b[]P0;m\x07\\\xe6\x97\xa5\xc2\x9b"[..])],
                0..200,
            ),
            cuts in prop::collection::vec(0..200_usize, 0..5),
        ) {
            let whole = pieces(&[&bytes]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|two| &bytes[two[0]..two[1]]).collect();
            prop_assert_eq!(pieces(&parts), whole);
        }
    }
}

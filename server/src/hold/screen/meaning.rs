//! What a control sequence is about, as far as that decides who gets to see it.
//!
//! Knows which sequences a terminal answers, and which would change the terminal of somebody who looks on beyond the
//! picture. Does not draw.

/// Who gets a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Draws, or sets what the terminal emulator keeps itself: for it and for every client.
    Draws,
    /// Sets one of what the emulator doesn't keep.
    Sets(Setting),
    /// Writes the last character so often again.
    Repeats(u16),
    /// Asks something that the emulator answers. Clients must not answer too.
    Asks,
    /// Asks for the terminal's name and version.
    AsksName,
    /// Changes between the two screens, or resets everything: clients get a new picture instead.
    Switches,
    /// For nobody: it asks what nobody here knows, or it changes the window rather than what is in it.
    Dropped,
}

/// What the terminal emulator forgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// The lines that scroll, from the first to the last (`None` for that of the screen), counted from 1; `None` for all.
    Region(Option<(u16, Option<u16>)>),
    /// A mode that only matters to whoever has a keyboard, a mouse or colours, and whether it is on.
    Mode(Vec<(u16, bool)>),
    /// How xterm reports keys with modifiers (`CSI > 4 ; n m`), `0` for as usual.
    OtherKeys(u16),
    /// That keys are to be reported as kitty does; how, the emulator keeps.
    Keyboard,
}

/// Modes that are handed on but mean nothing to the emulator: reports of the colour scheme, and of the mouse in pixels or
/// as older programs want them.
const KEPT: [u16; 3] = [2031, 1016, 1015];
/// The alternate screen, in three variants.
const SCREENS: [u16; 3] = [47, 1047, 1049];
/// 132 columns, which also clears the screen.
const COLUMNS: u16 = 3;

/// Tells what a whole sequence is about.
pub(super) fn meaning(sequence: &[u8]) -> Meaning {
    match sequence {
        [0x1b, b'[', body @ ..] => control(body),
        [0x1b, b']', body @ ..] => command(body),
        [0x1b, b'P', body @ ..] => device(body),
        [0x1b, b'_', b'G', body @ ..] if asks_graphics(body) => Meaning::Dropped,
        [0x1b, b'c'] => Meaning::Switches,
        // What it closed is closed already.
        [0x1b, b'\\'] => Meaning::Dropped,
        [0x1b, b'Z'] => Meaning::Asks,
        // Cancelled, or controls of eight bits, or ENQ, which some terminals answer.
        [.., 0x18 | 0x1a] | [0x05 | 0x80..=0x9f] | [0xc2, 0x80..=0x9f] => Meaning::Dropped,
        _ => Meaning::Draws,
    }
}

fn control(body: &[u8]) -> Meaning {
    let Some((&last, body)) = body.split_last() else {
        return Meaning::Dropped;
    };
    let (marker, body) = match body.split_first() {
        Some((&marker @ b'<'..=b'?', body)) => (Some(marker), body),
        Some(_) | None => (None, body),
    };
    let more = body.iter().position(|byte| (0x20..0x30).contains(byte));
    let (parameters, more) = body.split_at(more.unwrap_or(body.len()));
    let parameters = numbers(parameters);
    let first = parameters.first().copied().unwrap_or(0);
    match (marker, more, last) {
        (None | Some(b'>' | b'='), [], b'c')
        | (None | Some(b'?'), [], b'n')
        | (Some(b'?'), [], b'u')
        | (None | Some(b'?'), [b'$'], b'p') => Meaning::Asks,
        (Some(b'>'), [], b'q') => Meaning::AsksName,
        (None, [], b'b') => Meaning::Repeats(first.max(1)),
        (None, [], b't') if first == 18 => Meaning::Asks,
        // Reports of other kinds, orders to the window, and a reset that the emulator does not know.
        (_, [], b't')
        | (None, [], b'x')
        | (Some(b'>'), [], b'n')
        | (Some(b'?'), [], b'S' | b'm')
        | (None, [b'!'], b'p')
        | (_, [b'$'], b'u' | b'w')
        | (_, [b'*'], b'y')
        | (_, [b'&'], b'u') => Meaning::Dropped,
        (Some(b'?'), [], b'h' | b'l') => private_modes(&parameters, last == b'h'),
        (Some(b'>' | b'='), [], b'u') => Meaning::Sets(Setting::Keyboard),
        (Some(b'>'), [], b'm') if first == 4 => {
            Meaning::Sets(Setting::OtherKeys(parameters.get(1).copied().unwrap_or(0)))
        }
        // All keys as usual.
        (Some(b'>'), [], b'm') if parameters.is_empty() => Meaning::Sets(Setting::OtherKeys(0)),
        (None, [], b'r') => {
            let bottom = parameters.get(1).copied().filter(|&bottom| bottom > 0);
            Meaning::Sets(Setting::Region(match (first, bottom) {
                (0 | 1, None) => None,
                (top, bottom) => Some((top.max(1), bottom)),
            }))
        }
        _ => Meaning::Draws,
    }
}

fn private_modes(modes: &[u16], on: bool) -> Meaning {
    if modes.contains(&COLUMNS) {
        return Meaning::Dropped;
    }
    if modes.iter().any(|mode| SCREENS.contains(mode)) {
        return Meaning::Switches;
    }
    let kept: Vec<_> = modes
        .iter()
        .filter(|mode| KEPT.contains(mode))
        .map(|&mode| (mode, on))
        .collect();
    if kept.is_empty() {
        Meaning::Draws
    } else {
        Meaning::Sets(Setting::Mode(kept))
    }
}

/// OSC: what ends with `?` asks, for a colour or for the clipboard. There is no one terminal whose they are.
fn command(body: &[u8]) -> Meaning {
    let end = body.iter().position(|byte| matches!(byte, 0x07 | 0x1b));
    let (body, _) = body.split_at(end.unwrap_or(body.len()));
    // Titles and links are only set.
    let is_text = [&b"0;"[..], b"1;", b"2;", b"8;"]
        .iter()
        .any(|number| body.starts_with(number));
    if is_text {
        Meaning::Draws
    } else if body.ends_with(b";?") || body.windows(3).any(|three| three == b";?;") {
        Meaning::Dropped
    } else {
        Meaning::Draws
    }
}

/// DCS: requests for settings and for terminfo.
fn device(body: &[u8]) -> Meaning {
    match body {
        [b'$' | b'+', b'q', ..] => Meaning::Dropped,
        _ => Meaning::Draws,
    }
}

/// Whether the header of a picture asks what could be shown.
fn asks_graphics(body: &[u8]) -> bool {
    let header = body
        .split(|byte| matches!(byte, b';' | 0x1b))
        .next()
        .unwrap_or_default();
    header
        .split(|&byte| byte == b',')
        .any(|pair| pair == b"a=q")
}

fn numbers(parameters: &[u8]) -> Vec<u16> {
    if parameters.is_empty() {
        return Vec::new();
    }
    let number = |text: &[u8]| {
        text.iter()
            .map_while(|byte| byte.checked_sub(b'0').filter(|digit| *digit < 10))
            .fold(0_u16, |number, digit| {
                number.saturating_mul(10).saturating_add(digit.into())
            })
    };
    parameters.split(|&byte| byte == b';').map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_claude_code_asks_reaches_no_client() {
        for asked in [
            "\x1b[c",
            "\x1b[?u",
            "\x1b[?2026$p",
            "\x1b[?1016$p",
            "\x1b[6n",
        ] {
            assert_eq!(meaning(asked.as_bytes()), Meaning::Asks, "{asked:?}");
        }
        assert_eq!(meaning(b"\x1b[>0q"), Meaning::AsksName);
        for unknown in [
            "\x1b]7501;?\x07",
            "\x1b]11;?\x1b\\",
            "\x1b]4;1;?;2;?\x07",
            "\x1b]52;c;?\x07",
            "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\",
            "\x1b_Ga=q\x1b\\",
            "\x1b\\",
            "\x1b[16t",
            "\x1bP+q544e",
            "\x05",
        ] {
            assert_eq!(meaning(unknown.as_bytes()), Meaning::Dropped, "{unknown:?}");
        }
    }

    #[test]
    fn what_draws_is_for_everybody() {
        for drawn in [
            "\x1b[38;2;215;119;87m",
            "\x1b[?2004h",
            "\x1b[?25l",
            "\x1b[<u",
            "\x1b]8;;https://example.com/?a=b",
            "\x1b]0;why;?\x07",
            "\x1b]52;c;aGk=\x07",
            "\x1b7",
            "\x1b(B",
            "\x1b[2 q",
        ] {
            assert_eq!(meaning(drawn.as_bytes()), Meaning::Draws, "{drawn:?}");
        }
    }

    #[test]
    fn what_the_emulator_forgets_is_told() {
        let sets = |sequence: &[u8]| {
            let meaning = meaning(sequence);
            let Meaning::Sets(setting) = meaning else {
                panic!("{meaning:?}");
            };
            setting
        };
        assert_eq!(sets(b"\x1b[r"), Setting::Region(None));
        assert_eq!(sets(b"\x1b[2;9r"), Setting::Region(Some((2, Some(9)))));
        assert_eq!(sets(b"\x1b[3r"), Setting::Region(Some((3, None))));
        assert_eq!(sets(b"\x1b[>4;2m"), Setting::OtherKeys(2));
        assert_eq!(sets(b"\x1b[>4m"), Setting::OtherKeys(0));
        assert_eq!(sets(b"\x1b[?25;2031h"), Setting::Mode(vec![(2031, true)]));
        for switch in ["\x1b[?1049h", "\x1b[?25;47l", "\x1bc"] {
            assert_eq!(meaning(switch.as_bytes()), Meaning::Switches);
        }
    }
}

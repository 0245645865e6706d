//! What a client's terminal has to know, and the emulator does not keep or does not show.

use super::meaning::Setting;

/// A longer title is cut, in characters.
const TITLE: usize = 256;

const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// Printable.
    pub(super) title: String,
    /// The first and the last of the lines that scroll, counted from 1.
    pub(super) region: Option<(u16, u16)>,
    /// Modes by number, and whether they are on; none that the program never set.
    pub(super) modes: Vec<(u16, bool)>,
    /// `None` where the program never said.
    pub(super) other_keys: Option<u16>,
    /// Whether characters are those of the second set, which may be that of lines and corners.
    pub(super) is_shifted: bool,
    /// Whether it ever asked for kitty's reports of keys.
    pub(super) keyboard: bool,
}

impl Kept {
    pub(super) fn entitle(&mut self, title: &str) {
        self.title = printable(title).chars().take(TITLE).collect();
    }

    /// Takes note of a setting on a screen of so many lines, and returns whether it is one.
    pub(super) fn set(&mut self, setting: Setting, rows: u16) -> bool {
        match setting {
            Setting::Region(None) => self.region = None,
            Setting::Region(Some((top, bottom))) => {
                let bottom = bottom.map_or(rows, |bottom| bottom.min(rows));
                // Two lines at least. Terminals take no other, but the emulator would.
                if top >= bottom {
                    return false;
                }
                self.region = Some((top, bottom));
            }
            Setting::OtherKeys(value) => self.other_keys = Some(value),
            Setting::Keyboard => self.keyboard = true,
            Setting::Mode(modes) => {
                for (number, is_on) in modes {
                    self.modes.retain(|(known, _)| *known != number);
                    self.modes.push((number, is_on));
                }
            }
        }
        true
    }

    /// Takes note of which set of characters text ends in.
    pub(super) fn shift(&mut self, text: &[u8]) {
        let last = memchr::memrchr2(SHIFT_OUT, SHIFT_IN, text).and_then(|at| text.get(at));
        if let Some(&last) = last {
            self.is_shifted = last == SHIFT_OUT;
        }
    }

    /// After a reset of the terminal. What clients were told has to be taken back.
    pub(super) fn reset(&mut self) {
        self.region = None;
        self.is_shifted = false;
        self.title.clear();
        self.other_keys = self.other_keys.map(|_| 0);
        for (_, is_on) in &mut self.modes {
            *is_on = false;
        }
    }
}

/// Without what could end a sequence early.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

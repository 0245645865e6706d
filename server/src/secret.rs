//! What whoever has it may ask: 256 bits from the kernel, written in hexadecimal digits.
//!
//! Does not know where it is kept.

use std::fmt;

use rustix::{
    io::{Errno, retry_on_intr},
    rand::{GetRandomFlags, getrandom},
};
use subtle::{Choice, ConstantTimeEq};

const BYTES: usize = 32;

/// Is not shown where it is printed for debugging.
#[derive(Clone)]
pub struct Secret([u8; BYTES]);

impl Secret {
    /// Draws a new one; waits only where the kernel has just been started and has no randomness yet.
    pub fn draw() -> Result<Self, Errno> {
        let mut bytes = [0; BYTES];
        // So few bytes come whole or not at all (getrandom(2)).
        retry_on_intr(|| getrandom(&mut bytes, GetRandomFlags::empty()))?;
        Ok(Self(bytes))
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let mut bytes = [0; BYTES];
        let (pairs, rest) = text.as_chunks::<2>();
        if pairs.len() != BYTES || !rest.is_empty() {
            return None;
        }
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
        }
        Some(Self(bytes))
    }

    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// In the same time wherever the two differ: whoever tries must not learn how far it got.
impl ConstantTimeEq for Secret {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_what_stands_there(
            bytes in proptest::collection::vec(any::<u8>(), 0..70),
            text in "[0-9a-fA-F]{63,65}|[0-9a-g+ ]{64}",
        ) {
            for shown in [&bytes[..], text.as_bytes()] {
                let digits = shown.len() == 64 && shown.iter().all(u8::is_ascii_hexdigit);
                let read = Secret::parse(shown).map(|secret| secret.hex().into_bytes());
                prop_assert_eq!(read, digits.then(|| shown.to_ascii_lowercase()));
            }
        }
    }

    #[test]
    fn digits_are_read_back() {
        let secret = Secret::draw().unwrap();
        let hex = secret.hex();
        assert_eq!(hex.len(), 64);
        let again = Secret::parse(hex.as_bytes()).unwrap();
        assert!(bool::from(secret.ct_eq(&again)));
        let upper = Secret::parse(hex.to_uppercase().as_bytes()).unwrap();
        assert!(bool::from(secret.ct_eq(&upper)));
        assert!(!bool::from(secret.ct_eq(&Secret::draw().unwrap())));
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn nothing_else_is_a_secret() {
        let digits = "0123456789abcdef".repeat(4);
        assert!(Secret::parse(digits.as_bytes()).is_some());
        for wrong in [
            "",
            "0",
            digits.get(1..).unwrap(),
            digits.get(2..).unwrap(),
            &format!("{digits}0"),
            &format!("{digits}00"),
            &format!("{digits}\n"),
            &digits.replace("01", "+1"),
            &digits.replace('f', "g"),
            &"\u{661}".repeat(32),
        ] {
            assert!(Secret::parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}

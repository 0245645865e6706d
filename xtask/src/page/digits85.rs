//! Bytes as text in digits to the base of 85: a quarter longer than they are, where base64 is a third.
//!
//! Knows the digits: the printable characters of ASCII from `#` on without the backslash, so that they can stand
//! between quotation marks in JavaScript. Does not know what the bytes are.

/// Writes each four bytes as five digits, the most significant first. What is missing to a multiple of four counts
/// as zeros: whoever reads it back must know how many bytes there were.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(4) * 5);
    for chunk in bytes.chunks(4) {
        let mut word = [0; 4];
        word.iter_mut()
            .zip(chunk)
            .for_each(|(to, from)| *to = *from);
        let word = u32::from_be_bytes(word);
        for power in [85 * 85 * 85 * 85, 85 * 85 * 85, 85 * 85, 85, 1] {
            text.push(digit(word / power % 85));
        }
    }
    text
}

fn digit(value: u32) -> char {
    // The backslash is left out: in JavaScript it begins an escape.
    let code = value + if value < 57 { 35 } else { 36 };
    char::from_u32(code).unwrap_or('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bytes_are_five_digits() {
        let check = |bytes: &[u8], text: &str| assert_eq!(encode(bytes), text);
        check(b"", "");
        check(b"\0\0\0\0", "#####");
        check(b"\0\0\0\x55", "###$#");
        check(b"\xff\xff\xff\xff", "v:Y/#");
        check(b"\x01", encode(b"\x01\0\0\0").as_str());
    }

    #[test]
    fn no_digit_ends_a_string_or_begins_an_escape() {
        let digits: String = (0..85).map(digit).collect();
        assert_eq!(digits.len(), 85);
        assert!(!digits.contains(['"', '\\', '\n', ' ']));
    }
}

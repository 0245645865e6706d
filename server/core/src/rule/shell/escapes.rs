//! What `$'...'` says, as far as all shells read it alike.

/// Returns the text, `None` where shells may differ.
pub(super) fn decoded(content: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('\\') {
        decoded.push_str(before);
        let first = after.chars().next()?;
        let length = match first {
            'x' => 3,
            '0'..='7' => 3,
            _ => first.len_utf8(),
        };
        let (escape, next) = after.split_at_checked(length)?;
        decoded.push(match first {
            '\\' | '\'' | '"' => first,
            'n' => '\n',
            't' => '\t',
            'x' => number(escape.get(1..)?, 16)?,
            '0'..='7' => number(escape, 8)?,
            _ => return None,
        });
        // Some shells would read another digit.
        if length == 3 && next.starts_with(|c: char| c.is_ascii_hexdigit()) && first == 'x' {
            return None;
        }
        rest = next;
    }
    decoded.push_str(rest);
    Some(decoded)
}

/// A character that is one byte everywhere.
fn number(digits: &str, radix: u32) -> Option<char> {
    let value = u8::from_str_radix(digits, radix).ok()?;
    let is_plain = value.is_ascii() && !value.is_ascii_control() && !digits.starts_with('+');
    is_plain.then(|| char::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shells_read_alike_is_read() {
        let check = |content: &str, text: Option<&str>| {
            assert_eq!(decoded(content).as_deref(), text, "{content}");
        };
        check("rm", Some("rm"));
        check(r"\x72m \162\155", Some("rm rm"));
        check(r#"a\\b\'\"\n\tc"#, Some("a\\b'\"\n\tc"));
        check(r"\x7", None);
        check(r"\x721", None);
        check(r"\x+1", None);
        check(r"\000", None);
        check(r"\377", None);
        check(r"\cA", None);
        check(r"\u0072", None);
        check("a\\", None);
    }
}

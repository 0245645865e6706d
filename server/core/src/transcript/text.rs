//! Cutting text where JavaScript would, counted in UTF-16 units.

/// Returns the longest start of `text` that has at most `limit` UTF-16 units; a surrogate pair is never split.
pub fn cut(text: &str, limit: usize) -> &str {
    // No character has more UTF-16 units than bytes.
    if text.len() <= limit {
        return text;
    }
    let mut units = 0;
    for (at, character) in text.char_indices() {
        units += character.len_utf16();
        if units > limit {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

/// Returns the longest end of `text` that has at most `limit` UTF-16 units; a surrogate pair is never split.
pub fn end(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut units = 0;
    for (at, character) in text.char_indices().rev() {
        units += character.len_utf16();
        if units > limit {
            return text.get(at + character.len_utf8()..).unwrap_or(text);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_that_does_not_fit_is_left_out_whole() {
        assert_eq!(cut("ab🦀c", 2), "ab");
        assert_eq!(cut("ab🦀c", 3), "ab");
        assert_eq!(cut("ab🦀c", 4), "ab🦀");
        assert_eq!(cut("ab🦀c", 5), "ab🦀c");
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn the_end_of_a_text_is_cut_by_the_same_measure() {
        assert_eq!(end("a🦀bc", 2), "bc");
        assert_eq!(end("a🦀bc", 3), "bc");
        assert_eq!(end("a🦀bc", 4), "🦀bc");
        assert_eq!(end("a🦀bc", 5), "a🦀bc");
        assert_eq!(end("äöü", 2), "öü");
        assert_eq!(end("", 0), "");
    }
}

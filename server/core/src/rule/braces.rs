//! What braces make of a text: `r{m,n}` is `rm` and `rn`.
//!
//! Does not know of quotes; whoever asks takes more to be there than is.

/// More alternatives than this are not told apart.
const MOST: usize = 64;

/// What braces make of a text, one after the other, or the text alone; `None` for more than can be told apart.
pub(super) fn alternatives(text: &str) -> Option<Vec<String>> {
    let mut open = vec![text.to_owned()];
    let mut done = Vec::new();
    if text.contains(['$', '`']) || !text.contains([',', '.']) {
        return Some(open);
    }
    while let Some(text) = open.pop() {
        if open.len() + done.len() > MOST {
            return None;
        }
        let Some((before, alternatives, after)) = innermost(&text) else {
            done.push(text);
            continue;
        };
        open.extend(
            alternatives
                .into_iter()
                .map(|one| format!("{before}{one}{after}")),
        );
    }
    Some(done)
}

/// A pair of braces without others in it, and what it stands for.
fn innermost(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let end = text.find('}')?;
    let (head, after) = (text.get(..end)?, text.get(end + 1..)?);
    let (before, inner) = head.rsplit_once('{')?;
    let alternatives = match inner.contains(',') {
        true => inner.split(',').collect(),
        false if inner.contains("..") => vec![row(inner)],
        false => vec![inner],
    };
    Some((before, alternatives, after))
}

/// What stands for each of `1..9` or `a..z`.
fn row(inner: &str) -> &'static str {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    if inner.chars().all(is_number) {
        "0"
    } else {
        "*"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_make_several_of_a_text() {
        let check = |text: &str, texts: Option<&[&str]>| {
            let texts = texts.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(alternatives(text), texts, "{text}");
        };
        check("a b", Some(&["a b"]));
        check("{rm,x} y", Some(&["x y", "rm y"]));
        check("{r{m,n},x}", Some(&["x", "rn", "x", "rm"]));
        check("{r..r}m", Some(&["*m"]));
        check("x{1..20}", Some(&["x0"]));
        check("a } b, {", Some(&["a } b, {"]));
        check(&"{a,b}".repeat(8), None);
    }
}

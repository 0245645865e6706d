//! How Claude Code names the directory of a project's transcripts, `<config>/projects/<name>/`.
//!
//! Knows the way there only. The name has lost too much to lead back: read `cwd` from the lines instead.

/// Longer names are cut here and told apart by a hash. Counted in UTF-16 units, as JavaScript does.
const LIMIT: usize = 200;

/// Returns the directory name for a session that was started in `cwd`, an absolute path with its symlinks resolved.
pub fn encode(cwd: &str) -> String {
    let mut name = String::with_capacity(cwd.len().min(LIMIT + 8));
    for (position, unit) in cwd.encode_utf16().enumerate() {
        if position == LIMIT {
            name.push('-');
            name.push_str(&base36(hash(cwd).unsigned_abs()));
            break;
        }
        let kept = char::from_u32(u32::from(unit)).filter(char::is_ascii_alphanumeric);
        name.push(kept.unwrap_or('-'));
    }
    name
}

/// The 31-polynomial over the whole path, wrapped to 32 bits as `(h << 5) - h + unit | 0` does.
fn hash(cwd: &str) -> i32 {
    cwd.encode_utf16().fold(0, |hash: i32, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit(number % 36, 36));
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(cwd: &str, expected: &str) {
        assert_eq!(encode(cwd), expected, "{cwd:?}");
    }

    #[test]
    fn everything_but_letters_and_digits_becomes_a_dash() {
        check("/home/dev/work/p1", "-home-dev-work-p1");
        check("/home/dev/my_app.v2 (old)", "-home-dev-my-app-v2--old-");
        check("/", "-");
        check("", "");
    }

    #[test]
    fn a_character_outside_the_basic_plane_is_two_dashes() {
        check("/é", "--");
        check("/a🦀b", "-a--b");
    }

    #[test]
    fn a_long_name_is_cut_and_carries_a_hash_of_the_whole_path() {
        let fits = format!("/{}", "a".repeat(199));
        check(&fits, &format!("-{}", "a".repeat(199)));
        // The hashes were computed with `Math.abs(h).toString(36)` in Node.
        let long = format!("/{}", "a".repeat(200));
        check(&long, &format!("-{}-b6ymvl", "a".repeat(199)));
        let other = format!("/{}b", "a".repeat(200));
        check(&other, &format!("-{}-85qkr7", "a".repeat(199)));
        let wide = "/ü".repeat(150);
        check(&wide, &format!("{}-9l8aqq", "-".repeat(200)));
    }

    proptest! {
        #[test]
        fn a_name_is_always_one_plain_path_component(cwd in any::<String>()) {
            let name = encode(&cwd);
            prop_assert!(name.len() <= LIMIT + 8);
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        }
    }
}

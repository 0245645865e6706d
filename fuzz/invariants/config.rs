//! `config.toml`: whatever stands in it, what counts is usable and each mistake says where it stands.

use std::time::Duration;

use session_manager::config::{Config, Surroundings};

const PLACE: &str = "/home/me/.config/session-manager/config.toml, line ";

pub(crate) fn check(bytes: &[u8]) {
    // What is no text is refused before it is parsed.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let config = read(text, "");
    is_usable(&config);
    in_the_environment(text);
    for mistake in &config.mistakes {
        let line = mistake.strip_prefix(PLACE).expect(mistake);
        let digits: String = line.chars().take_while(char::is_ascii_digit).collect();
        let lines = text.matches('\n').count() + 1;
        assert!(
            (1..=lines).contains(&digits.parse::<usize>().unwrap()),
            "{mistake}"
        );
        assert!(mistake.ends_with('.'), "{mistake:?}");
        // It is printed to terminals.
        assert!(!mistake.contains(char::is_control), "{mistake:?}");
    }
    a_foreign_key_costs_one_mistake(text, &config);
}

fn is_usable(config: &Config) {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    assert!(!config.homes.is_empty());
    assert!(config.homes.iter().all(|home| home.is_absolute()));
    assert!(
        config
            .claude
            .as_ref()
            .is_none_or(|claude| claude.is_absolute())
    );
    for host in &config.allowed_hosts {
        let fits = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b',';
        assert!(!host.is_empty() && host.bytes().all(fits), "{host:?}");
    }
    assert!(
        config
            .user
            .as_ref()
            .is_none_or(|user| ["root", "other"].contains(&user.as_str()))
    );
    assert!(config.grace <= Duration::from_secs(60));
    assert!(config.actions_per_second.get() <= 100_000);
    let minute = Duration::from_secs(60);
    assert!((minute..=365 * DAY).contains(&config.stuck_after));
    assert!((minute..=365 * DAY).contains(&config.abandoned_after));
    assert!((DAY..=3650 * DAY).contains(&config.compress_after));
}

/// One mistake more, and everything else as it was.
fn a_foreign_key_costs_one_mistake(text: &str, config: &Config) {
    const FOREIGN: &str = "no_such_key_at_all";
    // TOML allows a byte order mark in front only, and a key once.
    if text.starts_with('\u{feff}') || text.contains(FOREIGN) || text.contains('\\') {
        return;
    }
    let more = read(&format!("{FOREIGN} = 1\n{text}"), "");
    let is_toml = more
        .mistakes
        .iter()
        .any(|mistake| mistake.contains(FOREIGN));
    let expected = config.mistakes.len() + usize::from(is_toml);
    assert_eq!(more.mistakes.len(), expected, "{:?}", more.mistakes);
    let wishes = |config: &Config| {
        let config = config.clone();
        let mistakes = Vec::new();
        format!("{:?}", Config { mistakes, ..config })
    };
    assert_eq!(wishes(&more), wishes(config));
}

/// The same text as a list of homes.
fn in_the_environment(text: &str) {
    let config = read("", text);
    is_usable(&config);
    for mistake in &config.mistakes {
        assert!(mistake.starts_with("SESSION_MANAGER_HOMES: "), "{mistake}");
        assert!(!mistake.contains(char::is_control), "{mistake:?}");
    }
}

/// What a file with this text and these homes in the environment come to.
fn read(text: &str, homes: &str) -> Config {
    Config::of(
        Ok(Some(text.to_owned())),
        &Surroundings {
            variable: &|name| match name {
                "HOME" => Some("/home/me".into()),
                "SESSION_MANAGER_HOMES" => Some(homes.into()),
                _ => None,
            },
            has_login: &|login| ["root", "me", "other"].contains(&login),
            login: Some("me".to_owned()),
            login_home: None,
            is_root: true,
        },
    )
}

//! The text of `config.toml`: its keys, what each may hold, and where a mistake stands.
//!
//! Knows TOML. Does not know where the text came from, nor what a missing key means.

use std::{
    net::Ipv6Addr,
    num::NonZeroU32,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use session_core::detach::{DetachKeys, NotKeys};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use wire::Grace;

/// What the file asks for; `None` where it says nothing, or nothing usable.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) homes: Option<Vec<PathBuf>>,
    /// The login name and where it stands, for whoever knows which logins there are.
    pub(super) user: Option<(String, String)>,
    pub(super) port: Option<u16>,
    pub(super) allowed_hosts: Option<Vec<String>>,
    pub(super) claude: Option<PathBuf>,
    pub(super) grace: Option<Duration>,
    pub(super) stuck_after: Option<Duration>,
    pub(super) abandoned_after: Option<Duration>,
    pub(super) compress_after: Option<Duration>,
    pub(super) approval_wait: Option<Duration>,
    pub(super) actions_per_second: Option<NonZeroU32>,
    pub(super) detach_keys: Option<DetachKeys>,
    /// One sentence each, which begins with the line.
    pub(super) mistakes: Vec<String>,
}

const KEYS: &str = "homes, user, port, allowed_hosts, claude, grace_ms, stuck_after_minutes, \
     abandoned_after_minutes, compress_after_days, approval_wait_sec, actions_per_second, \
     detach_keys";

/// A value with the place it came from.
type Value<'t> = Spanned<DeValue<'t>>;

impl Wishes {
    /// Reads the text; `~` in it stands for `home`.
    pub(super) fn parse(text: &str, home: Option<&Path>) -> Self {
        let mut wishes = Self::default();
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let (line, column) = position(text, error.span().unwrap_or(0..0));
                let why = error.message().trim().replace('\n', ", ");
                wishes
                    .mistakes
                    .push(format!("line {line}, column {column}: {why}."));
                return wishes;
            }
        };
        // In the order of the file, so that the mistakes come in it too.
        let mut entries: Vec<_> = table.get_ref().iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let place = |span| format!("line {}, key {name:?}", position(text, span).0);
            let mut note = |span, why: String| {
                wishes.mistakes.push(format!("{}: {why}", place(span)));
            };
            match name {
                "homes" => {
                    wishes.homes = list(value, "absolute paths", &mut note, |entry| {
                        absolute(entry, home)
                    });
                    if value.get_ref().as_array().is_some_and(|all| all.is_empty()) {
                        note(
                            value.span(),
                            "at least one absolute path belongs here.".to_owned(),
                        );
                    }
                }
                "allowed_hosts" => {
                    wishes.allowed_hosts = list(value, "host names", &mut note, host);
                }
                "user" => match string(value, "a login name") {
                    Ok(login) => wishes.user = Some((login.to_owned(), place(value.span()))),
                    Err(why) => note(value.span(), why),
                },
                "claude" => {
                    let path =
                        string(value, "an absolute path").and_then(|path| absolute(path, home));
                    wishes.claude = kept(path, value, note);
                }
                "port" => {
                    let port = number(value, 0, u16::MAX.into())
                        .map(|port| u16::try_from(port).unwrap_or_default());
                    wishes.port = kept(port, value, note);
                }
                "grace_ms" => {
                    let grace = number(value, 0, Grace::MAX_MS.into()).map(Duration::from_millis);
                    wishes.grace = kept(grace, value, note);
                }
                "stuck_after_minutes" => wishes.stuck_after = kept(minutes(value), value, note),
                "abandoned_after_minutes" => {
                    wishes.abandoned_after = kept(minutes(value), value, note);
                }
                "compress_after_days" => {
                    let days =
                        number(value, 1, 3650).map(|days| Duration::from_secs(days * 24 * 60 * 60));
                    wishes.compress_after = kept(days, value, note);
                }
                "approval_wait_sec" => {
                    // Less than the time that Claude Code gives the hook.
                    let wait = number(value, 1, 3_600).map(Duration::from_secs);
                    wishes.approval_wait = kept(wait, value, note);
                }
                "actions_per_second" => {
                    let rate = number(value, 1, 100_000)
                        .map(|rate| u32::try_from(rate).ok().and_then(NonZeroU32::new));
                    wishes.actions_per_second = kept(rate, value, note).flatten();
                }
                "detach_keys" => {
                    let keys = string(value, "two keys, such as \"ctrl-b d\",")
                        .and_then(|text| text.parse().map_err(|why: NotKeys| format!("{why}.")));
                    wishes.detach_keys = kept(keys, value, note);
                }
                _ => note(
                    key.span(),
                    format!("there is no such key; the keys are {KEYS}."),
                ),
            }
        }
        wishes
    }
}

/// Returns the absolute path that `text` means, with `~` replaced by `home`.
pub(super) fn absolute(text: &str, home: Option<&Path>) -> Result<PathBuf, String> {
    let below_home = match text.strip_prefix('~') {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix('/'),
        None => None,
    };
    let path = match (below_home, home) {
        // The name may begin with slashes, and joining an absolute path would replace the home.
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    };
    if path.is_absolute() && !text.contains('\0') {
        // The components without `.` and doubled slashes, so that one directory is named in one way.
        Ok(path.components().collect())
    } else {
        Err(format!(
            "{text:?} is not an absolute path, nor one that begins with ~/."
        ))
    }
}

/// Returns what a browser sends as `Host` for this name: the name, and the port unless that is 80.
fn host(text: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        !name.is_empty() && !name.ends_with('.') && name.bytes().all(fits)
    };
    let is_address = |name: &str| name.parse::<Ipv6Addr>().is_ok();
    let (fits, port) = match text.strip_prefix('[') {
        Some(rest) => rest
            .split_once(']')
            .map_or((false, ""), |(address, port)| (is_address(address), port)),
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (is_name(name), port)
        }
    };
    let port_fits = port.is_empty()
        || port
            .strip_prefix(':')
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .is_some_and(|digits| digits.parse::<u16>().is_ok_and(|port| port > 0));
    if fits && port_fits {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!(
            "{text:?} is not a host name, such as \"example.org\" or \"example.org:8080\"."
        ))
    }
}

fn kept<T>(
    result: Result<T, String>,
    value: &Value<'_>,
    mut note: impl FnMut(Range<usize>, String),
) -> Option<T> {
    result.map_err(|why| note(value.span(), why)).ok()
}

/// Reads an array of strings; each entry that is wrong is noted and the others are kept.
fn list<T: PartialEq>(
    value: &Value<'_>,
    of: &str,
    note: &mut impl FnMut(Range<usize>, String),
    read: impl Fn(&str) -> Result<T, String>,
) -> Option<Vec<T>> {
    let Some(array) = value.get_ref().as_array() else {
        note(value.span(), format!("an array of {of} belongs here."));
        return None;
    };
    let mut kept = Vec::new();
    for entry in array.iter() {
        match string(entry, "a string").and_then(&read) {
            Ok(entry) if !kept.contains(&entry) => kept.push(entry),
            Ok(_) => {}
            Err(why) => note(entry.span(), why),
        }
    }
    Some(kept)
}

fn string<'v>(value: &'v Value<'_>, what: &str) -> Result<&'v str, String> {
    value
        .get_ref()
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| format!("{what} in quotes belongs here."))
}

fn minutes(value: &Value<'_>) -> Result<Duration, String> {
    // A year at most.
    number(value, 1, 525_600).map(|minutes| Duration::from_secs(minutes * 60))
}

fn number(value: &Value<'_>, least: u64, most: u64) -> Result<u64, String> {
    value
        .get_ref()
        .as_integer()
        .and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok())
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a whole number from {least} to {most} belongs here."))
}

/// Returns the line and the column of a place in the text, both counted from 1.
fn position(text: &str, span: Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (line, column)
}

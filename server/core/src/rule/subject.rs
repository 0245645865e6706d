//! The main input of a tool: what a rule's pattern is about.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::{
    Request, Resolve,
    glob::{Glob, Kind, Sureness},
    text::{Piece, Text},
};

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A shell command.
    Command(String),
    /// A file, by its absolute path.
    File(PathBuf),
    /// Anything else that can be written down.
    Words(Text),
    /// The tool was not given what it needs.
    Nothing,
    /// A person's word is asked for, not a permission.
    Person,
}

impl Subject {
    pub(super) fn of(request: &Request<'_>, resolve: Resolve<'_>) -> Self {
        let field = |name: &str| request.input.get(name).and_then(Value::as_str);
        let file = |path: Option<&str>| match path {
            Some(path) => Self::File(named(path, request)),
            None => Self::Nothing,
        };
        let words = |text: Option<&str>| match text {
            Some(text) => Self::Words(Text::of(text)),
            None => Self::Nothing,
        };
        match request.tool {
            "AskUserQuestion" | "ExitPlanMode" => Self::Person,
            "Bash" => field("command").map_or(Self::Nothing, |text| Self::Command(text.to_owned())),
            "Read" | "Write" | "Edit" | "MultiEdit" => file(field("file_path")),
            "NotebookEdit" => file(field("notebook_path").or_else(|| field("file_path"))),
            "LS" => file(Some(field("path").unwrap_or("."))),
            "WebFetch" => field("url").map_or(Self::Nothing, |url| Self::Words(address(url))),
            "WebSearch" => words(field("query")),
            "Glob" | "Grep" => match field("pattern") {
                Some(pattern) => Self::Words(search(request, field("path"), pattern, resolve)),
                None => Self::Nothing,
            },
            _ => words(Some(&request.input.to_string())),
        }
    }
}

/// Returns a tool's main input as it came, `None` where there is none that a rule could be about. For tools that are not known
/// here it is the whole input as JSON, its fields in alphabetical order.
pub fn main_input(tool: &str, input: &Value) -> Option<String> {
    let field = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    match tool {
        "AskUserQuestion" | "ExitPlanMode" => None,
        "Bash" => field("command"),
        "Read" | "Write" | "Edit" | "MultiEdit" => field("file_path"),
        "NotebookEdit" => field("notebook_path").or_else(|| field("file_path")),
        "LS" => field("path"),
        "WebFetch" => field("url"),
        "WebSearch" => field("query"),
        "Glob" | "Grep" => {
            let pattern = field("pattern")?;
            Some(match field("path") {
                Some(path) => format!("{path} {pattern}"),
                None => pattern,
            })
        }
        _ => Some(input.to_string()),
    }
}

/// A path as a tool is given it. Some versions ask with the path as the model wrote it, and then take off what is blank around
/// it, and `~` alone for the home (2.0.30).
fn named(path: &str, request: &Request<'_>) -> PathBuf {
    let path = path.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    match (path, request.home) {
        ("~", Some(home)) => home.to_owned(),
        _ => absolute(path, request),
    }
}

/// A path as a tool takes it: relative to where the session works, or to its home.
pub(super) fn absolute(path: &str, request: &Request<'_>) -> PathBuf {
    let below_home = path.strip_prefix("~/");
    match (below_home, request.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => request.cwd.join(path),
    }
}

/// An absolute path without `.` and `..`, whatever there is on the disk.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            Component::RootDir | Component::Normal(_) | Component::Prefix(_) => {
                plain.push(component);
            }
        }
    }
    plain
}

/// Where a search looks, and what for: `/home/me/src fn main`.
fn search(request: &Request<'_>, path: Option<&str>, pattern: &str, resolve: Resolve<'_>) -> Text {
    let place = named(path.unwrap_or("."), request);
    // The pattern of Glob is a path itself, and may lead elsewhere.
    let leads =
        request.tool == "Glob" && (pattern.starts_with(['/', '~']) || pattern.contains(".."));
    let place = match leads {
        true => Text::unknown(),
        false => Text::of(&resolve(&place).to_string_lossy()),
    };
    Text::joined(&[place, Text::of(pattern)])
}

/// An address with its host as everybody writes it, so that a host has one spelling.
fn address(url: &str) -> Text {
    let url = url.trim();
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    let Some((scheme, rest)) = url.split_once("://") else {
        // It may still lead somewhere, once it is completed.
        return whatever(url);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    // Browsers leave out slashes before the host, and resolve such segments, written in either way.
    let segments = path.split(['?', '#']).next().unwrap_or_default();
    let segments = segments.to_ascii_lowercase().replace("%2e", ".");
    let leads = segments
        .split('/')
        .any(|segment| matches!(segment, "." | ".."));
    let is_host_odd = host.is_empty() || host.contains(['@', '%']) || !host.is_ascii();
    if url.contains(is_odd) || is_host_odd || leads {
        return whatever(url);
    }
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let port = match scheme.as_str() {
        "https" => ":443",
        _ => ":80",
    };
    let host = host.strip_suffix(port).unwrap_or(&host);
    let host = host.strip_suffix('.').unwrap_or(host);
    Text::of(&format!("{scheme}://{host}{path}"))
}

/// Whether the host of an address is one of the pattern's, where both have one.
pub(super) fn is_of_host(pattern: &str, address: &Text) -> bool {
    let host = |text: &str| {
        let (_, rest) = text.split_once("://")?;
        rest.split(['/', '?', '#']).next().map(str::to_owned)
    };
    let known = address.known();
    match (host(pattern), known.and_then(|known| host(&known))) {
        (Some(pattern), Some(host)) => {
            Glob::of(&pattern).matches(&Text::of(&host), Kind::Words, Sureness::Likely)
        }
        (_, None) | (None, Some(_)) => true,
    }
}

/// A text of which it is not known what it will be taken for.
fn whatever(text: &str) -> Text {
    let mut whatever = Text::of(text);
    whatever.0.insert(0, Piece::Unknown);
    whatever
}

//! A pattern for paths, and the paths that it is about.
//!
//! A pattern may begin at the root, at the home (`~/`), or where the session works. What denies or asks errs on the side of
//! matching: it is also about what lies below, about the same names below any directory, and about where links lead.

use std::path::{Path, PathBuf};

use super::{
    Action, Request, Resolve, Rule, Scope,
    glob::{Glob, Kind, Sureness, literal},
    subject,
    text::Text,
};

/// Whether a rule's pattern is about a file, `None` for one that is known only when it runs.
pub(super) fn matches(
    rule: &Rule,
    pattern: &str,
    file: Option<&Path>,
    request: &Request<'_>,
    resolve: Resolve<'_>,
) -> Option<Sureness> {
    let is_strict = rule.action == Action::Allow;
    // What lies there depends on who looks.
    let is_own = |file: &&Path| {
        let places = [subject::plain(file), resolve(file)];
        places.iter().any(|place| place.starts_with("/proc"))
    };
    let Some(file) = file.filter(|file| !is_own(file)) else {
        let takes_all = matches!(pattern, "**" | "/**");
        return match (is_strict, takes_all) {
            (_, true) => Some(Sureness::Surely),
            (true, false) => None,
            (false, false) => Some(Sureness::Possibly),
        };
    };
    // After a link `..` leads elsewhere for the kernel than for programs that shorten paths by themselves.
    let plain = subject::plain(file);
    let mut files = vec![resolve(file), resolve(&plain)];
    if !is_strict {
        files.extend([plain, file.to_owned()]);
    }
    let patterns = patterns(rule, pattern, request, resolve);
    let is_about = |file: &PathBuf| {
        let text = Text::of(&file.to_string_lossy());
        let mut globs = patterns.iter().map(|pattern| Glob::of(pattern));
        globs.any(|glob| glob.matches(&text, Kind::Path, Sureness::Surely))
    };
    let is_match = match is_strict {
        true => files.iter().all(is_about),
        false => files.iter().any(is_about),
    };
    is_match.then_some(Sureness::Surely)
}

/// The pattern from the root on, in each of its meanings.
fn patterns(
    rule: &Rule,
    pattern: &str,
    request: &Request<'_>,
    resolve: Resolve<'_>,
) -> Vec<String> {
    let is_strict = rule.action == Action::Allow;
    let below = |dir: &Path, rest: &str| {
        let dir = literal(&dir.to_string_lossy());
        format!("{}/{rest}", dir.trim_end_matches('/'))
    };
    let anywhere = |rest: &str| format!("/**/{rest}");
    let mut patterns = Vec::new();
    if let Some(rest) = pattern.strip_prefix("~/") {
        match request.home {
            Some(home) => patterns.push(below(home, rest)),
            None if is_strict => {}
            None => patterns.push(anywhere(rest)),
        }
    } else if pattern.starts_with('/') || pattern.starts_with("**") {
        patterns.push(pattern.to_owned());
    } else {
        let rest = pattern.strip_prefix("./").unwrap_or(pattern);
        let base = match &rule.scope {
            Scope::Project(dir) => dir,
            Scope::All | Scope::Session(_) => request.cwd,
        };
        patterns.push(below(base, rest));
        if !is_strict {
            patterns.extend([anywhere(rest), format!("/{rest}")]);
        }
    }
    if !is_strict {
        let led: Vec<String> = patterns
            .iter()
            .filter_map(|one| led(one, resolve))
            .collect();
        patterns.extend(led);
        let inside: Vec<String> = patterns
            .iter()
            .map(|one| format!("{}/**", one.trim_end_matches('/')))
            .collect();
        patterns.extend(inside);
    }
    patterns
}

/// The pattern, where the directories that it names are links.
fn led(pattern: &str, resolve: Resolve<'_>) -> Option<String> {
    let glob = Glob::of(pattern);
    if let Some(whole) = glob.known() {
        return Some(literal(&resolve(Path::new(&whole)).to_string_lossy()));
    }
    let head = glob.head();
    let (dir, _) = head.rsplit_once('/')?;
    if dir.is_empty() {
        return None;
    }
    let rest = pattern.strip_prefix(&literal(dir))?;
    let dir: PathBuf = resolve(Path::new(dir));
    Some(format!("{}{rest}", literal(&dir.to_string_lossy())))
}

//! Rules of other tools, in our own words.
//!
//! What would allow more here than it did there, or deny less, is left out, and says why.

use serde_json::Value;

use super::{Action, Rule, glob::literal};

/// A rule that is not yet one of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub tool: String,
    pub pattern: Option<String>,
    pub action: Action,
}

/// What one entry becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The entry as it came.
    pub text: String,
    /// None where it is left out.
    pub entries: Vec<Entry>,
    /// Why it is left out, or what is different here.
    pub note: Option<String>,
}

/// Tools whose main input is a path.
const FILE_TOOLS: [&str; 5] = ["Read", "Write", "Edit", "MultiEdit", "NotebookEdit"];

/// Reads the `toolApprovalRules` of csm (danilotorrisi/claude-session-manager): `tool` is a name or `*`, in `pattern` each `*`
/// stands for anything, the first match wins.
pub fn tool_approval_rules(rules: &[Value]) -> Vec<Imported> {
    rules.iter().map(approval_rule).collect()
}

fn approval_rule(value: &Value) -> Imported {
    let text = value.to_string();
    match entry_of(value) {
        Ok(entry) => {
            let is_command = entry.tool == "Bash" && entry.action == Action::Allow;
            let note = "Here each command of a line has to be allowed by itself.";
            Imported {
                text,
                note: is_command.then(|| note.to_owned()),
                entries: vec![entry],
            }
        }
        Err(why) => left_out(text, why),
    }
}

fn entry_of(value: &Value) -> Result<Entry, &'static str> {
    let object = value.as_object().ok_or("It is no rule.")?;
    // Another tool's rules may be narrowed by what is not known here.
    let is_known = |name: &String| matches!(name.as_str(), "tool" | "pattern" | "action");
    if !object.keys().all(is_known) {
        return Err("It has a field that is not known here.");
    }
    let tool = object.get("tool").and_then(Value::as_str);
    let tool = tool.filter(|tool| *tool == "*" || !tool.is_empty() && !tool.contains('*'));
    let tool = tool.ok_or("It does not name one tool, or all of them by *.")?;
    let action = match object.get("action").and_then(Value::as_str) {
        Some("allow") => Action::Allow,
        Some("deny") => Action::Deny,
        Some("ask") => Action::Ask,
        _ => return Err("Its action is not allow, deny or ask."),
    };
    let pattern = match object.get("pattern") {
        None | Some(Value::Null) => None,
        Some(Value::String(pattern)) if pattern.is_empty() => None,
        Some(Value::String(pattern)) => Some(anything(tool, pattern)),
        Some(_) => return Err("Its pattern is no text."),
    };
    fits(tool, pattern.as_deref())?;
    Ok(Entry {
        tool: tool.to_owned(),
        pattern,
        action,
    })
}

/// The pattern, where every `*` there stands for anything, `/` too.
fn anything(tool: &str, pattern: &str) -> String {
    let star = match tool == "*" || FILE_TOOLS.contains(&tool) {
        true => "**",
        false => "*",
    };
    let parts: Vec<String> = pattern.split('*').map(literal).collect();
    let pattern = parts.join(star);
    match tool {
        // There it is only about what is looked for, here about where, too.
        "Grep" | "Glob" => format!("* {pattern}"),
        _ => pattern,
    }
}

fn fits(tool: &str, pattern: Option<&str>) -> Result<(), &'static str> {
    let is_long = |text: &str| text.chars().count() > Rule::LONGEST;
    match is_long(tool) || pattern.is_some_and(is_long) {
        true => Err("It is too long."),
        false => Ok(()),
    }
}

fn left_out(text: String, why: &str) -> Imported {
    Imported {
        text,
        entries: Vec::new(),
        note: Some(format!("It is left out: {why}")),
    }
}

/// Reads the `permissions` of Claude Code's settings: `{"allow":["Bash(git *)"],"deny":[],"ask":[]}`. There a deny wins over an
/// ask and an ask over an allow, so they come in this order.
pub fn claude_permissions(permissions: &Value) -> Vec<Imported> {
    let mut imported = Vec::new();
    let lists = [
        ("deny", Action::Deny),
        ("ask", Action::Ask),
        ("allow", Action::Allow),
    ];
    for (name, action) in lists {
        let list = permissions.get(name).and_then(Value::as_array);
        for rule in list.into_iter().flatten() {
            imported.push(match rule.as_str() {
                Some(text) => permission(text, action),
                None => left_out(rule.to_string(), "It is no text."),
            });
        }
    }
    imported
}

fn permission(text: &str, action: Action) -> Imported {
    let (tool, specifier) = match text.split_once('(') {
        Some((tool, rest)) => match rest.strip_suffix(')') {
            Some(specifier) => (tool, Some(specifier)),
            None => return left_out(text.to_owned(), "It does not end."),
        },
        None => (text, None),
    };
    let specifier = specifier.filter(|specifier| !matches!(*specifier, "" | "*"));
    let found = match (tool, specifier) {
        ("", _) => Err("It names no tool."),
        (tool, None) => Ok((tools_of(tool), None)),
        ("Bash", Some(command)) => Ok((vec!["Bash".to_owned()], Some(vec![command_of(command)]))),
        ("WebFetch", Some(domain)) => match domain.strip_prefix("domain:") {
            Some(domain) => Ok((
                vec!["WebFetch".to_owned()],
                Some(addresses_of(domain, action)),
            )),
            None => Err("Only domain: is known here."),
        },
        (tool, Some(path)) if FILE_TOOLS.contains(&tool) => {
            path_of(path, action).map(|pattern| (tools_of(tool), Some(vec![pattern])))
        }
        (_, Some(_)) => Err("What stands in the brackets is not known here."),
    };
    let (tools, patterns) = match found {
        Ok(found) => found,
        Err(why) => return left_out(text.to_owned(), why),
    };
    let mut entries = Vec::new();
    for tool in tools {
        let patterns = match &patterns {
            Some(patterns) => patterns.iter().cloned().map(Some).collect(),
            None => vec![None],
        };
        for pattern in patterns {
            if let Err(why) = fits(&tool, pattern.as_deref()) {
                return left_out(text.to_owned(), why);
            }
            entries.push(Entry {
                tool: tool.clone(),
                pattern,
                action,
            });
        }
    }
    let is_read = tool == "Read" && action != Action::Allow;
    let note = "Here it is about Read alone; Grep, Glob and commands that read files need rules of their own.";
    Imported {
        text: text.to_owned(),
        entries,
        note: is_read.then(|| note.to_owned()),
    }
}

/// The tools that a name there stands for.
fn tools_of(tool: &str) -> Vec<String> {
    let is_server = tool
        .strip_prefix("mcp__")
        .is_some_and(|name| !name.contains("__"));
    match tool {
        // It is about everything that changes files.
        "Edit" => ["Edit", "Write", "MultiEdit", "NotebookEdit"]
            .map(str::to_owned)
            .to_vec(),
        _ if is_server && !tool.contains('*') => vec![format!("{tool}__*")],
        _ => vec![tool.to_owned()],
    }
}

/// `git:*` is `git *`.
fn command_of(command: &str) -> String {
    let (command, more) = match command.strip_suffix(":*") {
        Some(command) => (command, " *"),
        None => (command, ""),
    };
    let parts: Vec<String> = command.split('*').map(literal).collect();
    parts.join("*") + more
}

/// Any address of a domain, and for what is denied or asked of those below it.
fn addresses_of(domain: &str, action: Action) -> Vec<String> {
    let domain = domain.to_ascii_lowercase();
    match action {
        Action::Allow => vec![format!("https://{domain}"), format!("https://{domain}/*")],
        Action::Deny | Action::Ask => ["", "*."]
            .iter()
            .flat_map(|below| {
                ["", "/*", ":*", "?*", "#*"].map(|rest| format!("*://{below}{domain}{rest}"))
            })
            .collect(),
    }
}

/// `//` begins at the root there, and `/` in the project.
fn path_of(path: &str, action: Action) -> Result<String, &'static str> {
    let has_class = path.contains(['?', '[', ']', '{', '\\', '!']);
    if has_class && action == Action::Allow {
        return Err("Only * and ** stand for anything here.");
    }
    // What is denied may be more than was meant, but not less.
    let pattern = match has_class {
        true => path.replace(['?', '[', ']', '{', '}', '\\', '!'], "*"),
        false => path.to_owned(),
    };
    let path = pattern.strip_prefix('/').unwrap_or(&pattern);
    // Here it would be anywhere on the disk.
    let is_below = action == Action::Allow && path.starts_with("**");
    Ok(match is_below {
        true => format!("./{path}"),
        false => path.to_owned(),
    })
}

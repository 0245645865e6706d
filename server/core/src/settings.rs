//! Our entries in Claude Code's `settings.json`: putting them in, finding them, taking them out again.
//!
//! Edits the text and not the values, so that everything else stays byte for byte what it was, order, numbers and layout
//! included; taking out is the exact reverse of putting in. Does not know files, nor what the command does.

mod json;
mod layout;
pub mod secret;
#[cfg(test)]
mod tests;

use crate::hook::Event;
use json::{Container, root};

/// Why the text is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    NotJson {
        line: usize,
        column: usize,
    },
    NotAnObject,
    /// The member with this path is neither what Claude Code expects there nor absent.
    Shape {
        at: String,
        expected: &'static str,
    },
    /// The member stands twice, so it is unclear which one counts.
    Twice {
        name: String,
    },
}

/// One of our entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub event: String,
    /// The program that it runs; `None` where it can't be told.
    pub binary: Option<String>,
    /// It also waits for an answer from elsewhere, or tells those who are asked there.
    pub approvals: bool,
    command: String,
}

/// Who answers what Claude Code asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// The session's own terminal alone.
    Terminal,
    /// Also a person or a rule elsewhere.
    Elsewhere,
}

/// What was there before us and empty: it is left behind when we go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Nothing,
    Object,
    List,
}

/// How each of our commands begins: a shell does nothing at it.
const MARK: &str = ": session-manager-hook";
/// Seconds. It takes a few milliseconds; this is for a machine that has come to a halt.
const TIMEOUT: u32 = 5;
/// Seconds. The server lets go long before (at most after an hour), and the terminal's own prompt can be used all the while.
const APPROVAL_TIMEOUT: u32 = 3_660;
/// What the program is told where it is to wait for an answer.
const ASK: &str = " --ask";

/// Returns the text with one entry for each of the events, which runs `binary`; the very same text where they are there.
pub fn install(text: &str, binary: &str, events: &[Event]) -> Result<String, Refusal> {
    put(text, binary, events, Answers::Terminal)
}

/// The same, with an entry that waits for a person's or a rule's answer to what Claude Code asks.
pub fn install_with_approvals(
    text: &str,
    binary: &str,
    events: &[Event],
) -> Result<String, Refusal> {
    put(text, binary, events, Answers::Elsewhere)
}

fn put(text: &str, binary: &str, events: &[Event], answers: Answers) -> Result<String, Refusal> {
    check(text, events)?;
    let found = entries(text)?;
    let fits = |entry: &Entry| {
        Event::parse(&entry.event).is_some_and(|event| {
            [Kept::Nothing, Kept::Object, Kept::List]
                .into_iter()
                .any(|kept| entry.command == command(binary, kept, event, answers))
        })
    };
    let complete = found.len() == events.len()
        && found.iter().all(fits)
        && events
            .iter()
            .all(|event| found.iter().any(|entry| entry.event == event.name()));
    if complete {
        return Ok(text.to_owned());
    }
    let mut text = uninstall(text)?;
    let mut kept_object = Kept::Nothing;
    match root(&text)?.member("hooks") {
        Some(hooks)
            if hooks
                .container(&text)
                .is_some_and(|hooks| hooks.items.is_empty()) =>
        {
            kept_object = Kept::Object;
        }
        Some(_) => {}
        None => text = layout::add(&text, &root(&text)?, Some("hooks"), "{}"),
    }
    for event in events {
        let mut kept = kept_object;
        match list(&text, *event)? {
            Some(list) if list.items.is_empty() => kept = Kept::List,
            Some(_) => {}
            None => text = layout::add(&text, &hooks(&text)?, Some(event.name()), "[]"),
        }
        if let Some(list) = list(&text, *event)? {
            let command = command(binary, kept, *event, answers);
            text = layout::add(
                &text,
                &list,
                None,
                &group(&command, timeout(*event, answers)),
            );
        }
    }
    Ok(text)
}

/// Returns the text without our entries and without what was made for them.
pub fn uninstall(text: &str) -> Result<String, Refusal> {
    let mut text = text.to_owned();
    // One after the other: each removal moves what is behind it.
    while let Some(shorter) = without_first(&text)? {
        text = shorter;
    }
    Ok(text)
}

/// Returns our entries in their order.
pub fn entries(text: &str) -> Result<Vec<Entry>, Refusal> {
    root(text)?;
    Ok(places(text).into_iter().map(|place| place.entry).collect())
}

/// Whether the settings switch all hooks off, ours included.
pub fn disables_hooks(text: &str) -> Result<bool, Refusal> {
    let disabled = root(text)?
        .member("disableAllHooks")
        .is_some_and(|value| value.text(text) == "true");
    Ok(disabled)
}

/// Where one of our entries stands.
struct Place {
    entry: Entry,
    /// Indices: of the event in `hooks`, of the group in its list, of the entry in its group.
    event: usize,
    group: usize,
    index: usize,
}

fn places(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let Some(hooks) = root(text)
        .ok()
        .and_then(|root| root.member("hooks")?.container(text))
    else {
        return places;
    };
    for (event, item) in hooks.items.iter().enumerate() {
        let groups = item.container(text).unwrap_or_default();
        for (group, item) in groups.items.iter().enumerate() {
            let inner = item
                .container(text)
                .and_then(|group| group.member("hooks")?.container(text));
            for (index, item) in inner.unwrap_or_default().items.iter().enumerate() {
                let command = item
                    .container(text)
                    .and_then(|entry| entry.member("command")?.string(text));
                if let Some(command) = command.filter(|command| command.starts_with(MARK)) {
                    let entry = Entry {
                        event: hooks.name(event),
                        binary: binary_of(&command),
                        approvals: command.contains(&format!("' hook{ASK} ")),
                        command,
                    };
                    places.push(Place {
                        entry,
                        event,
                        group,
                        index,
                    });
                }
            }
        }
    }
    places
}

/// Takes out our first entry; `None` where there is none.
fn without_first(text: &str) -> Result<Option<String>, Refusal> {
    let Some(place) = places(text).into_iter().next() else {
        return Ok(None);
    };
    let command = &place.entry.command;
    let kept = [Kept::Object, Kept::List]
        .into_iter()
        .find(|kept| command.starts_with(&format!("{MARK}{};", kept.note())))
        .unwrap_or(Kept::Nothing);
    let hooks_now = hooks(text)?;
    let list = hooks_now.at(text, place.event);
    let inner = list
        .at(text, place.group)
        .member("hooks")
        .and_then(|hooks| hooks.container(text))
        .unwrap_or_default();
    // Somebody may have put an entry of theirs beside ours.
    if inner.items.len() > 1 {
        return Ok(Some(layout::remove(text, &inner, place.index)));
    }
    let mut text = layout::remove(text, &list, place.group);
    if list.items.len() == 1 && kept != Kept::List {
        text = layout::remove(&text, &hooks(&text)?, place.event);
        if hooks(&text)?.items.is_empty() && kept != Kept::Object {
            let root = root(&text)?;
            if let Some(index) = root.position("hooks") {
                text = layout::remove(&text, &root, index);
            }
        }
    }
    Ok(Some(text))
}

/// Refuses what Claude Code would not understand either, as far as we would have to change it.
fn check(text: &str, events: &[Event]) -> Result<(), Refusal> {
    let root = root(text)?;
    root.once("hooks")?;
    let Some(value) = root.member("hooks") else {
        return Ok(());
    };
    let shape = |at: String, expected| Err(Refusal::Shape { at, expected });
    let Some(hooks) = value.container(text).filter(Container::is_object) else {
        return shape("hooks".to_owned(), "an object");
    };
    for event in events {
        let name = event.name();
        hooks.once(name)?;
        if let Some(list) = hooks.member(name)
            && list.container(text).is_none_or(|list| list.is_object())
        {
            return shape(format!("hooks.{name}"), "a list");
        }
    }
    Ok(())
}

fn hooks(text: &str) -> Result<Container, Refusal> {
    let hooks = root(text)?
        .member("hooks")
        .and_then(|hooks| hooks.container(text));
    Ok(hooks.unwrap_or_default())
}

fn list(text: &str, event: Event) -> Result<Option<Container>, Refusal> {
    Ok(hooks(text)?
        .member(event.name())
        .and_then(|list| list.container(text)))
}

/// What Claude Code hands to a shell. It is silent and content when the binary is gone, is that of another machine or
/// doesn't know the subcommand; what it prints would become a part of the conversation. Only the answer to what is asked is
/// printed.
fn command(binary: &str, kept: Kept, event: Event, answers: Answers) -> String {
    let (note, binary) = (kept.note(), quoted(binary));
    let ask = match answers {
        Answers::Terminal => "",
        Answers::Elsewhere => ASK,
    };
    let silence = if waits(event, answers) {
        "2>/dev/null"
    } else {
        ">/dev/null 2>&1"
    };
    format!("{MARK}{note}; test -x {binary} || exit 0; {binary} hook{ask} {silence} || exit 0")
}

fn timeout(event: Event, answers: Answers) -> u32 {
    if waits(event, answers) {
        APPROVAL_TIMEOUT
    } else {
        TIMEOUT
    }
}

fn waits(event: Event, answers: Answers) -> bool {
    event == Event::PermissionRequest && answers == Answers::Elsewhere
}

impl Kept {
    fn note(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Object => " keep-object",
            Self::List => " keep-list",
        }
    }
}

/// One word to a shell, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn binary_of(command: &str) -> Option<String> {
    let (_, rest) = command.split_once("; test -x '")?;
    let (word, _) = rest.split_once("' || exit 0; ")?;
    Some(word.replace(r"'\''", "'"))
}

/// The entry in a group of its own, in the layout that `layout::add` takes.
fn group(command: &str, timeout: u32) -> String {
    let command = serde_json::Value::from(command);
    format!(
        "{{\n\t\"hooks\":\r[\n\t\t{{\n\t\t\t\"type\":\r\"command\",\n\t\t\t\"command\":\r{command},\n\t\t\t\"timeout\":\r{timeout}\n\t\t}}\n\t]\n}}"
    )
}

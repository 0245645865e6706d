//! `rules.json` in our state directory: read as a whole or not at all, replaced as a whole, by one at a time.
//!
//! Knows the file and who may write it. A file that can't be read is not mended and not written over: there may be a deny in it.
//! Does not know what the rules mean.

use std::{
    ffi::OsStr,
    fs::{File, TryLockError},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{
    fs::{Mode, OFlags, openat},
    process::geteuid,
};
use serde::{Deserialize, Serialize};
use session_core::rule::Rule;
use wire::ToolRule;

use crate::{
    beneath::{Directory, Entry, why},
    present,
    state_dir::StateDir,
};

/// The file of one user.
#[derive(Debug)]
pub struct RulesFile {
    dir: StateDir,
    /// As it was read last, and which file that was.
    last: Mutex<Option<(Entry, Arc<Written>)>>,
}

/// What stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Grows with every change, 0 where there is no file.
    pub rev: u64,
    /// In their order.
    pub rules: Vec<Rule>,
    /// The number of the next rule: an id is not given twice, since the audit log names rules by it.
    next: u64,
}

/// A list that is to take the place of the one that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub rules: Vec<ToolRule>,
}

/// Why no rule is read, or none written. The sentence is for people.
#[derive(Debug, thiserror::Error)]
pub enum RulesFault {
    #[error(
        "The rules in {} can't be read ({why}), so that no rule decides anything; mend the file, or remove it.", .path.display()
    )]
    Unreadable { path: PathBuf, why: String },
    #[error(
        "The rules were changed in the meantime; read them again, and make the change once more."
    )]
    Changed,
    #[error("The rules can't be used: {0}.")]
    Wrong(String),
    #[error("The rules can't be written to {}", .path.display())]
    Unwritten { path: PathBuf, source: io::Error },
}

/// The file's text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Text {
    version: u32,
    rev: u64,
    next: u64,
    rules: Vec<ToolRule>,
}

const NAME: &str = "rules.json";
const LOCK: &str = "rules.lock";
const VERSION: u32 = 1;
/// Far more than anybody's rules.
const MAX_BYTES: u64 = 4 << 20;
const MOST_RULES: usize = 1000;
/// Whoever holds the lock for longer stands still.
const PATIENCE: Duration = Duration::from_secs(2);

impl RulesFile {
    /// The file in a directory that may not be there yet.
    pub fn at(dir: StateDir) -> Self {
        Self {
            dir,
            last: Mutex::new(None),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join(NAME)
    }

    /// Reads the rules; none where there is no file. It is read again only once it is another one.
    pub fn read(&self) -> Result<Arc<Written>, RulesFault> {
        let directory = self
            .dir
            .find()
            .map_err(|error| self.unreadable(why(&error)))?;
        match directory {
            Some(directory) => self.read_in(&directory),
            None => Ok(Arc::default()),
        }
    }

    fn read_in(&self, directory: &Directory) -> Result<Arc<Written>, RulesFault> {
        let fault = |error: io::Error| self.unreadable(why(&error));
        let (file, entry) = match directory.file(OsStr::new(NAME)) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(fault(error)),
        };
        let facts = file.metadata().map_err(fault)?;
        if facts.uid() != geteuid().as_raw() || facts.mode() & 0o022 != 0 {
            return Err(self.unreadable("others may write to it".to_owned()));
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, written)) = last.as_ref()
            && *known == entry
        {
            return Ok(Arc::clone(written));
        }
        let mut content = Vec::new();
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut content)
            .map_err(fault)?;
        let written = parse(&content).map_err(|why| self.unreadable(why))?;
        let written = Arc::new(written);
        *last = Some((entry, Arc::clone(&written)));
        Ok(written)
    }

    /// Replaces the whole list by what `change` makes of the one that is there, unless it has another `rev` than is expected.
    pub fn replace(
        &self,
        rev: Option<u64>,
        change: impl FnOnce(&Written) -> Change,
    ) -> Result<Arc<Written>, RulesFault> {
        let directory = self.dir.open().map_err(|error| self.unwritten(error))?;
        let _lock = lock(&directory).map_err(|error| self.unwritten(error))?;
        let there = self.read_in(&directory)?;
        if rev.is_some_and(|rev| rev != there.rev) {
            return Err(RulesFault::Changed);
        }
        let text = renewed(&there, change(&there).rules)?;
        let json = serde_json::to_vec_pretty(&text).map_err(io::Error::from);
        let json = json.map_err(|error| self.unwritten(error))?;
        let written = parse(&json).map_err(RulesFault::Wrong)?;
        let placed = self.dir.write(NAME, &json);
        placed.map_err(|error| self.unwritten(error))?;
        Ok(Arc::new(written))
    }

    fn unreadable(&self, why: String) -> RulesFault {
        RulesFault::Unreadable {
            path: self.path(),
            why,
        }
    }

    fn unwritten(&self, source: io::Error) -> RulesFault {
        RulesFault::Unwritten {
            path: self.path(),
            source,
        }
    }
}

/// Reads the file's text, all of it or nothing.
fn parse(content: &[u8]) -> Result<Written, String> {
    if content.len() as u64 > MAX_BYTES {
        return Err("it is larger than 4 MB".to_owned());
    }
    let text: Text = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    if text.version != VERSION {
        return Err(format!("it is of version {}, not {VERSION}", text.version));
    }
    let rules = text.rules.iter().map(present::rule::core);
    Ok(Written {
        rev: text.rev,
        next: text.next,
        rules: rules.collect::<Result<_, _>>()?,
    })
}

/// The list with an id for each rule.
fn renewed(there: &Written, mut rules: Vec<ToolRule>) -> Result<Text, RulesFault> {
    if rules.len() > MOST_RULES {
        let wrong = format!("there are more than {MOST_RULES}");
        return Err(RulesFault::Wrong(wrong));
    }
    let mut next = there.next.max(1);
    let mut seen = std::collections::BTreeSet::new();
    for rule in &mut rules {
        if rule.id.is_empty() {
            rule.id = format!("r{next}");
            next += 1;
        } else if !there.rules.iter().any(|known| known.id == rule.id) {
            let wrong = format!(
                "no rule has the id {:?}; leave it out for a new one",
                rule.id
            );
            return Err(RulesFault::Wrong(wrong));
        }
        if !seen.insert(rule.id.clone()) {
            return Err(RulesFault::Wrong(format!("the id {} comes twice", rule.id)));
        }
        present::rule::settle(rule).map_err(RulesFault::Wrong)?;
    }
    Ok(Text {
        version: VERSION,
        rev: there.rev + 1,
        next,
        rules,
    })
}

/// Keeps others from replacing the list meanwhile, until the file is closed.
fn lock(directory: &Directory) -> io::Result<File> {
    let flags =
        OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(directory, LOCK, flags, Mode::RUSR | Mode::WUSR)?);
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() > PATIENCE => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(2)),
        }
    }
}

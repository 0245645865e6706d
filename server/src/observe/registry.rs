//! Reads `<config>/sessions`, Claude Code's registry of live sessions.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use session_core::{
    id::UnixMillis,
    inventory::KeyFile,
    registry::{Record, Unreadable},
};

use crate::beneath::{self, Directory};

/// The registry of one config directory.
#[derive(Clone, Debug)]
pub struct RegistryReader {
    config: PathBuf,
}

/// One file in it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub path: PathBuf,
    /// The uid that owns the file; nobody's (-1) where it was not read.
    pub owner: u32,
    pub modified: UnixMillis,
    pub bytes: u64,
    pub what: EntryKind,
}

#[derive(Clone, Debug)]
pub enum EntryKind {
    /// `<pid>.json`
    Record {
        pid: u32,
        content: Vec<u8>,
        parsed: Result<Box<Record>, Unreadable>,
    },
    /// `<pid>.json` that is not ours to read, or not a file.
    Sealed { pid: u32 },
    /// `<pid>.<hash>.key`
    Key { pid: u32 },
    /// `pid-<n>.json` of early versions.
    Legacy,
}

/// The uid that no file has (chown(2)).
const NOBODY: u32 = u32::MAX;

/// A registry file is well under a kilobyte; more than this is something else.
const MAX_BYTES: u64 = 256 * 1024;

impl RegistryReader {
    /// `config_dir` is `~/.claude` or what `CLAUDE_CONFIG_DIR` says.
    pub fn at(config_dir: &Path) -> Self {
        Self {
            config: config_dir.to_owned(),
        }
    }

    /// Reads the files whose pid is wanted; a directory that is not there has none.
    pub fn entries(&self, wanted: impl Fn(u32) -> bool) -> io::Result<Vec<Entry>> {
        let directory = match Directory::inside(&self.config, "sessions") {
            Ok(directory) => directory,
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let wanted = |name: &String| match Kind::of(name)? {
            Kind::Record(pid) if wanted(pid) => Some(Kind::Record(pid)),
            Kind::Key(pid) if wanted(pid) => Some(Kind::Key(pid)),
            Kind::Record(_) | Kind::Key(_) => None,
            Kind::Legacy => Some(Kind::Legacy),
        };
        let entry = |name: String| {
            let kind = wanted(&name)?;
            // `None`: it was removed since it was listed.
            self.entry(&directory, &name, kind)
        };
        Ok(directory.names()?.into_iter().filter_map(entry).collect())
    }

    /// Reads one process's record and its file's owner; `None` where there is none that can be read.
    pub fn record(&self, pid: u32) -> Option<(Record, u32)> {
        let directory = Directory::inside(&self.config, "sessions").ok()?;
        let (content, _, owner) = read(&directory, &format!("{pid}.json")).ok()?;
        Some((Record::parse(pid, &content).ok()?, owner))
    }

    fn entry(&self, directory: &Directory, name: &str, kind: Kind) -> Option<Entry> {
        let found = |entry: beneath::Entry, owner, what| Entry {
            path: self.config.join("sessions").join(name),
            owner,
            modified: entry.modified,
            bytes: entry.size_bytes,
            what,
        };
        let listed = || directory.entry(OsStr::new(name)).ok().flatten();
        let Kind::Record(pid) = kind else {
            let what = match kind {
                Kind::Key(pid) => EntryKind::Key { pid },
                Kind::Record(_) | Kind::Legacy => EntryKind::Legacy,
            };
            return Some(found(listed()?, NOBODY, what));
        };
        match read(directory, name) {
            Ok((content, entry, owner)) => {
                let parsed = Record::parse(pid, &content).map(Box::new);
                Some(found(
                    entry,
                    owner,
                    EntryKind::Record {
                        pid,
                        content,
                        parsed,
                    },
                ))
            }
            Err(error) if is_absent(&error) => None,
            Err(_) => Some(found(listed()?, NOBODY, EntryKind::Sealed { pid })),
        }
    }
}

impl Entry {
    pub fn as_key_file(&self) -> Option<KeyFile> {
        if let EntryKind::Key { pid } = self.what {
            Some(KeyFile {
                pid,
                modified: self.modified,
            })
        } else {
            None
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Record(u32),
    Key(u32),
    Legacy,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let (stem, extension) = name.rsplit_once('.')?;
        match extension {
            "json" if stem.starts_with("pid-") => Some(Self::Legacy),
            "json" => pid(stem).map(Self::Record),
            "key" => pid(stem.split_once('.')?.0).map(Self::Key),
            _ => None,
        }
    }
}

/// The pid that the name of a record or a key file tells.
pub fn pid_of_file(name: &str) -> Option<u32> {
    match Kind::of(name)? {
        Kind::Record(pid) | Kind::Key(pid) => Some(pid),
        Kind::Legacy => None,
    }
}

/// Only as Claude Code writes it: `+7` and `07` are numbers too, and `+7.json` is nobody's file.
fn pid(digits: &str) -> Option<u32> {
    digits
        .parse()
        .ok()
        .filter(|pid: &u32| pid.to_string() == digits)
}

/// Reads one file; the owner is that of the very file whose content is returned.
fn read(directory: &Directory, name: &str) -> io::Result<(Vec<u8>, beneath::Entry, u32)> {
    let (file, entry) = directory.file(OsStr::new(name))?;
    let owner = file.metadata()?.uid();
    let mut content =
        Vec::with_capacity(usize::try_from(entry.size_bytes.min(MAX_BYTES)).unwrap_or(0) + 1);
    file.take(MAX_BYTES).read_to_end(&mut content)?;
    Ok((content, entry, owner))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pid_in_a_name_stands_there_as_claude_code_writes_it(name in r"(pid-)?[-+0-9x]{0,8}(\.[a-f0-9]{0,3})?(\.json|\.key)?") {
            if let Some(pid) = pid_of_file(&name) {
                let rest = name.strip_prefix(&pid.to_string()).unwrap();
                prop_assert!(rest == ".json" || (rest.starts_with('.') && rest.ends_with(".key")));
            }
        }

        #[test]
        fn every_pid_has_its_file(pid in any::<u32>()) {
            prop_assert_eq!(pid_of_file(&format!("{pid}.json")), Some(pid));
        }
    }
}

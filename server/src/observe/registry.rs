//! Reads `<config>/sessions`, Claude Code's registry of live sessions.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use session_core::{
    id::UnixMillis,
    inventory::KeyFile,
    registry::{Record, Unreadable},
};

/// The registry of one config directory.
#[derive(Clone, Debug)]
pub struct RegistryReader {
    dir: PathBuf,
}

/// One file in it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub path: PathBuf,
    /// The uid that owns the file.
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

/// A registry file is well under a kilobyte; more than this is something else.
const MAX_BYTES: u64 = 256 * 1024;

impl RegistryReader {
    /// `config_dir` is `~/.claude` or what `CLAUDE_CONFIG_DIR` says.
    pub fn at(config_dir: &Path) -> Self {
        Self {
            dir: config_dir.join("sessions"),
        }
    }

    /// Reads the files whose pid is wanted; a directory that is not there has none.
    pub fn entries(&self, wanted: impl Fn(u32) -> bool) -> io::Result<Vec<Entry>> {
        let listing = match std::fs::read_dir(&self.dir) {
            Ok(listing) => listing,
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for item in listing {
            let path = item?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let Some(kind) = Kind::of(name) else {
                continue;
            };
            if let Kind::Record(pid) | Kind::Key(pid) = kind
                && !wanted(pid)
            {
                continue;
            }
            // `None`: it was removed since it was listed.
            entries.extend(entry(path, kind));
        }
        Ok(entries)
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

/// Only as Claude Code writes it: `+7` and `07` are numbers too, and `+7.json` is nobody's file.
fn pid(digits: &str) -> Option<u32> {
    digits
        .parse()
        .ok()
        .filter(|pid: &u32| pid.to_string() == digits)
}

fn entry(path: PathBuf, kind: Kind) -> Option<Entry> {
    let metadata = std::fs::symlink_metadata(&path).ok()?;
    let modified = metadata
        .modified()
        .ok()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let what = match kind {
        Kind::Record(pid) => match read(&path) {
            Ok(content) => EntryKind::Record {
                pid,
                parsed: Record::parse(pid, &content).map(Box::new),
                content,
            },
            Err(error) if is_absent(&error) => return None,
            Err(_) => EntryKind::Sealed { pid },
        },
        Kind::Key(pid) => EntryKind::Key { pid },
        Kind::Legacy => EntryKind::Legacy,
    };
    Some(Entry {
        path,
        owner: metadata.uid(),
        modified: UnixMillis(u64::try_from(modified.as_millis()).unwrap_or(u64::MAX)),
        bytes: metadata.size(),
        what,
    })
}

/// Follows no link and waits for no writer: root may look into directories that others can write.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut content = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut content)?;
    Ok(content)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

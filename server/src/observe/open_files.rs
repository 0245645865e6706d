//! Which transcripts are open in some process.
//!
//! Sees the processes whose descriptors we may read: all for root, our own user's otherwise.

use std::{
    collections::BTreeSet,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

use crate::beneath::FileId;

/// The files that were open when we looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenFiles {
    files: BTreeSet<FileId>,
}

impl OpenFiles {
    /// Looks through `proc`, which is `/proc`, leaving out the process `except`: ourselves. Only files whose name
    /// contains `.jsonl` are looked at: asking a file system that does not answer about the rest could block.
    pub fn scan(proc: &Path, except: u32) -> Self {
        let mut files = BTreeSet::new();
        // Processes come and go while we look, and others are not ours to read: neither has anything to tell.
        for process in std::fs::read_dir(proc).into_iter().flatten().flatten() {
            let pid = process
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if pid.is_none_or(|pid: u32| pid == except) {
                continue;
            }
            for descriptor in std::fs::read_dir(process.path().join("fd"))
                .into_iter()
                .flatten()
                .flatten()
            {
                let link = descriptor.path();
                let named = std::fs::read_link(&link)
                    .is_ok_and(|target| contains(target.as_os_str().as_bytes(), b".jsonl"));
                if named && let Ok(metadata) = std::fs::metadata(&link) {
                    files.insert(FileId {
                        device: metadata.dev(),
                        inode: metadata.ino(),
                    });
                }
            }
        }
        Self { files }
    }

    pub fn contains(&self, file: FileId) -> bool {
        self.files.contains(&file)
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(text, word).is_some()
}

//! A temporary Claude Code configuration directory, built file by file.

use std::{
    fs::{self, File, FileTimes},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use flate2::{Compression, write::GzEncoder};
use session_core::{id::SessionId, transcript::Place};

pub(crate) const ID: &str = "086ce0db-50b0-42a3-b30a-e82a2d9c2aac";
pub(crate) const OTHER_ID: &str = "607b503a-f1d9-4125-9748-6f1933188683";
/// The directory of `/home/dev/work/p1`, where the captured transcripts come from.
pub(crate) const PROJECT: &str = "-home-dev-work-p1";
pub(crate) const CAPTURED: &[u8] =
    include_bytes!("../../core/testdata/transcripts/interactive-all-states.jsonl");

pub(crate) struct TestClaude {
    root: tempfile::TempDir,
}

impl TestClaude {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("projects")).unwrap();
        fs::create_dir(root.path().join("sessions")).unwrap();
        Self { root }
    }

    pub(crate) fn config(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn project(&self, project: &str) -> PathBuf {
        let directory = self.config().join("projects").join(project);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// Writes `<project>/<name>` and returns its path.
    pub(crate) fn write(&self, project: &str, name: &str, content: &[u8]) -> PathBuf {
        let path = self.project(project).join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn transcript(&self, content: &[u8]) -> PathBuf {
        self.write(PROJECT, &format!("{ID}.jsonl"), content)
    }

    pub(crate) fn archive(&self, content: &[u8]) -> PathBuf {
        self.write(PROJECT, &format!("{ID}.jsonl.gz"), &gzip(content))
    }

    pub(crate) fn place(&self) -> Place {
        Place::new(self.config().to_owned(), PROJECT, id(ID)).unwrap()
    }
}

pub(crate) fn id(text: &str) -> SessionId {
    SessionId::parse(text).unwrap()
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Sets the time of the last change to `days` ago.
pub(crate) fn age(path: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    let file = File::options().read(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(then)).unwrap();
}

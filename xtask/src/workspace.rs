//! Where things lie in the checkout, and how a chore speaks.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The checkout's root.
pub(crate) fn root() -> &'static Path {
    // The chores are run by `cargo xtask`, hence by a binary of this very checkout.
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
}

/// Cargo's target directory, the only place that the chores build in.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Reads a path from the command line, relative to where the person stands.
pub(crate) fn absolute(path: &str) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("not a path: {path:?}"))
}

/// Writes a file along with the directories above it. A file that has these bytes is left alone, so that its
/// date does not make cargo compile again.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// Tells the person something, between the outputs of the tools that a chore runs.
pub(crate) fn say(line: &str) {
    // With stderr closed there is nobody to tell that nobody can be told.
    writeln!(io::stderr(), "{line}").ok();
}

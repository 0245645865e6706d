//! Makes a directory that holds what the repository would hold with a fresh dist/: what the host installs.

use std::{
    fs::{self, DirEntry},
    path::Path,
};

use anyhow::{Context as _, Result, bail};

use crate::{cargo, dist, workspace};

/// Fills `out`, which must be absent, empty, or ours from last time.
pub(crate) fn make(out: &Path) -> Result<()> {
    clear(out)?;
    let root = workspace::root();
    let text = cargo::output(cargo::command("git").args(["ls-files", "-z"]))?;
    for name in text
        .split_terminator('\0')
        .filter(|name| !name.starts_with("dist/"))
    {
        let (from, to) = (root.join(name), out.join(name));
        // Deleted, and not yet committed.
        if !from.exists() {
            continue;
        }
        workspace::write(&to, &[])?;
        // Unlike reading and writing, this keeps the executable bit.
        fs::copy(&from, &to).with_context(|| format!("copying {name}"))?;
    }
    let machine = match std::env::consts::ARCH {
        "x86_64" => dist::X86_64,
        "aarch64" => dist::AARCH64,
        other => bail!("there is no server for {other}"),
    };
    dist::assemble(&out.join("dist"), &[machine])
}

fn clear(out: &Path) -> Result<()> {
    if !out.exists() {
        return Ok(());
    }
    let entries: Vec<DirEntry> = fs::read_dir(out)?.collect::<Result<_, _>>()?;
    if !entries.is_empty() && !out.join("dist/SHA256SUMS").exists() {
        bail!(
            "{} holds something else; name another directory",
            out.display()
        );
    }
    if out.join(".git").exists() {
        bail!("{} is a repository; name another directory", out.display());
    }
    fs::remove_dir_all(out).with_context(|| format!("emptying {}", out.display()))
}

//! Names the sources of a build, so that a binary can tell what it was built from.
//!
//! Not a git revision: the commit that holds a binary can't be known while the binary is built.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::{cargo, workspace};

/// What goes into the binaries and the page. Documents, tests and the chores do not: a change to them
/// leaves dist/ as it is.
const INPUTS: [&str; 11] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "build.rs",
    "wire",
    "server",
    "frontend",
    "xtask/src/cargo.rs",
    "xtask/src/page.rs",
    "xtask/src/page",
    ":(exclude)*/tests/*",
];

/// Returns the first 16 hexadecimal digits of the SHA-256 over names and contents of the inputs.
pub(crate) fn id() -> Result<String> {
    let root = workspace::root();
    // Files not yet committed count: what is built is what lies in the checkout.
    let list = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
    ];
    let text = cargo::output(cargo::command("git").args(list).args(INPUTS))?;
    let mut names: Vec<&str> = text.split_terminator('\0').collect();
    names.sort_unstable();
    names.dedup();
    // A file that is deleted but still in git's index is no source any more.
    names.retain(|name| root.join(name).exists());
    ensure!(
        !names.is_empty(),
        "git lists no sources in {}",
        root.display()
    );
    hash(root, &names)
}

fn hash(root: &Path, names: &[&str]) -> Result<String> {
    let mut hash = Sha256::new();
    for name in names {
        let bytes = fs::read(root.join(name)).with_context(|| format!("reading {name}"))?;
        // The lengths keep the border between a name and a content from moving.
        for part in [name.as_bytes(), &bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let mut digits = hex(&hash.finalize());
    digits.truncate(16);
    Ok(digits)
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_name_and_their_border_count() {
        let id = |files: &[(&str, &str)]| {
            let root = tempfile::tempdir().unwrap();
            for (name, text) in files {
                fs::write(root.path().join(name), text).unwrap();
            }
            let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
            hash(root.path(), &names).unwrap()
        };
        let one = id(&[("a", "b")]);
        assert_eq!(one.len(), 16);
        assert_eq!(one, id(&[("a", "b")]));
        for other in [[("a", "c")], [("b", "b")], [("ab", "")]] {
            assert_ne!(one, id(&other), "{other:?}");
        }
    }

    #[test]
    fn this_checkout_has_sources() {
        assert_eq!(id().unwrap().len(), 16);
    }
}

//! Makes dist/: the page, the launcher, the module for programs, a static binary for each machine, and their sums.
//!
//! The same sources give the same bytes wherever they are built; `check` rebuilds and compares.

pub(crate) mod check;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::{cargo, page, source, workspace};

/// The machines that the launcher knows.
pub(crate) const X86_64: &str = "x86_64-unknown-linux-musl";
pub(crate) const AARCH64: &str = "aarch64-unknown-linux-musl";

const SUMS: &str = "SHA256SUMS";

/// What is shipped as it lies in the checkout. `package.json` says that all of dist/ are ES modules.
const COPIES: [(&str, &str); 4] = [
    ("server.js", "launcher/server.js"),
    ("client.js", "client/client.js"),
    ("client.d.ts", "client/client.d.ts"),
    ("package.json", "client/package.json"),
];

/// Builds everything and writes it to dist/.
pub(crate) fn make() -> Result<()> {
    assemble(&workspace::root().join("dist"), &[X86_64, AARCH64])
}

/// Builds the page and the binaries of `targets`, and puts them into `out` as they lie in dist/.
pub(crate) fn assemble(out: &Path, targets: &[&str]) -> Result<()> {
    // Always the same file, so that a second product with the same page compiles nothing.
    let page = workspace::target().join("page/index.js");
    page::build(&page)?;
    compile(&page, targets)?;

    let mut files = BTreeMap::new();
    files.insert("index.js".to_owned(), read(&page)?);
    for (name, source) in COPIES {
        files.insert(name.to_owned(), read(&workspace::root().join(source))?);
    }
    for target in targets {
        let binary = workspace::target()
            .join(target)
            .join("release/session-manager");
        files.insert(binary_name(target), read(&binary)?);
    }
    files.insert(SUMS.to_owned(), sums(&files).into_bytes());
    for (name, bytes) in &files {
        let path = out.join(name);
        workspace::write(&path, bytes)?;
        let mode = if name.starts_with("bin/") {
            0o755
        } else {
            0o644
        };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("setting the mode of {}", path.display()))?;
        workspace::say(&format!("{}: {} bytes", path.display(), bytes.len()));
    }
    Ok(())
}

/// One call for all targets: they share their build scripts, and their links overlap.
fn compile(page: &Path, targets: &[&str]) -> Result<()> {
    let mut build = cargo::reproducible_build(targets)?;
    build.args(["--release", "--quiet", "-p", "session-manager"]);
    build.env("SESSION_MANAGER_PAGE", page);
    build.env("SESSION_MANAGER_SOURCE", source::id()?);
    for target in targets {
        // The toolchain's own linker: no C compiler for either machine is needed.
        let variable = target.to_uppercase().replace('-', "_");
        build.env(format!("CARGO_TARGET_{variable}_LINKER"), "rust-lld");
    }
    cargo::run(&mut build)
}

/// The path of a machine's binary below dist/.
fn binary_name(target: &str) -> String {
    format!("bin/{target}/session-manager")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// The lines that `sha256sum --check` and `npm run build` read.
fn sums(files: &BTreeMap<String, Vec<u8>>) -> String {
    let line = |(name, bytes): (&String, &Vec<u8>)| {
        format!("{}  {name}\n", source::hex(&Sha256::digest(bytes)))
    };
    files.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_in_the_format_of_sha256sum() {
        let files = [("server.js", "abc"), ("index.js", "")];
        let files = files
            .map(|(name, text)| (name.to_owned(), text.into()))
            .into();
        expect_test::expect![[r"
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  index.js
            ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  server.js
        "]]
        .assert_eq(&sums(&files));
    }
}

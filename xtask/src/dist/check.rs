//! Proves that dist/ is what the sources give, tells nothing about the machine that built it, and runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use anyhow::{Context as _, Result, ensure};

use super::{AARCH64, X86_64, assemble, binary_name, read};
use crate::{cargo, workspace};

/// Rebuilds into `target/dist-check` and compares with dist/.
pub(crate) fn check() -> Result<()> {
    let fresh = workspace::target().join("dist-check");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).with_context(|| format!("emptying {}", fresh.display()))?;
    }
    assemble(&fresh, &[X86_64, AARCH64])?;
    let built = tree(&fresh)?;
    let mut mistakes = differences(&tree(&workspace::root().join("dist"))?, &built);
    let places = places();
    for (name, bytes) in &built {
        mistakes.extend(places_in(name, bytes, &places));
    }
    mistakes.extend(start(&fresh)?);
    ensure!(
        mistakes.is_empty(),
        "dist/ does not hold:\n  {}",
        mistakes.join("\n  ")
    );
    workspace::say("dist/ is what the sources give, names no place of this machine, and runs.");
    Ok(())
}

/// Reads every file below `root`, by its path relative to it.
fn tree(root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
                files.insert(name, read(&path)?);
            }
        }
    }
    Ok(files)
}

fn differences(
    committed: &BTreeMap<String, Vec<u8>>,
    built: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let names: BTreeSet<&String> = committed.keys().chain(built.keys()).collect();
    let difference = |name: &String| match (committed.get(name), built.get(name)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(_), Some(_)) => Some(format!("{name} differs; run `cargo xtask dist`")),
        (None, _) => Some(format!("{name} is missing; run `cargo xtask dist`")),
        (_, None) => Some(format!(
            "{name} is not made by `cargo xtask dist`; delete it"
        )),
    };
    names.into_iter().filter_map(difference).collect()
}

/// The places of this machine that a product must not name, and those that no product of any machine should.
fn places() -> Vec<String> {
    let variables = ["HOME", "CARGO_HOME", "RUSTUP_HOME"];
    let mut places: Vec<String> = variables
        .iter()
        .filter_map(|name| env::var(name).ok())
        .collect();
    places.push(workspace::root().to_string_lossy().into_owned());
    places.push(workspace::target().to_string_lossy().into_owned());
    // A home of `/` or an empty one would be found everywhere.
    places.retain(|place| place.len() > 1);
    for place in &mut places {
        *place = format!("{}/", place.trim_end_matches('/'));
    }
    places.extend(["/registry/src/", "/.cargo/", "/.rustup/", "/rustlib/src/"].map(str::to_owned));
    places
}

fn places_in(name: &str, bytes: &[u8], places: &[String]) -> Vec<String> {
    let found = places.iter().filter_map(|place| {
        let at = bytes
            .windows(place.len())
            .position(|window| window == place.as_bytes())?;
        let tail = bytes.get(at..)?;
        let shown = tail
            .iter()
            .take(100)
            .take_while(|byte| byte.is_ascii_graphic());
        let shown: String = shown.map(|byte| char::from(*byte)).collect();
        Some(format!(
            "{name} names a place of the machine that built it: {shown}"
        ))
    });
    found.collect()
}

/// Starts each binary once, the foreign one in an emulator, and returns what does not answer as it should.
fn start(dist: &Path) -> Result<Vec<String>> {
    let mut mistakes = Vec::new();
    for (target, emulator) in [
        (X86_64, "qemu-x86_64-static"),
        (AARCH64, "qemu-aarch64-static"),
    ] {
        let binary = dist.join(binary_name(target));
        let mut command = if target.starts_with(env::consts::ARCH) {
            cargo::command(&binary)
        } else {
            let mut command = cargo::command(emulator);
            command.arg(&binary);
            command
        };
        let said = cargo::output(command.arg("--version"))?;
        if !said.contains(env!("CARGO_PKG_VERSION")) {
            mistakes.push(format!(
                "the binary of {target} says it is {:?}",
                said.trim()
            ));
        }
    }
    Ok(mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).into()))
            .collect()
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let committed = files(&[("same", "1"), ("changed", "1"), ("extra", "1")]);
        let built = files(&[("same", "1"), ("changed", "2"), ("new", "1")]);
        expect_test::expect![[r#"
            [
                "changed differs; run `cargo xtask dist`",
                "extra is not made by `cargo xtask dist`; delete it",
                "new is missing; run `cargo xtask dist`",
            ]
        "#]]
        .assert_debug_eq(&differences(&committed, &built));
    }

    #[test]
    fn a_place_of_this_machine_is_found_with_what_follows() {
        let bytes = b"\0panicked at /opt/me/crates/a.rs\0rest";
        let places = ["/opt/me/".to_owned(), "/opt/you/".to_owned()];
        assert_eq!(
            places_in("index.js", bytes, &places),
            ["index.js names a place of the machine that built it: /opt/me/crates/a.rs"]
        );
    }

    #[test]
    fn a_tree_is_read_with_its_folders() {
        let root = tempfile::tempdir().unwrap();
        workspace::write(&root.path().join("bin/a/b"), b"x").unwrap();
        workspace::write(&root.path().join("c"), b"y").unwrap();
        assert_eq!(
            tree(root.path()).unwrap(),
            files(&[("bin/a/b", "x"), ("c", "y")])
        );
    }
}

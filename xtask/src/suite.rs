//! The tests: those that need nothing but this checkout, and those against the real host and the real CLI.

use std::{
    fs::{self, DirEntry},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{cargo, machine, page, plugin_dir, workspace};

/// Where the tests that `test` runs lie below e2e/: the launcher, and the page in a real browser.
const NEAR: [&str; 2] = ["launcher", "standalone"];

/// Runs every test that needs neither the host nor Claude Code, and installs what they need.
pub(crate) fn test() -> Result<()> {
    machine::provide_targets(&[page::TARGET])?;
    machine::provide(&machine::TEST)?;
    npm_ci()?;
    let page = page()?;
    let mut rust = cargo::cargo();
    rust.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
    let mut results = vec![cargo::run(rust.env("SESSION_MANAGER_PAGE", &page))];
    // They use the binary that the tests of the server were linked beside. They run after a failure too: one
    // run tells all that is wrong.
    for folder in NEAR {
        results
            .push(node_test(folder, &debug_server()).and_then(|mut tests| cargo::run(&mut tests)));
    }
    results.into_iter().collect()
}

/// Runs the tests against the real Claude Code and the real host. Their installs are cached.
pub(crate) fn e2e() -> Result<()> {
    machine::provide_targets(&[page::TARGET, crate::dist::X86_64])?;
    machine::provide(machine::TEST.iter().chain(&machine::HOST))?;
    npm_ci()?;
    let page = page()?;
    cargo::run(
        cargo::cargo()
            .args(["build", "--locked", "-p", "session-manager"])
            .env("SESSION_MANAGER_PAGE", &page),
    )?;
    let plugin = workspace::target().join("plugin");
    plugin_dir::make(&plugin)?;
    let mut claude = cargo::command("node");
    claude
        .args(["e2e/run.mjs", "claude"])
        .env("SM_SERVER_BIN", debug_server());
    cargo::run(&mut claude)?;
    cargo::run(node_test("host", &debug_server())?.env("SM_PLUGIN_DIR", &plugin))
}

/// Builds the page into the one place that everything built from it names.
fn page() -> Result<PathBuf> {
    page::build(&page_path())?;
    Ok(page_path())
}

/// Where that page lies.
pub(crate) fn page_path() -> PathBuf {
    workspace::target().join("page/index.js")
}

fn debug_server() -> PathBuf {
    workspace::target().join("debug/session-manager")
}

/// `node --test` over the tests of one folder of e2e/, one file at a time: each has servers and browsers of its
/// own.
fn node_test(folder: &str, server: &Path) -> Result<Command> {
    let e2e = workspace::root().join("e2e");
    let mut command = cargo::command("node");
    command
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        // Named one by one: what a folder means here differs between releases of node.
        .args(tests_in(&e2e.join(folder))?)
        .current_dir(&e2e)
        .env("SM_SERVER_BIN", server);
    Ok(command)
}

fn tests_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let files: Vec<DirEntry> = entries.collect::<Result<_, _>>()?;
    let mut files: Vec<PathBuf> = files.iter().map(DirEntry::path).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    ensure!(!files.is_empty(), "{} has no tests", folder.display());
    Ok(files)
}

/// Installs the browser driver, unless what lies there is newer than the lock file.
fn npm_ci() -> Result<()> {
    let e2e = workspace::root().join("e2e");
    let modified = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
    let installed = modified(&e2e.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&e2e.join("package-lock.json")) {
        return Ok(());
    }
    let mut npm = cargo::command("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(e2e);
    // `npm test` tells its children where the outer package lies.
    npm.env_remove("npm_config_local_prefix");
    cargo::run(&mut npm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_are_run_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.test.mjs", "a.test.mjs", "world.mjs"] {
            workspace::write(&folder.path().join(name), b"").unwrap();
        }
        let names = ["a.test.mjs", "b.test.mjs"].map(|name| folder.path().join(name));
        assert_eq!(tests_in(folder.path()).unwrap(), names);
    }

    #[test]
    fn a_folder_without_tests_does_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        assert!(tests_in(folder.path()).is_err());
        assert!(tests_in(&folder.path().join("absent")).is_err());
    }
}

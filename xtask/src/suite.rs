//! The tests: those that need nothing but this checkout, and those against the real host and the real CLI.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{cargo, machine, page, plugin_dir, workspace};

/// Runs every test that needs neither the host nor Claude Code, and installs what they need.
pub(crate) fn test() -> Result<()> {
    machine::provide_targets(&[page::TARGET])?;
    machine::provide(&machine::TEST)?;
    npm_ci()?;
    let page = page()?;
    let mut rust = cargo::cargo();
    rust.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
    let rust = cargo::run(rust.env("SESSION_MANAGER_PAGE", &page));
    // The rest uses the binary that the tests of the server were linked beside. It runs after a failure too: one
    // run tells all that is wrong.
    rust.and(cargo::run(&mut node_tests(&[
        "launcher",
        "packaging",
        "client",
        "page",
        "standalone",
    ])))
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
    cargo::run(node_tests(&["claude", "truth", "held", "host"]).env("SM_PLUGIN_DIR", &plugin))
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

/// The tests of these folders of e2e/, each file in turn, where they can reach this machine only.
fn node_tests(folders: &[&str]) -> Command {
    let mut command = cargo::command("node");
    command
        .arg("e2e/run.mjs")
        .args(folders)
        .env("SM_SERVER_BIN", debug_server());
    command
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

//! Runs cargo and its neighbours, so that what they build names no path of this machine.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::workspace;

/// Starts a command line in the checkout's root, with nothing to read.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// The cargo that runs us, or the one on `PATH`.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs to the end; a status other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command
        .status()
        .with_context(|| format!("starting `{shown}`"))?;
    ensure!(status.success(), "`{shown}` ended with {status}");
    Ok(())
}

/// Runs to the end and returns what it wrote to stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("starting `{shown}`"))?;
    ensure!(
        output.status.success(),
        "`{shown}` ended with {}",
        output.status
    );
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` wrote no UTF-8"))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns `cargo build --locked --target ...` whose product is the same wherever the checkout, the crates and
/// the toolchain lie.
///
/// The flags go to the named target only, never to build scripts, so an ordinary `cargo test` in the same
/// target directory keeps what it has.
pub(crate) fn reproducible_build(targets: &[&str]) -> Result<Command> {
    let mut build = cargo();
    build
        .args(["build", "--locked"])
        .args(targets.iter().flat_map(|target| ["--target", target]))
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            remapped_paths(targets)?.join("\u{1f}"),
        )
        // Settings of a person's environment that would change the product.
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env("CARGO_INCREMENTAL", "0");
    Ok(build)
}

/// One `--remap-path-prefix` for each directory that a panic message could name.
fn remapped_paths(targets: &[&str]) -> Result<Vec<String>> {
    let mut flags = vec![remap(workspace::root(), "/session-manager")?];
    for folder in crate_folders(targets)? {
        flags.push(remap(Path::new(&folder), "/crates")?);
    }
    // With rust-src installed, rustc names the real files of the standard library instead of `/rustc/<commit>`.
    let sysroot = output(command("rustc").args(["--print", "sysroot"]))?;
    let version = output(command("rustc").arg("-vV"))?;
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "))
        .context("`rustc -vV` names no commit")?;
    let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
    flags.push(remap(&sources, &format!("/rustc/{commit}"))?);
    Ok(flags)
}

fn remap(from: &Path, to: &str) -> Result<String> {
    let from = from
        .to_str()
        .context("the path of the checkout or the toolchain is no UTF-8")?;
    Ok(format!("--remap-path-prefix={from}={to}"))
}

/// The folders that hold the unpacked crates: one for each registry that cargo took them from.
fn crate_folders(targets: &[&str]) -> Result<BTreeSet<String>> {
    let mut folders = BTreeSet::new();
    for package in foreign_packages(targets)? {
        let manifest = package.get("manifest_path").and_then(Value::as_str);
        let folder = manifest.and_then(|path| Path::new(path).parent()?.parent()?.to_str());
        let Some(folder) = folder else {
            bail!("`cargo metadata` has a package without a manifest: {package}");
        };
        folders.insert(folder.to_owned());
    }
    Ok(folders)
}

/// What `cargo metadata` says of each package of `targets` that is not a member of the workspace.
pub(crate) fn foreign_packages(targets: &[&str]) -> Result<Vec<Value>> {
    let mut command = cargo();
    command.args(["metadata", "--locked", "--format-version=1"]);
    command.args(
        targets
            .iter()
            .flat_map(|target| ["--filter-platform", target]),
    );
    let metadata: Value =
        serde_json::from_str(&output(&mut command)?).context("reading `cargo metadata`")?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.context("`cargo metadata` lists no packages")?;
    // A member of the workspace has no source.
    let foreign = packages
        .iter()
        .filter(|package| package.get("source").is_some_and(Value::is_string));
    Ok(foreign.cloned().collect())
}

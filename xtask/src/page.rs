//! Builds the page: the frontend as wasm, packed into one ES module.
//!
//! Knows how the module is made. Does not know what the page shows.

mod bundle;
mod digits85;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::{cargo, workspace};

/// The most that the page may weigh in bytes: the host reads it again on every visit to the tab. What sessions ask and the
/// rules are a fifth of it, conversations another one, terminals with their keyboard a twentieth.
const BUDGET: usize = 784 * 1024;

const SPLIT_MARKER: &str = "_WASM_SPLIT_MARKER_";

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the page and writes it to `out`.
pub(crate) fn build(out: &Path) -> Result<()> {
    cargo::run(
        cargo::reproducible_build(&[TARGET])?
            .args(["--profile", "page", "-p", "session-manager-frontend"])
            .args(["--lib", "--quiet"]),
    )?;
    let wasm = workspace::target().join(TARGET).join("page/frontend.wasm");
    let page = pack(fs::read(&wasm).with_context(|| format!("reading {}", wasm.display()))?)?;
    workspace::write(out, page.as_bytes())?;
    let (size, spare) = (page.len(), BUDGET.checked_sub(page.len()));
    let spare =
        spare.with_context(|| format!("the page has {size} bytes, over its budget of {BUDGET}"))?;
    workspace::say(&format!(
        "{}: {size} bytes, {spare} below the budget",
        out.display()
    ));
    Ok(())
}

fn pack(wasm: Vec<u8>) -> Result<String> {
    let mut output = Bindgen::new()
        .input_bytes("frontend", wasm)
        .web(true)?
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .context("wasm-bindgen")?;
    let snippets = output
        .snippets()
        .iter()
        .filter(|(_, files)| !files.is_empty());
    let files: Vec<&String> = snippets
        .map(|(name, _)| name)
        .chain(output.local_modules().keys())
        .collect();
    ensure!(
        files.is_empty(),
        "JavaScript of a crate can't be loaded from a blob: {files:?}"
    );
    let module = output.wasm_mut();
    // wasm_split (of leptos) names an export after a hash of the path that its manifest has on this machine.
    // It serves a tool that splits modules, and would make each machine's page another one.
    let markers = module
        .exports
        .iter()
        .filter(|export| export.name.starts_with(SPLIT_MARKER));
    let markers: Vec<_> = markers.map(|export| export.id()).collect();
    for marker in markers {
        module.exports.delete(marker);
    }
    let wasm = module.emit_wasm();
    bundle::module(output.js(), &wasm)
}

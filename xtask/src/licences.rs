//! Checks that every crate may be given away with the plugin, and where it came from.
//!
//! Reads the lists of `deny.toml` and what cargo knows; needs no network. Published advisories are not
//! checked: they need a database that changes daily (`cargo deny check advisories`).

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::{cargo, workspace};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Names every crate that `deny.toml` does not let in.
pub(crate) fn check() -> Result<()> {
    let path = workspace::root().join("deny.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let allowed = allowed(&text)?;
    // Every platform: a crate that only another one would take is in the lock file all the same.
    let packages = cargo::foreign_packages(&[])?;
    let objections: Vec<String> = packages
        .iter()
        .filter_map(|package| objection(package, &allowed))
        .collect();
    ensure!(objections.is_empty(), "{}", objections.join("\n"));
    workspace::say(&format!(
        "{} crates have allowed licences and come from crates.io.",
        packages.len()
    ));
    Ok(())
}

fn allowed(deny: &str) -> Result<BTreeSet<String>> {
    let deny: toml::Table = deny.parse().context("deny.toml")?;
    let list = deny
        .get("licenses")
        .and_then(|table| table.get("allow")?.as_array());
    let list = list.context("deny.toml has no list licenses.allow")?;
    Ok(list
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect())
}

/// Returns why a crate may not come in, or `None` where it may.
fn objection(package: &Value, allowed: &BTreeSet<String>) -> Option<String> {
    let text = |key| package.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = format!("{} {}", text("name"), text("version"));
    if text("source") != REGISTRY {
        return Some(format!("{name} comes from {}", text("source")));
    }
    let licence = text("license");
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!(
            "{name} has a licence that is no SPDX expression: {licence:?}"
        ));
    };
    let fits = expression.evaluate(|requirement| allowed.contains(&requirement.to_string()));
    (!fits).then(|| format!("{name} is under {licence}, which deny.toml does not allow"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_needs_an_allowed_licence_and_the_registry() {
        let allowed =
            allowed("licenses.allow = [\"MIT\", \"Zlib\", \"Apache-2.0 WITH LLVM-exception\"]")
                .unwrap();
        let check = |source: &str, license: &str| {
            let package = serde_json::json!({
                "name": "a", "version": "1.0.0", "source": source, "license": license,
            });
            objection(&package, &allowed)
        };
        for fine in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "GPL-2.0/MIT",
            "MIT AND Zlib",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(check(REGISTRY, fine), None, "{fine}");
        }
        for refused in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "Apache-2.0",
            "MIT OR",
            "",
            "do what you like",
        ] {
            assert!(check(REGISTRY, refused).is_some(), "{refused}");
        }
        assert!(check("git+https://example.org/a", "MIT").is_some());
    }

    #[test]
    fn a_list_that_is_missing_is_told() {
        assert!(allowed("[licenses]\n").is_err());
    }
}

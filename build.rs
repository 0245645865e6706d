//! Facts about the build as environment variables of the compiler; writes nothing.
//!
//! `SESSION_MANAGER_PAGE`: the page that the binary serves at `/`, `dist/index.js` unless the variable
//! names another file (the tests serve the page they have just built).
//! `SESSION_MANAGER_SOURCE`: names the sources that the binary was built from, `development` unless
//! `cargo xtask dist` has said.

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=SESSION_MANAGER_PAGE");
    let page = env::var("SESSION_MANAGER_PAGE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/index.js").to_owned());
    println!("cargo:rerun-if-changed={page}");
    println!("cargo:rustc-env=SESSION_MANAGER_PAGE={page}");

    println!("cargo:rerun-if-env-changed=SESSION_MANAGER_SOURCE");
    let source = env::var("SESSION_MANAGER_SOURCE").unwrap_or_else(|_| "development".to_owned());
    println!("cargo:rustc-env=SESSION_MANAGER_SOURCE={source}");
}

//! Facts about the build as environment variables of the compiler; writes nothing.
//!
//! `SESSION_MANAGER_PAGE`: the page that the binary serves at `/`, `dist/index.js` unless the variable
//! names another file (the tests serve the page they have just built).

fn main() {
    println!("cargo:rerun-if-env-changed=SESSION_MANAGER_PAGE");
    let page = std::env::var("SESSION_MANAGER_PAGE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/index.js").to_owned());
    println!("cargo:rerun-if-changed={page}");
    println!("cargo:rustc-env=SESSION_MANAGER_PAGE={page}");
}

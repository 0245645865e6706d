//! Puts wasm-bindgen's glue and the wasm itself into one ES module that imports nothing.

use anyhow::{Result, ensure};
use miniz_oxide::deflate::compress_to_vec;
use sha2::{Digest as _, Sha256};

use crate::page::digits85;

/// Everything around the glue: see the file for what the host's calls may do in which order.
const FRAME: &str = include_str!("frame.js");

/// Returns the module's text. `glue` is what wasm-bindgen writes for the target `web`.
pub(super) fn module(glue: &str, wasm: &[u8]) -> Result<String> {
    let glue = inner(glue)?;
    let id = id(&glue, wasm);
    let packed = compress_to_vec(wasm, 10);
    let (size, packed) = (packed.len().to_string(), digits85::encode(&packed));
    let mut module = String::with_capacity(FRAME.len() + glue.len() + packed.len());
    for line in FRAME.lines() {
        match line.trim() {
            // The frame explains itself to those who read it here; it travels without.
            comment if comment.is_empty() || comment.starts_with("//") => {}
            "/* glue */" => module.push_str(&glue),
            code => {
                let code = code
                    .replace("/* wasm */", &packed)
                    .replace("/* size */", &size)
                    .replace("/* id */", &id);
                module.push_str(&code);
                module.push('\n');
            }
        }
    }
    Ok(module)
}

/// Names this build of the page: another one in the same document must not be taken for it.
fn id(glue: &str, wasm: &[u8]) -> String {
    let sum = Sha256::new()
        .chain_update(glue)
        .chain_update(wasm)
        .finalize();
    sum.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Turns the glue, a module, into the body of a function: without exports, comments and indentation.
fn inner(glue: &str) -> Result<String> {
    let mut body = String::with_capacity(glue.len());
    let mut comment = false;
    for line in glue.lines() {
        let line = line.trim();
        comment |= line.starts_with("/*");
        let skipped = comment || line.is_empty() || line.starts_with("//");
        comment &= !line.ends_with("*/");
        if skipped || line.starts_with("export {") || line.starts_with("export default") {
            continue;
        }
        body.push_str(line.strip_prefix("export ").unwrap_or(line));
        body.push('\n');
    }
    for name in ["mount", "unmount", "__wbg_init"] {
        let present = body.contains(&format!("function {name}("));
        ensure!(present, "the frontend exports no `{name}`");
    }
    for word in ["import ", "import.meta", "export "] {
        let absent = !body.lines().any(|line| line.starts_with(word));
        ensure!(
            absent && !body.contains("import.meta"),
            "the glue has a line that starts with `{word}`"
        );
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUE: &str = "\
/* @ts-self-types=\"./frontend.d.ts\" */
/**
 * A page.
 * @returns {Promise<void>}
 */
export function mount(container, api) {
    // Calls.
    return wasm.mount(container, api);
}
export function unmount(container) {
    wasm.unmount(container);
}
let wasm;
async function __wbg_init(input) {
}
export { initSync, __wbg_init as default };
";

    #[test]
    fn the_glue_loses_its_exports_and_comments() {
        expect_test::expect![[r#"
            function mount(container, api) {
            return wasm.mount(container, api);
            }
            function unmount(container) {
            wasm.unmount(container);
            }
            let wasm;
            async function __wbg_init(input) {
            }
        "#]]
        .assert_eq(&inner(GLUE).unwrap());
    }

    #[test]
    fn a_frontend_without_unmount_is_refused() {
        let glue = GLUE.replace("unmount", "leave");
        let error = inner(&glue).unwrap_err().to_string();
        assert_eq!(error, "the frontend exports no `unmount`");
    }

    #[test]
    fn glue_that_loads_something_is_refused() {
        for line in ["import * as env from 'env';", "let here = import.meta.url;"] {
            assert!(inner(&format!("{line}\n{GLUE}")).is_err(), "{line}");
        }
    }

    #[test]
    fn another_build_has_another_name() {
        let named = |wasm| {
            let module = module(GLUE, wasm).unwrap();
            module.lines().next().unwrap().to_owned()
        };
        assert!(named(b"\0asm").starts_with("const name = Symbol.for(\"session-manager "));
        assert_ne!(named(b"\0asm"), named(b"\0asn"));
        assert_eq!(named(b"\0asm"), named(b"\0asm"));
    }

    #[test]
    fn the_module_exports_mount_and_unmount_only() {
        let module = module(GLUE, b"\0asm").unwrap();
        let exports: Vec<_> = module
            .lines()
            .filter(|line| line.starts_with("export"))
            .collect();
        assert_eq!(
            exports,
            [
                "export async function mount(container, api) {",
                "export function unmount(container) {"
            ]
        );
        assert!(!module.contains("/* "), "{module}");
    }
}

//! Names for messages, so that one that is sent twice is said once.

use js_sys::{Function, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::JsCast as _;

use crate::host::get;

/// Returns a new random UUID (version 4).
pub(crate) fn fresh() -> String {
    let bytes = Uint8Array::new_with_length(16);
    // `randomUUID` is there on pages from https only.
    let crypto = get(&window(), "crypto");
    if let Ok(fill) = get(&crypto, "getRandomValues").dyn_into::<Function>() {
        // It fails for more than 65536 bytes.
        let _filled = fill.call1(&crypto, &bytes);
    }
    written(u128::from_be_bytes(
        bytes.to_vec().try_into().unwrap_or_default(),
    ))
}

fn written(random: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0x3 << 62;
    let marked = random & !VERSION & !VARIANT | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{marked:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_its_version_and_its_variant() {
        assert_eq!(written(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(written(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}

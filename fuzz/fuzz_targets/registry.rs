#![no_main]

#[path = "../invariants/registry.rs"]
mod registry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| registry::check(bytes));

#![no_main]

#[path = "../invariants/stat.rs"]
mod stat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stat::check(bytes));

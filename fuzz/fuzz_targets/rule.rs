#![no_main]

#[path = "../invariants/rule.rs"]
mod rule;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rule::check(bytes));

#![no_main]

#[path = "../invariants/hook_call.rs"]
mod hook_call;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hook_call::check(bytes));

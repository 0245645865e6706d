#![no_main]

#[path = "../invariants/routes.rs"]
mod routes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| routes::check(bytes));

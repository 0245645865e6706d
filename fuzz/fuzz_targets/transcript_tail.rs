#![no_main]

use std::sync::LazyLock;

#[path = "../invariants/transcript_tail.rs"]
mod transcript_tail;
use transcript_tail::Stage;

static STAGE: LazyLock<Stage> = LazyLock::new(Stage::new);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transcript_tail::check(&STAGE, bytes));

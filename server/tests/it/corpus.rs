//! What the fuzz targets found worth keeping, held against the same invariants by the compiler that everybody has.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

#[path = "../../../fuzz/invariants/config.rs"]
mod config;
#[path = "../../../fuzz/invariants/hook.rs"]
mod hook;
#[path = "../../../fuzz/invariants/registry.rs"]
mod registry;
#[path = "../../../fuzz/invariants/routes.rs"]
mod routes;
#[path = "../../../fuzz/invariants/settings.rs"]
mod settings;
#[path = "../../../fuzz/invariants/stat.rs"]
mod stat;
#[path = "../../../fuzz/invariants/transcript_tail.rs"]
mod transcript_tail;

/// Checks every file of a target's corpus.
fn each(target: &str, check: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut count = 0;
    for file in fs::read_dir(corpus.join(target)).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        // The panic says what does not hold; this says of which file.
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&bytes)));
        assert!(outcome.is_ok(), "{}", path.display());
        count += 1;
    }
    assert!(count > 0, "the corpus of {target} is empty");
}

#[test]
fn the_corpus_of_stat_holds() {
    each("stat", stat::check);
}

#[test]
fn the_corpus_of_the_registry_holds() {
    each("registry", registry::check);
}

#[test]
fn the_corpus_of_transcripts_holds() {
    let stage = transcript_tail::Stage::new();
    each("transcript_tail", |bytes| {
        transcript_tail::check(&stage, bytes);
    });
}

#[test]
fn the_corpus_of_routes_holds() {
    each("routes", routes::check);
}

#[test]
fn the_corpus_of_the_configuration_holds() {
    each("config", config::check);
}

#[test]
fn the_corpus_of_hooks_holds() {
    each("hook", hook::check);
}

#[test]
fn the_corpus_of_settings_holds() {
    each("settings", settings::check);
}

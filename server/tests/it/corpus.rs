//! What the fuzz targets found worth keeping, held against the same invariants by the compiler that everybody has.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use proptest::{collection::vec, prelude::*, sample::select};

#[path = "../../../fuzz/invariants/config.rs"]
mod config;
#[path = "../../../fuzz/invariants/hook.rs"]
mod hook;
#[path = "../../../fuzz/invariants/hook_call.rs"]
mod hook_call;
#[path = "../../../fuzz/invariants/registry.rs"]
mod registry;
#[path = "../../../fuzz/invariants/routes.rs"]
mod routes;
#[path = "../../../fuzz/invariants/rule.rs"]
mod rule;
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

/// What a hook tells of a call, in the same payloads as its reports.
#[test]
fn the_corpus_of_hooks_holds_for_calls() {
    each("hook", hook_call::check);
    each("hook_call", hook_call::check);
}

#[test]
fn the_corpus_of_rules_holds() {
    each("rule", rule::check);
}

#[test]
fn the_corpus_of_settings_holds() {
    each("settings", settings::check);
}

/// Lines of a configuration: the keys that there are and one that is not, with what may and may not stand behind them.
fn setting() -> impl Strategy<Value = String> {
    let keys = "homes|user|port|allowed_hosts|claude|grace_ms|stuck_after_minutes|abandoned_after_minutes\
                |compress_after_days|actions_per_second|no_key|[homes]|\"a\\tb\"|homes.x";
    let values = r#"0|1|-1|0x1F90|65536|60001|525600|1e3|1_000|18446744073709551616|true|1979-05-27|""|"~"|"~/a//b/../c"
        |"/srv/./a"|"a"|"root"|"nobody at all"|"EXAMPLE.org:80"|"[::1]:0"|"[::1]"|"a:b:c"|"\u0000/"|"\u001b[31m"|'/x'
        |[]|["/a", "/a", 7]|["b.c", "B.C", "d:1"]|["~", "~/", "~x"]|{ a = 1 }|[|"#;
    let one_of = |list: &str| {
        select(
            list.split('|')
                .map(|it| it.trim().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    (one_of(keys), one_of(values)).prop_map(|(key, value)| format!("{key} = {value}\n"))
}

proptest! {
    #[test]
    fn any_configuration_is_usable_and_each_mistake_has_its_line(
        settings in vec(setting(), 0..5),
        text in "\\PC{0,20}",
        at in any::<usize>(),
    ) {
        let mut file = settings.concat();
        config::check(file.as_bytes());
        let starts: Vec<usize> = file.char_indices().map(|(start, _)| start).collect();
        let at = if starts.is_empty() { 0 } else { starts[at % starts.len()] };
        file.insert_str(at, &text);
        config::check(file.as_bytes());
    }
}

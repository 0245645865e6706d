//! Law: a command in which something denied is run is never allowed, however it is spelled and wherever it stands.

mod launched;
mod simple;
mod within;

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{RngSeed, TestRunner},
};

use self::{launched::launched, simple::simple, within::within};
use super::{super::Action, of_command, rules};

/// Rule lists that allow much and deny `rm`.
const LISTS: [&[&str]; 6] = [
    &["Bash allow", "Bash(rm *) deny"],
    &["Bash(*) allow", "Bash(rm) deny", "Write allow"],
    &["* allow", "*(rm*) deny"],
    &[
        "Bash(rm *) deny",
        "Bash(**) allow",
        "Write(**) allow",
        "Read allow",
    ],
    &[
        "Bash(echo *) allow",
        "Bash(ls *) allow",
        "Bash(cat *) allow",
        "Bash(sh *) allow",
        "Bash(bash *) allow",
        "Bash(sudo *) allow",
        "Bash(env *) allow",
        "Bash(find *) allow",
        "Bash(xargs *) allow",
        "Bash(eval *) allow",
        "Bash(strace *) allow",
        "Bash(watch *) allow",
        "Bash(ssh *) allow",
        "Bash(su *) allow",
        "Bash(flock *) allow",
        "Bash(python3 *) allow",
        "Bash(git *) allow",
        "Bash(busybox *) allow",
        "Bash(trap *) allow",
        "Bash(script *) allow",
        "Bash(foo *) allow",
        "Bash(foo) allow",
        "Bash(sg *) allow",
        "Bash(at *) allow",
        "Bash(doas *) allow",
        "Bash(unshare *) allow",
        "Bash(mapfile *) allow",
        "Write allow",
        "Bash(true) allow",
        "Bash(rm *) deny",
    ],
    &["Bash(rm -*) ask", "Bash(rm *) deny", "Bash allow"],
];

fn program(command: &'static str) -> impl Strategy<Value = String> {
    let steps = prop::collection::vec((any::<bool>(), 0..1_000_usize, any::<bool>()), 0..4);
    (simple(command), steps).prop_map(|(simple, steps)| {
        steps
            .into_iter()
            .fold(simple, |inner, (launch, way, single)| match launch {
                true => launched(inner, way, single),
                false => within(&inner, way),
            })
    })
}

/// The same programs each time; another seed makes others.
const SEED: u64 = 5;
const PROGRAMS: u32 = 12_000;

#[test]
fn what_is_denied_is_never_allowed() {
    let config = ProptestConfig {
        cases: PROGRAMS,
        max_shrink_iters: 2_000,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let found = runner.run(&(program("rm"), 0..LISTS.len()), |(program, list)| {
        let list = LISTS[list];
        let ruling = of_command(&rules(list), &program);
        prop_assert_ne!(
            ruling.action,
            Action::Allow,
            "{:?}: {}\n{:?}",
            list,
            program,
            ruling
        );
        Ok(())
    });
    if let Err(failure) = found {
        panic!("seed {SEED}: {failure}");
    }
}

/// The same programs with a command that is not denied: asking each time would be no proof of anything.
#[test]
fn what_is_not_denied_is_often_allowed_and_what_is_often_denied() {
    let mut runner = TestRunner::deterministic();
    let rules = rules(LISTS[0]);
    let mut share = |command: &'static str, action: Action| {
        let strategy = program(command);
        let mut found = 0;
        for _ in 0..500 {
            let program = strategy.new_tree(&mut runner).unwrap().current();
            found += usize::from(of_command(&rules, &program).action == action);
        }
        found
    };
    let (allowed, denied) = (share("ls", Action::Allow), share("rm", Action::Deny));
    assert!(allowed > 150, "{allowed} of 500 are allowed");
    assert!(denied > 200, "{denied} of 500 are denied");
}

//! Homes that are found by themselves, and whose word counts in them.

use super::*;

#[test]
fn homes_are_found_by_the_environment_of_a_live_session() {
    let machine = Machine::new();
    let named = TestClaude::new();
    let home = tempfile::tempdir().unwrap();
    let default = home.path().join(".claude");
    register(named.config(), 700, 50_000, ID);
    register(&default, 701, 50_000, OTHER_ID);
    let variable = format!("CLAUDE_CONFIG_DIR={}", named.config().display());
    let home = format!("HOME={}", home.path().display());
    machine
        .proc
        .claude(700, 50_000)
        .environ(&["HOME=/", &variable]);
    machine
        .proc
        .claude(701, 50_000)
        .environ(&["XHOME=/nowhere", &home]);
    // A second session of the same home does not name it twice.
    machine.proc.claude(702, 50_000).environ(&[&home]);
    machine
        .proc
        .claude(703, 50_000)
        .environ(&["CLAUDE_CONFIG_DIR=relative"]);
    machine.check(&[
        (700, REGISTERED, State::Idle, Some(ID)),
        (701, REGISTERED, State::Idle, Some(OTHER_ID)),
        (702, EXECUTABLE, State::Unknown, None),
        (703, EXECUTABLE, State::Unknown, None),
    ]);
    let homes = machine.look().homes;
    let mut found: Vec<_> = homes
        .iter()
        .skip(1)
        .map(|home| (home.config_dir.as_path(), home.origin))
        .collect();
    found.sort_by_key(|&(path, _)| path);
    let mut expected = [named.config(), &default].map(|path| (path, Origin::Found));
    expected.sort_by_key(|&(path, _)| path);
    assert_eq!(found, expected);
}

#[test]
fn an_environment_does_not_lead_into_somebody_else_s_directory() {
    let machine = Machine::new();
    let claude = TestClaude::new();
    register(claude.config(), 700, 50_000, ID);
    let variable = format!("CLAUDE_CONFIG_DIR={}", claude.config().display());
    // The directory is ours, the process is not.
    machine
        .proc
        .claude(700, 50_000)
        .uid(54_321)
        .environ(&[&variable]);
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
    assert_eq!(machine.look().homes.len(), 1);
    // The path is one in the process's own root, where it names another directory.
    let root = tempfile::tempdir().unwrap();
    let process = machine.proc.claude(701, 50_000).environ(&[&variable]);
    process.root(root.path().to_str().unwrap());
    assert_eq!(machine.look().homes.len(), 1);
}

#[test]
fn a_record_that_somebody_else_wrote_is_not_about_this_process() {
    let machine = Machine::new();
    machine.proc.claude(700, 50_000).uid(54_321);
    machine.register(700, 50_000, ID);
    let file = machine.claude.config().join("sessions/700.json");
    // Root's word counts for everybody.
    if rustix::process::geteuid().is_root() {
        machine.check(&[(700, REGISTERED, State::Idle, Some(ID))]);
        chown(file, Some(54_322), None).unwrap();
    }
    machine.check(&[(700, EXECUTABLE, State::Unknown, None)]);
}

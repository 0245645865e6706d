use super::*;
use crate::verdict::State;

const NPM: &str = "/app/node_modules/@anthropic-ai/claude-code/bin/claude.exe";

fn process(pid: u32, start_ticks: u64, exe: Option<&str>) -> Process {
    Process {
        key: ProcessKey { pid, start_ticks },
        ppid: 1,
        uid: 1000,
        namespace: Namespace::Ours,
        comm: "claude".to_owned(),
        run_state: RunState::Alive,
        rss_pages: 1,
        cpu_ticks: 0,
        argv: vec!["claude".to_owned()],
        exe: exe.map(str::to_owned),
        cwd: Some("/home/dev/p".to_owned()),
        wchan: None,
    }
}

fn record(text: &str) -> Filed<Record> {
    let pid = serde_json::from_str::<serde_json::Value>(text).unwrap()["pid"]
        .as_u64()
        .unwrap();
    Filed {
        home: 0,
        path: PathBuf::new(),
        owner: 1000,
        what: Record::parse(u32::try_from(pid).unwrap(), text.as_bytes()).unwrap(),
    }
}

fn sample(processes: Vec<Process>, records: &[&str]) -> Sample {
    Sample {
        taken_at: UnixMillis(2_000_000),
        booted_at: UnixMillis(1_000_000),
        ticks_per_second: 100,
        domain: PidDomain::new("machine", "pid:[1]"),
        processes,
        records: records.iter().map(|text| record(text)).collect(),
        key_files: Vec::new(),
    }
}

fn check(processes: Vec<Process>, records: &[&str], expected: &[(u32, Proof, State)]) {
    let sessions = sample(processes, records).sessions();
    let seen: Vec<_> = sessions
        .iter()
        .map(|session| {
            (
                session.key().pid,
                session.proof,
                session.plain_verdict().state,
            )
        })
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_record_with_the_start_time_is_proof_whatever_the_process_looks_like() {
    let file = r#"{"pid":7,"procStart":"50","status":"idle","sessionId":"086ce0db"}"#;
    check(
        vec![process(7, 50, Some("/opt/odd"))],
        &[file],
        &[(7, Proof::Registered, State::Idle)],
    );
}

#[test]
fn another_process_with_the_same_pid_inherits_nothing() {
    let file = r#"{"pid":7,"procStart":"50","status":"idle"}"#;
    check(vec![process(7, 51, Some("/usr/bin/sleep"))], &[file], &[]);
    check(
        vec![process(7, 51, Some(NPM))],
        &[file],
        &[(7, Proof::Executable, State::Unknown)],
    );
}

#[test]
fn a_record_that_another_user_wrote_is_no_proof() {
    let file = r#"{"pid":7,"procStart":"50","status":"idle"}"#;
    let check = |owner, expected: &[(u32, Proof, State)]| {
        let mut sample = sample(vec![process(7, 50, Some("/opt/odd"))], &[file]);
        sample.records[0].owner = owner;
        let sessions = sample.sessions();
        let seen: Vec<_> = sessions
            .iter()
            .map(|session| {
                (
                    session.key().pid,
                    session.proof,
                    session.plain_verdict().state,
                )
            })
            .collect();
        assert_eq!(seen, expected);
    };
    check(1000, &[(7, Proof::Registered, State::Idle)]);
    check(0, &[(7, Proof::Registered, State::Idle)]);
    check(1001, &[]);
}

#[test]
fn a_record_of_another_namespace_is_about_another_pid() {
    let file = r#"{"pid":7,"procStart":"50","status":"idle","pidDomain":"linux:machine:pid:[2]"}"#;
    check(vec![process(7, 50, Some("/usr/bin/sleep"))], &[file], &[]);
    let ours = r#"{"pid":7,"procStart":"50","status":"idle","pidDomain":"linux:machine:pid:[1]"}"#;
    check(
        vec![process(7, 50, None)],
        &[file, ours],
        &[(7, Proof::Registered, State::Idle)],
    );
}

#[test]
fn a_container_s_session_is_known_by_the_number_that_it_has_there() {
    let inside = |link: &str| {
        let mut process = process(700, 50, Some(NPM));
        process.namespace = Namespace::Other {
            link: link.to_owned(),
            pid: 7,
        };
        process
    };
    let file = r#"{"pid":7,"procStart":"50","status":"idle","pidDomain":"linux::pid:[2]"}"#;
    check(
        vec![inside("pid:[2]")],
        &[file],
        &[(700, Proof::Registered, State::Idle)],
    );
    check(
        vec![inside("pid:[3]")],
        &[file],
        &[(700, Proof::Executable, State::Unknown)],
    );
    let ours = r#"{"pid":7,"procStart":"50","status":"idle"}"#;
    check(
        vec![inside("pid:[2]")],
        &[ours],
        &[(700, Proof::Executable, State::Unknown)],
    );
}

#[test]
fn a_record_without_a_readable_start_needs_a_process_that_looks_like_it() {
    let file = r#"{"pid":7,"procStart":"Sat Nov 21","status":"idle"}"#;
    check(
        vec![process(7, 50, Some(NPM))],
        &[file],
        &[(7, Proof::Executable, State::Idle)],
    );
    check(vec![process(7, 50, Some("/usr/bin/sleep"))], &[file], &[]);
}

#[test]
fn the_dead_and_the_daemon_are_not_listed() {
    let mut zombie = process(7, 50, Some(NPM));
    zombie.run_state = RunState::Dead;
    let daemon = r#"{"pid":8,"procStart":"60","kind":"daemon","status":"idle"}"#;
    check(vec![zombie, process(8, 60, Some(NPM))], &[daemon], &[]);
}

#[test]
fn a_tool_that_is_about_to_start_is_no_session() {
    let unknown = |pid| (pid, Proof::Executable, State::Unknown);
    let mut fork = process(8, 60, Some(NPM));
    fork.ppid = 7;
    let session = process(7, 50, Some(NPM));
    check(vec![session.clone(), fork.clone()], &[], &[unknown(7)]);
    fork.argv = vec!["claude".to_owned(), "-p".to_owned()];
    check(vec![session, fork], &[], &[unknown(7), unknown(8)]);
}

#[test]
fn the_longest_running_comes_first() {
    let unknown = |pid| (pid, Proof::Executable, State::Unknown);
    check(
        vec![
            process(9, 70, Some(NPM)),
            process(8, 60, Some(NPM)),
            process(7, 70, Some(NPM)),
        ],
        &[],
        &[unknown(8), unknown(7), unknown(9)],
    );
}

#[test]
fn a_conversation_is_held_by_record_or_while_starting_by_argument() {
    let mut starting = process(7, 50, Some(NPM));
    starting.argv = ["claude", "--resume", "086ce0db"].map(str::to_owned).into();
    let id = SessionId::parse("086ce0db").unwrap();
    assert!(sample(vec![starting.clone()], &[]).sessions()[0].holds(&id));
    // After /clear the argument is history: the record names the conversation that is open now.
    let cleared = r#"{"pid":7,"procStart":"50","sessionId":"11111111"}"#;
    assert!(!sample(vec![starting], &[cleared]).sessions()[0].holds(&id));
}

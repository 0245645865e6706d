//! The list as it is drawn, from the rows of the wire's golden files.

use expect_test::{Expect, expect};
use wire::{Ask, Confidence, Pid, Rule, RunningTool};

use super::*;

/// When the golden row had run for as long as it says.
const NOW: u64 = 1_795_225_699_449 + 247_000;

/// The row of the wire's own sample, as if it were alone with its conversation.
fn golden() -> Session {
    let golden = include_str!("../../../../wire/tests/golden/session.json");
    Session {
        twin_of: Vec::new(),
        holder: None,
        ..serde_json::from_str(golden).unwrap()
    }
}

fn bare() -> Session {
    let golden = include_str!("../../../../wire/tests/golden/session-bare.json");
    serde_json::from_str(golden).unwrap()
}

fn asks() -> Vec<Ask> {
    serde_json::from_str(include_str!("../../../../wire/tests/golden/asks.json")).unwrap()
}

fn recent() -> Vec<RecentSession> {
    let golden = include_str!("../../../../wire/tests/golden/recent.json");
    let list: wire::RecentList = serde_json::from_str(golden).unwrap();
    list.sessions
}

/// A session that asks nothing, in this state for so many seconds.
fn rests(pid: u32, state: State, seconds: u64) -> Session {
    Session {
        pid: Pid::new(pid).unwrap(),
        state,
        waiting_for: None,
        state_since: Some(NOW - seconds * 1000),
        ask: None,
        tool: None,
        ..golden()
    }
}

fn every_kind() -> Vec<Session> {
    let [permission, question, plan, text] = asks().try_into().unwrap();
    vec![
        Session {
            abandoned: true,
            title: Some("Read the logs of last night".to_owned()),
            ..rests(101, State::Idle, 8 * 3600 + 60)
        },
        rests(102, State::Idle, 3),
        Session {
            tool: Some(RunningTool {
                name: "Bash".to_owned(),
                input: "cargo build --release --target x86_64-unknown-linux-musl --workspace 2>&1 | tail".to_owned(),
                since: Some(NOW - 2_700_000),
            }),
            rss_bytes: 1_440_000_000,
            ..rests(103, State::Working, 2_712)
        },
        Session {
            stuck: true,
            ..rests(104, State::Working, 86_400)
        },
        Session {
            confidence: Confidence::Inferred,
            title: None,
            ..rests(105, State::Working, 61)
        },
        rests(106, State::Shell, 600),
        rests(107, State::Stopped, 90_061),
        bare(),
        Session {
            state_since: None,
            ..rests(108, State::Starting, 1)
        },
        Session {
            asks: true,
            ask: Some(text),
            ..rests(109, State::Idle, 300)
        },
        Session {
            ask: Some(permission),
            confidence: Confidence::Inferred,
            ..rests(110, State::WaitingPermission, 12)
        },
        Session {
            ask: Some(question),
            ..rests(111, State::WaitingInput, 3600)
        },
        Session {
            ask: Some(Ask::Plan { text: "# Plan\n\n## 1. Read\n".to_owned() }),
            confidence: Confidence::Inferred,
            ..rests(114, State::WaitingPermission, 39)
        },
        Session {
            ask: Some(plan),
            ..rests(112, State::WaitingPermission, 40)
        },
        Session {
            waiting_for: Some("sandbox request".to_owned()),
            ..rests(113, State::WaitingDialog, 41)
        },
    ]
}

fn shown(sessions: Vec<Session>, recent: Vec<RecentSession>, width: Option<usize>) -> String {
    let shown = list(sessions, recent, NOW, width);
    let plain = anstream::adapter::strip_str(&shown).to_string();
    if let Some(width) = width {
        for line in plain.lines().take_while(|line| !line.is_empty()) {
            assert!(text::columns(line) <= width, "{line}");
        }
    }
    plain
}

fn check(sessions: Vec<Session>, width: Option<usize>, expected: &Expect) {
    expected.assert_eq(&shown(sessions, Vec::new(), width));
}

#[test]
fn one_session_has_one_line() {
    check(
        vec![golden()],
        Some(80),
        &expect![[r#"
          STATE       FOR  PROJECT  WHAT                                   MEMORY    PID
        ! permission   2m  p1       Bash: cargo test                         268M  17723

        1 needs you.
    "#]],
    );
}

#[test]
fn those_that_need_a_person_come_first() {
    check(
        every_kind(),
        Some(80),
        &expect![[r#"
              STATE             FOR  PROJECT  WHAT                             MEMORY    PID
            ! question           1h  p1       Which colour? [Red / Blue]         268M    111
            ! dialog            41s  p1       sandbox request: Add a test        268M    113
            ! permission        40s  p1       Plan: 1. Read                      268M    112
            !~permission        39s  p1       Plan: 1. Read                      268M    114
            !~permission        12s  p1       Bash: cargo test                   268M    110
            ! idle, asks         5m  p1       Shall I go on?                     268M    109
              working, stuck     1d  p1       Add a test                         268M    104
              stopped          1d1h  p1       Add a test                         268M    107
              working           45m  p1       Bash 45m: cargo build --releas…    1.4G    103
             ~working            1m  p1       p1-42                              268M    105
              starting            -  p1       Add a test                         268M    108
              shell             10m  p1       Add a test                         268M    106
              idle, abandoned  8h1m  p1       Read the logs of last night        268M    101
              idle               3s  p1       Add a test                         268M    102
              unknown             -  unknown  Its files are not ours to read…    268M  17723

            6 need you, 1 stopped, 1 stuck, 3 work, 3 rest, 1 unknown.
        "#]],
    );
    check(
        every_kind(),
        Some(120),
        &expect![[r#"
              STATE             FOR  PROJECT  WHAT                                                                     MEMORY    PID
            ! question           1h  p1       Which colour? [Red / Blue]                                                 268M    111
            ! dialog            41s  p1       sandbox request: Add a test                                                268M    113
            ! permission        40s  p1       Plan: 1. Read                                                              268M    112
            !~permission        39s  p1       Plan: 1. Read                                                              268M    114
            !~permission        12s  p1       Bash: cargo test                                                           268M    110
            ! idle, asks         5m  p1       Shall I go on?                                                             268M    109
              working, stuck     1d  p1       Add a test                                                                 268M    104
              stopped          1d1h  p1       Add a test                                                                 268M    107
              working           45m  p1       Bash 45m: cargo build --release --target x86_64-unknown-linux-musl --w…    1.4G    103
             ~working            1m  p1       p1-42                                                                      268M    105
              starting            -  p1       Add a test                                                                 268M    108
              shell             10m  p1       Add a test                                                                 268M    106
              idle, abandoned  8h1m  p1       Read the logs of last night                                                268M    101
              idle               3s  p1       Add a test                                                                 268M    102
              unknown             -  unknown  Its files are not ours to read; run the server as that user, or as roo…    268M  17723

            6 need you, 1 stopped, 1 stuck, 3 work, 3 rest, 1 unknown.
        "#]],
    );
}

#[test]
fn a_dialog_before_the_prompt_wants_a_person() {
    let starting = |pid, rule, entrypoint: &str| Session {
        rule,
        entrypoint: Some(entrypoint.to_owned()),
        confidence: Confidence::Inferred,
        ..rests(pid, State::Starting, 3600)
    };
    let sessions = vec![
        starting(101, Rule::JustStarted, "cli"),
        starting(102, Rule::FirstDialog, "cli"),
        // It waits for its program.
        starting(103, Rule::FirstDialog, "sdk-ts"),
    ];
    check(
        sessions,
        Some(80),
        &expect![[r#"
          STATE     FOR  PROJECT  WHAT                                       MEMORY  PID
        !~starting   1h  p1       Add a test                                   268M  102
         ~starting   1h  p1       Add a test                                   268M  101
         ~starting   1h  p1       Add a test                                   268M  103

        1 needs you, 2 work.
    "#]],
    );
}

#[test]
fn what_is_redirected_is_not_cut() {
    check(
        every_kind(),
        None,
        &expect![[r#"
              STATE             FOR  PROJECT  WHAT                                                          MEMORY    PID
            ! question           1h  p1       Which colour? [Red / Blue]                                      268M    111
            ! dialog            41s  p1       sandbox request: Add a test                                     268M    113
            ! permission        40s  p1       Plan: 1. Read                                                   268M    112
            !~permission        39s  p1       Plan: 1. Read                                                   268M    114
            !~permission        12s  p1       Bash: cargo test                                                268M    110
            ! idle, asks         5m  p1       Shall I go on?                                                  268M    109
              working, stuck     1d  p1       Add a test                                                      268M    104
              stopped          1d1h  p1       Add a test                                                      268M    107
              working           45m  p1       Bash 45m: cargo build --release --target x86_64-unknown-linux-musl --workspace 2>&1 | tail    1.4G    103
             ~working            1m  p1       p1-42                                                           268M    105
              starting            -  p1       Add a test                                                      268M    108
              shell             10m  p1       Add a test                                                      268M    106
              idle, abandoned  8h1m  p1       Read the logs of last night                                     268M    101
              idle               3s  p1       Add a test                                                      268M    102
              unknown             -  unknown  Its files are not ours to read; run the server as that user, or as root.    268M  17723

            6 need you, 1 stopped, 1 stuck, 3 work, 3 rest, 1 unknown.
        "#]],
    );
}

#[test]
fn a_narrow_terminal_keeps_the_state() {
    for width in 0..40 {
        let shown = list(every_kind(), recent(), NOW, Some(width));
        assert!(shown.contains("permission"), "{width}: {shown}");
    }
    check(
        every_kind(),
        Some(56),
        &expect![[r#"
              STATE             FOR  PROJECT  WHAT               PID
            ! question           1h  p1       Which colour?…     111
            ! dialog            41s  p1       sandbox reques…    113
            ! permission        40s  p1       Plan: 1. Read      112
            !~permission        39s  p1       Plan: 1. Read      114
            !~permission        12s  p1       Bash: cargo te…    110
            ! idle, asks         5m  p1       Shall I go on?     109
              working, stuck     1d  p1       Add a test         104
              stopped          1d1h  p1       Add a test         107
              working           45m  p1       Bash 45m: carg…    103
             ~working            1m  p1       p1-42              105
              starting            -  p1       Add a test         108
              shell             10m  p1       Add a test         106
              idle, abandoned  8h1m  p1       Read the logs…     101
              idle               3s  p1       Add a test         102
              unknown             -  unknown  Its files are…   17723

            6 need you, 1 stopped, 1 stuck, 3 work, 3 rest, 1 unknown.
        "#]],
    );
    check(
        every_kind(),
        Some(40),
        &expect![[r#"
              STATE            WHAT              PID
            ! question         Which colour?…    111
            ! dialog           sandbox reque…    113
            ! permission       Plan: 1. Read     112
            !~permission       Plan: 1. Read     114
            !~permission       Bash: cargo t…    110
            ! idle, asks       Shall I go on?    109
              working, stuck   Add a test        104
              stopped          Add a test        107
              working          Bash 45m: car…    103
             ~working          p1-42             105
              starting         Add a test        108
              shell            Add a test        106
              idle, abandoned  Read the logs…    101
              idle             Add a test        102
              unknown          Its files are…  17723

            6 need you, 1 stopped, 1 stuck, 3 work, 3 rest, 1 unknown.
        "#]],
    );
}

#[test]
fn hostile_and_wide_text_keeps_its_columns() {
    let title = |pid, project: &str, title: &str| Session {
        project: project.to_owned(),
        title: Some(title.to_owned()),
        ..rests(pid, State::Idle, 5)
    };
    let sessions = vec![
        title(201, "plain", "an ordinary title"),
        title(
            202,
            "\x1b[2J\x1b]0;owned\x07",
            "\x1b[31mred\n\nrm -rf\r~ \u{202e}gpj.exe",
        ),
        title(
            203,
            "日本語のプロジェクト名がとても長い",
            "ファイルを読んで、テストを書いて、それから全部を直してください。お願いします",
        ),
        title(
            204,
            "e\u{301}te\u{301}",
            "👩‍👩‍👧 family ❤️ and \u{e0041}\u{e0042}hidden",
        ),
        title(205, "\u{200b}", &"x".repeat(1_000_000)),
    ];
    check(
        sessions,
        Some(80),
        &expect![[r#"
              STATE  FOR  PROJECT           WHAT                                 MEMORY  PID
              idle    5s  plain             an ordinary title                      268M  201
              idle    5s  ␛[2J␛]0;owned␇    ␛[31mred rm -rf ~ �gpj.exe             268M  202
              idle    5s  日本語のプロジ…   ファイルを読んで、テストを書いて、…    268M  203
              idle    5s  été               👩👩👧 family ❤ and hidden             268M  204
              idle    5s  -                 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…    268M  205

            5 rest.
        "#]],
    );
}

#[test]
fn what_has_ended_comes_last_and_only_once() {
    expect![[r#"
          STATE       FOR  PROJECT  WHAT                                MEMORY       PID
        ! permission   2m  p1       Bash: cargo test                      268M     17723
          exited       2m  -        -                                        -  607b503a

        1 needs you, 1 ended.
    "#]]
    .assert_eq(&shown(vec![golden()], recent(), Some(80)));
    expect![[r#"
          STATE   FOR  PROJECT  WHAT                                    MEMORY       PID
          exited   2m  -        -                                            -  607b503a

        1 ended.
    "#]]
    .assert_eq(&shown(Vec::new(), recent(), Some(80)));
}

#[test]
fn nobody_is_a_sentence() {
    check(
        Vec::new(),
        Some(80),
        &expect![[r#"
        No Claude Code session runs.
    "#]],
    );
}

#[test]
fn colours_mark_the_state_and_nothing_else() {
    let shown = list(vec![golden()], Vec::new(), NOW, Some(80));
    expect![[r#"
        \u{1b}[1m  STATE\u{1b}[0m       \u{1b}[1mFOR\u{1b}[0m  \u{1b}[1mPROJECT\u{1b}[0m  \u{1b}[1mWHAT\u{1b}[0m                                   \u{1b}[1mMEMORY\u{1b}[0m    \u{1b}[1mPID\u{1b}[0m
        \u{1b}[1m\u{1b}[33m! permission\u{1b}[0m   2m  p1       Bash: cargo test                         \u{1b}[2m268M\u{1b}[0m  17723

        1 needs you.
    "#]].assert_eq(&shown.escape_debug().to_string().replace("\\n", "\n"));
}

#[test]
fn twins_are_named_after_the_state() {
    let twin = |pid: u32| format!("{pid}:7").parse().unwrap();
    let one = |twin_of| Session {
        twin_of,
        ..rests(101, State::Idle, 3)
    };
    for (twin_of, says) in [
        (vec![], "  idle"),
        (vec![twin(9)], "  idle, twin of 9"),
        (vec![twin(9), twin(12)], "  idle, twin of 9+12"),
    ] {
        assert_eq!(look::state(&one(twin_of)), says);
    }
}

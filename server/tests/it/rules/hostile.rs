//! Law: no program in which a real shell runs what is denied is allowed.
//!
//! The programs are written by other means than those of the rules' own tests, and bash says which of them run it: nothing here
//! knows how a shell reads a word. What is denied is a program of its own, `zap`, which leaves a mark, and what can be run by
//! name lies in one directory.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use session_core::{
    id::UnixMillis,
    rule::{Action, Request, Rule, Ruling, Scope, decide},
};
use tempfile::TempDir;

/// One to a line. `●` stands for the program as it is, `¢` for it in single quotes and `¤` for it in double ones, `⏎` for the end of
/// a line.
const FRAMES: &str = include_str!("frames.txt");

/// Ways to write the name of what is denied.
const NAMES: [&str; 26] = [
    "zap",
    r"\zap",
    "z'a'p",
    "z\"a\"p",
    r"z\ap",
    r"$'\x7aap'",
    r"$'\172ap'",
    r"$'\u007aap'",
    "$'zap'",
    "$\"zap\"",
    "z${none}ap",
    "z$()ap",
    "z``ap",
    "$(echo zap)",
    "`echo zap`",
    "${none:-zap}",
    "${none-zap} x",
    "../bin/zap",
    "../bin/z*",
    "../b[i]n/za?",
    "{zap,x}",
    "z{ap,x}",
    "z\\\nap",
    "$(printf %s%s z ap)",
    "$(<../name)",
    "zap >out 2>&1",
];

/// Programs that may run others, if they are there.
const TOOLS: &str = "sh bash dash rbash cat ls env nice nohup setsid timeout stdbuf ionice chrt taskset xargs find awk perl python3 sed tar \
    make git flock script strace split sort tee true false sleep seq printf echo chmod cp ln mv touch rm mkfifo dd install tr rev base64 \
    xxd prlimit setpriv setarch linux64 choom unshare vim ed m4 zip ssh scp sftp less man run-parts start-stop-daemon busybox parallel";

/// Commands that one of the lists of rules allows by their names, where the others allow all.
const ALLOWED: &str = "true false cat echo printf sleep wait env bash sh dash xargs find awk perl python3 sed tar make git flock script \
    strace split sort tee eval trap set declare export local read test mapfile source . : cd let unset vim ed zip ssh scp less chmod cp ln \
    touch dd exec command builtin coproc shopt unshare setpriv prlimit setarch choom chrt taskset sudo timeout nice";

/// Lists of rules that allow much and deny `zap`.
fn lists() -> [Vec<Rule>; 3] {
    let rule = |action, tool: &str, pattern: Option<&str>| Rule {
        id: pattern.unwrap_or_default().to_owned(),
        tool: tool.to_owned(),
        pattern: pattern.map(str::to_owned),
        action,
        scope: Scope::All,
        expires_at: None,
    };
    let allow = |pattern| rule(Action::Allow, "Bash", pattern);
    let named = ALLOWED.split_whitespace();
    let named = named.map(|name| rule(Action::Allow, "Bash", Some(&format!("{name} *"))));
    [vec![allow(None)], vec![allow(Some("*"))], named.collect()].map(|mut rules| {
        rules.push(rule(Action::Allow, "Write", None));
        rules.push(rule(Action::Deny, "Bash", Some("zap *")));
        rules
    })
}

fn ruling(rules: &[Rule], command: &str, cwd: &Path) -> Ruling {
    let input = serde_json::json!({ "command": command });
    let request = Request {
        tool: "Bash",
        input: &input,
        cwd,
        home: Some(cwd),
        session: None,
        is_cwd_sure: true,
        now: UnixMillis(0),
    };
    decide(rules, &request, &|path: &Path| -> PathBuf {
        path.to_owned()
    })
}

fn framed(frame: &str, inner: &str) -> String {
    let double: String = inner
        .chars()
        .flat_map(|c| {
            let escape = "\\\"$`".contains(c).then_some('\\');
            escape.into_iter().chain([c])
        })
        .collect();
    frame
        .replace('⏎', "\n")
        .replace('¢', &format!("'{}'", inner.replace('\'', r"'\''")))
        .replace('¤', &format!("\"{double}\""))
        .replace('●', inner)
}

/// A directory in which there is a program that must not run.
struct Scene {
    root: TempDir,
}

impl Scene {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for tool in TOOLS.split_whitespace() {
            let places = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
            let mut places = places.iter().map(|place| Path::new(place).join(tool));
            if let Some(place) = places.find(|place| place.exists()) {
                symlink(place, bin.join(tool)).unwrap();
            }
        }
        let zap = bin.join("zap");
        let mark = root.path().join("mark");
        fs::write(&zap, format!("#!/bin/sh\n: > {}\n", mark.display())).unwrap();
        fs::set_permissions(&zap, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(root.path().join("name"), "zap\n").unwrap();
        fs::write(root.path().join("lock"), "").unwrap();
        Self { root }
    }

    fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Whether bash runs it.
    fn runs(&self, program: &str) -> bool {
        let (work, mark) = (self.work(), self.root.path().join("mark"));
        if work.exists() {
            fs::remove_dir_all(&work).unwrap();
        }
        fs::create_dir(&work).unwrap();
        if mark.exists() {
            fs::remove_file(&mark).unwrap();
        }
        let mut shell = Command::new("/bin/bash");
        shell.args(["--norc", "-c", program]).current_dir(&work);
        shell
            .env_clear()
            .env("PATH", self.root.path().join("bin"))
            .env("HOME", &work)
            .env("TERM", "dumb");
        shell
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut shell = shell.spawn().unwrap();
        let group = Pid::from_child(&shell);
        let begin = Instant::now();
        while shell.try_wait().unwrap().is_none() && begin.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(2));
        }
        // What has a group of its own ends by itself.
        let _ = kill_process_group(group, Signal::KILL);
        shell.wait().unwrap();
        mark.exists()
    }
}

/// A program that waits for something waits in vain.
const PATIENCE: Duration = Duration::from_secs(3);

/// Each frame with two names, and with another frame in it.
fn programs() -> Vec<String> {
    let frames: Vec<&str> = FRAMES.lines().collect();
    let each = frames.iter().enumerate().flat_map(|(at, frame)| {
        let other = frames[(at * 37 + 101) % frames.len()];
        [
            framed(frame, "zap"),
            framed(frame, NAMES[(at * 7 + 11) % NAMES.len()]),
            framed(other, &framed(frame, NAMES[at % NAMES.len()])),
        ]
    });
    each.collect()
}

#[test]
fn what_bash_runs_of_what_is_denied_is_not_allowed() {
    let (scene, lists) = (Scene::new(), lists());
    let is_allowed = |rules: &Vec<Rule>, program: &str| {
        ruling(rules, program, &scene.work()).action == Action::Allow
    };
    let mut programs = programs();
    programs.retain(|program| {
        lists.iter().any(|rules| is_allowed(rules, program)) && scene.runs(program)
    });
    assert!(programs.is_empty(), "{}: {programs:#?}", programs.len());
}

/// Programs that run nothing of it would be no proof of anything.
#[test]
fn bash_runs_most_of_the_programs() {
    let scene = Scene::new();
    let programs: Vec<String> = FRAMES
        .lines()
        .step_by(9)
        .map(|frame| framed(frame, "zap"))
        .collect();
    let run = programs
        .iter()
        .filter(|program| scene.runs(program))
        .count();
    assert!(run * 2 > programs.len(), "{run} of {}", programs.len());
}

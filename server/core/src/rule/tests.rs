//! Rules and what they decide.

mod programs;

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const HOME: &str = "/home/dev";
const CWD: &str = "/home/dev/work/p1";
const SESSION: &str = "607b503a-f1d9-4125-9748-6f1933188683";
const NOW: UnixMillis = UnixMillis(1_000);

/// `Bash(git *) allow`, as people would say it.
pub(super) fn rules(lines: &[&str]) -> Vec<Rule> {
    let rule = |(index, line): (usize, &&str)| {
        let (what, action) = line.rsplit_once(' ').unwrap();
        let (tool, pattern) = match what.split_once('(') {
            Some((tool, rest)) => (tool, Some(rest.strip_suffix(')').unwrap().to_owned())),
            None => (what, None),
        };
        Rule {
            id: format!("r{}", index + 1),
            tool: tool.to_owned(),
            pattern,
            action: match action {
                "allow" => Action::Allow,
                "deny" => Action::Deny,
                "ask" => Action::Ask,
                action => panic!("{action}"),
            },
            scope: Scope::All,
            expires_at: None,
        }
    };
    lines.iter().enumerate().map(rule).collect()
}

/// `/link` leads to `/etc`, and nothing else leads anywhere.
fn resolve(path: &Path) -> PathBuf {
    let path = super::subject::plain(path);
    match path.strip_prefix("/link") {
        Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("/etc"),
        Ok(rest) => Path::new("/etc").join(rest),
        Err(_) => path,
    }
}

fn ruling(rules: &[Rule], tool: &str, input: &Value) -> Ruling {
    let session = SessionId::parse(SESSION).unwrap();
    let request = Request {
        tool,
        input,
        cwd: Path::new(CWD),
        home: Some(Path::new(HOME)),
        session: Some(&session),
        now: NOW,
        is_cwd_sure: true,
    };
    decide(rules, &request, &resolve)
}

pub(super) fn of_command(rules: &[Rule], command: &str) -> Ruling {
    ruling(rules, "Bash", &json!({ "command": command }))
}

#[track_caller]
fn check(lines: &[&str], tool: &str, input: &Value, action: Action, rule: Option<&str>) {
    let ruling = ruling(&rules(lines), tool, input);
    assert_eq!(
        (ruling.action, ruling.rule.as_deref()),
        (action, rule),
        "{lines:?} {tool} {input}: {ruling:?}"
    );
}

#[track_caller]
fn command(lines: &[&str], command: &str, action: Action, rule: Option<&str>) {
    check(lines, "Bash", &json!({ "command": command }), action, rule);
}

#[track_caller]
fn file(lines: &[&str], tool: &str, path: &str, action: Action, rule: Option<&str>) {
    check(lines, tool, &json!({ "file_path": path }), action, rule);
}

use Action::{Allow, Ask, Deny};

#[test]
fn the_first_match_decides_and_a_deny_wherever_it_stands() {
    command(&[], "ls", Ask, None);
    command(&["Bash(ls *) allow"], "ls", Allow, Some("r1"));
    command(&["Bash(ls *) ask", "Bash allow"], "ls", Ask, Some("r1"));
    command(
        &["Bash(ls) allow", "Bash(ls *) ask"],
        "ls",
        Allow,
        Some("r1"),
    );
    command(&["Bash allow", "Bash(rm *) deny"], "rm x", Deny, Some("r2"));
    command(&["* allow", "*(rm *) deny"], "rm x", Deny, Some("r2"));
    command(&["Bash deny", "Bash allow"], "ls", Deny, Some("r1"));
    command(&["Bash deny"], "if", Deny, Some("r1"));
    check(
        &["mcp__* allow"],
        "mcp__a__b",
        &json!({}),
        Allow,
        Some("r1"),
    );
    check(&["mcp__a__* allow"], "mcp__b__b", &json!({}), Ask, None);
    check(
        &["WebSearch(rust *) allow"],
        "WebSearch",
        &json!({"query": "rust 2"}),
        Allow,
        Some("r1"),
    );
    check(
        &["mcp__x(*\"a\":1*) deny"],
        "mcp__x",
        &json!({"b": 2, "a": 1}),
        Deny,
        Some("r1"),
    );
}

#[test]
fn a_rule_is_about_its_scope_until_it_is_over() {
    let allowed = |scope: Scope, expires_at: Option<u64>| {
        let mut rules = rules(&["Bash allow"]);
        rules[0].scope = scope;
        rules[0].expires_at = expires_at.map(UnixMillis);
        of_command(&rules, "ls").action == Allow
    };
    assert!(allowed(Scope::Project("/home/dev/work".into()), None));
    assert!(allowed(Scope::Project(CWD.into()), Some(1_001)));
    assert!(!allowed(Scope::Project("/home/dev/work/p".into()), None));
    assert!(allowed(
        Scope::Session(SessionId::parse(SESSION).unwrap()),
        None
    ));
    assert!(!allowed(
        Scope::Session(SessionId::parse("00000000").unwrap()),
        None
    ));
    assert!(!allowed(Scope::All, Some(1_000)));
}

#[test]
fn questions_and_plans_are_for_people() {
    for tool in ["AskUserQuestion", "ExitPlanMode"] {
        check(
            &["* allow", "* deny"],
            tool,
            &json!({"plan": "x"}),
            Ask,
            None,
        );
    }
}

#[test]
fn every_part_of_a_command_is_judged_by_itself() {
    let git = ["Bash(git *) allow"];
    command(&git, "git status && git log -1 | git x", Allow, Some("r1"));
    command(&git, "git status; ls", Ask, None);
    command(&git, "git $(ls)", Ask, None);
    command(&git, "git log > /tmp/x", Ask, None);
    command(&git, "git log > /dev/null 2>&1", Allow, Some("r1"));
    command(&git, "sudo git log", Ask, None);
    command(&git, "nice git log", Allow, Some("r1"));
    command(&git, "/usr/bin/git log", Allow, Some("r1"));
    command(&git, "./git log", Ask, None);
    command(&git, "git log \"$x\"", Allow, Some("r1"));
    command(&git, "$git log", Ask, None);
    command(&["Bash(git log *) allow"], "git \"log x\"", Ask, None);
    command(&["Bash(git log) allow"], "git log -1", Ask, None);
    command(
        &["Bash(git push) deny", "Bash allow"],
        "git push -f",
        Deny,
        Some("r1"),
    );
    command(
        &["Bash(npm publish) deny", "Bash allow"],
        "npm $x",
        Ask,
        Some("r1"),
    );
    command(
        &["Bash(curl * | sh) deny", "Bash allow"],
        "curl x | sh",
        Deny,
        Some("r1"),
    );
    command(&["Bash(a; b) allow"], "a; b", Allow, Some("r1"));
    command(
        &["Bash(a; b) allow", "Bash(b) deny"],
        "a; b",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash(python3 *) allow"],
        "python3 -c x",
        Allow,
        Some("r1"),
    );
    command(&["Bash(*) allow"], "python3 -c x", Ask, None);
    command(&["Bash allow"], "python3 -c x", Allow, Some("r1"));
    command(&["Bash allow"], "f() { a; }; f", Ask, None);
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "python3 -c 'system(\"rm\")'",
        Ask,
        None,
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "strace -f rm x",
        Ask,
        Some("r2"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "watch \"ls; rm '$x'\"",
        Ask,
        Some("r2"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "npm test \"$x\" \"a $x\"",
        Allow,
        Some("r1"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "watch 'ls; rm x'",
        Ask,
        Some("r2"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "echo rm x",
        Allow,
        Some("r1"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "git commit -m 'rm x'",
        Allow,
        Some("r1"),
    );
    command(&["Bash allow"], "x=1", Ask, None);
}

#[test]
fn redirections_are_judged_as_what_reads_and_writes_files() {
    let echo = "Bash(echo *) allow";
    command(
        &[echo, "Write(/tmp/**) allow"],
        "echo x > /tmp/a/b",
        Allow,
        Some("r1"),
    );
    command(
        &[echo, "Write(/tmp/**) allow"],
        "echo x > /tmp/../etc/b",
        Ask,
        None,
    );
    command(
        &[echo, "Write(/tmp/**) allow"],
        "echo x > \"/tmp/$y\"",
        Ask,
        None,
    );
    command(&[echo, "Write(a) allow"], "echo x > a", Allow, Some("r1"));
    command(
        &[echo, "Bash(cd *) allow", "Write(a) allow"],
        "cd /; echo x > a",
        Ask,
        None,
    );
    command(&["Bash allow"], "echo x > a", Allow, Some("r1"));
    command(&["Bash(*) allow"], "echo x > a", Ask, None);
    command(
        &["Bash allow", "Write(/etc) deny"],
        "echo x > /link/a",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash allow", "Edit(/etc/**) deny"],
        "echo x > /etc/a",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash allow", "Write(/etc) deny"],
        "echo x > $y",
        Ask,
        Some("r2"),
    );
    command(
        &["Bash allow", "Read(~/.ssh) deny"],
        "cat < ~/.ssh/id",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash allow", "Read(~/.ssh) deny"],
        "cat < a",
        Allow,
        Some("r1"),
    );
    command(&["Bash(echo x > a) allow"], "echo x > a", Allow, Some("r1"));
    command(&["Bash allow"], "cat < /dev/tcp/a/1", Ask, None);
}

#[test]
fn paths_are_where_they_lead() {
    let write = ["Write(/home/dev/**) allow"];
    file(&write, "Write", "/home/dev/x", Allow, Some("r1"));
    file(&write, "Write", "a/b", Allow, Some("r1"));
    file(&write, "Write", "../../../../etc/passwd", Ask, None);
    file(&write, "Edit", "/home/dev/x", Ask, None);
    file(&["Write(/link/**) allow"], "Write", "/link/x", Ask, None);
    file(
        &["Write(/etc/**) allow"],
        "Write",
        "/link/x",
        Allow,
        Some("r1"),
    );
    file(
        &["Write(/link/**) deny"],
        "Write",
        "/etc/x",
        Deny,
        Some("r1"),
    );
    file(
        &["Write(/etc/**) deny"],
        "Write",
        "/link/x",
        Deny,
        Some("r1"),
    );
    file(
        &["Write(src/*.rs) allow"],
        "Write",
        "src/a.rs",
        Allow,
        Some("r1"),
    );
    file(&["Write(src/*.rs) allow"], "Write", "src/a/b.rs", Ask, None);
    file(
        &["Write(src/*.rs) allow"],
        "Write",
        "/x/src/a.rs",
        Ask,
        None,
    );
    file(&["Write(.env) deny"], "Write", "/x/.env", Deny, Some("r1"));
    file(
        &["Read(~/.ssh) deny"],
        "Read",
        "/home/dev/.ssh/id",
        Deny,
        Some("r1"),
    );
    file(&["Read(~/x) allow"], "Read", "~/x", Allow, Some("r1"));
    // Where the kernel comes to by `/link/..`, and where a program does that shortens it.
    file(
        &["Write(/x) allow"],
        "Write",
        "/link/../x",
        Allow,
        Some("r1"),
    );
    file(
        &["Write(/home/**) allow"],
        "Write",
        "/proc/self/cwd/x",
        Ask,
        None,
    );
    file(
        &["Write(/etc/**) deny", "Write allow"],
        "Write",
        "/proc/self/root/etc/x",
        Ask,
        Some("r1"),
    );
    let notebook = json!({ "notebook_path": "/a.ipynb" });
    check(
        &["NotebookEdit(/a.ipynb) allow"],
        "NotebookEdit",
        &notebook,
        Allow,
        Some("r1"),
    );
    check(
        &["Write(/a) deny", "Write allow"],
        "Write",
        &json!({}),
        Ask,
        Some("r1"),
    );
    let grep = |path: &str| json!({ "path": path, "pattern": "TODO" });
    check(
        &["Grep(/home/dev/* *) allow"],
        "Grep",
        &grep("/home/dev/a"),
        Allow,
        Some("r1"),
    );
    check(
        &["Grep(/home/dev/* *) allow"],
        "Grep",
        &grep("/link"),
        Ask,
        None,
    );
    check(
        &["Grep(/etc *) deny"],
        "Grep",
        &grep("/link"),
        Deny,
        Some("r1"),
    );
    let glob = json!({ "pattern": "/etc/*" });
    check(&["Glob(/home/* *) allow"], "Glob", &glob, Ask, None);
}

#[test]
fn a_host_has_one_spelling() {
    let lines = [
        "WebFetch(*://evil.com/*) deny",
        "WebFetch(https://a.com/*) allow",
    ];
    for url in [
        "https://evil.com/x",
        "HTTPS://Evil.COM./x",
        "https://evil.com:443/x",
    ] {
        check(&lines, "WebFetch", &json!({ "url": url }), Deny, Some("r1"));
    }
    for url in [
        "https://x@evil.com/",
        "https://ev%69l.com/",
        "https:\\\\evil.com/",
    ] {
        check(&lines, "WebFetch", &json!({ "url": url }), Ask, Some("r1"));
    }
    check(
        &lines,
        "WebFetch",
        &json!({"url": "https://a.com/x?y"}),
        Allow,
        Some("r2"),
    );
    check(
        &lines,
        "WebFetch",
        &json!({"url": "https://a.com.b.org/x"}),
        Ask,
        None,
    );
}

fn shown(ruling: &Ruling) -> String {
    let rule = |rule: &Option<String>| rule.clone().unwrap_or_else(|| "-".to_owned());
    let mut out = format!(
        "{:?} {}: {}\n",
        ruling.action,
        rule(&ruling.rule),
        ruling.why
    );
    for part in &ruling.parts {
        let line = format!(
            "  {:?} {} {:?}: {}\n",
            part.action,
            rule(&part.rule),
            part.text,
            part.why
        );
        out.push_str(&line);
    }
    out
}

#[test]
fn a_ruling_says_what_decided_part_by_part() {
    let check = |line: &str, expected: &Expect| {
        let rules = rules(&["Bash(git *) allow", "Bash(npm *) ask", "Bash(rm *) deny"]);
        expected.assert_eq(&shown(&of_command(&rules, line)));
    };
    check(
        "git pull && npm i; ls > out",
        &expect![[r#"
        Ask r2: npm i: A rule has it asked.
          Allow r1 "git pull": A rule allows it.
          Ask r2 "npm i": A rule has it asked.
          Ask - "ls": No rule is about it.
          Ask - "> /home/dev/work/p1/out": No rule is about it.
    "#]],
    );
    check(
        "git pull; rm -r x",
        &expect![[r#"
        Deny r3: rm -r x: A rule denies it.
          Allow r1 "git pull": A rule allows it.
          Deny r3 "rm -r x": A rule denies it.
    "#]],
    );
    check(
        "git pull; git push",
        &expect![[r#"
        Allow r1: Rules allow each of its 2 parts.
          Allow r1 "git pull": A rule allows it.
          Allow r1 "git push": A rule allows it.
    "#]],
    );
    check(
        "git 'x",
        &expect![[r#"
        Ask -: It is no shell command that can be read.
          Ask - "git 'x": It is no shell command that can be read.
    "#]],
    );
}

#[test]
fn the_main_input_is_what_people_see() {
    let check = |tool: &str, input: Value, main: Option<&str>| {
        assert_eq!(main_input(tool, &input).as_deref(), main);
    };
    check("Bash", json!({"command": "ls", "timeout": 1}), Some("ls"));
    check("Edit", json!({"file_path": "/a"}), Some("/a"));
    check("Grep", json!({"pattern": "a", "path": "/b"}), Some("/b a"));
    check(
        "mcp__x",
        json!({"b": 1, "a": [2]}),
        Some(r#"{"a":[2],"b":1}"#),
    );
    check("Bash", json!({}), None);
    check("ExitPlanMode", json!({"plan": "x"}), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is asked, there is an answer, and soon.
    #[test]
    fn anything_is_answered(
        text in r#"([$({})"'`<>&|;!\\\[\]~*?=#\n @-]|rm|if|do|fi|case|in|esac|E|[a-z]|\PC){0,60}"#,
    ) {
        let rules = rules(&["Bash(*) allow", "Bash(rm *) deny", "Write(/tmp/**) allow"]);
        of_command(&rules, &text);
        ruling(&rules, "Write", &json!({ "file_path": text }));
        ruling(&rules, "WebFetch", &json!({ "url": text }));
        tool_approval_rules(&[json!({"tool": text, "pattern": text, "action": "allow"})]);
        claude_permissions(&json!({ "allow": [text], "deny": [format!("Read({text})")] }));
    }
}

#[test]
fn what_nests_too_deeply_is_answered_too() {
    for open in [
        "(", "$(", "{ ", "`", "[[ ( ", "\"$(", "! ", "if ", "<(", "${a:-", "$((", "a|",
    ] {
        let rules = rules(&["Bash allow"]);
        for count in [30, 300, 5_000] {
            let text = format!("a {}", open.repeat(count));
            assert_ne!(
                of_command(&rules, &text).rule.as_deref(),
                Some("r2"),
                "{open}"
            );
        }
    }
}

mod import {
    use super::*;

    fn shown(imported: &[Imported]) -> String {
        let mut out = String::new();
        for one in imported {
            out.push_str(&format!("{}\n", one.text));
            for entry in &one.entries {
                let pattern = entry.pattern.as_deref().unwrap_or("-");
                out.push_str(&format!("  {:?} {} {pattern}\n", entry.action, entry.tool));
            }
            if let Some(note) = &one.note {
                out.push_str(&format!("  ({note})\n"));
            }
        }
        out
    }

    #[test]
    fn approval_rules_keep_their_order_and_meaning() {
        let rules = json!([
            {"tool": "Read", "action": "allow"},
            {"tool": "Bash", "pattern": "git *", "action": "allow"},
            {"tool": "Bash", "pattern": "rm *", "action": "deny"},
            {"tool": "*", "pattern": "/tmp/*", "action": "ask"},
            {"tool": "Write", "pattern": "src/*", "action": "deny"},
            {"tool": "Grep", "pattern": "a*", "action": "allow"},
            {"tool": "mcp__*", "action": "allow"},
            {"tool": "Bash", "action": "maybe"},
            {"tool": "Bash", "action": "allow", "paths": ["/x"]},
            7,
        ]);
        expect![[r#"
            {"action":"allow","tool":"Read"}
              Allow Read -
            {"action":"allow","pattern":"git *","tool":"Bash"}
              Allow Bash git *
              (Here each command of a line has to be allowed by itself.)
            {"action":"deny","pattern":"rm *","tool":"Bash"}
              Deny Bash rm *
            {"action":"ask","pattern":"/tmp/*","tool":"*"}
              Ask * /tmp/**
            {"action":"deny","pattern":"src/*","tool":"Write"}
              Deny Write src/**
            {"action":"allow","pattern":"a*","tool":"Grep"}
              Allow Grep * a*
            {"action":"allow","tool":"mcp__*"}
              (It is left out: It does not name one tool, or all of them by *.)
            {"action":"maybe","tool":"Bash"}
              (It is left out: Its action is not allow, deny or ask.)
            {"action":"allow","paths":["/x"],"tool":"Bash"}
              (It is left out: It has a field that is not known here.)
            7
              (It is left out: It is no rule.)
        "#]]
        .assert_eq(&shown(&tool_approval_rules(rules.as_array().unwrap())));
    }

    #[test]
    fn permissions_of_claude_code_come_denies_first() {
        let permissions = json!({
            "allow": [
                "Bash(npm run test:*)", "Bash(git * main)", "Bash", "Edit(/src/**)", "Edit(//etc/x)",
                "Read(~/notes/?)", "WebFetch(domain:a.com)", "mcp__puppeteer", "mcp__a__b", "Agent(x)", "Bash(x",
            ],
            "deny": ["Read(.env)", "Read(//etc/[ab])", "WebFetch(domain:b.com)", 1],
            "ask": ["Bash(git push *)"],
        });
        expect![[r#"
            Read(.env)
              Deny Read .env
              (Here it is about Read alone; Grep, Glob and commands that read files need rules of their own.)
            Read(//etc/[ab])
              Deny Read /etc/*ab*
              (Here it is about Read alone; Grep, Glob and commands that read files need rules of their own.)
            WebFetch(domain:b.com)
              Deny WebFetch *://b.com
              Deny WebFetch *://b.com/*
              Deny WebFetch *://b.com:*
              Deny WebFetch *://b.com?*
              Deny WebFetch *://b.com#*
              Deny WebFetch *://*.b.com
              Deny WebFetch *://*.b.com/*
              Deny WebFetch *://*.b.com:*
              Deny WebFetch *://*.b.com?*
              Deny WebFetch *://*.b.com#*
            1
              (It is left out: It is no text.)
            Bash(git push *)
              Ask Bash git push *
            Bash(npm run test:*)
              Allow Bash npm run test *
            Bash(git * main)
              Allow Bash git * main
            Bash
              Allow Bash -
            Edit(/src/**)
              Allow Edit src/**
              Allow Write src/**
              Allow MultiEdit src/**
              Allow NotebookEdit src/**
            Edit(//etc/x)
              Allow Edit /etc/x
              Allow Write /etc/x
              Allow MultiEdit /etc/x
              Allow NotebookEdit /etc/x
            Read(~/notes/?)
              (It is left out: Only * and ** stand for anything here.)
            WebFetch(domain:a.com)
              Allow WebFetch https://a.com
              Allow WebFetch https://a.com/*
            mcp__puppeteer
              Allow mcp__puppeteer__* -
            mcp__a__b
              Allow mcp__a__b -
            Agent(x)
              (It is left out: What stands in the brackets is not known here.)
            Bash(x
              (It is left out: It does not end.)
        "#]]
        .assert_eq(&shown(&claude_permissions(&permissions)));
    }
}

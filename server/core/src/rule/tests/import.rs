//! Rules of other tools.

use expect_test::expect;
use serde_json::json;

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
            "Bash(npm run test:*)", "Bash(git * main)", "Bash", "Edit(/src/**)", "Read(/**)", "Edit(//etc/x)",
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
        Read(/**)
          Allow Read ./**
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

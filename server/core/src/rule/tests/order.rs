//! Which of several rules decides.

use serde_json::json;

use super::*;

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

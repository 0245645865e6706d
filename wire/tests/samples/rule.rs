//! The rules that answer requests, and what is said of them.

use serde_json::json;
use wire::{
    RuleAction, RulePart, RuleScope, RuleSet, RuleTest, RuleTested, RulesImport, RulesImportItem,
    RulesImported, RulesRequest, ToolRule,
};

use super::{Goldens, id, text};

fn rule(id: &str, action: RuleAction) -> ToolRule {
    ToolRule {
        id: id.to_owned(),
        tool: "Bash".to_owned(),
        pattern: text("git *"),
        action,
        scope: RuleScope::All,
        expires_at: None,
    }
}

pub(super) fn rules(goldens: &mut Goldens) {
    let actions = [
        RuleAction::Allow,
        RuleAction::Deny,
        RuleAction::Ask,
        RuleAction::Unknown,
    ];
    goldens.check("rule-actions", &actions.to_vec());
    let project = ToolRule {
        pattern: None,
        scope: RuleScope::Project {
            dir: "/home/dev/work/p1".to_owned(),
        },
        expires_at: Some(1_795_225_772_394),
        ..rule("r2", RuleAction::Deny)
    };
    let session = ToolRule {
        scope: RuleScope::Session { session_id: id() },
        ..rule("r1", RuleAction::Ask)
    };
    let set = RuleSet {
        ok: true,
        rev: 3,
        rules: vec![project.clone(), session, rule("r4", RuleAction::Allow)],
        problem: None,
        note: None,
    };
    goldens.check("rule-set", &set);
    let unread = RuleSet {
        rev: 0,
        rules: Vec::new(),
        problem: text("The rules can't be read."),
        ..set
    };
    goldens.check("rule-set-problem", &unread);
    let request = RulesRequest {
        rev: 3,
        rules: vec![rule("", RuleAction::Allow), project],
    };
    goldens.check("rules-request", &request);
    tests(goldens);
    imports(goldens);
}

fn tests(goldens: &mut Goldens) {
    let test = RuleTest {
        tool: "Bash".to_owned(),
        input: json!({"command": "git pull && rm x"}),
        cwd: None,
        session_id: None,
    };
    goldens.check("rule-test", &test);
    let full = RuleTest {
        cwd: text("/home/dev/work/p1"),
        session_id: Some(id()),
        ..test
    };
    goldens.check("rule-test-full", &full);
    let part = |text: &str, action, rule: Option<&str>, why: &str| RulePart {
        text: text.to_owned(),
        action,
        rule: rule.map(str::to_owned),
        why: why.to_owned(),
    };
    let tested = RuleTested {
        ok: true,
        action: RuleAction::Ask,
        rule: None,
        why: "rm x: No rule is about it.".to_owned(),
        parts: vec![
            part(
                "git pull",
                RuleAction::Allow,
                Some("r4"),
                "A rule allows it.",
            ),
            part("rm x", RuleAction::Ask, None, "No rule is about it."),
        ],
        problem: None,
    };
    goldens.check("rule-tested", &tested);
}

fn imports(goldens: &mut Goldens) {
    goldens.check("rules-import-empty", &RulesImport::default());
    let import = RulesImport {
        tool_approval_rules: vec![json!({"tool": "Read", "action": "allow"})],
        permissions: Some(json!({"deny": ["Agent(x)"]})),
        scope: RuleScope::All,
        dry_run: true,
    };
    goldens.check("rules-import", &import);
    let imported = RulesImported {
        ok: true,
        rev: 4,
        items: vec![
            RulesImportItem {
                text: "Bash(git:*)".to_owned(),
                rules: vec![rule("r5", RuleAction::Allow)],
                note: None,
            },
            RulesImportItem {
                text: "Agent(x)".to_owned(),
                rules: Vec::new(),
                note: text("It is left out."),
            },
        ],
        note: None,
    };
    goldens.check("rules-imported", &imported);
}

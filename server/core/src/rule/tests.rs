//! Rules and what they decide.

mod commands;
mod files;
mod import;
mod indirections;
mod order;
mod programs;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use Action::{Allow, Ask, Deny};

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

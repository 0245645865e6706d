//! What rules say of shell commands: whatever the command, there is an answer, the same each time; a deny takes away and never
//! gives, and what is allowed in parts is allowed by its parts.

use std::path::{Path, PathBuf};

use session_core::{
    id::UnixMillis,
    rule::{Action, Request, Rule, Ruling, Scope, decide},
};

pub(crate) fn check(bytes: &[u8]) {
    let Ok(command) = std::str::from_utf8(bytes) else {
        return;
    };
    let (all, some) = (allow(None), allow(Some("git *")));
    let deny = rule(Some("rm *"), Action::Deny);
    for allow in [all, some] {
        let without = ruling(std::slice::from_ref(&allow), command);
        let with = ruling(&[allow.clone(), deny.clone()], command);
        assert_eq!(with, ruling(&[allow, deny.clone()], command));
        if with.action == Action::Allow {
            assert_eq!(without.action, Action::Allow);
        }
        for ruling in [without, with] {
            let are_allowed = ruling.parts.iter().all(|part| part.action == Action::Allow);
            let is_allowed = ruling.action == Action::Allow;
            assert_eq!(is_allowed, are_allowed && !ruling.parts.is_empty());
        }
    }
    let denied = ruling(&[deny], command);
    assert_ne!(denied.action, Action::Allow);
    assert_ne!(ruling(&[], command).action, Action::Allow);
}

fn allow(pattern: Option<&str>) -> Rule {
    rule(pattern, Action::Allow)
}

fn rule(pattern: Option<&str>, action: Action) -> Rule {
    Rule {
        id: "r1".to_owned(),
        tool: "Bash".to_owned(),
        pattern: pattern.map(str::to_owned),
        action,
        scope: Scope::All,
        expires_at: None,
    }
}

fn ruling(rules: &[Rule], command: &str) -> Ruling {
    let input = serde_json::json!({ "command": command });
    let request = Request {
        tool: "Bash",
        input: &input,
        cwd: Path::new("/home/dev/p1"),
        home: Some(Path::new("/home/dev")),
        session: None,
        is_cwd_sure: true,
        now: UnixMillis(0),
    };
    decide(rules, &request, &|path: &Path| -> PathBuf {
        path.to_owned()
    })
}

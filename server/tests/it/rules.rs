//! The rules of one user: their file, who changes it, and what they say.

mod calls;
mod file;
mod hostile;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
};

use serde_json::{Value, json};
use session_core::{
    id::UnixMillis,
    rule::{Action, Ruling},
};
use session_manager::{
    rules::{self, Call, Change, RulesFault, RulesFile},
    service::{Service, ServiceError},
    state_dir::StateDir,
};
use tempfile::TempDir;
use wire::{
    Caller, Code, Face, RuleAction, RuleScope, RuleSet, RuleTest, RuleTested, RulesImport,
    RulesImported, RulesRequest, ToolRule, Verb,
};

const NOW: UnixMillis = UnixMillis(1_795_225_772_394);

/// A home with a service of its own.
struct Scene {
    home: TempDir,
    service: Service,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let service = Service::new(crate::client::config(home.path())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        Self {
            home,
            service,
            runtime,
        }
    }

    fn file(&self) -> RulesFile {
        RulesFile::at(StateDir::below(self.home.path()))
    }

    fn list(&self) -> RuleSet {
        self.runtime.block_on(self.service.rules()).unwrap()
    }

    fn set(&self, rev: u64, rules: Vec<ToolRule>) -> Result<RuleSet, ServiceError> {
        let request = RulesRequest { rev, rules };
        self.runtime.block_on(self.service.set_rules(request, by()))
    }

    fn test(&self, tool: &str, input: Value, cwd: &Path) -> RuleTested {
        let request = RuleTest {
            tool: tool.to_owned(),
            input,
            cwd: Some(cwd.to_str().unwrap().to_owned()),
            session_id: None,
        };
        self.runtime
            .block_on(self.service.test_rule(request))
            .unwrap()
    }

    fn import(&self, request: RulesImport) -> RulesImported {
        let import = self.service.import_rules(request, by());
        self.runtime.block_on(import).unwrap()
    }

    /// Outcome and detail of each change, the oldest first.
    fn audit(&self) -> Vec<(String, String)> {
        let page = wire::Page::default();
        let audit = self.runtime.block_on(self.service.audit(page)).unwrap();
        let mut entries = audit.entries;
        entries.reverse();
        entries
            .into_iter()
            .map(|entry| {
                assert_eq!((entry.verb, entry.by), (Verb::Rules, by()));
                (entry.outcome.unwrap(), entry.detail.unwrap_or_default())
            })
            .collect()
    }
}

fn by() -> Caller {
    Caller {
        uid: Some(7),
        face: Face::Http,
    }
}

fn rule(action: RuleAction, tool: &str, pattern: Option<&str>) -> ToolRule {
    ToolRule {
        id: String::new(),
        tool: tool.to_owned(),
        pattern: pattern.map(str::to_owned),
        action,
        scope: RuleScope::All,
        expires_at: None,
    }
}

fn ids(set: &RuleSet) -> Vec<&str> {
    set.rules.iter().map(|rule| rule.id.as_str()).collect()
}

fn decide(file: &RulesFile, tool: &str, input: &Value, cwd: &Path) -> Ruling {
    let call = Call {
        is_cwd_sure: true,
        tool,
        input,
        cwd,
        home: None,
        session: None,
    };
    rules::decide(file, &call, NOW)
}

#[test]
fn rules_of_other_tools_are_added_once() {
    let scene = Scene::new();
    scene
        .set(0, vec![rule(RuleAction::Allow, "Read", None)])
        .unwrap();
    let rules = [
        json!({"tool": "Read", "action": "allow"}),
        json!({"tool": "Bash", "pattern": "git *", "action": "allow"}),
        json!({"tool": "Bash", "action": "never"}),
    ];
    let request = |dry_run| RulesImport {
        tool_approval_rules: rules.to_vec(),
        permissions: Some(json!({"deny": ["Bash(rm:*)"]})),
        scope: RuleScope::All,
        dry_run,
    };
    let planned = scene.import(request(true));
    let counts = |imported: &RulesImported| {
        let items = imported.items.iter();
        items.map(|item| item.rules.len()).collect::<Vec<_>>()
    };
    assert_eq!((planned.rev, counts(&planned)), (1, vec![0, 1, 0, 1]));
    assert_eq!(scene.list().rev, 1);
    let imported = scene.import(request(false));
    assert_eq!((imported.rev, counts(&imported)), (2, vec![0, 1, 0, 1]));
    let set = scene.list();
    assert_eq!(ids(&set), ["r1", "r2", "r3"]);
    assert_eq!(imported.items[3].rules[0], set.rules[2]);
    let again = scene.import(request(true));
    assert_eq!(counts(&again), [0, 0, 0, 0]);
    let last = scene.audit().pop().unwrap();
    assert_eq!(
        last,
        ("changed".to_owned(), "2 added, revision 2".to_owned())
    );
}

#[test]
fn the_terminal_changes_and_tries_rules() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_session-manager"))
            .arg("rules")
            .args(arguments)
            .env_clear()
            .env("HOME", home.path())
            .current_dir(home.path())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            done.status.code().unwrap(),
            text(done.stdout),
            text(done.stderr),
        )
    };
    let good = |arguments: &[&str]| {
        let (code, out, errors) = run(arguments);
        assert_eq!((code, errors.as_str()), (0, ""), "{arguments:?}");
        out
    };
    let none = good(&[]);
    assert_eq!(none, "There are no rules: everything is asked.\n");
    good(&["add", "allow", "Bash", "git *"]);
    good(&["add", "ask", "Bash", "git push *", "--at", "1"]);
    let list = good(&["add", "deny", "Bash", "rm"]);
    expect_test::expect![[r#"
        ID  ACTION  TOOL  PATTERN     FOR  UNTIL
        r2  ask     Bash  git push *  all  -
        r1  allow   Bash  git *       all  -
        r3  deny    Bash  rm          all  -
    "#]]
    .assert_eq(&list);
    good(&["move", "r3", "1"]);
    let set: RuleSet = serde_json::from_str(&good(&["--json"])).unwrap();
    assert_eq!((set.rev, ids(&set)), (4, vec!["r3", "r2", "r1"]));
    let tested = good(&["test", "Bash", "git pull && /bin/rm -r x"]);
    expect_test::expect![[r#"
        Deny (rule r3).
        /bin/rm -r x: A rule denies it.

        ACTION  RULE  PART
        allow   r1    git pull
                      A rule allows it.
        deny    r3    /bin/rm -r x
                      A rule denies it.
    "#]]
    .assert_eq(&tested);
    good(&["remove", "r2", "r1"]);
    fs::write(
        home.path().join("csm.json"),
        r#"{"toolApprovalRules":[{"tool":"Read","action":"allow"}]}"#,
    )
    .unwrap();
    let imported = good(&["import", "csm.json"]);
    expect_test::expect![[r#"
        {"action":"allow","tool":"Read"}
          r4: allow Read
        1 rule added.
    "#]]
    .assert_eq(&imported);
    let (code, out, errors) = run(&["remove", "r9"]);
    assert_eq!((code, out.as_str()), (64, ""));
    assert!(errors.contains("No rule is called r9"), "{errors}");
    assert_eq!(run(&["add", "permit", "Bash"]).0, 64);
}

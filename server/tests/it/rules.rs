//! The rules of one user: their file, who changes it, and what they say.

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
fn the_list_is_replaced_as_a_whole_and_keeps_its_ids() {
    let scene = Scene::new();
    let none = scene.list();
    assert_eq!((none.rev, none.rules.len(), none.problem), (0, 0, None));
    assert!(!scene.file().path().exists());
    let set = scene
        .set(
            0,
            vec![
                rule(RuleAction::Allow, "Bash", Some("git *")),
                rule(RuleAction::Deny, "Bash", Some("rm")),
            ],
        )
        .unwrap();
    assert_eq!((set.rev, ids(&set)), (1, vec!["r1", "r2"]));
    assert_eq!(scene.list(), set);
    let mode = fs::metadata(scene.file().path()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    // Turned around, with a new one between, and one of them gone for good.
    let [first, second] = set.rules.try_into().unwrap();
    let new = rule(RuleAction::Ask, "*", None);
    let set = scene.set(1, vec![second.clone(), new, first]).unwrap();
    assert_eq!((set.rev, ids(&set)), (2, vec!["r2", "r3", "r1"]));
    scene.set(2, vec![second]).unwrap();
    let set = scene
        .runtime
        .block_on(
            scene
                .service
                .add_rule(rule(RuleAction::Allow, "Read", None), by()),
        )
        .unwrap();
    assert_eq!((set.rev, ids(&set)), (4, vec!["r2", "r4"]));
    let outcomes = scene.audit();
    let changed = |count: &str| ("changed".to_owned(), count.to_owned());
    let expected = [
        "2 rules, revision 1",
        "3 rules, revision 2",
        "1 rules, revision 3",
        "2 rules, revision 4",
    ];
    assert_eq!(outcomes, expected.map(changed));
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let scene = Scene::new();
    let git = rule(RuleAction::Allow, "Bash", Some("git *"));
    let set = scene.set(0, vec![git.clone()]).unwrap();
    let refused = |rev, rules: Vec<ToolRule>, code| {
        let error = scene.set(rev, rules).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        error.to_string()
    };
    refused(0, vec![git.clone()], Code::PlanChanged);
    refused(2, vec![git.clone()], Code::PlanChanged);
    let with = |change: &dyn Fn(&mut ToolRule)| {
        let mut rule = git.clone();
        change(&mut rule);
        refused(1, vec![rule], Code::BadRequest)
    };
    with(&|rule| rule.action = RuleAction::Unknown);
    with(&|rule| rule.tool.clear());
    with(&|rule| rule.pattern = Some(String::new()));
    with(&|rule| rule.pattern = Some("a".repeat(3_000)));
    with(&|rule| rule.id = "r9".to_owned());
    let sentence = with(&|rule| {
        rule.scope = RuleScope::Project {
            dir: "work".to_owned(),
        };
    });
    assert!(sentence.contains("absolute"), "{sentence}");
    refused(
        1,
        vec![set.rules[0].clone(), set.rules[0].clone()],
        Code::BadRequest,
    );
    refused(1, vec![git; 1_001], Code::BadRequest);
    assert_eq!(scene.list(), set);
    let outcomes = scene.audit();
    assert_eq!(outcomes.len(), 11);
    assert_eq!(outcomes[1].0, "plan_changed");
    assert_eq!(outcomes[10].0, "bad_request");
}

#[test]
fn of_changes_that_meet_one_is_made() {
    let scene = Scene::new();
    let file = Arc::new(scene.file());
    let changes = (0..16).map(|_| {
        let file = Arc::clone(&file);
        thread::spawn(move || {
            file.replace(Some(0), |_| Change {
                rules: vec![rule(RuleAction::Allow, "Read", None)],
            })
        })
    });
    let changes: Vec<_> = changes.collect();
    let changes = changes.into_iter().map(|change| change.join().unwrap());
    let (made, refused): (Vec<_>, Vec<_>) = changes.partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 15));
    let changed = |change| matches!(change, Err(RulesFault::Changed));
    assert!(refused.into_iter().all(changed));
}

/// There may be a deny in it.
#[test]
fn where_the_file_can_not_be_read_everything_is_asked_and_nothing_is_written_over() {
    let scene = Scene::new();
    let file = scene.file();
    let ls = json!({"command": "ls"});
    let allow = vec![rule(RuleAction::Allow, "*", None)];
    scene.set(0, allow.clone()).unwrap();
    let here = scene.home.path();
    assert_eq!(decide(&file, "Bash", &ls, here).action, Action::Allow);
    let good = fs::read_to_string(file.path()).unwrap();
    let change = |from: &str, to: &str| good.replace(from, to);
    for bad in [
        String::new(),
        good.get(..good.len() / 2).unwrap().to_owned(),
        change("\"allow\"", "\"maybe\""),
        change("\"version\": 1", "\"version\": 2"),
        change("\"tool\"", "\"paths\": [], \"tool\""),
        change("\"all\"", "\"everywhere\""),
        change("\"*\"", "\"\""),
    ] {
        assert_ne!(bad, good);
        fs::write(file.path(), &bad).unwrap();
        let ruling = decide(&file, "Bash", &ls, here);
        assert_eq!(ruling.action, Action::Ask, "{bad}");
        assert!(ruling.why.contains("can't be read"), "{}", ruling.why);
        let set = scene.list();
        assert!(set.problem.unwrap().contains("rules.json"));
        assert_eq!(set.rules.len(), 0);
        let error = scene.set(0, allow.clone()).unwrap_err();
        assert_eq!(error.code(), Code::Config);
        assert_eq!(fs::read_to_string(file.path()).unwrap(), bad);
        assert!(scene.test("Bash", ls.clone(), here).problem.is_some());
    }
    fs::write(file.path(), &good).unwrap();
    assert_eq!(decide(&file, "Bash", &ls, here).action, Action::Allow);
    let mode = |mode| fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o622);
    assert_eq!(decide(&file, "Bash", &ls, here).action, Action::Ask);
    mode(0o600);
    fs::remove_file(file.path()).unwrap();
    symlink("/dev/null", file.path()).unwrap();
    assert!(file.read().is_err());
    fs::remove_file(file.path()).unwrap();
    assert_eq!(decide(&file, "Bash", &ls, here).rule, None);
}

#[test]
fn paths_are_judged_by_where_they_lead() {
    let scene = Scene::new();
    let root: PathBuf = scene.home.path().canonicalize().unwrap();
    for dir in ["work/src", "secret"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    symlink("../secret", root.join("work/out")).unwrap();
    symlink("work", root.join("link")).unwrap();
    symlink("../secret/new", root.join("work/dangling")).unwrap();
    let below = |dir: &str| format!("{}/**", root.join(dir).display());
    let mut project = rule(RuleAction::Allow, "Bash", Some("make"));
    project.scope = RuleScope::Project {
        dir: root.join("link").to_str().unwrap().to_owned(),
    };
    let set = scene
        .set(
            0,
            vec![
                rule(RuleAction::Allow, "Write", Some(&below("work"))),
                rule(RuleAction::Deny, "Read", Some(&below("secret"))),
                rule(RuleAction::Allow, "Read", None),
                rule(RuleAction::Allow, "Bash", Some("echo *")),
                project,
            ],
        )
        .unwrap();
    // It is the same place whatever is linked to it later.
    let work = root.join("work");
    assert_eq!(
        set.rules[4].scope,
        RuleScope::Project {
            dir: work.to_str().unwrap().to_owned()
        }
    );
    let file = scene.file();
    let of = |tool: &str, path: &str| {
        let input = json!({"file_path": path});
        decide(&file, tool, &input, &root.join("link")).action
    };
    assert_eq!(of("Write", "src/a"), Action::Allow);
    assert_eq!(of("Write", "src/none/a"), Action::Allow);
    assert_eq!(of("Write", "src/../../secret/a"), Action::Ask);
    assert_eq!(of("Write", "out/a"), Action::Ask);
    assert_eq!(of("Write", "dangling"), Action::Ask);
    assert_eq!(of("Read", "src/a"), Action::Allow);
    assert_eq!(of("Read", "out/a"), Action::Deny);
    assert_eq!(of("Read", "out/../x"), Action::Allow);
    let command = |command: &str, cwd: &str| {
        let input = json!({"command": command});
        decide(&file, "Bash", &input, &root.join(cwd)).action
    };
    assert_eq!(command("echo x > src/a", "link"), Action::Allow);
    assert_eq!(command("echo x > out/a", "link"), Action::Ask);
    assert_eq!(command("echo x > dangling", "link"), Action::Ask);
    assert_eq!(command("echo x < out/a", "link"), Action::Deny);
    assert_eq!(command("make", "work/src"), Action::Allow);
    assert_eq!(command("make", "link/src"), Action::Allow);
    assert_eq!(command("make", "work/out"), Action::Ask);
}

#[test]
fn the_pattern_of_one_call_is_about_it_alone() {
    let scene = Scene::new();
    let root = scene.home.path().canonicalize().unwrap();
    let call = |tool: &'static str, input: &Value, other: &Value| {
        let call = Call {
            is_cwd_sure: true,
            tool,
            input,
            cwd: &root,
            home: None,
            session: None,
        };
        let pattern = rules::exactly(&call).unwrap();
        let file = scene.file();
        let rules = vec![rule(RuleAction::Allow, tool, Some(&pattern))];
        file.replace(None, |_| Change { rules }).unwrap();
        assert_eq!(
            decide(&file, tool, input, &root).action,
            Action::Allow,
            "{pattern}"
        );
        assert_eq!(
            decide(&file, tool, other, &root).action,
            Action::Ask,
            "{pattern}"
        );
    };
    let command = |command: &str| json!({"command": command});
    call(
        "Bash",
        &command("ls *.rs | wc -l"),
        &command("ls a.rs | wc -l"),
    );
    call("Bash", &command("make > out"), &command("make > in"));
    let path = |path: &str| json!({"file_path": path});
    call("Write", &path("a*b"), &path("axb"));
    let grep = |pattern: &str| json!({"pattern": pattern, "path": "src"});
    call("Grep", &grep("a.*"), &grep("a.b"));
    call("mcp__x", &json!({"a": "*"}), &json!({"a": "b"}));
    let question = Call {
        is_cwd_sure: true,
        tool: "AskUserQuestion",
        input: &json!({}),
        cwd: &root,
        home: None,
        session: None,
    };
    assert_eq!(rules::exactly(&question), None);
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
    assert!(errors.contains("no rule has the id"), "{errors}");
    assert_eq!(run(&["add", "permit", "Bash"]).0, 64);
}

//! What rules say of one call: where its paths lead, and the rule that is about it alone.

use super::*;

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

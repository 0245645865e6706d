//! The file of the rules: who changes it, and when it decides nothing.

use super::*;

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

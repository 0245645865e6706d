use wire::{ErrorBody, RuleAction, RuleScope, RuleTested, RulesImportItem, RulesImported};

use super::*;
use crate::{
    model::{
        Answered, Msg, Surroundings,
        approvals::draft::{Until, Whose},
        update::update,
    },
    sample::{self, NOW},
};

fn rule(id: &str, pattern: &str) -> ToolRule {
    ToolRule {
        id: id.to_owned(),
        pattern: Some(pattern.to_owned()),
        action: RuleAction::Allow,
        ..row::new()
    }
}

fn set(rev: u64, rules: Vec<ToolRule>) -> RuleSet {
    RuleSet {
        ok: true,
        rev,
        rules,
        problem: None,
        note: None,
    }
}

/// The dialog, with these rules read.
fn opened(rules: Vec<ToolRule>) -> Model {
    let mut model = Model::new(Surroundings::default());
    model.live.seen_at = Some(NOW);
    let effects = update(&mut model, Msg::AskRules, NOW);
    assert_eq!(effects, [Effect::Call(Call::Rules)]);
    answer(&mut model, Answered::Rules(Ok(set(4, rules))));
    model
}

fn answer(model: &mut Model, answered: Answered) -> Vec<Effect> {
    update(model, Msg::Answered(answered), NOW)
}

fn go(model: &mut Model, step: Step) -> Vec<Effect> {
    update(model, Msg::Rules(step), NOW)
}

fn rules(model: &Model) -> &Rules {
    let Some(Dialog::Rules(rules)) = &model.dialog else {
        panic!("{:?}", model.dialog);
    };
    rules
}

fn patterns(model: &Model) -> Vec<&str> {
    let rows = rules(model).rows.iter();
    rows.map(|row| row.pattern.as_str()).collect()
}

fn number(model: &Model, pattern: &str) -> u32 {
    let row = rules(model).rows.iter().find(|row| row.pattern == pattern);
    row.unwrap().number
}

fn saved(effects: &[Effect]) -> RulesRequest {
    match effects {
        [Effect::Call(Call::SetRules(request))] => (**request).clone(),
        other => panic!("{other:?}"),
    }
}

fn changed_by_others() -> Trouble {
    let body = ErrorBody::new(Code::PlanChanged, "The rules were changed in the meantime.");
    Trouble::Refused(Box::new(body))
}

#[test]
fn the_list_is_saved_as_a_whole_with_what_it_was_made_from() {
    let mut model = opened(vec![rule("1", "a"), rule("2", "b"), rule("3", "c")]);
    assert_eq!(go(&mut model, Step::Save), []);
    let (b, c) = (number(&model, "b"), number(&model, "c"));
    go(&mut model, Step::Up(c));
    go(&mut model, Step::Up(c));
    go(&mut model, Step::Up(c));
    go(&mut model, Step::Down(b));
    go(&mut model, Step::Change(b, Field::Until(Until::Hour)));
    assert_eq!(patterns(&model), ["c", "a", "b"]);
    let a = number(&model, "a");
    go(&mut model, Step::Delete(a));
    go(&mut model, Step::Add);
    let new = rules(&model).edited.unwrap();
    go(
        &mut model,
        Step::Change(new, Field::Tool("mcp__*".to_owned())),
    );
    let request = saved(&go(&mut model, Step::Save));
    assert_eq!(request.rev, 4);
    let expected = [
        rule("3", "c"),
        ToolRule {
            expires_at: Some(NOW + 3_600_000),
            ..rule("2", "b")
        },
        ToolRule {
            tool: "mcp__*".to_owned(),
            ..row::new()
        },
    ];
    assert_eq!(request.rules, expected);
    // Once is enough, and nothing is changed meanwhile.
    assert_eq!(go(&mut model, Step::Save), []);
    go(&mut model, Step::Delete(b));
    answer(&mut model, Answered::RulesSaved(Ok(set(5, request.rules))));
    assert_eq!(patterns(&model), ["c", "b", ""]);
    assert!(!rules(&model).is_changed());
}

#[test]
fn what_is_no_rule_yet_is_not_saved() {
    let mut model = opened(vec![rule("1", "a")]);
    let a = number(&model, "a");
    let wrong = [
        vec![Field::Tool(" ".to_owned())],
        vec![Field::Tool("Bash".to_owned()), Field::Whose(Whose::Project)],
        vec![Field::Place("work".to_owned())],
        vec![Field::Whose(Whose::Session)],
    ];
    for fields in wrong {
        for field in fields {
            go(&mut model, Step::Change(a, field));
        }
        assert!(rules(&model).rows[0].rule().is_err());
        assert_eq!(go(&mut model, Step::Save), []);
    }
    let id = sample::session(7).session_id.unwrap();
    go(&mut model, Step::Change(a, Field::Place(format!(" {id} "))));
    let request = saved(&go(&mut model, Step::Save));
    assert_eq!(
        request.rules[0].scope,
        RuleScope::Session { session_id: id }
    );
}

#[test]
fn changes_are_not_dropped_without_a_word() {
    let mut model = opened(vec![rule("1", "a")]);
    update(&mut model, Msg::Leave, NOW);
    assert_eq!(model.dialog, None);
    let mut model = opened(vec![rule("1", "a")]);
    go(&mut model, Step::Add);
    update(&mut model, Msg::Leave, NOW);
    assert!(rules(&model).warned);
    // Whoever goes on is asked again the next time.
    go(&mut model, Step::Add);
    update(&mut model, Msg::Leave, NOW);
    assert!(model.dialog.is_some());
    update(&mut model, Msg::Leave, NOW);
    assert_eq!(model.dialog, None);
}

#[test]
fn what_others_changed_is_shown_and_mine_stays() {
    let mut model = opened(vec![rule("1", "a"), rule("2", "b")]);
    let a = number(&model, "a");
    go(
        &mut model,
        Step::Change(a, Field::Pattern("mine".to_owned())),
    );
    go(&mut model, Step::Save);
    let effects = answer(&mut model, Answered::RulesSaved(Err(changed_by_others())));
    assert_eq!(effects, [Effect::Call(Call::Rules)]);
    let theirs = vec![rule("9", "new"), rule("1", "theirs"), rule("2", "b")];
    answer(&mut model, Answered::Rules(Ok(set(7, theirs.clone()))));
    assert_eq!(patterns(&model), ["mine", "b"]);
    assert_eq!(rules(&model).their_rules(), theirs);
    go(&mut model, Step::Take("9".to_owned()));
    assert_eq!(patterns(&model), ["new", "mine", "b"]);
    let request = saved(&go(&mut model, Step::Save));
    assert_eq!((request.rev, request.rules.len()), (7, 3));
    // They were faster again: now theirs is taken as it is.
    answer(&mut model, Answered::RulesSaved(Err(changed_by_others())));
    answer(&mut model, Answered::Rules(Ok(set(8, theirs))));
    go(&mut model, Step::Take("1".to_owned()));
    assert_eq!(patterns(&model), ["new", "theirs", "b"]);
    go(&mut model, Step::TakeAll);
    assert!(!rules(&model).is_changed());
    assert_eq!(rules(&model).known.as_ref().unwrap().rev, 8);
}

#[test]
fn a_list_that_cant_be_read_is_not_written_over() {
    let mut model = Model::new(Surroundings::default());
    update(&mut model, Msg::AskRules, NOW);
    answer(&mut model, Answered::Rules(Err(Trouble::Unreadable)));
    go(&mut model, Step::Add);
    assert_eq!(go(&mut model, Step::Save), []);
    assert!(rules(&model).rows.is_empty() && rules(&model).failed.is_some());
}

#[test]
fn a_trial_takes_plain_text_or_json() {
    let mut model = opened(Vec::new());
    let mut ask = |tool: &str, input: &str| {
        go(
            &mut model,
            Step::Trial(trial::Change::Tool(tool.to_owned())),
        );
        go(
            &mut model,
            Step::Trial(trial::Change::Input(input.to_owned())),
        );
        let effects = go(&mut model, Step::Trial(trial::Change::Ask));
        let told = RuleTested {
            ok: true,
            action: RuleAction::Ask,
            rule: None,
            why: "No rule fits.".to_owned(),
            parts: Vec::new(),
            problem: None,
        };
        answer(&mut model, Answered::RuleTested(Ok(told)));
        match effects.as_slice() {
            [Effect::Call(Call::TestRule(test))] => test.input.to_string(),
            _ => format!("{:?}", rules(&model).trial.told),
        }
    };
    assert_eq!(ask("Bash", "git status"), r#"{"command":"git status"}"#);
    assert_eq!(
        ask("Bash", r#"{"command":"ls","x":1}"#),
        r#"{"command":"ls","x":1}"#
    );
    assert_eq!(ask("Edit", "/a"), r#"{"file_path":"/a"}"#);
    assert_eq!(ask("mcp__a", r#"{"b":2}"#), r#"{"b":2}"#);
    assert!(ask("mcp__a", "b").contains("as JSON"));
}

#[test]
fn an_import_is_shown_before_it_is_made() {
    let mut model = opened(vec![rule("1", "a")]);
    let text = |model: &mut Model, text: &str| {
        go(model, Step::Import(import::Change::Text(text.to_owned())));
        go(model, Step::Import(import::Change::Check))
    };
    for wrong in ["", "git *", "7", "{}", r#"{"toolApprovalRules":7}"#] {
        assert_eq!(text(&mut model, wrong), [], "{wrong}");
        assert!(rules(&model).import.failed.is_some());
    }
    for right in [
        r#"[{"tool":"Bash","action":"allow"}]"#,
        r#"{"toolApprovalRules":[{"tool":"Bash","action":"allow"}]}"#,
        r#"{"permissions":{"allow":["Bash(git *)"]},"model":"opus"}"#,
        r#"{"deny":["Read(.env)"]}"#,
    ] {
        let effects = text(&mut model, right);
        assert!(
            matches!(effects.as_slice(), [Effect::Call(Call::ImportRules(request))] if request.dry_run),
            "{right}"
        );
        let told = RulesImported {
            ok: true,
            rev: 4,
            items: vec![RulesImportItem {
                text: "x".to_owned(),
                rules: vec![rule("", "git *")],
                note: None,
            }],
            note: None,
        };
        answer(&mut model, Answered::RulesImported(true, Ok(told.clone())));
        assert_eq!(rules(&model).import.count(), 1);
    }
    // What is not saved would be another list than the one that is added to.
    go(&mut model, Step::Add);
    assert_eq!(go(&mut model, Step::Import(import::Change::Add)), []);
    let added = rules(&model).edited.unwrap();
    go(&mut model, Step::Delete(added));
    let effects = go(&mut model, Step::Import(import::Change::Add));
    assert!(
        matches!(effects.as_slice(), [Effect::Call(Call::ImportRules(request))] if !request.dry_run)
    );
    let done = RulesImported {
        ok: true,
        rev: 5,
        items: Vec::new(),
        note: None,
    };
    let effects = answer(&mut model, Answered::RulesImported(false, Ok(done)));
    assert_eq!(effects, [Effect::Call(Call::Rules)]);
    let all = vec![rule("1", "a"), rule("2", "git *")];
    answer(&mut model, Answered::Rules(Ok(set(5, all))));
    assert_eq!(patterns(&model), ["a", "git *"]);
}

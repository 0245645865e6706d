use expect_test::{Expect, expect};
use wire::{Code, ErrorBody, RulePart, RuleScope, RuleSet, RuleTested, ToolRule};

use crate::{
    model::{Answered, Model, Surroundings, answer::Trouble, rules::row::Field, update::update},
    sample::{self, NOW},
};

use super::*;

fn rule(id: &str, action: RuleAction, pattern: Option<&str>) -> ToolRule {
    ToolRule {
        id: id.to_owned(),
        tool: "Bash".to_owned(),
        pattern: pattern.map(str::to_owned),
        action,
        scope: RuleScope::All,
        expires_at: None,
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

fn rules() -> Vec<ToolRule> {
    vec![
        ToolRule {
            scope: RuleScope::Project {
                dir: "/home/ada/work/parser".to_owned(),
            },
            expires_at: Some(NOW + 3_600_000),
            ..rule("1", RuleAction::Allow, Some("git *"))
        },
        rule("2", RuleAction::Deny, None),
    ]
}

/// Prints the dialog after these messages, over the list above.
fn check(messages: Vec<Msg>, expected: &Expect) {
    Owner::new().with(|| {
        let mut model = Model::new(Surroundings::default());
        model.homes = vec!["/home/ada".to_owned()];
        model.live.seen_at = Some(NOW);
        update(&mut model, Msg::AskRules, NOW);
        let read = Answered::Rules(Ok(set(4, rules())));
        update(&mut model, Msg::Answered(read), NOW);
        for message in messages {
            update(&mut model, message, NOW);
        }
        let screen = Screen::new();
        screen.show(&model);
        let html = rules_body(screen, Callback::new(|_| ())).to_html();
        expected.assert_eq(&sample::outline(&html));
    });
}

#[test]
fn the_list_and_the_fields_of_one() {
    let any = Field::Pattern(String::new());
    let nothing = Field::Tool(String::new());
    check(
        vec![
            Msg::Rules(Step::Edit(1)),
            Msg::Rules(Step::Change(1, any)),
            Msg::Rules(Step::Change(1, nothing)),
        ],
        &expect![[r#"
            h3 Rules
            p They answer what sessions ask in your stead: the first that fits decides, and a Deny that fits decides wherever it stands.
            span 1
            span Allow
            span anything
            bdi in ~/work/parser · for 1 h more
            button aria-label="Edit rule 1 aria-expanded="true Done
            button aria-label="Move up rule 1 title="Move up aria-disabled="true
            button aria-label="Move down rule 1 title="Move down aria-disabled="false
            button aria-label="Delete rule 1 title="Delete
            select aria-label="What it does"
            option Allow
            option Deny
            option Ask a person
            input aria-label="Tool
            textarea aria-label="Pattern
            select aria-label="Where"
            option Everywhere
            option In a project
            option In a session
            input aria-label="Which project or session
            select aria-label="For how long"
            option Expiry: as it is
            option For good
            option For today
            option For 1 hour
            span Name a tool, or write * for all.
            span 2
            span Deny
            bdi Bash
            span anything
            bdi everywhere
            button aria-label="Edit rule 2 aria-expanded="false Edit
            button aria-label="Move up rule 2 title="Move up aria-disabled="false
            button aria-label="Move down rule 2 title="Move down aria-disabled="true
            button aria-label="Delete rule 2 title="Delete
            button Add a rule
            summary Try the rules
            span Tool
            span Command, file, or input as JSON
            span In directory (optional)
            button Try
            summary Import rules
            span Paste toolApprovalRules as JSON, or Claude Code's settings.json. They are added after your own rules.
            textarea aria-label="Rules as JSON
            button See what would be added
            button hidden class="sm-button sm-primary"
            button Close
            button hidden aria-disabled="false
        "#]],
    );
}

#[test]
fn what_others_changed_and_what_a_trial_told() {
    let others = ErrorBody::new(Code::PlanChanged, "The rules were changed in the meantime.");
    let theirs = vec![rule("1", RuleAction::Ask, Some("git push *"))];
    let told = RuleTested {
        ok: true,
        action: RuleAction::Deny,
        rule: Some("2".to_owned()),
        why: "A Deny fits.".to_owned(),
        parts: vec![RulePart {
            text: "rm -r build".to_owned(),
            action: RuleAction::Deny,
            rule: Some("2".to_owned()),
            why: "It fits anything.".to_owned(),
        }],
        problem: None,
    };
    let refused = Trouble::Refused(Box::new(others));
    check(
        vec![
            Msg::Rules(Step::Down(1)),
            Msg::Rules(Step::Save),
            Msg::Answered(Answered::RulesSaved(Err(refused))),
            Msg::Answered(Answered::Rules(Ok(set(5, theirs)))),
            Msg::Rules(Step::Trial(trial::Change::Ask)),
            Msg::Answered(Answered::RuleTested(Ok(told))),
            Msg::Leave,
        ],
        &expect![[r#"
            h3 Rules
            p They answer what sessions ask in your stead: the first that fits decides, and a Deny that fits decides wherever it stands.
            span 1
            span Deny
            bdi Bash
            span anything
            bdi everywhere
            button aria-label="Edit rule 1 aria-expanded="false Edit
            button aria-label="Move up rule 1 title="Move up aria-disabled="true
            button aria-label="Move down rule 1 title="Move down aria-disabled="false
            button aria-label="Delete rule 1 title="Delete
            span 2
            span Allow
            bdi Bash
            bdi git *
            bdi in ~/work/parser · for 1 h more
            button aria-label="Edit rule 2 aria-expanded="false Edit
            button aria-label="Move up rule 2 title="Move up aria-disabled="false
            button aria-label="Move down rule 2 title="Move down aria-disabled="true
            button aria-label="Delete rule 2 title="Delete
            button Add a rule
            p Somebody else changed the rules meanwhile. This is how theirs differ:
            span Ask
            bdi Bash
            bdi git push *
            bdi everywhere
            span It is another one here.
            button Take theirs
            span Deny
            bdi Bash
            span anything
            bdi everywhere
            span It was deleted meanwhile, and still stands here.
            button Drop mine, take all of theirs
            summary Try the rules
            span Tool
            span Command, file, or input as JSON
            span In directory (optional)
            button Try
            p It is tried against the rules as they are saved.
            span Deny
            span Rule 2: A Deny fits.
            h4 Part by part
            bdi rm -r build
            span Rule 2
            span It fits anything.
            span Deny
            summary Import rules
            span Paste toolApprovalRules as JSON, or Claude Code's settings.json. They are added after your own rules.
            textarea aria-label="Rules as JSON
            button See what would be added
            button hidden class="sm-button sm-primary"
            p There are changes that are not saved. Close again to drop them.
            button Close without saving
            button aria-disabled="false Save mine over theirs
        "#]],
    );
}

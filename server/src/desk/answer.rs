//! What was decided, as a hook has to print it (Claude Code 2.1.329).
//!
//! Knows which tools take an answer and how. Does not know who decided.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wire::DecisionOutcome;

use crate::present::{refused_mode, unanswered};

/// A person's or a rule's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub decision: DecisionOutcome,
    /// What the model is told where it is denied.
    pub reason: Option<String>,
    /// To each question what was chosen, by the question.
    pub answers: BTreeMap<String, String>,
    /// The mode to go on in once a plan is approved.
    pub permission_mode: Option<String>,
}

impl Verdict {
    pub fn new(decision: DecisionOutcome) -> Self {
        Self {
            decision,
            reason: None,
            answers: BTreeMap::new(),
            permission_mode: None,
        }
    }
}

/// What the model is told where a person gives no reason.
const DENIED: &str = "The user denied this.";

/// Returns what the hook prints; a sentence for whoever decides where that can't be.
pub(super) fn output(tool: &str, input: &Value, verdict: &Verdict) -> Result<Value, String> {
    let mut decision = Map::new();
    match verdict.decision {
        DecisionOutcome::Allow => {
            let mode = verdict.permission_mode.as_deref();
            if let Some(sentence) = refused_mode(tool == "ExitPlanMode", mode) {
                return Err(sentence);
            }
            decision.insert("behavior".to_owned(), json!("allow"));
            if let Some(input) = answered(tool, input, verdict)? {
                decision.insert("updatedInput".to_owned(), input);
            }
            if let Some(mode) = &verdict.permission_mode {
                let mode = json!([{ "type": "setMode", "mode": mode, "destination": "session" }]);
                decision.insert("updatedPermissions".to_owned(), mode);
            }
        }
        DecisionOutcome::Deny => {
            let reason = verdict.reason.as_deref().map(str::trim);
            let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or(DENIED);
            decision.insert("behavior".to_owned(), json!("deny"));
            decision.insert("message".to_owned(), json!(reason));
        }
        DecisionOutcome::Withdrawn | DecisionOutcome::Unknown => {
            return Err("A decision is allow or deny; choose one of them.".to_owned());
        }
    }
    Ok(json!({
        "hookSpecificOutput": { "hookEventName": "PermissionRequest", "decision": decision }
    }))
}

/// The input to go on with, where the tool takes an "allow" only with one; `None` where the call runs as it is.
fn answered(tool: &str, input: &Value, verdict: &Verdict) -> Result<Option<Value>, String> {
    match tool {
        "AskUserQuestion" => {
            if let Some(sentence) = unanswered(input, &verdict.answers) {
                return Err(sentence);
            }
            let mut input = input.clone();
            if let Some(members) = input.as_object_mut() {
                members.insert("answers".to_owned(), json!(verdict.answers));
            }
            Ok(Some(input))
        }
        // Without one these go on standing on the screen. Others get none: WebFetch checks what comes back, and what was
        // asked about is what runs.
        "ExitPlanMode" | "EnterPlanMode" => Ok(Some(input.clone())),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(tool: &str, input: Value, verdict: &Verdict, expected: Expect) {
        let output = output(tool, &input, verdict).unwrap();
        expected.assert_eq(&output["hookSpecificOutput"]["decision"].to_string());
    }

    #[test]
    fn a_call_runs_as_it_is_or_fails_with_the_reason() {
        let input = || json!({ "command": "ls" });
        check(
            "Bash",
            input(),
            &Verdict::new(DecisionOutcome::Allow),
            expect![[r#"{"behavior":"allow"}"#]],
        );
        let mut deny = Verdict::new(DecisionOutcome::Deny);
        check(
            "Bash",
            input(),
            &deny,
            expect![[r#"{"behavior":"deny","message":"The user denied this."}"#]],
        );
        deny.reason = Some(" not now ".to_owned());
        check(
            "Bash",
            input(),
            &deny,
            expect![[r#"{"behavior":"deny","message":"not now"}"#]],
        );
        for neither in [DecisionOutcome::Withdrawn, DecisionOutcome::Unknown] {
            output("Bash", &input(), &Verdict::new(neither)).unwrap_err();
        }
    }

    #[test]
    fn each_question_has_its_answer() {
        let input = || json!({ "questions": [{ "question": "Which?" }, { "question": "When?" }] });
        let mut verdict = Verdict::new(DecisionOutcome::Allow);
        verdict
            .answers
            .insert("Which?".to_owned(), "Red".to_owned());
        let missing = output("AskUserQuestion", &input(), &verdict).unwrap_err();
        assert!(missing.contains("When?"), "{missing}");
        verdict.answers.insert("When?".to_owned(), "Now".to_owned());
        check(
            "AskUserQuestion",
            input(),
            &verdict,
            expect![[
                r#"{"behavior":"allow","updatedInput":{"answers":{"When?":"Now","Which?":"Red"},"questions":[{"question":"Which?"},{"question":"When?"}]}}"#
            ]],
        );
    }

    #[test]
    fn a_plan_is_left_in_the_mode_that_is_said() {
        let mut verdict = Verdict::new(DecisionOutcome::Allow);
        verdict.permission_mode = Some("acceptEdits".to_owned());
        check(
            "ExitPlanMode",
            json!({}),
            &verdict,
            expect![[
                r#"{"behavior":"allow","updatedInput":{},"updatedPermissions":[{"destination":"session","mode":"acceptEdits","type":"setMode"}]}"#
            ]],
        );
    }

    #[test]
    fn a_mode_goes_with_a_plan_and_none_with_all_permissions() {
        let refused = |tool, mode: &str| {
            let mut verdict = Verdict::new(DecisionOutcome::Allow);
            verdict.permission_mode = Some(mode.to_owned());
            output(tool, &json!({}), &verdict).unwrap_err()
        };
        assert!(refused("Bash", "acceptEdits").contains("plan"));
        assert!(refused("ExitPlanMode", "bypassPermissions").contains("permissions"));
        assert!(refused("ExitPlanMode", "nosuch").contains("\"nosuch\""));
    }
}

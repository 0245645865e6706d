//! Why a rule may not be what was meant.

use std::path::Path;

use wire::{RuleScope, ToolRule};

/// The tools of Claude Code 2.1.329 that ask.
const TOOLS: [&str; 14] = [
    "Bash",
    "Edit",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "MultiEdit",
    "NotebookEdit",
    "Read",
    "Skill",
    "Task",
    "Agent",
    "WebFetch",
    "WebSearch",
    "Write",
];

/// Why a rule may match nothing, in sentences. It is added all the same: there are other versions, and a directory may come.
pub(super) fn doubts(rule: &ToolRule) -> Vec<String> {
    let mut doubts = Vec::new();
    let tool = rule.tool.as_str();
    let is_known = TOOLS.contains(&tool) || tool.contains('*') || tool.starts_with("mcp__");
    if !is_known {
        let near = TOOLS.iter().find(|known| known.eq_ignore_ascii_case(tool));
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        doubts.push(format!(
            "no tool of Claude Code is known by the name {tool}, so this rule may match nothing{near}"
        ));
    }
    if let RuleScope::Project { dir } = &rule.scope
        && !Path::new(dir).is_dir()
    {
        doubts.push(format!(
            "{dir} is no directory, so this rule may match nothing"
        ));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use wire::RuleAction;

    use super::*;

    #[test]
    fn what_may_match_nothing_is_doubted() {
        let check = |tool: &str, scope: RuleScope| {
            let rule = ToolRule {
                id: String::new(),
                tool: tool.to_owned(),
                pattern: None,
                action: RuleAction::Deny,
                scope,
                expires_at: None,
            };
            doubts(&rule).join("\n")
        };
        for tool in ["Bash", "mcp__github__x", "Web*"] {
            assert_eq!(check(tool, RuleScope::All), "");
        }
        assert!(check("bash", RuleScope::All).ends_with("; did you mean Bash?"));
        assert!(check("Nope", RuleScope::All).ends_with("may match nothing"));
        let dir = |dir: &str| RuleScope::Project {
            dir: dir.to_owned(),
        };
        assert_eq!(check("Bash", dir("/")), "");
        assert!(check("Bash", dir("/nope")).starts_with("/nope is no directory"));
    }
}

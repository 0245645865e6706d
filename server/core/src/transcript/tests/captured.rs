//! Whole transcripts as Claude Code wrote them.

use super::*;

#[test]
fn a_long_interactive_session() {
    check(
        CAPTURED[5],
        expect![[r#"
        Digest {
            last_prompt: Some(
                "tool Agent {\"description\":\"mock agent\",\"prompt\":\"sleep 5 %% bash echo insub %% say sub done\",\"subagent_type\":\"general-purpose\",\"run_in_background\":false} ;; say main done",
            ),
            away_summary: None,
            last_assistant: Some(
                "done.",
            ),
            title: Some(
                "my-nice-name",
            ),
            model: Some(
                "claude-opus-5-5",
            ),
            git_branch: None,
            cwd: Some(
                "/home/dev/work/p1",
            ),
        }
    "#]],
    );
}

#[test]
fn a_session_after_clear_that_ran_a_subagent() {
    check(
        CAPTURED[0],
        expect![[r#"
        Digest {
            last_prompt: Some(
                "bash exit 3 ;; say x",
            ),
            away_summary: None,
            last_assistant: Some(
                "x",
            ),
            title: None,
            model: Some(
                "claude-opus-5-5",
            ),
            git_branch: None,
            cwd: Some(
                "/home/dev/work/p1",
            ),
        }
    "#]],
    );
}

#[test]
fn a_compacted_session() {
    check(
        CAPTURED[3],
        expect![[r#"
        Digest {
            last_prompt: Some(
                "tool AskUserQuestion {\"questions\":[{\"question\":\"Q?\",\"header\":\"Pick\",\"multiSelect\":false,\"options\":[{\"label\":\"Red\",\"description\":\"r\"},{\"label\":\"Blue\",\"description\":\"b\"}]}]} ;; say thanks",
            ),
            away_summary: None,
            last_assistant: Some(
                "thanks",
            ),
            title: None,
            model: Some(
                "claude-opus-5-5",
            ),
            git_branch: None,
            cwd: Some(
                "/home/dev/work/p1",
            ),
        }
    "#]],
    );
}

#[test]
fn a_headless_session() {
    check(
        CAPTURED[4],
        expect![[r#"
        Digest {
            last_prompt: Some(
                "sleep 6 ;; say x",
            ),
            away_summary: None,
            last_assistant: Some(
                "slept 6",
            ),
            title: None,
            model: Some(
                "claude-opus-5-5",
            ),
            git_branch: None,
            cwd: Some(
                "/home/dev/work/p1",
            ),
        }
    "#]],
    );
}

#[test]
fn a_session_of_2_1_197() {
    check(
        CAPTURED[2],
        expect![[r#"
        Digest {
            last_prompt: Some(
                "sleep 5",
            ),
            away_summary: None,
            last_assistant: Some(
                "slept 5",
            ),
            title: None,
            model: Some(
                "claude-opus-4-8",
            ),
            git_branch: None,
            cwd: Some(
                "/home/dev/work/p1",
            ),
        }
    "#]],
    );
}

// It begins with the summaries of dozens of other conversations.
#[test]
fn a_session_of_2_0_30_has_no_title_of_its_own() {
    check(
        CAPTURED[1],
        expect![[r#"
        Digest {
            last_prompt: Some(
                "sleep 5",
            ),
            away_summary: None,
            last_assistant: Some(
                "slept 5",
            ),
            title: None,
            model: Some(
                "claude-sonnet-4-5-20250929",
            ),
            git_branch: None,
            cwd: Some(
                "/home/dev/work/p1",
            ),
        }
    "#]],
    );
}

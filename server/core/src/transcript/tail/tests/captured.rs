//! Whole transcripts as Claude Code wrote them.

use super::*;

macro_rules! captured {
    ($name:literal) => {
        include_bytes!(concat!("../../../../testdata/", $name, ".jsonl"))
    };
}

const CAPTURED: [&[u8]; 14] = [
    captured!("transcripts/after-clear-with-subagent"),
    captured!("transcripts/cli-2.0.30"),
    captured!("transcripts/cli-2.1.197"),
    captured!("transcripts/compacted"),
    captured!("transcripts/headless-p"),
    captured!("transcripts/interactive-all-states"),
    captured!("turns/custom-command"),
    captured!("turns/stop-hook-objects"),
    captured!("turns/turn-limit"),
    captured!("turns/stopped-by-hook"),
    captured!("turns/prompt-behind-answer-2.1.197"),
    captured!("turns/background-agent-sdk-2.1.197"),
    captured!("turns/late-api-errors-sdk-2.1.197"),
    captured!("turns/parallel-2.0.30"),
];

#[test]
fn a_session_after_clear_that_ran_a_subagent() {
    check(
        CAPTURED[0],
        expect![[r#"
              0 Silent
              6 Model
             22 Tools, Agent "m"
             27 Model & Agent
             35 Done & Agent
             38 Model & Agent
             40 Done & Agent
             41 Model & Agent
             44 Done & Agent
             47 Done
             49 Model
             53 Tools, Bash "exit 3"
             56 Model
             60 Done
             62 Interrupted
            at Some(UnixMillis(1795226658090)), since Some(UnixMillis(1795226657582))
        "#]],
    );
}

#[test]
fn a_session_of_2_0_30() {
    check(
        CAPTURED[1],
        expect![[r#"
          0 Silent
         39 Model
         40 Done, unstated
        at Some(UnixMillis(1795227719793)), since Some(UnixMillis(1795227719793))
    "#]],
    );
}

#[test]
fn a_session_of_2_1_197() {
    check(
        CAPTURED[2],
        expect![[r#"
          0 Silent
          3 Model
          6 Done
        at Some(UnixMillis(1795227719300)), since Some(UnixMillis(1795227719288))
    "#]],
    );
}

#[test]
fn a_compacted_session() {
    check(
        CAPTURED[3],
        expect![[r#"
          0 Silent
          4 Model
         20 Tools, Bash "touch /home/dev/work/y1"
         28 Model
         37 Done
         42 Model
         45 Tools, Bash "touch /home/dev/work/y2"
         48 Model
         51 Done
         56 Model
         59 Tools, Bash "touch /home/dev/work/y3"
         62 Model
         66 Done
         71 Model
         74 Tools, AskUserQuestion "Q?"
         76 Model
         84 Done
        at Some(UnixMillis(1795226643230)), since Some(UnixMillis(1795226640923))
    "#]],
    );
}

#[test]
fn a_headless_session() {
    check(
        CAPTURED[4],
        expect![[r#"
              0 Silent
              1 Model
             19 Done
            at Some(UnixMillis(1795226515823)), since Some(UnixMillis(1795226515823))
        "#]],
    );
}

#[test]
fn a_long_interactive_session() {
    check(
        CAPTURED[5],
        expect![[r#"
              0 Silent
              4 Model
             22 Done
             30 Model
             32 Done
             35 Model
             37 Done
             41 Model
             45 Tools, Bash "touch /home/dev/work/x1 && sleep 60"
             47 Model
             48 Interrupted
             50 Model
             54 Tools, AskUserQuestion "Which one?"
             55 Model
             57 Done
             60 Model
             65 Tools, Write "/home/dev/.claude/plans/x.md"
             71 Model
             72 Interrupted
             77 Model
             90 Interrupted
             92 Model
             95 Tools, Bash "sleep 20"
             96 Model & Shell
             98 Interrupted & Shell
             99 Interrupted
            100 Model
            104 Done
            107 Model
            114 Tools, Agent "mock agent"
            115 Model & Agent
            117 Done & Agent
            120 Model & Agent
            124 Done & Agent
            125 Done
            at Some(UnixMillis(1795226243692)), since Some(UnixMillis(1795226243678))
        "#]],
    );
}

#[test]
fn a_command_of_ones_own_is_a_prompt() {
    check(
        CAPTURED[6],
        expect![[r#"
              0 Silent
              1 Model
              5 Done
            at Some(UnixMillis(1795245871306)), since Some(UnixMillis(1795245871306))
        "#]],
    );
}

#[test]
fn a_hook_that_objects_to_the_end_has_the_model_go_on() {
    check(
        CAPTURED[7],
        expect![[r#"
              0 Silent
              1 Model
              3 Done
              4 Model
              7 Done
            at Some(UnixMillis(1795245872331)), since Some(UnixMillis(1795245872331))
        "#]],
    );
}

#[test]
fn a_limit_on_turns_ends_the_turn() {
    check(
        CAPTURED[8],
        expect![[r#"
              0 Silent
              1 Model
              4 Tools, Bash "true"
              6 Model
              7 Done
            at Some(UnixMillis(1795245872921)), since Some(UnixMillis(1795245872921))
        "#]],
    );
}

#[test]
fn a_hook_may_end_the_turn() {
    check(
        CAPTURED[9],
        expect![[r#"
              0 Silent
              1 Model
              4 Tools, Bash "true"
              6 Model
              7 Done
            at Some(UnixMillis(1795245873431)), since Some(UnixMillis(1795245873431))
        "#]],
    );
}

#[test]
fn the_first_prompt_may_be_written_behind_its_answer() {
    check(
        CAPTURED[10],
        expect![[r#"
          0 Silent
          2 Done
          8 Model
          9 Done
        at Some(UnixMillis(1795245070827)), since Some(UnixMillis(1795245070824))
    "#]],
    );
}

#[test]
fn agents_that_are_waited_for_and_one_in_the_background() {
    check(
        CAPTURED[11],
        expect![[r#"
              0 Model
              1 Interrupted
              3 Model
              5 Tools, Bash "touch pd && sleep 200"
              6 Tools, Bash "touch pd && sleep 200", Bash "touch pe"
              7 Tools, Bash "touch pe"
              8 Model
              9 Interrupted
             11 Model
             13 Tools, AskUserQuestion "Which colour?"
             14 Model
             15 Done
             17 Model
             19 Tools, ExitPlanMode "1. Read. 2. Change."
             20 Model
             21 Done
             23 Model
             26 Tools, Agent "a helper"
             27 Model
             28 Done
             30 Model
             32 Tools, Agent "a helper"
             33 Model & Agent
             34 Done & Agent
             35 Done
             36 Model
             38 Done
            at Some(UnixMillis(1795244980572)), since Some(UnixMillis(1795244980572))
        "#]],
    );
}

#[test]
fn failed_attempts_are_written_late() {
    check(
        CAPTURED[12],
        expect![[r#"
              0 Silent
              1 Model
              3 Tools, ExitPlanMode "1. Read. 2. Change."
              4 Model
              5 Done
              7 Model
             10 Tools, Agent "a helper"
             11 Model
             12 Done
             14 Model
             16 Tools, Agent "a helper"
             17 Model & Agent
             18 Done & Agent
             19 Done
             20 Model
             22 Done
             25 Model
             27 Tools, Agent "a helper"
             28 Model
             29 Interrupted
             31 Model
             33 Failed
             35 Model
             39 Failed
            at Some(UnixMillis(1795245000163)), since Some(UnixMillis(1795245000163))
        "#]],
    );
}

#[test]
fn parallel_calls_of_2_0_30() {
    check(
        CAPTURED[13],
        expect![[r#"
          0 Model
          2 Done
          3 Model
          4 Done, asks "I can do it in two ways. Shall I go on with the first?"
          5 Model
          6 Tools, Bash "touch proof && sleep 300"
          7 Model
          8 Interrupted
          9 Model
         10 Tools, Bash "touch proof2 && timeout 12 sh -c \"while :; do :; done\""
         11 Model
         12 Interrupted
         13 Model
         14 Tools, Write "/home/dev/work/x.txt"
         15 Model
         16 Interrupted
         17 Model
         18 Interrupted
         19 Model
         20 Interrupted
         21 Model
         22 Tools, Bash "touch pa"
         23 Tools, Bash "touch pa", Bash "touch pb"
         24 Tools, Bash "touch pb"
         25 Model
         26 Interrupted
         27 Model
         28 Tools, Read "/home/dev/work/proof"
         29 Tools, Read "/home/dev/work/proof", Bash "touch pc"
         30 Tools, Bash "touch pc"
        at Some(UnixMillis(1795244981215)), since Some(UnixMillis(1795244981047))
    "#]],
    );
}

proptest! {
    #[test]
    fn every_prefix_is_survived(file in 0..CAPTURED.len(), end in any::<usize>()) {
        let bytes = CAPTURED[file];
        fold(&bytes[..end % (bytes.len() + 1)]);
    }

    /// A reading may begin anywhere: from the newest prompt on, what came before does not matter.
    #[test]
    fn a_reading_that_met_the_prompt_says_what_the_whole_says(file in 0..CAPTURED.len(), from in any::<usize>()) {
        let bytes = CAPTURED[file];
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let from = from % lines.len();
        let part = fold(&lines[from..].join(&b'\n'));
        if part.began.is_some() {
            prop_assert_eq!(part, fold(bytes));
        }
    }

    #[test]
    fn damage_anywhere_is_survived(file in 0..CAPTURED.len(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = CAPTURED[file].to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        fold(&bytes);
    }
}

//! Whole transcripts as Claude Code wrote them.

use super::*;

macro_rules! captured {
    ($name:literal) => {
        include_bytes!(concat!(
            "../../../../testdata/transcripts/",
            $name,
            ".jsonl"
        ))
    };
}

const CAPTURED: [&[u8]; 6] = [
    captured!("after-clear-with-subagent"),
    captured!("cli-2.0.30"),
    captured!("cli-2.1.197"),
    captured!("compacted"),
    captured!("headless-p"),
    captured!("interactive-all-states"),
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
          2 Model
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
            101 Model
            104 Done
            107 Model
            114 Tools, Agent "mock agent"
            115 Model & Agent
            117 Done & Agent
            121 Model & Agent
            124 Done & Agent
            125 Done
            at Some(UnixMillis(1795226243692)), since Some(UnixMillis(1795226243678))
        "#]],
    );
}

proptest! {
    #[test]
    fn every_prefix_is_survived(file in 0..6usize, end in any::<usize>()) {
        let bytes = CAPTURED[file];
        fold(&bytes[..end % (bytes.len() + 1)]);
    }

    /// A reading may begin anywhere: from the newest prompt on, what came before does not matter.
    #[test]
    fn a_reading_that_met_the_prompt_says_what_the_whole_says(file in 0..6usize, from in any::<usize>()) {
        let bytes = CAPTURED[file];
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let from = from % lines.len();
        let part = fold(&lines[from..].join(&b'\n'));
        if part.began.is_some() {
            prop_assert_eq!(part, fold(bytes));
        }
    }

    #[test]
    fn damage_anywhere_is_survived(file in 0..6usize, at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = CAPTURED[file].to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        fold(&bytes);
    }
}

//! Which tools were seen to run, so that one that has just ended is not taken for one that was never allowed to start.
//!
//! A call whose process has ended and whose result is not written yet looks as one does that waits for a person. Results
//! are written up to 300 ms after the process has ended (2.0.76, 2.1.197).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use session_core::{
    id::{ProcessKey, UnixMillis},
    transcript::tail::OpenTool,
};

/// For so long a result is waited for.
const LATE: Duration = Duration::from_secs(1);

/// The open calls of live sessions of which a process was seen.
#[derive(Debug, Default)]
pub(super) struct ToolProcesses(Mutex<HashMap<ProcessKey, Vec<Seen>>>);

#[derive(Debug)]
struct Seen {
    /// The ids of all calls that were open then: with each result, what was seen says less.
    calls: Vec<String>,
    /// When it was first missed.
    missed_at: Option<UnixMillis>,
}

impl ToolProcesses {
    /// Takes in the open calls of each of a session's transcripts and whether a process of theirs runs. Returns the oldest
    /// call of each of those that have only just lost theirs.
    pub(super) fn just_ended(
        &self,
        session: ProcessKey,
        now: UnixMillis,
        transcripts: &[(&[OpenTool], bool)],
    ) -> Vec<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.remove(&session).unwrap_or_default();
        let mut seen = Vec::new();
        let mut ended = Vec::new();
        for (open, runs) in transcripts {
            let calls: Vec<String> = open.iter().map(|call| call.id.clone()).collect();
            let known = before.iter().find(|seen| seen.calls == calls);
            let missed_at = match known {
                _ if *runs => None,
                Some(known) => Some(known.missed_at.unwrap_or(now)),
                None => continue,
            };
            if let (Some(missed_at), Some(oldest)) = (missed_at, calls.first())
                && now.saturating_since(missed_at) < LATE
            {
                ended.push(oldest.clone());
            }
            seen.push(Seen { calls, missed_at });
        }
        if !seen.is_empty() {
            all.insert(session, seen);
        }
        ended
    }

    /// Forgets all sessions but these.
    pub(super) fn keep(&self, is_live: impl Fn(ProcessKey) -> bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|key, _| is_live(*key));
    }
}

#[cfg(test)]
mod tests {
    use session_core::ask::Ask;

    use super::*;

    const KEY: ProcessKey = ProcessKey {
        pid: 7,
        start_ticks: 1,
    };

    fn open(ids: &[&str]) -> Vec<OpenTool> {
        let call = |id: &&str| OpenTool {
            id: (*id).to_owned(),
            name: "Bash".to_owned(),
            ask: Ask::Plan {
                text: String::new(),
            },
            at: None,
        };
        ids.iter().map(call).collect()
    }

    fn check(tools: &ToolProcesses, at: u64, ids: &[&str], runs: bool, expected: &[&str]) {
        let ended = tools.just_ended(KEY, UnixMillis(at), &[(&open(ids), runs)]);
        assert_eq!(ended, expected, "{at}");
    }

    #[test]
    fn a_tool_that_ran_is_waited_for_and_one_that_never_ran_is_not() {
        let tools = ToolProcesses::default();
        check(&tools, 0, &["a"], false, &[]);
        check(&tools, 100, &["a"], true, &[]);
        // However long nobody looked.
        check(&tools, 60_000, &["a"], false, &["a"]);
        check(&tools, 60_900, &["a"], false, &["a"]);
        check(&tools, 61_000, &["a"], false, &[]);
        check(&tools, 61_100, &["a"], true, &[]);
        check(&tools, 61_200, &["a"], false, &["a"]);
    }

    #[test]
    fn once_a_result_is_there_the_other_calls_are_judged_anew() {
        let tools = ToolProcesses::default();
        check(&tools, 0, &["a", "b"], true, &[]);
        check(&tools, 100, &["b"], false, &[]);
        check(&tools, 200, &["a", "b"], true, &[]);
        check(&tools, 300, &["a", "b"], false, &["a"]);
        tools.keep(|_| false);
        check(&tools, 400, &["a", "b"], false, &[]);
    }
}

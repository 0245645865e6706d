//! What was done, in words.

use wire::{AuditEntry, Code, Face, Verb};

use crate::{
    measure,
    model::history::History,
    screen::{
        group::{Group, Item},
        row::place,
    },
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HistoryView {
    /// Why nothing is listed (yet), or not all.
    pub(crate) note: String,
    pub(crate) groups: Vec<Group>,
    /// Older ones can be asked for.
    pub(crate) more: bool,
}

/// `now` is the server's clock, Unix milliseconds.
pub(crate) fn history(history: &History, homes: &[String], now: u64) -> HistoryView {
    let note = match (&history.failed, history.entries.is_empty()) {
        (Some(sentence), _) => text::block(sentence),
        (None, true) if history.asking => "Reading what was done…".to_owned(),
        (None, true) => "Nothing has been done through this server.".to_owned(),
        (None, false) => String::new(),
    };
    let mut groups: Vec<Group> = Vec::new();
    for entry in &history.entries {
        let day = day(entry.at);
        let item = item(entry, homes, now);
        match groups.last_mut().filter(|group| group.title == day) {
            Some(group) => group.items.push(item),
            None => groups.push(Group {
                title: day,
                items: vec![item],
                more: 0,
            }),
        }
    }
    HistoryView {
        note,
        groups,
        more: history.more && !history.asking,
    }
}

fn item(entry: &AuditEntry, homes: &[String], now: u64) -> Item {
    let verb = match entry.verb {
        Verb::Kill => "Kill",
        Verb::Interrupt => "Interrupt",
        Verb::Pause => "Pause",
        Verb::Continue => "Continue",
        Verb::Reap => "Reap",
        Verb::Resume => "Resume",
        Verb::Cleanup => "Clean up",
        Verb::Start => "Start",
        Verb::Message => "Message",
        Verb::Cancel => "Cancel",
        Verb::Model => "Model",
        Verb::PermissionMode => "Permission mode",
        Verb::Rename => "Rename",
        Verb::Keys => "Keys",
        Verb::Decide => "Decide",
        Verb::Rules => "Rules",
        Verb::Unknown => "Something that this page does not know",
    };
    let target = entry.target.as_ref();
    let project = target
        .and_then(|target| target.cwd.as_deref())
        .map(|cwd| place(cwd, homes).1);
    let process = target
        .and_then(|target| target.key)
        .map(|key| format!("process {}", key.pid));
    let session = target
        .and_then(|target| target.session_id.as_ref())
        .filter(|_| process.is_none())
        .map(|id| format!("conversation {id}"));
    let what: Vec<String> = [project, process, session].into_iter().flatten().collect();
    let by = match entry.by.uid {
        Some(uid) => format!("by user {uid}"),
        None => "with the token".to_owned(),
    };
    let face = match entry.by.face {
        Face::Http => "",
        Face::Terminal => ", in a terminal",
        Face::Unknown => ", in another way",
    };
    let plan = entry.plan.as_deref().map(text::line);
    let reason = [
        Some(time(entry.at)),
        Some(format!("{by}{face}")),
        plan.map(|plan| format!("plan: {plan}")),
    ];
    let reason: Vec<String> = reason.into_iter().flatten().collect();
    Item {
        name: if what.is_empty() {
            verb.to_owned()
        } else {
            format!("{verb} · {}", what.join(" · "))
        },
        exact: false,
        reason: reason.join(" · "),
        size: format!("{} ago", measure::age_between(entry.at, now)),
        warning: "",
        result: Some(outcome(entry)),
    }
}

/// The server's own word for what came of it.
fn outcome(entry: &AuditEntry) -> (bool, String) {
    let Some(outcome) = entry.outcome.as_deref() else {
        return (
            true,
            "no outcome: the server ended before it did".to_owned(),
        );
    };
    let mut words = text::line(outcome).replace('_', " ");
    if let Some(took) = entry.took_ms {
        words.push_str(&format!(" ({})", measure::age(took.div_ceil(1000))));
    }
    if let Some(detail) = text::some_line(entry.detail.as_deref()) {
        words.push_str(&format!(": {detail}"));
    }
    (went_wrong(outcome), words)
}

/// Whether it is the code of a refusal, or something that was to end still runs.
fn went_wrong(outcome: &str) -> bool {
    let code = serde_json::from_str(&format!("\"{outcome}\""));
    let refused = code.is_ok_and(|code: Code| code != Code::Unknown);
    refused || matches!(outcome, "still_running" | "undone")
}

/// The day in UTC, as `2026-11-21`.
fn day(at: u64) -> String {
    const DAY_MS: u64 = 86_400_000;
    let days = at / DAY_MS;
    // Howard Hinnant's "civil from days": years begin in March, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

/// The time of day in UTC, as `10:55 UTC`.
fn time(at: u64) -> String {
    let minutes = at / 60_000 % 1440;
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use wire::{AuditTarget, Caller};

    use super::*;
    use crate::sample::{self, NOW};

    fn check(entries: Vec<AuditEntry>, expected: &Expect) {
        let known = History {
            entries,
            ..History::default()
        };
        let view = history(&known, &["/home/ada".to_owned()], NOW);
        let mut lines = Vec::new();
        for group in view.groups {
            lines.push(format!("# {}", group.title));
            for one in group.items {
                let (bad, result) = one.result.unwrap();
                let bad = if bad { "!" } else { "" };
                lines.push(format!(
                    "{} | {} | {} | {bad}{result}",
                    one.name, one.reason, one.size
                ));
            }
        }
        expected.assert_eq(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn each_entry_tells_when_what_by_whom_and_the_outcome() {
        let resume = AuditEntry {
            verb: Verb::Resume,
            at: NOW - 86_400_000,
            by: Caller {
                uid: None,
                face: Face::Terminal,
            },
            target: Some(AuditTarget {
                key: None,
                session_id: sample::session(7).session_id,
                cwd: None,
            }),
            plan: None,
            outcome: Some("no_tmux".to_owned()),
            detail: Some("Install tmux.".to_owned()),
            ..sample::entry("8")
        };
        let cleanup = AuditEntry {
            verb: Verb::Cleanup,
            target: None,
            plan: None,
            outcome: None,
            took_ms: None,
            ..sample::entry("7")
        };
        check(
            vec![sample::entry("9"), resume, cleanup],
            &expect![[r#"
                # 2026-09-21
                Kill · parser · process 7 | 14:03 UTC · by user 1000 · plan: 5 processes, 1 spared | 10 min ago | exited (2 s)
                # 2026-09-20
                Resume · conversation aaaaaaaa-0000-4000-8000-000000000007 | 14:13 UTC · with the token, in a terminal | 1 d ago | !no tmux (2 s): Install tmux.
                # 2026-09-21
                Clean up | 14:03 UTC · by user 1000 | 10 min ago | !no outcome: the server ended before it did
            "#]],
        );
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let check = |at, text: &str| assert_eq!(format!("{} {}", day(at), time(at)), text);
        check(0, "1970-01-01 00:00 UTC");
        check(951_782_400_000, "2000-02-29 00:00 UTC");
        check(1_709_251_199_000, "2024-02-29 23:59 UTC");
        check(4_107_542_400_000, "2100-03-01 00:00 UTC");
    }
}

//! A cleanup in words: first the plan, then what came of each item.

use wire::{CleanupAction, CleanupItem, CleanupReport, CleanupResult};

use crate::{
    measure,
    model::Cleanup,
    screen::group::{self, Group, Item},
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CleanupView {
    pub(crate) busy: Option<&'static str>,
    pub(crate) failed: Option<String>,
    /// The plan or the result in one sentence.
    pub(crate) summary: Option<String>,
    pub(crate) groups: Vec<Group>,
    /// What the button that does it says, where there is something to do.
    pub(crate) confirm: Option<String>,
}

pub(crate) fn cleanup(cleanup: &Cleanup) -> CleanupView {
    let empty = CleanupView {
        busy: None,
        failed: None,
        summary: None,
        groups: Vec::new(),
        confirm: None,
    };
    match cleanup {
        Cleanup::Planning => CleanupView {
            busy: Some("Looking for what can be cleaned up…"),
            ..empty
        },
        Cleanup::Failed(sentence) => CleanupView {
            failed: Some(text::block(sentence)),
            ..empty
        },
        Cleanup::Planned(report) => CleanupView {
            summary: Some(planned(report)),
            groups: groups(report),
            confirm: todo(report)
                .map(|count| format!("Clean up {}", measure::count(count, "file", "files"))),
            ..empty
        },
        Cleanup::Running(report) => CleanupView {
            busy: Some("Cleaning up…"),
            summary: Some(planned(report)),
            groups: groups(report),
            ..empty
        },
        Cleanup::Done(report) => CleanupView {
            summary: Some(done(report)),
            groups: groups(report),
            ..empty
        },
    }
}

/// How many items something is to be done about, `None` for none.
fn todo(report: &CleanupReport) -> Option<usize> {
    let count = report
        .items
        .iter()
        .filter(|item| item.action != CleanupAction::Keep)
        .count();
    (count > 0).then_some(count)
}

fn planned(report: &CleanupReport) -> String {
    let bytes = |action| {
        report
            .items
            .iter()
            .filter(|item| item.action == action)
            .map(|item| item.bytes)
            .sum()
    };
    match todo(report) {
        None => "There is nothing to clean up.".to_owned(),
        Some(_) => format!(
            "Nothing has been changed yet. To compress: {}. To delete: {}. Compressed conversations can still be resumed.",
            measure::bytes(bytes(CleanupAction::Compress)),
            measure::bytes(bytes(CleanupAction::Delete)),
        ),
    }
}

fn done(report: &CleanupReport) -> String {
    let saved: u64 = report
        .items
        .iter()
        .map(|item| match &item.result {
            CleanupResult::Deleted => item.bytes,
            CleanupResult::Compressed { bytes } => item.bytes.saturating_sub(*bytes),
            CleanupResult::Planned
            | CleanupResult::Skipped { .. }
            | CleanupResult::Failed { .. } => 0,
        })
        .sum();
    let failed = report
        .items
        .iter()
        .filter(|item| matches!(item.result, CleanupResult::Failed { .. }))
        .count();
    let mut sentence = format!(
        "Compressed {}, deleted {}, freed {}.",
        many(report.compressed_logs, "transcript", "transcripts"),
        many(report.deleted_sessions, "registry file", "registry files"),
        measure::bytes(saved),
    );
    if failed > 0 {
        sentence.push_str(&format!(
            " {} failed.",
            measure::count(failed, "item", "items")
        ));
    }
    sentence
}

fn many(number: u64, one: &str, many: &str) -> String {
    measure::count(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}

fn groups(report: &CleanupReport) -> Vec<Group> {
    let group = |action, title: &str| {
        let items: Vec<&CleanupItem> = report
            .items
            .iter()
            .filter(|item| item.action == action)
            .collect();
        let total = items.iter().map(|item| item.bytes).sum();
        let title = format!(
            "{title} ({}, {})",
            measure::count(items.len(), "file", "files"),
            measure::bytes(total)
        );
        group::group(title, items.into_iter().map(item).collect())
    };
    [
        group(CleanupAction::Compress, "Compress old transcripts"),
        group(
            CleanupAction::Delete,
            "Delete registry files of ended processes",
        ),
        group(
            CleanupAction::Unknown,
            "Other changes, which this page does not know yet",
        ),
        group(CleanupAction::Keep, "Leave alone"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn item(item: &CleanupItem) -> Item {
    Item {
        name: text::line(&item.path),
        exact: true,
        reason: text::line(&item.reason),
        size: measure::bytes(item.bytes),
        warning: "",
        result: match &item.result {
            CleanupResult::Planned => None,
            CleanupResult::Deleted => Some((false, "deleted".to_owned())),
            CleanupResult::Compressed { bytes } => {
                Some((false, format!("compressed to {}", measure::bytes(*bytes))))
            }
            CleanupResult::Skipped { reason } => {
                Some((false, format!("left alone: {}", text::line(reason))))
            }
            CleanupResult::Failed { error } => {
                Some((true, format!("failed: {}", text::line(error))))
            }
        },
    }
}

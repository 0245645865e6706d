//! A cleanup's plan, and what came of it, as values on the wire.

use session_core::cleanup::{Action, Item, Plan};
use wire::{CleanupAction, CleanupItem, CleanupReport, CleanupResult};

use crate::act::cleanup::{Done, Outcome};

/// A plan as it would be executed.
pub fn planned(plan: &Plan) -> CleanupReport {
    report(
        plan.items
            .iter()
            .map(|item| cleanup_item(item, CleanupResult::Planned))
            .collect(),
    )
}

/// A plan as it was executed.
pub fn done(done: Vec<Done>) -> CleanupReport {
    let result = |outcome| match outcome {
        Outcome::Kept => CleanupResult::Planned,
        Outcome::Deleted => CleanupResult::Deleted,
        Outcome::Compressed { bytes } => CleanupResult::Compressed { bytes },
        Outcome::Skipped { reason } => CleanupResult::Skipped { reason },
        Outcome::Failed { error } => CleanupResult::Failed { error },
    };
    report(
        done.into_iter()
            .map(|done| cleanup_item(&done.item, result(done.outcome)))
            .collect(),
    )
}

fn report(items: Vec<CleanupItem>) -> CleanupReport {
    let count = |is: fn(&CleanupResult) -> bool| {
        items.iter().filter(|item| is(&item.result)).count() as u64
    };
    let errors: Vec<_> = items
        .iter()
        .filter_map(|item| match &item.result {
            CleanupResult::Failed { error } => Some(format!("{}: {error}", item.path)),
            CleanupResult::Planned
            | CleanupResult::Deleted
            | CleanupResult::Compressed { .. }
            | CleanupResult::Skipped { .. } => None,
        })
        .collect();
    CleanupReport {
        ok: errors.is_empty(),
        deleted_sessions: count(|result| matches!(result, CleanupResult::Deleted)),
        compressed_logs: count(|result| matches!(result, CleanupResult::Compressed { .. })),
        errors,
        items,
    }
}

fn cleanup_item(item: &Item, result: CleanupResult) -> CleanupItem {
    CleanupItem {
        path: item.path.display().to_string(),
        action: match item.action {
            Action::Delete(_) => CleanupAction::Delete,
            Action::Compress { .. } => CleanupAction::Compress,
            Action::Keep => CleanupAction::Keep,
        },
        reason: item.reason.clone(),
        bytes: item.bytes,
        result,
    }
}

//! The rules that answer what sessions ask: read, changed, tried and brought over from other tools.

use std::path::Path;

use session_core::{id::SessionId, rule};
use wire::{
    Caller, RuleSet, RuleTest, RuleTested, RulesImport, RulesImported, RulesRequest, ToolRule, Verb,
};

use super::{Inner, Service, ServiceError};
use crate::{
    audit::Deed,
    clock::now,
    present,
    rules::{self, Call, Change, RulesFault, RulesFile, Written},
    state_dir::StateDir,
};

impl Service {
    /// Lists the rules in the order in which they are tried.
    pub async fn rules(&self) -> Result<RuleSet, ServiceError> {
        let read = |inner: &Inner| {
            Ok(match inner.rules().read() {
                Ok(written) => present::rule::set(&written),
                Err(fault) => present::rule::no_set(fault.to_string()),
            })
        };
        self.blocking(read).await
    }

    /// Replaces the whole list, unless it was changed since the caller read it.
    pub async fn set_rules(
        &self,
        request: RulesRequest,
        by: Caller,
    ) -> Result<RuleSet, ServiceError> {
        let RulesRequest { rev, rules } = request;
        self.change_rules(Some(rev), by, |_| rules).await
    }

    /// Adds a rule to the list: a deny and an ask before all others, an allow after them. Those whose time is over leave it,
    /// and none stands there twice.
    pub async fn add_rule(&self, rule: ToolRule, by: Caller) -> Result<RuleSet, ServiceError> {
        let add = |mut rules: Vec<ToolRule>| {
            let now = now().0;
            rules.retain(|kept| kept.expires_at.is_none_or(|at| at > now));
            let known = rules.iter().position(|kept| is_same(kept, &rule));
            match rule.action {
                wire::RuleAction::Deny | wire::RuleAction::Ask => {
                    // The first one that fits decides: it counts from where it would stand now.
                    let rule = known.map_or(rule, |known| rules.remove(known));
                    rules.insert(0, rule);
                }
                wire::RuleAction::Allow | wire::RuleAction::Unknown if known.is_some() => {}
                wire::RuleAction::Allow | wire::RuleAction::Unknown => rules.push(rule),
            }
            rules
        };
        self.change_rules(None, by, add).await
    }

    async fn change_rules(
        &self,
        rev: Option<u64>,
        by: Caller,
        change: impl FnOnce(Vec<ToolRule>) -> Vec<ToolRule> + Send + 'static,
    ) -> Result<RuleSet, ServiceError> {
        let allowed = self.refuse_when_degraded();
        self.unhurried(move |inner| {
            let mut account = inner.account(deed(by));
            let changed = allowed.and_then(|()| {
                let replace = |written: &Written| {
                    let rules = change(wired(written));
                    account.begin(present::rule::plan(written.rules.len(), rules.len()));
                    Change { rules }
                };
                let written = inner.rules().replace(rev, replace);
                Ok(present::rule::set(&*written.map_err(refusal)?))
            });
            account.close(changed)
        })
        .await
    }

    /// Tells what the rules say of a call, and why; nothing is called.
    pub async fn test_rule(&self, request: RuleTest) -> Result<RuleTested, ServiceError> {
        let test = move |inner: &Inner| {
            let session = request.session_id.as_ref();
            let session = session.and_then(|id| SessionId::parse(id.as_str()));
            let call = Call {
                tool: &request.tool,
                input: &request.input,
                cwd: Path::new(request.cwd.as_deref().unwrap_or("/")),
                home: Some(&inner.config.home),
                session: session.as_ref(),
                is_cwd_sure: true,
            };
            if !call.cwd.is_absolute() {
                let wrong = "cwd has to be an absolute path".to_owned();
                return Err(ServiceError::BadRules(wrong));
            }
            let file = inner.rules();
            let problem = file.read().err().map(|fault| fault.to_string());
            let ruling = rules::decide(&file, &call, now());
            Ok(present::rule::tested(ruling, problem))
        };
        self.blocking(test).await
    }

    /// Adds the rules of other tools after our own, and tells what became of each; adds nothing in a dry run.
    pub async fn import_rules(
        &self,
        request: RulesImport,
        by: Caller,
    ) -> Result<RulesImported, ServiceError> {
        let mut found = rule::tool_approval_rules(&request.tool_approval_rules);
        let permissions = request.permissions.as_ref();
        found.extend(
            permissions
                .map(rule::claude_permissions)
                .into_iter()
                .flatten(),
        );
        let items = found.into_iter();
        let items: Vec<_> = items
            .map(|one| present::rule::imported(one, &request.scope))
            .collect();
        let dry_run = request.dry_run;
        let allowed = self.refuse_when_degraded();
        self.unhurried(move |inner| {
            let file = inner.rules();
            let imported = |rev, items| RulesImported {
                ok: true,
                rev,
                items,
                note: None,
            };
            if dry_run {
                let there = file.read().map_err(refusal)?;
                let items = without_known(items, &wired(&there));
                return Ok(imported(there.rev, items));
            }
            let mut account = inner.account(deed(by));
            let done = allowed.and_then(|()| {
                let mut added = Vec::new();
                let replace = |written: &Written| {
                    let mut rules = wired(written);
                    let before = rules.len();
                    added = without_known(items, &rules);
                    rules.extend(added.iter().flat_map(|item| item.rules.iter().cloned()));
                    account.begin(present::rule::plan(before, rules.len()));
                    Change { rules }
                };
                let written = file.replace(None, replace).map_err(refusal)?;
                // Those that are new are the last ones, in their order.
                let count = added.iter().map(|item| item.rules.len()).sum::<usize>();
                let first = written.rules.len().saturating_sub(count);
                let mut new = written.rules.iter().skip(first).map(present::rule::rule);
                for rule in added.iter_mut().flat_map(|item| &mut item.rules) {
                    if let Some(new) = new.next() {
                        *rule = new;
                    }
                }
                Ok(imported(written.rev, added))
            });
            account.close(done)
        })
        .await
    }
}

impl Inner {
    pub(super) fn rules(&self) -> RulesFile {
        RulesFile::at(StateDir::at(&self.config.state_dir))
    }
}

fn deed(by: Caller) -> Deed {
    Deed {
        verb: Verb::Rules,
        by,
        target: None,
    }
}

/// Whether two rules say the same, whatever their ids.
pub(super) fn is_same(one: &ToolRule, other: &ToolRule) -> bool {
    let named = ToolRule {
        id: one.id.clone(),
        ..other.clone()
    };
    *one == named
}

fn wired(written: &Written) -> Vec<ToolRule> {
    written.rules.iter().map(present::rule::rule).collect()
}

/// Leaves out what is there already.
fn without_known(
    items: Vec<wire::RulesImportItem>,
    known: &[ToolRule],
) -> Vec<wire::RulesImportItem> {
    let mut seen: Vec<ToolRule> = known.to_vec();
    let mut is_new = move |rule: &ToolRule| {
        let is_new = !seen.iter().any(|other| is_same(other, rule));
        seen.push(rule.clone());
        is_new
    };
    let items = items.into_iter();
    items
        .map(|mut item| {
            let before = item.rules.len();
            item.rules.retain(&mut is_new);
            if before > 0 && item.rules.is_empty() {
                item.note = Some("It is left out: it is there already.".to_owned());
            }
            item
        })
        .collect()
}

fn refusal(fault: RulesFault) -> ServiceError {
    match fault {
        RulesFault::Changed => ServiceError::RulesChanged,
        RulesFault::Wrong(what) => ServiceError::BadRules(what),
        unreadable @ RulesFault::Unreadable { .. } => {
            ServiceError::BadState(unreadable.to_string())
        }
        RulesFault::Unwritten { path, source } => {
            let what = format!("The rules can't be written to {}", path.display());
            ServiceError::fault(what, source)
        }
    }
}

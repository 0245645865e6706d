//! The rules, in words.

use wire::{RuleAction, RuleScope, RuleTested, ToolRule};

use crate::{
    measure,
    model::{
        Model,
        approvals::draft::Whose,
        rules::{Rules, import::Import, row::Row},
    },
    screen::{
        exact::{Exact, exact},
        group::{Group, Item, group},
        row::place,
    },
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RulesView {
    /// Why there is no list, or what is wrong with it.
    pub(crate) note: String,
    pub(crate) failed: String,
    /// It can be changed.
    pub(crate) ready: bool,
    /// What the button that saves says, `None` where there is nothing to save.
    pub(crate) save: Option<&'static str>,
    pub(crate) saving: bool,
    /// There are changes that closing would drop.
    pub(crate) warned: bool,
    /// What others changed meanwhile.
    pub(crate) theirs: Option<Vec<TheirRule>>,
    pub(crate) trial: TrialView,
    pub(crate) import: ImportView,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleView {
    pub(crate) place: String,
    pub(crate) action: RuleAction,
    pub(crate) what: What,
    /// Why it can't be saved as it is.
    pub(crate) lacks: &'static str,
    pub(crate) first: bool,
    pub(crate) last: bool,
    /// Its fields, while they are open.
    pub(crate) fields: Option<Row>,
}

/// A rule in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct What {
    pub(crate) tool: String,
    /// Nothing for any input.
    pub(crate) pattern: Exact,
    /// Whose requests it is about, and for how long.
    pub(crate) scope: String,
}

/// A rule that stands on the server in another way than here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TheirRule {
    pub(crate) id: String,
    pub(crate) action: RuleAction,
    pub(crate) what: What,
    /// What is different.
    pub(crate) note: String,
    /// It can be put into the list here.
    pub(crate) offered: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrialView {
    pub(crate) asking: bool,
    pub(crate) verdict: Option<RuleAction>,
    pub(crate) why: String,
    pub(crate) parts: Option<Group>,
    pub(crate) failed: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImportView {
    pub(crate) asking: bool,
    pub(crate) items: Option<Group>,
    /// What the button that adds them says, `None` where there is nothing to add.
    pub(crate) add: Option<String>,
    pub(crate) failed: String,
    pub(crate) done: bool,
}

pub(crate) fn action(action: RuleAction) -> (&'static str, &'static str) {
    match action {
        RuleAction::Allow => ("allow", "Allow"),
        RuleAction::Deny => ("deny", "Deny"),
        RuleAction::Ask => ("ask", "Ask"),
        RuleAction::Unknown => ("ask", "Something that this page does not know"),
    }
}

pub(crate) fn rules(model: &Model, rules: &Rules) -> RulesView {
    let problem = rules.known.as_ref().and_then(|set| set.problem.as_deref());
    let note = match (&rules.known, problem) {
        (None, _) if rules.asking => "Reading the rules…".to_owned(),
        (None, _) => String::new(),
        (Some(_), Some(problem)) => {
            format!(
                "No rule decides anything at the moment: {}",
                text::block(problem)
            )
        }
        (Some(_), None) if rules.rows.is_empty() => {
            "There are no rules: a person is asked, as Claude Code's own settings say.".to_owned()
        }
        (Some(set), None) => set.note.as_deref().map(text::block).unwrap_or_default(),
    };
    let ready = rules.known.is_some() && !rules.saving;
    let changed = rules.is_changed() && rules.whole().is_some();
    RulesView {
        note,
        failed: rules.failed.as_deref().map(text::block).unwrap_or_default(),
        ready,
        save: if rules.saving {
            Some("Saving…")
        } else if !changed || rules.known.is_none() {
            None
        } else if rules.theirs.is_some() {
            Some("Save mine over theirs")
        } else {
            Some("Save")
        },
        saving: rules.saving,
        warned: rules.warned,
        theirs: rules.theirs.as_ref().map(|_| theirs(model, rules)),
        trial: trial(rules),
        import: import(model, &rules.import),
    }
}

pub(crate) fn rows(model: &Model, rules: &Rules) -> Vec<(u32, RuleView)> {
    let last = rules.rows.len().saturating_sub(1);
    let row = |(at, row): (usize, &Row)| {
        let view = RuleView {
            place: (at + 1).to_string(),
            action: row.action,
            what: what_of_row(model, row),
            lacks: row.rule().err().unwrap_or_default(),
            first: at == 0,
            last: at == last,
            fields: (rules.edited == Some(row.number)).then(|| row.clone()),
        };
        (row.number, view)
    };
    rules.rows.iter().enumerate().map(row).collect()
}

fn what_of_row(model: &Model, row: &Row) -> What {
    let whose = match row.whose {
        Whose::All => "everywhere".to_owned(),
        Whose::Project => format!("in {}", short(model, &row.place)),
        Whose::Session => format!("in session {}", text::line(&row.place)),
    };
    what(model, &row.tool, &row.pattern, whose, row.expires_at)
}

fn what_of(model: &Model, rule: &ToolRule) -> What {
    let whose = match &rule.scope {
        RuleScope::All => "everywhere".to_owned(),
        RuleScope::Project { dir } => format!("in {}", short(model, dir)),
        RuleScope::Session { session_id } => format!("in session {session_id}"),
    };
    let pattern = rule.pattern.as_deref().unwrap_or_default();
    what(model, &rule.tool, pattern, whose, rule.expires_at)
}

fn what(model: &Model, tool: &str, pattern: &str, whose: String, until: Option<u64>) -> What {
    let now = model.live.server_now();
    let until = match until {
        None => String::new(),
        Some(until) if until <= now => " · expired".to_owned(),
        Some(until) => format!(" · for {} more", measure::age_between(now, until)),
    };
    What {
        tool: text::line(tool),
        pattern: exact(pattern),
        scope: format!("{whose}{until}"),
    }
}

fn short(model: &Model, dir: &str) -> String {
    let (folder, name) = place(dir, &model.homes);
    format!("{folder}{name}")
}

/// What stands on the server and not here, and the other way round.
fn theirs(model: &Model, rules: &Rules) -> Vec<TheirRule> {
    let mine = rules.whole().unwrap_or_default();
    let theirs = rules.their_rules();
    let base: &[ToolRule] = rules
        .known
        .as_ref()
        .map(|set| set.rules.as_slice())
        .unwrap_or_default();
    let is_known = |id: &str| base.iter().any(|rule| rule.id == id);
    let new = theirs
        .iter()
        .filter(|rule| !mine.contains(rule))
        .map(|rule| {
            let here = mine.iter().any(|other| other.id == rule.id);
            let note = match (here, is_known(&rule.id)) {
                (true, _) => "It is another one here.",
                (false, true) => "It was deleted here.",
                (false, false) => "It was added meanwhile.",
            };
            (rule, note, true)
        });
    let gone = mine
        .iter()
        .filter(|rule| is_known(&rule.id) && !theirs.iter().any(|other| other.id == rule.id));
    let gone = gone.map(|rule| {
        (
            rule,
            "It was deleted meanwhile, and still stands here.",
            false,
        )
    });
    let all = new.chain(gone).map(|(rule, note, offered)| TheirRule {
        id: rule.id.clone(),
        action: rule.action,
        what: what_of(model, rule),
        note: note.to_owned(),
        offered,
    });
    all.collect()
}

fn trial(rules: &Rules) -> TrialView {
    let trial = &rules.trial;
    match &trial.told {
        None => TrialView {
            asking: trial.asking,
            ..TrialView::default()
        },
        Some(Err(sentence)) => TrialView {
            failed: text::block(sentence),
            ..TrialView::default()
        },
        Some(Ok(told)) => tested(rules, told),
    }
}

fn tested(rules: &Rules, told: &RuleTested) -> TrialView {
    let by = |id: Option<&String>| {
        let saved = rules.known.as_ref().map(|set| set.rules.as_slice());
        let place = id.and_then(|id| saved?.iter().position(|rule| rule.id == *id));
        place.map(|place| format!("Rule {}", place + 1))
    };
    let parts = told.parts.iter().map(|part| Item {
        name: text::line(&part.text),
        exact: true,
        reason: text::line(&part.why),
        size: by(part.rule.as_ref()).unwrap_or_default(),
        warning: "",
        result: Some((
            part.action == RuleAction::Deny,
            action(part.action).1.to_owned(),
        )),
    });
    let why = [by(told.rule.as_ref()), Some(text::block(&told.why))];
    let why: Vec<String> = why.into_iter().flatten().collect();
    TrialView {
        asking: rules.trial.asking,
        verdict: Some(told.action),
        why: why.join(": "),
        parts: group("Part by part".to_owned(), parts.collect()),
        failed: told.problem.as_deref().map(text::block).unwrap_or_default(),
    }
}

fn import(model: &Model, import: &Import) -> ImportView {
    let items = import.items.iter().map(|item| {
        let rules = item.rules.iter().map(|rule| {
            let what = what_of(model, rule);
            let pattern: String = what
                .pattern
                .pieces
                .into_iter()
                .map(|piece| piece.text)
                .collect();
            let pattern = if pattern.is_empty() {
                "anything".to_owned()
            } else {
                pattern
            };
            format!(
                "{} {} {pattern}, {}",
                action(rule.action).1,
                what.tool,
                what.scope
            )
        });
        let rules: Vec<String> = rules.collect();
        Item {
            name: text::line(&item.text),
            exact: true,
            reason: text::some_line(item.note.as_deref()).unwrap_or_default(),
            size: String::new(),
            warning: "",
            result: Some(if rules.is_empty() {
                (true, "left out".to_owned())
            } else {
                (false, text::line(&rules.join(" · ")))
            }),
        }
    });
    let count = import.count();
    let title = if import.done {
        "Added"
    } else {
        "What would be added"
    };
    ImportView {
        asking: import.asking,
        items: group(title.to_owned(), items.collect()),
        add: (count > 0 && !import.done)
            .then(|| format!("Add {}", measure::count(count, "rule", "rules"))),
        failed: import
            .failed
            .as_deref()
            .map(text::block)
            .unwrap_or_default(),
        done: import.done,
    }
}

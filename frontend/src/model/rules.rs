//! The rules while a person looks at them: the list as it is to be, a try, and an import.
//!
//! Knows what has been changed and not been saved, and what others have changed meanwhile. Does not know what a rule matches: the
//! server is asked.

pub(crate) mod import;
pub(crate) mod row;
pub(crate) mod trial;

use wire::{Code, RuleSet, RulesRequest, ToolRule};

use crate::model::{
    Dialog, Effect, Model,
    answer::Trouble,
    call::Call,
    rules::{
        import::Import,
        row::{Field, Row},
        trial::Trial,
    },
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The server's list, `None` before it has been read.
    pub(crate) known: Option<RuleSet>,
    /// The list as it is to be.
    pub(crate) rows: Vec<Row>,
    /// The row whose fields are open.
    pub(crate) edited: Option<u32>,
    /// What stands on the server by now, where that is not what was changed here.
    pub(crate) theirs: Option<RuleSet>,
    pub(crate) asking: bool,
    pub(crate) saving: bool,
    /// Why the latest step failed.
    pub(crate) failed: Option<String>,
    /// It was to be left with changes that are not saved.
    pub(crate) warned: bool,
    pub(crate) trial: Trial,
    pub(crate) import: Import,
    /// The number of the newest row.
    last: u32,
}

/// What a person does with the list.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Add,
    /// Open the fields of a row, or close them.
    Edit(u32),
    Change(u32, Field),
    Up(u32),
    Down(u32),
    Delete(u32),
    Save,
    /// Put a rule of theirs into the list, in the place of the one with its id where there is one.
    Take(String),
    /// Drop the changes, and go on with what stands on the server.
    TakeAll,
    Trial(trial::Change),
    Import(import::Change),
}

impl Rules {
    /// Whether there is something to save.
    pub(crate) fn is_changed(&self) -> bool {
        let Some(known) = &self.known else {
            return !self.rows.is_empty();
        };
        let same = |(row, rule): (&Row, &ToolRule)| row.rule().as_ref() == Ok(rule);
        self.theirs.is_some()
            || self.rows.len() != known.rules.len()
            || !self.rows.iter().zip(&known.rules).all(same)
    }

    /// The list in the wire's words, `None` while a row can't be one.
    pub(crate) fn whole(&self) -> Option<Vec<ToolRule>> {
        self.rows.iter().map(|row| row.rule().ok()).collect()
    }

    fn at(&self, number: u32) -> Option<usize> {
        self.rows.iter().position(|row| row.number == number)
    }

    fn push(&mut self, rule: &ToolRule) -> u32 {
        self.last += 1;
        self.rows.push(Row::of(self.last, rule));
        self.last
    }

    /// Begins with what stands on the server.
    fn begin(&mut self, set: RuleSet) {
        self.rows.clear();
        for rule in &set.rules {
            self.push(rule);
        }
        self.edited = None;
        self.theirs = None;
        self.warned = false;
        self.known = Some(set);
    }

    /// Their list, where it is another one than ours.
    pub(crate) fn their_rules(&self) -> &[ToolRule] {
        let theirs = self.theirs.as_ref();
        theirs.map(|set| set.rules.as_slice()).unwrap_or_default()
    }
}

pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.dialog = Some(Dialog::Rules(Box::new(Rules {
        asking: true,
        ..Rules::default()
    })));
    vec![Effect::Call(Call::Rules)]
}

/// Whether the dialog may close: changes are not dropped without a word.
pub(super) fn may_leave(model: &mut Model) -> bool {
    let Some(Dialog::Rules(rules)) = &mut model.dialog else {
        return true;
    };
    let may = rules.warned || !rules.is_changed();
    rules.warned = true;
    may
}

pub(super) fn step(model: &mut Model, step: Step) -> Vec<Effect> {
    let server_now = model.live.server_now();
    let zone_min = model.surroundings.zone_min;
    let Some(Dialog::Rules(rules)) = &mut model.dialog else {
        return Vec::new();
    };
    // What is said of leaving holds for the moment at which it was tried.
    rules.warned = false;
    let free = rules.known.is_some() && !rules.saving;
    let call = match step {
        Step::Trial(change) => trial::change(&mut rules.trial, change),
        Step::Import(change) => import::change(rules, change),
        Step::Save if !free => None,
        Step::Save => save(rules),
        Step::Add
        | Step::Edit(_)
        | Step::Change(..)
        | Step::Up(_)
        | Step::Down(_)
        | Step::Delete(_)
        | Step::Take(_)
        | Step::TakeAll => {
            if free {
                rules.failed = None;
                edit(rules, step, server_now, zone_min);
            }
            None
        }
    };
    call.map(Effect::Call).into_iter().collect()
}

fn edit(rules: &mut Rules, step: Step, now: u64, zone_min: i32) {
    match step {
        Step::Add => {
            let number = rules.push(&row::new());
            rules.edited = Some(number);
        }
        Step::Edit(number) => {
            rules.edited = Some(number).filter(|_| rules.edited != Some(number));
        }
        Step::Change(number, field) => {
            let row = rules.rows.iter_mut().find(|row| row.number == number);
            if let Some(row) = row {
                row.change(field, now, zone_min);
            }
        }
        Step::Up(number) => {
            if let Some(at) = rules.at(number).filter(|at| *at > 0) {
                rules.rows.swap(at, at - 1);
            }
        }
        Step::Down(number) => {
            if let Some(at) = rules.at(number).filter(|at| at + 1 < rules.rows.len()) {
                rules.rows.swap(at, at + 1);
            }
        }
        Step::Delete(number) => rules.rows.retain(|row| row.number != number),
        Step::Take(id) => take(rules, &id),
        Step::TakeAll => {
            if let Some(set) = rules.theirs.take() {
                rules.begin(set);
            }
        }
        Step::Save | Step::Trial(_) | Step::Import(_) => {}
    }
}

fn take(rules: &mut Rules, id: &str) {
    let place = rules.their_rules().iter().position(|rule| rule.id == id);
    let Some((place, rule)) = place.and_then(|at| Some((at, rules.their_rules().get(at)?.clone())))
    else {
        return;
    };
    if let Some(mine) = rules.rows.iter_mut().find(|row| row.id == id) {
        *mine = Row::of(mine.number, &rule);
        return;
    }
    rules.push(&rule);
    let Some(row) = rules.rows.pop() else { return };
    rules.rows.insert(place.min(rules.rows.len()), row);
}

fn save(rules: &mut Rules) -> Option<Call> {
    let whole = rules.whole().filter(|_| rules.is_changed())?;
    let newest = rules.theirs.as_ref().or(rules.known.as_ref())?;
    rules.saving = true;
    rules.failed = None;
    Some(Call::SetRules(Box::new(RulesRequest {
        rev: newest.rev,
        rules: whole,
    })))
}

pub(super) fn read(model: &mut Model, answer: Result<RuleSet, Trouble>) {
    let Some(Dialog::Rules(rules)) = &mut model.dialog else {
        return;
    };
    rules.asking = false;
    match answer {
        Ok(set) if rules.known.is_none() || !rules.is_changed() => rules.begin(set),
        // They have come to the same.
        Ok(set) if rules.whole().as_ref() == Some(&set.rules) => rules.begin(set),
        Ok(set) => {
            rules.failed = None;
            rules.theirs = Some(set);
        }
        Err(trouble) => rules.failed = Some(trouble.sentence()),
    }
}

pub(super) fn saved(model: &mut Model, answer: Result<RuleSet, Trouble>) -> Vec<Effect> {
    let Some(Dialog::Rules(rules)) = &mut model.dialog else {
        return match answer {
            Ok(_) => model.toasts.good("The rules are saved.".to_owned()),
            Err(trouble) => model.toasts.bad(trouble.sentence()),
        };
    };
    rules.saving = false;
    match answer {
        Ok(set) => {
            rules.begin(set);
            Vec::new()
        }
        Err(trouble) => {
            rules.failed = Some(trouble.sentence());
            let others =
                matches!(&trouble, Trouble::Refused(body) if body.code == Code::PlanChanged);
            if others {
                rules.asking = true;
                vec![Effect::Call(Call::Rules)]
            } else {
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What a person has put in on a card before answering.

use std::collections::BTreeMap;

use wire::{Always, Approval, Ask, Question, RuleScope};

use crate::model::approvals::{long::is_long, questions};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Why not, for the model.
    pub(crate) reason: String,
    /// One for each question.
    pub(crate) answers: Vec<Answer>,
    /// The rule that would be made, while it is wanted.
    pub(crate) rule: Option<RuleDraft>,
    /// All that is asked is shown. Of a long request that is its beginning only, until somebody wants the rest.
    pub(crate) whole: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The places of the options that are chosen, in the question's order.
    pub(crate) chosen: Vec<usize>,
    /// Words of one's own count.
    pub(crate) other: bool,
    pub(crate) words: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleDraft {
    pub(crate) whose: Whose,
    pub(crate) pattern: String,
    pub(crate) until: Until,
}

/// Whose requests the rule is to be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Session,
    Project,
    All,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Hour,
    Today,
    Good,
}

impl Until {
    /// Unix milliseconds, `None` for never.
    pub(crate) fn end(self, now: u64, zone_min: i32) -> Option<u64> {
        match self {
            Self::Hour => Some(now + HOUR_MS),
            Self::Today => Some(midnight(now, zone_min)),
            Self::Good => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Change {
    Reason(String),
    Choose {
        question: usize,
        option: usize,
        chosen: bool,
    },
    /// Words of one's own count, or don't.
    Other(usize, bool),
    Words(usize, String),
    /// The rule is wanted, or not.
    Rule(bool),
    Whose(Whose),
    Pattern(String),
    Until(Until),
    /// All that is asked is wanted.
    Whole,
}

impl Draft {
    pub(crate) fn of(approval: &Approval) -> Self {
        Self {
            answers: vec![Answer::default(); questions(approval).len()],
            whole: !is_long(approval),
            ..Self::default()
        }
    }

    pub(crate) fn change(&mut self, change: Change, approval: &Approval) {
        let questions = questions(approval);
        let single = |place: usize| questions.get(place).is_none_or(|one| !one.multi_select);
        match change {
            Change::Reason(reason) => self.reason = reason,
            Change::Choose {
                question,
                option,
                chosen,
            } => {
                if let Some(answer) = self.answers.get_mut(question) {
                    answer.choose(option, chosen, single(question));
                }
            }
            Change::Other(question, other) => {
                if let Some(answer) = self.answers.get_mut(question) {
                    answer.take_other(other, single(question));
                }
            }
            Change::Words(question, words) => {
                if let Some(answer) = self.answers.get_mut(question) {
                    answer.take_other(!words.trim().is_empty(), single(question));
                    answer.words = words;
                }
            }
            Change::Rule(wanted) => {
                self.rule = exactly(approval)
                    .filter(|_| wanted)
                    .map(|pattern| RuleDraft {
                        whose: Whose::Project,
                        pattern,
                        until: Until::Today,
                    });
            }
            Change::Whose(whose) => self.change_rule(|rule| rule.whose = whose),
            Change::Pattern(pattern) => self.change_rule(|rule| rule.pattern = pattern),
            Change::Whole => self.whole = true,
            Change::Until(until) => self.change_rule(|rule| rule.until = until),
        }
    }

    fn change_rule(&mut self, change: impl FnOnce(&mut RuleDraft)) {
        if let Some(rule) = &mut self.rule {
            change(rule);
        }
    }

    /// What the model is told, `None` for nothing.
    pub(crate) fn reason(&self) -> Option<String> {
        let reason = self.reason.trim();
        (!reason.is_empty()).then(|| reason.to_owned())
    }

    /// The answer to each question, `None` while one is missing.
    pub(crate) fn answers(&self, approval: &Approval) -> Option<BTreeMap<String, String>> {
        let questions = questions(approval);
        let answered = questions.into_iter().zip(&self.answers);
        answered
            .map(|(question, answer)| {
                let words = answer.words(&question)?;
                Some((question.question, words))
            })
            .collect()
    }

    /// The rule in the wire's words, `None` where none is wanted or nothing would fit it.
    pub(crate) fn always(
        &self,
        approval: &Approval,
        server_now: u64,
        zone_min: i32,
    ) -> Option<Always> {
        let rule = self.rule.as_ref()?;
        if rule.pattern.trim().is_empty() {
            return None;
        }
        // What was left as it is means this input, and no pattern could say that better.
        let edited = exactly(approval).is_none_or(|exact| exact != rule.pattern);
        Some(Always {
            scope: match rule.whose {
                Whose::Session => RuleScope::Session {
                    session_id: approval.session_id.clone(),
                },
                Whose::Project => RuleScope::Project {
                    dir: approval.cwd.clone(),
                },
                Whose::All => RuleScope::All,
            },
            pattern: edited.then(|| rule.pattern.clone()),
            expires_at: rule.until.end(server_now, zone_min),
        })
    }
}

impl Answer {
    fn choose(&mut self, option: usize, chosen: bool, single: bool) {
        if single {
            self.chosen.clear();
            self.other = false;
        }
        self.chosen.retain(|other| *other != option);
        if chosen {
            self.chosen.push(option);
            self.chosen.sort_unstable();
        }
    }

    fn take_other(&mut self, other: bool, single: bool) {
        self.other = other;
        if single && other {
            self.chosen.clear();
        }
    }

    /// The chosen labels, then the words; `None` for neither.
    fn words(&self, question: &Question) -> Option<String> {
        let labels = self.chosen.iter();
        let labels = labels.filter_map(|place| question.options.get(*place));
        let mut all: Vec<&str> = labels.map(|option| option.label.as_str()).collect();
        let words = self.words.trim();
        if self.other && !words.is_empty() {
            all.push(words);
        }
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// The pattern that fits this input and no other, `None` for what no rule can answer. It is a proposal to be edited: the server
/// is told of it only once it was.
pub(crate) fn exactly(approval: &Approval) -> Option<String> {
    let field = |name: &str| approval.input.get(name).and_then(|value| value.as_str());
    let file = |name: &str| Some(place(&approval.cwd, field(name)?));
    let main = match (&approval.ask, approval.tool.as_str()) {
        (Ask::Question { .. } | Ask::Plan { .. } | Ask::Text { .. }, _) => return None,
        (Ask::Permission { .. }, "Bash") => field("command").map(str::to_owned),
        (Ask::Permission { .. }, "Read" | "Write" | "Edit" | "MultiEdit") => file("file_path"),
        (Ask::Permission { .. }, "NotebookEdit") => {
            file("notebook_path").or_else(|| file("file_path"))
        }
        // Where it looks, and what for.
        (Ask::Permission { .. }, "Glob" | "Grep") => {
            let pattern = field("pattern")?;
            let place = place(&approval.cwd, field("path").unwrap_or_default());
            Some(format!("{place} {pattern}"))
        }
        (Ask::Permission { .. }, "LS") => field("path").map(str::to_owned),
        (Ask::Permission { .. }, "WebFetch") => field("url").map(str::to_owned),
        (Ask::Permission { .. }, "WebSearch") => field("query").map(str::to_owned),
        (Ask::Permission { .. }, _) => return Some(literal(&approval.input.to_string())),
    };
    Some(literal(&main.unwrap_or_else(|| approval.input.to_string())))
}

/// A path as a rule compares it: absolute, without `.` and `..`. Links are not followed: that takes the disk.
fn place(cwd: &str, path: &str) -> String {
    // Where the home is, the server knows.
    if path == "~" || path.starts_with("~/") {
        return path.to_owned();
    }
    let base = if path.starts_with('/') { "" } else { cwd };
    let mut names = Vec::new();
    for name in base.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

/// `*` means anything in a pattern, and `\` takes that meaning away.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// The end of the day at `now`, for who is `zone_min` minutes east of Greenwich.
fn midnight(now: u64, zone_min: i32) -> u64 {
    let ahead = i64::from(zone_min) * 60_000;
    let local = i64::try_from(now).unwrap_or_default() + ahead;
    let end = (local.div_euclid(DAY_MS) + 1) * DAY_MS - ahead;
    u64::try_from(end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_day_ends_at_the_persons_midnight() {
        // 2026-09-21 14:13:20 UTC.
        let now = 1_790_000_000_000;
        let left = |zone| (midnight(now, zone) - now) / 60_000;
        assert_eq!(left(0), 9 * 60 + 46);
        assert_eq!(left(120), 7 * 60 + 46);
        assert_eq!(left(-300), 14 * 60 + 46);
        // There it is the next day already.
        assert_eq!(left(11 * 60), 22 * 60 + 46);
    }

    #[test]
    fn a_search_is_proposed_as_the_server_judges_it() {
        let check = |tool: &str, input, expected: &str| {
            let approval = Approval {
                tool: tool.to_owned(),
                input,
                ..crate::sample::approval("a")
            };
            assert_eq!(exactly(&approval).as_deref(), Some(expected));
        };
        let here = "/home/ada/work/parser";
        check(
            "Grep",
            json!({"pattern": "fn a*"}),
            &format!(r"{here} fn a\*"),
        );
        let beside = json!({"pattern": "x", "path": "../lexer/./src/", "-n": true});
        check("Grep", beside, "/home/ada/work/lexer/src x");
        let elsewhere = json!({"pattern": "*", "path": "/etc"});
        check("Glob", elsewhere, r"/etc \*");
        check(
            "Read",
            json!({"file_path": "a.rs"}),
            &format!("{here}/a.rs"),
        );
    }

    #[test]
    fn a_star_in_the_input_is_a_star_in_the_pattern() {
        assert_eq!(literal(r"rm *.o \;"), r"rm \*.o \\;");
    }
}

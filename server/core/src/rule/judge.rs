//! Which rule decides on a request, and why.

use std::path::{Path, PathBuf};

use super::{
    Action, Part, Request, Resolve, Rule, Ruling, carried,
    glob::{Glob, Kind, Sureness},
    path,
    shell::{self, Deed, Run, Target},
    spelling::{allows, mentions, spellings, trusted},
    subject::{self, Subject},
    text::{Piece, Text},
};

/// What a rule, or the lack of one, says of a part.
struct Verdict<'a> {
    action: Action,
    rule: Option<&'a Rule>,
    why: String,
}

/// The rules that are about a request, in their order.
struct Judge<'a> {
    rules: Vec<&'a Rule>,
    request: Request<'a>,
    resolve: Resolve<'a>,
}

const NO_RULE: &str = "No rule is about it.";
const UNKNOWN_NAME: &str = "Which command it runs is known only when it runs.";
const LOOSE: &str = "It may run what is known only when it runs, and a rule denies some of that.";
/// A longer text is cut where it is shown.
const SHOWN: usize = 400;

/// Decides on a request: what it does is denied where a rule denies any of it, and allowed where rules allow all of it.
pub fn decide(rules: &[Rule], request: &Request<'_>, resolve: Resolve<'_>) -> Ruling {
    let judge = Judge {
        rules: rules.iter().filter(|rule| rule.is_about(request)).collect(),
        request: *request,
        resolve,
    };
    match Subject::of(request, resolve) {
        Subject::Person => Ruling {
            action: Action::Ask,
            rule: None,
            why: "A person's own answer is wanted, which no rule gives.".to_owned(),
            parts: Vec::new(),
        },
        Subject::Nothing => {
            let verdict = judge.first(request.tool, |rule, _| {
                (rule.action == Action::Deny).then_some(Sureness::Possibly)
            });
            ruling(vec![part(request.tool.to_owned(), verdict)])
        }
        Subject::File(file) => {
            let shown = (judge.resolve)(&file).to_string_lossy().into_owned();
            let verdict = judge.file(&[request.tool], &[request.tool], Some(&file));
            ruling(vec![part(shown, verdict)])
        }
        Subject::Words(text) => {
            let verdict = judge.words(&text);
            ruling(vec![part(text.shown(), verdict)])
        }
        Subject::Command(command) => ruling(judge.command(&command)),
    }
}

/// What many parts come to.
fn ruling(parts: Vec<Part>) -> Ruling {
    let with = |action| parts.iter().find(move |part| part.action == action);
    let decisive = with(Action::Deny).or_else(|| with(Action::Ask));
    let Some(decisive) = decisive.or_else(|| parts.first()) else {
        return Ruling {
            action: Action::Ask,
            rule: None,
            why: "It does nothing that a rule could be about.".to_owned(),
            parts,
        };
    };
    let why = match (parts.len(), decisive.action) {
        (1, _) => decisive.why.clone(),
        (count, Action::Allow) => format!("Rules allow each of its {count} parts."),
        (_, Action::Deny | Action::Ask) => format!("{}: {}", decisive.text, decisive.why),
    };
    Ruling {
        action: decisive.action,
        rule: decisive.rule.clone(),
        why,
        parts,
    }
}

fn part(text: String, verdict: Verdict<'_>) -> Part {
    let text = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text,
    };
    Part {
        text,
        action: verdict.action,
        rule: verdict.rule.map(|rule| rule.id.clone()),
        why: verdict.why,
    }
}

fn by(rule: &Rule, sureness: Sureness) -> Verdict<'_> {
    let (action, why) = match (rule.action, sureness) {
        (Action::Deny, Sureness::Possibly) => {
            (Action::Ask, "It may turn out to be what a rule denies.")
        }
        (Action::Allow, Sureness::Possibly) => (Action::Ask, NO_RULE),
        (Action::Deny, _) => (Action::Deny, "A rule denies it."),
        (Action::Allow, _) => (Action::Allow, "A rule allows it."),
        (Action::Ask, _) => (Action::Ask, "A rule has it asked."),
    };
    Verdict {
        action,
        rule: Some(rule),
        why: why.to_owned(),
    }
}

fn ask(why: &str) -> Verdict<'static> {
    Verdict {
        action: Action::Ask,
        rule: None,
        why: why.to_owned(),
    }
}

impl<'a> Judge<'a> {
    /// The first rule about a tool that matches, unless a deny does.
    fn first(&self, tool: &str, matches: impl Fn(&Rule, &str) -> Option<Sureness>) -> Verdict<'a> {
        self.first_of(|rule| {
            if !names(rule, tool) {
                return None;
            }
            match &rule.pattern {
                None => Some(Sureness::Surely),
                Some(pattern) => matches(rule, pattern),
            }
        })
    }

    /// The law of the list: a deny wherever it stands, then one that may be meant, then the first of the others.
    fn first_of(&self, matches: impl Fn(&Rule) -> Option<Sureness>) -> Verdict<'a> {
        let found = self
            .rules
            .iter()
            .filter_map(|rule| Some((*rule, matches(rule)?)));
        let found: Vec<(&Rule, Sureness)> = found.collect();
        let is_deny = |rule: &Rule| rule.action == Action::Deny;
        let sure = |sureness: Sureness| sureness != Sureness::Possibly;
        let denied = found.iter().find(|(rule, how)| is_deny(rule) && sure(*how));
        let denied = denied.or_else(|| found.iter().find(|(rule, _)| is_deny(rule)));
        match denied.or_else(|| found.first()) {
            Some((rule, how)) => by(rule, *how),
            None => ask(NO_RULE),
        }
    }

    /// The rules that deny commands.
    fn denies(&self) -> Vec<&'a Rule> {
        let denies = self.rules.iter().copied();
        let denies = denies.filter(|rule| rule.action == Action::Deny && names(rule, "Bash"));
        denies.collect()
    }

    fn words(&self, text: &Text) -> Verdict<'a> {
        self.first(self.request.tool, |rule, pattern| {
            let glob = Glob::of(pattern);
            let ways: &[Sureness] = match rule.action {
                Action::Allow => &[Sureness::Likely],
                Action::Deny | Action::Ask => &[Sureness::Likely, Sureness::Possibly],
            };
            // A star of an allow's host ends with the host.
            let is_there = rule.action != Action::Allow || subject::is_of_host(pattern, text);
            let mut ways = ways.iter().copied().filter(|_| is_there);
            ways.find(|how| glob.matches(text, Kind::Words, *how))
        })
    }

    /// A file, by the rules about tools: those of which an allow counts, and those of which all else does.
    fn file(&self, allowing: &[&str], all: &[&str], file: Option<&Path>) -> Verdict<'a> {
        self.first_of(|rule| self.is_about_file(rule, allowing, all, file))
    }

    fn is_about_file(
        &self,
        rule: &Rule,
        allowing: &[&str],
        all: &[&str],
        file: Option<&Path>,
    ) -> Option<Sureness> {
        let tools = match rule.action {
            Action::Allow => allowing,
            Action::Deny | Action::Ask => all,
        };
        if !tools.iter().any(|tool| names(rule, tool)) {
            return None;
        }
        match &rule.pattern {
            None => Some(Sureness::Surely),
            Some(pattern) => path::matches(rule, pattern, file, &self.request, self.resolve),
        }
    }

    fn command(&self, command: &str) -> Vec<Part> {
        // A deny may be about the whole, however it is put together.
        let whole = Text::of(command);
        let verdict = self.first("Bash", |rule, pattern| {
            let is_it = rule.action == Action::Deny && mentions(pattern, &whole, Sureness::Likely);
            is_it.then_some(Sureness::Likely)
        });
        if verdict.action == Action::Deny {
            return vec![part(command.to_owned(), verdict)];
        }
        let deeds = shell::take_apart(command);
        let parts = deeds.iter().filter_map(|deed| self.deed(deed, command));
        parts.collect()
    }

    fn deed(&self, deed: &Deed, command: &str) -> Option<Part> {
        match deed {
            Deed::Run(run) => {
                let text = Text::joined(&run.words);
                Some(part(text.shown(), self.run(run, &text, command)))
            }
            Deed::Maybe(text) => {
                let rule = carried::denied_text(&self.denies(), text)?;
                let verdict = by(rule, Sureness::Possibly);
                Some(part(text.clone(), verdict))
            }
            Deed::Nameless(words) => {
                let shown = Text::joined(words).shown();
                Some(part(shown, ask(UNKNOWN_NAME)))
            }
            Deed::Loose(shown) => {
                let rule = self.denies().first().copied()?;
                let verdict = Verdict {
                    rule: Some(rule),
                    ..ask(LOOSE)
                };
                Some(part(shown.clone(), verdict))
            }
            Deed::Unclear { shown, why } => Some(part(shown.clone(), ask(why))),
            Deed::Write(target) => {
                let (shown, file) = self.target(target)?;
                let shown = format!("> {shown}");
                let verdict = match self.stream(target) {
                    Some(verdict) => verdict,
                    None => self.first_of(|rule| {
                        let all = ["Write", "Edit", "MultiEdit", "NotebookEdit"];
                        let about = self.is_about_file(rule, &["Write"], &all, file.as_deref());
                        let is_whole = names(rule, "Bash") && rule.pattern.is_none();
                        let covers = is_whole || is_exactly(rule, command);
                        about.or_else(|| covers.then_some(Sureness::Surely))
                    }),
                };
                Some(part(shown, verdict))
            }
            Deed::Read(target) => {
                let (shown, file) = self.target(target)?;
                let verdict = match self.stream(target) {
                    Some(verdict) => verdict,
                    // Whoever may run a command may give it a file to read, unless a rule is against it.
                    None => Some(self.file(&[], &["Read"], file.as_deref()))
                        .filter(|verdict| verdict.rule.is_some())?,
                };
                Some(part(format!("< {shown}"), verdict))
            }
        }
    }

    /// A file as it is shown, and its path, `None` where that is known only when it runs. Nothing at all for what is no file.
    fn target(&self, target: &Target) -> Option<(String, Option<PathBuf>)> {
        let shown = target.path.shown();
        let known = match target.path.0.split_first() {
            Some((Piece::Tilde, rest)) => {
                let rest = Text(rest.to_vec()).known();
                rest.map(|rest| format!("~{rest}"))
            }
            _ => target.path.known(),
        };
        let Some(known) = known else {
            return Some((shown, None));
        };
        let is_stream = matches!(
            known.as_str(),
            "/dev/null" | "/dev/stdin" | "/dev/stdout" | "/dev/stderr" | "/dev/tty"
        );
        if is_stream {
            return None;
        }
        let is_somebodys = known.starts_with('~') && !known.starts_with("~/");
        let is_adrift =
            (target.is_adrift || !self.request.is_cwd_sure) && !known.starts_with(['/', '~']);
        if is_somebodys || is_adrift || known.is_empty() {
            return Some((shown, None));
        }
        let file = subject::absolute(&known, &self.request);
        Some((
            (self.resolve)(&file).to_string_lossy().into_owned(),
            Some(file),
        ))
    }

    /// Bash makes connections of such names.
    fn stream(&self, target: &Target) -> Option<Verdict<'a>> {
        let shown = target.path.shown();
        let connects = shown.starts_with("/dev/tcp/") || shown.starts_with("/dev/udp/");
        connects.then(|| ask("It opens a connection."))
    }

    fn run(&self, run: &Run, text: &Text, command: &str) -> Verdict<'a> {
        let spelled = spellings(run);
        let verdict = self.first("Bash", |rule, pattern| match rule.action {
            Action::Allow => {
                let is_named = !run.is_opaque || !Glob::of(pattern).head().is_empty();
                let allowed = |text: &Text| allows(pattern, text);
                let is_allowed = allowed(text) || trusted(run).as_ref().is_some_and(allowed);
                let is_allowed = is_named && is_allowed || is_exactly(rule, command);
                is_allowed.then_some(Sureness::Surely)
            }
            Action::Deny | Action::Ask => {
                let mut ways = [Sureness::Likely, Sureness::Possibly].into_iter();
                ways.find(|how| spelled.iter().any(|text| mentions(pattern, text, *how)))
            }
        });
        if verdict.action != Action::Allow {
            return verdict;
        }
        let has_bounds = self
            .rules
            .iter()
            .any(|rule| rule.action != Action::Allow && names(rule, "Bash"));
        let is_whole = verdict.rule.is_some_and(|rule| rule.pattern.is_none());
        if run.is_opaque && is_whole && has_bounds {
            return ask("It runs what it is given in another language, so a rule has to name it.");
        }
        match carried::denied(&self.denies(), run) {
            Some(rule) => Verdict {
                action: Action::Ask,
                rule: Some(rule),
                why: "One of its arguments is what a rule denies, and it may run that.".to_owned(),
            },
            None => verdict,
        }
    }
}

fn names(rule: &Rule, tool: &str) -> bool {
    Glob::of(&rule.tool).matches(&Text::of(tool), Kind::Words, Sureness::Surely)
}

/// Whether a rule allows this very command, word for word.
fn is_exactly(rule: &Rule, command: &str) -> bool {
    let pattern = rule
        .pattern
        .as_deref()
        .map(|pattern| Glob::of(pattern).known());
    let is_it = pattern.flatten().is_some_and(|pattern| pattern == command);
    rule.action == Action::Allow && names(rule, "Bash") && is_it
}

//! `session-manager why`: what the verdict on one session rests on.

use std::{fmt::Write as _, process::ExitCode};

use anstyle::Style;
use clap::Args;
use wire::{Confidence, Pid, Why};

use super::{
    EXIT_CODES, look, measure,
    question::{ask, json},
    terminal, text, who,
};
use crate::{clock, config::Config, present::why::source_word};

/// Lines are not drawn out further than this: long ones are hard to read.
const WIDEST: usize = 100;

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{}\n\n{EXIT_CODES}", who::TAKES));

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct WhyArgs {
    /// The session
    who: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &WhyArgs, config: Config) -> anyhow::Result<ExitCode> {
    ask(config, async |service| {
        service.meet_holders().await;
        let said = &arguments.who;
        let pid = match (said.parse::<Pid>(), who::process(service, said).await) {
            (_, Ok(key)) => key.pid,
            // Of a process that is no session there is something to say as well.
            (Ok(pid), Err(_)) => pid,
            (Err(_), Err(error)) => return Err(error),
        };
        let why = service.why(pid).await?;
        if arguments.json {
            return json(&why);
        }
        Ok(explain(&why, clock::now().0, terminal::width()))
    })
}

/// Words the verdict and what was looked at; what decided is marked by `>`. `width` is `None` where no line is to be
/// broken.
fn explain(why: &Why, now: u64, width: Option<usize>) -> String {
    let width = width.map_or(usize::MAX, |width| width.min(WIDEST));
    let mut out = String::new();
    for line in text::wrap(&verdict(why, now), width) {
        push(&mut out, look::HEADER, &line);
    }
    for line in text::wrap(&text::line(&why.reason), width) {
        push(&mut out, look::PLAIN, &line);
    }
    out.push('\n');
    let lines: Vec<(&str, String, String, bool)> = why
        .evidence
        .iter()
        .map(|one| {
            let age = measure::age_of(one.at, now);
            (
                source_word(one.source),
                age,
                text::line(&one.says),
                one.decided,
            )
        })
        .collect();
    let first = lines.iter().map(|(source, ..)| source.len());
    let first = first.max().unwrap_or(0).max("SOURCE".len());
    let second = lines.iter().map(|(_, age, ..)| age.len());
    let second = second.max().unwrap_or(0).max("AGE".len());
    let header = format!("  {:first$}  {:>second$}  SAYS", "SOURCE", "AGE");
    push(&mut out, look::HEADER, &header);
    let indent = 2 + first + 2 + second + 2;
    for (source, age, says, decided) in lines {
        let (mark, style) = if decided {
            ('>', look::HEADER)
        } else {
            (' ', look::PLAIN)
        };
        let mut head = format!("{mark} {source:first$}  {age:>second$}  ");
        for line in text::wrap(&says, width.saturating_sub(indent)) {
            push(&mut out, style, &format!("{head}{line}"));
            head = " ".repeat(indent);
        }
    }
    out
}

fn verdict(why: &Why, now: u64) -> String {
    let source = source_word(why.state_source);
    let since = why
        .state_since
        .map(|since| format!("for {}", measure::age_of(Some(since), now)));
    let basis = match why.confidence {
        Confidence::Stated => Some(format!("stated by the {source}")),
        Confidence::Inferred => Some(format!("inferred from the {source}")),
        Confidence::Unknown => None,
    };
    let known: Vec<String> = since.into_iter().chain(basis).collect();
    let known = match known.as_slice() {
        [] => String::new(),
        known => format!(" ({})", known.join(", ")),
    };
    format!("Process {} {}{known}.", why.pid, look::clause(why.state))
}

fn push(out: &mut String, style: Style, line: &str) {
    // A `String` takes everything.
    writeln!(out, "{style}{}{style:#}", line.trim_end()).ok();
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use wire::State;

    use super::*;

    const NOW: u64 = 1_795_225_772_394 + 247_000;

    fn check(why: &Why, width: Option<usize>, expected: &Expect) {
        let shown = explain(why, NOW, width);
        expected.assert_eq(&anstream::adapter::strip_str(&shown).to_string());
    }

    fn why() -> Why {
        let golden = include_str!("../../../wire/tests/golden/why.json");
        serde_json::from_str(golden).unwrap()
    }

    #[test]
    fn the_verdict_comes_before_what_it_rests_on() {
        check(
            &why(),
            Some(80),
            &expect![[r#"
                Process 17723 waits for a permission (for 4m, stated by the registry).
                Claude Code's own file for this session says so.

                  SOURCE    AGE  SAYS
                > registry   4m  Its status is "waiting", for "permission prompt".
                  hook        -  No hook has reported.
            "#]],
        );
    }

    #[test]
    fn a_terminal_has_its_lines_broken_and_a_file_has_not() {
        let mut why = why();
        why.state = State::Idle;
        why.confidence = Confidence::Inferred;
        why.state_since = None;
        why.evidence[1].says = "It has 3 child processes,\nnone of them a shell that was \x1b[31mstarted after a call.".to_owned();
        check(
            &why,
            Some(60),
            &expect![[r#"
                Process 17723 is at its prompt (inferred from the registry).
                Claude Code's own file for this session says so.

                  SOURCE    AGE  SAYS
                > registry   4m  Its status is "waiting", for "permission
                                 prompt".
                  hook        -  It has 3 child processes, none of them a
                                 shell that was ␛[31mstarted after a call.
            "#]],
        );
        check(
            &why,
            None,
            &expect![[r#"
                Process 17723 is at its prompt (inferred from the registry).
                Claude Code's own file for this session says so.

                  SOURCE    AGE  SAYS
                > registry   4m  Its status is "waiting", for "permission prompt".
                  hook        -  It has 3 child processes, none of them a shell that was ␛[31mstarted after a call.
            "#]],
        );
    }
}

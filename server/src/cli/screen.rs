//! `session-manager screen` and `keys`: a session's terminal without one of one's own, for scripts.
//!
//! Knows how a picture is printed. Does not know what is on it.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args;
use wire::{Above, Ink, Key, KeysRequest, Picture, Run};

use super::{
    drive::{EXIT_CODES, caller, driven_line, tell},
    question::answer,
    who,
};
use crate::config::Config;

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{}\n\n{EXIT_CODES}", who::TAKES));

static KEYS_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{LEGEND}\n\n{}\n\n{EXIT_CODES}", who::TAKES));

const LEGEND: &str = "\
A key is one character, or enter, escape, tab, space, backspace, delete, insert, up, down, left, right, home, end, pageup,
pagedown, f1 to f12, with ctrl-, alt- or shift- before it: `keys 4711 down enter`, `keys 4711 ctrl-c`,
`keys 4711 --text 'two words' enter`. They answer whatever the session asks.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct ScreenArgs {
    /// The session
    who: String,
    /// Lines that have left the screen, printed before it, 0 to 1000
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(Above::MOST)))]
    scrollback: u32,
    /// With colours and styles, for a terminal
    #[arg(long, conflicts_with = "json")]
    ansi: bool,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = KEYS_HELP.as_str())]
pub(super) struct KeysArgs {
    /// The session
    who: String,
    /// Paste this first
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<String>,
    /// Press these, one after the other
    #[arg(required_unless_present = "text", allow_hyphen_values = true)]
    keys: Vec<Key>,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

pub(super) fn screen(arguments: &ScreenArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let who = who::running(service, &arguments.who).await?;
        if arguments.ansi {
            // As it was asked for, also into a file or a pager.
            anstream::ColorChoice::Always.write_global();
        }
        let lines = arguments.scrollback;
        let picture = service.screen(who, Above { lines }).await?;
        let printed = match arguments.ansi {
            true => print(&picture, styled),
            false => print(&picture, |line| {
                line.iter().map(|run| run.text.as_str()).collect()
            }),
        };
        tell(arguments.json, &picture, printed, true)
    })
}

pub(super) fn keys(arguments: KeysArgs, config: Config) -> anyhow::Result<ExitCode> {
    let KeysArgs {
        who,
        text,
        keys,
        json,
    } = arguments;
    answer(config, async |service| {
        service.meet_holders().await;
        let who = who::running(service, &who).await?;
        let request = KeysRequest { text, keys };
        let driven = service.press(who, request, caller()).await?;
        tell(json, &driven, driven_line(&driven), true)
    })
}

/// All lines up to the last one that is not empty.
fn print(picture: &Picture, line: impl Fn(&[Run]) -> String) -> String {
    let lines = picture.above.iter().chain(&picture.lines);
    let mut printed = String::new();
    for runs in lines {
        printed.push_str(&line(runs));
        printed.push('\n');
    }
    printed.truncate(printed.trim_end_matches('\n').len());
    printed.push('\n');
    printed
}

fn styled(line: &[Run]) -> String {
    let mut printed = String::new();
    for run in line {
        let styles = [
            (run.bold, "1"),
            (run.dim, "2"),
            (run.italic, "3"),
            (run.underline, "4"),
            (run.inverse, "7"),
            (run.strike, "9"),
        ];
        let styles = styles.into_iter().filter(|(has, _)| *has);
        let styles = styles.map(|(_, number)| number.to_owned());
        let inks = [(run.fg, 38), (run.bg, 48)].into_iter();
        let inks = inks.filter_map(|(ink, place)| Some(coloured(ink?, place)));
        let all: Vec<String> = styles.chain(inks).collect();
        if all.is_empty() {
            printed.push_str(&run.text);
        } else {
            // Writing to memory does not fail.
            write!(printed, "\x1b[{}m{}\x1b[m", all.join(";"), run.text).ok();
        }
    }
    printed
}

fn coloured(ink: Ink, place: u8) -> String {
    match ink {
        Ink::Palette(index) => format!("{place};5;{index}"),
        Ink::Rgb(red, green, blue) => format!("{place};2;{red};{green};{blue}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_printed_with_its_styles() {
        let run = |text: &str| Run {
            text: text.to_owned(),
            ..Run::default()
        };
        let loud = Run {
            bold: true,
            fg: Some(Ink::Palette(1)),
            bg: Some(Ink::Rgb(1, 2, 3)),
            ..run("loud")
        };
        assert_eq!(
            styled(&[run("not "), loud]),
            "not \x1b[1;38;5;1;48;2;1;2;3mloud\x1b[m"
        );
    }
}

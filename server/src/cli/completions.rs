//! `session-manager completions`: what a shell reads so that it completes verbs and options.
//!
//! Knows the shells. Does not know which sessions there are.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

use super::terminal;

const WHERE: &str = "\
Where shells look for it:
  bash  ~/.local/share/bash-completion/completions/session-manager
  zsh   _session-manager in a directory of $fpath
  fish  ~/.config/fish/completions/session-manager.fish";

#[derive(Debug, Args)]
#[command(after_help = WHERE)]
pub(super) struct CompletionsArgs {
    /// The shell that is to read it
    #[arg(value_enum)]
    shell: Reader,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reader {
    Bash,
    Zsh,
    Fish,
}

pub(super) fn run(arguments: &CompletionsArgs, of: &Command) -> anyhow::Result<ExitCode> {
    let shell = match arguments.shell {
        Reader::Bash => Shell::Bash,
        Reader::Zsh => Shell::Zsh,
        Reader::Fish => Shell::Fish,
    };
    // What only we ourselves start is left out; clap_complete 4.6.11 tells of that too.
    let shown = of.get_subcommands().filter(|verb| !verb.is_hide_set());
    let mut shown = Command::new("session-manager")
        .version(env!("CARGO_PKG_VERSION"))
        .args(of.get_arguments().cloned())
        .subcommands(shown.cloned());
    // Not straight to standard output: a reader that goes away would be a panic.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut shown, "session-manager", &mut script);
    let script = String::from_utf8(script).context("writing the completions")?;
    terminal::print(&script, ExitCode::SUCCESS).context("writing the completions")
}

//! The command line: what may be asked for, and carrying it out.

mod act;
mod approve;
mod asked;
mod attach;
mod completions;
mod drive;
mod list;
mod look;
mod measure;
mod new;
mod question;
pub mod raw;
mod rules;
mod said;
mod screen;
mod send;
mod table;
mod tail;
mod terminal;
mod text;
mod who;
mod why;

use std::{
    ffi::OsString, io, io::IsTerminal as _, io::Write as _, net::Ipv4Addr, process::ExitCode,
    sync::LazyLock, time::Duration,
};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use tokio::net::{TcpListener, TcpSocket};

use self::{
    approve::ApproveArgs,
    attach::AttachArgs,
    completions::CompletionsArgs,
    drive::{CancelArgs, InterruptArgs, KillArgs, ModeArgs, ModelArgs, RenameArgs},
    list::ListArgs,
    new::NewArgs,
    rules::RulesArgs,
    screen::{KeysArgs, ScreenArgs},
    send::SendArgs,
    tail::TailArgs,
    why::WhyArgs,
};
use crate::{
    config::Config,
    hold,
    hooks::{self, HooksArgs},
    host_token::{self, HostTokenArgs},
    http::{AllowedHosts, Gate},
    lifecycle,
    peer::Peers,
    serve::{self, Limits},
    service::Service,
    token::TokenFile,
};

/// Bad usage (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;
/// The port is taken (`EX_UNAVAILABLE`).
const UNAVAILABLE: u8 = 69;

/// What `list` and `why` end with.
const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   failed; stderr says why
  64  bad usage, or a mistake in the configuration: stderr names it, and the
      answer comes all the same";

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// Shows every Claude Code session on this machine and lets a person act on it safely.
#[derive(Debug, Parser)]
#[command(name = "session-manager", version = VERSION.as_str(), args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// The version and, in a released binary, the hash of the sources that it was built from.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let version = env!("CARGO_PKG_VERSION");
    option_env!("SESSION_MANAGER_SOURCE").map_or_else(
        || version.to_owned(),
        |source| format!("{version} (source {source})"),
    )
});

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer HTTP on 127.0.0.1 until told to end (also without any subcommand, unless a person reads this).
    Serve(ServeArgs),
    /// List the sessions that run, those that need you first.
    List(ListArgs),
    /// Tell why a session is said to be in its state.
    Why(WhyArgs),
    /// Start a session, or go on in a conversation; it lives on its own from then on.
    New(NewArgs),
    /// Say something to a session.
    Send(SendArgs),
    /// Show what a session said, and what it says from now on.
    Tail(TailArgs),
    /// Sit down at the terminal of a session.
    Attach(AttachArgs),
    /// Print what the terminal of a session shows.
    Screen(ScreenArgs),
    /// Type in the terminal of a session.
    Keys(KeysArgs),
    /// Show what sessions ask, and answer it.
    Approve(ApproveArgs),
    /// End the turn of a session, and not the session.
    Interrupt(InterruptArgs),
    /// End a session that is held, and keep what it said.
    Cancel(CancelArgs),
    /// End any session, with all that it runs.
    Kill(KillArgs),
    /// Give a session another model.
    Model(ModelArgs),
    /// Give a session another permission mode.
    Mode(ModeArgs),
    /// Give a session another name.
    Rename(RenameArgs),
    /// Show and change the rules that answer what sessions ask.
    Rules(RulesArgs),
    /// Install, show or remove the optional hooks in Claude Code's settings.
    Hooks(HooksArgs),
    /// Print what makes a shell complete verbs and options.
    Completions(CompletionsArgs),
    /// Let CloudCLI in where nothing tells who asks, as in some containers.
    HostToken(HostTokenArgs),
    /// Keep one session; the server starts this itself.
    #[command(hide = true)]
    Hold {
        /// The part that stays.
        #[arg(long)]
        loose: bool,
    },
    /// Keep what Claude Code tells at one of its events; it runs this itself.
    #[command(hide = true)]
    Hook {
        /// Ask the servers that run what is to be answered, and print it.
        #[arg(long)]
        ask: bool,
        /// Of a later version's settings.
        #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
        _later: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// The port to listen on, 0 for any free one [default: the configured one, or 0]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// End as soon as this process, our parent, has ended
    #[arg(long, value_name = "PID")]
    die_with_parent: Option<u32>,
}

impl ServeArgs {
    fn is_empty(&self) -> bool {
        self.port.is_none() && self.die_with_parent.is_none()
    }
}

/// Carries out the command line and returns the exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    config: impl FnOnce() -> Config,
) -> anyhow::Result<ExitCode> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(answer) => {
            match answer.print() {
                // The reader has seen enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                printed => printed?,
            }
            // Asking for the version or for help is no mistake.
            return Ok(ExitCode::from(if answer.use_stderr() { USAGE } else { 0 }));
        }
    };
    let logs = match &cli.command {
        None => true,
        Some(command) => command.logs(),
    };
    match carry_out(cli, config) {
        Err(error) if !logs => {
            terminal::complain(&format!("{error:#}"));
            Ok(ExitCode::FAILURE)
        }
        done => done,
    }
}

impl Command {
    /// Whether its standard error is a log, for nobody at a terminal.
    fn logs(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Hold { .. } | Self::Hook { .. })
    }
}

fn carry_out(cli: Cli, config: impl FnOnce() -> Config) -> anyhow::Result<ExitCode> {
    let arguments = match cli.command {
        Some(Command::Serve(arguments)) => arguments,
        Some(Command::List(arguments)) => return list::run(&arguments, config()),
        Some(Command::Why(arguments)) => return why::run(&arguments, config()),
        Some(Command::New(arguments)) => return new::run(&arguments, config()),
        Some(Command::Send(arguments)) => return send::run(&arguments, config()),
        Some(Command::Tail(arguments)) => return tail::run(&arguments, config()),
        Some(Command::Attach(arguments)) => return attach::run(&arguments, config()),
        Some(Command::Screen(arguments)) => return screen::screen(&arguments, config()),
        Some(Command::Keys(arguments)) => return screen::keys(arguments, config()),
        Some(Command::Approve(arguments)) => return approve::run(&arguments, config()),
        Some(Command::Interrupt(arguments)) => return drive::interrupt(&arguments, config()),
        Some(Command::Cancel(arguments)) => return drive::cancel(&arguments, config()),
        Some(Command::Kill(arguments)) => return drive::kill(&arguments, config()),
        Some(Command::Model(arguments)) => return drive::model(arguments, config()),
        Some(Command::Mode(arguments)) => return drive::mode(arguments, config()),
        Some(Command::Rename(arguments)) => return drive::rename(arguments, config()),
        Some(Command::Rules(arguments)) => return rules::run(arguments, config()),
        Some(Command::Hooks(arguments)) => return hooks::run(&arguments, &config()),
        Some(Command::Completions(arguments)) => {
            return completions::run(&arguments, &Cli::command());
        }
        Some(Command::HostToken(arguments)) => return host_token::run(&arguments, &config()),
        Some(Command::Hold { loose: false }) => {
            return hold::come_loose().context("coming loose");
        }
        Some(Command::Hold { loose: true }) => {
            return hold::hold().context("holding a session");
        }
        Some(Command::Hook { ask, .. }) => {
            if ask {
                hooks::report_and_ask();
            } else {
                hooks::report();
            }
            return Ok(ExitCode::SUCCESS);
        }
        // The host names what it wants; a person who names nothing asks what there is.
        None if cli.serve.is_empty() && io::stdout().is_terminal() => {
            Cli::command().print_help().context("writing the help")?;
            return Ok(ExitCode::SUCCESS);
        }
        None => cli.serve,
    };
    serve(&arguments, config())
}

fn serve(arguments: &ServeArgs, config: Config) -> anyhow::Result<ExitCode> {
    if let Some(parent) = arguments.die_with_parent
        && !lifecycle::die_with(parent).context("asking for the end of the parent")?
    {
        tracing::info!("the parent process has ended already");
        return Ok(ExitCode::SUCCESS);
    }
    let limits = Limits::default().within(lifecycle::raise_open_files());
    for mistake in &config.mistakes {
        tracing::error!("configuration: {mistake}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let port = arguments.port.unwrap_or(config.port);
    let code = runtime.block_on(listen(port, config, limits));
    // Work that can't be cancelled, such as reading a slow disk, must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    code
}

async fn listen(port: u16, config: Config, limits: Limits) -> anyhow::Result<ExitCode> {
    let end = lifecycle::end().context("listening for signals")?;
    let listener = match bind(port) {
        Ok(listener) => listener,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            tracing::error!(
                "port {port} is in use; end what listens there, or choose another port"
            );
            return Ok(ExitCode::from(UNAVAILABLE));
        }
        Err(error) => return Err(error).context(format!("binding 127.0.0.1:{port}")),
    };
    let port = listener.local_addr().context("asking for the port")?.port();
    let hosts = AllowedHosts::new(port, &config.allowed_hosts);
    let token = TokenFile::of(&config.home);
    let gate = Gate::new(hosts, Peers::open(), token, config.actions_per_second);
    let service = Service::new(config).context("opening /proc")?;
    service.keep_descents();
    service.meet_holders().await;
    service.keep_desk();
    tracing::info!("the page is at http://127.0.0.1:{port}/");
    say_ready(port).context("writing the ready line")?;
    let mut why = None;
    let shutdown = async { why = Some(end.await) };
    serve::serve(listener, service, gate, limits, shutdown).await;
    tracing::info!(?why, "ended");
    Ok(ExitCode::SUCCESS)
}

fn bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A server that has just ended leaves its port in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    // `TcpListener::bind` queues 128 connections; a burst beyond that waits a second for its next SYN.
    socket.listen(BACKLOG)
}

/// The one line that the host waits for; nothing else is ever written to standard output.
fn say_ready(port: u16) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, r#"{{"ready":true,"port":{port}}}"#)?;
    stdout.flush()
}

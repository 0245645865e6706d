//! What the person wants, read once at start, validated whole and passed down as values.
//!
//! Knows where the wishes come from and which one wins. Does not know what they are used for.

mod file;

use std::{
    ffi::OsString,
    fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::{User, geteuid};
use rustix::process::{Resource, getrlimit};
use session_core::detach::DetachKeys;

use crate::config::file::Wishes;

/// The whole configuration. Whoever needs a part is handed it; nobody else reads file or environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// Home directories whose sessions are listed, `<home>/.claude` each. Never empty.
    pub homes: Vec<PathBuf>,
    /// The login name that resumed sessions run as, `None` for our own user.
    pub user: Option<String>,
    /// The port to bind on 127.0.0.1, 0 for any free one.
    pub port: u16,
    /// `Host` values that are allowed besides our own address, in lower case.
    pub allowed_hosts: Vec<String>,
    /// The `claude` to start, `None` to look for it.
    pub claude: Option<PathBuf>,
    /// The time between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Working without progress for longer than this is `stuck`.
    pub stuck_after: Duration,
    /// At the prompt and untouched for longer than this is `abandoned`.
    pub abandoned_after: Duration,
    /// Transcripts untouched for longer than this are compressed by a cleanup.
    pub compress_after: Duration,
    /// For how long a session in a terminal, or one that we did not start, waits for an answer from here before its own terminal alone decides.
    pub approval_wait: Duration,
    /// How much may be changed over HTTP, by all callers together; three times as much at once.
    pub actions_per_second: NonZeroU32,
    /// What leaves an attached terminal.
    pub detach_keys: DetachKeys,
    /// The directories of `PATH`, in order.
    pub search_path: Vec<PathBuf>,
    /// Our own home.
    pub home: PathBuf,
    /// What outlives a run of the server is kept here; it may not be there yet.
    pub state_dir: PathBuf,
    /// The limit of open files that sessions get, the one that we were started with; `None` for the one we have.
    pub open_files: Option<u64>,
    /// Where the file is looked for, whether or not it is there; `None` where no home is known.
    pub path: Option<PathBuf>,
    /// What is wrong in the file, one sentence each. While there is any, the server refuses to act.
    pub mistakes: Vec<String>,
}

/// What the configuration depends on besides its file.
pub struct Surroundings<'a> {
    /// Looks an environment variable up.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Whether a login name exists on this machine.
    pub has_login: &'a dyn Fn(&str) -> bool,
    /// Our own login name, `None` where our uid has none.
    pub login: Option<String>,
    /// The home that the user database gives us.
    pub login_home: Option<PathBuf>,
    /// Whether we may run something as somebody else.
    pub is_root: bool,
}

/// Claude Code 2.1.329 ends within 2 s of SIGTERM as a rule, but took 6.5 s after the first turn in a new home;
/// SIGKILL then would leave its files behind.
const GRACE: Duration = Duration::from_secs(10);
/// More than a person does by hand, and than a page does for one.
const ACTIONS_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("it is not zero");
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A person who is told of it has come by then.
const APPROVAL_WAIT: Duration = Duration::from_secs(300);

/// Where programs are looked for without a `PATH`.
const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

impl Config {
    /// Reads the configuration of this process.
    pub fn load() -> Self {
        let uid = geteuid();
        // A user database that can't be read knows nobody.
        let us = User::from_uid(uid).ok().flatten();
        let around = Surroundings {
            variable: &|name| std::env::var_os(name),
            has_login: &|login| matches!(User::from_name(login), Ok(Some(_))),
            login: us.as_ref().map(|us| us.name.clone()),
            login_home: us.map(|us| us.dir),
            is_root: uid.is_root(),
        };
        Self {
            open_files: getrlimit(Resource::Nofile).current,
            ..Self::read(&around)
        }
    }

    /// Reads the configuration file and what stands beside it.
    pub fn read(around: &Surroundings<'_>) -> Self {
        let text = around.path().as_deref().map(read_file).unwrap_or(Ok(None));
        Self::of(text, around)
    }

    /// Returns what the file's text and its surroundings come to. `text` is `None` where there is no file, and a sentence where
    /// it can't be read. Mistakes are collected; whatever is right counts all the same.
    pub fn of(text: Result<Option<String>, String>, around: &Surroundings<'_>) -> Self {
        let variable = |name| around.value_of(name);
        let home = around.home();
        let path = around.path();
        let mut mistakes = Vec::new();
        let text = text.unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        let mut wishes = Wishes::default();
        if let (Some(path), Some(text)) = (&path, text) {
            wishes = Wishes::parse(&text, home.as_deref());
            let place = path.display();
            let found = wishes.mistakes.drain(..);
            mistakes.extend(found.map(|mistake| format!("{place}, {mistake}")));
            if let Some((_, origin)) = &mut wishes.user {
                *origin = format!("{place}, {origin}");
            }
        }
        if let Some(homes) = variable("SESSION_MANAGER_HOMES") {
            wishes.homes = homes_in(&homes, home.as_deref(), &mut mistakes);
        }
        let user = match variable("SESSION_MANAGER_USER") {
            Some(user) => Some((
                user.to_string_lossy().into_owned(),
                "SESSION_MANAGER_USER".to_owned(),
            )),
            None => wishes.user.take(),
        };
        let user = user.and_then(|(login, origin)| {
            around.check_login(login).unwrap_or_else(|why| {
                mistakes.push(format!("{origin}: {why}"));
                None
            })
        });
        if home.is_none() {
            mistakes.push("No home directory is known; set HOME.".to_owned());
        }

        let home = home.unwrap_or_else(|| PathBuf::from("/"));
        let state = around.base("XDG_STATE_HOME");
        let state = state.unwrap_or_else(|| home.join(".local/state"));
        let homes = wishes.homes.filter(|homes| !homes.is_empty());
        let search_path = variable("PATH").unwrap_or_else(|| SEARCH_PATH.into());
        Self {
            homes: homes.unwrap_or_else(|| vec![home.clone()]),
            user,
            port: wishes.port.unwrap_or(0),
            allowed_hosts: wishes.allowed_hosts.unwrap_or_default(),
            claude: wishes.claude,
            grace: wishes.grace.unwrap_or(GRACE),
            stuck_after: wishes.stuck_after.unwrap_or(30 * MINUTE),
            abandoned_after: wishes.abandoned_after.unwrap_or(30 * MINUTE),
            compress_after: wishes.compress_after.unwrap_or(30 * DAY),
            approval_wait: wishes.approval_wait.unwrap_or(APPROVAL_WAIT),
            actions_per_second: wishes.actions_per_second.unwrap_or(ACTIONS_PER_SECOND),
            detach_keys: wishes.detach_keys.unwrap_or_default(),
            search_path: std::env::split_paths(&search_path).collect(),
            home,
            state_dir: state.join("session-manager"),
            open_files: None,
            path,
            mistakes,
        }
    }
}

impl Surroundings<'_> {
    /// An empty variable is as good as none.
    fn value_of(&self, name: &str) -> Option<OsString> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    fn home(&self) -> Option<PathBuf> {
        self.value_of("HOME")
            .map(PathBuf::from)
            .filter(|home| home.is_absolute())
            .or_else(|| self.login_home.clone())
    }

    /// A base directory that a variable names; the specification has a relative path ignored.
    fn base(&self, variable: &str) -> Option<PathBuf> {
        self.value_of(variable)
            .map(PathBuf::from)
            .filter(|directory| directory.is_absolute())
    }

    /// Where the configuration file is looked for.
    fn path(&self) -> Option<PathBuf> {
        self.base("XDG_CONFIG_HOME")
            .or_else(|| self.home().map(|home| home.join(".config")))
            .map(|directory| directory.join("session-manager/config.toml"))
    }

    /// Returns whom resumed sessions run as, `None` for ourselves.
    fn check_login(&self, login: String) -> Result<Option<String>, String> {
        if self.login.as_ref() == Some(&login) {
            Ok(None)
        } else if !(self.has_login)(&login) {
            Err(format!("there is no user {login:?} on this machine."))
        } else if !self.is_root {
            Err(format!(
                "only root can run sessions as {login:?}; leave it out, or run the server as root."
            ))
        } else {
            Ok(Some(login))
        }
    }
}

/// Returns the file's text, `None` where there is no file.
fn read_file(path: &Path) -> Result<Option<String>, String> {
    let place = path.display();
    // Opening a FIFO would wait for a writer for ever.
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() => {}
        Ok(_) => return Err(format!("{place} is not a file.")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{place} can't be read: {error}.")),
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(format!("{place} can't be read: {error}.")),
    }
}

/// Reads the comma-separated homes of the environment; `None` where all are wrong.
fn homes_in(
    list: &OsString,
    home: Option<&Path>,
    mistakes: &mut Vec<String>,
) -> Option<Vec<PathBuf>> {
    let mut homes = Vec::new();
    for entry in list.to_string_lossy().split(',').map(str::trim) {
        match file::absolute(entry, home) {
            Ok(path) if !homes.contains(&path) => homes.push(path),
            Ok(_) => {}
            Err(_) if entry.is_empty() => {}
            Err(why) => mistakes.push(format!("SESSION_MANAGER_HOMES: {why}")),
        }
    }
    (!homes.is_empty()).then_some(homes)
}

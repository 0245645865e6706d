//! What the person wants, read once at start, validated whole and passed down as values.

use std::{path::PathBuf, time::Duration};

/// The whole configuration. Whoever needs a part is handed it; nobody else reads file or environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// Home directories whose sessions are listed, `<home>/.claude` each. Never empty.
    pub homes: Vec<PathBuf>,
    /// The login name that resumed sessions run as, `None` for our own user.
    pub user: Option<String>,
    /// The port to bind on 127.0.0.1, 0 for any free one.
    pub port: u16,
    /// `host:port` values that `Host` may carry besides our own address.
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
    /// The directories of `PATH`, in order.
    pub search_path: Vec<PathBuf>,
    /// Our own home.
    pub home: PathBuf,
    /// Where the file is looked for, whether or not it is there; `None` where no home is known.
    pub path: Option<PathBuf>,
    /// What is wrong in the file, one sentence each. While there is any, the server refuses to act.
    pub mistakes: Vec<String>,
}

impl Config {
    /// Reads the configuration of this process.
    pub fn load() -> Self {
        let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"));
        Self {
            homes: vec![home.clone()],
            user: None,
            port: 0,
            allowed_hosts: Vec::new(),
            claude: None,
            grace: Duration::from_secs(5),
            stuck_after: Duration::from_secs(30 * 60),
            abandoned_after: Duration::from_secs(30 * 60),
            compress_after: Duration::from_secs(30 * 24 * 3600),
            search_path: std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
                .collect(),
            path: Some(home.join(".config/session-manager/config.toml")),
            home,
            mistakes: Vec::new(),
        }
    }
}

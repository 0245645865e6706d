//! The verbs of the product, one method each, straight lines from question to answer.
//!
//! Knows the order of steps. Does not know HTTP, signals, file formats or rules.

mod account;
mod act;
mod acting;
mod claim;
mod cleanup;
mod company;
mod descent;
mod desk;
mod drive;
mod error;
mod evidence;
mod history;
mod holder;
mod list;
mod live;
mod marks;
mod orphans;
mod output;
mod pane;
mod resume;
mod rules;
mod seat;
mod signs;
mod start;
mod terminal;
mod tool_processes;
mod twins;
mod typed;

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Weak},
    time::Duration,
};

use session_core::kill;
use tokio::sync::Semaphore;
use wire::{
    Caller, CleanupReport, CleanupRequest, Context, Health, Pid, RecentList, ResumeRequest,
    Resumed, Verb, Why,
};

use self::{
    acting::Board, claim::Claims, descent::Descents, evidence::Exertions, live::Live,
    tool_processes::ToolProcesses, typed::Typed,
};
pub use self::{
    drive::{Cancel, Interrupted},
    error::ServiceError,
    history::Called,
    orphans::Origin,
    output::Outputs,
    seat::Seat,
    typed::Count,
};
use crate::{
    audit::{AuditLog, Deed},
    clock::now,
    config::Config,
    desk::Desk,
    held::Holders,
    hooks::given::Given,
    observe::{
        self, Home, Look, Observer,
        proc::ProcReader,
        tools::Tools,
        transcript::{digest_cache::DigestCache, tail_cache::TailCache},
        users::Users,
    },
    present,
    state_dir::StateDir,
};

/// Everything a request needs. A clone is another handle on the same service.
#[derive(Clone, Debug)]
pub struct Service {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    observer: Observer,
    users: Users,
    claims: Claims,
    briefs: DigestCache,
    tails: TailCache,
    exertions: Exertions,
    tool_processes: ToolProcesses,
    live: Live,
    board: Board,
    typed: Typed,
    audit: AuditLog,
    descents: Descents,
    held: Arc<Holders>,
    desk: Arc<Desk>,
    given: Given,
    /// A reader that a process blocks keeps its thread; the threads of actions must not all go that way.
    readers: Arc<Semaphore>,
}

/// How long a look at the machine may take. One process that holds its memory lock blocks the reader of
/// its `cmdline`; the request must not wait with it.
const LOOK_DEADLINE: Duration = Duration::from_secs(10);

/// Looks at once. More than this can't be asked for by people, and is far below the runtime's threads.
const READERS: usize = 64;

impl Service {
    /// Prepares to look at this machine.
    pub fn new(config: Config) -> io::Result<Self> {
        let machine_id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let homes = config.homes.iter().map(|dir| Home {
            dir: dir.clone(),
            config_dir: dir.join(".claude"),
            origin: observe::Origin::Configured,
        });
        let homes: Vec<Home> = homes.collect();
        for home in &homes {
            if let Err(error) = home.owner() {
                tracing::warn!(home = %home.dir.display(), %error, "nothing is done for this home");
            }
        }
        let observer = Observer::new(ProcReader::at("/proc")?, homes, &machine_id);
        let descents = Descents::new(StateDir::at(&config.state_dir), observer.proc());
        let held = Arc::new(Holders::new(StateDir::at(&config.state_dir)));
        let audit = AuditLog::at(StateDir::at(&config.state_dir));
        let inner = Arc::new_cyclic(|inner| {
            let namespace = observer.proc().pid_namespace();
            let desk = desk::desk(&config, namespace, Weak::clone(inner));
            Inner {
                config,
                observer,
                users: Users::default(),
                claims: Claims::default(),
                briefs: DigestCache::new(),
                tails: TailCache::new(),
                exertions: Exertions::default(),
                tool_processes: ToolProcesses::default(),
                live: Live::new(),
                board: Board::default(),
                typed: Typed::default(),
                audit,
                descents,
                held,
                desk: Arc::new(desk),
                given: Given::default(),
                readers: Arc::new(Semaphore::new(READERS)),
            }
        });
        Ok(Self { inner })
    }

    /// Lists every live session, longest-running first.
    pub async fn sessions(&self) -> Result<Vec<wire::Session>, ServiceError> {
        self.blocking(|inner| Ok(inner.rows(&inner.look()?))).await
    }

    /// Lists the conversations whose transcripts changed within `days`, newest first.
    pub async fn recent(&self, days: u32) -> Result<RecentList, ServiceError> {
        self.unhurried(move |inner| inner.recent(days)).await
    }

    /// Lists the conversations that have ended and may be called `said`: by the beginnings of their ids, or by titles.
    pub async fn called(&self, said: &str) -> Result<Called, ServiceError> {
        let said = said.to_owned();
        self.unhurried(move |inner| inner.called(&said)).await
    }

    /// Tells what the conversation of a live session was last about.
    pub async fn context(&self, pid: Pid) -> Result<Context, ServiceError> {
        self.unhurried(move |inner| inner.context(pid)).await
    }

    /// Tells why a session is said to be in its state.
    pub async fn why(&self, pid: Pid) -> Result<Why, ServiceError> {
        self.blocking(move |inner| inner.why(pid)).await
    }

    /// Brings a conversation back to life in a detached terminal.
    pub async fn resume(
        &self,
        request: ResumeRequest,
        by: Caller,
    ) -> Result<Resumed, ServiceError> {
        let deed = Deed {
            verb: Verb::Resume,
            by,
            target: Some(present::audit::conversation(&request.session_id)),
        };
        let claim = self.refuse_when_degraded().and_then(|()| {
            let id = request.session_id.clone();
            let claim = self.inner.claims.conversation(id);
            claim.ok_or(ServiceError::Busy)
        });
        self.unhurried(move |inner| {
            let mut account = inner.account(deed);
            let resumed = claim.and_then(|_claim| inner.resume(&request, &mut account));
            account.close(resumed)
        })
        .await
    }

    /// Plans a cleanup, and executes the plan unless it is a dry run.
    pub async fn cleanup(
        &self,
        request: CleanupRequest,
        by: Caller,
    ) -> Result<CleanupReport, ServiceError> {
        if request.dry_run {
            return self.unhurried(Inner::plan_cleanup).await;
        }
        let deed = Deed {
            verb: Verb::Cleanup,
            by,
            target: None,
        };
        let claim = self
            .refuse_when_degraded()
            .and_then(|()| self.inner.claims.cleanup().ok_or(ServiceError::Busy));
        self.unhurried(move |inner| {
            let mut account = inner.account(deed);
            let report = claim.and_then(|_claim| inner.clean_up(&mut account));
            account.close(report)
        })
        .await
    }

    /// Tells whether the server is well.
    pub async fn health(&self) -> Result<Health, ServiceError> {
        self.blocking(|inner| Ok(inner.health())).await
    }

    fn refuse_when_degraded(&self) -> Result<(), ServiceError> {
        match self.inner.config.mistakes.as_slice() {
            [] => Ok(()),
            mistakes => Err(ServiceError::Config(mistakes.join(" "))),
        }
    }

    /// Runs what reads files and other processes off the thread that serves requests, under a deadline.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let too_long = |elapsed| {
            Err(ServiceError::fault(
                "Reading this machine takes too long; try again",
                elapsed,
            ))
        };
        let reading = async {
            let permit = Arc::clone(&self.inner.readers).acquire_owned().await;
            let work = move |inner: &Inner| {
                let _permit = permit;
                work(inner)
            };
            self.unhurried(work).await
        };
        tokio::time::timeout(LOOK_DEADLINE, reading)
            .await
            .unwrap_or_else(too_long)
    }

    /// The same for what takes as long as it takes.
    async fn unhurried<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner));
        done.await
            .unwrap_or_else(|error| Err(ServiceError::fault("The work broke off", error)))
    }
}

impl Inner {
    fn health(&self) -> Health {
        let config = &self.config;
        let tools = self.tools();
        let shown = |path: std::path::PathBuf| path.display().to_string();
        Health {
            ok: true,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            degraded: (!config.mistakes.is_empty()).then(|| config.mistakes.clone()),
            config: config.path.clone().map(shown),
            homes: config.homes.iter().cloned().map(shown).collect(),
            claude: tools.claude().map(shown),
            tmux: tools.tmux().map(shown),
        }
    }

    fn look(&self) -> Result<Look, ServiceError> {
        self.observer
            .look(now())
            .map_err(|error| ServiceError::fault("/proc can't be read", error))
    }

    fn look_at_pids(&self, pids: &BTreeSet<u32>) -> Result<Look, ServiceError> {
        let pids: Vec<u32> = pids.iter().copied().collect();
        self.observer
            .look_at(now(), &pids)
            .map_err(|error| ServiceError::fault("/proc can't be read", error))
    }

    /// Who acts: this server.
    fn actor(&self) -> kill::Actor {
        kill::Actor {
            uid: rustix::process::geteuid().as_raw(),
            home_owners: self.observer.home_owners(),
            lineage: self.observer.proc().lineage(std::process::id()),
        }
    }

    fn tools(&self) -> Tools {
        Tools {
            search_path: self.config.search_path.clone(),
            home: self.config.home.clone(),
            claude: self.config.claude.clone(),
        }
    }
}

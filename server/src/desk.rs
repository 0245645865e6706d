//! What sessions ask that we don't hold by their pipes, by way of our hook in them: answered here by a person or a rule, or left to their
//! own terminals.
//!
//! Knows when a request is over: decided, answered in the terminal, given up by its hook, or out of time. Does not know what
//! a rule says, nor who is at the page.

pub mod answer;
mod attend;
mod book;
pub mod elsewhere;
mod look;
mod lookout;
pub mod place;
pub mod protocol;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::process::geteuid;
use session_core::id::UnixMillis;
use tokio::{
    net::UnixListener,
    sync::{oneshot, watch},
    task::spawn_blocking,
    time::timeout,
};
use wire::{
    Approval, AuditTarget, Caller, Code, DecidedBy, DecisionOutcome, Face, RequestId, SessionId,
    Verb,
};

use self::{
    answer::Verdict,
    book::{Book, Closed, Open, Order},
    look::Stand,
    place::{OwnSocket, Place},
    protocol::Asking,
};
use crate::audit::{AuditLog, Deed, Outcome};

/// The open requests of all such sessions.
pub struct Desk {
    home: PathBuf,
    /// The pid namespace in which keys mean something to our callers.
    namespace: String,
    /// For how long a request waits before the terminal alone decides.
    wait: Duration,
    book: Mutex<Book>,
    /// When somebody last asked what is open, by another way than the live list.
    listed: Mutex<Option<Instant>>,
    changed: watch::Sender<u64>,
    /// Hooks find us.
    is_kept: AtomicBool,
    audit: AuditLog,
    company: Company,
}

/// Those on whom the desk relies.
pub struct Company {
    /// Whether somebody is there who could decide.
    pub is_followed: Box<dyn Fn() -> bool + Send + Sync>,
    /// What the rules say of a request; `None` where a person is asked.
    pub judge: Box<Judge>,
}

/// Judges a request.
pub type Judge = dyn Fn(&Asking) -> Option<Ruled> + Send + Sync;

/// What a rule decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    pub verdict: Verdict,
    /// The rule, in words for the audit log.
    pub rule: String,
}

/// Why a decision does not count, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    pub code: Code,
    pub sentence: String,
}

/// Keeps the socket open; the requests that are open then are released when it is dropped with its runtime.
#[derive(Debug)]
pub struct Opened {
    listener: UnixListener,
    _socket: OwnSocket,
}

/// A hook that lives prints at once, and Claude Code reads at once.
const DELIVERY: Duration = Duration::from_secs(5);
impl Desk {
    /// `home` is our own, `wait` for how long a request waits.
    pub fn new(
        home: &Path,
        namespace: &str,
        wait: Duration,
        audit: AuditLog,
        company: Company,
    ) -> Self {
        Self {
            home: home.to_owned(),
            namespace: namespace.to_owned(),
            wait,
            book: Mutex::default(),
            listed: Mutex::default(),
            changed: watch::Sender::new(0),
            is_kept: AtomicBool::new(false),
            audit,
            company,
        }
    }

    /// Opens the socket that hooks look for.
    pub fn listen(&self) -> io::Result<Opened> {
        let (listener, socket) = Place::make(&self.home)?.listen()?;
        self.is_kept.store(true, Ordering::Relaxed);
        Ok(Opened {
            listener,
            _socket: socket,
        })
    }

    /// Answers hooks for as long as it is polled.
    pub async fn keep(self: Arc<Self>, opened: Opened) {
        let looks = Arc::clone(&self).keep_looking();
        tokio::join!(attend::accept(self, &opened.listener), looks);
    }

    /// Whether this process is one that hooks find. In any other, what is asked is asked elsewhere.
    pub fn is_kept(&self) -> bool {
        self.is_kept.load(Ordering::Relaxed)
    }

    /// All that is asked and not decided, oldest first.
    pub fn open(&self) -> Vec<Approval> {
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.book().approvals()
    }

    /// Hears that the list of what is open has become another one.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Whether a request is, or was lately, one of ours.
    pub fn knows(&self, id: &RequestId) -> bool {
        let book = self.book();
        book.find(id).is_some() || book.closed(id).is_some()
    }

    /// What would be noted of a decision on a request; `None` where there is none such.
    pub fn target(&self, id: &RequestId) -> Option<AuditTarget> {
        self.book().find(id).map(|open| target(&open.approval))
    }

    /// Decides a request, once. Returns when Claude Code has the decision.
    pub async fn decide(
        &self,
        id: &RequestId,
        session: &SessionId,
        verdict: Verdict,
    ) -> Result<(), Refusal> {
        let (output, source, at, has_waited) = {
            let book = self.book();
            let Some(open) = book.find(id) else {
                return Err(self.late(&book, id));
            };
            if open.approval.session_id != *session {
                return Err(nobody_asks());
            }
            let asked = &open.approval;
            let output = answer::output(&asked.tool, &asked.input, &verdict);
            let output = output.map_err(|sentence| Refusal::new(Code::BadRequest, sentence))?;
            let source = open.source.clone().filter(|_| !open.blocks);
            (output, source, UnixMillis(asked.at), open.has_waited)
        };
        if let Some(source) = source {
            let look = move || Stand::of(look::record(&source).as_ref(), at, has_waited);
            if matches!(spawn_blocking(look).await, Ok(Stand::GoneOn)) {
                self.withdraw(std::slice::from_ref(id));
            }
        }
        let closed = Closed {
            outcome: verdict.decision,
            by: DecidedBy::Person,
        };
        let open = {
            let mut book = self.book();
            book.take(id, closed).ok_or_else(|| self.late(&book, id))?
        };
        self.tell();
        self.deliver(open, output).await
    }

    async fn deliver(&self, open: Open, output: serde_json::Value) -> Result<(), Refusal> {
        let (delivered, is_delivered) = oneshot::channel();
        // Fails where the hook has just gone, and then nobody tells of a delivery either.
        open.order.send(Order { output, delivered }).ok();
        if matches!(timeout(DELIVERY, is_delivered).await, Ok(Ok(()))) {
            return Ok(());
        }
        let mut book = self.book();
        let id = open.approval.id;
        book.remember(id.clone(), Closed::withdrawn(DecidedBy::Session));
        Err(self.late(&book, &id))
    }

    /// Says why nothing can be decided any more.
    fn late(&self, book: &Book, id: &RequestId) -> Refusal {
        let Some(closed) = book.closed(id) else {
            return nobody_asks();
        };
        let sentence = match (closed.outcome, closed.by) {
            (DecisionOutcome::Allow, DecidedBy::Rule) => "A rule has allowed this already.",
            (DecisionOutcome::Deny, DecidedBy::Rule) => "A rule has denied this already.",
            (DecisionOutcome::Allow, _) => "This was allowed already.",
            (DecisionOutcome::Deny, _) => "This was denied already.",
            (DecisionOutcome::Withdrawn | DecisionOutcome::Unknown, DecidedBy::Timeout) => {
                "The time to decide this here is over; decide it in the session's own terminal."
            }
            (DecisionOutcome::Withdrawn | DecisionOutcome::Unknown, _) => {
                "The session does not wait for this any more: it was answered in its own terminal, or has gone on."
            }
        };
        let code = match closed.outcome {
            DecisionOutcome::Allow | DecisionOutcome::Deny => Code::Decided,
            DecisionOutcome::Withdrawn | DecisionOutcome::Unknown => Code::NoApproval,
        };
        Refusal::new(code, sentence)
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what no person decided.
    async fn note(self: &Arc<Self>, target: AuditTarget, outcome: Outcome) {
        let deed = Deed {
            verb: Verb::Decide,
            by: Caller {
                uid: Some(geteuid().as_raw()),
                face: Face::Unknown,
            },
            target: Some(target),
        };
        let desk = Arc::clone(self);
        // What can't be written is in our own log.
        drop(spawn_blocking(move || desk.audit.note(deed, outcome)).await);
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("home", &self.home)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

impl Refusal {
    fn new(code: Code, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { code, sentence }
    }
}

/// Says that there is no such request.
pub fn nobody_asks() -> Refusal {
    let sentence = "No session asks this, or not any more; look at what is asked now.";
    Refusal::new(Code::NoApproval, sentence)
}

/// A decision for the audit log.
pub fn word(decision: DecisionOutcome) -> &'static str {
    match decision {
        DecisionOutcome::Allow => "allow",
        DecisionOutcome::Deny => "deny",
        DecisionOutcome::Withdrawn | DecisionOutcome::Unknown => "withdrawn",
    }
}

fn target(approval: &Approval) -> AuditTarget {
    AuditTarget {
        key: approval.key,
        session_id: Some(approval.session_id.clone()),
        cwd: Some(approval.cwd.clone()),
    }
}

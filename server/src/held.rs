//! The sessions that we hold, as their holders tell of them. The holders are processes of their own and outlive this one.
//!
//! Knows who is held and what each says. Does not know what a session is told, nor how it is started.

mod bell;

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use session_core::{evidence::Stream, id::ProcessKey, id::UnixMillis};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use wire::{Approval, Caller, Code, Holder, HolderKind, SessionId, Who};

use self::bell::Bell;
use crate::{
    hold::{
        client::Client,
        lost,
        place::Place,
        protocol::{Asked, Do, Now, Reply, Told},
    },
    present,
    state_dir::StateDir,
};

/// All of them.
#[derive(Debug)]
pub struct Holders {
    state: StateDir,
    all: Mutex<BTreeMap<SessionId, Line>>,
    /// Counts what is new.
    news: watch::Sender<u64>,
}

/// The connection to one holder.
#[derive(Debug)]
struct Line {
    /// `None` until it has said something.
    held: Option<Held>,
}

/// One session at one moment.
#[derive(Clone, Debug)]
pub struct Held {
    /// The name of its holder's directory: the conversation that it was started with.
    pub dir: SessionId,
    pub kind: HolderKind,
    pub process: ProcessKey,
    /// What it says that it does; `None` in a terminal, where its registry file and its transcript tell.
    pub stream: Option<Stream>,
    pub now: Now,
}

impl Held {
    /// What holds it, for people.
    pub fn holder(&self) -> Holder {
        holder(self.kind, &self.now.session_id)
    }
}

/// What holds a session of ours, for people.
pub fn holder(kind: HolderKind, id: &SessionId) -> Holder {
    match kind {
        HolderKind::Pty => Holder::Pty {
            attach: attach_command(id),
        },
        HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => Holder::Stdio {},
    }
}

/// The command that shows the terminal of a session that we hold.
pub fn attach_command(id: &SessionId) -> String {
    format!("session-manager attach {id}")
}

/// Why a holder could not be made to do something.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("the session's holder can't be reached")]
    Connect(#[source] io::Error),
    #[error("the session's holder does not answer")]
    Silent,
    #[error("the session's holder has ended meanwhile")]
    Gone,
    #[error("{sentence}")]
    Refused { code: Code, sentence: String },
}

/// A holder answers at once, or when Claude Code does; an end takes as long as two signals do.
const REPLY: Duration = Duration::from_secs(45);

/// Between two looks for holders that others have started, where none is heard.
const SEARCH: Duration = Duration::from_secs(2);

/// The same where they are heard: those of an earlier version are not, and a log whose end could not be written is tried again.
const SWEEP: Duration = Duration::from_secs(20);

/// Until the holders that are there have all said something, when somebody waits for it.
const MEET: Duration = Duration::from_secs(5);

impl Holders {
    pub fn new(state: StateDir) -> Self {
        Self {
            state,
            all: Mutex::default(),
            news: watch::Sender::new(0),
        }
    }

    /// Finds the holders that are there and hears what each has to say; those that come later, too, for as long as the
    /// runtime lives.
    pub async fn meet(self: &Arc<Self>) {
        let mut met = JoinSet::new();
        for mut told in self.search() {
            met.spawn(async move { told.changed().await });
        }
        timeout(MEET, met.join_all()).await.ok();
    }

    /// Goes on finding holders, as they come.
    pub async fn keep_meeting(self: Arc<Self>) {
        let mut bell = None;
        loop {
            match &mut bell {
                None => {
                    bell = Bell::of(&self.state)
                        .inspect_err(|error| tracing::debug!(%error, "holders are not heard"))
                        .ok();
                    if bell.is_none() {
                        tokio::time::sleep(SEARCH).await;
                    }
                }
                Some(rung) => match timeout(SWEEP, rung.rings()).await {
                    Ok(true) | Err(_) => {}
                    Ok(false) => bell = None,
                },
            }
            drop(self.search());
        }
    }

    /// Connects to the holder of a session that has just been started.
    pub async fn meet_one(self: &Arc<Self>, id: &SessionId) {
        let mut news = self.subscribe();
        drop(self.connect(id));
        // Somebody else may have found it meanwhile, and not have heard of it yet.
        let has_spoken = |_: &u64| self.all().get(id).is_none_or(|line| line.held.is_some());
        timeout(MEET, news.wait_for(has_spoken)).await.ok();
    }

    /// How a process is held, `None` where it is not.
    pub fn of(&self, process: ProcessKey) -> Option<Held> {
        self.held().into_iter().find(|held| held.process == process)
    }

    /// The session that is meant, `None` where it is not held.
    pub fn find(&self, who: &Who) -> Option<Held> {
        let mut all = self.held();
        let meant = match who {
            Who::Pid(pid) => all.iter().position(|held| held.now.key.pid == *pid),
            // Whoever started it may not know that `/clear` has given it another id.
            Who::Session(id) => all
                .iter()
                .position(|held| held.now.session_id == *id)
                .or_else(|| all.iter().position(|held| held.dir == *id)),
        };
        meant.map(|place| all.swap_remove(place))
    }

    /// Every session that is held.
    pub fn held(&self) -> Vec<Held> {
        let all = self.all();
        all.values().filter_map(|line| line.held.clone()).collect()
    }

    /// What they all ask, oldest first.
    pub fn approvals(&self) -> Vec<Approval> {
        let held = self.held().into_iter();
        let mut approvals: Vec<Approval> = held.flat_map(|held| held.now.approvals).collect();
        approvals.sort_by_key(|approval| approval.at);
        approvals
    }

    /// Hears that something is new.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Has a holder do something, and waits for its reply.
    pub async fn ask(&self, dir: &SessionId, what: Do, by: Caller) -> Result<Reply, AskError> {
        let place = Place::find(&self.state, dir).map_err(AskError::Connect)?;
        let place = place.ok_or(AskError::Gone)?;
        let asking = async {
            let mut client = Client::connect(place).await.map_err(AskError::Connect)?;
            let asked = Asked::Do { id: 1, by, what };
            client.ask(&asked).await.map_err(|_| AskError::Gone)?;
            loop {
                match client.next().await.map_err(|_| AskError::Gone)? {
                    Some(Told::Reply { id: 1, reply }) => return Ok(reply),
                    Some(_) => {}
                    None => return Err(AskError::Gone),
                }
            }
        };
        match timeout(REPLY, asking).await {
            Ok(Ok(Reply::Refused { code, sentence })) => Err(AskError::Refused { code, sentence }),
            Ok(replied) => replied,
            Err(_) => Err(AskError::Silent),
        }
    }

    /// Opens the directory of a session that is or was held.
    pub fn place(&self, dir: &SessionId) -> io::Result<Option<Place>> {
        Place::find(&self.state, dir)
    }

    /// Returns what tells of the first word of each holder that was not known.
    fn search(self: &Arc<Self>) -> Vec<watch::Receiver<bool>> {
        let ids = Place::all(&self.state).unwrap_or_else(|error| {
            tracing::warn!(%error, "the holders can't be looked for");
            Vec::new()
        });
        ids.iter().filter_map(|id| self.connect(id)).collect()
    }

    fn connect(self: &Arc<Self>, id: &SessionId) -> Option<watch::Receiver<bool>> {
        let place = Place::find(&self.state, id).ok()??;
        if !place.has_socket() {
            return None;
        }
        match self.all().entry(id.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => drop(free.insert(Line { held: None })),
        }
        let (told, first) = watch::channel(false);
        let (holders, id) = (Arc::clone(self), id.clone());
        tokio::spawn(async move {
            let has_ended = holders.listen(&id, place, &told).await;
            // At once: whoever starts it again is met anew.
            holders.all().remove(&id);
            holders.tell();
            told.send_replace(true);
            match has_ended {
                Ok(true) => return,
                Ok(false) => tracing::debug!(%id, "a holder has gone"),
                Err(error) => tracing::debug!(%id, %error, "a holder has gone"),
            }
            holders.conclude(&id).await;
        });
        Some(first)
    }

    /// Hears what a holder says until it has gone; true where it has said that its session has ended.
    async fn listen(
        &self,
        id: &SessionId,
        place: Place,
        told: &watch::Sender<bool>,
    ) -> io::Result<bool> {
        let mut client = Client::connect(place).await?;
        client.ask(&Asked::Watch).await?;
        while let Some(says) = client.next().await? {
            match says {
                Told::Now(now) => {
                    let held = held(id, client.kind, now);
                    if let Some(line) = self.all().get_mut(id) {
                        line.held = Some(held);
                    }
                    told.send_replace(true);
                    self.tell();
                }
                Told::End => return Ok(true),
                // What was not asked for.
                Told::Hello { .. }
                | Told::Events { .. }
                | Told::Delta { .. }
                | Told::Caught { .. }
                | Told::Screen { .. }
                | Told::Picture(_)
                | Told::Reply { .. }
                | Told::Unknown => {}
            }
        }
        Ok(false)
    }

    /// Writes the end of a log whose holder did not.
    async fn conclude(&self, id: &SessionId) {
        let (state, its) = (self.state.clone(), id.clone());
        let concluded = tokio::task::spawn_blocking(move || lost::conclude(&state, &its));
        match concluded.await {
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(error)) => tracing::warn!(%id, %error, "the end of a log can't be written"),
        }
    }

    fn tell(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<SessionId, Line>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(dir: &SessionId, kind: HolderKind, now: Now) -> Held {
    Held {
        dir: dir.clone(),
        kind,
        process: present::core_key(now.key),
        stream: match kind {
            HolderKind::Pty => None,
            HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => Some(Stream {
                state: present::core_state(now.state),
                since: UnixMillis(now.since),
                ask: now
                    .approvals
                    .first()
                    .map(|approval| present::core_ask(&approval.ask)),
            }),
        },
        now,
    }
}

/// What a process and its approvals were at the last look, to tell what is new.
#[derive(Debug, Default)]
pub struct Seen {
    states: HashMap<ProcessKey, (UnixMillis, Option<String>, usize)>,
    approvals: Vec<wire::RequestId>,
}

impl Seen {
    /// Returns the processes of which something is new, and whether what is asked is another list.
    pub fn look(&mut self, holders: &Holders) -> (Vec<u32>, bool) {
        let held = holders.held();
        let states: HashMap<_, _> = held
            .iter()
            .map(|held| {
                let asked = held.now.approvals.len();
                (
                    held.process,
                    (UnixMillis(held.now.since), held.now.name.clone(), asked),
                )
            })
            .collect();
        let is_new = |(process, state): (&ProcessKey, &_)| {
            (self.states.get(process) != Some(state)).then_some(process.pid)
        };
        let mut news: Vec<u32> = states.iter().filter_map(is_new).collect();
        let gone = self.states.keys().filter(|key| !states.contains_key(key));
        news.extend(gone.map(|key| key.pid));
        let approvals: Vec<_> = holders.approvals().into_iter().map(|it| it.id).collect();
        let asks_other = approvals != self.approvals;
        (self.states, self.approvals) = (states, approvals);
        (news, asks_other)
    }
}

//! What a session said, from one event on, and what it says from now on.
//!
//! Knows where the events of a session come from: from its holder while that lives, from its log afterwards, and of a session
//! that we never held from its transcript. Does not know how a client is reached. What is not taken is not read, so that a
//! slow client costs a few hundred kilobytes and no more.

mod back;
mod kept;
mod live;
mod written;

use session_core::id::UnixMillis;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, spawn_blocking},
};
use wire::{Event, Numbering, Output, SessionId, Since, Who};

use self::{kept::Kept, live::Line, written::Written};
use super::{Inner, Service, ServiceError, company::Company, history};
use crate::{
    event_log::LogReader, hold::place::Place, observe::transcript::Transcripts, present,
    state_dir::StateDir,
};

/// What is read and sent at once, in bytes of JSON; one event may have more.
const PART: usize = 128 << 10;

/// What one client is told of one session. The reading behind it ends when this is dropped.
#[derive(Debug)]
pub struct Outputs {
    /// As it was asked for, or of the process that was.
    pub session_id: SessionId,
    /// The list in which the events are numbered, `None` where that is found out with the first of them.
    pub numbering: Option<Numbering>,
    outputs: mpsc::Receiver<Output>,
    reading: AbortHandle,
}

impl Outputs {
    /// Waits for what comes next. `None` after the end. Nothing is lost where the wait is given up.
    pub async fn next(&mut self) -> Option<Output> {
        self.outputs.recv().await
    }

    /// The same without waiting for it.
    pub fn poll_next(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Output>> {
        self.outputs.poll_recv(context)
    }

    /// Tells what somebody else brings, in a test.
    #[cfg(test)]
    pub(crate) fn of(outputs: mpsc::Receiver<Output>) -> Self {
        let reading = tokio::spawn(async {}).abort_handle();
        Self {
            session_id: "086ce0db".parse().expect("digits are an id"),
            numbering: None,
            outputs,
            reading,
        }
    }

    /// Tells what `tell` hands to its outlet.
    fn begin<F>(id: SessionId, numbering: Option<Numbering>, tell: impl FnOnce(Outlet) -> F) -> Self
    where
        F: Future<Output = Result<(), Gone>> + Send + 'static,
    {
        // One is under way and the next is not read before that has been taken.
        let (sender, outputs) = mpsc::channel(1);
        let session_id = id.clone();
        let told = tell(Outlet {
            id,
            numbering: numbering.clone(),
            sender,
        });
        let reading = tokio::spawn(async move {
            if let Err(Gone) = told.await {
                tracing::debug!("the client has gone");
            }
        });
        Self {
            session_id,
            numbering,
            outputs,
            reading: reading.abort_handle(),
        }
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Nobody takes it any more.
#[derive(Debug)]
struct Gone;

/// Where to put what one client is told of one session.
#[derive(Debug)]
struct Outlet {
    id: SessionId,
    /// `None` where nothing is numbered, since nothing was found.
    numbering: Option<Numbering>,
    sender: mpsc::Sender<Output>,
}

impl Outlet {
    async fn events(&self, events: Vec<Event>) -> Result<(), Gone> {
        if events.is_empty() {
            return Ok(());
        }
        self.put(Output::Events {
            session_id: self.id.clone(),
            numbering: self.numbering.clone(),
            events,
        })
        .await
    }

    async fn caught(&self, seq: u64) -> Result<(), Gone> {
        self.put(Output::Caught {
            session_id: self.id.clone(),
            seq,
            numbering: self.numbering.clone(),
        })
        .await
    }

    /// The last word. `reason` is `None` where the events tell of the end.
    async fn end(&self, reason: Option<&str>) -> Result<(), Gone> {
        self.put(Output::End {
            session_id: self.id.clone(),
            reason: reason.map(str::to_owned),
        })
        .await
    }

    async fn put(&self, output: Output) -> Result<(), Gone> {
        self.sender.send(output).await.map_err(|_| Gone)
    }
}

/// Where the events of a session come from.
#[derive(Debug)]
enum Source {
    Holder(Box<Line>),
    Log(Box<Kept>),
    Transcript(Box<Written>),
}

impl Source {
    /// The list in which its events are numbered.
    fn numbering(&self) -> Numbering {
        match self {
            Self::Holder(line) => Numbering::of_log(&line.dir),
            Self::Log(kept) => Numbering::of_log(&kept.dir),
            Self::Transcript(written) => Numbering::of_transcript(&written.named()),
        }
    }
}

impl Service {
    /// Tells what a session said after an event; where it is followed, what it says from now on as well, until it ends. Backwards,
    /// a part of what it said before an event.
    pub async fn output(&self, who: Who, since: Since) -> Result<Outputs, ServiceError> {
        let (id, source) = self.source(who, since).await?;
        let service = self.clone();
        let numbering = Some(source.numbering());
        if let Some(page) = since.back {
            let events = back::events(source, page).await?;
            return Ok(Outputs::begin(id, numbering, move |outlet| async move {
                outlet.events(events).await
            }));
        }
        Ok(Outputs::begin(id, numbering, move |outlet| {
            service.tell(source, since, outlet)
        }))
    }

    /// Follows a session. Where there is none of this id, that is told as the end of it.
    pub fn follow(&self, id: SessionId, after: u64) -> Outputs {
        let service = self.clone();
        let since = Since {
            after,
            follow: true,
            back: None,
        };
        Outputs::begin(id.clone(), None, move |mut outlet| async move {
            match service.source(Who::Session(id), since).await {
                Ok((_, source)) => {
                    outlet.numbering = Some(source.numbering());
                    service.tell(source, since, outlet).await
                }
                Err(error) => outlet.end(Some(&error.to_string())).await,
            }
        })
    }

    /// Finds the session and where its events come from.
    async fn source(&self, who: Who, since: Since) -> Result<(SessionId, Source), ServiceError> {
        let held = self.meant(&who).await;
        let (id, dir) = match (&who, held) {
            (Who::Session(id), Some(held)) => (Some(id.clone()), Some(held.dir)),
            (Who::Session(id), None) => (Some(id.clone()), Some(id.clone())),
            (Who::Pid(_), Some(held)) => (Some(held.now.session_id), Some(held.dir)),
            (Who::Pid(_), None) => (None, None),
        };
        if let (Some(id), Some(dir)) = (id, dir)
            && let Some(source) = self.of_holder(&dir, since).await
        {
            return Ok((id, source));
        }
        self.blocking(move |inner| inner.source(&who, since.after))
            .await
    }

    async fn tell(self, source: Source, since: Since, outlet: Outlet) -> Result<(), Gone> {
        match source {
            Source::Holder(line) => live::tell(*line, since.after, outlet).await,
            Source::Log(kept) if since.follow => kept::tell(*kept, since.after, outlet).await,
            Source::Log(kept) => kept::rest(kept.reader, since.after, &outlet)
                .await
                .map(drop),
            Source::Transcript(written) => written::tell(*written, since, self, outlet).await,
        }
    }

    /// `None` where no holder is there, or what it holds is a terminal: of that the transcript tells.
    async fn of_holder(&self, dir: &SessionId, since: Since) -> Option<Source> {
        let state = StateDir::at(&self.inner.config.state_dir);
        let line = Line::to(state, dir.clone()).await?;
        match line.client.kind {
            wire::HolderKind::Stdio if since.follow => Some(Source::Holder(Box::new(line))),
            wire::HolderKind::Stdio => {
                let reader = LogReader::open(line.client.place().directory(), since.after);
                let reader = reader.ok()?;
                let (place, state, dir) = line.into_place();
                Some(Source::Log(Box::new(Kept {
                    reader,
                    place,
                    state,
                    dir,
                })))
            }
            wire::HolderKind::Pty | wire::HolderKind::Tmux | wire::HolderKind::Unknown => None,
        }
    }
}

impl Inner {
    /// Where the events come from of a session without a holder.
    fn source(&self, who: &Who, after: u64) -> Result<(SessionId, Source), ServiceError> {
        let look = self.look()?;
        let sessions = look.sample.sessions();
        let company = Company::of(sessions.iter());
        for session in &sessions {
            let is_meant = match who {
                Who::Pid(pid) => session.key().pid == pid.get(),
                Who::Session(id) => session
                    .session_id()
                    .is_none_or(|it| it.as_str() == id.as_str()),
            };
            if !is_meant {
                continue;
            }
            // Its holder was killed, and it goes on to the end of its turn: its events are those of the log.
            if let Who::Session(id) = who
                && session.session_id().is_some()
                && self.held.of(session.key()).is_none()
                && self.log_is_of(id, session.started_at)
                && let Some(kept) = self.log(id, after)
            {
                return Ok((id.clone(), Source::Log(Box::new(kept))));
            }
            let found = match session.session_id() {
                Some(id) => {
                    let transcripts = history::transcripts(session, &look);
                    let cwd = history::recorded_cwd(session).map(str::to_owned);
                    transcripts.map(|transcripts| (transcripts, id.clone(), cwd))
                }
                None => self.unnamed(session, &look, &company).map(|found| {
                    let cwd = session.cwd().map(str::to_owned);
                    (found.transcripts, found.transcript.place.id, cwd)
                }),
            };
            match (found, who) {
                (Some((transcripts, id, cwd)), _) if is_named(who, &id) => {
                    let process = Some(session.key());
                    let named = present::session_id(&id);
                    let written = Written::new(transcripts, id, cwd, process, after);
                    return Ok((named, Source::Transcript(Box::new(written))));
                }
                (Some(_) | None, Who::Pid(pid)) => return Err(ServiceError::NoSession(*pid)),
                (Some(_) | None, Who::Session(_)) => {}
            }
        }
        let id = match who {
            Who::Pid(pid) => return Err(ServiceError::NoSession(*pid)),
            Who::Session(id) => id,
        };
        if let Some(kept) = self.log(id, after) {
            return Ok((id.clone(), Source::Log(Box::new(kept))));
        }
        let core_id = present::core_session_id(id);
        let found = self.locate(&look.homes, &core_id);
        let found = found.ok_or_else(|| ServiceError::NoConversation(id.clone()))?;
        let transcripts = Transcripts::at(&found.home.config_dir);
        let written = Written::new(transcripts, core_id, None, None, after);
        Ok((id.clone(), Source::Transcript(Box::new(written))))
    }

    /// Whether the log of a session was written to since a process has started, which is the one that it tells of.
    fn log_is_of(&self, id: &SessionId, started_at: UnixMillis) -> bool {
        let written_at = || {
            let place = Place::find(&StateDir::at(&self.config.state_dir), id).ok()??;
            let log = place.directory().directory("log".as_ref()).ok()?;
            let segments = log.names().ok()?.into_iter();
            let written = segments.filter_map(|name| log.entry(name.as_ref()).ok()?);
            written.map(|entry| entry.modified).max()
        };
        written_at().is_some_and(|at| at >= started_at)
    }

    /// Whether the log of a session is kept.
    pub(super) fn was_held(&self, id: &SessionId) -> bool {
        self.log(id, 0).is_some()
    }

    /// The log of a session that was held, `None` where there is nothing in it.
    fn log(&self, id: &SessionId, after: u64) -> Option<Kept> {
        let state = StateDir::at(&self.config.state_dir);
        let place = Place::find(&state, id).ok()??;
        let has_events = |after| {
            let reader = LogReader::open(place.directory(), after);
            reader
                .and_then(|mut reader| reader.next(1))
                .is_ok_and(|events| !events.is_empty())
        };
        // A number that was never given is one of another list: nothing is known to be sent.
        let is_known = after == 0 || has_events(after - 1);
        let after = if is_known { after } else { 0 };
        if !has_events(0) {
            return None;
        }
        Some(Kept {
            reader: LogReader::open(place.directory(), after).ok()?,
            place,
            state,
            dir: id.clone(),
        })
    }
}

fn is_named(who: &Who, id: &session_core::id::SessionId) -> bool {
    match who {
        Who::Pid(_) => true,
        Who::Session(named) => named.as_str() == id.as_str(),
    }
}

/// Runs what reads files off the thread that serves requests, and gives the reader back.
async fn aside<R: Send + 'static, T: Send + 'static>(
    mut reader: R,
    read: impl FnOnce(&mut R) -> T + Send + 'static,
) -> Result<(R, T), Gone> {
    let read = move || {
        let read = read(&mut reader);
        (reader, read)
    };
    // Only the end of the runtime keeps it from coming back.
    spawn_blocking(read).await.map_err(|_| Gone)
}

//! Which session a person means by a few characters.
//!
//! Knows what a session may be called by. Does not know what is done to it.

use wire::{Code, HolderKind, ProcessKey, RecentSession, Session, SessionId, State, Who};

use super::{look, text};
use crate::service::{Called, Service, ServiceError};

/// What the help says of it.
pub(super) const TAKES: &str = "\
A session is named by its id, the beginning of its id (at least 4 digits), its pid, or its name. What names several is
refused, and they are listed.";

const TAKES_SHORT: &str = "give its id, the beginning of its id, its pid, or its name.";

/// The beginning of an id that is not just any digit.
const SHORTEST: usize = Called::SHORTEST;

/// The digits of an id that are shown.
const SHOWN: usize = 8;

/// A session that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    id: Option<SessionId>,
    /// `None` for one that has ended.
    key: Option<ProcessKey>,
    name: Option<String>,
    /// These tell them apart where several are meant.
    state: Option<State>,
    project: Option<String>,
    is_held: bool,
}

impl From<Session> for Candidate {
    fn from(session: Session) -> Self {
        Self {
            is_held: is_ours(&session),
            id: session.session_id,
            key: Some(session.key),
            name: session.name,
            state: Some(session.state),
            project: Some(session.project),
        }
    }
}

impl From<RecentSession> for Candidate {
    fn from(session: RecentSession) -> Self {
        Self {
            id: Some(session.session_id),
            key: None,
            name: session.title,
            state: None,
            project: session.project,
            is_held: false,
        }
    }
}

impl Candidate {
    fn is_meant(&self, said: &str) -> bool {
        let id = self.id.as_ref().map(SessionId::as_str);
        let begins = said.len() >= SHORTEST && id.is_some_and(|id| id.starts_with(said));
        begins || self.is_process(said) || self.name.as_deref() == Some(said)
    }

    fn is_process(&self, said: &str) -> bool {
        self.key.is_some_and(|key| key.pid.to_string() == said)
    }

    /// Whether more than a name says so.
    fn is_numbered(&self, said: &str) -> bool {
        let unnamed = Self {
            name: None,
            ..self.clone()
        };
        unnamed.is_meant(said)
    }

    /// Its id, which outlives its process.
    fn conversation(&self) -> Option<Who> {
        let process = self.key.map(|key| Who::Pid(key.pid));
        self.id.clone().map(Who::Session).or(process)
    }

    /// What is held has one process at a time; of what is not, another process may have the conversation open as well.
    fn process(&self) -> Option<Who> {
        match self.key {
            Some(key) if !self.is_held => Some(Who::Pid(key.pid)),
            _ => self.conversation(),
        }
    }

    /// What tells it from others, the shortest first.
    fn line(&self) -> String {
        let id = self.id.as_ref().map(|id| short(id).to_owned());
        let pid = self.key.map(|key| format!("pid {}", key.pid));
        let state = self.state.map(|state| look::word(state).to_owned());
        let name = self.name.as_deref().map(text::line);
        let project = self.project.as_deref().map(text::line);
        let known: Vec<String> = [state, id, pid, project, name]
            .into_iter()
            .flatten()
            .collect();
        known.join(", ")
    }
}

/// As much of an id as people are shown where they may say it.
pub(super) fn short(id: &SessionId) -> &str {
    id.as_str().get(..SHOWN).unwrap_or(id.as_str())
}

/// Finds the running session that is meant.
pub(super) async fn running(service: &Service, said: &str) -> Result<Who, ServiceError> {
    alive(service, said, Candidate::process).await
}

/// Finds the process of the session that is meant.
pub(super) async fn process(service: &Service, said: &str) -> Result<ProcessKey, ServiceError> {
    alive(service, said, |one| one.key).await
}

/// Finds the conversation that the running session that is meant has open.
pub(super) async fn open(service: &Service, said: &str) -> Result<Who, ServiceError> {
    alive(service, said, Candidate::conversation).await
}

/// Finds the session that is meant, also among those that have ended.
pub(super) async fn any(service: &Service, said: &str) -> Result<Who, ServiceError> {
    let mut candidates = live(service).await?;
    if let Ok(who) = find(said, &candidates, Candidate::conversation) {
        return Ok(who);
    }
    if said.is_empty() {
        return Err(unclear(said, &[], None));
    }
    // A whole id needs no list, and what has no transcript may have a log.
    if said.len() == WHOLE
        && let Ok(id) = said.parse()
    {
        return Ok(Who::Session(id));
    }
    let (ended, titles) = ended(service, said).await?;
    candidates.extend(ended);
    if candidates.iter().any(|one| one.is_meant(said)) {
        find(said, &candidates, Candidate::conversation)
    } else {
        Err(unclear(said, &[], titles))
    }
}

/// Whether a holder of ours keeps it.
fn is_ours(session: &Session) -> bool {
    matches!(session.holder, Some(HolderKind::Stdio | HolderKind::Pty))
}

/// The length of a UUID.
const WHOLE: usize = 36;

/// Of those that run; one that has ended is said to have.
async fn alive<T>(
    service: &Service,
    said: &str,
    take: impl Fn(&Candidate) -> Option<T>,
) -> Result<T, ServiceError> {
    let candidates = live(service).await?;
    if candidates.iter().any(|one| one.is_meant(said)) || said.is_empty() {
        return find(said, &candidates, take);
    }
    let (ended, titles) = ended(service, said).await?;
    Err(past(said, &ended).unwrap_or_else(|| unclear(said, &[], titles)))
}

async fn live(service: &Service) -> Result<Vec<Candidate>, ServiceError> {
    let sessions = service.sessions().await?;
    Ok(sessions.into_iter().map(Candidate::from).collect())
}

/// Those that have ended and may be meant, and of how many of the newest the titles were read; `None` for all.
async fn ended(
    service: &Service,
    said: &str,
) -> Result<(Vec<Candidate>, Option<usize>), ServiceError> {
    let called = service.called(said).await?;
    let ended = called.sessions.into_iter().map(Candidate::from);
    Ok((ended.collect(), called.titles))
}

fn find<T>(
    said: &str,
    candidates: &[Candidate],
    take: impl Fn(&Candidate) -> Option<T>,
) -> Result<T, ServiceError> {
    let mut meant: Vec<&Candidate> = candidates.iter().filter(|one| one.is_meant(said)).collect();
    let is_whole = |one: &Candidate| one.id.as_ref().is_some_and(|id| id.as_str() == said);
    if meant.iter().any(|one| is_whole(one)) {
        meant.retain(|one| is_whole(one));
    } else if meant.iter().any(|one| one.is_process(said)) {
        // A name may be a number as well.
        meant.retain(|one| one.is_numbered(said));
    }
    match meant.as_slice() {
        [one] => take(one),
        _ => None,
    }
    .ok_or_else(|| unclear(said, &meant, None))
}

/// What is said of sessions that have ended and are meant as if they ran; `None` where none is meant.
fn past(said: &str, ended: &[Candidate]) -> Option<ServiceError> {
    let meant: Vec<&Candidate> = ended.iter().filter(|one| one.is_meant(said)).collect();
    let said = text::line(said);
    let sentence = match meant.as_slice() {
        [] => return None,
        [Candidate { id: Some(id), .. }] => format!(
            "{said} has ended; go on in it with `session-manager new --resume {}`.",
            short(id)
        ),
        several => format!(
            "No session that runs is called {said}, and several that have ended are; go on in one with `session-manager new --resume ID`:{}",
            listed(several)
        ),
    };
    Some(ServiceError::told(Code::Ended, sentence))
}

/// What is said of a name that names none, or several. `titles` is of how many of those that ended last the titles were read.
fn unclear(said: &str, meant: &[&Candidate], titles: Option<usize>) -> ServiceError {
    let said = text::line(said);
    let among = titles.map(|titles| {
        format!(", of those that run and the {titles} that ended last (older ones are found by their ids)")
    });
    let among = among.unwrap_or_default();
    let sentence = match meant {
        [] if said.is_empty() => format!("That names no session; {TAKES_SHORT}"),
        [] if said.len() < SHORTEST && said.chars().all(|c| c.is_ascii_hexdigit()) => format!(
            "{said} is no pid of a session and too short for the beginning of an id; give at least {SHORTEST} digits."
        ),
        [] => format!(
            "No session is called {said}{among}; `session-manager list` shows those that run, and with --all those that ended lately."
        ),
        several => format!(
            "{said} names several sessions; say which:{}",
            listed(several)
        ),
    };
    ServiceError::told(Code::BadRequest, sentence)
}

/// A line for each.
fn listed(several: &[&Candidate]) -> String {
    let lines = several.iter().map(|one| format!("\n{}", one.line()));
    lines.collect()
}

#[cfg(test)]
mod tests;

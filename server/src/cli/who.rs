//! Which session a person means by a few characters.
//!
//! Knows what a session may be called by. Does not know what is done to it.

use wire::{Code, HolderKind, ProcessKey, RecentSession, Session, SessionId, Who};

use super::text;
use crate::service::{Service, ServiceError};

/// What the help says of it.
pub(super) const TAKES: &str = "\
A session is named by its id, the beginning of its id (at least 4 digits), its pid, or its name. What names several is
refused, and they are listed.";

/// The beginning of an id that is not just any digit.
const SHORTEST: usize = 4;

/// A session that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    id: Option<SessionId>,
    /// `None` for one that has ended.
    key: Option<ProcessKey>,
    name: Option<String>,
    /// Tells them apart where several are meant.
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
            project: session.project,
            is_held: false,
        }
    }
}

impl Candidate {
    fn is_meant(&self, said: &str) -> bool {
        let id = self.id.as_ref().map(SessionId::as_str);
        let begins = said.len() >= SHORTEST && id.is_some_and(|id| id.starts_with(said));
        let is_pid = self.key.is_some_and(|key| key.pid.to_string() == said);
        begins || is_pid || self.name.as_deref() == Some(said)
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

    fn line(&self) -> String {
        let id = self.id.as_ref().map(ToString::to_string);
        let pid = self.key.map(|key| format!("pid {}", key.pid));
        let name = self.name.as_deref().map(text::line);
        let project = self.project.as_deref().map(text::line);
        let known: Vec<String> = [id, pid, project, name].into_iter().flatten().collect();
        known.join(", ")
    }
}

/// Finds the running session that is meant.
pub(super) async fn running(service: &Service, said: &str) -> Result<Who, ServiceError> {
    find(said, &live(service).await?, Candidate::process)
}

/// Finds the process of the session that is meant.
pub(super) async fn process(service: &Service, said: &str) -> Result<ProcessKey, ServiceError> {
    find(said, &live(service).await?, |one| one.key)
}

/// Finds the session that is meant, also among those that have ended.
pub(super) async fn any(service: &Service, said: &str) -> Result<Who, ServiceError> {
    let mut candidates = live(service).await?;
    if let Ok(who) = find(said, &candidates, Candidate::conversation) {
        return Ok(who);
    }
    // A whole id needs no list, and what has no transcript may have a log.
    if said.len() == WHOLE
        && let Ok(id) = said.parse()
    {
        return Ok(Who::Session(id));
    }
    let recent = service.recent(wire::Scope::MAX_DAYS).await?.sessions;
    let ended = recent.into_iter().filter(|one| one.live.is_none());
    candidates.extend(ended.map(Candidate::from));
    find(said, &candidates, Candidate::conversation)
}

/// Names any session that is held, `None` where none is.
pub(super) async fn held(service: &Service) -> Result<Option<SessionId>, ServiceError> {
    let sessions = service.sessions().await?.into_iter();
    let mut held = sessions.filter(is_ours);
    Ok(held.find_map(|session| session.session_id))
}

/// Whether a holder of ours keeps it.
fn is_ours(session: &Session) -> bool {
    matches!(session.holder, Some(HolderKind::Stdio | HolderKind::Pty))
}

/// The length of a UUID.
const WHOLE: usize = 36;

async fn live(service: &Service) -> Result<Vec<Candidate>, ServiceError> {
    let sessions = service.sessions().await?;
    Ok(sessions.into_iter().map(Candidate::from).collect())
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
    }
    match meant.as_slice() {
        [one] => take(one),
        _ => None,
    }
    .ok_or_else(|| unclear(said, &meant))
}

fn unclear(said: &str, meant: &[&Candidate]) -> ServiceError {
    let said = text::line(said);
    let sentence = match meant {
        [] if said.len() < SHORTEST && said.chars().all(|c| c.is_ascii_hexdigit()) => format!(
            "{said} is no pid of a session and too short for the beginning of an id; give at least {SHORTEST} digits."
        ),
        [] => format!("No session is called {said}; `session-manager list` shows those that run."),
        several => {
            let lines = several.iter().map(|one| one.line());
            let lines = lines.collect::<Vec<_>>().join("; ");
            format!("{said} names several sessions; say which: {lines}.")
        }
    };
    ServiceError::told(Code::BadRequest, sentence)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn candidate(id: &str, pid: u32, name: &str) -> Candidate {
        Candidate {
            id: Some(id.parse().unwrap()),
            key: Some(format!("{pid}:1").parse().unwrap()),
            name: Some(name.to_owned()),
            project: Some("app".to_owned()),
            is_held: id.starts_with("cafe"),
        }
    }

    fn check(said: &str, expected: &Expect) {
        let candidates = [
            candidate("1234abcd-0000-4000-8000-000000000001", 77, "parser"),
            candidate("1234abcd-0000-4000-8000-000000000002", 78, "notes"),
            candidate("cafe0000-0000-4000-8000-000000000003", 1234, "notes"),
            candidate(
                "beef0000-0000-4000-8000-000000000004",
                2345,
                "\x1b[2Jhostile",
            ),
            Candidate {
                id: None,
                name: None,
                ..candidate("00000000", 4711, "")
            },
        ];
        let found = find(said, &candidates, Candidate::process);
        let shown = found.map_or_else(|error| error.to_string(), |who| who.to_string());
        expected.assert_eq(&shown);
    }

    #[test]
    fn an_id_its_beginning_a_pid_and_a_name_name_a_session() {
        let second = expect!["78"];
        check("1234abcd-0000-4000-8000-000000000002", &second);
        check("78", &second);
        // That one is held.
        let third = expect!["cafe0000-0000-4000-8000-000000000003"];
        check("cafe", &third);
        check("parser", &expect!["77"]);
        check("4711", &expect!["4711"]);
    }

    #[test]
    fn what_names_several_lists_them() {
        check(
            "notes",
            &expect![
                "notes names several sessions; say which: 1234abcd-0000-4000-8000-000000000002, pid 78, app, notes; cafe0000-0000-4000-8000-000000000003, pid 1234, app, notes."
            ],
        );
        // The beginning of two ids, and the pid of a third.
        check(
            "1234",
            &expect![[r#"
            1234 names several sessions; say which: 1234abcd-0000-4000-8000-000000000001, pid 77, app, parser; 1234abcd-0000-4000-8000-000000000002, pid 78, app, notes; cafe0000-0000-4000-8000-000000000003, pid 1234, app, notes."#]],
        );
    }

    #[test]
    fn what_names_none_says_what_to_do() {
        check(
            "caf",
            &expect![
                "caf is no pid of a session and too short for the beginning of an id; give at least 4 digits."
            ],
        );
        check(
            "nobody",
            &expect!["No session is called nobody; `session-manager list` shows those that run."],
        );
        check(
            "\x1b[2J",
            &expect!["No session is called ␛[2J; `session-manager list` shows those that run."],
        );
        check(
            "",
            &expect![
                " is no pid of a session and too short for the beginning of an id; give at least 4 digits."
            ],
        );
    }
}

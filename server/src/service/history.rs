//! What transcripts remember: the recent conversations and what one was last about.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use session_core::{
    hook::Report,
    id::{ProcessKey, SessionId, UnixMillis},
    inventory::Session,
    transcript::{Place, tail::Tail},
};
use wire::{Context, Pid, RecentList, RecentSession};

use super::{Inner, ServiceError, company::Company};
use crate::{
    observe::{
        Home, Look, Origin,
        hooks::HookReports,
        transcript::{Transcript, Transcripts, recent::Brief},
    },
    present,
};

/// A conversation on disk and the home that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) home: Home,
    pub(super) transcript: Transcript,
}

/// Conversations that somebody may mean by a few characters.
#[derive(Clone, Debug)]
pub struct Called {
    pub sessions: Vec<RecentSession>,
    /// Of so many of the newest the titles were read; `None` for all.
    pub titles: Option<usize>,
}

impl Called {
    /// The beginning of an id that is not just any digit, in characters.
    pub const SHORTEST: usize = 4;
}

/// So many titles are read within a fraction of a second.
const MOST_TITLES: usize = 200;

/// What a live session wrote, or its hooks did. A field is `None` where it can't be read, or there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) brief: Option<Arc<Brief>>,
    /// Silent where there is no transcript yet.
    pub(super) tail: Option<Arc<Tail>>,
    pub(super) grown_at: Option<UnixMillis>,
    /// Where the transcript is, or will be.
    pub(super) path: Option<PathBuf>,
    /// The same of the transcript that is there.
    place: Option<Place>,
    /// What its subagents' transcripts say, as far as they were looked up.
    pub(super) agents: Vec<Arc<Tail>>,
    /// What its hooks last reported.
    pub(super) hook: Option<Report>,
}

impl Words {
    /// The conversation whose transcript was found.
    pub(super) fn id(&self) -> Option<&SessionId> {
        self.place.as_ref().map(|place| &place.id)
    }
}

impl Inner {
    pub(super) fn recent(&self, days: u32) -> Result<RecentList, ServiceError> {
        let look = self.look()?;
        let live = self.open_conversations(&look);
        let window = Duration::from_secs(u64::from(days) * 24 * 3600);
        let since = look
            .sample
            .taken_at
            .0
            .saturating_sub(u64::try_from(window.as_millis()).unwrap_or(u64::MAX));
        let mut found = Vec::new();
        for home in &look.homes {
            match Transcripts::at(&home.config_dir).recent(UnixMillis(since), &self.briefs) {
                Ok(recent) => found.extend(recent.into_iter().map(|recent| (home, recent))),
                Err(error) => {
                    tracing::warn!(home = %home.dir.display(), %error, "the transcripts can't be listed");
                }
            }
        }
        // A conversation that lies in two homes is the one that a resume would take.
        found.sort_by(|(home, a), (other, b)| {
            let (one, two) = (rank(home, &a.transcript), rank(other, &b.transcript));
            a.transcript.id().cmp(b.transcript.id()).then(two.cmp(&one))
        });
        found.dedup_by(|(_, later), (_, kept)| later.transcript.id() == kept.transcript.id());
        found.sort_by_key(|(_, recent)| std::cmp::Reverse(recent.transcript.modified));
        let sessions = found.iter().map(|(_, recent)| {
            let live = live.get(recent.transcript.id()).copied();
            present::recent(&recent.transcript, &recent.brief, live)
        });
        Ok(RecentList {
            sessions: sessions.collect(),
        })
    }

    /// The processes of the conversations that are open.
    fn open_conversations(&self, look: &Look) -> HashMap<SessionId, ProcessKey> {
        let sessions = look.sample.sessions();
        let unnamed = self.unnamed_in(look, &sessions);
        sessions
            .iter()
            .filter_map(|session| Some((session.session_id()?.clone(), session.key())))
            .chain(unnamed)
            .collect()
    }

    /// The conversations that have ended and may be called `said`, newest first: all whose ids begin with it, and of the newest
    /// those that are there, whose titles are read. To read all takes minutes where there are thousands.
    pub(super) fn called(&self, said: &str) -> Result<Called, ServiceError> {
        let look = self.look()?;
        let live = self.open_conversations(&look);
        let mut found = Vec::new();
        for home in &look.homes {
            let transcripts = Transcripts::at(&home.config_dir);
            match transcripts.newest(|transcript| !live.contains_key(transcript.id())) {
                Ok(newest) => found.extend(newest.into_iter().map(|one| (home, one))),
                Err(error) => {
                    tracing::warn!(home = %home.dir.display(), %error, "the transcripts can't be listed");
                }
            }
        }
        found.sort_by_key(|(home, one)| std::cmp::Reverse(rank(home, one)));
        let mut ids = HashSet::new();
        found.retain(|(_, one)| ids.insert(one.id().clone()));
        found.sort_by_key(|(_, one)| std::cmp::Reverse(one.modified));
        let titles = (found.len() > MOST_TITLES).then_some(MOST_TITLES);
        let read = found.iter().enumerate().filter_map(|(at, (home, one))| {
            let is_begun = said.len() >= Called::SHORTEST && one.id().as_str().starts_with(said);
            if at >= MOST_TITLES && !is_begun {
                return None;
            }
            let brief = Transcripts::at(&home.config_dir).brief(one, &self.briefs);
            let brief = brief.ok().filter(|brief| brief.conversation)?;
            Some(present::recent(one, &brief, None))
        });
        Ok(Called {
            sessions: read.collect(),
            titles,
        })
    }

    pub(super) fn context(&self, pid: Pid) -> Result<Context, ServiceError> {
        let look = self.look()?;
        let sessions = look.sample.sessions();
        let session = sessions
            .iter()
            .find(|session| session.key().pid == pid.get())
            .ok_or(ServiceError::NoSession(pid))?;
        let Some(id) = session.session_id() else {
            let found = self.unnamed(session, &look, &Company::of(sessions.iter()));
            let found = found.ok_or(ServiceError::NoSession(pid))?;
            return Ok(digest(&found.transcripts, &found.transcript));
        };
        let nothing = |note| Ok(present::context(id, None, Some(note)));
        let Some(transcripts) = transcripts(session, &look) else {
            return nothing("The session's home is not known.".to_owned());
        };
        let transcript = match transcripts.find(id, recorded_cwd(session)) {
            Ok(Some(transcript)) => transcript,
            Ok(None) => return nothing("The conversation has no transcript yet.".to_owned()),
            Err(error) => return nothing(format!("The transcripts can't be searched: {error}.")),
        };
        Ok(digest(&transcripts, &transcript))
    }

    /// What the transcript of a live session says.
    pub(super) fn words(&self, session: &Session, look: &Look, company: &Company) -> Words {
        if session.record.is_none() {
            return match self.unnamed(session, look, company) {
                Some(it) => Words {
                    hook: it.report,
                    ..self.read(&it.transcripts, &it.transcript)
                },
                None => Words::default(),
            };
        }
        let Some((transcripts, id)) = transcripts(session, look).zip(session.session_id()) else {
            return Words::default();
        };
        let cwd = recorded_cwd(session);
        let near = cwd.and_then(|cwd| transcripts.glance(id, cwd));
        let found = near.map_or_else(|| transcripts.find(id, cwd), |near| Ok(Some(near)));
        let words = match found {
            Ok(Some(transcript)) => self.read(&transcripts, &transcript),
            Ok(None) => Words {
                tail: Some(Arc::default()),
                path: cwd.and_then(|cwd| transcripts.expected(id, cwd)),
                ..Words::default()
            },
            Err(_) => Words::default(),
        };
        Words {
            hook: self.hook(session, look),
            ..words
        }
    }

    fn read(&self, transcripts: &Transcripts, transcript: &Transcript) -> Words {
        Words {
            brief: transcripts.brief(transcript, &self.briefs).ok(),
            tail: self.tails.get(transcripts, transcript),
            grown_at: Some(transcript.modified),
            path: Some(transcript.path.clone()),
            place: Some(transcript.place.clone()),
            ..Words::default()
        }
    }

    /// Adds what the session's subagents have written since then.
    pub(super) fn look_up_agents(&self, words: &mut Words, since: UnixMillis) {
        let Some(place) = &words.place else {
            return;
        };
        let transcripts = Transcripts::at(&place.config);
        for subagent in transcripts.subagents(place, since) {
            if let Some(tail) = self.tails.of_subagent(&transcripts, &subagent)
                && tail.at().is_some()
            {
                words.grown_at = words.grown_at.max(Some(subagent.modified));
                words.agents.push(tail);
            }
        }
    }

    /// What the hooks of a live session last reported. They write below the home of whoever runs it, which is not
    /// told where the configuration lies elsewhere; then it is ours, if it is anybody's that we know.
    fn hook(&self, session: &Session, look: &Look) -> Option<Report> {
        let home = look.homes.get(session.record.as_ref()?.home)?;
        let homes = match home.origin {
            Origin::Configured => &home.dir,
            Origin::Found => &self.config.home,
        };
        HookReports::at(homes).of(session.session_id()?)
    }

    /// Searches all homes; see `rank` for which one wins.
    pub(super) fn locate(&self, homes: &[Home], id: &SessionId) -> Option<Found> {
        let mut found = Vec::new();
        for home in homes {
            let transcript = match Transcripts::at(&home.config_dir).find(id, None) {
                Ok(transcript) => transcript,
                Err(error) => {
                    // Another home may have it all the same.
                    tracing::warn!(home = %home.dir.display(), %error, "the transcripts can't be searched");
                    None
                }
            };
            found.extend(transcript.map(|transcript| Found {
                home: home.clone(),
                transcript,
            }));
        }
        found
            .into_iter()
            .max_by_key(|found| rank(&found.home, &found.transcript))
    }
}

impl Found {
    /// The directory that the conversation was started in, `None` where no line says it.
    pub(super) fn first_cwd(&self) -> Result<Option<PathBuf>, ServiceError> {
        let cwd = Transcripts::at(&self.home.config_dir)
            .first_cwd(&self.transcript)
            .map_err(|error| ServiceError::fault(error.to_string().trim_end_matches('.'), error))?;
        Ok(cwd.map(PathBuf::from))
    }
}

fn digest(transcripts: &Transcripts, transcript: &Transcript) -> Context {
    match transcripts.digest(transcript) {
        Ok(reading) => present::context(transcript.id(), Some(reading.digest), reading.note),
        Err(unreadable) => present::context(transcript.id(), None, Some(unreadable.to_string())),
    }
}

/// A home that the person named wins over one that was found, what is not archived over what is, the newer
/// over the older.
fn rank(home: &Home, transcript: &Transcript) -> (bool, bool, UnixMillis) {
    let configured = home.origin == Origin::Configured;
    (configured, !transcript.archived, transcript.modified)
}

pub(super) fn transcripts(session: &Session, look: &Look) -> Option<Transcripts> {
    let home = look.homes.get(session.record.as_ref()?.home)?;
    Some(Transcripts::at(&home.config_dir))
}

/// Claude Code names the directory of a transcript after the cwd that it started in.
pub(super) fn recorded_cwd(session: &Session) -> Option<&str> {
    session
        .record
        .as_ref()?
        .what
        .cwd
        .as_deref()
        .or(session.cwd())
}

//! Which conversations are taken, so that a session that names none can be told its own.
//!
//! Versions before about 2.1.139 write no registry file and keep no file open. Their conversation is the one in their
//! directory that has been written since they started and that nobody else has; where two sessions could have it, or one
//! session two of them, nobody is told.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use session_core::{
    hook::{Ancestor, Report},
    id::{ProcessKey, SessionId, UnixMillis},
    inventory::Session,
    process::Namespace,
};

use super::Inner;
use crate::observe::{
    Look,
    hooks::HookReports,
    transcript::{Transcript, Transcripts},
};

/// What the sessions of one look hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Company {
    taken: HashSet<SessionId>,
    /// Owner and directory of each session that names no conversation.
    nameless: Vec<(u32, String)>,
}

/// 2.0.30 makes its transcript 2 to 3 s after its start, and writes to another one after /clear.
const BIRTH: Duration = Duration::from_secs(10);

/// What a session that names no conversation is taken to write.
pub(super) struct Unnamed {
    pub(super) transcripts: Transcripts,
    pub(super) transcript: Transcript,
    /// What its hooks last said, `None` where they did not tell of this process.
    pub(super) report: Option<Report>,
}

impl Company {
    pub(super) fn of<'a>(sessions: impl Iterator<Item = &'a Session> + Clone) -> Self {
        let nameless = sessions
            .clone()
            .filter(|session| session.record.is_none())
            .filter_map(|session| Some((session.process.uid, session.cwd()?.to_owned())));
        Self {
            taken: sessions.filter_map(Session::session_id).cloned().collect(),
            nameless: nameless.collect(),
        }
    }

    fn is_alone(&self, uid: u32, cwd: &str) -> bool {
        let same = |(owner, directory): &&(u32, String)| *owner == uid && directory == cwd;
        self.nameless.iter().filter(same).count() == 1
    }
}

impl Inner {
    /// The conversations that are open in sessions that name none.
    pub(super) fn unnamed_in(
        &self,
        look: &Look,
        sessions: &[Session],
    ) -> Vec<(SessionId, ProcessKey)> {
        let company = Company::of(sessions.iter());
        let nameless = sessions.iter().filter(|session| session.record.is_none());
        nameless
            .filter_map(|session| {
                let found = self.unnamed(session, look, &company)?;
                Some((found.transcript.id().clone(), session.key()))
            })
            .collect()
    }

    /// Finds the transcript of a session that no registry file names.
    pub(super) fn unnamed(
        &self,
        session: &Session,
        look: &Look,
        company: &Company,
    ) -> Option<Unnamed> {
        let uid = session.process.uid;
        let homes = look
            .homes
            .iter()
            .filter(|home| home.owner().is_ok_and(|owner| owner == uid));
        let cwd = session.cwd()?;
        let named = |home: &Path| {
            let reports = HookReports::at(home).all().into_iter();
            // A container's hooks count pids as its processes do.
            let ours = |ancestor: &Ancestor| {
                let is_there = match &session.process.namespace {
                    Namespace::Ours => true,
                    Namespace::Other { link, .. } => *link == ancestor.namespace,
                };
                is_there
                    && ancestor.key.pid == session.process.own_pid()
                    && ancestor.key.start_ticks == session.key().start_ticks
            };
            reports
                .filter(|report| report.process.as_ref().is_some_and(ours))
                .max_by_key(|report| report.at)
        };
        for home in homes {
            let transcripts = Transcripts::at(&home.config_dir);
            if let Some(report) = named(&home.dir)
                && let Ok(Some(transcript)) = transcripts.find(&report.session_id, Some(cwd))
            {
                return Some(Unnamed {
                    transcripts,
                    transcript,
                    report: Some(report),
                });
            }
            if session.has_key_file || !session.process.is_script() || !company.is_alone(uid, cwd) {
                continue;
            }
            let written = transcripts.begun_in(cwd).into_iter().filter(|transcript| {
                transcript.modified >= session.started_at
                    && !transcript.archived
                    && !company.taken.contains(transcript.id())
            });
            if let Some(newest) = only(written.collect(), session.started_at) {
                return Some(Unnamed {
                    transcripts,
                    transcript: newest,
                    report: None,
                });
            }
        }
        None
    }
}

/// The one of them that a process which started then must be writing: the only one, or the one that was made as it
/// started, as long as no other was written later. Another may be that of a process that has ended since.
fn only(mut written: Vec<Transcript>, started_at: UnixMillis) -> Option<Transcript> {
    let newest = written
        .iter()
        .enumerate()
        .max_by_key(|(_, transcript)| transcript.modified_nanos)?
        .0;
    let is_only = written.len() == 1;
    let newest = written.swap_remove(newest);
    (is_only || is_born_with(&newest.path, started_at)).then_some(newest)
}

fn is_born_with(path: &Path, started_at: UnixMillis) -> bool {
    let created = fs::symlink_metadata(path).and_then(|facts| facts.created());
    let created = created
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .map(UnixMillis);
    created.is_some_and(|born| born >= started_at && born.saturating_since(started_at) < BIRTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;

    const ONE: &str = "086ce0db-50b0-42a3-b30a-e82a2d9c2aac";
    const OTHER: &str = "607b503a-f1d9-4125-9748-6f1933188683";

    #[test]
    fn of_two_that_were_written_since_only_one_that_was_born_with_it_is_its_own() {
        let config = tempfile::tempdir().unwrap();
        let project = config.path().join("projects/-srv-x");
        fs::create_dir_all(&project).unwrap();
        let write = |id: &str| fs::write(project.join(format!("{id}.jsonl")), "{}\n").unwrap();
        let found = |started_at: u64| {
            let written = Transcripts::at(config.path()).begun_in("/srv/x");
            only(written, UnixMillis(started_at)).map(|found| found.id().to_string())
        };
        write(ONE);
        let long_ago = now().0 - 60_000;
        assert_eq!(found(long_ago).as_deref(), Some(ONE));
        // Time stamps of files are as coarse as the kernel's tick.
        std::thread::sleep(Duration::from_millis(20));
        write(OTHER);
        assert_eq!(found(long_ago), None);
        assert_eq!(found(now().0 - 5_000).as_deref(), Some(OTHER));
    }
}

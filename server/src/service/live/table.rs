//! The rows of the live list and where each of them comes from.
//!
//! Knows which sessions a piece of news is about. Does not know when to look.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use session_core::{
    id::{ProcessKey, SessionId},
    inventory::Session,
};

use crate::{
    observe::{Home, Look, Origin, hooks::HookReports},
    present,
    service::{Inner, ServiceError, company::Company, evidence::Known, twins},
    watch::{Events, Followed, Place},
};

#[derive(Default)]
pub(super) struct Table {
    /// In the order of the list: the longest-running first.
    entries: BTreeMap<(u64, u32), Entry>,
    homes: Vec<Home>,
    company: Company,
}

struct Entry {
    row: wire::Session,
    session: Session,
    followed: Followed,
    /// What it has open, or is taken to write.
    conversation: Option<SessionId>,
    /// The verdict may change without an event.
    doubtful: bool,
}

impl Table {
    pub(super) fn rows(&self) -> Vec<wire::Session> {
        let entries = self.entries.values();
        let mut rows: Vec<wire::Session> = entries.map(|entry| entry.row.clone()).collect();
        // Over all of them: news of one may be news of its twin.
        twins::pair(&mut rows);
        rows
    }

    /// What has to be watched for this list to stay true.
    pub(super) fn followed(&self) -> (Vec<Followed>, Vec<Place>) {
        let entries = self.entries.values();
        let followed = entries.map(|entry| entry.followed.clone()).collect();
        let mut places = BTreeSet::new();
        for home in &self.homes {
            places.insert(Place::Registry(home.config_dir.join("sessions")));
            if home.origin == Origin::Configured {
                places.insert(Place::Hooks(HookReports::at(&home.dir).path()));
            }
        }
        (followed, places.into_iter().collect())
    }

    /// Looks again at what the news is about.
    pub(super) fn refresh(&mut self, inner: &Inner, news: &Events) -> Result<(), ServiceError> {
        if !news.ended.is_empty() {
            let ended: HashSet<ProcessKey> = news.ended.iter().copied().collect();
            let has_ended = |_: &(u64, u32), entry: &mut Entry| ended.contains(&entry.followed.key);
            for (_, entry) in self.entries.extract_if(.., has_ended) {
                if let Some(transcript) = &entry.followed.transcript {
                    inner.tails.forget(transcript);
                }
            }
            inner.forget_all_but(|key| !ended.contains(&key));
        }
        if news.everything {
            return self.refresh_machine(inner);
        }
        let mut pids: BTreeSet<u32> = news.started.iter().copied().collect();
        pids.extend(news.stopped_or_continued.iter().map(|key| key.pid));
        // A file may be about a process that nobody knows yet.
        pids.extend(&news.registry);
        let told = |id: &SessionId| news.transcripts.contains(id) || news.hooks.contains(id);
        for entry in self.entries.values() {
            // The file has the pid as the process itself counts.
            if news.registry.contains(&entry.session.process.own_pid())
                || entry.conversation.as_ref().is_some_and(told)
            {
                pids.insert(entry.followed.key.pid);
            }
        }
        // Hooks may tell whose conversation it is that no registry file names, and whoever comes or goes leaves it in
        // doubt or clears it up.
        let nameless = self.entries.values().map(|entry| &entry.session);
        let nameless = nameless.filter(|session| session.record.is_none());
        pids.extend(nameless.map(|session| session.key().pid));
        self.refresh_pids(inner, &pids)
    }

    pub(super) fn refresh_all(&mut self, inner: &Inner) -> Result<(), ServiceError> {
        let entries = self.entries.values();
        let pids = entries.map(|entry| entry.followed.key.pid).collect();
        self.refresh_pids(inner, &pids)
    }

    pub(super) fn refresh_doubtful(&mut self, inner: &Inner) -> Result<(), ServiceError> {
        let entries = self.entries.values().filter(|entry| entry.doubtful);
        let pids = entries.map(|entry| entry.followed.key.pid).collect();
        self.refresh_pids(inner, &pids)
    }

    fn refresh_machine(&mut self, inner: &Inner) -> Result<(), ServiceError> {
        let look = inner.look()?;
        let sessions = look.sample.sessions();
        inner.forget_all_but(|key| sessions.iter().any(|session| session.key() == key));
        self.company = Company::of(sessions.iter());
        self.homes.clone_from(&look.homes);
        self.entries.clear();
        self.take(inner, sessions, &look);
        Ok(())
    }

    fn refresh_pids(&mut self, inner: &Inner, pids: &BTreeSet<u32>) -> Result<(), ServiceError> {
        if pids.is_empty() {
            return Ok(());
        }
        let look = inner.look_at_pids(pids)?;
        let mut sessions = look.sample.sessions();
        sessions.retain(|session| pids.contains(&session.key().pid));
        // Whose conversation it is that none names is told by all that are there.
        let others = self.entries.values().map(|entry| &entry.session);
        let others = others.filter(|session| !pids.contains(&session.key().pid));
        self.company = Company::of(others.chain(&sessions));
        for home in &look.homes {
            if self
                .homes
                .iter()
                .all(|known| known.config_dir != home.config_dir)
            {
                self.homes.push(home.clone());
            }
        }
        self.entries
            .retain(|_, entry| !pids.contains(&entry.followed.key.pid));
        self.take(inner, sessions, &look);
        Ok(())
    }

    fn take(&mut self, inner: &Inner, sessions: Vec<Session>, look: &Look) {
        let known: Vec<Known> = sessions
            .into_iter()
            .map(|session| inner.know(session, look, &self.company))
            .collect();
        let rows = inner.rows_of(&known, look);
        let mut rows: HashMap<ProcessKey, wire::Session> = rows
            .into_iter()
            .map(|row| (present::core_key(row.key), row))
            .collect();
        for known in known {
            let key = known.session.key();
            if let Some(row) = rows.remove(&key) {
                let place = (key.start_ticks, key.pid);
                self.entries.insert(place, entry(row, known));
            }
        }
    }
}

fn entry(row: wire::Session, known: Known) -> Entry {
    let record = known.session.record.as_ref();
    Entry {
        followed: Followed {
            key: known.session.key(),
            registry: record.map(|record| record.path.clone()),
            transcript: known.words.path.clone(),
        },
        conversation: known.conversation().cloned(),
        doubtful: known.is_doubtful(),
        session: known.session,
        row,
    }
}

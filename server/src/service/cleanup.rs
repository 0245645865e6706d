//! Cleaning up: what is found, the plan for it, and each item looked at again before it is touched.

use std::{
    collections::HashMap,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use session_core::{
    cleanup::{
        Action, Care, Ending, Findings, Item, Orphan, Plan, RegistryFact, RegistryFile,
        TranscriptFile, Usage, Version, plan,
    },
    id::{ProcessKey, SessionId},
    inventory::Session,
    registry::{ProcStart, Record, Unreadable},
};
use wire::CleanupReport;

use super::{Inner, ServiceError, account::Account};
use crate::{
    act::cleanup::{Recheck, execute},
    observe::{
        Home, Origin,
        open_files::OpenFiles,
        registry::{Entry, EntryKind, RegistryReader},
        transcript::{Transcript, Transcripts},
    },
    present,
};

impl Inner {
    /// Plans and does nothing.
    pub(super) fn plan_cleanup(&self) -> Result<CleanupReport, ServiceError> {
        Ok(present::cleanup::planned(&self.cleanup_plan()?))
    }

    /// Plans and executes.
    pub(super) fn clean_up(&self, account: &mut Account) -> Result<CleanupReport, ServiceError> {
        let plan = self.cleanup_plan()?;
        account.begin(present::audit::cleanup(&present::cleanup::planned(&plan)));
        let recheck = Recheck {
            process: &|orphan| self.may_run(orphan),
            transcript: &|place, file| {
                let in_use = OpenFiles::scan(Path::new("/proc"), std::process::id()).contains(file);
                if in_use {
                    return Some("a process has it open".to_owned());
                }
                // What can't be looked at is taken to be in use.
                let runs = self.look().map_or(true, |look| {
                    let sessions = look.sample.sessions();
                    sessions.iter().any(|session| session.holds(&place.id))
                });
                runs.then(|| "its session runs".to_owned())
            },
        };
        Ok(present::cleanup::done(execute(plan, &recheck)))
    }

    fn cleanup_plan(&self) -> Result<Plan, ServiceError> {
        let look = self.look()?;
        let sessions = look.sample.sessions();
        let mut live: HashMap<SessionId, u32> = sessions
            .iter()
            .filter_map(|session| Some((session.session_id()?.clone(), session.key().pid)))
            .collect();
        let open = OpenFiles::scan(Path::new("/proc"), std::process::id());
        let mut findings = Findings {
            taken_at: look.sample.taken_at,
            compress_after: self.config.compress_after,
            registry: Vec::new(),
            transcripts: Vec::new(),
        };
        let mut closed = Vec::new();
        for home in &look.homes {
            let entries = RegistryReader::at(&home.config_dir).entries(|_| true);
            let entries = entries.unwrap_or_else(|error| {
                closed.push(kept(home.config_dir.join("sessions"), &error));
                Vec::new()
            });
            // A session that can't be seen from here, in a container say, may still be open.
            live.extend(entries.iter().filter_map(|entry| self.unproven(entry)));
            findings.registry.extend(
                entries
                    .into_iter()
                    .filter_map(|entry| self.registry_file(home, entry, &sessions)),
            );
        }
        for home in &look.homes {
            match Transcripts::at(&home.config_dir).all(|_| true) {
                Ok(transcripts) => findings.transcripts.extend(
                    transcripts
                        .into_iter()
                        .map(|transcript| transcript_file(home, transcript, &live, &open)),
                ),
                Err(error) => closed.push(kept(home.config_dir.join("projects"), &error)),
            }
        }
        let mut plan = plan(&findings);
        plan.items.extend(closed);
        Ok(plan)
    }

    fn registry_file(
        &self,
        home: &Home,
        entry: Entry,
        sessions: &[Session],
    ) -> Option<RegistryFile> {
        let holds = |session: &Session| {
            session
                .record
                .as_ref()
                .is_some_and(|record| record.path == entry.path)
        };
        let name = entry.path.file_name().and_then(OsStr::to_str)?.to_owned();
        let is_live = sessions.iter().any(holds);
        let (fact, content) = match entry.what {
            EntryKind::Key { .. } => return None,
            EntryKind::Legacy => (RegistryFact::Legacy, Vec::new()),
            EntryKind::Sealed { .. } => (RegistryFact::Sealed, Vec::new()),
            EntryKind::Record { content, .. } if is_live => (RegistryFact::Live, content),
            EntryKind::Record {
                parsed: Ok(record),
                content,
                ..
            } => (self.registry_fact(&record), content),
            EntryKind::Record {
                parsed: Err(unreadable),
                content,
                ..
            } => {
                let fact = match unreadable {
                    Unreadable::Empty => RegistryFact::Empty,
                    Unreadable::NotJson => RegistryFact::Garbled,
                    Unreadable::OtherPid => RegistryFact::Mismatched,
                };
                (fact, content)
            }
        };
        Some(RegistryFile {
            config: home.config_dir.clone(),
            name,
            content,
            care: care(home),
            fact,
        })
    }

    /// The conversation and pid of a record whose process has not provably ended.
    fn unproven(&self, entry: &Entry) -> Option<(SessionId, u32)> {
        let EntryKind::Record {
            parsed: Ok(record), ..
        } = &entry.what
        else {
            return None;
        };
        let ended = matches!(self.registry_fact(record), RegistryFact::Ended(_));
        let id = record.session_id.clone().filter(|_| !ended)?;
        Some((id, record.pid))
    }

    /// Judges a record that no listed session has.
    fn registry_fact(&self, record: &Record) -> RegistryFact {
        if !record.is_of(self.observer.domain()) {
            return RegistryFact::Foreign;
        }
        // Read after the record: a process that has started since is there, one that has ended is not.
        let owner = self.observer.proc().running(record.pid);
        match (owner, record.proc_start) {
            (None, _) => RegistryFact::Ended(Ending::Gone { pid: record.pid }),
            (Some(owner), ProcStart::Ticks(start_ticks)) if owner.start_ticks != start_ticks => {
                RegistryFact::Ended(Ending::Replaced {
                    was: ProcessKey {
                        pid: record.pid,
                        start_ticks,
                    },
                })
            }
            (Some(_), ProcStart::Ticks(_)) => RegistryFact::Live,
            (Some(_), ProcStart::Unreadable) => RegistryFact::Unproven,
        }
    }

    /// Looks at a process again, just before its registry file is deleted.
    fn may_run(&self, orphan: &Orphan) -> Option<String> {
        let proc = self.observer.proc();
        let runs = match orphan.ending {
            Ending::Gone { pid } => match proc.stat(pid) {
                Some(_) => proc.running(pid).is_some(),
                // A /proc that hides other users' processes shows none where there is one; a signal can tell.
                None => proc.answers(pid),
            },
            Ending::Replaced { was } => proc.stat(was.pid).is_none_or(|stat| stat.key == was),
        };
        runs.then(|| format!("process {} may run after all", orphan.pid))
    }
}

/// A directory that can't be looked into is left alone, and said to be.
fn kept(path: PathBuf, error: &io::Error) -> Item {
    Item {
        path,
        bytes: 0,
        reason: format!("it can't be looked into: {error}"),
        action: Action::Keep,
    }
}

fn transcript_file(
    home: &Home,
    transcript: Transcript,
    live: &HashMap<SessionId, u32>,
    open: &OpenFiles,
) -> TranscriptFile {
    let usage = match live.get(transcript.id()) {
        Some(&pid) => Usage::Live { pid },
        None if open.contains(transcript.file) => Usage::Open,
        None => Usage::Nobody,
    };
    TranscriptFile {
        archived: transcript.archived,
        version: Version {
            bytes: transcript.size_bytes,
            modified: transcript.modified,
        },
        regular: transcript.regular,
        care: care(home),
        usage,
        place: transcript.place,
    }
}

fn care(home: &Home) -> Care {
    match home.origin {
        Origin::Configured => Care::Configured,
        Origin::Found => Care::Found,
    }
}

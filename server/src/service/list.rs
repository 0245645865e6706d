//! The rows of the list.

use session_core::{kill, mark::Patience};

use wire::{Pid, Why};

use super::{Inner, ServiceError, company::Company, evidence::Known, twins};
use crate::{
    observe::Look,
    present::{self, RowFacts},
};

impl Inner {
    /// Builds the rows of one look at the whole machine, longest-running first.
    pub(super) fn rows(&self, look: &Look) -> Vec<wire::Session> {
        let known = self.know_all(look);
        self.forget_all_but(|key| known.iter().any(|known| known.session.key() == key));
        let mut rows = self.rows_of(&known, look);
        twins::pair(&mut rows);
        rows
    }

    pub(super) fn know_all(&self, look: &Look) -> Vec<Known> {
        let sessions = look.sample.sessions();
        let company = Company::of(sessions.iter());
        let known = |session| self.know(session, look, &company);
        sessions.into_iter().map(known).collect()
    }

    /// Builds the rows of these sessions, as yet without their twins.
    pub(super) fn rows_of(&self, known: &[Known], look: &Look) -> Vec<wire::Session> {
        let actor = self.actor();
        let lives = self.lives(known);
        let rows = known.iter().zip(lives).filter_map(|(known, life)| {
            let session = &known.session;
            let brief = known.words.brief.as_ref();
            let row = known.judged(|evidence, verdict| {
                present::row(RowFacts {
                    evidence,
                    verdict: &verdict,
                    user: self.users.name(session.process.uid),
                    home: session.record.as_ref().and_then(|record| {
                        Some(look.homes.get(record.home)?.dir.display().to_string())
                    }),
                    title: brief.and_then(|brief| brief.title.clone()),
                    git_branch: brief.and_then(|brief| brief.git_branch.clone()),
                    conversation: known.conversation(),
                    touched_at: known.touched_at(),
                    life,
                    patience: self.patience(),
                    page_bytes: rustix::param::page_size() as u64,
                    kill: kill::plan(session, &actor),
                    holder: known.holder(),
                    session,
                })
            })?;
            Some(known.named(row))
        });
        rows.collect()
    }

    /// Tells what the verdict on one session rests on.
    pub(super) fn why(&self, pid: Pid) -> Result<Why, ServiceError> {
        // What a session may be told by depends on the others.
        let look = self.look()?;
        let known = self.know_all(&look);
        let known = known.iter().find(|it| it.session.key().pid == pid.get());
        let known = known.ok_or(ServiceError::NotASession(pid))?;
        known
            .judged(|evidence, verdict| present::why::why(&known.session, evidence, &verdict))
            .ok_or(ServiceError::NotASession(pid))
    }

    fn patience(&self) -> Patience {
        Patience {
            stuck_after: self.config.stuck_after,
            abandoned_after: self.config.abandoned_after,
        }
    }
}

//! The rows of the list.

use session_core::{
    id::UnixMillis,
    inventory::Session,
    kill,
    verdict::{More, Patience, State, Verdict},
};

use super::Inner;
use crate::{
    observe::Look,
    present::{self, RowFacts},
};

impl Inner {
    /// Builds the rows of one look, longest-running first.
    pub(super) fn rows(&self, look: &Look) -> Vec<wire::Session> {
        let actor = self.actor();
        let rows = look.sample.sessions().into_iter().filter_map(|session| {
            let verdict = session.verdict(&self.more(&session));
            let brief = self.brief(&session, look);
            let grown_at = brief.as_ref().map(|&(_, grown_at)| grown_at);
            present::row(RowFacts {
                now: look.sample.taken_at,
                user: self.users.name(session.process.uid),
                home: session.record.as_ref().and_then(|record| {
                    Some(look.homes.get(record.home)?.dir.display().to_string())
                }),
                title: brief.as_ref().and_then(|(brief, _)| brief.title.clone()),
                git_branch: brief
                    .as_ref()
                    .and_then(|(brief, _)| brief.git_branch.clone()),
                grown_at,
                has_children: self.has_children(&session, &verdict, grown_at, look.sample.taken_at),
                verdict,
                patience: self.patience(),
                page_bytes: rustix::param::page_size() as u64,
                kill: kill::plan(&session, &actor),
                session: &session,
            })
        });
        rows.collect()
    }

    fn more(&self, session: &Session) -> More<'_> {
        let uid = rustix::process::geteuid().as_raw();
        More {
            sealed: uid != 0 && uid != session.process.uid,
            ..More::NOTHING
        }
    }

    fn patience(&self) -> Patience {
        Patience {
            stuck_after: self.config.stuck_after,
            abandoned_after: self.config.abandoned_after,
        }
    }

    /// Looked up only where it decides something.
    fn has_children(
        &self,
        session: &Session,
        verdict: &Verdict,
        grown_at: Option<UnixMillis>,
        now: UnixMillis,
    ) -> bool {
        let touched_at = session.touched_at().max(grown_at.unwrap_or(UnixMillis(0)));
        verdict.state == State::Working
            && now.saturating_since(touched_at) >= self.config.stuck_after
            && self.observer.proc().has_children(session.key().pid)
    }
}

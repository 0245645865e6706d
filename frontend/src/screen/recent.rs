//! The "Recent" section in words.

use wire::{ErrorBody, Holder, RecentSession, SessionId};

use crate::{
    measure,
    model::{Model, facet, recent::Resume},
    screen::{look::Badge, row::place},
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecentView {
    pub(crate) days: u32,
    /// How many there are to show, `None` while that is not known.
    pub(crate) total: Option<usize>,
    /// How many of those are not shown yet.
    pub(crate) more: usize,
    /// What stands in the list's place, or above it.
    pub(crate) note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecentRow {
    pub(crate) id: SessionId,
    pub(crate) heading: String,
    pub(crate) prompt: Option<String>,
    pub(crate) folder: String,
    pub(crate) project: String,
    pub(crate) branch: Option<String>,
    pub(crate) badge: Badge,
    pub(crate) age: String,
    pub(crate) size: String,
    pub(crate) resume: ResumeView,
}

/// What can be done, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResumeView {
    Offered,
    Running,
    Done {
        pid: String,
        attach: String,
        note: Option<String>,
        /// It runs in a conversation of its own.
        forked: bool,
    },
    Failed {
        sentence: String,
        /// Where it is open, and that it can be forked; `None` where that is not what is in the way.
        elsewhere: Option<Elsewhere>,
    },
}

/// The process that has the conversation open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// Which it is, and for how long it has been running.
    pub(crate) what: String,
    /// The command that shows it, empty where there is none.
    pub(crate) attach: String,
}

pub(crate) const ENDED: Badge = badge("Ended", "exited");
const ARCHIVED: Badge = badge("Archived", "archived");
const LIVE: Badge = badge("Live", "live");

const fn badge(word: &'static str, look: &'static str) -> Badge {
    Badge {
        word,
        look,
        likely: false,
        title: "",
    }
}

pub(crate) fn recent(model: &Model) -> (RecentView, Vec<(SessionId, RecentRow)>) {
    let recent = &model.recent;
    let known = recent.sessions.as_deref().unwrap_or_default();
    let ended: Vec<&RecentSession> = known
        .iter()
        .filter(|session| !stands_above(model, session))
        .collect();
    let fits: Vec<&RecentSession> = ended
        .iter()
        .copied()
        .filter(|session| facet::matches_recent(&model.filter, session))
        .collect();
    let mut rows: Vec<(SessionId, RecentRow)> = Vec::new();
    for session in fits.iter().take(recent.limit) {
        // One conversation may have a transcript and a compressed one; the newer comes first.
        if rows.iter().all(|(id, _)| *id != session.session_id) {
            rows.push((session.session_id.clone(), row(model, session)));
        }
    }
    let note = match (&recent.trouble, &recent.sessions) {
        (Some(trouble), _) => Some(text::block(&trouble.sentence())),
        (None, None) => Some("Reading transcripts…".to_owned()),
        // What can't be shown may be any conversation: nothing is said about all of them.
        (None, Some(_)) if recent.newer > 0 => Some(format!(
            "{} from a newer server and can't be shown.",
            measure::count(recent.newer, "row comes", "rows come")
        )),
        (None, Some(sessions)) if sessions.is_empty() => Some(format!(
            "No conversation was touched within {}.",
            measure::count(days(recent.days), "day", "days")
        )),
        (None, Some(_)) if ended.is_empty() => Some(format!(
            "Every conversation touched within {} is open above.",
            measure::count(days(recent.days), "day", "days")
        )),
        (None, Some(_)) if fits.is_empty() => Some("No conversation fits the filter.".to_owned()),
        (None, Some(_)) => None,
    };
    let view = RecentView {
        days: recent.days,
        total: recent.sessions.as_ref().map(|_| fits.len()),
        more: fits.len().saturating_sub(recent.limit),
        note,
    };
    (view, rows)
}

/// Whether the list of the live sessions has this conversation. One that was resumed here stays: its row tells
/// what came of that.
fn stands_above(model: &Model, session: &RecentSession) -> bool {
    is_live(model, session) && model.recent.resumes.get(&session.session_id).is_none()
}

/// The live list may be newer, and may know of a conversation that no registry names.
fn is_live(model: &Model, session: &RecentSession) -> bool {
    let mut unnamed = model.live.sessions.iter().filter(|one| one.home.is_none());
    session.live.is_some()
        || unnamed.any(|one| one.session_id.as_ref() == Some(&session.session_id))
}

fn attach(holder: &Holder) -> String {
    match holder {
        Holder::Tmux { attach, .. } => text::line(attach),
        Holder::Pty { attach } => text::line(attach),
        Holder::Terminal { .. } | Holder::Program { .. } | Holder::Stdio {} => String::new(),
    }
}

fn elsewhere(body: &ErrorBody) -> Elsewhere {
    let process = body.pid.map(|pid| format!("process {pid}"));
    let holder = body.holder.as_ref().and_then(|holder| match holder {
        Holder::Tmux { session, .. } => Some(format!("in tmux session {}", text::line(session))),
        Holder::Terminal { tty } => Some(format!("in terminal {}", text::line(tty))),
        Holder::Stdio {} => Some("started here".to_owned()),
        Holder::Pty { .. } => Some("in a terminal of its own".to_owned()),
        Holder::Program { command } => {
            text::some_line(Some(command)).map(|command| format!("started by {command}"))
        }
    });
    let age = body
        .age_sec
        .map(|age| format!("running for {}", measure::age(age)));
    let what: Vec<String> = [process, holder, age].into_iter().flatten().collect();
    Elsewhere {
        what: what.join(", "),
        attach: body.holder.as_ref().map(attach).unwrap_or_default(),
    }
}

fn days(days: u32) -> usize {
    usize::try_from(days).unwrap_or(usize::MAX)
}

fn row(model: &Model, session: &RecentSession) -> RecentRow {
    let prompt = text::some_line(session.last_prompt.as_deref());
    let title = text::some_line(session.title.as_deref());
    let (folder, project) = session
        .cwd
        .as_deref()
        .map(|cwd| place(cwd, &model.homes))
        .unwrap_or_default();
    let resume = match model.recent.resumes.get(&session.session_id) {
        Some(Resume::Done { resumed, .. }) => ResumeView::Done {
            pid: resumed.pid.to_string(),
            attach: attach(&resumed.holder),
            note: text::some_line(resumed.note.as_deref()),
            forked: resumed.session_id != session.session_id,
        },
        Some(Resume::Running) => ResumeView::Running,
        Some(Resume::Failed { sentence, live }) => ResumeView::Failed {
            sentence: text::line(sentence),
            elsewhere: live.as_deref().map(elsewhere),
        },
        None => ResumeView::Offered,
    };
    RecentRow {
        id: session.session_id.clone(),
        heading: title
            .clone()
            .or_else(|| prompt.clone())
            .unwrap_or_else(|| "Untitled".to_owned()),
        prompt: prompt.filter(|_| title.is_some()),
        folder,
        project,
        branch: text::some_line(session.git_branch.as_deref()),
        // The answer about a resume may be older or newer than the list: either may know of the process.
        badge: match &resume {
            ResumeView::Done { .. } => LIVE,
            ResumeView::Offered | ResumeView::Running | ResumeView::Failed { .. } => {
                match (is_live(model, session), session.archived) {
                    (true, _) => LIVE,
                    (false, true) => ARCHIVED,
                    (false, false) => ENDED,
                }
            }
        },
        age: measure::age_between(session.last_activity_at, model.live.server_now()),
        size: measure::bytes(session.size_bytes),
        resume,
    }
}

#[cfg(test)]
mod tests {
    use wire::{Holder, Resumed, Session};

    use super::*;
    use crate::{
        model::{
            Answered, Msg, Surroundings,
            answer::{Rows, Trouble},
            update::update,
        },
        sample::{self, NOW},
    };

    fn live(number: u32) -> RecentSession {
        RecentSession {
            live: Some(sample::key(number)),
            ..sample::recent(number)
        }
    }

    fn read(model: &mut Model, rows: Vec<RecentSession>) {
        let number = model.recent.ask(NOW);
        let rows = Rows { rows, newer: 0 };
        update(
            model,
            Msg::Answered(Answered::Recent(number, Ok(rows))),
            NOW,
        );
    }

    fn known(rows: Vec<RecentSession>) -> Model {
        let mut model = Model::new(Surroundings::default());
        read(&mut model, rows);
        model
    }

    #[test]
    fn what_is_live_neither_stands_here_nor_counts() {
        let ended = (10..22).map(sample::recent);
        let mut model = known([live(1), live(2)].into_iter().chain(ended).collect());
        let (view, rows) = recent(&model);
        assert_eq!((view.total, view.more, rows.len()), (Some(12), 2, 10));
        assert!(
            rows.iter().all(|(id, row)| {
                *id != live(1).session_id && row.resume == ResumeView::Offered
            })
        );
        // Once it has ended, it can be taken up again.
        read(&mut model, vec![sample::recent(1), live(2)]);
        let (view, rows) = recent(&model);
        assert_eq!((view.total, view.note), (Some(1), None));
        let [(id, row)] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!((id, row.badge), (&live(1).session_id, ENDED));
        assert_eq!(row.resume, ResumeView::Offered);
    }

    #[test]
    fn what_the_live_list_knows_to_be_open_is_not_offered() {
        let mut model = known(vec![sample::recent(1), sample::recent(2)]);
        model.live.sessions = vec![Session {
            session_id: Some(sample::recent(1).session_id),
            home: None,
            ..sample::session(7)
        }];
        let (view, rows) = recent(&model);
        assert_eq!((view.total, rows.len()), (Some(1), 1));
    }

    #[test]
    fn a_list_without_rows_says_why() {
        let check = |rows, filter: &str, told: &str| {
            let mut model = known(rows);
            model.filter = filter.to_owned();
            let (view, rows) = recent(&model);
            assert_eq!((view.note.as_deref(), rows.len()), (Some(told), 0));
        };
        check(vec![], "", "No conversation was touched within 7 days.");
        check(
            vec![live(1), live(2)],
            "",
            "Every conversation touched within 7 days is open above.",
        );
        check(
            vec![live(1), sample::recent(2)],
            "nothing like it",
            "No conversation fits the filter.",
        );
    }

    #[test]
    fn a_refused_resume_keeps_its_sentence_and_what_is_live_is_called_so() {
        let mut model = known(vec![sample::recent(1)]);
        let id = sample::recent(1).session_id;
        update(&mut model, Msg::Resume(id.clone()), NOW);
        let trouble = Trouble::Unreadable;
        let sentence = trouble.sentence();
        update(
            &mut model,
            Msg::Answered(Answered::Resume(id, Err(trouble))),
            NOW,
        );
        for (row, badge) in [(sample::recent(1), ENDED), (live(1), LIVE)] {
            read(&mut model, vec![row]);
            let (_, rows) = recent(&model);
            let [(_, row)] = rows.as_slice() else {
                panic!("{rows:?}");
            };
            assert_eq!(row.badge, badge);
            let failed = ResumeView::Failed {
                sentence: sentence.clone(),
                elsewhere: None,
            };
            assert_eq!(row.resume, failed);
        }
    }

    #[test]
    fn what_was_resumed_here_stays_while_it_is_live() {
        let mut model = known(vec![sample::recent(1)]);
        let id = sample::recent(1).session_id;
        update(&mut model, Msg::Resume(id.clone()), NOW);
        let resumed = Resumed {
            ok: true,
            session_id: id.clone(),
            pid: sample::key(1).pid,
            key: sample::key(1),
            holder: Holder::Tmux {
                session: "s".to_owned(),
                attach: "tmux attach -t s".to_owned(),
            },
            note: None,
        };
        update(
            &mut model,
            Msg::Answered(Answered::Resume(id, Ok(resumed))),
            NOW,
        );
        read(&mut model, vec![live(1)]);
        let (view, rows) = recent(&model);
        assert_eq!((view.total, view.note), (Some(1), None));
        let [(_, row)] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!(row.badge, LIVE);
        assert!(
            matches!(&row.resume, ResumeView::Done { attach, .. } if attach == "tmux attach -t s")
        );
    }
}

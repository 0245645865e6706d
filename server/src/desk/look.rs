//! What a session that asks shows of itself: whether it still waits, what it is called, the plan that it asks about.
//!
//! Reads Claude Code's own files. Decides nothing.

use std::path::{Path, PathBuf};

use session_core::{
    ask::Ask,
    id::{SessionId, UnixMillis},
    registry::{ProcStart, Record},
};

use super::book::Source;
use crate::observe::{registry::RegistryReader, transcript::Transcripts};

/// What the registry says of a session, `None` where it has nothing on this very process.
pub(super) fn record(source: &Source) -> Option<Record> {
    let (record, _) = RegistryReader::at(&source.config).record(source.process.pid)?;
    (record.proc_start == ProcStart::Ticks(source.process.start_ticks)).then_some(record)
}

/// How the session stands to what it asked at `at`, as far as its status tells. It is written before a hook starts, and has one
/// value for all that is asked at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Waits,
    /// It has gone on: the terminal was used.
    GoneOn,
    Unknown,
}

impl Stand {
    pub(super) fn of(record: Option<&Record>, at: UnixMillis, has_waited: bool) -> Self {
        let Some(record) = record else {
            return Self::Unknown;
        };
        match record.status.as_deref() {
            None => Self::Unknown,
            Some("waiting") => Self::Waits,
            Some(_) if has_waited || record.status_updated_at > Some(at) => Self::GoneOn,
            Some(_) => Self::Unknown,
        }
    }
}

/// The configuration directory that a transcript lies in: `<config>/projects/<project>/<session>.jsonl`.
pub(super) fn config_of(transcript: &str) -> Option<PathBuf> {
    let projects = Path::new(transcript).parent()?.parent()?;
    let is_it = projects.file_name()? == "projects" && projects.is_absolute();
    is_it
        .then(|| projects.parent().map(Path::to_owned))
        .flatten()
}

/// The plan that a conversation asks to carry out. The request itself does not have it.
pub(super) fn plan(config: &Path, id: &SessionId, cwd: &str) -> Option<String> {
    let transcripts = Transcripts::at(config);
    let transcript = transcripts.find(id, Some(cwd)).ok()??;
    let known = transcripts.tail(&transcript, None).ok()?;
    let mut open = known.tail().open().iter().rev();
    open.find_map(|call| match &call.ask {
        Ask::Plan { text } if !text.is_empty() => Some(text.clone()),
        Ask::Plan { .. } | Ask::Permission { .. } | Ask::Questions(_) | Ask::Text { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_tells_whether_the_terminal_was_used() {
        let record = |status: &str, at: u64| {
            let text =
                format!(r#"{{"pid":7,"procStart":"9","status":{status},"statusUpdatedAt":{at}}}"#);
            Record::parse(7, text.as_bytes()).unwrap()
        };
        let check = |status, at, has_waited, expected| {
            let record = record(status, at);
            let stand = Stand::of(Some(&record), UnixMillis(1000), has_waited);
            assert_eq!(stand, expected, "{status} {at} {has_waited}");
        };
        check(r#""waiting""#, 900, false, Stand::Waits);
        check(r#""waiting""#, 1100, true, Stand::Waits);
        check(r#""busy""#, 1100, false, Stand::GoneOn);
        check(r#""idle""#, 1100, true, Stand::GoneOn);
        // Headless: it says so all the time.
        check(r#""busy""#, 900, false, Stand::Unknown);
        // The clock went back meanwhile.
        check(r#""busy""#, 900, true, Stand::GoneOn);
        check("null", 1100, true, Stand::Unknown);
        assert_eq!(Stand::of(None, UnixMillis(0), true), Stand::Unknown);
    }

    #[test]
    fn a_transcript_lies_in_a_configuration_directory() {
        let config = config_of("/home/dev/.claude/projects/-home-dev/0bbf4eb8.jsonl");
        assert_eq!(config.as_deref(), Some(Path::new("/home/dev/.claude")));
        for other in [
            "",
            "/",
            "/projects",
            "projects/x/y.jsonl",
            "/home/dev/.claude/other/x/y.jsonl",
        ] {
            assert_eq!(config_of(other), None, "{other}");
        }
    }
}

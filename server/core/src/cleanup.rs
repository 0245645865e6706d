//! What a cleanup would do: delete the registry files of processes that have ended, compress old transcripts.
//!
//! Knows the rules and the reasons. Does not look at anything: it is told what was found, and plans are executed by
//! somebody who looks again before each step.

use std::{collections::HashSet, path::PathBuf, time::Duration};

use crate::{
    id::{ProcessKey, UnixMillis},
    transcript::Place,
};

/// Everything the plan follows from.
#[derive(Clone, Debug)]
pub struct Findings {
    pub taken_at: UnixMillis,
    /// Transcripts untouched for longer are old.
    pub compress_after: Duration,
    pub registry: Vec<RegistryFile>,
    /// Every conversation's file, archives included.
    pub transcripts: Vec<TranscriptFile>,
}

/// Whether we may change the files of a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// The person named it.
    Configured,
    /// It was found by a live session's environment: read only.
    Found,
}

/// One file below `<config>/sessions/`.
#[derive(Clone, Debug)]
pub struct RegistryFile {
    pub config: PathBuf,
    /// The file's name, `<pid>.json` or `pid-<n>.json`.
    pub name: String,
    /// Empty where it can't be read.
    pub content: Vec<u8>,
    pub care: Care,
    pub fact: RegistryFact,
}

/// What is known of the process that a registry file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryFact {
    /// It runs.
    Live,
    /// It has ended: there is no such pid, or another process has it.
    Ended(Ending),
    /// It belongs to another machine or pid namespace: a config directory shared into a container.
    Foreign,
    /// A process with that pid runs, and the file does not say whether it is the same one.
    Unproven,
    /// Nothing was written yet.
    Empty,
    /// Half-written, or not a registry file.
    Garbled,
    /// The pid inside is not the pid in the name.
    Mismatched,
    /// Not ours to read, or not a file.
    Sealed,
    /// `pid-<n>.json` of early versions.
    Legacy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// No process has the pid.
    Gone { pid: u32 },
    /// Another process has the pid now; `was` is the one that the file names.
    Replaced { was: ProcessKey },
}

/// One conversation's file.
#[derive(Clone, Debug)]
pub struct TranscriptFile {
    pub place: Place,
    pub archived: bool,
    pub version: Version,
    /// False for a link, a FIFO or the like.
    pub regular: bool,
    pub care: Care,
    pub usage: Usage,
}

/// A transcript as it was when the plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    pub bytes: u64,
    pub modified: UnixMillis,
}

/// Who uses a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Nobody,
    /// A session with this id runs.
    Live {
        pid: u32,
    },
    /// Some process has the file open.
    Open,
}

/// What would be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub path: PathBuf,
    pub bytes: u64,
    /// Why, or why not; a sentence without its capital and full stop.
    pub reason: String,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Delete(Orphan),
    Compress {
        place: Place,
        version: Version,
    },
    /// Leave alone what looks like a candidate.
    Keep,
}

/// A registry file whose process has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    pub config: PathBuf,
    pub pid: u32,
    pub ending: Ending,
    /// What the file held; with anything else in it, it is another file.
    pub content: Vec<u8>,
}

/// Returns what to delete, compress and leave alone. What is live, young or archived already is not mentioned.
pub fn plan(findings: &Findings) -> Plan {
    let archived: HashSet<&Place> = findings
        .transcripts
        .iter()
        .filter(|file| file.archived)
        .map(|file| &file.place)
        .collect();
    let registry = findings.registry.iter().filter_map(registry_item);
    let transcripts = findings
        .transcripts
        .iter()
        .filter(|file| is_old(file, findings))
        .map(|file| transcript_item(file, archived.contains(&file.place), findings.taken_at));
    Plan {
        items: registry.chain(transcripts).collect(),
    }
}

fn registry_item(file: &RegistryFile) -> Option<Item> {
    let (action, reason) = registry_verdict(file)?;
    Some(Item {
        path: file.config.join("sessions").join(&file.name),
        bytes: file.content.len() as u64,
        reason,
        action,
    })
}

/// Returns `None` for what is no candidate.
fn registry_verdict(file: &RegistryFile) -> Option<(Action, String)> {
    let keep = |reason: &str| Some((Action::Keep, reason.to_owned()));
    match file.fact {
        RegistryFact::Live => None,
        RegistryFact::Foreign => keep(
            "it belongs to another machine or container, whose processes can't be seen from here",
        ),
        RegistryFact::Unproven => {
            keep("a process with its pid runs, and the file does not prove that it is another one")
        }
        RegistryFact::Empty => keep("it is empty; it may be about to be written"),
        RegistryFact::Garbled => keep("it can't be understood; it may be half-written"),
        RegistryFact::Mismatched => keep("its name and its content name different processes"),
        RegistryFact::Sealed => keep("there is no permission to read it, or it is not a file"),
        RegistryFact::Legacy => {
            keep("it was written by an early version and does not prove whose it is")
        }
        RegistryFact::Ended(ending) => {
            let (pid, what) = match ending {
                Ending::Gone { pid } => (pid, format!("process {pid} has ended")),
                Ending::Replaced { was } => (
                    was.pid,
                    format!(
                        "process {} has ended, and another one has its number",
                        was.pid
                    ),
                ),
            };
            match file.care {
                Care::Found => Some((
                    Action::Keep,
                    format!("{what}, but its home is not configured"),
                )),
                // The path is built from the pid when the plan is executed, so the name must be just that.
                Care::Configured if file.name != format!("{pid}.json") => {
                    keep("its name is not that of its process")
                }
                Care::Configured => {
                    let orphan = Orphan {
                        config: file.config.clone(),
                        pid,
                        ending,
                        content: file.content.clone(),
                    };
                    Some((Action::Delete(orphan), what))
                }
            }
        }
    }
}

fn is_old(file: &TranscriptFile, findings: &Findings) -> bool {
    let age = findings.taken_at.saturating_since(file.version.modified);
    // An empty file would only grow.
    !file.archived && age > findings.compress_after && file.version.bytes > 0
}

fn transcript_item(file: &TranscriptFile, has_archive: bool, now: UnixMillis) -> Item {
    let days = now.saturating_since(file.version.modified).as_secs() / 86_400;
    let old = format!("untouched for {days} days");
    let against = match (file.usage, file.care) {
        (Usage::Live { pid }, _) => Some(format!("its session runs in process {pid}")),
        (Usage::Open, _) => Some("a process has it open".to_owned()),
        (Usage::Nobody, _) if !file.regular => Some("it is not a regular file".to_owned()),
        (Usage::Nobody, _) if has_archive => Some("an archive lies beside it already".to_owned()),
        (Usage::Nobody, Care::Found) => Some("its home is not configured".to_owned()),
        (Usage::Nobody, Care::Configured) => None,
    };
    let (action, reason) = match against {
        Some(against) => (Action::Keep, format!("{old}, but {against}")),
        None => {
            let compress = Action::Compress {
                place: file.place.clone(),
                version: file.version,
            };
            (compress, old)
        }
    };
    Item {
        path: file.place.transcript_path(),
        bytes: file.version.bytes,
        reason,
        action,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::id::SessionId;

    const DAY: u64 = 86_400_000;
    const NOW: u64 = 100 * DAY;

    fn registry(name: &str, care: Care, fact: RegistryFact) -> RegistryFile {
        RegistryFile {
            config: "/c".into(),
            name: name.to_owned(),
            content: b"{}".to_vec(),
            care,
            fact,
        }
    }

    fn transcript(id: &str, days: u64) -> TranscriptFile {
        TranscriptFile {
            place: Place::new("/c".into(), "-p", SessionId::parse(id).unwrap()).unwrap(),
            archived: false,
            version: Version {
                bytes: 7,
                modified: UnixMillis(NOW - days * DAY),
            },
            regular: true,
            care: Care::Configured,
            usage: Usage::Nobody,
        }
    }

    fn check(registry: Vec<RegistryFile>, transcripts: Vec<TranscriptFile>, expected: Expect) {
        let plan = plan(&Findings {
            taken_at: UnixMillis(NOW),
            compress_after: Duration::from_secs(30 * 86_400),
            registry,
            transcripts,
        });
        let lines: Vec<String> = plan
            .items
            .iter()
            .map(|item| {
                let verb = match &item.action {
                    Action::Delete(orphan) => format!("delete {}", orphan.pid),
                    Action::Compress { place, .. } => format!("compress {}", place.id),
                    Action::Keep => "keep".to_owned(),
                };
                format!(
                    "{verb}: {} ({} B): {}\n",
                    item.path.display(),
                    item.bytes,
                    item.reason
                )
            })
            .collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn only_a_proven_orphan_of_a_configured_home_is_deleted() {
        let gone = RegistryFact::Ended(Ending::Gone { pid: 7 });
        let was = ProcessKey {
            pid: 8,
            start_ticks: 1,
        };
        let own = |name, fact| registry(name, Care::Configured, fact);
        check(
            vec![
                own("7.json", gone),
                own("8.json", RegistryFact::Ended(Ending::Replaced { was })),
                registry("7.json", Care::Found, gone),
                own("../7.json", gone),
                own("1.json", RegistryFact::Live),
                own("2.json", RegistryFact::Foreign),
                own("3.json", RegistryFact::Unproven),
                own("4.json", RegistryFact::Empty),
                own("5.json", RegistryFact::Garbled),
                own("6.json", RegistryFact::Mismatched),
                own("9.json", RegistryFact::Sealed),
                own("pid-1.json", RegistryFact::Legacy),
            ],
            Vec::new(),
            expect![[r#"
                delete 7: /c/sessions/7.json (2 B): process 7 has ended
                delete 8: /c/sessions/8.json (2 B): process 8 has ended, and another one has its number
                keep: /c/sessions/7.json (2 B): process 7 has ended, but its home is not configured
                keep: /c/sessions/../7.json (2 B): its name is not that of its process
                keep: /c/sessions/2.json (2 B): it belongs to another machine or container, whose processes can't be seen from here
                keep: /c/sessions/3.json (2 B): a process with its pid runs, and the file does not prove that it is another one
                keep: /c/sessions/4.json (2 B): it is empty; it may be about to be written
                keep: /c/sessions/5.json (2 B): it can't be understood; it may be half-written
                keep: /c/sessions/6.json (2 B): its name and its content name different processes
                keep: /c/sessions/9.json (2 B): there is no permission to read it, or it is not a file
                keep: /c/sessions/pid-1.json (2 B): it was written by an early version and does not prove whose it is
            "#]],
        );
    }

    #[test]
    fn only_an_old_unused_plain_transcript_is_compressed() {
        let old = transcript("00000000", 31);
        let with = |id: &str, change: &dyn Fn(&mut TranscriptFile)| {
            let mut file = transcript(id, 40);
            change(&mut file);
            file
        };
        check(
            Vec::new(),
            vec![
                old,
                transcript("11111111", 30),
                transcript("22222222", 0),
                with("33333333", &|file| file.usage = Usage::Live { pid: 9 }),
                with("44444444", &|file| file.usage = Usage::Open),
                with("55555555", &|file| file.regular = false),
                with("66666666", &|_| {}),
                with("66666666", &|file| file.archived = true),
                with("77777777", &|file| file.archived = true),
                with("88888888", &|file| file.care = Care::Found),
                with("99999999", &|file| file.version.bytes = 0),
                with("aaaaaaaa", &|file| {
                    file.version.modified = UnixMillis(NOW + DAY);
                }),
            ],
            expect![[r#"
                compress 00000000: /c/projects/-p/00000000.jsonl (7 B): untouched for 31 days
                keep: /c/projects/-p/33333333.jsonl (7 B): untouched for 40 days, but its session runs in process 9
                keep: /c/projects/-p/44444444.jsonl (7 B): untouched for 40 days, but a process has it open
                keep: /c/projects/-p/55555555.jsonl (7 B): untouched for 40 days, but it is not a regular file
                keep: /c/projects/-p/66666666.jsonl (7 B): untouched for 40 days, but an archive lies beside it already
                keep: /c/projects/-p/88888888.jsonl (7 B): untouched for 40 days, but its home is not configured
            "#]],
        );
    }
}

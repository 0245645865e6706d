//! Transcripts: what their end and their lines say is the same however the file grew and wherever it is cut, within the
//! bounds that the page counts on.

use std::{fs, io::Write as _, path::PathBuf};

use session_core::{
    id::SessionId,
    transcript::{
        fold::Fold,
        tail::{Tail, Turn},
    },
};
use session_manager::observe::transcript::Transcripts;
use tempfile::TempDir;

/// A configuration directory for one transcript at a time.
pub(crate) struct Stage {
    config: TempDir,
    id: SessionId,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let config = tempfile::tempdir().unwrap();
        fs::create_dir_all(config.path().join("projects/p")).unwrap();
        let id = SessionId::parse("086ce0db-50b0-42a3-b30a-e82a2d9c2aac").unwrap();
        Self { config, id }
    }

    fn path(&self) -> PathBuf {
        let name = format!("projects/p/{}.jsonl", self.id);
        self.config.path().join(name)
    }
}

pub(crate) fn check(stage: &Stage, bytes: &[u8]) {
    line_by_line(bytes);
    as_the_file_grows(stage, bytes);
    in_two_parts(bytes);
}

fn line_by_line(bytes: &[u8]) {
    let mut tail = Tail::new();
    for line in lines(bytes) {
        let before = tail.clone();
        tail.line(line);
        is_sound(&tail);
        if tail != before {
            // Half of a line counts for nothing.
            let line = line.trim_ascii_end();
            let mut torn = before.clone();
            torn.line(&line[..line.len() / 2]);
            assert_eq!(torn, before);
            let mut nul_padded = before;
            nul_padded.line(&[b"\0\0", line, b"\0"].concat());
            assert_eq!(nul_padded, tail);
        }
    }
}

fn is_sound(tail: &Tail) {
    let open = tail.open();
    assert_eq!(tail.turn() == Turn::Tools, !open.is_empty());
    assert!(open.len() <= 64);
    for (at, tool) in open.iter().enumerate() {
        assert!(tool.id.len() <= 3 * 200 && tool.name.len() <= 3 * 200);
        assert!(open[..at].iter().all(|other| other.id != tool.id));
    }
    assert!(tail.background().tasks().len() <= 64);
    assert!(tail.question().is_none() || tail.turn() == Turn::Done);
    assert!(!tail.is_unstated() || tail.turn() == Turn::Done);
    let units = |text: &str| text.encode_utf16().count();
    assert!(tail.last_text().is_none_or(|text| units(text) <= 4_000));
}

/// The file is read after each of four writes, and once more by somebody who did not see them.
fn as_the_file_grows(stage: &Stage, bytes: &[u8]) {
    let transcripts = Transcripts::at(stage.config.path());
    let mut file = fs::File::create(stage.path()).unwrap();
    let mut known = None;
    let mut written = 0;
    let step = 1 + bytes.len() / 4;
    while written < bytes.len() {
        let end = bytes.len().min(written + step);
        file.write_all(&bytes[written..end]).unwrap();
        written = end;
        let transcript = transcripts.find(&stage.id, None).unwrap().unwrap();
        known = Some(transcripts.tail(&transcript, known).unwrap());
        let newer = known.as_ref().unwrap().tail();
        assert_eq!(**newer, whole_lines(&bytes[..written]), "at {written}");
    }
    let transcript = transcripts.find(&stage.id, None).unwrap().unwrap();
    let anew = transcripts.tail(&transcript, None).unwrap();
    assert_eq!(**anew.tail(), whole_lines(bytes));
    let reading = transcripts.digest(&transcript).unwrap();
    assert_eq!(reading.digest, fold(bytes).finish());
    assert_eq!(reading.talk, fold(bytes).talk());
}

/// What the lines say that have an end.
fn whole_lines(bytes: &[u8]) -> Tail {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let mut tail = Tail::new();
    for line in lines(&bytes[..end]) {
        tail.line(line);
    }
    tail
}

fn in_two_parts(bytes: &[u8]) {
    let whole = fold(bytes).finish();
    let units = |text: &Option<String>| text.as_deref().map_or(0, |it| it.encode_utf16().count());
    assert!(units(&whole.last_assistant) <= 800);
    for text in [&whole.last_prompt, &whole.away_summary, &whole.title] {
        assert!(units(text) <= 16 * 1024);
    }
    let breaks: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').collect();
    // Three of them: each costs as much as everything above.
    for at in breaks.iter().copied().step_by(1 + breaks.len() / 3) {
        let (older, newer) = bytes.split_at(at + 1);
        let mut joined = fold(newer).before(fold(older)).finish();
        // A summary is recognised only in the part that has its conversation's line.
        if bytes.windows(9).any(|word| word == b"\"summary\"") {
            joined.title.clone_from(&whole.title);
        }
        assert_eq!(joined, whole, "cut at {at}");
    }
}

fn fold(bytes: &[u8]) -> Fold {
    let mut fold = Fold::new();
    for line in bytes.rsplit(|byte| *byte == b'\n') {
        fold.line(line);
    }
    fold
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

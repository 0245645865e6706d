//! Reading one transcript: backwards from its end, or through gzip from its start.

use std::{
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
    path::Path,
};

use flate2::read::MultiGzDecoder;
use session_core::transcript::{Digest, Talk, cwd_of, fold::Fold};

use super::{Transcript, Transcripts, backwards, forwards};
use crate::beneath;

/// Titles and away summaries are missing from many conversations. Claude Code writes titles again near the end, so
/// further back than this they are not looked for, except in the head.
const OPTIONAL_WITHIN: u64 = 4 << 20;
/// A generated title comes after the first answer.
const HEAD: u64 = 256 << 10;
/// The first working directory stands in one of the first lines, behind at most a few pasted images.
const FIRST_CWD_WITHIN: u64 = 64 << 20;

/// What a transcript was read to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub digest: Digest,
    /// What was met, as far as it was read.
    pub talk: Talk,
    /// Every line was read, so what is missing from the digest is not in the file.
    pub whole: bool,
    /// What should be said with the digest, `None` where all is well.
    pub note: Option<String>,
}

/// Why a transcript can't be read; the sentence is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The transcript {path} can't be read: {reason}.")]
pub struct Unreadable {
    path: String,
    reason: String,
}

impl Unreadable {
    pub(super) fn new(path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.display().to_string(),
            reason: beneath::why(error),
        }
    }
}

/// How far to read.
#[derive(Clone, Copy)]
enum Reach {
    /// Until what every conversation has is known.
    Needed,
    /// This many bytes from the end, and as many from the start.
    Bytes(u64),
}

impl Transcripts {
    /// Reads as far as it takes to know prompt, answer, model, branch and directory.
    pub fn digest(&self, transcript: &Transcript) -> Result<Reading, Unreadable> {
        self.read(transcript, Reach::Needed)
    }

    /// Reads `bytes` from the end and as many from the start, or so many decompressed ones.
    pub fn digest_within(
        &self,
        transcript: &Transcript,
        bytes: u64,
    ) -> Result<Reading, Unreadable> {
        self.read(transcript, Reach::Bytes(bytes))
    }

    /// Returns the directory that the conversation was started in, `None` where no line says it.
    pub fn first_cwd(&self, transcript: &Transcript) -> Result<Option<String>, Unreadable> {
        let (file, _) = self.open(transcript)?;
        let stream: Box<dyn Read> = if transcript.archived {
            Box::new(MultiGzDecoder::new(io::BufReader::new(file)))
        } else {
            Box::new(file)
        };
        let mut cwd = None;
        let end = forwards::runs(stream.take(FIRST_CWD_WITHIN), |run| {
            cwd = run.split(|byte| *byte == b'\n').find_map(cwd_of);
            if cwd.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        match (cwd, end) {
            (None, forwards::End::Broken(error)) => Err(Unreadable::new(&transcript.path, &error)),
            (cwd, _) => Ok(cwd),
        }
    }

    fn read(&self, transcript: &Transcript, reach: Reach) -> Result<Reading, Unreadable> {
        let (file, entry) = self.open(transcript)?;
        if transcript.archived {
            return Ok(read_archive(file, reach));
        }
        read_plain(&file, entry.size_bytes, reach)
            .map_err(|error| Unreadable::new(&transcript.path, &error))
    }
}

fn read_plain(file: &File, length: u64, reach: Reach) -> io::Result<Reading> {
    let mut fold = Fold::new();
    let start = match reach {
        Reach::Needed => 0,
        // A row is not worth reading a file without lines to its beginning.
        Reach::Bytes(bytes) => length.saturating_sub(bytes + backwards::LINE_LIMIT as u64),
    };
    let stop = backwards::lines(file, start..length, |line, read| {
        fold.line(line);
        let enough = match reach {
            Reach::Needed => fold.has_essentials() && read >= OPTIONAL_WITHIN,
            Reach::Bytes(bytes) => read >= bytes,
        };
        if enough || fold.is_complete() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    let head = match reach {
        Reach::Needed => HEAD,
        Reach::Bytes(bytes) => bytes,
    };
    if stop.unread > 0 && fold.wants_head() {
        let mut first = Fold::new();
        backwards::lines(file, 0..head.min(stop.unread), |line, _| {
            first.line(line);
            ControlFlow::Continue(())
        })?;
        fold = fold.with_head(first);
    }
    Ok(Reading {
        talk: fold.talk(),
        whole: stop.unread == 0 && stop.skipped == 0,
        note: None,
        digest: fold.finish(),
    })
}

fn read_archive(file: File, reach: Reach) -> Reading {
    let limit = match reach {
        Reach::Needed => u64::MAX,
        Reach::Bytes(bytes) => bytes,
    };
    let mut stream = MultiGzDecoder::new(io::BufReader::new(file)).take(limit);
    let mut fold = Fold::new();
    let end = forwards::runs(&mut stream, |run| {
        let mut newer = Fold::new();
        for line in run.rsplit(|byte| *byte == b'\n') {
            newer.line(line);
        }
        fold = newer.before(std::mem::take(&mut fold));
        ControlFlow::Continue(())
    });
    let talk = fold.talk();
    let mut digest = fold.finish();
    let cut = stream.limit() == 0;
    if cut {
        // What was read is the start, so the newest of it is not the newest of the conversation.
        digest.last_prompt = None;
        digest.last_assistant = None;
        digest.away_summary = None;
    }
    let (whole, note) = match end {
        forwards::End::Fine => (!cut, None),
        forwards::End::Broken(error) => {
            let note = format!("The archive is damaged ({error}); this is what could be read.");
            (false, Some(note))
        }
    };
    Reading {
        digest,
        talk,
        whole,
        note,
    }
}

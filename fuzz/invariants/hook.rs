//! What hooks tell: each line is a payload. A report reads back as it was written, stays small, and no part of a payload or of
//! a report is one.

use session_core::{
    hook::{MAX_INPUT, Report},
    id::UnixMillis,
};

pub(crate) fn check(bytes: &[u8]) {
    if let Some(report) = Report::parse(bytes) {
        reads_back(&report);
        let whole = bytes.trim_ascii();
        for cut in (0..whole.len()).step_by(1 + whole.len() / 64) {
            assert_eq!(Report::parse(&whole[..cut]), None, "cut at {cut}");
        }
    }
    let mut known: Option<Report> = None;
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        // Now and then one that took longer than what began after it.
        let at = UnixMillis(
            if at % 5 == 4 {
                at as u64 - 2
            } else {
                at as u64
            } * 1000,
        );
        let Some(report) = Report::of_payload(line, at, known.as_ref()) else {
            continue;
        };
        reads_back(&report);
        is_sound(&report);
        let line = line.trim_ascii();
        for cut in (0..line.len()).step_by(1 + line.len() / 32) {
            assert_eq!(Report::of_payload(&line[..cut], at, known.as_ref()), None);
        }
        let before = known.filter(|known| known.session_id == report.session_id);
        assert!(before.is_none_or(|before| before.at <= report.at));
        known = Some(report);
    }
}

fn reads_back(report: &Report) {
    let written = report.render();
    assert_eq!(Report::parse(written.as_bytes()).as_ref(), Some(report));
    // One line, whatever the payload's strings hold.
    assert_eq!(written.find('\n'), Some(written.len() - 1));
}

fn is_sound(report: &Report) {
    let paths = report.cwd.iter().chain(&report.transcript_path);
    assert!(paths.into_iter().all(|path| path.starts_with('/')));
    assert!(report.asked.is_some() || report.asked_next.is_empty());
    let asked: Vec<_> = report.asked.iter().chain(&report.asked_next).collect();
    assert!(asked.len() <= 8);
    for (at, one) in asked.iter().enumerate() {
        assert!(one.input.as_ref().is_none_or(|it| it.len() <= MAX_INPUT));
        assert!(asked[..at].iter().all(|other| other.agent != one.agent));
    }
}

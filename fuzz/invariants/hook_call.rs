//! What a hook tells of one call: the same event of the same session as its report tells, with an input that is JSON, and for
//! what is asked the whole of it or nothing.

use session_core::{
    hook::{Call, Event, MAX_PAYLOAD, Report},
    id::UnixMillis,
};

pub(crate) fn check(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(call) = Call::of_payload(line) else {
            continue;
        };
        if let Some(input) = &call.input {
            assert!(serde_json::from_str::<serde_json::Value>(input).is_ok());
        }
        let paths = call.cwd.iter().chain(&call.transcript_path);
        assert!(paths.into_iter().all(|path| path.starts_with('/')));
        assert!(call.event != Event::PermissionRequest || line.len() <= MAX_PAYLOAD);
        if let Some(report) = Report::of_payload(line, UnixMillis(0), None) {
            assert_eq!(
                (call.event, &call.session_id),
                (report.event, &report.session_id)
            );
        }
        let line = line.trim_ascii();
        for cut in (0..line.len()).step_by(1 + line.len() / 32) {
            assert_eq!(Call::of_payload(&line[..cut]), None);
        }
    }
}

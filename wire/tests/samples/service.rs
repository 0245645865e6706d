//! What the server says of itself, and how it refuses.

use super::*;

pub(super) fn service(goldens: &mut Goldens) {
    let health = Health {
        ok: true,
        version: "2.0.0".to_owned(),
        degraded: None,
        config: text("/home/dev/.config/session-manager/config.toml"),
        homes: vec!["/home/dev".to_owned()],
        claude: text("/home/dev/.local/bin/claude"),
        tmux: text("/usr/bin/tmux"),
    };
    goldens.check("health", &health);
    let degraded = Health {
        degraded: Some(vec![
            "config.toml, line 1: nobody knows the key graze.".to_owned(),
        ]),
        config: None,
        homes: Vec::new(),
        claude: None,
        tmux: None,
        ..health
    };
    goldens.check("health-degraded", &degraded);
    use Code::*;
    let codes = [
        BadRequest,
        BadPid,
        BadSessionId,
        BadCwd,
        BadHost,
        BadOrigin,
        BadPeer,
        NotASession,
        Protected,
        NotYours,
        Unproven,
        Unproven,
        NotFound,
        NoSession,
        NoConversation,
        BadMethod,
        TooSlow,
        TooLarge,
        NotJson,
        TooMany,
        Live,
        Replaced,
        PlanChanged,
        Busy,
        Fault,
        NoApproval,
        Decided,
        NotHeld,
        Ended,
        Unresponsive,
        Refused,
        NoTmux,
        NoClaude,
        TooOld,
        Config,
        Unknown,
    ];
    goldens.check("codes", &codes.to_vec());
    let error = ErrorBody::new(NotFound, "Nothing is at this path.");
    goldens.check("error", &error);
    let live = ErrorBody {
        pid: Some(pid(17723)),
        key: Some(key()),
        session_id: Some(id()),
        holder: Some(Holder::Terminal {
            tty: "pts/3".to_owned(),
        }),
        age_sec: Some(247),
        ..ErrorBody::new(
            Live,
            "This conversation is open in process 17723; end that one first.",
        )
    };
    goldens.check("error-live", &live);
    let fault = ErrorBody {
        id: text("4711-1"),
        ..ErrorBody::new(
            Fault,
            "The disk failed; the log has the cause under 4711-1.",
        )
    };
    goldens.check("error-fault", &fault);
}

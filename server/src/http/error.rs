//! The one place that gives an error its status, its code and its level in the log.
//!
//! Knows every way in which a request can fail. Does not know what the rules behind a failure are.

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hyper::{
    StatusCode,
    header::{ALLOW, CONNECTION, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use wire::{Code, ErrorBody, Method, Reject};

use crate::{
    http::answer::{self, Answer},
    service::ServiceError,
};

/// A request that is answered with an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) body: Box<ErrorBody>,
    status: StatusCode,
    /// The methods that the path has, for 405.
    allow: &'static [Method],
    /// When it may be tried again, in seconds.
    retry_after_sec: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self {
            body: Box::new(ErrorBody::new(code, sentence)),
            status: status(code),
            allow: &[],
            retry_after_sec: None,
        }
    }

    /// More was to be changed than may be; there is a permit again after `wait`.
    pub(crate) fn too_many_actions(wait: Duration) -> Self {
        Self {
            // The header has whole seconds only, and 0 would be no wait.
            retry_after_sec: Some(wait.as_secs() + 1),
            ..Self::new(
                Code::TooMany,
                "Too many actions at once; wait as long as Retry-After says, and try again, or raise actions_per_second in the configuration.",
            )
        }
    }

    /// More was typed than anybody types.
    pub(crate) fn too_many_keys(wait: Duration) -> Self {
        Self {
            retry_after_sec: Some(wait.as_secs() + 1),
            ..Self::new(
                Code::TooMany,
                "Too many keys at once; wait as long as Retry-After says, and press at most 100 a second, or paste them as text.",
            )
        }
    }

    /// A `Host` that is well-formed but not ours, under a status that its code has here only.
    pub(crate) fn foreign_host() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            ..Self::new(
                Code::BadHost,
                "This server does not go by that host name; use 127.0.0.1, or add the name to allowed_hosts in its configuration.",
            )
        }
    }

    /// What must be asked for as a WebSocket of the one version in use, and was not.
    pub(crate) fn upgrade_required(sentence: &str) -> Self {
        Self {
            status: StatusCode::UPGRADE_REQUIRED,
            ..Self::new(Code::BadRequest, sentence)
        }
    }

    /// Turns the refusal into its answer; `soft` puts the same body under 200.
    pub(crate) fn answer(&self, soft: bool) -> Answer {
        let status = if soft { StatusCode::OK } else { self.status };
        let mut answer = answer::json(status, &*self.body);
        answer.extensions_mut().insert(self.body.code);
        if let Ok(methods) = HeaderValue::from_str(&names(self.allow, ", "))
            && !methods.is_empty()
        {
            answer.headers_mut().insert(ALLOW, methods);
        }
        if let Some(seconds) = self.retry_after_sec {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            let headers = answer.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if matches!(
            self.body.code,
            Code::TooSlow | Code::TooLarge | Code::BadPeer
        ) {
            // The rest of the body may still arrive; it must not be read as the next request.
            answer
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::BadRequest | Code::BadPid | Code::BadSessionId | Code::BadCwd | Code::BadHost => {
            StatusCode::BAD_REQUEST
        }
        Code::BadOrigin
        | Code::BadPeer
        | Code::NotASession
        | Code::Protected
        | Code::NotYours
        | Code::Unproven => StatusCode::FORBIDDEN,
        Code::NotFound | Code::NoSession | Code::NoConversation | Code::NoApproval => {
            StatusCode::NOT_FOUND
        }
        Code::BadMethod => StatusCode::METHOD_NOT_ALLOWED,
        Code::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::Live
        | Code::Replaced
        | Code::PlanChanged
        | Code::Busy
        | Code::Decided
        | Code::NotHeld
        | Code::Ended
        | Code::Refused => StatusCode::CONFLICT,
        Code::Fault | Code::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
        Code::NoTmux | Code::NoClaude | Code::TooOld | Code::Unresponsive | Code::Config => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn names(methods: &[Method], joint: &str) -> String {
    let names: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
    names.join(joint)
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        match reject {
            Reject::NotFound => Self::new(
                Code::NotFound,
                "Nothing is at this path; the README lists the routes.",
            ),
            Reject::BadMethod { allow } => Self {
                allow,
                ..Self::new(
                    Code::BadMethod,
                    format!(
                        "This path answers {} only; use that.",
                        names(allow, " and ")
                    ),
                )
            },
            Reject::BadPid => Self::new(
                Code::BadPid,
                "A pid is a whole number from 1 to 4194304; take it from GET /sessions.",
            ),
            Reject::BadWho => Self::new(
                Code::BadSessionId,
                "A session is named by its id or by its pid; take either from GET /sessions.",
            ),
            Reject::BadRequestId => Self::new(
                Code::BadRequest,
                "The id of an approval is 1 to 128 letters, digits, - and _; take it from GET /approvals.",
            ),
            Reject::BadQuery(takes) => Self::new(
                Code::BadRequest,
                format!("The query can't be used: {takes}."),
            ),
        }
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        let sentence = error.to_string();
        let mut refusal = Self::new(error.code(), sentence);
        if let ServiceError::Live {
            key,
            session_id,
            holder,
            age_sec,
        } = error
        {
            refusal.body.pid = Some(key.pid);
            refusal.body.key = Some(key);
            refusal.body.session_id = Some(session_id);
            refusal.body.holder = Some(holder);
            refusal.body.age_sec = Some(age_sec);
        } else if let ServiceError::Fault { what, source } = error {
            return fault(&what, source.as_ref());
        }
        refusal
    }
}

/// Logs a fault under a new id and answers with that id.
fn fault(what: &str, cause: &(dyn Error + 'static)) -> Refusal {
    static FAULTS: AtomicU64 = AtomicU64::new(1);
    // Unique within one log: the pid tells the runs of the server apart.
    let number = FAULTS.fetch_add(1, Ordering::Relaxed);
    let id = format!("{}-{number}", std::process::id());
    let causes: Vec<String> = std::iter::successors(Some(cause), |cause| (*cause).source())
        .map(ToString::to_string)
        .collect();
    tracing::error!(id, what, cause = causes.join(": "), "fault");
    let sentence = format!("{what}; the server's log has the cause under {id}.");
    let mut refusal = Refusal::new(Code::Fault, sentence);
    refusal.body.id = Some(id);
    refusal
}

/// Answers for a request whose handling panicked.
pub(crate) fn broken(panic: &tokio::task::JoinError) -> Answer {
    fault("Handling this request failed unexpectedly", panic).answer(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error table of the wire, as a client sees it.
    #[test]
    fn every_code_has_its_status() {
        let check = |expected: u16, codes: &[Code]| {
            for &code in codes {
                let refusal = Refusal::new(code, "Do this.");
                assert_eq!(refusal.answer(false).status(), expected, "{code:?}");
                assert_eq!(refusal.answer(true).status(), 200, "{code:?}, soft");
            }
        };
        use Code::*;
        check(400, &[BadRequest, BadPid, BadSessionId, BadCwd, BadHost]);
        check(
            403,
            &[
                BadOrigin,
                BadPeer,
                NotASession,
                Protected,
                NotYours,
                Unproven,
            ],
        );
        check(404, &[NotFound, NoSession, NoConversation, NoApproval]);
        check(405, &[BadMethod]);
        check(408, &[TooSlow]);
        check(
            409,
            &[
                Live,
                Replaced,
                PlanChanged,
                Busy,
                Decided,
                NotHeld,
                Ended,
                Refused,
            ],
        );
        check(413, &[TooLarge]);
        check(415, &[NotJson]);
        check(429, &[TooMany]);
        check(500, &[Fault]);
        check(503, &[NoTmux, NoClaude, TooOld, Unresponsive, Config]);
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let key: wire::ProcessKey = "7:9".parse().unwrap();
        let tmux = wire::Holder::Tmux {
            session: "work".to_owned(),
            attach: "tmux attach -t work".to_owned(),
        };
        let session_id: wire::SessionId = "086ce0db".parse().unwrap();
        let live = ServiceError::Live {
            key,
            session_id: session_id.clone(),
            holder: tmux.clone(),
            age_sec: 247,
        };
        let refusal = Refusal::from(live);
        assert_eq!(refusal.body.code, Code::Live);
        assert_eq!(
            (refusal.body.pid, refusal.body.key),
            (Some(key.pid), Some(key))
        );
        assert_eq!(refusal.body.session_id, Some(session_id));
        assert_eq!(
            (refusal.body.holder, refusal.body.age_sec),
            (Some(tmux), Some(247))
        );
        let sentence = "This conversation has been open in process 7 for 4m 7s; go there with `tmux attach -t work`, \
                        end it, or go on in a copy of it with \"fork\":true.";
        assert_eq!(refusal.body.error, sentence);
    }

    #[test]
    fn a_fault_keeps_its_cause_for_the_log() {
        let fault = || ServiceError::Fault {
            what: "The disk failed".to_owned(),
            source: "secret".into(),
        };
        let (one, two) = (Refusal::from(fault()), Refusal::from(fault()));
        assert!(one.body.id.is_some());
        assert_ne!(one.body.id, two.body.id);
        assert!(one.body.error.contains(one.body.id.as_deref().unwrap()));
        assert!(!one.body.error.contains("secret"));
    }
}

//! From a request to all that it asks for, checked.
//!
//! Knows the order of checks and how each body is read. Does not know what is done about it.

use std::time::Duration;

use hyper::{
    HeaderMap, Request,
    body::{Body, Bytes},
};
use wire::{
    Above, Act, BulkRequest, CancelRequest, CleanupRequest, Code, DecideRequest, KeysRequest,
    KillRequest, MessageRequest, ModelRequest, PermissionModeRequest, Pid, ProcessKey, ReapRequest,
    RenameRequest, RequestId, ResizeRequest, ResumeRequest, Route, RuleTest, RulesImport,
    RulesRequest, Scope, SignalRequest, Since, StartRequest, Who,
};

use super::{
    answer::Answer,
    asset::Asset,
    body,
    error::Refusal,
    gate::{Gate, Pass},
    output, trace,
    ws::Handshake,
};
use crate::peer::Peer;

/// A request that passed every check: what it asks for, and whether errors go out under 200.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(super) what: What,
    pub(super) soft: bool,
    /// Until it is answered.
    _room: Option<body::Room>,
}

/// Each with all that was said of it.
#[derive(Debug)]
pub(super) enum What {
    Asset(Asset),
    Health,
    Sessions(Scope),
    Context(Pid),
    Why(Pid),
    Tree(Pid),
    Kill(Pid, KillRequest),
    Signal(Act, Pid, SignalRequest),
    Interrupt(Who, SignalRequest),
    Start(StartRequest),
    Message(Who, MessageRequest),
    Cancel(Who, CancelRequest),
    Model(Who, ModelRequest),
    PermissionMode(Who, PermissionModeRequest),
    Rename(Who, RenameRequest),
    Approvals,
    Decide(RequestId, DecideRequest),
    Rules,
    SetRules(RulesRequest),
    TestRule(RuleTest),
    ImportRules(RulesImport),
    Act(BulkRequest),
    Audit(wire::Page),
    Orphans,
    Reap(ReapRequest),
    Resume(ResumeRequest),
    Cleanup(CleanupRequest),
    Ticket,
    Socket(Handshake, Pass),
    /// With the event that the client saw last.
    Events(Option<String>),
    Output(Who, Since),
    Screen(Who, Above),
    Keys(Who, KeysRequest),
    Resize(Who, ResizeRequest),
}

/// Reads a request completely, or says why it is refused. The body must arrive within `deadline`.
pub(crate) async fn receive<B>(
    request: Request<B>,
    peer: Peer,
    gate: &Gate,
    deadline: Duration,
) -> Result<Ask, Answer>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (mut parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().cloned();
    let target = target.as_ref().map_or("", |path| path.as_str());
    let soft = Route::is_soft(target);
    let mut room = None;
    let what = async {
        let pass = gate.check(peer, &parts).await?;
        let route = Route::parse(parts.method.as_str(), target)?;
        trace::route(&route);
        let what = match route {
            Route::Page => What::Asset(Asset::Page),
            Route::PageScript => What::Asset(Asset::Script),
            Route::PageStandIn => What::Asset(Asset::StandIn),
            Route::PageStyle => What::Asset(Asset::Style),
            Route::Icon => What::Asset(Asset::Icon),
            Route::Health => What::Health,
            Route::Sessions(scope) => What::Sessions(scope),
            Route::Context(pid) => What::Context(pid),
            Route::Why(pid) => What::Why(pid),
            Route::Socket if !body.is_end_stream() => {
                return Err(Refusal::new(
                    Code::BadRequest,
                    "The opening of a WebSocket has no body; leave it out.",
                ));
            }
            Route::Socket => What::Socket(Handshake::take(&mut parts)?, pass),
            Route::Events => What::Events(last_event(&parts.headers)),
            Route::Kill(pid) => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                let takes =
                    r#"{"key":"<key>","graceMs":5000,"tree":false}, each where it is needed"#;
                What::Kill(pid, body::decode(&body, takes)?)
            }
            Route::Tree(pid) => What::Tree(pid),
            Route::Interrupt(who) => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                What::Interrupt(who, body::decode(&body, r#"{"key":"<key>"} or {}"#)?)
            }
            Route::Start => {
                let body = body::read_prompt(&parts.headers, body, deadline, &mut room).await?;
                let takes = r#"{"cwd":"/a/directory"}, with prompt, model, permissionMode, effort, name, holder, resume, continue, fork, worktree where they are needed"#;
                What::Start(body::decode(&body, takes)?)
            }
            Route::Message(who) => {
                let body = body::read_prompt(&parts.headers, body, deadline, &mut room).await?;
                What::Message(who, body::decode(&body, r#"{"text":"what to say"}"#)?)
            }
            Route::Cancel(who) => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                What::Cancel(who, body::decode(&body, r#"{} or {"scope":"all"}"#)?)
            }
            Route::Model(who) => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                What::Model(who, body::decode(&body, r#"{"model":"opus"}"#)?)
            }
            Route::PermissionMode(who) => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                let takes = r#"{"permissionMode":"plan"}"#;
                What::PermissionMode(who, body::decode(&body, takes)?)
            }
            Route::Rename(who) => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                What::Rename(who, body::decode(&body, r#"{"name":"a name"}"#)?)
            }
            Route::Approvals => What::Approvals,
            Route::Decide(id) => {
                let body = body::read(&parts.headers, body, deadline, body::LONG).await?;
                let takes = r#"{"sessionId":"<id>","decision":"allow"}, with reason, answers, always, permissionMode where they are needed"#;
                What::Decide(id, body::decode(&body, takes)?)
            }
            Route::Output(who, since) => What::Output(who, output::since(since, &parts.headers)),
            Route::Screen(who, above) => What::Screen(who, above),
            Route::Keys(who) => {
                let body = body::read(&parts.headers, body, deadline, body::LONG).await?;
                let takes = r#"{"keys":["enter"]}, {"text":"what to paste"} or both"#;
                What::Keys(who, body::decode(&body, takes)?)
            }
            Route::Resize(who) => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                What::Resize(who, body::decode(&body, r#"{"columns":120,"rows":40}"#)?)
            }
            Route::Rules => What::Rules,
            Route::SetRules => {
                let body = body::read(&parts.headers, body, deadline, body::RULES).await?;
                let takes = r#"{"rev":0,"rules":[{"tool":"Bash","pattern":"git status*","action":"allow"}]}"#;
                What::SetRules(body::decode(&body, takes)?)
            }
            Route::TestRule => {
                let body = body::read(&parts.headers, body, deadline, body::RULES).await?;
                let takes = r#"{"tool":"Bash","input":{"command":"git status"}}, with cwd and sessionId where they are needed"#;
                What::TestRule(body::decode(&body, takes)?)
            }
            Route::ImportRules => {
                let body = body::read(&parts.headers, body, deadline, body::RULES).await?;
                let takes = r#"{"toolApprovalRules":[...]} or {"permissions":{...}}, with scope and dryRun where they are needed"#;
                What::ImportRules(body::decode(&body, takes)?)
            }
            Route::Pause(pid) => signal(Act::Pause, pid, &parts.headers, body, deadline).await?,
            Route::Continue(pid) => {
                signal(Act::Continue, pid, &parts.headers, body, deadline).await?
            }
            Route::Act => {
                let body = body::read(&parts.headers, body, deadline, body::LONG).await?;
                let takes = r#"{"act":"kill","keys":["<key>"]}, with graceMs and tree where they are needed"#;
                What::Act(body::decode(&body, takes)?)
            }
            Route::Orphans => What::Orphans,
            Route::Reap => {
                let body = body::read(&parts.headers, body, deadline, body::LONG).await?;
                let takes = r#"{"keys":["<key>"]}, with graceMs where it is needed"#;
                What::Reap(body::decode(&body, takes)?)
            }
            Route::Audit(page) => What::Audit(page),
            Route::Ticket => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                let NoFields {} = body::decode(&body, "{}")?;
                What::Ticket
            }
            Route::Resume => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                let request = body::decode_resume(&body)?;
                trace::session(&request.session_id);
                What::Resume(request)
            }
            Route::Cleanup => {
                let body = body::read(&parts.headers, body, deadline, body::LIMIT).await?;
                What::Cleanup(body::decode(&body, r#"{"dryRun":true} or {}"#)?)
            }
        };
        // Only now: a request that is refused anyway takes no permit.
        if let Some(permits) = what.permits() {
            gate.permit_action(permits)?;
        }
        if let What::Keys(_, request) = &what
            && !request.keys.is_empty()
        {
            gate.permit_keys(request.keys.len())?;
        }
        Ok(what)
    };
    what.await
        .map(|what| Ask {
            what,
            soft,
            _room: room,
        })
        .map_err(|refusal: Refusal| refusal.answer(soft))
}

async fn signal<B>(
    act: Act,
    pid: Pid,
    headers: &HeaderMap,
    body: B,
    deadline: Duration,
) -> Result<What, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let body = body::read(headers, body, deadline, body::LIMIT).await?;
    let request = body::decode(&body, r#"{"key":"<key>"} or {}"#)?;
    Ok(What::Signal(act, pid, request))
}

/// The body of a request that says all by its path.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}

impl What {
    /// How many actions this is; `None` where it changes nothing.
    fn permits(&self) -> Option<u32> {
        let each = |keys: &[ProcessKey]| Some(u32::try_from(keys.len()).unwrap_or(u32::MAX).max(1));
        match self {
            Self::Kill(..)
            | Self::Signal(..)
            | Self::Interrupt(..)
            | Self::Start(_)
            | Self::Message(..)
            | Self::Cancel(..)
            | Self::Model(..)
            | Self::PermissionMode(..)
            | Self::Rename(..)
            | Self::Decide(..)
            | Self::SetRules(_)
            | Self::Resume(_) => Some(1),
            Self::ImportRules(request) => (!request.dry_run).then_some(1),
            Self::Act(request) => each(&request.keys),
            Self::Reap(request) => each(&request.keys),
            Self::Cleanup(request) => (!request.dry_run).then_some(1),
            // What is pasted is like a message; keys are counted by themselves.
            Self::Keys(_, request) => request.text.as_ref().map(|_| 1),
            Self::Asset(_)
            | Self::Health
            | Self::Sessions(_)
            | Self::Context(_)
            | Self::Why(_)
            | Self::Tree(_)
            | Self::Approvals
            | Self::Rules
            | Self::TestRule(_)
            | Self::Orphans
            | Self::Audit(_)
            | Self::Ticket
            | Self::Socket(..)
            | Self::Events(_)
            | Self::Output(..)
            | Self::Screen(..)
            | Self::Resize(..) => None,
        }
    }
}

pub(super) fn last_event(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    Some(id.to_owned())
}

//! From a request to a verb of the service and back to a response.
//!
//! Knows HTTP and the order in which a request is checked. Does not know sockets, and no rules about
//! sessions: those are behind `Service`.

mod answer;
mod asset;
mod body;
mod error;
mod events;
mod gate;
mod guard;
mod limit;
mod output;
mod trace;
mod ws;

use std::{sync::Arc, time::Duration};

use hyper::{
    HeaderMap, Request, StatusCode,
    body::{Body, Bytes},
};
use wire::{
    Act, BulkRequest, Caller, CancelRequest, CleanupRequest, Code, DecideRequest, KillRequest,
    MessageRequest, ModelRequest, PermissionModeRequest, Pid, ProcessKey, ReapRequest,
    RenameRequest, RequestId, ResumeRequest, Route, RuleTest, RulesImport, RulesRequest, Scope,
    SignalRequest, Since, StartRequest, Who,
};

pub(crate) use crate::http::{
    answer::Answer,
    error::broken,
    trace::{answered, span},
};
pub use crate::http::{gate::Gate, guard::AllowedHosts};
use crate::{
    connection::Activity,
    http::{
        asset::Asset,
        error::Refusal,
        gate::Pass,
        ws::{Door, Handshake},
    },
    peer::Peer,
    service::{Cancel, Interrupted, Service, ServiceError},
    streams::Streams,
};

/// A request that passed every check: what it asks for, and whether errors go out under 200.
#[derive(Debug)]
pub(crate) struct Ask {
    what: What,
    soft: bool,
}

#[derive(Debug)]
enum What {
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
                let body = body::read(&parts.headers, body, deadline, body::PROMPT).await?;
                let takes = r#"{"cwd":"/a/directory"}, with prompt, model, permissionMode, effort, name, holder, resume, continue, fork, worktree where they are needed"#;
                What::Start(body::decode(&body, takes)?)
            }
            Route::Message(who) => {
                let body = body::read(&parts.headers, body, deadline, body::PROMPT).await?;
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
        Ok(what)
    };
    what.await
        .map(|what| Ask { what, soft })
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
            | Self::Output(..) => None,
        }
    }
}

impl Ask {
    /// Whether whoever asked has nothing to show any more.
    pub(crate) fn is_proved(&self) -> bool {
        !matches!(self.what, What::Socket(_, Pass::Ticket))
    }

    /// Carries out what was asked. A stream that begins with the answer goes on after it.
    pub(crate) async fn answer(
        self,
        service: &Service,
        streams: &Streams,
        activity: &Activity,
        gate: &Arc<Gate>,
        by: Caller,
    ) -> Answer {
        let slot = || streams.open(activity).ok_or_else(|| too_many(streams));
        let answered = match self.what {
            What::Asset(asset) => Ok(asset.answer()),
            What::Health => ok(service.health().await),
            What::Sessions(Scope::Live) => ok(service.sessions().await),
            What::Sessions(Scope::Recent { days }) => ok(service.recent(days).await),
            What::Context(pid) => ok(service.context(pid).await),
            What::Why(pid) => ok(service.why(pid).await),
            What::Tree(pid) => ok(service.tree(pid).await),
            What::Kill(pid, request) => ok(service.kill(pid, request, by).await),
            What::Signal(act, pid, request) => ok(service.signal(act, pid, request, by).await),
            What::Interrupt(who, request) => interrupted(service.interrupt(who, request, by).await),
            What::Start(request) => created(service.start(request, by).await),
            What::Message(who, request) => ok(service.message(who, request, by).await),
            What::Cancel(who, request) => cancelled(service.cancel(who, request, by).await),
            What::Model(who, request) => ok(service.set_model(who, request, by).await),
            What::PermissionMode(who, request) => {
                ok(service.set_permission_mode(who, request, by).await)
            }
            What::Rename(who, request) => ok(service.rename(who, request, by).await),
            What::Approvals => ok(service.approvals().await),
            What::Rules => ok(service.rules().await),
            What::SetRules(request) => ok(service.set_rules(request, by).await),
            What::TestRule(request) => ok(service.test_rule(request).await),
            What::ImportRules(request) => ok(service.import_rules(request, by).await),
            What::Decide(id, request) => ok(service.decide(id, request, by).await),
            What::Act(request) => ok(service.act(request, by).await),
            What::Audit(page) => ok(service.audit(page).await),
            What::Orphans => ok(service.orphans().await),
            What::Reap(request) => ok(service.reap(request, by).await),
            What::Resume(request) => ok(service.resume(request, by).await),
            What::Cleanup(request) => ok(service.cleanup(request, by).await),
            What::Ticket => gate
                .ticket()
                .map(|ticket| answer::json(StatusCode::OK, &ticket)),
            What::Socket(handshake, pass) => {
                let door = match pass {
                    Pass::Nothing => slot().map(Door::Open),
                    Pass::Ticket => Door::closed(streams, activity, gate),
                };
                door.map(|door| ws::answer(handshake, service, streams.limits, door))
            }
            What::Events(last) => {
                slot().map(|slot| events::answer(last.as_deref(), service, streams, slot))
            }
            What::Output(who, since) => {
                let outputs = service.output(who, since).await.map_err(Refusal::from);
                match (outputs, slot()) {
                    (Ok(outputs), Ok(_slot)) if self.soft && !since.follow => {
                        Ok(output::part(outputs).await)
                    }
                    (Ok(outputs), Ok(slot)) => {
                        Ok(output::answer(outputs, since, streams.limits, slot))
                    }
                    (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
                }
            }
        };
        answered.unwrap_or_else(|refusal| refusal.answer(self.soft))
    }
}

fn ok<T: serde::Serialize>(result: Result<T, ServiceError>) -> Result<Answer, Refusal> {
    Ok(answer::json(StatusCode::OK, &result?))
}

/// A session is a new thing, whatever `soft` says of errors.
fn created<T: serde::Serialize>(result: Result<T, ServiceError>) -> Result<Answer, Refusal> {
    Ok(answer::json(StatusCode::CREATED, &result?))
}

fn cancelled(result: Result<Cancel, ServiceError>) -> Result<Answer, Refusal> {
    Ok(match result? {
        Cancel::One(driven) => answer::json(StatusCode::OK, &driven),
        Cancel::All(all) => answer::json(StatusCode::OK, &all),
    })
}

fn interrupted(result: Result<Interrupted, ServiceError>) -> Result<Answer, Refusal> {
    Ok(match result? {
        Interrupted::Turn(driven) => answer::json(StatusCode::OK, &driven),
        Interrupted::Process(signalled) => answer::json(StatusCode::OK, &signalled),
    })
}

fn too_many(streams: &Streams) -> Refusal {
    let open = streams.limits.open;
    let sentence =
        format!("{open} live feeds are open, which is the most; close one and try again.");
    Refusal::new(Code::TooMany, sentence)
}

fn last_event(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    Some(id.to_owned())
}

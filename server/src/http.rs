//! From a request to a verb of the service and back to a response.
//!
//! Knows HTTP and the order in which a request is checked. Does not know sockets, and no rules about
//! sessions: those are behind `Service`.

mod answer;
mod ask;
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

use std::sync::Arc;

use hyper::StatusCode;
use wire::{Caller, Code, Scope};

pub(crate) use crate::http::{
    answer::Answer,
    ask::{Ask, receive},
    error::broken,
    trace::{answered, span},
};
pub use crate::http::{gate::Gate, guard::AllowedHosts};
use crate::{
    connection::Activity,
    http::{ask::What, error::Refusal, gate::Pass, ws::Door},
    service::{Cancel, Interrupted, Service, ServiceError},
    streams::Streams,
};

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
            What::Screen(who, above) => ok(service.screen(who, above).await),
            What::Keys(who, request) => ok(service.press(who, request, by).await),
            What::Resize(who, request) => ok(service.resize(who, request, by).await),
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

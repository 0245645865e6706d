//! From a request to a verb of the service and back to a response.
//!
//! Knows HTTP and the order in which a request is checked. Does not know sockets, and no rules about
//! sessions: those are behind `Service`.

mod answer;
mod asset;
mod body;
mod error;
mod guard;
mod trace;

use std::time::Duration;

use hyper::{
    Request, StatusCode,
    body::{Body, Bytes},
};
use wire::{CleanupRequest, KillRequest, Pid, ResumeRequest, Route, Scope};

pub use crate::http::guard::AllowedHosts;
pub(crate) use crate::http::{
    answer::Answer,
    error::broken,
    trace::{answered, span},
};
use crate::{
    http::{asset::Asset, error::Refusal},
    service::Service,
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
    Kill(Pid, KillRequest),
    Resume(ResumeRequest),
    Cleanup(CleanupRequest),
}

/// Reads a request completely, or says why it is refused. The body must arrive within `deadline`.
pub(crate) async fn receive<B>(
    request: Request<B>,
    hosts: &AllowedHosts,
    deadline: Duration,
) -> Result<Ask, Answer>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let soft = Route::is_soft(target);
    let what = async {
        hosts.check(&parts)?;
        let route = Route::parse(parts.method.as_str(), target)?;
        trace::route(route);
        let what = match route {
            Route::Page => What::Asset(Asset::Page),
            Route::PageScript => What::Asset(Asset::Script),
            Route::PageStandIn => What::Asset(Asset::StandIn),
            Route::PageStyle => What::Asset(Asset::Style),
            Route::Icon => What::Asset(Asset::Icon),
            Route::Health => What::Health,
            Route::Sessions(scope) => What::Sessions(scope),
            Route::Context(pid) => What::Context(pid),
            Route::Why(_) | Route::Socket | Route::Events => {
                return Err(wire::Reject::NotFound.into());
            }
            Route::Kill(pid) => {
                let body = body::read(&parts.headers, body, deadline).await?;
                let takes = r#"{"key":"<key>","graceMs":5000}, each where it is needed"#;
                What::Kill(pid, body::decode(&body, takes)?)
            }
            Route::Resume => {
                let body = body::read(&parts.headers, body, deadline).await?;
                let request = body::decode_resume(&body)?;
                trace::session(&request.session_id);
                What::Resume(request)
            }
            Route::Cleanup => {
                let body = body::read(&parts.headers, body, deadline).await?;
                What::Cleanup(body::decode(&body, r#"{"dryRun":true} or {}"#)?)
            }
        };
        Ok(what)
    };
    what.await
        .map(|what| Ask { what, soft })
        .map_err(|refusal: Refusal| refusal.answer(soft))
}

impl Ask {
    /// Carries out what was asked.
    pub(crate) async fn answer(self, service: &Service) -> Answer {
        let answered = match self.what {
            What::Asset(asset) => Ok(asset.answer()),
            What::Health => service.health().await.map(|it| ok(&it)),
            What::Sessions(Scope::Live) => service.sessions().await.map(|rows| ok(&rows)),
            What::Sessions(Scope::Recent { days }) => service.recent(days).await.map(|it| ok(&it)),
            What::Context(pid) => service.context(pid).await.map(|it| ok(&it)),
            What::Kill(pid, request) => service.kill(pid, request).await.map(|it| ok(&it)),
            What::Resume(request) => service.resume(request).await.map(|it| ok(&it)),
            What::Cleanup(request) => service.cleanup(request).await.map(|it| ok(&it)),
        };
        answered.unwrap_or_else(|error| Refusal::from(error).answer(self.soft))
    }
}

fn ok<T: serde::Serialize>(value: &T) -> Answer {
    answer::json(StatusCode::OK, value)
}

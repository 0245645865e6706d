//! Responses and the headers that every one of them carries.
//!
//! Knows header names. Does not know what is answered or why.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use http_body_util::{Either, Full};
use hyper::{
    Response, StatusCode,
    body::{Body, Bytes, Frame},
    header::{
        CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
        REFERRER_POLICY, SEC_WEBSOCKET_ACCEPT, UPGRADE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use serde::Serialize;
use tokio::sync::mpsc;

pub(crate) type Answer = Response<Either<Full<Bytes>, Parts>>;

/// A body that is written while it is sent, and ends when the sender is dropped.
#[derive(Debug)]
pub(crate) struct Parts(mpsc::Receiver<Bytes>);

/// What the standalone page may do: run its own script and the wasm inside it, and talk to this server.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// Answers with `value` as JSON.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Answer {
    let body = serde_json::to_vec(value).expect("wire types have string keys only");
    bytes(status, "application/json", body.into())
}

/// Answers with a file of the page.
pub(crate) fn asset(content_type: &'static str, body: &'static [u8]) -> Answer {
    let mut answer = bytes(StatusCode::OK, content_type, Bytes::from_static(body));
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_POLICY),
    );
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// Answers with what `parts` brings.
pub(crate) fn stream(content_type: &'static str, parts: mpsc::Receiver<Bytes>) -> Answer {
    with_type(StatusCode::OK, content_type, Either::Right(Parts(parts)))
}

/// Turns the connection into a WebSocket; `accept` proves that the client was understood.
pub(crate) fn switch_to_websocket(accept: HeaderValue) -> Answer {
    let mut answer = Response::new(Either::Left(Full::default()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    answer
}

fn bytes(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    with_type(status, content_type, Either::Left(Full::new(body)))
}

fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: Either<Full<Bytes>, Parts>,
) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = self.0.poll_recv(context);
        part.map(|part| part.map(|part| Ok(Frame::data(part))))
    }
}

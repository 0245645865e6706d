//! Reads a request's body and decodes it.
//!
//! Knows limits and JSON. Does not know what a body asks for.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap,
    body::{Body, Bytes},
    header::CONTENT_TYPE,
};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};
use wire::{Code, SessionId};

use crate::http::error::Refusal;

/// The most that a body may have, in bytes.
pub(crate) const LIMIT: usize = 4096;

/// The same where a whole selection is named.
pub(crate) const LONG: usize = 64 * 1024;

/// The same for a whole list of rules, or a call that rules are tried on.
pub(crate) const RULES: usize = 1024 * 1024;

/// The same where a prompt is: the API refuses requests of 32 MB.
pub(crate) const PROMPT: usize = 16 * 1024 * 1024;

/// So many long bodies are in memory at once, with what is made of them; the others wait with the client.
const LARGE: usize = 4;
static ROOM: Semaphore = Semaphore::const_new(LARGE);

/// The right to keep a long body until what it asks for is done.
pub(crate) type Room = SemaphorePermit<'static>;

/// How much of a body that is too large is read all the same: a client that is still sending when the
/// connection closes sees a reset instead of the answer.
const DRAIN: usize = 256 * 1024;

/// Reads the body of a POST that may be as long as a prompt. The room that a long one takes is `room`'s until that is dropped.
pub(crate) async fn read_prompt<B>(
    headers: &HeaderMap,
    body: B,
    deadline: Duration,
    room: &mut Option<Room>,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = body.size_hint().upper().unwrap_or(u64::MAX);
    if announced > LONG as u64 {
        let free = tokio::time::timeout(deadline, ROOM.acquire()).await;
        let refusal = || {
            let sentence = "Too many long messages are under way; send this one again in a moment.";
            Refusal::new(Code::TooMany, sentence)
        };
        *room = Some(free.map_err(|_| refusal())?.map_err(|_| refusal())?);
    }
    read(headers, body, deadline, PROMPT).await
}

/// Reads the body of a POST; one that is empty and has no type counts as `{}`.
pub(crate) async fn read<B>(
    headers: &HeaderMap,
    body: B,
    deadline: Duration,
    limit: usize,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let has_type = headers.contains_key(CONTENT_TYPE);
    if has_type && !is_json(headers) {
        return Err(not_json());
    }
    let body = tokio::time::timeout(deadline, collect(body, limit))
        .await
        .map_err(|_| {
            Refusal::new(
                Code::TooSlow,
                "The body did not arrive in time; send the request again.",
            )
        })??;
    match (has_type, body.is_empty()) {
        (false, true) => Ok(Bytes::from_static(b"{}")),
        (false, false) => Err(not_json()),
        (true, _) => Ok(body),
    }
}

async fn collect<B: Body<Data = Bytes> + Unpin>(
    mut body: B,
    limit: usize,
) -> Result<Bytes, Refusal> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    let mut seen = 0;
    let drain = DRAIN.max(limit);
    if announced <= drain {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| {
                Refusal::new(
                    Code::BadRequest,
                    "The body ended early or is malformed; send the request again.",
                )
            })?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            seen += data.len();
            if seen <= limit {
                kept.extend_from_slice(data);
            }
            if seen > drain {
                break;
            }
        }
    }
    if announced.max(seen) > limit {
        let sentence = format!("The body has more than {limit} bytes; send less.");
        return Err(Refusal::new(Code::TooLarge, sentence));
    }
    Ok(kept.into())
}

fn not_json() -> Refusal {
    Refusal::new(
        Code::NotJson,
        "The body must be JSON; send it with `Content-Type: application/json`.",
    )
}

/// Whether the one content type is JSON, with no charset or that of JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(first), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(text) = first.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            // What is not a parameter may be one to somebody else: `;,charset=latin1`.
            Some((name, _)) => is_token(name),
            None => parameter.is_empty(),
        })
}

/// Whether this can be the name of a parameter (RFC 9110, section 5.6.2).
fn is_token(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// Decodes a body; `takes` shows what belongs in it.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8], takes: &str) -> Result<T, Refusal> {
    // serde also reads a struct from an array, so that `[]` would do as `{}`.
    let starts_object = body.trim_ascii_start().starts_with(b"{");
    let why = match serde_json::from_slice(body) {
        Ok(value) if starts_object => return Ok(value),
        Ok(_) => "it is not an object".to_owned(),
        Err(error) if error.is_data() && !starts_object => "it is not an object".to_owned(),
        Err(error) => error.to_string(),
    };
    let sentence = format!("The body can't be used: {why}; send {takes}.");
    Err(Refusal::new(Code::BadRequest, sentence))
}

/// Decodes the body of a resume, and tells apart which of its fields is wrong.
pub(crate) fn decode_resume(body: &[u8]) -> Result<wire::ResumeRequest, Refusal> {
    const TAKES: &str = r#"{"sessionId":"<id>"} and, where it is needed, "cwd":"<path>""#;
    decode(body, TAKES).map_err(|mut refusal| {
        if let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(body) {
            let id = fields.get("sessionId").and_then(serde_json::Value::as_str);
            if id.is_none_or(|id| id.parse::<SessionId>().is_err()) {
                refusal.body.code = Code::BadSessionId;
            } else if fields
                .get("cwd")
                .is_some_and(|cwd| !cwd.is_string() && !cwd.is_null())
            {
                refusal.body.code = Code::BadCwd;
            }
        }
        refusal
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn what_is_no_object_is_no_body(bytes in vec(any::<u8>(), 0..80), text in r#"[\[\]{}":,a-z0-9 ]{0,20}"#) {
            for body in [&bytes[..], text.as_bytes()] {
                let read = decode::<serde_json::Value>(body, "x");
                let value = serde_json::from_slice::<serde_json::Value>(body);
                prop_assert_eq!(read.is_ok(), value.is_ok_and(|value| value.is_object()));
                if let Err(refusal) = decode_resume(body) {
                    prop_assert!(matches!(
                        refusal.body.code,
                        Code::BadRequest | Code::BadSessionId | Code::BadCwd
                    ));
                }
            }
        }

        #[test]
        fn a_body_is_json_by_one_header_only(value in "(application/json|text/plain|Application/JSON)?[;,= ]{0,2}(charset=(utf-8|\"UTF-8\"|latin1))?.{0,3}") {
            let mut headers = HeaderMap::new();
            let Ok(header) = HeaderValue::from_str(&value) else {
                return Ok(());
            };
            headers.append(CONTENT_TYPE, header);
            if is_json(&headers) {
                prop_assert!(value.trim_start().to_ascii_lowercase().starts_with("application/json"));
                prop_assert!(!value.contains("latin1"));
            }
            headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            prop_assert!(!is_json(&headers));
        }
    }
}

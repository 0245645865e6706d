//! The socket on which the list arrives by itself.
//!
//! Knows how the server's messages are written (`wire::Frame`). Does not know which of them is due, nor when to try
//! again: `model::link` does. Each row is read by itself, so that one that can't be read costs no other.

use js_sys::{Array, JSON};
use wasm_bindgen::JsValue;
use web_sys::WebSocket;

use crate::{
    host::{get, written},
    listener::Listener,
    model::{
        link::Heard,
        live::News,
        talk::{Tidings, Told},
        terminal::{self, Seen},
    },
};

/// An open socket, or one that is about to be; dropping it closes it without another word.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocket,
    _listener: Listener,
}

impl Socket {
    /// `None` for an address that no socket can have.
    pub(crate) fn open(url: &str, mut hear: impl FnMut(Heard) + 'static) -> Option<Self> {
        let socket = WebSocket::new(url).ok()?;
        let listener = Listener::new(socket.clone().into(), &["message", "close"], move |event| {
            hear(match get(&event, "data").as_string() {
                Some(text) => read(&text).unwrap_or(Heard::Garbled),
                None if get(&event, "type") == "close" => Heard::Closed,
                None => Heard::Garbled,
            });
        });
        Some(Self {
            socket,
            _listener: listener,
        })
    }

    /// Says this to the server, which must have spoken before.
    pub(crate) fn say(&self, said: &wire::Said) {
        let text = serde_json::to_string(said).unwrap_or_default();
        // It fails for a socket that is about to close, and then there will be another one.
        let _said = self.socket.send_with_str(&text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // It fails for codes and reasons only, and none is given.
        let _closed = self.socket.close();
    }
}

fn read(text: &str) -> Option<Heard> {
    let frame = JSON::parse(text).ok()?;
    match get(&frame, "type").as_string()?.as_str() {
        "hello" => Some(Heard::Hello {
            protocol: whole(&get(&frame, "protocol"))?,
            open: get(&frame, "auth") == "none",
        }),
        "snapshot" => Some(Heard::Snapshot(News {
            at: whole(&get(&frame, "at"))?,
            rows: rows(&get(&frame, "sessions"))?,
            gone: Vec::new(),
            acting: acting(&frame),
            approvals_rev: whole(&get(&frame, "approvalsRev")).unwrap_or_default(),
        })),
        "changes" => Some(Heard::Changes(News {
            at: whole(&get(&frame, "at"))?,
            rows: rows(&get(&frame, "changed"))?,
            gone: list(&get(&frame, "gone"))?
                .iter()
                .filter_map(|key| key.as_string())
                .collect(),
            acting: acting(&frame),
            approvals_rev: whole(&get(&frame, "approvalsRev")).unwrap_or_default(),
        })),
        "screen" => Some(Heard::Screen(Seen {
            session_id: get(&frame, "sessionId").as_string()?.parse().ok()?,
            news: seen(&get(&frame, "screen"))?,
        })),
        "output" => Some(Heard::Output(told(&get(&frame, "output"))?)),
        _ => None,
    }
}

fn told(output: &JsValue) -> Option<Told> {
    let tidings = match get(output, "type").as_string()?.as_str() {
        "events" => Tidings::Events(events(&get(output, "events"))?),
        "delta" => Tidings::Delta(read_as(&get(output, "delta"))?),
        "caught" => Tidings::Caught(whole(&get(output, "seq"))?),
        "end" => Tidings::End(get(output, "reason").as_string()),
        _ => return None,
    };
    Some(Told {
        session_id: get(output, "sessionId").as_string()?.parse().ok()?,
        numbering: get(output, "numbering").as_string(),
        tidings,
    })
}

fn seen(screen: &JsValue) -> Option<terminal::News> {
    Some(match get(screen, "type").as_string()?.as_str() {
        "whole" => terminal::News::Whole(Box::new(read_as(&get(screen, "picture"))?)),
        "changed" => {
            let line = |line: JsValue| {
                let row = usize::try_from(whole(&get(&line, "row"))?).ok()?;
                Some((row, read_as(&get(&line, "runs"))?))
            };
            let lines = get(screen, "lines");
            terminal::News::Changed {
                cursor: read_as(&get(screen, "cursor"))?,
                title: get(screen, "title").as_string(),
                kept: u32::try_from(whole(&get(screen, "kept"))?).ok()?,
                lines: list(&lines)?.iter().filter_map(line).collect(),
            }
        }
        "end" => terminal::News::End(get(screen, "reason").as_string()?),
        _ => return None,
    })
}

fn events(value: &JsValue) -> Option<Vec<(u64, Option<wire::Event>)>> {
    let event = |event: JsValue| {
        let seq = whole(&get(&event, "seq")).unwrap_or_default();
        (seq, read_as(&event))
    };
    Some(list(value)?.iter().map(event).collect())
}

fn read_as<T: serde::de::DeserializeOwned>(value: &JsValue) -> Option<T> {
    serde_json::from_str(&written(value)).ok()
}

fn rows(value: &JsValue) -> Option<Vec<(String, Option<wire::Session>)>> {
    let row = |row: JsValue| {
        let key = get(&row, "key").as_string().unwrap_or_default();
        (key, read_as(&row))
    };
    Some(list(value)?.iter().map(row).collect())
}

/// An older server tells of none.
fn acting(frame: &JsValue) -> Vec<wire::Acting> {
    let all = get(frame, "acting");
    let all = list(&all).into_iter().flat_map(|all| all.iter());
    all.filter_map(|one| read_as(&one)).collect()
}

fn list(value: &JsValue) -> Option<&Array> {
    wasm_bindgen::JsCast::dyn_ref(value)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number that is none of ours is read as another one, and is as wrong as it was"
)]
fn whole(value: &JsValue) -> Option<u64> {
    value.as_f64().map(|number| number as u64)
}

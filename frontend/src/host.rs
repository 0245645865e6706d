//! The typed face of the object that the host hands to `mount`: `{context, onContextChange, rpc}`.
//!
//! Knows what CloudCLI's object can do and how it fails. Does not know what is asked through it. A host that
//! leaves out a part is borne with: only `rpc` is needed.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::model::{Surroundings, Theme, answer::Reply};

#[derive(Clone, Debug)]
pub(crate) struct Host {
    api: JsValue,
    rpc: Function,
}

/// A callback that the host holds; dropping it takes it back.
#[derive(Debug)]
pub(crate) struct Subscription {
    unsubscribe: Option<Function>,
    _callback: Closure<dyn FnMut(JsValue)>,
}

impl Host {
    /// Takes the host's object; `None` where it has no `rpc`.
    pub(crate) fn new(api: JsValue) -> Option<Self> {
        let rpc = get(&api, "rpc").dyn_into().ok()?;
        Some(Self { api, rpc })
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        read_surroundings(&get(&self.api, "context"))
    }

    /// Calls back at each change of theme or project.
    pub(crate) fn on_change(
        &self,
        mut changed: impl FnMut(Surroundings) + 'static,
    ) -> Option<Subscription> {
        let subscribe: Function = get(&self.api, "onContextChange").dyn_into().ok()?;
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |context: JsValue| {
            changed(read_surroundings(&context));
        });
        let unsubscribe = subscribe.call1(&self.api, callback.as_ref()).ok()?;
        Some(Subscription {
            unsubscribe: unsubscribe.dyn_into().ok(),
            _callback: callback,
        })
    }

    /// Where the server's feed is to be had, `None` for nowhere. It is asked for before each link, since the host's
    /// token changes. A host that knows better says so by a `liveUrl` of its own.
    pub(crate) fn feed(&self) -> Option<String> {
        if let Ok(url) = get(&self.api, "liveUrl").dyn_into::<Function>() {
            return url.call0(&self.api).ok()?.as_string();
        }
        let location = get(&window(), "location");
        let part = |name| get(&location, name).as_string();
        let scheme = match part("protocol")?.as_str() {
            "https:" => "wss",
            _ => "ws",
        };
        let token = get(&get(&window(), "localStorage"), "auth-token").as_string()?;
        let token = js_sys::encode_uri_component(&token);
        let host = part("host")?;
        Some(format!(
            "{scheme}://{host}/plugin-ws/session-manager?token={token}"
        ))
    }

    /// Sends one request; `list` is as `Call::list` has it. `Err` has the words of whoever failed.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        list: Option<&str>,
    ) -> Result<Reply, String> {
        let body = match body {
            Some(text) => JSON::parse(text).map_err(|error| words(&error))?,
            None => JsValue::UNDEFINED,
        };
        let promise = self
            .rpc
            .call3(&self.api, &method.into(), &path.into(), &body);
        let promise = Promise::resolve(&promise.map_err(|error| words(&error))?);
        let answer = JsFuture::from(promise)
            .await
            .map_err(|error| words(&error))?;
        let rows = match list {
            Some("") => Some(answer.clone()),
            Some(member) => Some(get(&answer, member)),
            None => None,
        };
        match rows.and_then(|rows| rows.dyn_into::<Array>().ok()) {
            Some(rows) => Ok(Reply::Rows {
                rows: rows.iter().map(|row| written(&row)).collect(),
                numbering: get(&answer, "numbering").as_string(),
            }),
            None => Ok(Reply::One(written(&answer))),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(unsubscribe) = &self.unsubscribe {
            // Should it throw, then there is nothing to take back.
            let _taken_back = unsubscribe.call0(&JsValue::UNDEFINED);
        }
    }
}

fn read_surroundings(context: &JsValue) -> Surroundings {
    let theme = match get(context, "theme").as_string().as_deref() {
        Some("light") => Theme::Light,
        Some(_) | None => Theme::Dark,
    };
    Surroundings {
        theme,
        project: get(&get(context, "project"), "path").as_string(),
        zone_min: zone_min(),
    }
}

/// By how many minutes the browser's clock is ahead of Greenwich.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an offset is less than a day"
)]
fn zone_min() -> i32 {
    -(js_sys::Date::new_0().get_timezone_offset() as i32)
}

/// Returns a member, `undefined` where the value has none or is no object.
pub(crate) fn get(value: &JsValue, member: &str) -> JsValue {
    if value.is_instance_of::<Object>() || value.is_object() {
        Reflect::get(value, &member.into()).unwrap_or(JsValue::UNDEFINED)
    } else {
        JsValue::UNDEFINED
    }
}

/// What can't be written as JSON reads as nothing, which no decoder takes.
pub(crate) fn written(value: &JsValue) -> String {
    JSON::stringify(value)
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

fn words(error: &JsValue) -> String {
    get(error, "message")
        .as_string()
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "unknown error".to_owned())
}

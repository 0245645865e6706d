//! What changes in a view, behind few types: each closure of its own type would bring the whole machinery along
//! once more, and the page has a budget.

use std::marker::Send;

use leptos::{ev::MouseEvent, prelude::*};

use crate::screen::keyed::Keyed;

pub(super) type Text = Box<dyn Fn() -> String + Send>;
pub(super) type Flag = Box<dyn Fn() -> bool + Send>;
pub(super) type Press = Box<dyn Fn(MouseEvent)>;
pub(super) type Part = Box<dyn Fn() -> AnyView + Send>;

/// A text, as a node or as an attribute.
pub(super) fn text(read: impl Fn() -> String + Send + 'static) -> Text {
    Box::new(read)
}

/// An attribute or a class that is there or not.
pub(super) fn flag(read: impl Fn() -> bool + Send + 'static) -> Flag {
    Box::new(read)
}

/// Elements that come and go.
pub(super) fn part(build: impl Fn() -> AnyView + Send + 'static) -> Part {
    Box::new(build)
}

/// What a button does.
pub(super) fn press(act: impl Fn() + 'static) -> Press {
    Box::new(move |_| act())
}

/// One element for each value.
pub(super) fn all<T>(values: Vec<T>, build: impl Fn(T) -> AnyView) -> AnyView {
    values
        .into_iter()
        .map(build)
        .collect::<Vec<AnyView>>()
        .into_any()
}

/// An element for a value that may be absent.
pub(super) fn maybe<T>(value: Option<T>, build: impl Fn(T) -> AnyView) -> AnyView {
    match value {
        Some(value) => build(value),
        None => ().into_any(),
    }
}

/// One element for each row; it stays the row's wherever that moves. `name` is what the key is told apart by.
pub(super) fn each<K, V>(
    rows: Keyed<K, V>,
    name: fn(&K) -> String,
    build: impl Fn(K, ArcRwSignal<V>) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    K: Clone + PartialEq + Send + Sync + 'static,
    V: Clone + PartialEq + Send + Sync + 'static,
{
    each_built(Box::new(move || {
        let build = &build;
        let one = |(key, cell): (K, ArcRwSignal<V>)| {
            let build = build.clone();
            Built {
                name: name(&key),
                build: Box::new(move || build(key, cell)),
            }
        };
        rows.rows().into_iter().map(one).collect()
    }))
}

struct Built {
    name: String,
    build: Box<dyn FnOnce() -> AnyView + Send>,
}

fn each_built(rows: Box<dyn Fn() -> Vec<Built> + Send>) -> AnyView {
    view! { <For each=rows key=|built| built.name.clone() children=|built: Built| (built.build)()/> }.into_any()
}

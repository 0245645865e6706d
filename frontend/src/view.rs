//! The page's elements.
//!
//! Knows how each part looks. Reads the screen's signals and sends messages; decides nothing. Text goes in as text
//! nodes only.

mod act;
mod approval;
mod approvals;
mod badge;
mod banners;
mod batch;
mod bound;
mod choice;
mod cleanup;
mod detail;
mod dialog;
mod group;
mod header;
mod history;
mod icon;
mod kill;
mod list;
mod markdown;
mod orphans;
mod question;
mod recent;
mod row;
mod rules;
mod start;
mod talk;
mod toasts;
mod why;

use leptos::prelude::*;

use crate::{
    model::{Msg, Theme},
    screen::Screen,
    view::{
        approvals::approvals,
        banners::banners,
        bound::{flag, text},
        choice::bar,
        dialog::modal,
        header::header,
        history::history_button,
        list::list,
        orphans::orphans,
        recent::recent,
        talk::talk,
        toasts::toasts,
    },
};

/// Every rule is prefixed, so that none reaches the host's elements. The files travel as they are, so reasons stand here:
///
/// - Checkboxes and switches are hidden without opacity, and drawn by what stands beside them: the host shows every checkbox on a
///   touch screen with an `!important` of its own.
/// - The arrow of a list to choose from is drawn: the host takes the browser's away and puts a picture behind, which differs by theme.
/// - What stands at the foot does not stand in its middle, where messages lie over the page's end.
/// - Nothing of what is decided on lies beyond an edge.
/// - A conversation and a terminal scroll from their end: there they stay, whatever comes.
/// - The terminal is dark in either theme: Claude Code is told no background, and writes in colours for a dark one. An input
///   method writes into a field of it before it is done.
const STYLE: &str = concat!(
    include_str!("view/style.css"),
    include_str!("view/ask.css"),
    include_str!("view/talk.css"),
    include_str!("view/terminal.css")
);

/// How views tell the model what has happened.
pub(crate) type Send = Callback<Msg>;

/// The whole page.
pub(crate) fn page(screen: Screen, send: Send) -> AnyView {
    let theme = text(move || match screen.theme.get() {
        Theme::Dark => "dark".to_owned(),
        Theme::Light => "light".to_owned(),
    });
    let talks = Memo::new(move |_| screen.talk.with(Option::is_some));
    view! {
        <style>{STYLE}</style>
        <div class="sm-page" data-theme=theme>
            <main class="sm-main" hidden=flag(move || talks.get())>
                {header(screen, send)}
                {banners(screen, send)}
                {approvals(screen, send)}
                {list(screen, send)}
                {orphans(screen, send)}
                {recent(screen, send)}
                {history_button(send)}
            </main>
            {talk(screen, send)}
            {bar(screen, send)}
            {modal(screen, send)}
            {toasts(screen, send)}
        </div>
    }
    .into_any()
}

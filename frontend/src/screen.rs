//! What the views read: one signal a part, and one a row.
//!
//! Knows how the model is put into words and which signals an update touches: those whose words changed, so that
//! nothing else on the page is drawn again. Does not know elements.

pub(crate) mod act;
pub(crate) mod approvals;
pub(crate) mod asked;
pub(crate) mod banner;
pub(crate) mod batch;
pub(crate) mod cleanup;
pub(crate) mod detail;
pub(crate) mod diff;
pub(crate) mod exact;
pub(crate) mod group;
pub(crate) mod header;
pub(crate) mod history;
pub(crate) mod keyed;
pub(crate) mod kill;
pub(crate) mod look;
pub(crate) mod markdown;
pub(crate) mod orphans;
pub(crate) mod progress;
pub(crate) mod recent;
pub(crate) mod row;
pub(crate) mod rules;
pub(crate) mod selection;
pub(crate) mod start;
pub(crate) mod talk;
pub(crate) mod terminal;
pub(crate) mod tree;
pub(crate) mod why;

use leptos::prelude::*;
use wire::{ProcessKey, SessionId};

use crate::{
    model::{Dialog, Model, Theme, approvals::RequestKey, facet::Facet, toast::Toast},
    screen::{
        approvals::{ApprovalView, QueueView},
        banner::Banner,
        batch::BatchView,
        cleanup::CleanupView,
        header::{HeaderView, PillView},
        history::HistoryView,
        keyed::Keyed,
        kill::KillView,
        orphans::{OrphanRow, OrphansView},
        recent::{RecentRow, RecentView},
        row::RowView,
        rules::{RuleView, RulesView},
        selection::SelectionView,
        start::StartView,
        talk::{Piece, QuestionView, Shown, TalkView},
        terminal::{LineView, TerminalView},
    },
};

#[derive(Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) theme: RwSignal<Theme>,
    pub(crate) banners: RwSignal<Vec<Banner>>,
    pub(crate) header: RwSignal<HeaderView>,
    pub(crate) pills: Keyed<Facet, PillView>,
    pub(crate) queue: RwSignal<QueueView>,
    pub(crate) approvals: Keyed<RequestKey, ApprovalView>,
    pub(crate) rows: Keyed<ProcessKey, RowView>,
    /// What stands in the list's place while it has no rows.
    pub(crate) instead: RwSignal<Option<Instead>>,
    pub(crate) selection: RwSignal<SelectionView>,
    pub(crate) orphans: RwSignal<OrphansView>,
    pub(crate) orphan_rows: Keyed<ProcessKey, OrphanRow>,
    pub(crate) recent: RwSignal<RecentView>,
    pub(crate) recent_rows: Keyed<SessionId, RecentRow>,
    pub(crate) talk: RwSignal<Option<TalkView>>,
    pub(crate) talk_items: Keyed<u64, Shown>,
    /// What is being written.
    pub(crate) talk_pieces: Keyed<u32, Piece>,
    pub(crate) terminal: RwSignal<Option<TerminalView>>,
    /// By its row.
    pub(crate) terminal_lines: Keyed<i32, LineView>,
    /// The rules, while the dialog shows them.
    pub(crate) rules: Keyed<u32, RuleView>,
    pub(crate) dialog: RwSignal<DialogView>,
    pub(crate) toasts: Keyed<u32, Toast>,
}

/// Why there are no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    Loading,
    /// No session runs.
    Nobody,
    /// Some run, and none fits what is asked for.
    NoMatch,
    /// There never was an answer; the banner says why.
    Unknown,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum DialogView {
    #[default]
    None,
    Kill(KillView),
    Batch(BatchView),
    Rules(RulesView),
    History(HistoryView),
    Cleanup(CleanupView),
    Start(StartView),
    Talk(QuestionView),
}

/// Each is `None` while another one stands.
impl DialogView {
    pub(crate) fn kill(&self) -> Option<&KillView> {
        let Self::Kill(view) = self else { return None };
        Some(view)
    }

    pub(crate) fn batch(&self) -> Option<&BatchView> {
        let Self::Batch(view) = self else { return None };
        Some(view)
    }

    pub(crate) fn history(&self) -> Option<&HistoryView> {
        let Self::History(view) = self else {
            return None;
        };
        Some(view)
    }

    pub(crate) fn start(&self) -> Option<&StartView> {
        let Self::Start(view) = self else {
            return None;
        };
        Some(view)
    }

    pub(crate) fn talk(&self) -> Option<&QuestionView> {
        let Self::Talk(view) = self else {
            return None;
        };
        Some(view)
    }

    pub(crate) fn rules(&self) -> Option<&RulesView> {
        let Self::Rules(view) = self else {
            return None;
        };
        Some(view)
    }

    pub(crate) fn cleanup(&self) -> Option<&CleanupView> {
        let Self::Cleanup(view) = self else {
            return None;
        };
        Some(view)
    }
}

impl Screen {
    /// Makes the signals; they belong to the present owner and go with it.
    pub(crate) fn new() -> Self {
        Self {
            theme: RwSignal::new(Theme::Dark),
            banners: RwSignal::new(Vec::new()),
            header: RwSignal::new(HeaderView::default()),
            pills: Keyed::new(),
            queue: RwSignal::new(QueueView::default()),
            approvals: Keyed::new(),
            rows: Keyed::new(),
            instead: RwSignal::new(Some(Instead::Loading)),
            selection: RwSignal::new(SelectionView::default()),
            orphans: RwSignal::new(OrphansView::default()),
            orphan_rows: Keyed::new(),
            recent: RwSignal::new(RecentView::default()),
            recent_rows: Keyed::new(),
            talk: RwSignal::new(None),
            talk_items: Keyed::new(),
            talk_pieces: Keyed::new(),
            terminal: RwSignal::new(None),
            terminal_lines: Keyed::new(),
            rules: Keyed::new(),
            dialog: RwSignal::new(DialogView::None),
            toasts: Keyed::new(),
        }
    }

    /// Shows the model: sets each signal whose value is another one now.
    pub(crate) fn show(&self, model: &Model) {
        set(self.theme, model.surroundings.theme);
        set(self.banners, banner::banners(model));
        set(self.header, header::header(model));
        self.pills.set(header::pills(model));
        let (queue, approvals) = approvals::approvals(model);
        set(self.queue, queue);
        self.approvals.set(approvals);
        let rows = row::rows(model);
        set(self.instead, instead(model, rows.is_empty()));
        self.rows.set(rows);
        set(self.selection, selection::selection(model));
        let (orphans, orphan_rows) = orphans::orphans(model);
        set(self.orphans, orphans);
        self.orphan_rows.set(orphan_rows);
        let (recent, recent_rows) = recent::recent(model);
        set(self.recent, recent);
        self.recent_rows.set(recent_rows);
        set(self.talk, talk::talk(model));
        self.talk_items.set(talk::items(model));
        self.talk_pieces.set(talk::pieces(model));
        set(self.terminal, terminal::terminal(model));
        self.terminal_lines.set(terminal::lines(model));
        set(self.dialog, dialog(model));
        if let Some(Dialog::Rules(rules)) = &model.dialog {
            self.rules.set(rules::rows(model, rules));
        }
        let toasts = model.toasts.shown.iter();
        let toasts = toasts.map(|toast| (toast.id, toast.clone()));
        self.toasts
            .set(toasts.chain(progress::unseen(model)).collect());
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

fn dialog(model: &Model) -> DialogView {
    let now = model.live.server_now();
    match &model.dialog {
        None => DialogView::None,
        Some(Dialog::Start) => DialogView::Start(start::start(model)),
        Some(Dialog::Talk(question)) => DialogView::Talk(talk::question(model, question)),
        Some(Dialog::Kill(ending)) => DialogView::Kill(kill::kill(model, ending)),
        Some(Dialog::Batch(batch)) => DialogView::Batch(batch::batch(model, batch)),
        Some(Dialog::Rules(rules)) => DialogView::Rules(rules::rules(model, rules)),
        Some(Dialog::Cleanup(cleanup)) => DialogView::Cleanup(cleanup::cleanup(cleanup)),
        Some(Dialog::History(history)) => {
            DialogView::History(history::history(history, &model.homes, now))
        }
    }
}

fn instead(model: &Model, no_rows: bool) -> Option<Instead> {
    if !no_rows {
        return None;
    }
    Some(match (model.live.seen_at, model.trouble()) {
        (None, None) => Instead::Loading,
        (None, Some(_)) => Instead::Unknown,
        (Some(_), _) if model.live.sessions.is_empty() => Instead::Nobody,
        (Some(_), _) => Instead::NoMatch,
    })
}

fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    // A signal of a page that has been left is gone, which is no mistake.
    if signal.try_with_untracked(|shown| *shown != value) == Some(true) {
        signal.try_set(value);
    }
}

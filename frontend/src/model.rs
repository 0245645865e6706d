//! Everything the page knows, as plain data.
//!
//! Knows what was answered, what is asked and what the person has chosen. Does not know how it looks, and has no
//! clock and no DOM: `update` is told the time and returns what is to be done.

pub(crate) mod answer;
pub(crate) mod approvals;
pub(crate) mod batch;
pub(crate) mod by_key;
pub(crate) mod call;
pub(crate) mod doing;
pub(crate) mod ending;
pub(crate) mod facet;
pub(crate) mod history;
pub(crate) mod intake;
pub(crate) mod kept;
pub(crate) mod link;
pub(crate) mod live;
pub(crate) mod orphans;
pub(crate) mod outcome;
pub(crate) mod pace;
pub(crate) mod recent;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod selection;
pub(crate) mod start;
pub(crate) mod talk;
pub(crate) mod terminal;
pub(crate) mod toast;
pub(crate) mod update;
pub(crate) mod why;

use wire::{
    Approval, Audit, CleanupReport, Context, Decided, Driven, Event, Health, Killed, Orphan,
    Picture, ProcessKey, RecentSession, Resumed, RuleSet, RuleTested, RulesImported, Said, Session,
    SessionId, Signalled, Started, Tree, Why,
};

use crate::model::{
    answer::{Rows, Trouble},
    approvals::{Approvals, RequestKey, Step},
    batch::Batch,
    by_key::ByKey,
    call::{Call, Drive},
    doing::{Deed, Doing},
    ending::Ending,
    facet::Facet,
    history::History,
    link::{Heard, Link},
    live::Live,
    orphans::Orphans,
    recent::Recent,
    report::Report,
    rules::Rules,
    selection::{Reach, Selection},
    start::{Field, From, Start},
    talk::{Asked, Question, Talk, Talking, unsaid::Unsaid},
    toast::Toasts,
    why::Reasons,
};

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) link: Link,
    pub(crate) live: Live,
    pub(crate) recent: Recent,
    /// What stands in the filter box.
    pub(crate) filter: String,
    /// The one facet that the list is narrowed to.
    pub(crate) facet: Option<Facet>,
    /// The list is kept up by itself, over the link or by asking again and again.
    pub(crate) auto: bool,
    /// Our own time at the latest tick.
    ticked_at: u64,
    /// The rows that are unfolded, each with its conversation.
    pub(crate) open: ByKey<ProcessKey, Detail>,
    /// The sessions whose state is explained.
    pub(crate) reasons: ByKey<ProcessKey, Reasons>,
    /// What this page has asked to be done, until it is answered.
    pub(crate) doing: ByKey<ProcessKey, Doing>,
    pub(crate) selection: Selection,
    pub(crate) orphans: Orphans,
    pub(crate) approvals: Approvals,
    pub(crate) dialog: Option<Dialog>,
    /// What the dialog for a new session has been told.
    pub(crate) start: Start,
    /// The conversation that is looked at, in the list's place.
    pub(crate) talk: Option<Talk>,
    /// What was written to conversations that are not looked at, and has not arrived there.
    unsaid: ByKey<SessionId, Unsaid>,
    pub(crate) toasts: Toasts,
    /// The mistakes in the server's configuration.
    pub(crate) mistakes: Vec<String>,
    /// The homes whose sessions are listed.
    pub(crate) homes: Vec<String>,
    pub(crate) surroundings: Surroundings,
}

/// What the host tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) theme: Theme,
    /// The directory of the project that is selected in the host.
    pub(crate) project: Option<String>,
    /// By how many minutes the person's clock is ahead of Greenwich.
    pub(crate) zone_min: i32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    Dark,
    Light,
}

/// What is known of an unfolded row's conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// `None` until the first answer; it is kept while a newer one is on its way.
    pub(crate) known: Option<Result<Context, String>>,
    /// The session's `last_activity_at` for which it was asked.
    pub(crate) asked_for: u64,
    /// Our own time at which it was asked.
    pub(crate) asked_at: u64,
}

impl Detail {
    /// A conversation that goes on and on is not read at each of its steps.
    pub(crate) fn is_due(&self, activity: u64, now: u64) -> bool {
        const GAP_MS: u64 = 2000;
        activity != self.asked_for && now.saturating_sub(self.asked_at) >= GAP_MS
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// Asks whether this session shall be ended.
    Kill(Box<Ending>),
    /// Asks whether this shall be done to all of these, and tells what came of it.
    Batch(Batch),
    Cleanup(Cleanup),
    History(History),
    Rules(Box<Rules>),
    /// Describes a new session (`Model::start`).
    Start,
    /// Asks something about the conversation that is looked at.
    Talk(Question),
}

/// How far a cleanup has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cleanup {
    Planning,
    Planned(CleanupReport),
    /// The plan is being executed.
    Running(CleanupReport),
    Done(CleanupReport),
    Failed(String),
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Msg {
    Start,
    /// Time has passed (`Model::is_due`).
    Tick,
    /// The page is seen again.
    Seen,
    Link(Heard),
    /// The link's delay (`Effect::Wake`) is over.
    Wake,
    Refresh,
    Auto(bool),
    Filter(String),
    Facet(Option<Facet>),
    /// Unfold or fold this row.
    Fold(ProcessKey),
    /// Explain this session's state, or stop that.
    Why(ProcessKey),
    AskKill(ProcessKey),
    /// What descends from the session that the question is about goes on, or ends with it.
    Alone(bool),
    AskInterrupt(ProcessKey),
    Pause(ProcessKey),
    Continue(ProcessKey),
    Select {
        key: ProcessKey,
        chosen: bool,
        reach: Reach,
    },
    /// For how many minutes a session must have been abandoned to be chosen.
    AbandonedFor(u32),
    SelectAbandoned,
    ClearSelection,
    /// Do this to all that are chosen.
    AskAll(Deed),
    ChooseOrphan(ProcessKey, bool),
    /// All that may be reaped, or none.
    ChooseOrphans(bool),
    AskReap,
    AskHistory,
    HistoryMore,
    AskRules,
    /// Something is done with the rules.
    Rules(rules::Step),
    AskCleanup,
    /// The dialog's question is answered with yes.
    Confirm,
    /// The dialog is left.
    Leave,
    RecentDays(u32),
    RecentMore,
    Resume(SessionId),
    /// Go on in a conversation of its own.
    Fork(SessionId),
    AskStart,
    /// A field of the dialog for a new session is filled in.
    Describe(Field),
    /// Go on in this conversation, held by us.
    GoOn(SessionId),
    /// Go on in a copy of it, held by us.
    Branch(SessionId),
    /// Look at this conversation.
    Open(SessionId),
    /// Go back to the list.
    Back,
    /// Something is done in the conversation that is looked at.
    Talk(Talking),
    /// Something is done in its terminal.
    Terminal(terminal::Step),
    /// The name that stands in the question for one.
    Rename(String),
    Copy(String),
    /// Whether the clipboard took it.
    Copied(bool),
    ToastGone(u32),
    /// Something is done with the card of this request.
    Approval(RequestKey, Step),
    /// The pointer is over the cards, or has left them.
    OverApprovals(bool),
    /// The time of a settled card may be over.
    TidyApprovals,
    Surroundings(Surroundings),
    Answered(Answered),
}

/// What the server said to which call.
#[derive(Clone, Debug)]
pub(crate) enum Answered {
    Health(Result<Health, Trouble>),
    Live(u32, Result<Rows<Session>, Trouble>),
    Recent(u32, Result<Rows<RecentSession>, Trouble>),
    Context(ProcessKey, Result<Context, Trouble>),
    Why(ProcessKey, Result<Why, Trouble>),
    Tree(ProcessKey, Result<Tree, Trouble>),
    Kill(ProcessKey, Result<Killed, Trouble>),
    Signal(ProcessKey, Result<Signalled, Trouble>),
    Act(Vec<ProcessKey>, Result<Report, Trouble>),
    Orphans(u32, Result<Rows<Orphan>, Trouble>),
    Reap(Vec<ProcessKey>, Result<Report, Trouble>),
    Approvals(u32, Result<Rows<Approval>, Trouble>),
    Decided(RequestKey, Result<Decided, Trouble>),
    Rules(Result<RuleSet, Trouble>),
    RulesSaved(Result<RuleSet, Trouble>),
    RuleTested(Result<RuleTested, Trouble>),
    /// Whether only what would be added was asked for.
    RulesImported(bool, Result<RulesImported, Trouble>),
    /// With the id before which was asked.
    Audit(Option<u64>, Result<Audit, Trouble>),
    Resume(SessionId, Result<Resumed, Trouble>),
    Started(From, Result<Started, Trouble>),
    Output(Asked, Result<Rows<Event>, Trouble>),
    Driven(SessionId, Drive, Result<Driven, Trouble>),
    Screen(SessionId, Result<Picture, Trouble>),
    Typed(SessionId, Result<Driven, Trouble>),
    Resized(SessionId, Result<Driven, Trouble>),
    Plan(Result<CleanupReport, Trouble>),
    Clean(Result<CleanupReport, Trouble>),
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Call(Call),
    /// Open the link anew.
    Connect,
    /// Say this over the link.
    Say(Said),
    /// Close the link and take back what `Wake` asked for.
    Disconnect,
    /// Send `Wake` after so many milliseconds, and only then, whatever was asked for before.
    Wake(u32),
    /// Send `ToastGone` after so many milliseconds.
    Expire(u32, u32),
    /// Send `TidyApprovals` after so many milliseconds, and only then.
    Tidy(u32),
    /// Put this on the clipboard.
    Copy(String),
}

impl Model {
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self {
            link: Link::new(),
            live: Live::default(),
            recent: Recent::default(),
            filter: String::new(),
            facet: None,
            auto: true,
            ticked_at: 0,
            open: ByKey::new(),
            reasons: ByKey::new(),
            doing: ByKey::new(),
            selection: Selection::default(),
            orphans: Orphans::default(),
            approvals: Approvals::default(),
            dialog: None,
            start: Start::default(),
            talk: None,
            unsaid: ByKey::new(),
            toasts: Toasts::default(),
            mistakes: Vec::new(),
            homes: Vec::new(),
            surroundings,
        }
    }

    /// Why the list can't be kept up, once that is worth a word.
    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        let trouble = self.live.trouble.as_ref();
        trouble.filter(|_| !self.link.has_just_failed())
    }
}

//! A list that a test changes and a stream that follows it, without a machine behind them.

use std::sync::Arc;

use session_core::id::UnixMillis;
use tokio::sync::watch;

use super::{Slot, StreamLimits, Streams};
use crate::{
    connection::{Activity, Connections},
    feed::{Snapshot, Subscription, follower::Follower},
};

pub(crate) struct Rig {
    pub(crate) streams: Streams,
    pub(crate) activity: Activity,
    /// Told to end by `true`.
    pub(crate) ending: watch::Sender<bool>,
    list: watch::Sender<Arc<Snapshot>>,
    _connections: Connections,
}

impl Rig {
    /// A list of one session in its first state.
    pub(crate) fn new(limits: StreamLimits) -> Self {
        let (ending, end) = watch::channel(false);
        let connections = Connections::new(1);
        let rig = Self {
            streams: Streams::new(limits, end),
            activity: connections.activity(),
            ending,
            list: watch::Sender::new(Arc::new(Snapshot::none())),
            _connections: connections,
        };
        rig.change();
        rig
    }

    pub(crate) fn slot(&self) -> Slot {
        self.streams.open(&self.activity).unwrap()
    }

    pub(crate) fn follower(&self) -> Follower {
        Follower::new(Subscription::new(self.list.subscribe()), None)
    }

    /// Puts the list into its next state and returns the state's number.
    pub(crate) fn change(&self) -> u64 {
        let mut row: wire::Session =
            serde_json::from_str(include_str!("../../../wire/tests/golden/session.json")).unwrap();
        let before = self.list.borrow().clone();
        row.name = Some(format!("state {}", before.rev + 1));
        let next = before.with(vec![row], UnixMillis(1)).unwrap();
        let rev = next.rev;
        self.list.send_replace(Arc::new(next));
        rev
    }
}

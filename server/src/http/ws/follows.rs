//! The sessions that one client of a socket follows.
//!
//! What the client does not take stays where it is, so that it holds back its own sessions only.

use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use wire::{Output, SessionId};

use crate::{
    service::Outputs,
    streams::{Share, Slot},
};

/// The most that one client may follow at once.
const MOST: usize = 16;

/// All of them, each at its own place in what it says.
#[derive(Debug, Default)]
pub(super) struct Follows {
    open: Vec<Follow>,
    /// Whose turn it is, so that one that always has something to say leaves room for the others.
    turn: usize,
}

#[derive(Debug)]
struct Follow {
    id: SessionId,
    outputs: Outputs,
    _share: Share,
}

impl Follows {
    /// Begins to follow a session, anew where it was followed before. Returns what the client is told where it can't be.
    pub(super) fn add(
        &mut self,
        id: SessionId,
        slot: &Slot,
        follow: impl FnOnce(SessionId) -> Outputs,
    ) -> Option<Output> {
        self.remove(&id);
        let refused = |reason: &str| {
            Some(Output::End {
                session_id: id.clone(),
                reason: Some(reason.to_owned()),
            })
        };
        if self.open.len() == MOST {
            return refused("as many sessions are followed here as may be; leave one first");
        }
        let Some(share) = slot.share() else {
            return refused("as many live feeds are open as may be; close one and try again");
        };
        self.open.push(Follow {
            outputs: follow(id.clone()),
            id,
            _share: share,
        });
        None
    }

    pub(super) fn remove(&mut self, id: &SessionId) {
        self.open.retain(|follow| follow.id != *id);
    }

    /// Waits until one of them says something. Nothing is lost where the wait is given up.
    pub(super) async fn next(&mut self) -> Output {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Output> {
        let mut left = self.open.len();
        while left > 0 {
            left -= 1;
            self.turn = (self.turn + 1) % self.open.len().max(1);
            let Some(follow) = self.open.get_mut(self.turn) else {
                continue;
            };
            match follow.outputs.poll_next(context) {
                Poll::Ready(Some(output)) => return Poll::Ready(output),
                Poll::Ready(None) => {
                    drop(self.open.remove(self.turn));
                    // The next one stands in its place now, and each is asked once before we wait.
                    left = self.open.len();
                }
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }
}

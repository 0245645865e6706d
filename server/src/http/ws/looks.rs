//! The session's terminal that one client of a socket looks at.
//!
//! What the client does not take is not made: it is shown the newest picture once it has taken the one before.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use wire::{Frame, ScreenNews, SessionId};

use crate::streams::{Share, Slot};

/// One at a time: a person looks at one.
#[derive(Debug, Default)]
pub(super) struct Looks(Option<Look>);

struct Look {
    id: SessionId,
    news: Pin<Box<dyn Stream<Item = ScreenNews> + Send>>,
    _share: Share,
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").field("id", &self.id).finish()
    }
}

impl Looks {
    /// Begins to look, and looks away from another one. Returns what the client is told where it can't be.
    pub(super) fn look<L>(
        &mut self,
        id: SessionId,
        slot: &Slot,
        look: impl FnOnce(SessionId) -> L,
    ) -> Option<Frame>
    where
        L: Stream<Item = ScreenNews> + Send + 'static,
    {
        self.0 = None;
        let Some(share) = slot.share() else {
            let reason = "as many live feeds are open as may be; close one and try again";
            let screen = ScreenNews::End {
                reason: reason.to_owned(),
            };
            return Some(Frame::Screen {
                session_id: id,
                screen,
            });
        };
        self.0 = Some(Look {
            news: Box::pin(look(id.clone())),
            id,
            _share: share,
        });
        None
    }

    pub(super) fn away(&mut self, id: &SessionId) {
        self.0.take_if(|look| look.id == *id);
    }

    /// Waits until there is something new to see. Nothing is lost where the wait is given up.
    pub(super) async fn next(&mut self) -> Frame {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Frame> {
        let Some(look) = &mut self.0 else {
            return Poll::Pending;
        };
        match look.news.as_mut().poll_next(context) {
            Poll::Ready(Some(screen)) => Poll::Ready(Frame::Screen {
                session_id: look.id.clone(),
                screen,
            }),
            Poll::Ready(None) => {
                self.0 = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

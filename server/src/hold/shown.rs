//! What a held terminal shows, for everybody who is attached to it.
//!
//! Whoever takes it too slowly misses some of it and gets a whole picture instead: nobody waits for a client, neither the
//! program nor another one.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::sync::{broadcast, mpsc, watch};
use wire::{Picture, SessionId};

use super::{
    look,
    protocol::Told,
    screen::{Expects, Fed, Run, Screen},
    socket::line,
    terminal::Size,
};

/// The picture on a terminal, and those who look at it.
#[derive(Debug)]
pub(super) struct Shown {
    screen: RefCell<Screen>,
    live: broadcast::Sender<Arc<[u8]>>,
    /// Counts what was shown.
    rev: watch::Sender<u64>,
}

/// So many changes a client may fall behind before it gets a whole picture; one has at most 16 KB of what was written.
const BEHIND: usize = 64;

impl Shown {
    pub(super) fn new(size: Size) -> Self {
        Self {
            screen: RefCell::new(Screen::new(size)),
            live: broadcast::Sender::new(BEHIND),
            rev: watch::Sender::new(0),
        }
    }

    pub(super) fn size(&self) -> Size {
        self.screen.borrow().size()
    }

    /// Takes in what the program wrote; returns what it is to be answered.
    pub(super) fn feed(&self, bytes: &[u8]) -> Vec<u8> {
        let Fed { answers, shown } = self.screen.borrow_mut().feed(bytes);
        self.tell(shown);
        answers
    }

    pub(super) fn resize(&self, size: Size) {
        let mut screen = self.screen.borrow_mut();
        screen.resize(size);
        self.tell(screen.redraw());
    }

    /// The lines on it, without those at its end that are empty.
    pub(super) fn text(&self) -> String {
        let rows = self.screen.borrow().rows();
        rows.join("\n").trim_end().to_owned()
    }

    /// The lines on it, with their style.
    pub(super) fn rows(&self) -> Vec<Vec<Run>> {
        self.screen.borrow().styled_rows()
    }

    /// How it wants to be typed to.
    pub(super) fn expects(&self) -> Expects {
        self.screen.borrow().expects()
    }

    /// The number of what is shown, which changes with it.
    pub(super) fn revs(&self) -> watch::Receiver<u64> {
        self.rev.subscribe()
    }

    /// What is shown, under this number, with so many of the lines that have left the screen.
    pub(super) fn picture(&self, session_id: SessionId, rev: u64, above: u32) -> Picture {
        look::picture(&self.screen.borrow(), session_id, rev, above)
    }

    fn tell(&self, shown: Vec<u8>) {
        if !shown.is_empty() {
            self.rev.send_modify(|rev| *rev += 1);
            // Nobody may be looking.
            self.live.send(shown.into()).ok();
        }
    }

    /// The whole picture, and what changes it from then on.
    fn look(&self) -> (Vec<u8>, broadcast::Receiver<Arc<[u8]>>) {
        (self.screen.borrow().redraw(), self.live.subscribe())
    }
}

/// Shows it to one client, until the session ends or the client has gone.
pub(super) async fn show(
    shown: Rc<Shown>,
    mut ended: watch::Receiver<bool>,
    lines: mpsc::Sender<Vec<u8>>,
) {
    // Ends where something was missed, to begin anew.
    loop {
        let (whole, mut live) = shown.look();
        if lines.send(screen(&whole)).await.is_err() {
            return;
        }
        loop {
            let heard = tokio::select! {
                biased;
                heard = live.recv() => heard,
                _ = ended.wait_for(|&ended| ended) => {
                    lines.send(line(&Told::End)).await.ok();
                    return;
                }
                () = lines.closed() => return,
            };
            match heard {
                Ok(bytes) => {
                    if lines.send(screen(&bytes)).await.is_err() {
                        return;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => break,
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }
}

fn screen(bytes: &[u8]) -> Vec<u8> {
    let bytes = BASE64_STANDARD.encode(bytes);
    line(&Told::Screen { bytes })
}

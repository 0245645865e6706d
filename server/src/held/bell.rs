//! Hears that a holder has begun to listen, so that nobody has to look again and again.
//!
//! A thread waits for the kernel's word and ends with this value. Does not know which holder it was.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    path::PathBuf,
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::retry_on_intr,
    pipe::{PipeFlags, pipe_with},
};
use tokio::sync::mpsc;

use crate::{
    hold::place::Place,
    state_dir::StateDir,
    watch::inotify::{Inotify, Interest, Notice},
};

/// What is heard of the directory of all held sessions.
#[derive(Debug)]
pub(super) struct Bell {
    heard: mpsc::Receiver<()>,
    /// The thread ends when it hangs up.
    _alive: OwnedFd,
}

impl Bell {
    /// Fails where the kernel has no watch for us, and where none was ever held.
    pub(super) fn of(state: &StateDir) -> io::Result<Self> {
        let hall = Place::hall(state)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", hall.as_fd().as_raw_fd()));
        let queue = Inotify::new()?;
        queue.add(&path, Interest::Contents)?;
        let (end, alive) = pipe_with(PipeFlags::CLOEXEC)?;
        // One that was not taken yet says all that there is to say.
        let (ring, heard) = mpsc::channel(1);
        let thread = thread::Builder::new().name("holders".to_owned());
        thread.spawn(move || listen(&queue, &end, &ring))?;
        Ok(Self {
            heard,
            _alive: alive,
        })
    }

    /// Waits until something is new; false where nothing will be heard any more. Nothing is lost where the wait is given up.
    pub(super) async fn rings(&mut self) -> bool {
        self.heard.recv().await.is_some()
    }
}

fn listen(queue: &Inotify, end: &OwnedFd, ring: &mpsc::Sender<()>) {
    loop {
        let mut both = [
            PollFd::new(queue, PollFlags::IN),
            PollFd::new(end, PollFlags::IN),
        ];
        let polled = retry_on_intr(|| poll(&mut both, None));
        if polled.is_err()
            || both
                .iter()
                .any(|one| one.revents().contains(PollFlags::HUP))
        {
            return;
        }
        let is_last = |notice: &Notice| match notice {
            Notice::Moved(_) | Notice::Ended(_) => true,
            Notice::Entry(..) | Notice::Overflow => false,
        };
        if queue.notices().iter().any(is_last) {
            return;
        }
        ring.try_send(()).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_holder_that_listens_is_heard_until_nothing_is_left_to_hear() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::below(home.path());
        Bell::of(&state).unwrap_err();
        let id = "5ca1ab1e-0000-4000-8000-00000000000f".parse().unwrap();
        let place = Place::make(&state, &id).unwrap();
        let mut bell = Bell::of(&state).unwrap();
        for _ in 0..3 {
            place.ring().unwrap();
            assert!(timeout(PATIENCE, bell.rings()).await.unwrap());
        }
        assert_eq!(Place::all(&state).unwrap(), [id]);
        // Its directory lives for as long as somebody has one open that is in it.
        let held = home.path().join(".local/state/session-manager/held");
        drop(place);
        fs::remove_dir_all(held).unwrap();
        while timeout(PATIENCE, bell.rings()).await.unwrap() {}
    }
}

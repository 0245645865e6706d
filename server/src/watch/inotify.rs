//! The kernel's notices of what happens in a directory (inotify(7)).
//!
//! Knows descriptors and masks. Does not know what a directory is for.

use std::{
    ffi::{OsStr, OsString},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};

#[derive(Debug)]
pub(crate) struct Inotify(OwnedFd);

/// A watch, never the same number twice for as long as the queue lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WatchId(i32);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Something about the entry of this name.
    Entry(WatchId, OsString),
    /// The directory was removed, renamed or unmounted: its path means something else now.
    Moved(WatchId),
    /// As `Moved`, and the kernel has forgotten the watch.
    Ended(WatchId),
    /// More happened than the queue holds.
    Overflow,
}

/// What is asked of a directory. Two purposes may share one watch, so each adds to its mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Whatever changes an entry or its contents. Every write tells by itself: closing would only tell twice.
    Contents,
    /// New names.
    Arrivals,
}

impl Inotify {
    pub(crate) fn new() -> Result<Self, Errno> {
        inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map(Self)
    }

    pub(crate) fn add(&self, path: &Path, interest: Interest) -> Result<WatchId, Errno> {
        let always = WatchFlags::ONLYDIR
            | WatchFlags::MASK_ADD
            | WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF;
        let more = match interest {
            Interest::Contents => WatchFlags::MODIFY | WatchFlags::MOVED_FROM | WatchFlags::DELETE,
            Interest::Arrivals => WatchFlags::empty(),
        };
        inotify::add_watch(&self.0, path, always | more).map(WatchId)
    }

    pub(crate) fn remove(&self, watch: WatchId) {
        // EINVAL: the kernel forgot it first, with the directory.
        inotify::remove_watch(&self.0, watch.0).ok();
    }

    /// Takes what is ready.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        while notices.len() < MAX_NOTICES
            && let Ok(event) = reader.next()
        {
            let name = event.file_name().map(|name| name.to_bytes());
            notices.extend(Notice::of(event.wd(), event.events(), name));
        }
        notices
    }
}

/// Of one round; the rest stays ready.
const MAX_NOTICES: usize = 65_536;

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Notice {
    fn of(watch: i32, events: ReadFlags, name: Option<&[u8]>) -> Option<Self> {
        let watch_id = WatchId(watch);
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            Some(Self::Overflow)
        } else if events.contains(ReadFlags::IGNORED) {
            Some(Self::Ended(watch_id))
        } else if events
            .intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT)
        {
            Some(Self::Moved(watch_id))
        } else {
            Some(Self::Entry(watch_id, OsStr::from_bytes(name?).to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_is_told_whatever_else_is() {
        assert_eq!(
            Notice::of(-1, ReadFlags::QUEUE_OVERFLOW, None),
            Some(Notice::Overflow)
        );
        assert_eq!(
            Notice::of(3, ReadFlags::IGNORED, None),
            Some(Notice::Ended(WatchId(3)))
        );
        let removed = ReadFlags::DELETE_SELF | ReadFlags::ISDIR;
        assert_eq!(
            Notice::of(3, removed, None),
            Some(Notice::Moved(WatchId(3)))
        );
        assert_eq!(
            Notice::of(3, ReadFlags::MODIFY, Some(b"7.json")),
            Some(Notice::Entry(WatchId(3), "7.json".into()))
        );
        // The watched file itself, which is never ours.
        assert_eq!(Notice::of(3, ReadFlags::MODIFY, None), None);
    }
}

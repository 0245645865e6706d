//! Which directories are watched, and how.
//!
//! Knows directories that are not there yet, that go and come back, and what to do where the kernel has no watch left
//! to give. Does not know what lies in them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsString,
    fs, mem,
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::io::Errno;

use super::{
    Events,
    files::Stamp,
    inotify::{Inotify, Interest, Notice, WatchId},
    place::Place,
};
use crate::beneath::FileId;

/// All of them.
#[derive(Debug)]
pub(super) struct Places {
    /// `None` where the kernel has no more to give (`fs.inotify.max_user_instances`).
    inotify: Option<Inotify>,
    places: BTreeMap<Place, Standing>,
    /// Who needs a watch: two paths may lead to one directory, and several places may wait for one parent.
    needed_by: HashMap<WatchId, Vec<Place>>,
    has_settled: bool,
}

/// How a place is known about.
#[derive(Debug)]
enum Standing {
    Watched {
        watch: WatchId,
        directory: FileId,
    },
    /// It is not there: its nearest parent that is tells when `child` appears in it.
    Awaited {
        watch: WatchId,
        child: OsString,
    },
    /// The kernel has no watch left for it.
    Polled(BTreeMap<OsString, Stamp>),
    /// It is not ours to read.
    Closed,
}

/// The number of times that a place may come and go while it is being looked for.
const MAX_TRIES: usize = 8;

impl Places {
    pub(super) fn new() -> Self {
        Self {
            inotify: Inotify::new().ok(),
            places: BTreeMap::new(),
            needed_by: HashMap::new(),
            has_settled: false,
        }
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(|inotify| inotify.as_fd())
    }

    /// Watches these and no others. What lies in a new one counts as changed: it may have, since it was last read.
    pub(super) fn follow(&mut self, wanted: &BTreeSet<Place>, events: &mut Events) {
        let unwanted: Vec<_> = self
            .places
            .keys()
            .filter(|place| !wanted.contains(place))
            .cloned()
            .collect();
        for place in unwanted {
            if let Some(standing) = self.places.remove(&place) {
                self.release(&place, &standing);
            }
        }
        for place in wanted {
            if !self.places.contains_key(place) {
                self.settle(place, events);
            }
        }
    }

    /// Takes what inotify has to tell; `changed` hears of each path.
    pub(super) fn take(&mut self, events: &mut Events, mut changed: impl FnMut(PathBuf)) {
        let notices = self.inotify.as_ref().map(Inotify::notices);
        for notice in notices.unwrap_or_default() {
            self.heed(notice, events, &mut changed);
        }
    }

    fn heed(&mut self, notice: Notice, events: &mut Events, changed: &mut impl FnMut(PathBuf)) {
        match notice {
            Notice::Overflow => events.everything = true,
            Notice::Entry(watch, name) => {
                let mut arrived = Vec::new();
                for place in self.needed_by.get(&watch).into_iter().flatten() {
                    match self.places.get(place) {
                        Some(Standing::Watched { watch: own, .. }) if *own == watch => {
                            place.tell(&name, events);
                            changed(place.path().join(&name));
                        }
                        Some(Standing::Awaited { watch: own, child }) if *own == watch => {
                            if *child == name {
                                arrived.push(place.clone());
                            }
                        }
                        Some(_) | None => {}
                    }
                }
                for place in arrived {
                    self.settle(&place, events);
                }
            }
            Notice::Moved(watch) => {
                for place in self.needed_by.get(&watch).cloned().unwrap_or_default() {
                    self.settle(&place, events);
                }
            }
            Notice::Ended(watch) => {
                for place in self.needed_by.remove(&watch).unwrap_or_default() {
                    self.settle(&place, events);
                }
            }
        }
    }

    /// Whether each path still leads to what is watched, and whether what failed works by now. For what inotify
    /// does not tell: a link or a parent that was replaced, a mount, a permission.
    pub(super) fn verify(&mut self, events: &mut Events) {
        if self.inotify.is_none() {
            self.inotify = Inotify::new().ok();
        }
        let is_doubtful = |(place, standing): &(&Place, &Standing)| match standing {
            Standing::Watched { directory, .. } => file_id(place.path()) != Some(*directory),
            Standing::Awaited { .. } => file_id(place.path()).is_some(),
            Standing::Polled(_) | Standing::Closed => true,
        };
        let doubtful: Vec<_> = self.places.iter().filter(is_doubtful).collect();
        let doubtful: Vec<_> = doubtful
            .into_iter()
            .map(|(place, _)| place.clone())
            .collect();
        for place in doubtful {
            self.settle(&place, events);
        }
    }

    /// Looks at what the kernel does not tell of.
    pub(super) fn poll(&mut self, events: &mut Events) {
        for (place, standing) in &mut self.places {
            let Standing::Polled(known) = standing else {
                continue;
            };
            let found = place.stamps();
            let changed = found
                .iter()
                .filter(|(name, stamp)| known.get(*name) != Some(stamp))
                .map(|(name, _)| name);
            let gone = known.keys().filter(|name| !found.contains_key(*name));
            for name in changed.chain(gone) {
                place.tell(name, events);
            }
            *known = found;
        }
    }

    /// How many places are polled.
    pub(super) fn polled(&self) -> usize {
        let is_polled = |standing: &&Standing| matches!(standing, Standing::Polled(_));
        self.places.values().filter(is_polled).count()
    }

    /// Whether a place was found anew since this was last asked: what lies in it may have changed unseen.
    pub(super) fn has_settled(&mut self) -> bool {
        mem::take(&mut self.has_settled)
    }

    /// Finds out anew how to know about a place.
    fn settle(&mut self, place: &Place, events: &mut Events) {
        let before = self.places.remove(place);
        let now = match (self.stand(place), &before) {
            // What is polled already goes on being compared with what was seen.
            (Standing::Polled(_), Some(Standing::Polled(known))) => {
                let known = Standing::Polled(known.clone());
                self.places.insert(place.clone(), known);
                return;
            }
            (now, _) => now,
        };
        if let Some(watch) = now.watch() {
            self.needed_by.entry(watch).or_default().push(place.clone());
        }
        match (&before, &now) {
            (_, Standing::Watched { .. } | Standing::Polled(_)) => {
                place.tell_all(events);
                self.has_settled = true;
            }
            // Whatever lay there went without a word of its own.
            (Some(Standing::Watched { .. } | Standing::Polled(_)), _) => events.everything = true,
            (_, Standing::Awaited { .. } | Standing::Closed) => {}
        }
        if let Some(before) = before {
            self.release(place, &before);
        }
        self.places.insert(place.clone(), now);
    }

    fn stand(&self, place: &Place) -> Standing {
        let Some(inotify) = &self.inotify else {
            return Standing::Polled(place.stamps());
        };
        for _ in 0..MAX_TRIES {
            let directory = file_id(place.path());
            let unneeded = match inotify.add(place.path(), Interest::Contents) {
                // The watch is of the directory that stands there before and after.
                Ok(watch) => match directory {
                    Some(directory) if file_id(place.path()) == Some(directory) => {
                        return Standing::Watched { watch, directory };
                    }
                    Some(_) | None => watch,
                },
                Err(Errno::NOENT | Errno::NOTDIR) => match await_arrival(inotify, place.path()) {
                    Ok(Arrival::Awaited(standing)) => return standing,
                    Ok(Arrival::Came { watch }) => watch,
                    Err(error) => return Standing::without_watch(place, error),
                },
                Err(error) => return Standing::without_watch(place, error),
            };
            if !self.needed_by.contains_key(&unneeded) {
                inotify.remove(unneeded);
            }
        }
        Standing::Closed
    }

    fn release(&mut self, place: &Place, standing: &Standing) {
        let Some(watch) = standing.watch() else {
            return;
        };
        let Some(needed_by) = self.needed_by.get_mut(&watch) else {
            return;
        };
        if let Some(at) = needed_by.iter().position(|other| other == place) {
            needed_by.swap_remove(at);
        }
        if needed_by.is_empty() {
            self.needed_by.remove(&watch);
            if let Some(inotify) = &self.inotify {
                inotify.remove(watch);
            }
        }
    }
}

impl Standing {
    fn watch(&self) -> Option<WatchId> {
        match self {
            Self::Watched { watch, .. } | Self::Awaited { watch, .. } => Some(*watch),
            Self::Polled(_) | Self::Closed => None,
        }
    }

    fn without_watch(place: &Place, error: Errno) -> Self {
        match error {
            // inotify_add_watch(2): the user's limit, or the kernel's memory.
            Errno::NOSPC | Errno::NOMEM => Self::Polled(place.stamps()),
            _ => Self::Closed,
        }
    }
}

enum Arrival {
    Awaited(Standing),
    /// The path, or more of it, has come meanwhile, and the watch is of no use.
    Came {
        watch: WatchId,
    },
}

/// Watches the nearest parent that is there.
fn await_arrival(inotify: &Inotify, path: &Path) -> Result<Arrival, Errno> {
    let mut below = path;
    while let Some(parent) = below.parent() {
        match inotify.add(parent, Interest::Arrivals) {
            // What came before the watch is not told.
            Ok(watch) if below.is_dir() => return Ok(Arrival::Came { watch }),
            Ok(watch) => {
                let child = below.file_name().unwrap_or_default().to_owned();
                return Ok(Arrival::Awaited(Standing::Awaited { watch, child }));
            }
            Err(Errno::NOENT | Errno::NOTDIR) => below = parent,
            Err(error) => return Err(error),
        }
    }
    Err(Errno::NOENT)
}

fn file_id(path: &Path) -> Option<FileId> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileId {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

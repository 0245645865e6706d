//! What a session said before an event, a part at a time, so that the end of a long conversation can be shown without reading all
//! of it.

use std::io;

use tokio::task::spawn_blocking;
use wire::{Event, Page};

use super::{ServiceError, Source};
use crate::event_log::{Latest, latest_before};

/// About what a part has at most, in bytes of JSON.
const PART: usize = 512 << 10;

/// Returns one part, in the order in which it was said. Nothing means that there is nothing older.
pub(super) async fn events(mut source: Source, page: Page) -> Result<Vec<Event>, ServiceError> {
    let fault = |error| ServiceError::fault("What was said before can't be read", error);
    let read = spawn_blocking(move || read(&mut source, page)).await;
    let read = read.map_err(|error| fault(io::Error::other(error)))?;
    read.map_err(|reason| fault(io::Error::other(reason)))
}

fn read(source: &mut Source, page: Page) -> Result<Vec<Event>, String> {
    let before = page.before.unwrap_or(u64::MAX);
    let kept = Latest::of(usize::try_from(page.limit).unwrap_or(usize::MAX), PART);
    let place = match source {
        Source::Transcript(written) => return written.before(before, &kept),
        Source::Log(kept) => &kept.place,
        Source::Holder(line) => line.client.place(),
    };
    latest_before(place.directory(), before, kept).map_err(|error| error.to_string())
}

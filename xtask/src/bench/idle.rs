//! What the server costs while nothing happens: on a machine of 2,000 processes, with a page connected and without.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::{
    Options,
    follower::Follower,
    meter::{Held, Used},
    server::Server,
    sleeper::Sleeper,
    world::World,
};
use crate::workspace::say;

const PROCESSES: usize = 2_000;
/// From the page's arrival until everything has been read, and what is done once has been done.
const SETTLING: Duration = Duration::from_secs(20);
/// From the page's departure until nobody looks any more: the list is kept for 10 s, and the looks may be as far apart.
const LEAVING: Duration = Duration::from_secs(22);
const MOST_PERCENT: f64 = 0.5;
const MOST_RSS_KB: u64 = 25_000;

pub(super) fn measure(server: &Path, options: &Options) -> Result<()> {
    say(
        "live  page       cpu %  wakeups/s  rss kB  anon kB  pss kB  peak kB  fds  watches  threads",
    );
    let mut excess = Vec::new();
    for &live in &options.live {
        let world = World::empty()?;
        let sessions = world.populate(live)?;
        let _crowd = Sleeper::crowd(PROCESSES - live, world.home())?;
        let server = Server::start(server, world.home())?;
        let meter = server.meter();
        let alone = Duration::from_secs(options.seconds / 4);
        thread::sleep(Duration::from_secs(2));
        row(live, "none yet", &meter.used(alone)?, &meter.held()?);

        let mut page = Follower::connect(server.port)?;
        let mut keys = sessions.iter().map(|session| session.key);
        ensure!(
            keys.all(|key| page.listed.contains(&key)),
            "the list is not what runs"
        );
        page.read_until(Instant::now() + SETTLING)?;
        let heard = page.heard;
        let period = Duration::from_secs(options.seconds);
        let reader = thread::spawn(move || {
            page.read_until(Instant::now() + period)?;
            anyhow::Ok(page)
        });
        let (used, held) = (meter.used(period)?, meter.held()?);
        let page = reader
            .join()
            .map_err(|_| anyhow::anyhow!("the page broke off"))??;
        row(live, "connected", &used, &held);
        for (thread, percent) in &used.threads {
            say(&format!("      thread {thread}: {percent:.3} %"));
        }
        let news = page.heard - heard;
        if news > 0 {
            say(&format!("      {news} messages about nothing"));
        }
        if used.percent >= MOST_PERCENT || held.rss_kb >= MOST_RSS_KB {
            excess.push(live);
        }
        page.leave();
        thread::sleep(LEAVING);
        row(live, "gone", &meter.used(alone)?, &meter.held()?);
    }
    ensure!(
        excess.is_empty(),
        "more than {MOST_PERCENT} % of a core or {MOST_RSS_KB} kB with {excess:?} live sessions"
    );
    Ok(())
}

fn row(live: usize, page: &str, used: &Used, held: &Held) {
    say(&format!(
        "{live:>4}  {page:<9} {:>6.3}  {:>9.2}  {:>6}  {:>7}  {:>6}  {:>7}  {:>3}  {:>7}  {:>7}",
        used.percent,
        used.wakeups_per_second,
        held.rss_kb,
        held.anonymous_kb,
        held.pss_kb,
        held.peak_kb,
        held.fds,
        held.watches,
        held.threads,
    ));
}

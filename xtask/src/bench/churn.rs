//! What the server keeps of sessions that have come and gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use wire::ProcessKey;

use super::{
    Options,
    follower::Follower,
    meter::{Held, Meter},
    server::Server,
    sleeper::Sleeper,
    world::{Session, World},
};
use crate::workspace::say;

/// Sessions at once.
const WIDTH: usize = 8;
/// For one session to appear in the list, or to leave it.
const PATIENCE: Duration = Duration::from_secs(30);
/// After everything has ended, until what is kept for a while is let go: threads are, for 10 s.
const REST: Duration = Duration::from_secs(15);
/// Processes that have nothing to do with it.
const BYSTANDERS: usize = 200;
/// Between the first two thousand and the last of all.
const MOST_GROWTH_KB: u64 = 2_048;

/// Sessions under way.
#[derive(Default)]
struct Traffic {
    begun: usize,
    /// Not listed yet.
    rising: BTreeMap<ProcessKey, (Session, Instant)>,
    /// Ended, and still listed.
    falling: BTreeMap<ProcessKey, Instant>,
    /// Files that nobody has removed.
    orphans: Vec<PathBuf>,
}

pub(super) fn measure(server: &Path, options: &Options) -> Result<()> {
    let world = World::empty()?;
    let _bystanders = Sleeper::crowd(BYSTANDERS, world.home())?;
    let server = Server::start(server, world.home())?;
    let meter = server.meter();
    let mut page = Follower::connect(server.port)?;
    page.read_until(Instant::now() + REST)?;
    let before = meter.held()?;
    say("sessions  seconds  rss kB  anon kB  fds  watches  threads");
    let begun_at = Instant::now();
    row(0, begun_at, &before);
    let mut traffic = Traffic::default();
    let mut at_2000 = None;
    while traffic.begun < options.count {
        let until = (traffic.begun + 1_000).min(options.count);
        traffic.run(until, &world, &server, &mut page)?;
        let held = settled(&meter, &before, &mut page)?;
        row(until, begun_at, &held);
        if until == 2_000 {
            at_2000 = Some(held);
        }
    }
    page.read_until(Instant::now() + REST)?;
    let after = meter.held()?;
    row(options.count, begun_at, &after);
    ensure!(page.listed.is_empty(), "still listed: {:?}", page.listed);
    for (what, before, after) in [
        ("descriptors", before.fds, after.fds),
        ("inotify watches", before.watches, after.watches),
        ("threads", before.threads, after.threads),
    ] {
        ensure!(after <= before, "{what}: {before} before, {after} after");
    }
    if let Some(held) = at_2000 {
        let growth = after.rss_kb.saturating_sub(held.rss_kb);
        say(&format!("growth of RSS since the first 2,000: {growth} kB"));
        ensure!(growth <= MOST_GROWTH_KB, "more than {MOST_GROWTH_KB} kB");
    }
    Ok(())
}

impl Traffic {
    /// Lets sessions begin and end until so many have.
    fn run(
        &mut self,
        until: usize,
        world: &World,
        server: &Server,
        page: &mut Follower,
    ) -> Result<()> {
        loop {
            while self.begun < until && self.rising.len() + self.falling.len() < WIDTH {
                let session = world.begin(self.begun)?;
                session.say(world)?;
                self.rising.insert(session.key, (session, Instant::now()));
                self.begun += 1;
                if self.begun.is_multiple_of(100) {
                    self.look_in(server)?;
                }
            }
            if self.rising.is_empty() && self.falling.is_empty() {
                return Ok(());
            }
            page.read(Duration::from_millis(100))?;
            self.go_on(world, &page.listed)?;
        }
    }

    fn go_on(&mut self, world: &World, listed: &BTreeSet<ProcessKey>) -> Result<()> {
        let late = |since: &Instant| since.elapsed() > PATIENCE;
        let mut risen = Vec::new();
        for (key, (_, since)) in &self.rising {
            if listed.contains(key) {
                risen.push(*key);
            }
            ensure!(!late(since), "{key} is never listed");
        }
        self.falling.retain(|key, _| listed.contains(key));
        if let Some((key, _)) = self.falling.iter().find(|(_, since)| late(since)) {
            anyhow::bail!("{key} has ended and is still listed");
        }
        for key in risen {
            let (session, _) = self.rising.remove(&key).context("it was just found")?;
            // Some work before they end, some end as nobody could prepare for.
            if key.pid.get().is_multiple_of(3) {
                session.work()?;
                session.say(world)?;
            }
            if key.pid.get().is_multiple_of(5) {
                self.orphans.push(session.kill()?);
            } else {
                session.end()?;
            }
            self.falling.insert(key, Instant::now());
        }
        Ok(())
    }

    /// Other clients come and go too, and what was left behind is tidied up.
    fn look_in(&mut self, server: &Server) -> Result<()> {
        server.ask("/sessions")?;
        let guest = Follower::connect(server.port)?;
        if self.begun.is_multiple_of(200) {
            guest.leave();
        }
        for orphan in self.orphans.drain(..) {
            fs::remove_file(orphan)?;
        }
        Ok(())
    }
}

/// What is held once the last news has been heeded, or after a while all the same.
fn settled(meter: &Meter, before: &Held, page: &mut Follower) -> Result<Held> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        page.read_until(Instant::now() + Duration::from_millis(500))?;
        let held = meter.held()?;
        let is_settled = held.fds <= before.fds && held.watches <= before.watches;
        if is_settled || Instant::now() >= until {
            return Ok(held);
        }
    }
}

fn row(sessions: usize, begun_at: Instant, held: &Held) {
    say(&format!(
        "{sessions:>8}  {:>7}  {:>6}  {:>7}  {:>3}  {:>7}  {:>7}",
        begun_at.elapsed().as_secs(),
        held.rss_kb,
        held.anonymous_kb,
        held.fds,
        held.watches,
        held.threads,
    ));
}

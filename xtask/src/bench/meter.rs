//! What a process uses and holds, as `/proc` tells.
//!
//! Knows numbers. Does not know how many are too many.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

/// One process.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    dir: PathBuf,
}

/// What it holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) fds: usize,
    /// Of inotify.
    pub(super) watches: usize,
    pub(super) threads: usize,
    pub(super) rss_kb: u64,
    /// The part of RSS that no file could give back.
    pub(super) anonymous_kb: u64,
    /// RSS with what is shared divided by those who share it.
    pub(super) pss_kb: u64,
    /// The most that RSS ever was.
    pub(super) peak_kb: u64,
}

/// What it used over some time.
#[derive(Clone, Debug)]
pub(super) struct Used {
    /// Of one core, over all threads, in percent.
    pub(super) percent: f64,
    pub(super) wakeups_per_second: f64,
    /// By name, in percent of one core, of those threads that ran and are still there.
    pub(super) threads: BTreeMap<String, f64>,
}

#[derive(Clone, Debug)]
struct Thread {
    name: String,
    ran: Duration,
    wakeups: u64,
}

impl Meter {
    pub(super) fn of(pid: u32) -> Self {
        Self {
            dir: PathBuf::from(format!("/proc/{pid}")),
        }
    }

    pub(super) fn held(&self) -> Result<Held> {
        let (status, rollup) = (self.read("status")?, self.read("smaps_rollup")?);
        let infos = fs::read_dir(self.dir.join("fdinfo"))?.flatten();
        // One that was closed since it was listed.
        let infos = infos.filter_map(|entry| fs::read_to_string(entry.path()).ok());
        Ok(Held {
            fds: fs::read_dir(self.dir.join("fd"))?.count(),
            watches: infos.map(|info| info.matches("inotify wd:").count()).sum(),
            threads: fs::read_dir(self.dir.join("task"))?.count(),
            rss_kb: field(&status, "VmRSS:")?,
            anonymous_kb: field(&status, "RssAnon:")?,
            pss_kb: field(&rollup, "Pss:")?,
            peak_kb: field(&status, "VmHWM:")?,
        })
    }

    /// Waits so long and tells what was used meanwhile.
    pub(super) fn used(&self, period: Duration) -> Result<Used> {
        let (begun, before, cpu) = (Instant::now(), self.threads()?, self.cpu()?);
        std::thread::sleep(period);
        let (after, cpu) = (self.threads()?, self.cpu()?.saturating_sub(cpu));
        let seconds = begun.elapsed().as_secs_f64();
        let mut threads = BTreeMap::new();
        let mut wakeups = 0;
        let mut ran = Duration::ZERO;
        for (id, now) in after {
            let then = before.get(&id);
            wakeups += now.wakeups - then.map_or(0, |then| then.wakeups);
            let spent = now.ran - then.map_or(Duration::ZERO, |then| then.ran);
            ran += spent;
            if !spent.is_zero() {
                *threads.entry(now.name).or_default() += spent.as_secs_f64() / seconds * 100.0;
            }
        }
        // The threads tell nanoseconds, the process hundredths of a second but also of the threads that have ended.
        let cpu = if cpu.saturating_sub(ran) < Duration::from_millis(20) {
            ran
        } else {
            cpu
        };
        Ok(Used {
            percent: cpu.as_secs_f64() / seconds * 100.0,
            wakeups_per_second: wakeups as f64 / seconds,
            threads,
        })
    }

    /// User and system time.
    fn cpu(&self) -> Result<Duration> {
        let stat = self.read("stat")?;
        let fields = stat.rsplit_once(')').context("stat has no name")?.1;
        let mut fields = fields.split_whitespace().skip(14 - 3);
        let mut ticks = || fields.next().and_then(|ticks| ticks.parse::<u64>().ok());
        let both = ticks().zip(ticks()).context("stat has no times")?;
        // USER_HZ is 100 on every machine that we build for.
        Ok(Duration::from_millis((both.0 + both.1) * 10))
    }

    fn threads(&self) -> Result<BTreeMap<String, Thread>> {
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(self.dir.join("task"))?.flatten() {
            let read = |file: &str| fs::read_to_string(entry.path().join(file));
            let (Ok(name), Ok(run), Ok(status)) = (read("comm"), read("schedstat"), read("status"))
            else {
                // It has ended since it was listed.
                continue;
            };
            let nanos = run.split(' ').next().and_then(|nanos| nanos.parse().ok());
            let thread = Thread {
                name: name.trim_end().to_owned(),
                ran: Duration::from_nanos(nanos.context("schedstat has no time")?),
                wakeups: field(&status, "voluntary_ctxt_switches:")?,
            };
            threads.insert(entry.file_name().to_string_lossy().into_owned(), thread);
        }
        Ok(threads)
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.dir.join(file);
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }
}

/// The number in the line that begins with `name`.
fn field(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("no {name} in what /proc tells"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_measured() {
        let meter = Meter::of(std::process::id());
        let held = meter.held().unwrap();
        assert!(held.fds >= 3 && held.threads >= 1, "{held:?}");
        assert!(held.rss_kb <= held.peak_kb, "{held:?}");
        let used = meter.used(Duration::from_millis(1)).unwrap();
        assert!(used.percent >= 0.0, "{used:?}");
    }
}

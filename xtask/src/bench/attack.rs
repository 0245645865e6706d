//! How long a good client waits while others are in the way: calm and attack by turns, on one server, so that whatever
//! else the machine does is in both.

use std::{
    collections::VecDeque,
    fmt, io,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::{Options, server::Server, world::World};
use crate::workspace::say;

const SESSIONS: usize = 20;
/// Of one turn of calm, and of one of attack.
const TURN: Duration = Duration::from_millis(1500);
/// Between two requests of the good client.
const PAUSE: Duration = Duration::from_millis(2);
/// A good client gives up.
const PATIENCE: Duration = Duration::from_secs(10);
/// Idle connections, of which the server keeps 512.
const IDLE: usize = 10_000;
const DRIPS: usize = 500;
/// The most connections that are opened and closed in one turn: each port that was used is kept for a while.
const VISITS: usize = 5_000;
/// Bad requests that are sent before the first answer is read.
const AHEAD: usize = 50;
const CALLERS: usize = 8;
const MOST_RATIO: f64 = 5.0;

const PATHS: [&str; 2] = ["/health", "/sessions"];

#[derive(Clone, Copy, Debug)]
enum Attack {
    /// Connections that say nothing, all of them open before the turn begins.
    Idle,
    /// The same while they are opened, without a pause.
    Rush,
    /// Heads that come byte by byte.
    Drip,
    /// Connections that are closed as soon as they are open.
    Visit,
    /// Requests that are refused, without a pause.
    BadRequests,
}

const ATTACKS: [Attack; 5] = [
    Attack::Idle,
    Attack::Rush,
    Attack::Drip,
    Attack::Visit,
    Attack::BadRequests,
];

/// What one path's answers took.
#[derive(Debug, Default)]
struct Waits {
    calm: Vec<Duration>,
    attacked: Vec<Duration>,
}

pub(super) fn measure(server: &Path, options: &Options) -> Result<()> {
    let world = World::empty()?;
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        let session = world.begin(number)?;
        session.say(&world)?;
        sessions.push(session);
    }
    let server = Server::start(server, world.home())?;
    for path in PATHS {
        server.ask(path)?;
    }
    let mut waits: [[Waits; 2]; 5] = Default::default();
    let mut done = [0; 5];
    for _ in 0..options.rounds {
        for ((attack, waits), done) in ATTACKS.iter().zip(&mut waits).zip(&mut done) {
            let calm = ask_for_a_turn(server.port)?;
            let (attacked, number) = attack.under(server.port)?;
            *done += number;
            for ((waits, calm), attacked) in waits.iter_mut().zip(calm).zip(attacked) {
                waits.calm.extend(calm);
                waits.attacked.extend(attacked);
            }
            // What is still in the way goes before the next turn begins.
            server.ask("/health")?;
        }
    }
    say(
        "attack        a turn  path       requests  calm p50 ms     p99  attacked p50     p99  p99, times calm",
    );
    let turns = options.rounds;
    let mut excess = Vec::new();
    for ((attack, waits), done) in ATTACKS.iter().zip(&mut waits).zip(done) {
        for (path, waits) in PATHS.iter().zip(waits) {
            let ratio = waits.row(&format!("{attack:<12} {:>7}  {path:<9}", done / turns))?;
            if ratio > MOST_RATIO {
                excess.push(format!("{attack} {path}"));
            }
        }
    }
    ensure!(
        excess.is_empty(),
        "more than {MOST_RATIO} times as long as in calm: {excess:?}"
    );
    Ok(())
}

impl Waits {
    fn row(&mut self, head: &str) -> Result<f64> {
        let asked = self.attacked.len();
        let [(calm, calm_most), (median, most)] = [
            percentiles(&mut self.calm)?,
            percentiles(&mut self.attacked)?,
        ];
        let ratio = most / calm_most;
        say(&format!(
            "{head}  {asked:>8}  {calm:>11.2}  {calm_most:>6.2}  {median:>12.2}  {most:>6.2}  {ratio:>15.1}"
        ));
        Ok(ratio)
    }
}

/// The median and the 99th percentile, in milliseconds.
fn percentiles(waits: &mut [Duration]) -> Result<(f64, f64)> {
    waits.sort_unstable();
    let at = |percent: usize| {
        let wait = waits.get(waits.len().saturating_sub(1) * percent / 100);
        wait.map(|wait| wait.as_secs_f64() * 1_000.0)
    };
    at(50).zip(at(99)).context("nothing was asked")
}

/// Asks for each path by turns, on a new connection each time, and returns what each took.
fn ask_for_a_turn(port: u16) -> Result<[Vec<Duration>; 2]> {
    let mut waits = [Vec::new(), Vec::new()];
    let begun = Instant::now();
    while begun.elapsed() < TURN {
        for (path, waits) in PATHS.iter().zip(&mut waits) {
            waits.push(ask(port, path)?);
            thread::sleep(PAUSE);
        }
    }
    Ok(waits)
}

fn ask(port: u16, path: &str) -> Result<Duration> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .context("a good client is not answered")?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "a good client is refused: {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(begun.elapsed())
}

impl Attack {
    /// Asks for a turn while the attack goes on; returns also how often it struck.
    fn under(self, port: u16) -> Result<([Vec<Duration>; 2], usize)> {
        let (is_over, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        let waits = thread::scope(|scope| {
            let strike = scope.spawn(|| self.strike(port, &is_over, &done));
            while matches!(self, Self::Idle)
                && !strike.is_finished()
                && done.load(Ordering::Relaxed) < IDLE
            {
                thread::sleep(PAUSE);
            }
            let waits = ask_for_a_turn(port);
            is_over.store(true, Ordering::Relaxed);
            let struck = strike.join();
            struck
                .map_err(|_| anyhow!("the attack panicked"))?
                .context("the attack broke off")?;
            waits
        });
        Ok((waits?, done.into_inner()))
    }

    fn strike(self, port: u16, is_over: &AtomicBool, done: &AtomicUsize) -> io::Result<()> {
        let goes_on = || !is_over.load(Ordering::Relaxed);
        let count = || done.fetch_add(1, Ordering::Relaxed);
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        match self {
            Self::Idle | Self::Rush => {
                let mut idle = Vec::new();
                while goes_on() {
                    if idle.len() < IDLE {
                        idle.push(connect()?);
                        count();
                    } else {
                        thread::sleep(PAUSE);
                    }
                }
            }
            Self::Drip => {
                let mut drips: VecDeque<TcpStream> =
                    (0..DRIPS).map(|_| connect()).collect::<io::Result<_>>()?;
                let mut head = b"GET /health HTTP/1.1\r\nX-Long: "
                    .iter()
                    .chain([b'y'; 1 << 14].iter());
                while goes_on() {
                    let byte = head.next().copied().unwrap_or(b'y');
                    for drip in &mut drips {
                        if drip.write_all(&[byte]).is_err() {
                            *drip = connect()?;
                        }
                        count();
                    }
                    thread::sleep(10 * PAUSE);
                }
            }
            Self::Visit => {
                for _ in 0..VISITS {
                    if goes_on() {
                        drop(connect()?);
                        count();
                    }
                }
            }
            Self::BadRequests => {
                let mut callers: Vec<TcpStream> =
                    (0..CALLERS).map(|_| connect()).collect::<io::Result<_>>()?;
                let request = "POST /sessions/1/kill HTTP/1.1\r\nHost: evil.example\r\n\r\n";
                let requests = request.repeat(AHEAD);
                let mut answers = vec![0; 1 << 16];
                while goes_on() {
                    for caller in &mut callers {
                        caller.write_all(requests.as_bytes())?;
                    }
                    for caller in &mut callers {
                        let mut refused = 0;
                        while refused < AHEAD {
                            let length = caller.read(&mut answers)?;
                            let came = answers.get(..length).unwrap_or_default();
                            refused += came.windows(9).filter(|it| *it == b"HTTP/1.1 ").count();
                            if length == 0 {
                                return Ok(());
                            }
                        }
                        done.fetch_add(AHEAD, Ordering::Relaxed);
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "idle",
            Self::Rush => "rush",
            Self::Drip => "slow",
            Self::Visit => "come and go",
            Self::BadRequests => "bad requests",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_take_longer() {
        let mut waits: Vec<Duration> = (0..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentiles(&mut waits).unwrap(), (50.0, 99.0));
        assert!(percentiles(&mut []).is_err());
    }
}

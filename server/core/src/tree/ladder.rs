//! In which steps the rest of a tree is ended, once its root has gone.

use std::time::Duration;

use crate::kill::KILL_WAIT;

/// Where the ladder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing was sent yet.
    Begin,
    Terminate,
    Wait,
    /// Stop all that is known, so that it starts nothing more, and look again; the number counts these looks.
    Freeze(u32),
    Kill,
    /// Even SIGKILL takes a moment.
    WaitForKill,
    Finished,
}

/// What was found since the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Members that have not ended.
    pub alive: usize,
    /// Members that were not known before.
    pub fresh: usize,
}

/// How long what a session left may take to end by itself.
pub const REST_GRACE: Duration = Duration::from_secs(3);

/// Looks for what was started meanwhile. What stands still starts nothing, so that each look finds the children of one
/// generation at most.
pub const FREEZES: u32 = 100;

/// Decides the next step. `asked`: time since the first `Terminate`; `killed`: time since the first `Kill`, zero before;
/// `grace`: time until SIGKILL.
pub fn next(step: Rest, found: Found, asked: Duration, killed: Duration, grace: Duration) -> Rest {
    let Found { alive, fresh } = found;
    match step {
        Rest::Finished => Rest::Finished,
        Rest::Begin
        | Rest::Terminate
        | Rest::Wait
        | Rest::Freeze(_)
        | Rest::Kill
        | Rest::WaitForKill
            if alive == 0 =>
        {
            Rest::Finished
        }
        Rest::Begin => Rest::Terminate,
        // What came since has not been asked yet.
        Rest::Terminate | Rest::Wait if asked < grace && fresh > 0 => Rest::Terminate,
        Rest::Terminate | Rest::Wait if asked < grace => Rest::Wait,
        Rest::Terminate | Rest::Wait => Rest::Freeze(1),
        Rest::Freeze(looks) if fresh > 0 && looks < FREEZES => Rest::Freeze(looks + 1),
        Rest::Freeze(_) => Rest::Kill,
        Rest::Kill | Rest::WaitForKill if killed >= KILL_WAIT => Rest::Finished,
        Rest::Kill | Rest::WaitForKill if fresh > 0 => Rest::Freeze(1),
        Rest::Kill | Rest::WaitForKill => Rest::WaitForKill,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Climbs with so many processes, each of which lives for `life` after it was asked; SIGKILL ends all but `immortal`.
    fn climb(life: Duration, grace: Duration, fresh: &[usize], immortal: usize) -> Vec<Rest> {
        let (mut step, mut asked, mut killed) = (Rest::Begin, Duration::ZERO, Duration::ZERO);
        let mut fresh = fresh.iter().copied();
        let mut steps = Vec::new();
        let mut was_killed = false;
        while step != Rest::Finished {
            let alive = match step {
                Rest::Kill | Rest::WaitForKill => immortal,
                Rest::Begin | Rest::Terminate | Rest::Wait | Rest::Freeze(_) | Rest::Finished => {
                    if asked >= life {
                        0
                    } else {
                        3
                    }
                }
            };
            let found = Found {
                alive,
                fresh: fresh.next().unwrap_or(0),
            };
            step = next(step, found, asked, killed, grace);
            if steps.last() != Some(&step) {
                steps.push(step);
            }
            was_killed |= step == Rest::Kill;
            asked += Duration::from_millis(10);
            if was_killed {
                killed += Duration::from_millis(10);
            }
        }
        steps
    }

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn nothing_left_is_the_end() {
        assert_eq!(climb(MS(0), MS(100), &[], 0), [Rest::Finished]);
    }

    #[test]
    fn what_ends_by_itself_is_not_killed() {
        let steps = climb(MS(50), MS(100), &[], 0);
        assert_eq!(steps, [Rest::Terminate, Rest::Wait, Rest::Finished]);
    }

    #[test]
    fn what_does_not_stands_still_before_it_is_killed() {
        use Rest::*;
        let steps = climb(MS(1000), MS(100), &[], 0);
        assert_eq!(steps, [Terminate, Wait, Freeze(1), Kill, Finished]);
        let steps = climb(MS(1000), MS(0), &[0, 0, 5, 2], 0);
        assert_eq!(
            steps,
            [Terminate, Freeze(1), Freeze(2), Freeze(3), Kill, Finished]
        );
    }

    #[test]
    fn what_comes_meanwhile_is_asked_too() {
        use Rest::*;
        let steps = climb(MS(1000), MS(50), &[0, 0, 1], 0);
        assert_eq!(
            steps,
            [Terminate, Wait, Terminate, Wait, Freeze(1), Kill, Finished]
        );
    }

    #[test]
    fn what_never_ends_and_what_always_comes_do_not_go_on_for_ever() {
        let always = vec![1; 10_000];
        for (fresh, immortal) in [(&[][..], 1), (&always, 1), (&always, 0)] {
            let steps = climb(Duration::MAX, MS(100), fresh, immortal);
            assert_eq!(steps.last(), Some(&Rest::Finished));
        }
    }
}

//! Whether a process may be ended, and in which steps.
//!
//! Knows the rules. Does not send signals; `Target` is what it allows to be signalled.

use std::time::Duration;

use crate::{
    id::ProcessKey,
    inventory::{Proof, Session},
};

/// A process that may be signalled. Only `plan` makes one, and `tree` for what is proved to descend from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    key: ProcessKey,
    uid: u32,
}

impl Target {
    /// A process that was planned for at an earlier time, or seen to descend from such a one. Whoever signals it makes sure
    /// that it still has this key and this owner, as with every target.
    pub(crate) fn remembered(key: ProcessKey, uid: u32) -> Self {
        Self { key, uid }
    }

    /// A process that is proved to descend from `self`; it has the same owner.
    pub(crate) fn descendant(self, key: ProcessKey) -> Self {
        Self { key, ..self }
    }

    pub fn key(&self) -> ProcessKey {
        self.key
    }

    /// The owner at the time of planning; a process of another owner is another process.
    pub fn uid(&self) -> u32 {
        self.uid
    }
}

/// Who asks: the server itself, and what it is responsible for.
#[derive(Clone, Debug)]
pub struct Actor {
    pub uid: u32,
    /// The owners of the configured homes. Root acts for these only, itself included.
    pub home_owners: Vec<u32>,
    /// The server and the processes that it descends from.
    pub lineage: Vec<u32>,
}

impl Actor {
    /// Whether it may signal a user's processes at all.
    pub fn answers_for(&self, uid: u32) -> bool {
        if self.uid == 0 {
            self.home_owners.contains(&uid)
        } else {
            self.uid == uid
        }
    }
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Pid 1, the server, or one of the processes that it descends from.
    Protected(Ward),
    NotYours {
        uid: u32,
    },
    /// Another user's, recognised by its name alone.
    OnlyInferred,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ward {
    Init,
    Lineage,
}

/// Decides on one session.
pub fn plan(session: &Session, actor: &Actor) -> Result<Target, Refusal> {
    let process = &session.process;
    let target = plan_known(Target::remembered(process.key, process.uid), actor)?;
    if process.uid != actor.uid && session.proof == Proof::Inferred {
        return Err(Refusal::OnlyInferred);
    }
    Ok(target)
}

/// Decides on a process of which it is known what it is.
pub(crate) fn plan_known(target: Target, actor: &Actor) -> Result<Target, Refusal> {
    let Target { key, uid } = target;
    if key.pid == 1 {
        return Err(Refusal::Protected(Ward::Init));
    }
    if actor.lineage.contains(&key.pid) {
        return Err(Refusal::Protected(Ward::Lineage));
    }
    if !actor.answers_for(uid) {
        return Err(Refusal::NotYours { uid });
    }
    Ok(target)
}

/// Where the ladder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing was sent yet.
    Begin,
    Terminate,
    /// A stopped process takes its SIGTERM only once it goes on.
    Continue,
    Wait,
    Kill,
    /// Even SIGKILL takes a moment.
    WaitForKill,
    Finished(End),
}

/// How the ladder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    AlreadyGone,
    Exited,
    Killed,
    StillRunning,
}

/// How long a process may take to go after SIGKILL; one that sleeps in the kernel takes longer.
pub const KILL_WAIT: Duration = Duration::from_secs(2);

/// Decides the next step. `waited`: time since the first signal; `grace`: time until SIGKILL.
pub fn next(step: Step, alive: bool, waited: Duration, grace: Duration) -> Step {
    match (step, alive) {
        (Step::Begin, false) => Step::Finished(End::AlreadyGone),
        (Step::Begin, true) => Step::Terminate,
        (Step::Terminate | Step::Continue | Step::Wait, false) => Step::Finished(End::Exited),
        (Step::Terminate, true) => Step::Continue,
        (Step::Continue | Step::Wait, true) if waited < grace => Step::Wait,
        (Step::Continue | Step::Wait, true) => Step::Kill,
        (Step::Kill | Step::WaitForKill, false) => Step::Finished(End::Killed),
        (Step::Kill, true) => Step::WaitForKill,
        (Step::WaitForKill, true) if waited < grace + KILL_WAIT => Step::WaitForKill,
        (Step::WaitForKill, true) => Step::Finished(End::StillRunning),
        (Step::Finished(end), _) => Step::Finished(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::UnixMillis,
        process::{Namespace, Process, RunState},
    };

    fn session(pid: u32, uid: u32, proof: Proof) -> Session {
        Session {
            process: Process {
                key: ProcessKey {
                    pid,
                    start_ticks: 5,
                },
                ppid: 1,
                uid,
                namespace: Namespace::Ours,
                comm: "claude".to_owned(),
                run_state: RunState::Alive,
                rss_pages: 1,
                cpu_ticks: 0,
                argv: Vec::new(),
                exe: None,
                cwd: None,
                wchan: None,
            },
            record: None,
            proof,
            has_key_file: false,
            started_at: UnixMillis(0),
            seen_at: UnixMillis(0),
        }
    }

    fn check(pid: u32, uid: u32, proof: Proof, as_uid: u32, expected: Result<u32, Refusal>) {
        let actor = Actor {
            uid: as_uid,
            home_owners: vec![1000],
            lineage: vec![50, 40, 1],
        };
        let planned = plan(&session(pid, uid, proof), &actor);
        assert_eq!(planned.map(|target| target.key().pid), expected);
    }

    #[test]
    fn ones_own_sessions_may_be_ended_however_they_were_recognised() {
        for proof in [Proof::Registered, Proof::Executable, Proof::Inferred] {
            check(70, 1000, proof, 1000, Ok(70));
        }
    }

    #[test]
    fn other_users_sessions_only_by_root_for_the_owners_of_configured_homes() {
        check(
            70,
            1001,
            Proof::Registered,
            1000,
            Err(Refusal::NotYours { uid: 1001 }),
        );
        check(
            70,
            0,
            Proof::Registered,
            1000,
            Err(Refusal::NotYours { uid: 0 }),
        );
        check(
            70,
            1001,
            Proof::Registered,
            0,
            Err(Refusal::NotYours { uid: 1001 }),
        );
        check(70, 1000, Proof::Registered, 0, Ok(70));
        // Root is no exception: its own home has to be configured.
        check(
            70,
            0,
            Proof::Registered,
            0,
            Err(Refusal::NotYours { uid: 0 }),
        );
        check(70, 1000, Proof::Inferred, 0, Err(Refusal::OnlyInferred));
    }

    #[test]
    fn nothing_that_carries_the_server_is_ended() {
        check(
            1,
            1000,
            Proof::Registered,
            1000,
            Err(Refusal::Protected(Ward::Init)),
        );
        check(
            40,
            1000,
            Proof::Registered,
            1000,
            Err(Refusal::Protected(Ward::Lineage)),
        );
        check(
            50,
            1000,
            Proof::Registered,
            1000,
            Err(Refusal::Protected(Ward::Lineage)),
        );
    }

    /// Climbs the ladder with a process that lives for `life` and a wait of 10 ms a step.
    fn climb(life: Duration, grace: Duration) -> (Vec<Step>, End) {
        let (mut step, mut waited, mut steps) = (Step::Begin, Duration::ZERO, Vec::new());
        loop {
            let upcoming = next(step, waited < life, waited, grace);
            if upcoming != step {
                steps.push(upcoming);
            }
            if let Step::Finished(end) = upcoming {
                return (steps, end);
            }
            if matches!(upcoming, Step::Wait | Step::WaitForKill) {
                waited += Duration::from_millis(10);
            }
            step = upcoming;
        }
    }

    #[test]
    fn the_ladder_says_what_happened() {
        let ms = Duration::from_millis;
        assert_eq!(climb(ms(0), ms(100)).1, End::AlreadyGone);
        assert_eq!(climb(ms(50), ms(100)).1, End::Exited);
        assert_eq!(climb(ms(150), ms(100)).1, End::Killed);
        let (steps, end) = climb(Duration::MAX, ms(100));
        assert_eq!(end, End::StillRunning);
        assert_eq!(
            steps,
            [
                Step::Terminate,
                Step::Continue,
                Step::Wait,
                Step::Kill,
                Step::WaitForKill,
                Step::Finished(End::StillRunning)
            ]
        );
        assert!(!climb(ms(50), ms(100)).0.contains(&Step::Kill));
        // No grace at all: still a SIGTERM first.
        assert_eq!(climb(ms(50), ms(0)).0.first(), Some(&Step::Terminate));
    }
}

//! Trees that are read off invented process tables; what real processes do is tested where they are read.

use std::collections::HashMap;

use super::*;
use crate::{id::UnixMillis, process::RunState};

/// A world that can be read again: what a claim is confirmed against.
#[derive(Default)]
struct World {
    processes: HashMap<u32, StatLine>,
    spared: HashMap<u32, Spare>,
}

impl Witness for World {
    fn spare(&mut self, process: &StatLine) -> Option<Spare> {
        self.spared.get(&process.key.pid).copied()
    }

    fn confirm(&mut self, claim: &Claim) -> bool {
        let now = |key: ProcessKey| self.processes.get(&key.pid);
        match (now(claim.key), now(claim.witness)) {
            (Some(process), Some(witness)) => claim.holds(process, witness),
            _ => false,
        }
    }
}

impl World {
    /// Lines of `pid parent group session`; every process started at the tick of its own number.
    fn of(lines: &[(u32, u32, u32, u32)]) -> Self {
        let mut world = Self::default();
        for &(pid, ppid, group, session) in lines {
            world.put(pid, u64::from(pid), ppid, group, session);
        }
        world
    }

    fn put(&mut self, pid: u32, start_ticks: u64, ppid: u32, group: u32, session: u32) {
        let stat = StatLine {
            key: ProcessKey { pid, start_ticks },
            ppid,
            group,
            session,
            terminal: 0,
            foreground: None,
            comm: "x".to_owned(),
            run_state: RunState::Alive,
            rss_pages: 1,
            cpu_ticks: 0,
        };
        self.processes.insert(pid, stat);
    }

    fn spare(mut self, pid: u32, why: Spare) -> Self {
        self.spared.insert(pid, why);
        self
    }

    fn end(&mut self, pid: u32) {
        self.processes.remove(&pid);
        for stat in self.processes.values_mut().filter(|stat| stat.ppid == pid) {
            stat.ppid = 1;
        }
    }

    fn table(&self) -> Table {
        Table::new(self.processes.values().cloned())
    }
}

fn key(pid: u32) -> ProcessKey {
    ProcessKey {
        pid,
        start_ticks: pid.into(),
    }
}

/// The tree of process 100.
fn tree() -> Tree {
    Tree::of(Target::remembered(key(100), 1000))
}

fn pids(tree: &Tree) -> Vec<u32> {
    let mut pids: Vec<u32> = tree.members().iter().map(|member| member.key.pid).collect();
    pids.sort_unstable();
    pids
}

fn grown(world: &mut World) -> Tree {
    let mut tree = tree();
    tree.grow(&world.table(), &[], world);
    tree
}

/// The user's shell is 10 and leads the terminal session; Claude Code is 100, in a group of its own.
const SHELL: [(u32, u32, u32, u32); 3] = [(1, 0, 1, 1), (10, 1, 10, 10), (100, 10, 100, 10)];

fn world(more: &[(u32, u32, u32, u32)]) -> World {
    World::of(&[&SHELL[..], more].concat())
}

#[test]
fn children_and_theirs_are_in_it_whatever_session_they_are_in() {
    let mut world = world(&[
        (101, 100, 100, 10),
        (102, 100, 102, 102),
        (103, 102, 102, 102),
        (104, 103, 104, 104),
        (200, 10, 200, 10),
    ]);
    assert_eq!(pids(&grown(&mut world)), [100, 101, 102, 103, 104]);
}

#[test]
fn what_shares_the_session_or_group_of_the_root_is_not() {
    // 200 is a pipeline's other half, 201 runs in the background of the same shell, 202 was double-forked there.
    let mut world = world(&[(200, 10, 100, 10), (201, 10, 201, 10), (202, 1, 100, 10)]);
    assert_eq!(pids(&grown(&mut world)), [100]);
}

#[test]
fn a_session_that_the_root_leads_is_proof_and_its_group_is_not() {
    // In a terminal of its own, as tmux starts it, no shell stands around it.
    let mut world = World::of(&[(1, 0, 1, 1), (100, 1, 100, 100), (103, 1, 100, 100)]);
    assert_eq!(pids(&grown(&mut world)), [100, 103]);
    // `claude | tee log`, after the shell.
    let mut world = self::world(&[(103, 1, 100, 10)]);
    assert_eq!(pids(&grown(&mut world)), [100]);
}

#[test]
fn a_session_that_a_descendant_leads_is_proof() {
    // 103 lost its parent and is still in the session of 102.
    let mut world = world(&[(102, 100, 102, 102), (103, 1, 103, 102)]);
    let tree = grown(&mut world);
    let leader = key(102);
    assert_eq!(tree.members()[2].descent, Descent::Session { leader });
    assert_eq!(pids(&tree), [100, 102, 103]);
}

#[test]
fn so_is_a_group_within_the_terminal_session() {
    let mut world = world(&[(102, 100, 102, 10), (103, 1, 102, 10)]);
    assert_eq!(pids(&grown(&mut world)), [100, 102, 103]);
}

#[test]
fn a_session_whose_leader_was_never_seen_is_none() {
    let mut world = world(&[(103, 1, 103, 102)]);
    assert_eq!(pids(&grown(&mut world)), [100]);
}

#[test]
fn what_was_proved_stays_proved_when_its_parents_end() {
    let mut world = world(&[(102, 100, 102, 102), (103, 102, 102, 102)]);
    let mut tree = grown(&mut world);
    world.end(102);
    world.end(100);
    // The session goes on without its leader: 103 holds its number.
    world.put(104, 104, 1, 102, 102);
    assert_eq!(tree.grow(&world.table(), &[], &mut world), 1);
    assert_eq!(pids(&tree), [100, 102, 103, 104]);
}

#[test]
fn a_number_that_nobody_held_may_be_another_sessions_by_now() {
    let mut world = world(&[(102, 100, 102, 102)]);
    let mut tree = grown(&mut world);
    world.end(102);
    tree.grow(&world.table(), &[], &mut world);
    // Another 102 led a session, and has ended too.
    world.put(105, 105, 1, 102, 102);
    tree.grow(&world.table(), &[], &mut world);
    assert_eq!(pids(&tree), [100, 102]);
}

#[test]
fn the_next_owner_of_a_members_number_is_not_a_member() {
    let mut world = world(&[(102, 100, 100, 10)]);
    let mut tree = grown(&mut world);
    world.end(102);
    world.put(102, 9_000, 10, 102, 10);
    world.put(106, 9_001, 102, 102, 10);
    tree.grow(&world.table(), &[], &mut world);
    assert_eq!(pids(&tree), [100, 102]);
    assert!(!tree.has(ProcessKey {
        pid: 102,
        start_ticks: 9_000
    }));
}

#[test]
fn what_changed_since_the_pass_is_not_believed() {
    let mut world = world(&[(102, 100, 102, 102)]);
    let table = world.table();
    // Meanwhile the number went to a child of the shell.
    world.put(102, 9_000, 10, 102, 10);
    let mut tree = tree();
    tree.grow(&table, &[], &mut world);
    assert_eq!(pids(&tree), [100]);
    // Or the parent ended, and who has its number now is nobody's parent.
    let mut world = self::world(&[(102, 100, 102, 102), (103, 102, 103, 103)]);
    let table = world.table();
    world.put(102, 9_000, 10, 102, 10);
    let mut tree = self::tree();
    tree.grow(&table, &[], &mut world);
    assert_eq!(pids(&tree), [100]);
}

#[test]
fn the_walk_stops_at_what_is_spared_and_says_so() {
    let mut world = world(&[
        (102, 100, 102, 102),
        (103, 102, 103, 103),
        (104, 103, 104, 104),
        (105, 100, 105, 105),
    ])
    .spare(103, Spare::OtherSession);
    let tree = grown(&mut world);
    assert_eq!(pids(&tree), [100, 105]);
    let why = Spare::OtherSession;
    assert_eq!(tree.spared(), [(key(103), why), (key(102), why)]);
}

#[test]
fn a_session_shared_with_what_is_spared_proves_nothing() {
    // 103 is another session of Claude Code in the kernel session of the tool that started it; 104 is its child, and
    // whose 105 was, nobody can tell.
    let lines = [
        (102, 100, 102, 102),
        (103, 102, 102, 102),
        (104, 103, 102, 102),
        (105, 1, 102, 102),
    ];
    let mut world = world(&lines).spare(103, Spare::OtherSession);
    let mut tree = grown(&mut world);
    assert_eq!(pids(&tree), [100]);
    assert_eq!(tree.doubtful(), [(key(105), key(102))]);
    // Nor later, when what was spared has ended.
    world.end(103);
    tree.grow(&world.table(), &[], &mut world);
    assert_eq!(pids(&tree), [100]);
}

#[test]
fn what_is_spared_is_found_in_a_session_though_its_parent_has_ended() {
    let mut world = world(&[
        (102, 100, 102, 102),
        (103, 1, 102, 102),
        (104, 103, 102, 102),
    ])
    .spare(103, Spare::TerminalServer);
    let tree = grown(&mut world);
    assert_eq!(pids(&tree), [100, 102]);
    assert_eq!(tree.spared(), [(key(103), Spare::TerminalServer)]);
    assert_eq!(tree.doubtful(), []);
}

#[test]
fn what_was_seen_to_descend_counts_by_its_key() {
    let mut world = world(&[(102, 1, 102, 102), (103, 1, 103, 103), (104, 1, 104, 104)])
        .spare(104, Spare::OtherSession);
    let mut tree = tree();
    let at = UnixMillis(7);
    let other = ProcessKey {
        pid: 103,
        start_ticks: 5,
    };
    let seen = [(key(102), at), (other, at), (key(104), at), (key(999), at)];
    tree.grow(&world.table(), &seen, &mut world);
    assert_eq!(pids(&tree), [100, 102]);
    assert_eq!(tree.members()[1].descent, Descent::Seen { at });
}

#[test]
fn a_circle_in_the_table_does_not_hang() {
    let mut world = world(&[(102, 103, 102, 102), (103, 102, 102, 102), (104, 104, 1, 1)]);
    world.put(105, 105, 100, 102, 102);
    grown(&mut world);
}

#[test]
fn a_member_that_becomes_what_is_spared_is_given_up_with_its_children() {
    let mut world = world(&[
        (102, 100, 102, 102),
        (103, 102, 102, 102),
        (104, 103, 102, 102),
    ]);
    let mut tree = grown(&mut world);
    assert_eq!(pids(&tree), [100, 102, 103, 104]);
    // It was a copy of its shell until it began to run Claude Code.
    world.spared.insert(103, Spare::OtherSession);
    tree.grow(&world.table(), &[], &mut world);
    assert_eq!(pids(&tree), [100]);
    assert!(!tree.has(key(104)));
    let why = Spare::OtherSession;
    assert_eq!(tree.spared(), [(key(103), why), (key(102), why)]);
}

#[test]
fn what_another_session_runs_in_is_spared_with_it() {
    // `bash -c "script -qfc claude"`: 103 is script, 104 the shell in its terminal, 105 Claude Code.
    let mut world = world(&[
        (102, 100, 102, 102),
        (103, 102, 102, 102),
        (104, 103, 104, 104),
        (105, 104, 104, 104),
        (106, 102, 102, 102),
    ])
    .spare(105, Spare::OtherSession);
    let tree = grown(&mut world);
    assert!(tree.shields());
    // The tool's shell waits for it, and is left alone with all that it started.
    assert_eq!(pids(&tree), [100]);
    let spared: Vec<u32> = tree.spared().iter().map(|(key, _)| key.pid).collect();
    assert_eq!(spared, [105, 104, 103, 102]);
}

#[test]
fn a_sign_is_weighed_after_what_is_spared() {
    // A tmux server that a tool started, and a shell in it, carry the session's id, and so does 301.
    let mut world = world(&[(300, 1, 300, 300), (302, 300, 302, 302), (301, 1, 301, 301)])
        .spare(300, Spare::TerminalServer);
    let mut tree = grown(&mut world);
    let signed = [key(302), key(301), key(300), key(100)];
    let suspects = tree.suspects(&world.table(), &signed, &mut world);
    assert_eq!(suspects, [key(301)]);
    assert_eq!(tree.spared(), [(key(300), Spare::TerminalServer)]);
    assert!(!tree.shields());
}

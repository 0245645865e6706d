//! Trees and what came of actions on them, as values on the wire.

use session_core::{
    id,
    kill::End,
    tree::{
        Member, Tree,
        claim::{self, Descent},
        spare::Spare,
    },
};
use wire::{
    Act, ActResult, DriveOutcome, Driven, KillOutcome, Killed, ProcessKey, Sign, SignalOutcome,
    Signalled, SpareReason, Spared, TreeProcess, Unproven,
};

use super::key;
use crate::{
    act::{
        pause::{Reaction, Sent, Terminal},
        tree::TreeEnded,
    },
    observe::tree::{Facts, Surveyor},
    service::ServiceError,
};

/// A process that seems to belong to a session, and what suggests it.
#[derive(Clone, Debug)]
pub struct Suspect {
    pub key: id::ProcessKey,
    pub sign: Sign,
    pub facts: Facts,
}

/// Longer commands are cut: a shell's whole script may be one.
const COMMAND_CHARS: usize = 300;

/// What a kill would end.
pub fn tree(
    root: ProcessKey,
    tree: &Tree,
    surveyor: &Surveyor<'_>,
    signs: &[Suspect],
) -> wire::Tree {
    let members = tree.members().iter();
    let processes: Vec<TreeProcess> = members
        .filter_map(|member| process(*member, surveyor.facts(member.key), None))
        .collect();
    let private: Option<Vec<u64>> = processes.iter().map(|it| it.private_bytes).collect();
    wire::Tree {
        ok: true,
        pid: root.pid,
        key: root,
        private_bytes: private.map(|all| all.iter().sum()),
        processes,
        spared: spared(tree, surveyor),
        unproven: unproven(signs),
    }
}

/// What came of ending a tree.
pub fn killed(root: ProcessKey, ended: &TreeEnded<'_>, signs: &[Suspect]) -> Killed {
    let surveyor = &ended.surveyor;
    let processes: Vec<TreeProcess> = ended
        .members
        .iter()
        .filter_map(|(member, end)| process(*member, surveyor.facts(member.key), Some(*end)))
        .collect();
    let survives = |process: &TreeProcess| process.outcome == Some(KillOutcome::StillRunning);
    Killed {
        ok: !processes.iter().any(survives),
        pid: root.pid,
        key: root,
        outcome: outcome(ended.root),
        took_ms: millis(ended.took),
        processes,
        spared: spared(&ended.tree, surveyor),
        unproven: unproven(signs),
        note: ended.tree.shields().then(|| SHIELDED.to_owned()),
    }
}

/// Why there was no grace.
const SHIELDED: &str = "It was ended without a grace: another session runs in one of its tools, and Claude Code, asked to \
                        end, would have ended that too.";

/// A process that had ended before it could be signalled.
pub fn gone_before(root: ProcessKey) -> Killed {
    Killed {
        ok: true,
        pid: root.pid,
        key: root,
        outcome: KillOutcome::AlreadyGone,
        took_ms: 0,
        processes: Vec::new(),
        spared: Vec::new(),
        unproven: Vec::new(),
        note: None,
    }
}

/// What came of a signal.
pub fn signalled(root: ProcessKey, act: Act, sent: Sent) -> Signalled {
    let outcome = match sent.reaction {
        Reaction::Done => SignalOutcome::Done,
        Reaction::Ended => SignalOutcome::Ended,
        Reaction::AlreadyGone => SignalOutcome::AlreadyGone,
        Reaction::Undone => SignalOutcome::Undone,
    };
    let note = match (outcome, act, sent.terminal) {
        (SignalOutcome::Undone, Act::Pause, _) => Some(
            "It was let go on at once, as tmux does with a program that it started itself; it runs as before.",
        ),
        (SignalOutcome::Undone, _, _) => Some(
            "It stopped again at once: it is in the background of its shell. Press Ctrl-C there, then type `fg`.",
        ),
        (SignalOutcome::Ended, Act::Interrupt, _) => Some(
            "It ended: Claude Code takes this signal for a wish to exit. Its conversation can be resumed.",
        ),
        (SignalOutcome::Done, Act::Pause, Terminal::Job) => Some(
            "Its shell takes the terminal back. After it goes on, press Ctrl-C there, then type `fg`; Enter may then only begin a new line.",
        ),
        (SignalOutcome::Done, Act::Continue, Terminal::Background) => Some(
            "It goes on in the background of its shell. Press Ctrl-C in its terminal, then type `fg`, to get it back.",
        ),
        _ => None,
    };
    Signalled {
        ok: outcome != SignalOutcome::Undone,
        pid: root.pid,
        key: root,
        act,
        outcome,
        processes: u32::try_from(sent.processes).unwrap_or(u32::MAX),
        note: note.map(str::to_owned),
    }
}

/// A process that had ended before it could be signalled.
pub fn already_gone(root: ProcessKey, act: Act) -> Signalled {
    let sent = Sent {
        reaction: Reaction::AlreadyGone,
        processes: 0,
        terminal: Terminal::Own,
    };
    signalled(root, act, sent)
}

/// What an interrupt came to that ended a turn: no process was signalled.
pub fn turn_ended(root: ProcessKey, driven: Driven) -> Signalled {
    let idle = "It was at rest.".to_owned();
    let is_idle = driven.outcome == DriveOutcome::Idle;
    Signalled {
        ok: true,
        pid: root.pid,
        key: root,
        act: Act::Interrupt,
        outcome: SignalOutcome::Done,
        processes: 0,
        note: driven.note.or(is_idle.then_some(idle)),
    }
}

/// An item of a selection to which nothing was done.
pub fn refused(error: &ServiceError) -> ActResult {
    ActResult::Refused {
        code: error.code(),
        error: error.to_string(),
    }
}

/// Whether an item came to what was asked.
pub fn went_well(result: &ActResult) -> bool {
    match result {
        ActResult::Killed { killed } => killed.ok,
        ActResult::Signalled { signalled } => signalled.ok,
        ActResult::Refused { .. } => false,
    }
}

/// How a process ended.
pub fn outcome(end: End) -> KillOutcome {
    match end {
        End::AlreadyGone => KillOutcome::AlreadyGone,
        End::Exited => KillOutcome::Exited,
        End::Killed => KillOutcome::Killed,
        End::StillRunning => KillOutcome::StillRunning,
    }
}

/// What proves a process's descent; `None` where a pid is beyond what the kernel gives out.
pub fn descent(descent: claim::Descent) -> Option<wire::Descent> {
    Some(match descent {
        Descent::Root => wire::Descent::Root,
        Descent::Child { of } => wire::Descent::Child { of: key(of)? },
        Descent::Session { leader } => wire::Descent::Session {
            leader: key(leader)?,
        },
        Descent::Group { leader } => wire::Descent::Group {
            leader: key(leader)?,
        },
        Descent::Seen { at } => wire::Descent::Seen { at: at.0 },
    })
}

/// A command that fits into a list.
pub fn command(whole: &str) -> String {
    let mut cut: String = whole.chars().take(COMMAND_CHARS).collect();
    if cut.len() < whole.len() {
        cut.push('…');
    }
    cut
}

fn process(member: Member, facts: Facts, end: Option<End>) -> Option<TreeProcess> {
    Some(TreeProcess {
        key: key(member.key)?,
        command: command(&facts.command),
        proof: descent(member.descent)?,
        rss_bytes: facts.rss_bytes,
        private_bytes: facts.private_bytes,
        outcome: end.map(outcome),
    })
}

fn spared(tree: &Tree, surveyor: &Surveyor<'_>) -> Vec<Spared> {
    let spared = tree.spared().iter().filter_map(|(process, why)| {
        Some(Spared {
            key: key(*process)?,
            command: command(&surveyor.facts(*process).command),
            reason: match why {
                Spare::OtherSession => SpareReason::OtherSession,
                Spare::TerminalServer => SpareReason::TerminalServer,
                Spare::OtherUser => SpareReason::OtherUser,
                Spare::Protected => SpareReason::Protected,
            },
        })
    });
    spared.collect()
}

fn unproven(suspects: &[Suspect]) -> Vec<Unproven> {
    let unproven = suspects.iter().filter_map(|suspect| {
        Some(Unproven {
            key: key(suspect.key)?,
            command: command(&suspect.facts.command),
            sign: suspect.sign.clone(),
            rss_bytes: suspect.facts.rss_bytes,
        })
    });
    unproven.collect()
}

fn millis(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

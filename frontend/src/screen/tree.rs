//! What descends from a session, in words: what ends with it, what is spared, and what nothing proves.

use wire::{Descent, ProcessKey, Sign, Spared, TreeProcess, Unproven};

use crate::{
    measure,
    model::{ending::Ending, outcome::spare},
    screen::group::{Group, Item, group},
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TreeView {
    /// What the question comes to, or why that is not known (yet).
    pub(crate) summary: String,
    pub(crate) groups: Vec<Group>,
}

/// `now` is the server's clock, Unix milliseconds.
pub(crate) fn tree(ending: &Ending, now: u64) -> TreeView {
    let tree = match &ending.tree {
        None => return note("Looking at what it runs…".to_owned()),
        Some(Err(sentence)) => {
            let sentence = text::block(sentence);
            return note(format!("What it runs is not known. {sentence}"));
        }
        Some(Ok(tree)) => tree,
    };
    let (own, below): (Vec<&TreeProcess>, Vec<&TreeProcess>) =
        tree.processes.iter().partition(|one| one.key == tree.key);
    let ends = if ending.alone {
        own.clone()
    } else {
        tree.processes.iter().collect()
    };
    let whole = |processes: &[&TreeProcess]| {
        let private = processes.iter().map(|one| one.private_bytes);
        private.sum::<Option<u64>>()
    };
    let back = if ending.alone {
        whole(&own)
    } else {
        tree.private_bytes.or_else(|| whole(&ends))
    };
    let count = measure::count(ends.len(), "process ends", "processes end");
    let summary = match back {
        Some(bytes) => format!(
            "{count}. Memory that comes back: {}.",
            measure::bytes(bytes)
        ),
        None => format!("{count}. How much memory comes back can't be read."),
    };
    let processes = |of: &[&TreeProcess]| of.iter().map(|one| process(one, now)).collect();
    let groups = if ending.alone {
        vec![
            group("Ends".to_owned(), processes(&own)),
            group(titled("Goes on without it", below.len()), processes(&below)),
        ]
    } else {
        vec![group(titled("Ends", ends.len()), processes(&ends))]
    };
    let rest = [
        group(
            titled("Spared", tree.spared.len()),
            tree.spared.iter().map(spared).collect(),
        ),
        group(
            titled("Not proved to be its own: left alone", tree.unproven.len()),
            tree.unproven.iter().map(unproven).collect(),
        ),
    ];
    TreeView {
        summary,
        groups: groups.into_iter().chain(rest).flatten().collect(),
    }
}

fn note(summary: String) -> TreeView {
    TreeView {
        summary,
        groups: Vec::new(),
    }
}

fn titled(title: &str, count: usize) -> String {
    format!("{title} ({count})")
}

fn process(process: &TreeProcess, now: u64) -> Item {
    Item {
        name: text::line(&process.command),
        exact: true,
        reason: format!(
            "Process {}: {}",
            process.key.pid,
            descent(&process.proof, now)
        ),
        size: memory(process.private_bytes, process.rss_bytes),
        ..Item::default()
    }
}

fn spared(spared: &Spared) -> Item {
    Item {
        name: text::line(&spared.command),
        exact: true,
        reason: format!("Process {}: {}", spared.key.pid, self::spare(spared.reason)),
        ..Item::default()
    }
}

fn unproven(unproven: &Unproven) -> Item {
    Item {
        name: text::line(&unproven.command),
        exact: true,
        reason: format!("Process {}: {}", unproven.key.pid, sign(&unproven.sign)),
        size: memory(None, unproven.rss_bytes),
        ..Item::default()
    }
}

/// What ending it gives back; where that can't be read, what it has at most.
pub(crate) fn memory(private: Option<u64>, rss: u64) -> String {
    match private {
        Some(bytes) => measure::bytes(bytes),
        None => format!("≤ {}", measure::bytes(rss)),
    }
}

/// What proves the descent. `now` is the server's clock, Unix milliseconds.
pub(crate) fn descent(descent: &Descent, now: u64) -> String {
    let process = |key: &ProcessKey| format!("process {}", key.pid);
    match descent {
        Descent::Root => "Claude Code itself".to_owned(),
        Descent::Child { of } => format!("started by {}", process(of)),
        Descent::Session { leader } => format!("in the kernel session of {}", process(leader)),
        Descent::Group { leader } => format!("in the process group of {}", process(leader)),
        Descent::Seen { at } => format!(
            "seen to descend from it {} ago",
            measure::age_between(*at, now)
        ),
    }
}

/// What suggests a descent and does not prove it.
pub(crate) fn sign(sign: &Sign) -> String {
    match sign {
        Sign::Environment { variable } => format!(
            "it has the session's {}, as has everything that is started from a terminal opened there",
            text::line(variable)
        ),
        Sign::SharedGroup { leader } => format!(
            "it shares the group of process {} with something that is spared",
            leader.pid
        ),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use wire::Tree;

    use super::*;
    use crate::sample::{self, NOW};

    fn check(alone: bool, told: Option<Result<Tree, String>>, expected: &Expect) {
        let ending = Ending {
            session: sample::session(7),
            tree: told,
            alone,
        };
        let TreeView { summary, groups } = tree(&ending, NOW);
        let mut lines = vec![summary];
        for group in groups {
            lines.push(format!("# {}", group.title));
            let item = |one: &Item| format!("{} | {} | {}", one.name, one.reason, one.size);
            lines.extend(group.items.iter().map(item));
        }
        expected.assert_eq(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn what_ends_what_is_spared_and_what_is_not_proved() {
        check(
            false,
            Some(Ok(sample::tree(7))),
            &expect![[r#"
            3 processes end. Memory that comes back: 120 MB.
            # Ends (3)
            claude | Process 7: Claude Code itself | 40 MB
            node mcp-server.js | Process 71: started by process 7 | 40 MB
            npm run dev | Process 72: seen to descend from it 1 min ago | ≤ 60 MB
            # Spared (1)
            claude -p hello | Process 73: a Claude Code session of its own | 
            # Not proved to be its own: left alone (1)
            python3 | Process 74: it has the session's CLAUDE_CODE_SESSION_ID, as has everything that is started from a terminal opened there | ≤ 10 MB
        "#]],
        );
    }

    #[test]
    fn alone_the_rest_goes_on() {
        check(
            true,
            Some(Ok(sample::tree(7))),
            &expect![[r#"
            1 process ends. Memory that comes back: 40 MB.
            # Ends
            claude | Process 7: Claude Code itself | 40 MB
            # Goes on without it (2)
            node mcp-server.js | Process 71: started by process 7 | 40 MB
            npm run dev | Process 72: seen to descend from it 1 min ago | ≤ 60 MB
            # Spared (1)
            claude -p hello | Process 73: a Claude Code session of its own | 
            # Not proved to be its own: left alone (1)
            python3 | Process 74: it has the session's CLAUDE_CODE_SESSION_ID, as has everything that is started from a terminal opened there | ≤ 10 MB
        "#]],
        );
    }

    #[test]
    fn without_an_answer_it_says_so() {
        check(
            false,
            None,
            &expect![[r#"
            Looking at what it runs…
        "#]],
        );
        let refused = Err("The server is busy; try again.".to_owned());
        check(
            false,
            Some(refused),
            &expect![[r#"
            What it runs is not known. The server is busy; try again.
        "#]],
        );
    }
}

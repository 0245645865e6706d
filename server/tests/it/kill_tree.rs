//! What a kill ends, and what it leaves alone: trees of real processes, in pid namespaces of their own.
//!
//! Each test plays in a namespace, so that what it starts can be told from everything else, and ends with it; where
//! this machine allows none, it ends without having tried.

mod pause;
mod reborn;
mod rig;

use std::{path::Path, process::Command};

use nix::{
    sys::{
        signal::{Signal, kill},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};
use session_core::id::ProcessKey;

use self::rig::{Rig, expect_among, expect_told, listed, text, told, until};
use crate::{again, test_session::register};

/// Longer than anything takes that ends by itself.
const LONG: u32 = 60_000;
const SHORT: u32 = 200;

fn play(test: &str, act: impl FnOnce(&Rig)) {
    again::in_pid_namespace(&format!("kill_tree::{test}"), |home: &Path| {
        act(&Rig::start(home));
    });
}

#[test]
fn a_root_that_ignores_sigterm_is_killed_with_all_below_it() {
    play(
        "a_root_that_ignores_sigterm_is_killed_with_all_below_it",
        |rig| {
            let root = rig.session(
                r#"trap "" TERM; leaf deaf; trap - TERM; leaf obedient
                   sh -c 'trap "" TERM; echo $$ >"$D/parent"; sh "$LEAF" below & sleep 600; :' &
                   trap "" TERM; here root; while :; do sleep 600; done"#,
            );
            let names = ["root", "deaf", "obedient", "parent", "below"];
            let [_, deaf, obedient, parent, below] = rig.all_named(names);
            let bystander = rig.run("exec sleep 600").key;
            let killed = rig.kill(root.key, SHORT);
            assert_eq!(killed["outcome"], "killed");
            rig.expect_left(&[bystander]);
            expect_among(&killed, (root.key, "root", "killed"));
            for deaf in [deaf, parent, below] {
                expect_among(&killed, (deaf, "child", "killed"));
            }
            assert!(told(&killed).iter().any(|[key, ..]| *key == text(obedient)));
        },
    );
}

#[test]
fn one_that_stands_still_goes_on_to_end_with_its_children() {
    play(
        "one_that_stands_still_goes_on_to_end_with_its_children",
        |rig| {
            let root = rig.session(
                r#"leaf child; sh -c 'echo $$ >"$D/still"; kill -STOP $$; exec sleep 600' &
                   here root; wait; wait"#,
            );
            let [_, child, still] = rig.all_named(["root", "child", "still"]);
            let pid = Pid::from_raw(root.child.id().try_into().unwrap());
            kill(pid, Signal::SIGSTOP).unwrap();
            waitid(Id::Pid(pid), WaitPidFlag::WSTOPPED).unwrap();
            until(|| {
                let stat = rig.proc.stat(still.pid).unwrap();
                stat.run_state == session_core::process::RunState::Stopped
            });
            let killed = rig.kill(root.key, LONG);
            rig.expect_left(&[]);
            expect_told(
                &killed,
                &[
                    (root.key, "root", "exited"),
                    (child, "child", "exited"),
                    (still, "child", "exited"),
                ],
            );
        },
    );
}

#[test]
fn the_root_alone_is_ended_where_that_is_asked() {
    play("the_root_alone_is_ended_where_that_is_asked", |rig| {
        let root = rig.session(r#"leaf child; here root; exec sleep 600"#);
        let [_, child] = rig.all_named(["root", "child"]);
        let killed = rig.ask_to_kill(root.key, r#""graceMs":60000,"tree":false"#);
        let killed = killed.json();
        rig.expect_left(&[child]);
        expect_told(&killed, &[(root.key, "root", "exited")]);
    });
}

/// A zombie can't be ended any more, and what its parent never reaped is no reason to say that something still runs.
#[test]
fn a_zombie_child_is_no_process_that_still_runs() {
    play("a_zombie_child_is_no_process_that_still_runs", |rig| {
        let root = rig.session(
            r#"sh -c 'echo $$ >"$D/zombie"; until grep -q sleep /proc/$PPID/comm; do sleep 0.1; done' &
               leaf child
               here root; exec sleep 600"#,
        );
        let [_, child, zombie] = rig.all_named(["root", "child", "zombie"]);
        until(|| !rig.runs(zombie));
        assert!(rig.proc.stat(zombie.pid).is_some());
        let killed = rig.kill(root.key, LONG);
        rig.expect_left(&[]);
        expect_told(
            &killed,
            &[(root.key, "root", "exited"), (child, "child", "exited")],
        );
    });
}

/// Kernel sessions and process groups that a descendant leads prove what has lost its parent.
#[test]
fn what_a_descendant_leads_ends_also_where_it_has_lost_its_parent() {
    play(
        "what_a_descendant_leads_ends_also_where_it_has_lost_its_parent",
        |rig| {
            let root = rig.session(
                r#"setsid sh -c 'echo $$ >"$D/session"; (sh "$LEAF" strayed &); exec sleep 600' &
                   bash -c 'set -m; sh -c "echo \$\$ >\$D/group; (sh \$LEAF lost &); exec sleep 600" &
                            echo $$ >"$D/bash"; wait' &
                   here root; exec sleep 600"#,
            );
            let names = ["root", "session", "strayed", "bash", "group", "lost"];
            let [_, session, strayed, bash, group, lost] = rig.all_named(names);
            until(|| [strayed, lost].iter().all(|key| is_orphan(rig, *key)));
            let killed = rig.kill(root.key, LONG);
            rig.expect_left(&[]);
            expect_told(
                &killed,
                &[
                    (root.key, "root", "exited"),
                    (session, "child", "exited"),
                    (strayed, "session", "exited"),
                    (bash, "child", "exited"),
                    (group, "child", "exited"),
                    (lost, "group", "exited"),
                ],
            );
        },
    );
}

fn is_orphan(rig: &Rig, key: ProcessKey) -> bool {
    rig.proc.stat(key.pid).is_some_and(|stat| stat.ppid == 1)
}

/// Its parent ends as soon as the kill begins; it was seen below the root before that.
#[test]
fn what_becomes_a_daemon_while_it_is_killed_ends_too() {
    play("what_becomes_a_daemon_while_it_is_killed_ends_too", |rig| {
        let root = rig.session(
            r#"mkfifo "$D/go"
                   sh -c 'setsid sh "$LEAF" daemon & sh "$LEAF" orphan & trap "" TERM
                          echo $$ >"$D/between"; read line <"$D/go"; exit 0' &
                   between=$!
                   trap 'echo >"$D/go"; wait $between; exit 0' TERM
                   sleep 600 & here root; wait; wait; wait"#,
        );
        let [_, between, daemon, orphan] = rig.all_named(["root", "between", "daemon", "orphan"]);
        let killed = rig.kill(root.key, LONG);
        rig.expect_left(&[]);
        expect_among(&killed, (root.key, "root", "exited"));
        for key in [between, daemon, orphan] {
            expect_among(&killed, (key, "child", "exited"));
        }
    });
}

/// They had a parent when the program looked, as it does every few seconds and when it is asked for orphans.
#[test]
fn what_was_seen_before_it_became_a_daemon_ends_too() {
    play("what_was_seen_before_it_became_a_daemon_ends_too", |rig| {
        let root = rig.session(
            r#"mkfifo "$D/go"
               sh -c 'setsid sh "$LEAF" daemon & sh "$LEAF" orphan & read line <"$D/go"; exit 0' &
               here root; exec sleep 600"#,
        );
        let [_, daemon, orphan] = rig.all_named(["root", "daemon", "orphan"]);
        let looked = rig.ask("GET", "/orphans", "");
        assert_eq!(looked.status, 200, "{looked:?}");
        std::fs::write(rig.home.join("go"), "").unwrap();
        until(|| is_orphan(rig, daemon) && is_orphan(rig, orphan));
        let killed = rig.kill(root.key, LONG);
        rig.expect_left(&[]);
        expect_told(
            &killed,
            &[
                (root.key, "root", "exited"),
                (daemon, "seen", "exited"),
                (orphan, "seen", "exited"),
            ],
        );
    });
}

/// Nobody saw them while they had a parent. One has the session's id in its environment: a sign and no proof.
#[test]
fn what_had_become_a_daemon_before_is_named_and_left_alone() {
    play(
        "what_had_become_a_daemon_before_is_named_and_left_alone",
        |rig| {
            let id = "086ce0db-50b0-42a3-b30a-e82a2d9c2aac";
            let root = rig.run(
                r#"(setsid sh "$LEAF" daemon &)
                   (CLAUDE_CODE_SESSION_ID=086ce0db-50b0-42a3-b30a-e82a2d9c2aac setsid sh "$LEAF" marked &)
                   (sh "$LEAF" neighbour &)
                   setsid sh -c 'sh "$LEAF" follower & exit 0'
                   leaf child; here root; exec sleep 600"#,
            );
            let daemons = rig.all_named(["daemon", "marked", "neighbour", "follower"]);
            let [_, child] = rig.all_named(["root", "child"]);
            until(|| daemons.iter().all(|key| is_orphan(rig, *key)));
            // Until now it was no session, and nobody noted what descends from it.
            register(&rig.home, root.key, &format!(r#","sessionId":"{id}""#));
            let killed = rig.kill(root.key, LONG);
            rig.expect_left(&daemons);
            expect_told(
                &killed,
                &[(root.key, "root", "exited"), (child, "child", "exited")],
            );
            let marked = (text(daemons[1]), "environment".to_owned());
            assert_eq!(listed(&killed, "unproven", "sign"), [marked].into());
        },
    );
}

/// 2^9 processes that ignore SIGTERM, of which each has forked all of its life when the kill comes to 200 of them.
#[test]
fn a_fork_bomb_that_goes_on_forking_ends() {
    play("a_fork_bomb_that_goes_on_forking_ends", |rig| {
        let bystander = rig.run("exec sleep 600").key;
        let root = rig.session(
            r#"trap "" TERM
               bomb() {
                   left=$1
                   while [ $left -gt 0 ]; do
                       left=$((left - 1)); (bomb $left) & sleep 0.2
                   done
                   exec sleep 600
               }
               bomb 9"#,
        );
        until(|| rig.running().len() > 200);
        let killed = rig.kill(root.key, 50);
        rig.expect_left(&[bystander]);
        assert_eq!(killed["outcome"], "killed");
        assert!(killed["processes"].as_array().unwrap().len() > 200);
    });
}

/// The user's shell, at a terminal, and what it started beside the session: the same program, the same directory, the
/// same parent, the same terminal, kernel session and process group.
#[test]
fn what_was_started_beside_the_session_is_none_of_it() {
    play("what_was_started_beside_the_session_is_none_of_it", |rig| {
        let mut terminal = Command::new("script");
        terminal
            .args(["--quiet", "--command", "exec sh \"$D/shell\"", "/dev/null"])
            .env("D", &rig.home)
            .env("LEAF", rig.home.join("leaf"))
            .env("SHELL", "/bin/sh")
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null());
        let shell = r#"sh "$LEAF" beside & sh "$LEAF" too &
                           sh -c 'sh "$LEAF" child & echo $$ >"$D/root"; wait' &
                           echo $$ >"$D/user"; wait; wait; wait; sleep 600"#;
        std::fs::write(rig.home.join("shell"), shell).unwrap();
        let terminal = rig.start_as(terminal);
        let names = ["user", "beside", "too", "root", "child"];
        let [user, beside, too, root, child] = rig.all_named(names);
        let stats = [user, beside, root, child].map(|key| rig.proc.stat(key.pid).unwrap());
        for stat in &stats {
            assert_eq!((stat.session, stat.group), (user.pid, user.pid));
        }
        assert_eq!((stats[1].ppid, stats[2].ppid), (user.pid, user.pid));
        register(&rig.home, root, "");
        let killed = rig.kill(root, LONG);
        expect_told(
            &killed,
            &[(root, "root", "exited"), (child, "child", "exited")],
        );
        rig.expect_left(&[terminal.key, user, beside, too]);
    });
}

/// A second session below the first, and what shares a kernel session with it, of which nobody can tell whose it is.
#[test]
fn a_session_that_was_started_from_within_is_spared_with_its_own() {
    play(
        "a_session_that_was_started_from_within_is_spared_with_its_own",
        |rig| {
            let first = rig.session(
                r#"leaf child
                   setsid sh -c 'echo $$ >"$D/leader"
                       (sh "$LEAF" doubtful &)
                       sh -c "echo \$\$ >\$D/second; sh \$LEAF its & wait" &
                       exec sleep 600' &
                   here first; exec sleep 600"#,
            );
            let names = ["first", "child", "leader", "doubtful", "second", "its"];
            let [_, child, leader, doubtful, second, its] = rig.all_named(names);
            until(|| is_orphan(rig, doubtful));
            register(&rig.home, second, "");
            let killed = rig.kill(first.key, LONG);
            // What it runs in would hand signals on to it, or take its terminal away.
            rig.expect_left(&[leader, doubtful, second, its]);
            // Without being asked: Claude Code would then have ended the other one too.
            expect_told(
                &killed,
                &[(first.key, "root", "killed"), (child, "child", "exited")],
            );
            let spared = [second, leader].map(|key| (text(key), "other_session".to_owned()));
            assert_eq!(listed(&killed, "spared", "reason"), spared.into());
            let unproven = (text(doubtful), "shared_group".to_owned());
            assert_eq!(listed(&killed, "unproven", "sign"), [unproven].into());
            // It is a session like any other.
            rig.kill(second, LONG);
            rig.expect_left(&[leader, doubtful]);
        },
    );
}

/// One server that has become a daemon, as it does by itself, and one that stays a child.
#[test]
fn a_tmux_server_that_was_started_from_within_is_spared() {
    play(
        "a_tmux_server_that_was_started_from_within_is_spared",
        |rig| {
            let root = rig.session(
                r#"export TMUX_TMPDIR="$D"
                   tmux -L far new-session -d "exec sh '$LEAF' far-pane"
                   tmux -L near -D & echo $! >"$D/near"
                   until tmux -L near show-options -s; do sleep 0.1; done
                   tmux -L near new-session -d "exec sh '$LEAF' near-pane"
                   leaf child; here root; exec sleep 600"#,
            );
            let names = ["root", "child", "near", "near-pane", "far-pane"];
            let [_, child, near, near_pane, far_pane] = rig.all_named(names);
            let far = rig.proc.stat(far_pane.pid).unwrap().ppid;
            let far = rig.proc.stat(far).unwrap();
            assert_eq!((far.comm.as_str(), far.ppid), ("tmux: server", 1));
            let killed = rig.kill(root.key, LONG);
            expect_told(
                &killed,
                &[(root.key, "root", "exited"), (child, "child", "exited")],
            );
            let spared = (text(near), "terminal_server".to_owned());
            assert_eq!(listed(&killed, "spared", "reason"), [spared].into());
            rig.expect_left(&[near, near_pane, far.key, far_pane]);
            for name in ["near", "far"] {
                let mut tmux = Command::new("tmux");
                tmux.args(["-L", name, "kill-server"]);
                let ended = tmux.env("TMUX_TMPDIR", &rig.home).status();
                assert!(ended.unwrap().success());
            }
        },
    );
}

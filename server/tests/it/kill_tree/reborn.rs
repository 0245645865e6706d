//! Pids that change hands while a tree is being ended.

use std::{fs, path::Path, process::Command, thread};

use session_core::id::ProcessKey;

use super::{
    LONG, play,
    rig::{Rig, expect_among, text, told},
};

/// Ends when it has been asked to and then told to, so that there is time enough in between.
const ROOT: &str = r#"
mkfifo "$D/first.end" "$D/second.end" "$D/go" "$D/end"
sh "$D/parent.sh" &
trap 'here asked; read line <"$D/end"; exit 0' TERM
sleep 600 &
here root
wait; wait; wait
"#;

/// Waits for its first two children, and starts more as it is told to.
const PARENT: &str = r#"
echo $$ >"$D/parent"
sh -c 'echo $$ >"$D/first"; exec cat "$D/first.end"'
sh -c 'echo $$ >"$D/second"; exec cat "$D/second.end"'
while :; do if read name <"$D/go"; then sh "$LEAF" $name & fi; done
"#;

/// One dead child's pid goes to a stranger, another's to a child again.
#[test]
fn a_pid_that_changes_hands_is_ended_or_spared_for_what_it_is_now() {
    play(
        "reborn::a_pid_that_changes_hands_is_ended_or_spared_for_what_it_is_now",
        |rig| {
            fs::write(rig.home.join("parent.sh"), PARENT).unwrap();
            let root = rig.session(ROOT);
            let [_, parent, first] = rig.all_named(["root", "parent", "first"]);
            thread::scope(|scope| {
                let killing = scope.spawn(|| rig.kill(root.key, LONG));
                // The tree was looked at before anything was sent.
                rig.named("asked");
                end(rig, "first.end", first);
                let second = rig.named("second");
                choose_next_pid(first.pid);
                let mut sleep = Command::new("sleep");
                sleep.arg("600");
                let stranger = rig.start_as(sleep).key;
                assert_eq!(stranger.pid, first.pid);

                end(rig, "second.end", second);
                choose_next_pid(second.pid);
                tell(&rig.home.join("go"), "heir\n");
                let heir = rig.named("heir");
                assert_eq!(heir.pid, second.pid);

                tell(&rig.home.join("end"), "");
                let killed = killing.join().unwrap();
                rig.expect_left(&[stranger]);
                expect_among(&killed, (root.key, "root", "exited"));
                for key in [parent, first, heir] {
                    expect_among(&killed, (key, "child", "exited"));
                }
                let told = told(&killed);
                assert!(told.iter().all(|[key, ..]| *key != text(stranger)));
            });
        },
    );
}

/// Lets a process end whose parent waits for it, until its pid is free.
fn end(rig: &Rig, fifo: &str, key: ProcessKey) {
    tell(&rig.home.join(fifo), "");
    super::until(|| rig.proc.stat(key.pid).is_none());
}

/// Waits until somebody reads it (fifo(7)).
fn tell(fifo: &Path, line: &str) {
    fs::write(fifo, line).unwrap();
}

/// In this namespace nothing else starts meanwhile.
fn choose_next_pid(pid: u32) {
    fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
}

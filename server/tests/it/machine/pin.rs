//! Holding a process that was planned for, and what happens where it is another one by then.

use super::*;

/// Kills and reaps the child that the test started, through its own handle.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn plan(session: &Session) -> Target {
    let uid = rustix::process::geteuid().as_raw();
    let actor = Actor {
        uid,
        home_owners: vec![uid],
        lineage: Vec::new(),
    };
    kill::plan(session, &actor).unwrap()
}

#[test]
fn a_tree_that_is_not_the_kernel_s_can_not_reach_a_real_process() {
    let child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn();
    let mut child = Guard(child.unwrap());
    let machine = Machine::new();
    machine.proc.claude(child.0.id(), 50_000);
    let target = plan(&machine.sessions()[0]);
    let pinned = machine.proc.reader().pin(&target).unwrap();
    let refused = act::kill::kill(&pinned, Duration::from_millis(20)).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(Errno::BADF.raw_os_error()));
    assert_eq!(child.0.try_wait().unwrap(), None);
}

#[test]
fn what_changed_between_plan_and_pin_is_not_held() {
    let child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn();
    let child = Guard(child.unwrap());
    let pid = child.0.id();
    let machine = Machine::new();
    let process = machine.proc.claude(pid, 50_000);
    let target = plan(&machine.sessions()[0]);
    let key = ProcessKey {
        pid,
        start_ticks: 50_000,
    };
    assert_eq!(target.key(), key);
    let reader = machine.proc.reader();
    let process = process.uid(54_321);
    assert!(matches!(reader.pin(&target), Err(PinError::Replaced(k)) if k == key));
    process.file("stat", b"");
    assert!(matches!(reader.pin(&target), Err(PinError::Gone(k)) if k == key));
}

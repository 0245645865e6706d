//! A tmux server that ends with its last session, while another one is asked for.

use session_manager::act::tmux::{Tmux, launch::Launch};

use super::*;

#[test]
fn a_session_starts_though_the_server_of_the_last_one_is_just_ending() {
    let rig = Rig::new(LIVES);
    let program = rig.path("bin/tmux");
    let directory = rig.path("tmux");
    let script = format!(
        "#!/bin/sh\nTMUX_TMPDIR={} exec /usr/bin/env tmux \"$@\"",
        directory.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let tmux = Tmux {
        program,
        socket: None,
        user: None,
        way_out: None,
        open_files: None,
    };
    let launch = Launch {
        session: rig.terminal(),
        cwd: rig.path("work"),
        argv: ["sleep", "600"].map(std::ffi::OsString::from).into(),
        variables: Vec::new(),
    };
    // Without a second try one in eight fails.
    for _ in 0..40 {
        let pane = tmux.start(&launch).unwrap();
        assert_eq!(rig.terminals(), [&*pane.session]);
        // It was the only one.
        tmux.end(&pane.session).unwrap();
    }
}

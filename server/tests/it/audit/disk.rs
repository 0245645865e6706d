//! A disk that is full keeps nobody from acting.

use super::*;
use crate::small_disk;

#[test]
fn with_a_full_disk_a_kill_ends_its_session_and_says_what_is_missing() {
    let root = tempfile::tempdir().unwrap();
    let disk = root.path().join("disk");
    fs::create_dir(&disk).unwrap();
    std::thread::scope(|scope| {
        // The server's threads are this one's children, and so see the same disk.
        let thread = scope.spawn(|| {
            if !small_disk::mount(&disk) {
                // Without leave to mount no disk is full for us alone.
                return;
            }
            let directory = disk.join("session-manager");
            let server = Server::configured(|config| config.state_dir = directory.clone());
            let kill = || {
                let mut session = TestSession::start();
                session.register(server.home(), "");
                let killed = act(&server, &session, "kill");
                assert_eq!(killed["outcome"], "exited", "{killed}");
                session.wait();
                killed.get("note").cloned()
            };
            assert_eq!(kill(), None);
            let filler = disk.join("filler");
            fs::write(&filler, vec![b'x'; 2 << 20]).unwrap_err();
            // What the log's last block has room for is taken, too.
            let mut log = fs::File::options()
                .append(true)
                .open(directory.join("audit.jsonl"))
                .unwrap();
            while std::io::Write::write(&mut log, b"\n").is_ok() {}
            let note = kill().unwrap();
            let note = note.as_str().unwrap();
            assert!(note.contains("No space left"), "{note}");
            let told = words(&entries(&server)).len();
            fs::remove_file(filler).unwrap();
            assert_eq!(kill(), None);
            assert_eq!((told, entries(&server).len()), (1, 2));
        });
        thread.join().unwrap();
    });
    assert!(!disk.join("session-manager").exists());
}

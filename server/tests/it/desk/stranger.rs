//! Who is not answered: other users, and whoever speaks nonsense.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use rustix::{
    process::geteuid,
    thread::{Uid, set_thread_res_uid},
};

use super::*;

/// Runs on a thread that is another user's.
fn as_another<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let other = Uid::from_raw(54_321);
    let thread = std::thread::spawn(move || {
        set_thread_res_uid(other, other, other).unwrap();
        work()
    });
    thread.join().unwrap()
}

fn open_to_all(home: &Path) -> std::path::PathBuf {
    let ask = StateDir::below(home).path().join("ask");
    let mut places: Vec<_> = ask.ancestors().take_while(|place| *place != home).collect();
    places.push(home);
    for place in places {
        std::fs::set_permissions(place, Permissions::from_mode(0o755)).unwrap();
    }
    let names = std::fs::read_dir(&ask)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let socket = names
        .into_iter()
        .find(|path| path.extension().is_some())
        .unwrap();
    std::fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
    socket
}

#[tokio::test]
async fn another_user_is_not_heard() {
    if !geteuid().is_root() {
        // Only root can be somebody else for a while.
        return;
    }
    let desk = TestDesk::open(PATIENCE);
    let socket = open_to_all(desk.path());
    let theirs = as_another(move || std::os::unix::net::UnixStream::connect(socket).unwrap());
    theirs.set_nonblocking(true).unwrap();
    let mut theirs = Line::new(UnixStream::from_std(theirs).unwrap());
    let said = line(&Said::Ask { ask: asking("ls") });
    // Its end may be closed already.
    theirs.writer.write_all(&said).await.ok();
    assert_eq!(theirs.hear().await, None);
    assert!(desk.desk.open().is_empty());
}

#[tokio::test]
async fn another_user_s_server_is_not_asked() {
    if !geteuid().is_root() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    drop(Place::make(home.path()).unwrap().listen().unwrap());
    let ask = StateDir::below(home.path()).path().join("ask");
    for place in ask.ancestors().take(5) {
        std::fs::set_permissions(place, Permissions::from_mode(0o777)).unwrap();
    }
    let socket = ask.join("1-x.sock");
    let listener = as_another(move || std::os::unix::net::UnixListener::bind(socket).unwrap());
    std::fs::set_permissions(&ask, Permissions::from_mode(0o700)).unwrap();
    for place in ask.ancestors().skip(1).take(4) {
        std::fs::set_permissions(place, Permissions::from_mode(0o755)).unwrap();
    }
    let ls = payload(SESSION, "Bash", &json!({ "command": "ls" }));
    assert_eq!(printed(hook(home.path(), &ls, &[]).await).await, None);
    listener.set_nonblocking(true).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    // It was told nothing.
    let mut line = Line::new(UnixStream::from_std(stream).unwrap());
    let mut said = String::new();
    assert_eq!(line.reader.read_line(&mut said).await.unwrap(), 0);
}

#[tokio::test]
async fn nonsense_is_hung_up_on_and_the_next_one_is_heard() {
    let desk = TestDesk::open(PATIENCE);
    let ask = Said::Ask { ask: asking("ls") };
    let whole = line(&ask);
    let half = &whole[..whole.len() / 2];
    let not_ours = br#"{"type":"ask","ask":{"sessionId":"../../etc"}}"#;
    for nonsense in [
        b"\n".as_slice(),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfe\n",
        b"[]\n",
        br#"{"type":"later"}"#,
        not_ours,
        half,
        b"",
    ] {
        let mut line = desk.connect().await;
        line.writer.write_all(nonsense).await.unwrap();
        if !nonsense.is_empty() && nonsense != half {
            line.writer.write_all(b"\n").await.ok();
        }
        line.writer.shutdown().await.ok();
        assert_eq!(line.hear().await, None);
    }
    // One that says nothing is hung up on too, after a while.
    let mut silent = desk.connect().await;
    // One that says another word than it may has given up.
    let (mut chatter, _) = desk.ask(asking("ls")).await;
    chatter.say(&Said::Delivered).await;
    assert_eq!(chatter.verdict().await, None);
    desk.is_empty().await;
    let (_line, _) = desk.ask(asking("ls")).await;
    assert_eq!(silent.hear().await, None);
    assert_eq!(desk.desk.open().len(), 1);
}

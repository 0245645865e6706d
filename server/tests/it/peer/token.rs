//! Where nobody knows whose process asks: the token, in either header, on every route; and the file that keeps it.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
};

use session_manager::token::{TokenFault, TokenFile};

use super::can_be_another;
use crate::client::{Server, check, get, limits, post_json};

fn token_of(server: &Server) -> String {
    TokenFile::of(server.home()).make().unwrap().hex()
}

fn refused(server: &Server, request: &str) {
    let answer = server.ask(request);
    assert_eq!(
        answer.verdict(),
        (403, "bad_peer".to_owned()),
        "{request}\n{answer:?}"
    );
    assert_eq!(answer.header("connection"), Some("close"));
    let sentence = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(
        sentence.contains("session-manager host-token"),
        "{sentence}"
    );
}

#[test]
fn an_unknown_caller_needs_the_token_on_every_route() {
    let server = Server::blind(limits());
    for path in [
        "/",
        "/index.js",
        "/icon.svg",
        "/health",
        "/sessions",
        "/events",
        "/nothing",
    ] {
        refused(&server, &get(path, ""));
    }
    for path in ["/sessions/1/kill", "/sessions/cleanup", "/ws-ticket", "/ws"] {
        refused(&server, &post_json(path, "{}"));
    }
    let token = token_of(&server);
    for header in [
        format!("Authorization: Bearer {token}\n"),
        format!("authorization: bearer  {token}\n"),
        format!("x-plugin-secret-token: {token}\n"),
        format!("X-Plugin-Secret-Token: {token}\nAuthorization: Basic eDp5\n"),
    ] {
        assert_eq!(server.ask(&get("/health", &header)).status, 200, "{header}");
        assert_eq!(server.ask(&get("/nothing", &header)).status, 404);
        let kill = post_json("/sessions/4194304/kill", "{}");
        let kill = kill.replacen("\n\n", &format!("\n{header}\n"), 1);
        assert_eq!(
            server.ask(&kill).verdict(),
            (403, "not_a_session".to_owned())
        );
    }
    let soft = server.ask(&get("/health?soft=1", ""));
    assert_eq!(soft.verdict(), (200, "bad_peer".to_owned()));
}

#[test]
fn what_is_not_the_token_opens_nothing() {
    let server = Server::blind(limits());
    let headers = |token: &str| {
        [
            format!("Authorization: Bearer {token}\n"),
            format!("X-Plugin-Secret-Token: {token}\n"),
        ]
    };
    let nothing = "0".repeat(64);
    for header in headers(&nothing) {
        refused(&server, &get("/health", &header));
    }
    let token = token_of(&server);
    for wrong in [
        "",
        &nothing,
        token.get(1..).unwrap(),
        &format!("{token}0"),
        &format!("{token} {token}"),
        &format!("\"{token}\""),
    ] {
        for header in headers(wrong) {
            refused(&server, &get("/health", &header));
        }
    }
    for header in [
        format!("Authorization: {token}\n"),
        format!("Authorization: Basic {token}\n"),
        format!("X-Token: {token}\n"),
        format!("Cookie: token={token}\n"),
    ] {
        refused(&server, &get("/health", &header));
    }
    refused(&server, &get(&format!("/health?token={token}"), ""));
}

#[test]
fn the_token_stands_for_the_caller_and_for_nothing_else() {
    let server = Server::blind(limits());
    let token = format!("Authorization: Bearer {}\n", token_of(&server));
    let evil = format!("GET /health HTTP/1.1\nHost: evil.example\n{token}\n");
    assert_eq!(server.ask(&evil).verdict(), (403, "bad_host".to_owned()));
    let origin = get("/health", &format!("{token}Origin: http://evil.example\n"));
    assert_eq!(
        server.ask(&origin).verdict(),
        (403, "bad_origin".to_owned())
    );
}

#[test]
fn a_token_that_was_replaced_counts_no_more() {
    let server = Server::blind(limits());
    let file = TokenFile::of(server.home());
    let header = |token: &str| get("/health", &format!("Authorization: Bearer {token}\n"));
    let old = token_of(&server);
    assert_eq!(server.ask(&header(&old)).status, 200);
    assert!(file.remove().unwrap());
    refused(&server, &header(&old));
    let new = token_of(&server);
    assert_ne!(old, new);
    refused(&server, &header(&old));
    assert_eq!(server.ask(&header(&new)).status, 200);
}

#[test]
fn a_known_caller_needs_no_token_and_a_wrong_one_does_no_harm() {
    let server = Server::start();
    for header in [
        "",
        "Authorization: Bearer x\n",
        "X-Plugin-Secret-Token: x\n",
    ] {
        check(&server, &get("/health", header), 200, "-");
    }
}

struct Home {
    root: tempfile::TempDir,
    file: TokenFile,
}

impl Home {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let file = TokenFile::of(root.path());
        Self { root, file }
    }

    fn path(&self) -> PathBuf {
        self.file.path()
    }

    fn is_unsafe(&self) {
        let read = self.file.read();
        assert!(matches!(read, Err(TokenFault::Unsafe { .. })), "{read:?}");
        // What is there is not trusted, and not replaced in silence either.
        self.file.make().unwrap_err();
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_token_is_made_once_for_its_owner_s_eyes_only() {
    let home = Home::new();
    assert!(matches!(home.file.read(), Err(TokenFault::Missing(_))));
    let token = home.file.make().unwrap().hex();
    assert_eq!(home.file.make().unwrap().hex(), token);
    assert_eq!(home.file.read().unwrap().hex(), token);
    let path = home.root.path().join(".local/state/session-manager/token");
    assert_eq!(home.path(), path);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{token}\n"));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    assert!(home.file.remove().unwrap());
    assert!(!home.file.remove().unwrap());
    assert!(matches!(home.file.read(), Err(TokenFault::Missing(_))));
}

#[test]
fn many_who_make_it_at_once_have_the_same() {
    let home = Home::new();
    let mut made: Vec<String> = std::thread::scope(|scope| {
        let make = || TokenFile::of(home.root.path()).make().unwrap().hex();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    made.dedup();
    assert_eq!(made, [home.file.read().unwrap().hex()]);
}

#[test]
fn a_token_that_others_could_have_seen_or_written_is_none() {
    let home = Home::new();
    let token = home.file.make().unwrap().hex();
    for open in [0o640, 0o604, 0o660, 0o602, 0o610, 0o644] {
        set_mode(&home.path(), open);
        home.is_unsafe();
    }
    set_mode(&home.path(), 0o600);
    assert_eq!(home.file.read().unwrap().hex(), token);
    let shorter = token.get(1..).unwrap();
    for content in ["", "\n", "token\n", shorter, &token.repeat(2)] {
        fs::write(home.path(), content).unwrap();
        home.is_unsafe();
    }
    fs::write(home.path(), &token).unwrap();
    assert_eq!(home.file.read().unwrap().hex(), token);
    if can_be_another() {
        chown(home.path(), Some(65534), None).unwrap();
        home.is_unsafe();
        chown(home.path(), Some(0), None).unwrap();
        chown(home.path().parent().unwrap(), Some(65534), None).unwrap();
        home.file.read().unwrap_err();
        home.file.make().unwrap_err();
    }
}

#[test]
fn a_token_is_read_through_no_link() {
    let home = Home::new();
    home.file.make().unwrap();
    let elsewhere = home.root.path().join("elsewhere");
    fs::rename(home.path(), &elsewhere).unwrap();
    symlink(&elsewhere, home.path()).unwrap();
    home.file.read().unwrap_err();
    home.file.make().unwrap_err();
    assert!(home.file.remove().unwrap());
    assert!(elsewhere.exists());
    // Nor is one made in a directory that is a link.
    let directory = home.path().parent().unwrap().to_owned();
    fs::remove_dir(&directory).unwrap();
    fs::create_dir(home.root.path().join("other")).unwrap();
    symlink(home.root.path().join("other"), &directory).unwrap();
    home.file.make().unwrap_err();
    assert!(!home.root.path().join("other/token").exists());
}

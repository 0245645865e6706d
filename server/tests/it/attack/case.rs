//! One attack: the bytes that are sent, and the answers that are promised for them.

use std::{fmt, io::Write as _, thread, time::Duration};

use super::scene::Scene;
use crate::client::Answer;

/// The promise that a case stands for, as the README and SECURITY.md make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// `Host` is one of ours with our port, comes once, and the request line names none.
    Host,
    /// `Origin`, when present, is exactly that of one of our hosts.
    Origin,
    /// `Sec-Fetch-Site`, when present, is `same-origin` or `none`, but for who follows a link to the page.
    Site,
    /// A path answers its own method, and OPTIONS is none.
    Method,
    /// A path is a route as it is written, or nothing.
    Path,
    /// A body that makes a change is JSON and says so.
    Type,
    /// A body is small, and has the shape that the route takes.
    Body,
    /// Where a request ends is said once and clearly; what follows it is judged by itself.
    Framing,
    /// What is not HTTP/1 is answered with 400, what is too large with 431, and the connection closed.
    Head,
    /// The feed passes the same checks, and its opening is complete.
    Socket,
}

/// What becomes of the connection after the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The next request on it is answered, so that both sides agree where the last one ended.
    GoesOn,
    /// Nothing more comes.
    Closes,
}

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) rule: Rule,
    writes: Vec<Vec<u8>>,
    /// Status and code; the code is empty for an answer without a body, `-` for one that is no error.
    answers: Vec<(u16, &'static str)>,
    then: Then,
}

/// Long enough for the server to look at what it has so far; nothing depends on it.
const PAUSE: Duration = Duration::from_millis(3);

/// A case that sends `request`, whose lines end in `\n`.
pub(super) fn attack(rule: Rule, request: impl AsRef<str>) -> Case {
    raw(rule, request.as_ref().replace('\n', "\r\n"))
}

/// A case that sends exactly these bytes, but for the words that `Scene::fill` knows.
pub(super) fn raw(rule: Rule, bytes: impl AsRef<[u8]>) -> Case {
    Case {
        rule,
        writes: vec![bytes.as_ref().to_owned()],
        answers: Vec::new(),
        then: Then::GoesOn,
    }
}

/// A request that would end the victim, if `lines` were not there.
pub(super) fn kill_with(lines: &str) -> String {
    format!(
        "POST /sessions/PID/kill HTTP/1.1\n{lines}Content-Type: application/json\nContent-Length: 2\n\n{{}}"
    )
}

/// The same with a good `Host`.
pub(super) fn our_kill_with(lines: &str) -> String {
    kill_with(&format!("Host: 127.0.0.1:PORT\n{lines}"))
}

/// A request line and a good `Host`, without the empty line.
pub(super) fn head(line: &str) -> String {
    format!("{line} HTTP/1.1\nHost: 127.0.0.1:PORT\n")
}

/// Would end the victim, however it got to the server.
pub(super) const HIDDEN_KILL: &str = "POST /sessions/PID/kill HTTP/1.1\nHost: 127.0.0.1:PORT\n\n";

impl Case {
    /// Sends this too, a moment later.
    pub(super) fn and_then(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.writes.push(bytes.as_ref().to_owned());
        self
    }

    /// Is answered so.
    pub(super) fn gets(mut self, status: u16, code: &'static str) -> Self {
        self.answers.push((status, code));
        self
    }

    pub(super) fn and_closes(mut self) -> Self {
        self.then = Then::Closes;
        self
    }

    /// Is no HTTP, and answered as such.
    pub(super) fn counts_as_no_http(self) -> Self {
        self.gets(400, "").and_closes()
    }

    /// What it sends, and so what makes it another than the others.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.writes.concat()
    }

    /// Whether it is refused, in whole or in part; the others mark where an attack begins.
    pub(super) fn is_attack(&self) -> bool {
        self.answers.is_empty()
            || self
                .answers
                .iter()
                .any(|(status, code)| *status != 100 && *code != "-")
    }

    /// Tries it on a connection of its own; afterwards the server is well.
    pub(super) fn run(&self, scene: &Scene) {
        let mut connection = scene.connect();
        for (number, write) in self.writes.iter().enumerate() {
            if number > 0 {
                thread::sleep(PAUSE);
            }
            // The server may have closed the connection over what came before.
            connection.0.write_all(&scene.fill(write)).ok();
        }
        for &(status, code) in &self.answers {
            let Some(answer) = connection.receive() else {
                panic!("{self}: closed instead of {status} {code}");
            };
            self.check(&answer, status, code);
        }
        if self.then == Then::GoesOn {
            let good = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n";
            connection.0.write_all(&scene.fill(good)).ok();
            let answer = connection.receive();
            let verdict = answer.map(|answer| answer.verdict());
            assert_eq!(verdict, Some((200, "-".to_owned())), "{self}: what follows");
        }
        if let Some(more) = connection.receive() {
            panic!("{self}: {more:?} instead of the end");
        }
        scene.is_well();
    }

    fn check(&self, answer: &Answer, status: u16, code: &str) {
        let shown = format!("{self}: {answer:?}");
        let (is, given) = answer.verdict();
        let given = if answer.body.is_empty() { "" } else { &given };
        assert_eq!((is, given), (status, code), "{shown}");
        let mut names = answer.headers.iter().map(|(name, _)| name);
        let is_open = names.any(|name| name.starts_with("access-control"));
        assert!(!is_open, "{shown}");
        if !code.is_empty() {
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        if !["", "-"].contains(&code) {
            let body = answer.json();
            assert_eq!(body["ok"], false, "{shown}");
            assert!(body["error"].as_str().unwrap().ends_with('.'), "{shown}");
        }
        let is_method = code == "bad_method";
        assert_eq!(answer.header("allow").is_some(), is_method, "{shown}");
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        write!(f, "{:?} {shown:?}", self.rule)
    }
}

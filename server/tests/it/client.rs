//! A server inside the test and a client that writes exactly the bytes it is told to.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpStream},
    num::NonZeroU32,
    path::Path,
    thread::{self, JoinHandle},
    time::Duration,
};

use session_manager::{
    config::{Config, Surroundings},
    http::{AllowedHosts, Gate},
    peer::Peers,
    serve::{Limits, serve},
    service::Service,
    token::TokenFile,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The real service over a home that is empty, on a free port, until it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    home: TempDir,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What came back, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As they came, without the status line.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A connection that stays open between requests.
#[derive(Debug)]
pub(crate) struct Connection(pub(crate) TcpStream);

/// Limits that no test reaches by accident.
pub(crate) fn limits() -> Limits {
    Limits::default()
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(limits(), &[])
    }

    /// With another configuration than that of somebody who has said nothing.
    pub(crate) fn configured(change: impl FnOnce(&mut Config)) -> Self {
        Self::of(limits(), &[], Peers::open(), change)
    }

    pub(crate) fn with(limits: Limits, allowed: &[&str]) -> Self {
        Self::of(limits, allowed, Peers::open(), |_| {})
    }

    /// To this one every peer is unknown, as where the kernel does not tell.
    pub(crate) fn blind(limits: Limits) -> Self {
        Self::of(limits, &[], Peers::blind(), |_| {})
    }

    fn of(
        limits: Limits,
        allowed: &[&str],
        peers: Peers,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut config = config(home.path());
        // A test acts faster than a person.
        config.actions_per_second = NonZeroU32::new(100_000).unwrap();
        change(&mut config);
        let allowed: Vec<String> = allowed.iter().map(|&host| host.to_owned()).collect();
        let (end, shutdown) = oneshot::channel();
        let (ready, port) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
                let listener = listener.await.unwrap();
                let port = listener.local_addr().unwrap().port();
                let hosts = AllowedHosts::new(port, &allowed);
                let token = TokenFile::of(&config.home);
                let gate = Gate::new(hosts, peers, token, config.actions_per_second);
                let service = Service::new(config).unwrap();
                ready.send(port).unwrap();
                serve(listener, service, gate, limits, shutdown).await;
            });
        });
        Self {
            port: port.recv().unwrap(),
            home,
            end: Some(end),
            thread: Some(thread),
        }
    }

    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        // A server that hangs fails the test instead of stopping it.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Connection(stream)
    }

    /// Sends one request on a connection of its own; `PORT` stands for our port, lines end in `\n`.
    pub(crate) fn ask(&self, request: &str) -> Answer {
        let mut connection = self.connect();
        connection.send(
            &request
                .replace("PORT", &self.port.to_string())
                .replace('\n', "\r\n"),
        );
        connection.receive().expect("an answer")
    }

    /// A request that must always work.
    pub(crate) fn is_well(&self) {
        let answer = self.ask("GET /health HTTP/1.1\nHost: 127.0.0.1:PORT\n\n");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["ok"], true);
    }

    /// Tells the server to end, without waiting for it.
    pub(crate) fn tell_to_end(&mut self) {
        self.end.take();
    }

    /// Waits until the server has ended.
    pub(crate) fn wait(&mut self) {
        self.thread.take().unwrap().join().unwrap();
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // Its own panic has been printed; a second one here would abort the test program.
            thread.join().ok();
        }
    }
}

impl Connection {
    pub(crate) fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).unwrap();
    }

    /// Reads one answer; `None` where the connection was closed instead.
    pub(crate) fn receive(&mut self) -> Option<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.0.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                Ok(_) => return None,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                // A child of the test has ended.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => panic!("no answer: {error}"),
            }
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut answer = Answer {
            status: status.parse().unwrap(),
            headers,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |it| it.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        answer.body = String::from_utf8(body).unwrap();
        Some(answer)
    }

    /// Whether the server has closed its side and nothing more comes.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(number) => number == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    pub(crate) fn finish_sending(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(its, _)| its == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} comes twice");
        value
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The status, and the code of an error.
    pub(crate) fn verdict(&self) -> (u16, String) {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        (self.status, body["code"].as_str().unwrap_or("-").to_owned())
    }
}

/// The configuration of somebody whose home is `home` and who has said nothing.
pub(crate) fn config(home: &Path) -> Config {
    Config::read(&Surroundings {
        variable: &|name| (name == "HOME").then(|| home.into()),
        has_login: &|_| false,
        login: None,
        login_home: None,
        is_root: false,
    })
}

/// Asks, expects this status and code, and checks what holds for every answer; after it, a good request
/// still works.
pub(crate) fn check(server: &Server, request: &str, status: u16, code: &str) -> Answer {
    let answer = server.ask(request);
    assert_eq!(
        answer.verdict(),
        (status, code.to_owned()),
        "{request}\n{answer:?}"
    );
    if code != "-" {
        let body = answer.json();
        assert_eq!(body["ok"], false, "{request}");
        let sentence = body["error"].as_str().unwrap();
        assert!(sentence.ends_with('.'), "{request}: {sentence}");
    }
    assert_eq!(answer.header("access-control-allow-origin"), None);
    server.is_well();
    answer
}

/// A GET of `path` with the lines of `headers` besides `Host`.
pub(crate) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\nHost: 127.0.0.1:PORT\n{headers}\n")
}

pub(crate) fn post(path: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\nHost: 127.0.0.1:PORT\nContent-Type: {content_type}\n\
         Content-Length: {length}\n\n{body}"
    )
}

pub(crate) fn post_json(path: &str, body: &str) -> String {
    post(path, "application/json", body)
}

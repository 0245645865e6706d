//! Many clients at once that want nothing but to be in the way: silent ones, slow ones, and those that come and go. A
//! good client is answered all the time; how fast is measured elsewhere (`cargo xtask bench attack`).

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    case::{HIDDEN_KILL, head, kill_with},
    scene::Scene,
    socket,
};
use crate::again;

/// The test needs this for itself, whatever else it has open.
const OWN_FILES: u64 = 200;
const IDLE: u64 = 10_000;
/// Between two requests of the good client.
const BATCH: usize = 100;
const DRIPS: usize = 300;

/// It runs in a process of its own, whose limit of open files is raised.
#[test]
fn ten_thousand_idle_connections_keep_nobody_out() {
    if again::part().is_none() {
        let home = tempfile::tempdir().unwrap();
        let name = "attack::crowd::ten_thousand_idle_connections_keep_nobody_out";
        let output = again::run(name, "crowd", home.path());
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let most = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    // Where the system allows fewer files, as many connections as it does.
    let number = IDLE.min(most.unwrap_or(u64::MAX).saturating_sub(OWN_FILES));
    let number = usize::try_from(number).unwrap();
    assert!(number > 500, "only {number} connections can be opened");

    let scene = Scene::start();
    let mut good = scene.connect();
    let mut idle = Vec::new();
    while idle.len() < number {
        for _ in 0..BATCH.min(number - idle.len()) {
            let connection = scene.connect();
            // Some have begun to ask, and some have asked for what keeps a connection open.
            if idle.len() % 3 == 1 {
                (&connection.0)
                    .write_all(b"GET /health HTTP/1.1\r\n")
                    .unwrap();
            }
            idle.push(connection);
        }
        scene.is_well();
        // Nor does it lose the connection that it has.
        let ask = scene.fill(
            (head("GET /health") + "\n")
                .replace('\n', "\r\n")
                .as_bytes(),
        );
        good.0.write_all(&ask).unwrap();
        assert_eq!(good.receive().unwrap().status, 200, "{}", idle.len());
    }
    scene.lists_the_victim();
    socket::open(&scene).is_answered();
    drop(idle);
    scene.has_stood();
}

/// A client that sends one byte at a time and never all of them.
struct Drip {
    stream: TcpStream,
    bytes: Vec<u8>,
    sent: usize,
    /// What has come back until the server closed the connection, `None` while it is open.
    end: Option<Vec<u8>>,
    heard: Vec<u8>,
}

impl Drip {
    /// Sends the beginning at once, and `rest` from its start again and again.
    fn begin(scene: &Scene, beginning: &str, rest: &str) -> Self {
        let mut stream = scene.connect().0;
        let beginning = scene.fill(beginning.replace('\n', "\r\n").as_bytes());
        stream.write_all(&beginning).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self {
            stream,
            bytes: rest.replace('\n', "\r\n").into_bytes(),
            sent: 0,
            end: None,
            heard: Vec::new(),
        }
    }

    fn drip(&mut self) {
        if self.end.is_some() {
            return;
        }
        let byte = self.bytes[self.sent % self.bytes.len()];
        self.sent += 1;
        // The end is seen by reading.
        self.stream.write_all(&[byte]).ok();
        let mut heard = [0; 4096];
        match self.stream.read(&mut heard) {
            Ok(0) => self.end = Some(std::mem::take(&mut self.heard)),
            Ok(number) => self.heard.extend(&heard[..number]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.end = Some(std::mem::take(&mut self.heard)),
        }
    }
}

/// Between two drops: within the 10 s that a body has, a thousand of them come at most.
const DROP: std::time::Duration = std::time::Duration::from_millis(10);

/// Heads, bodies and chunks, none of which ends. The server gives each up by itself: that a byte comes now and then
/// buys no time.
#[test]
fn who_drips_is_given_up_and_keeps_nobody_out() {
    let scene = Scene::start();
    let kill = head("POST /sessions/PID/kill") + "Content-Type: application/json\n";
    let beginnings = [
        ("P".to_owned(), "OST"),
        (head("GET /sessions"), "X-More: y\n"),
        (kill.clone() + "Content-Length: 4000\n\n{", " "),
        (kill + "Transfer-Encoding: chunked\n\n", "1\n \n"),
        // A body to a path that takes none, and one that is no WebSocket's opening.
        (head("PUT /sessions") + "Content-Length: 4000\n\n", " "),
        (head("GET /health") + "Content-Length: 4000\n\n", " "),
    ];
    let places = beginnings.iter().cycle().take(DRIPS);
    let mut drips: Vec<Drip> = places
        .map(|(beginning, rest)| Drip::begin(&scene, beginning, rest))
        .collect();
    while drips.iter().any(|drip| drip.end.is_none()) {
        for drip in &mut drips {
            drip.drip();
        }
        scene.is_well();
        // The bodies' 4,000 bytes must not have come by the time at which they are given up.
        std::thread::sleep(DROP);
    }
    for (drip, (beginning, _)) in drips.iter().zip(beginnings.iter().cycle()) {
        let heard = String::from_utf8_lossy(drip.end.as_deref().unwrap());
        let is_killing = beginning.starts_with("POST");
        let expected = if is_killing { "HTTP/1.1 408 " } else { "" };
        assert!(heard.starts_with(expected), "{beginning:?}: {heard:?}");
    }
    scene.has_stood();
}

/// Asks for something that would be refused, or for nothing, and is gone before it is answered.
#[test]
fn those_who_come_and_go_at_once_keep_nobody_out() {
    let scene = Scene::start();
    let foreign = kill_with("Host: evil.example\n");
    let hidden = format!(
        "POST /nothing HTTP/1.1\nHost: 127.0.0.1:PORT\nContent-Length: LENGTH\n\n{HIDDEN_KILL}"
    );
    let requests = [&foreign, &hidden, "nonsense\n\n", "", "P"];
    let requests = requests.map(|text| scene.fill(text.replace('\n', "\r\n").as_bytes()));
    for round in 0..2_000 {
        let connection = scene.connect().0;
        let request = &requests[round % requests.len()];
        (&connection).write_all(request).unwrap();
        match round % 3 {
            0 => drop(connection),
            // With an answer that is read in part only, closing resets the connection.
            1 if request.len() > 1 => {
                (&connection).read_exact(&mut [0]).unwrap();
            }
            _ => {
                connection.shutdown(Shutdown::Write).unwrap();
                let mut rest = Vec::new();
                (&connection).read_to_end(&mut rest).ok();
            }
        }
        if round % BATCH == 0 {
            scene.is_well();
            scene.lists_the_victim();
        }
    }
    scene.has_stood();
}

/// On one connection and on many: refusals without end use nothing up.
#[test]
fn a_flood_of_bad_requests_is_refused_to_its_end() {
    let scene = Scene::start();
    let foreign = scene.fill(
        kill_with("Host: evil.example\n")
            .replace('\n', "\r\n")
            .as_bytes(),
    );
    let mut connections: Vec<_> = (0..10).map(|_| scene.connect()).collect();
    for _ in 0..20 {
        for connection in &mut connections {
            connection.0.write_all(&foreign.repeat(25)).unwrap();
        }
        scene.is_well();
        for connection in &mut connections {
            for _ in 0..25 {
                assert_eq!(
                    connection.receive().unwrap().verdict(),
                    (403, "bad_host".to_owned())
                );
            }
        }
    }
    // More openings of the feed than there are feeds, each of them refused or granted.
    let mut feeds = Vec::new();
    let opening = head("GET /ws") + &crate::test_socket::handshake_without(&[]) + "\n";
    let opening = scene.fill(opening.replace('\n', "\r\n").as_bytes());
    let mut granted = 0;
    let most = session_manager::streams::StreamLimits::default().open;
    for _ in 0..most + 36 {
        let mut connection = scene.connect();
        connection.0.write_all(&opening).unwrap();
        match connection.receive().unwrap().status {
            101 => granted += 1,
            429 => {}
            other => panic!("{other}"),
        }
        feeds.push(connection);
    }
    assert_eq!(granted, most);
    scene.is_well();
    drop(feeds);
    scene.has_stood();
}

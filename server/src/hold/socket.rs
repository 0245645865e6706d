//! The holder's end of its socket: who may speak, what each client is told.

mod follow;

use std::{cell::RefCell, io, rc::Rc, time::Duration};

use rustix::process::geteuid;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, mpsc, oneshot, watch},
    task::{AbortHandle, spawn_local},
    time::timeout,
};
use wire::{Caller, Code, Face, HolderKind, Pid};

use self::follow::{Unreadable, tell_events};
use super::{
    chronicle::Chronicle,
    look::{self, Wanted},
    place::{Lock, Place},
    protocol::{Asked, Do, Now, PROTOCOL, Reply, Told},
    shown::{self, Shown},
    terminal::Size,
};

/// What all clients share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) kind: HolderKind,
    pub(super) place: Place,
    pub(super) chronicle: RefCell<Chronicle>,
    pub(super) now: watch::Sender<Now>,
    /// `None` where the session has no terminal.
    pub(super) shown: Option<Rc<Shown>>,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    /// The right to hold the session, until it has ended.
    pub(super) lock: RefCell<Option<Lock>>,
    /// True once the session has ended and its log is complete.
    pub(super) ended: watch::Sender<bool>,
}

impl Desk {
    /// Makes way for the next holder of the session, and only then tells that it has ended: whoever hears of it may start
    /// it again at once.
    pub(super) fn leave(&self) {
        // Without it the socket is the next holder's already.
        let Some(lock) = self.lock.take() else {
            return;
        };
        if let Err(error) = self.place.clear_socket() {
            tracing::warn!(%error, "the socket stays");
        }
        drop(lock);
        self.ended.send_replace(true);
    }

    /// Ends without an end in the log, which could not be written: the socket stays behind, and whoever finds nobody at it
    /// writes the end as soon as that is possible.
    pub(super) fn give_up(&self) {
        drop(self.lock.take());
    }
}

/// Something that a client wants done.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) what: Do,
    pub(super) by: Caller,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// The longest line of a client, in bytes: a prompt of 16 MB, all of it escaped.
const LINE: u64 = 100 * 1024 * 1024;

/// What leaves at once of a log, in bytes.
const PART: usize = 256 * 1024;

/// A client that takes nothing for so long is let go.
const SEND: Duration = Duration::from_secs(30);

/// Takes clients until the task is dropped.
pub(super) async fn serve(listener: UnixListener, desk: Rc<Desk>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if is_ours(&stream) => {
                let client = client(stream, Rc::clone(&desk));
                spawn_local(async move {
                    if let Err(error) = client.await {
                        tracing::debug!(%error, "a client has gone");
                    }
                });
            }
            Ok(_) => tracing::warn!("another user's program is not answered"),
            Err(error) => {
                tracing::warn!(%error, "a client can't be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Root may do everything anyway.
fn is_ours(stream: &UnixStream) -> bool {
    let uid = stream.peer_cred().map(|peer| peer.uid());
    uid.is_ok_and(|uid| uid == 0 || uid == geteuid().as_raw())
}

async fn client(stream: UnixStream, desk: Rc<Desk>) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    // Each message is whole; what is not taken holds back its own client only, and costs a few of the longest ones.
    let (lines, outbox) = mpsc::channel(2);
    let told = spawn_local(write(writer, outbox));
    let pid = Pid::new(std::process::id()).ok_or(io::ErrorKind::InvalidData)?;
    let hello = Told::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kind: desk.kind,
        pid,
    };
    lines.send(line(&hello)).await.ok();
    let broken = Rc::new(Notify::new());
    let read = tokio::select! {
        read = listen(reader, &desk, &lines, &broken) => read,
        // Whoever hears nothing more must know that, and may ask again.
        () = broken.notified() => {
            told.abort();
            return Err(io::ErrorKind::BrokenPipe.into());
        }
    };
    drop(lines);
    // What follows goes on for as long as it is taken.
    told.await.ok();
    read
}

async fn write(mut writer: OwnedWriteHalf, mut outbox: mpsc::Receiver<Vec<u8>>) {
    while let Some(line) = outbox.recv().await {
        match timeout(SEND, writer.write_all(&line)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

async fn listen(
    reader: OwnedReadHalf,
    desk: &Rc<Desk>,
    lines: &mpsc::Sender<Vec<u8>>,
    broken: &Rc<Notify>,
) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut said = Vec::new();
    let mut attached = Attached::default();
    loop {
        said.clear();
        (&mut reader)
            .take(LINE)
            .read_until(b'\n', &mut said)
            .await?;
        if said.pop() != Some(b'\n') {
            return Ok(());
        }
        let lines = lines.clone();
        match serde_json::from_slice(&said) {
            Ok(Asked::Watch) => drop(spawn_local(tell_now(Rc::clone(desk), lines))),
            Ok(Asked::Follow { after }) => {
                let (desk, broken) = (Rc::clone(desk), Rc::clone(broken));
                drop(spawn_local(async move {
                    if let Err(Unreadable) = tell_events(desk, after, lines).await {
                        broken.notify_one();
                    }
                }));
            }
            Ok(Asked::Attach { columns, rows }) => attached.attach(desk, (columns, rows), lines),
            Ok(Asked::Look { after, above }) => {
                let wanted = Wanted { after, above };
                drop(spawn_local(look::look(Rc::clone(desk), wanted, lines)));
            }
            Ok(Asked::Do { id, by, what }) => {
                attached.before(desk, &what);
                // At once: what is typed must keep its order.
                let replied = order(desk, by, what);
                drop(spawn_local(reply(id, replied, lines)));
            }
            Ok(Asked::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
        said.shrink_to(PART);
    }
}

/// A client's terminal.
#[derive(Debug, Default)]
struct Attached {
    /// `None` where it is not attached.
    size: Option<Size>,
    showing: Option<AbortHandle>,
}

impl Attached {
    /// Shows the session's terminal on the client's; once more where it was attached already, from the beginning.
    fn attach(&mut self, desk: &Rc<Desk>, size: (u16, u16), lines: mpsc::Sender<Vec<u8>>) {
        let Some(shown) = &desk.shown else {
            return;
        };
        self.resize(desk, size);
        let show = shown::show(Rc::clone(shown), desk.ended.subscribe(), lines);
        let showing = spawn_local(show).abort_handle();
        if let Some(before) = self.showing.replace(showing) {
            before.abort();
        }
    }

    /// Whoever types looks at it now, so it takes that one's size.
    fn before(&mut self, desk: &Rc<Desk>, what: &Do) {
        match what {
            Do::Resize { columns, rows } if self.size.is_some() => {
                self.size = Some(Size::new(*columns, *rows));
            }
            Do::Type { .. } => {
                let shown = desk.shown.as_ref().map(|shown| shown.size());
                if let Some(size) = self.size.filter(|size| Some(*size) != shown) {
                    self.resize(desk, (size.columns(), size.rows()));
                }
            }
            Do::Resize { .. }
            | Do::Message { .. }
            | Do::Interrupt
            | Do::Cancel
            | Do::Model { .. }
            | Do::PermissionMode { .. }
            | Do::Rename { .. }
            | Do::Decide { .. }
            | Do::Keys { .. }
            | Do::Unknown => {}
        }
    }

    fn resize(&mut self, desk: &Rc<Desk>, (columns, rows): (u16, u16)) {
        self.size = Some(Size::new(columns, rows));
        let by = Caller {
            uid: None,
            face: Face::Terminal,
        };
        // Nobody waits for the reply.
        drop(order(desk, by, Do::Resize { columns, rows }));
    }
}

fn order(desk: &Desk, by: Caller, what: Do) -> oneshot::Receiver<Reply> {
    let (reply, replied) = oneshot::channel();
    // Without somebody to carry it out the session has ended.
    desk.commands.send(Command { what, by, reply }).ok();
    replied
}

async fn reply(id: u64, replied: oneshot::Receiver<Reply>, lines: mpsc::Sender<Vec<u8>>) {
    let reply = replied.await.unwrap_or_else(|_| Reply::Refused {
        code: Code::Ended,
        sentence: "The session has ended.".to_owned(),
    });
    lines.send(line(&Told::Reply { id, reply })).await.ok();
}

async fn tell_now(desk: Rc<Desk>, lines: mpsc::Sender<Vec<u8>>) {
    let mut now = desk.now.subscribe();
    let mut ended = desk.ended.subscribe();
    loop {
        let told = line(&Told::Now(now.borrow_and_update().clone()));
        if lines.send(told).await.is_err() {
            return;
        }
        tokio::select! {
            biased;
            changed = now.changed() => if changed.is_err() { return },
            _ = ended.wait_for(|&ended| ended) => {
                lines.send(line(&Told::End)).await.ok();
                return;
            }
            () = lines.closed() => return,
        }
    }
}

pub(super) fn line(told: &Told) -> Vec<u8> {
    let mut line = serde_json::to_vec(told).expect("the protocol has string keys only");
    line.push(b'\n');
    line
}

/// Where the holder listens from now on; its directory is ours alone.
pub(super) fn listen_at(place: &Place) -> io::Result<UnixListener> {
    place.clear_socket()?;
    let listener = UnixListener::bind(place.socket())?;
    // Whoever does not hear it looks for us later.
    if let Err(error) = place.ring() {
        tracing::debug!(%error, "nobody is told that we listen");
    }
    Ok(listener)
}

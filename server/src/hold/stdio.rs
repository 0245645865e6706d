//! A session held by its standard input and output, without a terminal.
//!
//! Knows processes, pipes and time. What is said is `talk`'s matter.

use std::{
    collections::HashMap,
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    rc::Rc,
    time::Duration,
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use session_core::{
    rule::Action,
    stream::{CanUseTool, Said},
};
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _,
        BufReader,
    },
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{mpsc, oneshot},
    task::{JoinHandle, spawn_local},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use wire::{AuditTarget, Caller, Code, Face, NoteCode, Verb};

use super::{
    protocol::Reply,
    socket::{self, Desk},
    spec::Spec,
    talk::{Effect, Ruled, Talk},
};
use crate::{
    audit::{AuditLog, Deed, Outcome},
    clock::now,
    observe::proc::ProcReader,
    present,
    rules::{self, Call, RulesFile},
};

/// The program with the ends of its pipes.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    stdin: Option<mpsc::UnboundedSender<String>>,
    stdout: BufReader<ChildStdout>,
    stderr: Rc<std::cell::RefCell<Vec<u8>>>,
    /// Reads the standard error until it is closed.
    listens: JoinHandle<()>,
}

/// The rules, and the log of what they decide.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) rules: RulesFile,
    pub(super) audit: AuditLog,
}

/// What a session that does not come to life said.
#[derive(Debug)]
pub(super) struct Stillborn {
    pub(super) code: Code,
    pub(super) sentence: String,
}

/// The longest line that is taken, in bytes: images come as text.
const LINE: usize = 64 * 1024 * 1024;

/// What is kept of the standard error, in bytes.
const STDERR: usize = 8 * 1024;

/// After its input was closed a session ends within 40 ms, or when its turn has ended (2.1.329).
const PARTING: Duration = Duration::from_secs(10);
const TERMINATED: Duration = Duration::from_secs(10);

/// What an ended process has written is there to be read within this.
const REST: Duration = Duration::from_millis(200);

/// What a session wrote before it ended is read for so long at most.
const DRAIN: Duration = Duration::from_secs(2);

const TICK: Duration = Duration::from_secs(1);

impl Process {
    /// Starts the program.
    pub(super) fn start(spec: &Spec) -> io::Result<Self> {
        let mut words = spec.argv.iter();
        let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(&spec.cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in &spec.without {
            command.env_remove(name);
        }
        for (name, value) in &spec.variables {
            command.env(name, value);
        }
        // A group of its own: what is sent to ours is not meant for it.
        let mut child = command.process_group(0).spawn()?;
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let error = child.stderr.take().ok_or_else(missing)?;
        let (lines, outbox) = mpsc::unbounded_channel();
        spawn_local(hand_over(stdin, outbox));
        let stderr = Rc::default();
        let listens = spawn_local(keep_end(error, Rc::clone(&stderr)));
        Ok(Self {
            child,
            stdin: Some(lines),
            stdout: BufReader::new(stdout),
            stderr,
            listens,
        })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        // It has not been waited for, so the number is still its own.
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            return;
        };
        let sent = pidfd_open(pid, PidfdFlags::empty())
            .and_then(|process| pidfd_send_signal(process, signal));
        if let Err(error) = sent {
            tracing::warn!(%error, "the session can't be signalled");
        }
    }

    /// The end of what it wrote to its standard error; it has ended.
    async fn last_words(&mut self) -> String {
        // What it leaves running may keep the pipe open.
        timeout(REST, &mut self.listens).await.ok();
        let text = String::from_utf8_lossy(&self.stderr.borrow()).into_owned();
        text.trim().to_owned()
    }
}

/// Keeps the session until it has ended. `ready` is told once when it lives, or why it does not.
pub(super) async fn keep(
    mut process: Process,
    mut talk: Talk,
    prompt: Option<String>,
    judge: Judge,
    desk: Rc<Desk>,
    mut commands: mpsc::UnboundedReceiver<socket::Command>,
    ready: oneshot::Sender<Result<(), Stillborn>>,
) {
    let mut keeper = Keeper {
        desk,
        judge,
        home: std::env::home_dir(),
        prompt,
        ready: Some(ready),
        replies: HashMap::new(),
        commands: 0,
        say: process.stdin.take(),
        parting: None,
        is_stalled: false,
    };
    let effects = talk.begin(now().0);
    keeper.carry_out(effects, &mut talk);
    let mut lines = Lines::default();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut steps = [Signal::TERM, Signal::KILL].into_iter();
    let status = loop {
        let is_full = keeper.desk.chronicle.borrow().is_full();
        let parting = keeper.parting;
        tokio::select! {
            biased;
            Some(command) = commands.recv() => keeper.command(command, &mut talk),
            _ = tick.tick(), if talk.is_waiting() || keeper.is_stalled => {
                let effects = talk.tick(now().0);
                keeper.carry_out(effects, &mut talk);
                keeper.write(&mut talk);
            }
            () = sleep_until(parting.unwrap_or_else(Instant::now)), if parting.is_some() => {
                if let Some(signal) = steps.next() {
                    process.signal(signal);
                }
                keeper.parting = Some(Instant::now() + TERMINATED);
            }
            line = lines.next(&mut process.stdout), if !is_full && !lines.has_ended => match line {
                Ok(Some(line)) => keeper.line(&line, &mut talk),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the session's output can't be read");
                    lines.has_ended = true;
                }
            },
            // Last: what it wrote before is read first. What it leaves running may keep the pipe open.
            status = process.child.wait() => break status,
        }
    };
    // What it has left running may go on writing.
    let until = Instant::now() + DRAIN;
    while let Ok(Ok(Some(line))) = timeout(REST, lines.next(&mut process.stdout)).await
        && Instant::now() < until
    {
        keeper.line(&line, &mut talk);
    }
    let stderr = process.last_words().await;
    if let Some(ready) = keeper.ready.take() {
        let said = if stderr.is_empty() {
            "and said nothing".to_owned()
        } else {
            format!("and said: {stderr}")
        };
        let sentence = format!("Claude Code ended as soon as it was started, {said}");
        let code = Code::NoClaude;
        ready.send(Err(Stillborn { code, sentence })).ok();
    }
    let effects = talk.exited(ended(&status), stderr, now().0);
    keeper.carry_out(effects, &mut talk);
    keeper.finish(&mut talk).await;
}

fn ended(status: &io::Result<ExitStatus>) -> (Option<i32>, Option<i32>) {
    match status {
        Ok(status) => (status.code(), status.signal()),
        Err(_) => (None, None),
    }
}

struct Keeper {
    desk: Rc<Desk>,
    judge: Judge,
    /// The home of whoever we run as.
    home: Option<PathBuf>,
    prompt: Option<String>,
    ready: Option<oneshot::Sender<Result<(), Stillborn>>>,
    replies: HashMap<u64, oneshot::Sender<Reply>>,
    commands: u64,
    /// `None` once the session's input is closed.
    say: Option<mpsc::UnboundedSender<String>>,
    /// When the session is ended by a signal, having been asked to end by itself.
    parting: Option<Instant>,
    is_stalled: bool,
}

impl Keeper {
    fn command(&mut self, command: socket::Command, talk: &mut Talk) {
        self.commands += 1;
        let number = self.commands;
        self.replies.insert(number, command.reply);
        tracing::info!(by = ?command.by, "a command");
        let effects = talk.command(number, command.what, uuid(), now().0);
        self.carry_out(effects, talk);
    }

    fn line(&mut self, line: &[u8], talk: &mut Talk) {
        for said in Said::parse(line) {
            let at = now().0;
            let effects = if let Said::CanUseTool(request) = said {
                let ruled = ruled(&self.judge.rules, self.home.as_deref(), &request, talk);
                self.account(&ruled, talk);
                talk.asked(request, ruled, at)
            } else {
                talk.said(said, at)
            };
            self.carry_out(effects, talk);
        }
    }

    /// Notes what a rule decides, as what a person does.
    fn account(&self, ruled: &Ruled, talk: &Talk) {
        let (word, rule) = match ruled {
            Ruled::Ask => return,
            Ruled::Allow { rule } => ("allow", rule),
            Ruled::Deny { rule, .. } => ("deny", rule),
        };
        let now = talk.now();
        let deed = Deed {
            verb: Verb::Decide,
            by: Caller {
                uid: Some(rustix::process::geteuid().as_raw()),
                face: Face::Unknown,
            },
            target: Some(AuditTarget {
                key: Some(now.key),
                session_id: Some(now.session_id),
                cwd: Some(now.cwd),
            }),
        };
        let outcome = Outcome {
            word: word.to_owned(),
            detail: Some(format!("rule {rule}")),
        };
        if let Some(problem) = self.judge.audit.note(deed, outcome) {
            tracing::warn!(problem, "the audit log");
        }
    }

    /// Events first reach the log, then the session: what it is told has been decided for good.
    fn carry_out(&mut self, effects: Vec<Effect>, talk: &mut Talk) {
        if effects.is_empty() {
            return;
        }
        let mut rest = Vec::new();
        for effect in effects {
            match effect {
                Effect::Event(event) => self.desk.chronicle.borrow_mut().add(event),
                Effect::Delta(delta) => self.desk.chronicle.borrow().tell(delta),
                Effect::Say(_)
                | Effect::Reply(..)
                | Effect::Ready(_)
                | Effect::Hopeless(_)
                | Effect::Close => rest.push(effect),
            }
        }
        self.write(talk);
        for effect in rest {
            match effect {
                Effect::Event(_) | Effect::Delta(_) => {}
                Effect::Say(line) => {
                    // Without a reader it is about to end.
                    self.say.as_ref().map(|say| say.send(line));
                }
                Effect::Reply(number, reply) => {
                    // Whoever asked may have gone.
                    self.replies.remove(&number).map(|to| to.send(reply));
                }
                Effect::Ready(pid) => self.is_ready(pid, talk),
                Effect::Hopeless(sentence) => {
                    if let Some(ready) = self.ready.take() {
                        let code = Code::TooOld;
                        ready.send(Err(Stillborn { code, sentence })).ok();
                    }
                    self.close();
                    // It has no turn to finish.
                    self.parting = Some(Instant::now());
                }
                Effect::Close => self.close(),
            }
        }
        self.tell_now(talk);
    }

    /// Tells whoever watches, unless nothing but the number of the newest event is new.
    fn tell_now(&self, talk: &Talk) {
        self.desk.now.send_if_modified(|told| {
            let now = talk.now();
            told.seq = now.seq;
            let is_news = *told != now;
            *told = now;
            is_news
        });
    }

    fn is_ready(&mut self, pid: Option<u32>, talk: &mut Talk) {
        let own = talk.now().key;
        if let Some(key) = pid.and_then(|pid| below(pid, own)) {
            talk.is_process(key);
        }
        self.tell_now(talk);
        if let Some(ready) = self.ready.take() {
            ready.send(Ok(())).ok();
        }
        if let Some(text) = self.prompt.take() {
            let (reply, _nobody) = oneshot::channel();
            self.commands += 1;
            self.replies.insert(self.commands, reply);
            let what = super::protocol::Do::Message { text, uuid: None };
            let effects = talk.command(self.commands, what, uuid(), now().0);
            self.carry_out(effects, talk);
        }
    }

    fn close(&mut self) {
        self.say = None;
        self.parting = Some(Instant::now() + PARTING);
    }

    fn write(&mut self, talk: &mut Talk) {
        let written = self.desk.chronicle.borrow_mut().write();
        match written {
            Ok(()) => self.is_stalled = false,
            Err(_) if self.is_stalled => {}
            Err(error) => {
                self.is_stalled = true;
                tracing::error!(%error, "the log can't be written");
                let text =
                    format!("The log can't be written ({error}); it is tried again every second.");
                if let Effect::Event(event) = talk.note(NoteCode::LogStalled, &text, now().0) {
                    self.desk.chronicle.borrow_mut().add(event);
                }
            }
        }
    }

    /// Waits until the log is whole and everybody was told.
    async fn finish(&mut self, talk: &mut Talk) {
        self.tell_now(talk);
        let begun = Instant::now();
        while self.desk.chronicle.borrow().is_behind() && begun.elapsed() < PARTING {
            tokio::time::sleep(TICK / 10).await;
            self.write(talk);
        }
        let is_whole = !self.desk.chronicle.borrow().is_behind();
        if let Err(error) = self.desk.chronicle.borrow_mut().close() {
            tracing::error!(%error, "the log may not be whole");
        }
        if is_whole {
            self.desk.leave();
        } else {
            self.desk.give_up();
        }
    }
}

/// What the rules say of a request. They are read for each one: whoever changes them need not tell us.
fn ruled(rules: &RulesFile, home: Option<&Path>, request: &CanUseTool, talk: &Talk) -> Ruled {
    let now_is = talk.now();
    let Ok(input) = serde_json::from_str(request.input.get()) else {
        return Ruled::Ask;
    };
    let session = present::core_session_id(&now_is.session_id);
    let call = Call {
        tool: &request.tool_name,
        input: &input,
        cwd: Path::new(&now_is.cwd),
        home,
        session: Some(&session),
        // Bash keeps the directory that an earlier command has changed to.
        is_cwd_sure: false,
    };
    if request.needs_person {
        return Ruled::Ask;
    }
    let ruling = rules::decide(rules, &call, now());
    match (ruling.action, ruling.rule) {
        (Action::Allow, Some(rule)) => Ruled::Allow { rule },
        (Action::Deny, Some(rule)) => Ruled::Deny {
            rule,
            reason: ruling.why,
        },
        (Action::Allow | Action::Deny | Action::Ask, _) => Ruled::Ask,
    }
}

/// The key of a process that descends from another one, or is it.
fn below(pid: u32, root: wire::ProcessKey) -> Option<wire::ProcessKey> {
    let proc = ProcReader::at("/proc").ok()?;
    proc.lineage(pid).contains(&root.pid.get()).then_some(())?;
    present::key(proc.stat(pid)?.key)
}

/// A new id for a message.
pub(super) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Writes whole lines only: half of one would end the session (2.1.329).
async fn hand_over(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = lines.recv().await {
        if let Err(error) = stdin.write_all(line.as_bytes()).await {
            tracing::debug!(%error, "the session takes nothing any more");
            return;
        }
    }
}

/// Keeps the end of what comes.
async fn keep_end(mut from: impl AsyncRead + Unpin, end: Rc<std::cell::RefCell<Vec<u8>>>) {
    let mut part = vec![0; STDERR];
    while let Ok(read @ 1..) = from.read(&mut part).await {
        let mut end = end.borrow_mut();
        end.extend_from_slice(part.get(..read).unwrap_or_default());
        let surplus = end.len().saturating_sub(STDERR);
        end.drain(..surplus);
    }
}

/// Lines as they come; of one that is too long the beginning.
#[derive(Debug, Default)]
struct Lines {
    partial: Vec<u8>,
    /// The rest of a line that was too long is passed over.
    skipping: bool,
    has_ended: bool,
}

impl Lines {
    /// Returns the next line, `None` at the end. May be dropped and called again: nothing is lost.
    async fn next(
        &mut self,
        from: &mut (impl AsyncBufRead + Unpin),
    ) -> io::Result<Option<Vec<u8>>> {
        loop {
            let piece = from.fill_buf().await?;
            if piece.is_empty() {
                self.has_ended = true;
                let rest = std::mem::take(&mut self.partial);
                return Ok((!rest.is_empty() && !self.skipping).then_some(rest));
            }
            let end = memchr::memchr(b'\n', piece);
            let taken = end.map_or(piece.len(), |end| end + 1);
            if !self.skipping {
                self.partial
                    .extend_from_slice(piece.get(..taken).unwrap_or_default());
            }
            from.consume(taken);
            if end.is_some() {
                let line = std::mem::take(&mut self.partial);
                if !std::mem::take(&mut self.skipping) {
                    return Ok(Some(line));
                }
            } else if self.partial.len() > LINE {
                self.skipping = true;
                return Ok(Some(std::mem::take(&mut self.partial)));
            }
        }
    }
}

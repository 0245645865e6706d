//! A session held by its standard input and output, without a terminal.
//!
//! Knows processes, pipes and time. What is said is `talk`'s matter.

mod judge;
mod lines;
mod process;

use std::{
    collections::HashMap, io, os::unix::process::ExitStatusExt as _, process::ExitStatus, rc::Rc,
    time::Duration,
};

use rustix::process::Signal;
use session_core::stream::Said;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use wire::{Code, NoteCode};

pub(super) use self::{judge::Judge, process::Process};
use self::{
    lines::Lines,
    process::{Input, REST},
};
use super::{
    protocol::{Do, Reply},
    socket::{self, Desk},
    talk::{Effect, Talk},
};
use crate::{clock::now, observe::proc::ProcReader, present};

/// What a session that does not come to life said.
#[derive(Debug)]
pub(super) struct Stillborn {
    pub(super) code: Code,
    pub(super) sentence: String,
}

/// After its input was closed a session ends within 40 ms, or when its turn has ended (2.1.329).
const PARTING: Duration = Duration::from_secs(10);
const TERMINATED: Duration = Duration::from_secs(10);

/// What a session wrote before it ended is read for so long at most.
const DRAIN: Duration = Duration::from_secs(2);

const TICK: Duration = Duration::from_secs(1);

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
                    // One that is stopped has to go on to hear it.
                    process.signal(Signal::CONT);
                }
                keeper.parting = Some(Instant::now() + TERMINATED);
            }
            line = lines.next(&mut process.stdout), if !is_full && !lines.has_ended => match line {
                Ok(Some(line)) => keeper.line(&line, &mut talk).await,
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
        keeper.line(&line, &mut talk).await;
    }
    let stderr = process.last_words().await;
    if let Some(ready) = keeper.ready.take() {
        let said = if stderr.is_empty() {
            "and said nothing".to_owned()
        } else {
            format!("and said: {stderr}")
        };
        let sentence = format!("Claude Code ended as soon as it was started, {said}");
        // It says so of an option that it does not know (1.0.44, 2.1.329), and of nothing else.
        let code = match stderr.contains("unknown option") {
            true => Code::TooOld,
            false => Code::NoClaude,
        };
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
    prompt: Option<String>,
    ready: Option<oneshot::Sender<Result<(), Stillborn>>>,
    replies: HashMap<u64, oneshot::Sender<Reply>>,
    commands: u64,
    /// `None` once the session's input is closed.
    say: Option<Input>,
    /// When the session is ended by a signal, having been asked to end by itself.
    parting: Option<Instant>,
    is_stalled: bool,
}

impl Keeper {
    fn command(&mut self, command: socket::Command, talk: &mut Talk) {
        if let Do::Message { text, .. } = &command.what
            && let Err(sentence) = self.has_room(text.len())
        {
            let code = Code::Unresponsive;
            let sentence = sentence.to_owned();
            command.reply.send(Reply::Refused { code, sentence }).ok();
            return;
        }
        self.commands += 1;
        let number = self.commands;
        self.replies.insert(number, command.reply);
        tracing::info!(by = ?command.by, "a command");
        let effects = talk.command(number, command.what, uuid(), now().0);
        self.carry_out(effects, talk);
    }

    /// Whether one more message can be kept until it is taken; says why not.
    fn has_room(&self, bytes: usize) -> Result<(), &'static str> {
        if self.desk.chronicle.borrow().is_full() {
            return Err(
                "The session's log can't be written, and so it waits; make room on the disk, and send the message again.",
            );
        }
        match &self.say {
            Some(say) if !say.has_room(bytes) => Err(
                "Claude Code does not read what it is told, and much waits already; interrupt it, or cancel the session.",
            ),
            Some(_) | None => Ok(()),
        }
    }

    async fn line(&mut self, line: &[u8], talk: &mut Talk) {
        for said in Said::parse(line) {
            let at = now().0;
            let effects = if let Said::CanUseTool(request) = said {
                let ruled = self.judge.rule(&request, talk.now()).await;
                self.judge.account(&ruled, talk.now());
                talk.asked(request, ruled, at)
            } else {
                talk.said(said, at)
            };
            self.carry_out(effects, talk);
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
                    self.say.as_ref().inspect(|say| say.say(line));
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
            let what = Do::Message { text, uuid: None };
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

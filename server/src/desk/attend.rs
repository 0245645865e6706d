//! One hook at the desk, from its request to its end.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use rustix::process::geteuid;
use serde_json::{Value, value::to_raw_value};
use session_core::id::{ProcessKey, UnixMillis};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::oneshot,
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep, sleep_until, timeout},
};
use wire::{Approval, ApprovalSource, Ask, DecidedBy, RequestId};

use super::{
    Desk, Refusal, Ruled,
    answer::{self, Verdict},
    book::{Closed, Open, Order, Source},
    look,
    protocol::{Asking, Deciding, LINE, Said, Told, line},
    target, word,
};
use crate::{audit::Outcome, present};

/// A hook has its line ready when it connects, and prints at once.
const PROMPT: Duration = Duration::from_secs(5);
/// More sessions than anybody has wait at the same time.
const MOST: usize = 512;
/// The conversation's last line is written when the hook starts, or a moment later; on a busy machine it takes longer.
const PLAN_TRIES: u32 = 30;
const PLAN_PAUSE: Duration = Duration::from_millis(100);

/// Answers hooks until it is dropped, and they with it.
pub(super) async fn accept(desk: Arc<Desk>, listener: &UnixListener) {
    let mut hooks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = hooks.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) if is_ours(&stream) && hooks.len() < MOST => {
                let desk = Arc::clone(&desk);
                hooks.spawn(async move {
                    if let Err(error) = attend(&desk, Hook::new(stream)).await {
                        tracing::debug!(%error, "a hook was not understood");
                    }
                });
            }
            Ok(_) => tracing::warn!("another user's program, or one too many, is not answered"),
            Err(error) => {
                tracing::warn!(%error, "a hook can't be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Root may do everything anyway.
fn is_ours(stream: &UnixStream) -> bool {
    let uid = stream.peer_cred().map(|peer| peer.uid());
    uid.is_ok_and(|uid| uid == 0 || uid == geteuid().as_raw())
}

async fn attend(desk: &Arc<Desk>, mut hook: Hook) -> io::Result<()> {
    match timeout(PROMPT, hook.next()).await?? {
        Some(Said::Ask { ask }) => asked(desk, hook, ask).await,
        Some(Said::Happened { event }) => {
            let answered = desk.book().answered_by(&event);
            desk.withdraw(&answered);
            Ok(())
        }
        Some(Said::List) => {
            let approvals = desk.open();
            hook.tell(&Told::Open { approvals }).await
        }
        Some(Said::Decide { decide }) => {
            let Deciding {
                id,
                session_id,
                decision,
                reason,
                answers,
                permission_mode,
            } = decide;
            let verdict = Verdict {
                decision,
                reason,
                answers,
                permission_mode,
            };
            let told = match desk.decide(&id, &session_id, verdict).await {
                Ok(()) => Told::Done,
                Err(Refusal { code, sentence }) => Told::Refused { code, sentence },
            };
            hook.tell(&told).await
        }
        Some(Said::Delivered | Said::Unknown) | None => Ok(()),
    }
}

async fn asked(desk: &Arc<Desk>, mut hook: Hook, ask: Asking) -> io::Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let id: RequestId = id.parse().map_err(io::Error::other)?;
    let (ask, ruled) = {
        let desk = Arc::clone(desk);
        let judged = spawn_blocking(move || {
            let ruled = (desk.company.judge)(&ask);
            (ask, ruled)
        });
        judged.await?
    };
    let millis = u64::try_from(desk.wait.as_millis()).unwrap_or(u64::MAX);
    hook.tell(&Told::Wait { millis }).await?;
    let (order, ordered) = oneshot::channel();
    let open = open(desk, id.clone(), ask, order).await;
    if let Some(ruled) = ruled {
        let (tool, input) = (&open.approval.tool, &open.approval.input);
        // A rule has no answers to questions; a person is asked them all the same.
        if let Ok(output) = answer::output(tool, input, &ruled.verdict) {
            return decided_by_rule(desk, hook, &open.approval, output, ruled).await;
        }
    }
    let about = target(&open.approval);
    if desk.book().len() >= MOST {
        return hook.tell(&Told::Released).await;
    }
    desk.book().add(open);
    let _leaves = Leaves { desk, id: &id };
    desk.tell();
    wait(desk, hook, &id, about, ordered).await
}

/// What becomes of a request that is in the book.
async fn wait(
    desk: &Arc<Desk>,
    mut hook: Hook,
    id: &RequestId,
    about: wire::AuditTarget,
    mut ordered: oneshot::Receiver<Order>,
) -> io::Result<()> {
    let end = Instant::now() + desk.wait;
    let order = tokio::select! {
        // A decision that is on its way counts.
        biased;
        order = &mut ordered => order,
        said = hook.next() => {
            // It has gone, and does not wait for an answer; it says nothing before it has one.
            drop(said);
            return Ok(());
        }
        () = sleep_until(end) => {
            let closed = Closed::withdrawn(DecidedBy::Timeout);
            let taken = desk.book().take(id, closed);
            if taken.is_some() {
                desk.tell();
                hook.tell(&Told::Released).await?;
                let outcome = Outcome {
                    word: "released".to_owned(),
                    detail: Some(format!(
                        "nobody decided within {} s; its own terminal decides",
                        desk.wait.as_secs()
                    )),
                };
                desk.note(about, outcome).await;
                return Ok(());
            }
            // Somebody has decided in this very moment, or nobody is to any more.
            ordered.await
        }
    };
    match order {
        Ok(order) => hook.deliver(order).await,
        Err(_) => hook.tell(&Told::Released).await,
    }
}

async fn decided_by_rule(
    desk: &Arc<Desk>,
    mut hook: Hook,
    approval: &Approval,
    output: Value,
    ruled: Ruled,
) -> io::Result<()> {
    let (delivered, is_delivered) = oneshot::channel();
    hook.deliver(Order { output, delivered }).await?;
    let word = match is_delivered.await {
        Ok(()) => word(ruled.verdict.decision),
        Err(_) => "withdrawn",
    };
    let outcome = Outcome {
        word: word.to_owned(),
        detail: Some(ruled.rule),
    };
    desk.note(target(approval), outcome).await;
    Ok(())
}

/// Takes the request out of the book whatever becomes of the hook's task.
struct Leaves<'a> {
    desk: &'a Desk,
    id: &'a RequestId,
}

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        let closed = Closed::withdrawn(DecidedBy::Session);
        let taken = self.desk.book().take(self.id, closed);
        if taken.is_some() {
            self.desk.tell();
        }
    }
}

/// Puts into words what is asked.
async fn open(desk: &Desk, id: RequestId, ask: Asking, order: oneshot::Sender<Order>) -> Open {
    let process = ask.process.as_ref();
    let process = process.filter(|process| process.namespace == desk.namespace);
    let process = process.map(|process| ProcessKey {
        pid: process.pid,
        start_ticks: process.start_ticks,
    });
    let config = ask.transcript_path.as_deref().and_then(look::config_of);
    let source = config
        .clone()
        .zip(process)
        .map(|(config, process)| Source { config, process });
    let record = read(source.clone(), |source| look::record(&source)).await;
    let stand = look::Stand::of(record.as_ref(), UnixMillis(ask.at), false);
    let mut question = question(&ask);
    if let Ask::Plan { text } = &mut question
        && text.is_empty()
    {
        let id = present::core_session_id(&ask.session_id);
        let about = config.map(|config| (config, id, ask.cwd.clone()));
        for _ in 0..PLAN_TRIES {
            let plan = |(config, id, cwd): (PathBuf, _, String)| look::plan(&config, &id, &cwd);
            if let Some(found) = read(about.clone(), plan).await {
                *text = found;
                break;
            }
            sleep(PLAN_PAUSE).await;
        }
    }
    let until = ask
        .at
        .saturating_add(u64::try_from(desk.wait.as_millis()).unwrap_or(u64::MAX));
    Open {
        approval: Approval {
            id,
            session_id: ask.session_id,
            key: process.and_then(present::key),
            cwd: ask.cwd,
            title: record.and_then(|record| record.name),
            at: ask.at,
            until: Some(until),
            source: ApprovalSource::Hook,
            tool: ask.tool,
            input: ask.input,
            ask: question,
            reason: None,
        },
        agent: ask.agent,
        blocks: ask.blocks,
        source,
        has_waited: stand == look::Stand::Waits,
        lonely_since: None,
        order,
    }
}

fn question(ask: &Asking) -> Ask {
    let input = to_raw_value(&ask.input).unwrap_or_default();
    present::asked(session_core::ask::Ask::of_tool(&ask.tool, &input))
}

/// Reads files off the thread that answers.
async fn read<A: Send + 'static, T: Send + 'static>(
    about: Option<A>,
    read: impl FnOnce(A) -> Option<T> + Send + 'static,
) -> Option<T> {
    let about = about?;
    spawn_blocking(move || read(about)).await.ok().flatten()
}

/// The connection to one hook.
struct Hook {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    /// What was read of a line that is not whole yet.
    partial: Vec<u8>,
}

impl Hook {
    fn new(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            reader: BufReader::new(reader),
            writer,
            partial: Vec::new(),
        }
    }

    /// Returns what the hook says next, `None` where it has gone. May be dropped and called again: nothing is lost.
    async fn next(&mut self) -> io::Result<Option<Said>> {
        loop {
            let room = LINE.saturating_sub(self.partial.len());
            if room == 0 {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            let mut reader = (&mut self.reader).take(room as u64);
            let read = reader.read_until(b'\n', &mut self.partial).await?;
            if self.partial.last() == Some(&b'\n') {
                let said = serde_json::from_slice(&self.partial);
                self.partial.clear();
                return Ok(Some(said?));
            }
            if read == 0 {
                return Ok(None);
            }
        }
    }

    async fn tell(&mut self, told: &Told) -> io::Result<()> {
        timeout(PROMPT, self.writer.write_all(&line(told))).await?
    }

    async fn deliver(&mut self, order: Order) -> io::Result<()> {
        let Order { output, delivered } = order;
        self.tell(&Told::Decided { output }).await?;
        if let Ok(Ok(Some(Said::Delivered))) = timeout(PROMPT, self.next()).await {
            // Whoever decided may have stopped waiting.
            delivered.send(()).ok();
        }
        Ok(())
    }
}

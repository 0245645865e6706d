//! A client that follows sessions besides the list.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt as _;
use tokio::{io::DuplexStream, sync::mpsc, task::JoinHandle};
use wire::{Event, Output, SessionId};

use super::*;
use crate::http::ws::follows::Follows;

/// What sessions say, as the test has them say it.
#[derive(Clone, Debug, Default)]
struct Sessions(Arc<Mutex<HashMap<SessionId, Vec<Told>>>>, Arc<AtomicUsize>);

/// Where a session was followed from, and who is told.
type Told = (u64, mpsc::Sender<Output>);

impl Sessions {
    fn follow(&self, id: SessionId, after: u64) -> Outputs {
        let (sender, outputs) = mpsc::channel(1);
        self.0
            .lock()
            .unwrap()
            .entry(id)
            .or_default()
            .push((after, sender));
        Outputs::of(outputs)
    }

    /// A screen that has something new whenever it is looked at.
    fn look(&self, _: SessionId) -> impl futures_util::Stream<Item = ScreenNews> + Send + use<> {
        let shown = Arc::clone(&self.1);
        futures_util::stream::poll_fn(move |_| {
            let count = shown.fetch_add(1, Ordering::Relaxed) + 1;
            std::task::Poll::Ready(Some(ScreenNews::End {
                reason: format!("{count} {}", "x".repeat(1000)),
            }))
        })
    }

    /// Who follows a session, once `number` have begun to.
    async fn followers(&self, id: &SessionId, number: usize) -> Vec<Told> {
        loop {
            let followers = self.0.lock().unwrap().get(id).cloned().unwrap_or_default();
            if followers.len() >= number {
                return followers;
            }
            yield_now().await;
        }
    }

    async fn newest(&self, id: &SessionId, number: usize) -> mpsc::Sender<Output> {
        self.followers(id, number).await.pop().unwrap().1
    }
}

fn id(number: usize) -> SessionId {
    format!("086ce0db-{number:04}").parse().unwrap()
}

fn said(id: &SessionId, seq: u64, bytes: usize) -> Output {
    Output::Events {
        session_id: id.clone(),
        numbering: None,
        events: vec![Event::User {
            seq,
            at: 1,
            uuid: None,
            text: "x".repeat(bytes),
        }],
    }
}

fn follow(id: &SessionId, after: u64) -> Message {
    Message::text(format!(
        r#"{{"type":"follow","sessionId":"{id}","after":{after}}}"#
    ))
}

fn unfollow(id: &SessionId) -> Message {
    Message::text(format!(r#"{{"type":"unfollow","sessionId":"{id}"}}"#))
}

/// A client that has read the greeting and the list.
async fn begin(
    rig: &Rig,
    sessions: &Sessions,
    pipe: usize,
) -> (WebSocketStream<DuplexStream>, JoinHandle<()>) {
    let (ours, theirs) = duplex(pipe);
    let (list, door, limits) = (rig.follower(), Door::Open(rig.slot()), rig.streams.limits);
    let sessions = sessions.clone();
    let served = tokio::spawn(async move {
        serve(
            ours,
            || list,
            Source {
                follow: |id, after| sessions.follow(id, after),
                look: |id| sessions.look(id),
            },
            limits,
            door,
        )
        .await;
    });
    let mut client = client(theirs).await;
    for _ in 0..2 {
        assert!(!matches!(next(&mut client).await, Frame::Output { .. }));
    }
    (client, served)
}

async fn next(client: &mut WebSocketStream<DuplexStream>) -> Frame {
    let said = client.next().await.unwrap().unwrap();
    serde_json::from_str(said.to_text().unwrap()).unwrap()
}

async fn output(client: &mut WebSocketStream<DuplexStream>) -> Output {
    match next(client).await {
        Frame::Output { output } => output,
        other @ (Frame::Hello { .. }
        | Frame::Snapshot { .. }
        | Frame::Changes { .. }
        | Frame::Screen { .. }) => {
            panic!("{other:?}")
        }
    }
}

fn is_end(output: &Output) -> Option<&str> {
    match output {
        Output::End { reason, .. } => Some(reason.as_deref().unwrap_or("")),
        Output::Events { .. } | Output::Delta { .. } | Output::Caught { .. } => None,
    }
}

#[tokio::test]
async fn what_a_session_says_comes_until_it_is_left() {
    let (rig, sessions) = (Rig::new(StreamLimits::default()), Sessions::default());
    let (mut client, served) = begin(&rig, &sessions, 64 * 1024).await;
    let (one, two) = (id(1), id(2));
    client.send(follow(&one, 7)).await.unwrap();
    client.send(follow(&two, 0)).await.unwrap();
    let [(after, to_one)] = &sessions.followers(&one, 1).await[..] else {
        panic!("followed twice");
    };
    assert_eq!(*after, 7);
    let to_two = sessions.newest(&two, 1).await;
    for (sender, it) in [(to_one, said(&one, 8, 1)), (&to_two, said(&two, 1, 1))] {
        sender.send(it.clone()).await.unwrap();
        assert_eq!(output(&mut client).await, it);
    }
    client.send(unfollow(&two)).await.unwrap();
    client.send(unfollow(&id(3))).await.unwrap();
    to_two.closed().await;
    // Said again, it begins anew.
    client.send(follow(&one, 3)).await.unwrap();
    let followers = sessions.followers(&one, 2).await;
    assert_eq!(followers[1].0, 3);
    to_one.closed().await;
    // One that has ended makes room, and what is no message is a sign of life.
    for nonsense in [
        "",
        "{}",
        r#"{"type":"follow"}"#,
        r#"{"type":"ticket","ticket":"x"}"#,
    ] {
        client.send(Message::text(nonsense)).await.unwrap();
    }
    drop((followers, to_two));
    sessions.0.lock().unwrap().clear();
    rig.change();
    assert!(matches!(next(&mut client).await, Frame::Changes { .. }));
    drop(client);
    served.await.unwrap();
    rig.streams.ended().await;
}

#[tokio::test]
async fn as_many_are_followed_as_may_be() {
    let rig = Rig::new(StreamLimits {
        open: 19,
        ..StreamLimits::default()
    });
    let sessions = Sessions::default();
    let (mut client, served) = begin(&rig, &sessions, 64 * 1024).await;
    for number in 0..17 {
        client.send(follow(&id(number), 0)).await.unwrap();
    }
    let refused = output(&mut client).await;
    assert!(is_end(&refused).unwrap().starts_with("as many sessions"));
    client.send(unfollow(&id(0))).await.unwrap();
    client.send(follow(&id(16), 0)).await.unwrap();
    let last = sessions.newest(&id(16), 1).await;
    last.send(said(&id(16), 1, 1)).await.unwrap();
    assert_eq!(output(&mut client).await, said(&id(16), 1, 1));
    // Each takes the place of a stream: of 19 this client has 17 now.
    let (mut other, also_served) = begin(&rig, &sessions, 64 * 1024).await;
    for number in [20, 21] {
        other.send(follow(&id(number), 0)).await.unwrap();
    }
    let refused = output(&mut other).await;
    assert!(is_end(&refused).unwrap().starts_with("as many live feeds"));
    drop((client, other));
    served.await.unwrap();
    also_served.await.unwrap();
    rig.streams.ended().await;
}

#[tokio::test]
async fn the_list_does_not_wait_behind_what_sessions_say() {
    let (rig, sessions) = (Rig::new(StreamLimits::default()), Sessions::default());
    let (mut client, served) = begin(&rig, &sessions, 4 * 1024).await;
    let talkers: Vec<_> = (0..8).map(id).collect();
    for id in &talkers {
        client.send(follow(id, 0)).await.unwrap();
    }
    for id in talkers.clone() {
        let sender = sessions.newest(&id, 1).await;
        tokio::spawn(async move {
            for seq in 1.. {
                if sender.send(said(&id, seq, 100)).await.is_err() {
                    return;
                }
            }
        });
    }
    let mut heard: HashMap<SessionId, u64> = HashMap::new();
    for _ in 0..50 {
        rig.change();
        let mut before = 0;
        loop {
            match next(&mut client).await {
                Frame::Output {
                    output: Output::Events { session_id, .. },
                } => {
                    before += 1;
                    *heard.entry(session_id).or_default() += 1;
                }
                Frame::Changes { .. } => break,
                other @ (Frame::Hello { .. }
                | Frame::Snapshot { .. }
                | Frame::Output { .. }
                | Frame::Screen { .. }) => panic!("{other:?}"),
            }
        }
        // What the pipe holds, and some more by chance.
        assert!(before < 100, "{before}");
    }
    // Each has its turn.
    let (least, most) = (heard.values().min().unwrap(), heard.values().max().unwrap());
    assert!(heard.len() == 8 && most - least < 16, "{heard:?}");
    drop(client);
    served.await.unwrap();
}

#[tokio::test]
async fn who_reads_nothing_holds_back_what_it_follows_and_nobody_else() {
    let rig = Rig::new(StreamLimits {
        send: Duration::from_millis(500),
        ..StreamLimits::default()
    });
    let sessions = Sessions::default();
    let (mut sleeper, served) = begin(&rig, &sessions, 4 * 1024).await;
    let (mut reader, also_served) = begin(&rig, &sessions, 4 * 1024).await;
    let one = id(1);
    sleeper.send(follow(&one, 0)).await.unwrap();
    let to_sleeper = sessions.newest(&one, 1).await;
    reader.send(follow(&one, 0)).await.unwrap();
    let to_reader = sessions.newest(&one, 2).await;
    let mut taken = 0;
    let filled = async {
        while to_sleeper.send(said(&one, 1, 1000)).await.is_ok() {
            taken += 1;
        }
    };
    let read = async {
        for seq in 1..200 {
            let it = said(&one, seq, 1000);
            to_reader.send(it.clone()).await.unwrap();
            assert_eq!(output(&mut reader).await, it);
        }
    };
    tokio::join!(filled, read);
    // It is dropped, and until then a pipe and two messages were kept for it.
    assert!(taken < 8, "{taken}");
    served.await.unwrap();
    drop((sleeper, reader));
    also_served.await.unwrap();
}

/// What the client does not take is never made, so that the next one that it takes is new.
#[tokio::test]
async fn of_a_screen_only_what_is_taken_is_made() {
    let rig = Rig::new(StreamLimits::default());
    let sessions = Sessions::default();
    let (mut client, _served) = begin(&rig, &sessions, 4096).await;
    let look = |word: &str| {
        let text = format!(r#"{{"type":"{word}","sessionId":"{}"}}"#, id(1));
        Message::text(text)
    };
    client.send(look("look")).await.unwrap();
    for _ in 0..100 {
        yield_now().await;
    }
    let made = sessions.1.load(Ordering::Relaxed);
    assert!((1..20).contains(&made), "{made}");
    for taken in 1..50 {
        let Frame::Screen { session_id, screen } = next(&mut client).await else {
            panic!("nothing else is new");
        };
        let ScreenNews::End { reason } = screen else {
            panic!("{screen:?}");
        };
        assert_eq!(session_id, id(1));
        assert!(reason.starts_with(&format!("{taken} ")), "{reason}");
    }
    client.send(look("look_away")).await.unwrap();
    // What was on its way arrives, and then no more.
    let mut left = 0;
    while let Some(Some(_)) = client.next().now_or_never() {
        left += 1;
        yield_now().await;
        assert!(left < 100);
    }
}

#[tokio::test]
async fn one_that_has_ended_takes_nobodys_turn() {
    let (rig, sessions) = (Rig::new(StreamLimits::default()), Sessions::default());
    let (speaks, silent, ended) = (id(1), id(2), id(3));
    let mut follows = Follows::default();
    for id in [&speaks, &silent, &ended] {
        let refused = follows.add(id.clone(), &rig.slot(), |id| sessions.follow(id, 0));
        assert_eq!(refused, None);
    }
    let told = said(&speaks, 1, 1);
    sessions
        .newest(&speaks, 1)
        .await
        .try_send(told.clone())
        .unwrap();
    sessions.0.lock().unwrap().remove(&ended);
    assert_eq!(follows.next().now_or_never(), Some(told));
}

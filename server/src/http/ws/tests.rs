//! Slow, silent and hostile readers of a socket.

mod follow;

use std::net::Ipv4Addr;

use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::{
    io::duplex,
    net::{TcpListener, TcpStream},
    task::yield_now,
};

use super::*;
use crate::streams::{SEND_BUFFER, rig::Rig};

/// Serves what the rig has to whoever is at the other end.
fn told<S>(ours: S, rig: &Rig) -> impl Future<Output = ()> + use<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let list = rig.follower();
    serve(
        ours,
        || list,
        Source {
            follow: |id, _| panic!("nobody asked for {id}"),
            look: |id| -> futures_util::stream::Pending<ScreenNews> {
                panic!("nobody asked for {id}")
            },
        },
        rig.streams.limits,
        Door::Open(rig.slot()),
    )
}

async fn client<S: AsyncRead + AsyncWrite + Unpin>(end: S) -> WebSocketStream<S> {
    WebSocketStream::from_raw_socket(end, Role::Client, None).await
}

fn rev(said: &Message) -> u64 {
    match serde_json::from_str(said.to_text().unwrap()).unwrap() {
        Frame::Hello { .. } => 0,
        Frame::Output { .. } | Frame::Screen { .. } => panic!("nobody asked for it"),
        Frame::Snapshot { rev, .. } | Frame::Changes { rev, .. } => rev,
    }
}

/// Reads up to the state `newest` and returns how many messages that took.
async fn read_to<S>(client: &mut WebSocketStream<S>, newest: u64) -> usize
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut messages = 1;
    while rev(&client.next().await.unwrap().unwrap()) != newest {
        messages += 1;
    }
    messages
}

#[tokio::test]
async fn who_sleeps_through_a_thousand_states_is_told_of_the_newest() {
    let rig = Rig::new(StreamLimits::default());
    let (ours, theirs) = duplex(4 * 1024);
    let served = told(ours, &rig);
    let served = tokio::spawn(served);
    let mut newest = 0;
    for _ in 0..1000 {
        newest = rig.change();
        yield_now().await;
    }
    let mut client = client(theirs).await;
    let messages = read_to(&mut client, newest).await;
    // What the pipe holds, what waits before it, and the newest.
    assert!(messages < 12, "{messages}");
    newest = rig.change();
    assert_eq!(read_to(&mut client, newest).await, 1);
    drop(client);
    served.await.unwrap();
    rig.streams.ended().await;
}

#[tokio::test]
async fn the_kernel_keeps_little_for_who_does_not_read() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let theirs = TcpStream::connect(listener.local_addr().unwrap());
    let (theirs, accepted) = tokio::join!(theirs, listener.accept());
    let (ours, _) = accepted.unwrap();
    set_socket_send_buffer_size(&ours, SEND_BUFFER).unwrap();
    let rig = Rig::new(StreamLimits::default());
    let served = told(ours, &rig);
    let served = tokio::spawn(served);
    let mut newest = 0;
    for _ in 0..10_000 {
        newest = rig.change();
        yield_now().await;
    }
    let mut client = client(theirs.unwrap()).await;
    let messages = read_to(&mut client, newest).await;
    assert!(messages < 1000, "{messages}");
    drop(client);
    served.await.unwrap();
}

#[tokio::test]
async fn who_takes_nothing_is_dropped() {
    let rig = Rig::new(StreamLimits {
        send: Duration::from_millis(20),
        ..StreamLimits::default()
    });
    let (ours, _theirs) = duplex(256);
    told(ours, &rig).await;
    rig.streams.ended().await;
}

#[tokio::test]
async fn answers_to_pings_do_not_pile_up() {
    let rig = Rig::new(StreamLimits {
        send: Duration::from_millis(20),
        ..StreamLimits::default()
    });
    let (ours, mut theirs) = duplex(4 * 1024);
    let served = told(ours, &rig);
    let served = tokio::spawn(served);
    let ping = [0x89, 0x84, 0, 0, 0, 0, b'p', b'i', b'n', b'g'];
    let mut asked = 0;
    while asked < 100_000 && theirs.write_all(&ping).await.is_ok() {
        asked += 1;
    }
    // What both pipes hold, and no more.
    assert!(asked < 2_000, "{asked}");
    served.await.unwrap();
}

#[tokio::test]
async fn the_end_comes_in_the_middle_of_a_message_too() {
    let rig = Rig::new(StreamLimits::default());
    let (ours, theirs) = duplex(256);
    let served = told(ours, &rig);
    let served = tokio::spawn(served);
    yield_now().await;
    rig.ending.send_replace(true);
    let mut client = client(theirs).await;
    let mut last = None;
    while let Some(Ok(said)) = client.next().await {
        last = Some(said);
    }
    let Some(Message::Close(Some(close))) = last else {
        panic!("{last:?}");
    };
    assert_eq!(close.code, CloseCode::Away);
    served.await.unwrap();
}

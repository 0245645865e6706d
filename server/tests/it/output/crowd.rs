//! Slow and many readers.

use std::{thread::sleep, time::Duration};

use session_manager::{serve::Limits, streams::StreamLimits};

use super::{held::TestHolder, *};
use crate::client::limits;

fn with_streams(streams: StreamLimits) -> Server {
    let limits = Limits {
        streams,
        ..limits()
    };
    Server::with(limits, &[])
}

#[test]
fn who_reads_nothing_costs_little_and_is_dropped() {
    let server = with_streams(StreamLimits {
        send: Duration::from_millis(300),
        ..StreamLimits::default()
    });
    let holder = TestHolder::start(&server, ID);
    let path = format!("/sessions/{ID}/output?follow=1");
    let mut stream = Stream::open(&server, &path, "");
    let mut follower = holder.follower();
    // It says more than anybody would keep for a client, until the server does not listen any more.
    let text = "x".repeat(50_000);
    let mut told = 0_usize;
    for seq in 1.. {
        let event = Event::User {
            seq,
            at: 1,
            uuid: None,
            text: text.clone(),
        };
        let events = session_manager::hold::protocol::Told::Events {
            events: vec![event],
        };
        if follower.try_tell(&events).is_err() {
            break;
        }
        told += text.len();
    }
    // The sockets' buffers, and some messages.
    assert!(told < 8 << 20, "{told}");
    let text = stream.text();
    assert!(text.len() < told);
    server.is_well();
}

#[test]
fn all_of_a_log_is_not_kept_for_who_reads_nothing() {
    let server = with_streams(StreamLimits {
        send: Duration::from_millis(200),
        ..StreamLimits::default()
    });
    let text = "x".repeat(100_000);
    let all = (1..=300).map(|seq| Event::User {
        seq,
        at: 1,
        uuid: None,
        text: text.clone(),
    });
    drop(log(&server, ID, &all.collect::<Vec<_>>()));
    let mut stream = Stream::open(&server, &format!("/sessions/{ID}/output"), "");
    sleep(Duration::from_millis(600));
    // The connection was cut, so that nobody takes it for all.
    let got = stream.text().len();
    assert!(got < 20 << 20, "{got}");
    server.is_well();
}

#[test]
fn a_follower_takes_the_place_of_a_stream() {
    let server = with_streams(StreamLimits {
        open: 2,
        heartbeat: Duration::from_millis(1),
        ..StreamLimits::default()
    });
    let holder = TestHolder::start(&server, ID);
    let path = format!("/sessions/{ID}/output?follow=1");
    let one = Stream::open(&server, &path, "");
    let mut two = Stream::open(&server, &path, "");
    check(&server, &get(&path, ""), 429, "too_many");
    let _followers = (holder.follower(), holder.follower());
    // It lives, and says so.
    let mut beats = 0;
    while beats < 5 {
        beats += u32::from(two.block().unwrap() == ":");
    }
    drop(one);
    let connect = || {
        let mut connection = server.connect();
        let request = get(&path, "").replace("PORT", &server.port.to_string());
        connection.send(&request.replace('\n', "\r\n"));
        connection.receive().unwrap().status
    };
    assert!((0..100_000).any(|_| connect() == 200));
}

#[test]
fn one_that_is_followed_for_long_is_followed_anew() {
    let server = with_streams(StreamLimits {
        life: Duration::from_millis(100),
        ..StreamLimits::default()
    });
    let holder = TestHolder::start(&server, ID);
    let mut stream = Stream::open(&server, &format!("/sessions/{ID}/output?follow=1"), "");
    let mut follower = holder.follower();
    follower.events(users(1..=1));
    assert_eq!(stream.rest().len(), 1);
}

#[test]
fn the_end_of_the_server_ends_it() {
    let mut server = Server::start();
    let holder = TestHolder::start(&server, ID);
    let mut stream = Stream::open(&server, &format!("/sessions/{ID}/output?follow=1"), "");
    let _follower = holder.follower();
    server.tell_to_end();
    assert!(stream.rest().is_empty());
    server.wait();
}

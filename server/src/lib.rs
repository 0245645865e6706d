//! The session-manager server: what observes, acts and answers. `main.rs` only starts it.

pub mod act;
pub mod audit;
pub mod beneath;
pub mod cli;
pub mod clock;
pub mod config;
mod connection;
pub mod event_log;
pub mod feed;
pub mod held;
pub mod hold;
pub mod hooks;
pub mod host_token;
pub mod http;
pub mod lifecycle;
pub mod observe;
pub mod peer;
pub mod present;
pub mod secret;
pub mod serve;
pub mod service;
pub mod state_dir;
pub mod streams;
pub mod ticket;
pub mod token;
pub mod watch;

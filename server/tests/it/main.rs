//! Tests of the server from outside: real files, real sockets, real processes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its premise fails"
)]

mod again;
mod archive;
mod caller;
mod churn;
mod cleanup;
mod client;
mod config;
mod events;
mod held;
mod hooks;
mod http;
mod kill;
mod lifecycle;
mod machine;
mod privilege;
mod resume;
mod reuse;
mod rows;
mod serve;
mod tail;
mod terminal;
mod test_claude;
mod test_proc;
mod test_session;
mod test_socket;
mod transcript;
mod truth;
mod unprivileged;
mod watch;
mod ws;

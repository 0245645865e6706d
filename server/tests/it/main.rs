//! Tests of the server from outside: real files, real sockets, real processes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its premise fails"
)]

mod again;
mod archive;
mod attack;
mod audit;
mod called;
mod caller;
mod churn;
mod cleanup;
mod client;
mod config;
mod corpus;
mod desk;
mod event_log;
mod events;
mod held;
mod held_terminal;
mod hooks;
mod host_token;
mod hostile_proc;
mod http;
mod kill;
mod kill_tree;
mod lifecycle;
mod machine;
mod orphans;
mod output;
mod peer;
mod privilege;
mod pty_holder;
mod resume;
mod reuse;
mod rows;
mod rules;
mod serve;
mod small_disk;
mod stdio_holder;
mod tail;
mod terminal;
mod test_claude;
mod test_holder;
mod test_proc;
mod test_program;
mod test_session;
mod test_socket;
mod transcript;
mod truth;
mod twins;
mod unprivileged;
mod watch;
mod ws;

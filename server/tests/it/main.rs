//! Tests of the server from outside: real files, real sockets, real processes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its premise fails"
)]

mod caller;
mod client;
mod config;
mod http;
mod lifecycle;
mod serve;
mod test_claude;
mod transcript;
mod unprivileged;
mod again;
mod archive;
mod cleanup;

//! Tests of the server from outside: real files, real sockets, real processes.

mod config;
mod test_claude;
mod transcript;
mod unprivileged;

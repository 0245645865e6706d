//! Tests of the server from outside: real files, real sockets, real processes.

mod config;

//! The session-manager server: what observes, acts and answers. `main.rs` only starts it.

pub mod config;
pub mod service;

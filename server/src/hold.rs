//! A holder: the small process of its own that keeps one session, and lives as long as it, whatever becomes of the server.

pub mod protocol;
pub mod screen;
pub mod terminal;

//! Does what was planned; decides nothing.

pub mod archive;
pub mod cleanup;
pub mod kill;
pub mod tmux;

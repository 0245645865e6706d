//! Does what was planned; decides nothing.

pub mod archive;
pub mod cleanup;
pub mod front;
pub mod kill;
pub mod pause;
pub mod tmux;
pub mod tree;

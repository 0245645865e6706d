//! Does what was planned; decides nothing.

pub mod kill;
pub mod tmux;

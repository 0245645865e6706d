//! Decisions: bytes to facts, facts to verdicts, verdicts to plans.
//!
//! No I/O, no clock, no async; time, paths and bytes come in as arguments. Nothing here is `Serialize`.

pub mod ask;
pub mod cleanup;
pub mod descent;
pub mod detach;
pub mod evidence;
pub mod exertion;
pub mod hook;
pub mod id;
pub mod inventory;
pub mod kill;
mod lenient;
pub mod mark;
mod members;
pub mod process;
pub mod project_dir;
pub mod registry;
pub mod rule;
pub mod settings;
pub mod stream;
pub mod transcript;
pub mod tree;
pub mod verdict;

//! Hooks of Claude Code, for what only they know: what is asked, at once, and the conversation of versions without a registry.
//!
//! Everything works without them. They are put into Claude Code's settings only when a person asks for it.

mod report;

pub use report::run as report;

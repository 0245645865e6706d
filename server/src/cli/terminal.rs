//! The two streams that the command line writes to: data on standard output, everything else on standard error.
//!
//! Knows what a terminal is and when colours are wanted (`NO_COLOR`). Does not know what is said.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use super::text;

/// The columns of the terminal that reads standard output, `None` where none does: what is redirected is not cut.
pub(super) fn width() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let columns = rustix::termios::tcgetwinsize(&stdout).map_or(0, |size| size.ws_col);
    // A terminal that was never given a size, such as a serial line, says 0.
    Some(if columns == 0 { 80 } else { columns.into() })
}

/// Writes an answer. Its colours are left out where nobody can see or wants them.
pub(super) fn print(answer: &str, code: ExitCode) -> io::Result<ExitCode> {
    match write(answer) {
        // The reader has seen enough (`| head`), which is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(code),
        written => written.map(|()| code),
    }
}

/// Writes a part of an answer. `BrokenPipe` where nobody reads any more.
pub(super) fn write(part: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(part.as_bytes())?;
    stdout.flush()
}

/// Says what is wrong, in one line.
pub(super) fn complain(sentence: &str) {
    let sentence = text::line(sentence);
    // Where not even this can be said, the exit code still tells.
    writeln!(io::stderr(), "session-manager: {sentence}").ok();
}

/// The same where it has several lines. Those after the first stand further in, so that none passes for another complaint.
pub(super) fn complain_at_length(sentence: &str) {
    let lines: Vec<String> = text::lines(sentence).collect();
    writeln!(io::stderr(), "session-manager: {}", lines.join("\n  ")).ok();
}

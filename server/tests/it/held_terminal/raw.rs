//! The user's own terminal: taken, and given back.

use std::{
    fs::File,
    io::Read as _,
    os::fd::OwnedFd,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rustix::{
    pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use session_manager::cli::raw::{Notice, Notices, RawTerminal};

use super::*;

const FLAGS: OpenptFlags = OpenptFlags::RDWR
    .union(OpenptFlags::NOCTTY)
    .union(OpenptFlags::CLOEXEC);

/// Both sides of a terminal, the keyboard's first.
fn sides() -> (OwnedFd, OwnedFd) {
    let keyboard = openpt(FLAGS).unwrap();
    unlockpt(&keyboard).unwrap();
    let terminal = ioctl_tiocgptpeer(&keyboard, FLAGS).unwrap();
    (keyboard, terminal)
}

fn is_raw(terminal: &OwnedFd) -> bool {
    let modes = tcgetattr(terminal).unwrap().local_modes;
    !modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
}

/// What was written to a terminal so far.
fn written(keyboard: &OwnedFd) -> String {
    let mut buffer = [0; 4096];
    let read = File::from(keyboard.try_clone().unwrap()).read(&mut buffer);
    String::from_utf8(buffer[..read.unwrap()].to_vec()).unwrap()
}

#[test]
fn a_terminal_is_given_back_as_it_was() {
    let (keyboard, terminal) = sides();
    let before = format!("{:?}", tcgetattr(&terminal).unwrap());
    assert!(!is_raw(&terminal));
    let raw = RawTerminal::take(&terminal).unwrap();
    assert!(is_raw(&terminal));
    assert!(written(&keyboard).contains("\x1b[?1049h"));
    assert_eq!(raw.size(), None);
    let size = Winsize {
        ws_row: 30,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).unwrap();
    assert_eq!(raw.size(), Some(Size::new(100, 30)));
    drop(raw);
    assert_eq!(format!("{:?}", tcgetattr(&terminal).unwrap()), before);
    let back = written(&keyboard);
    for switched_off in ["\x1b[?1049l", "\x1b[?1003l", "\x1b[?2004l", "\x1b[?25h"] {
        assert!(back.contains(switched_off), "{back:?}");
    }
}

#[test]
fn a_panic_gives_it_back_too() {
    let (_keyboard, terminal) = sides();
    let failed = catch_unwind(AssertUnwindSafe(|| {
        let _raw = RawTerminal::take(&terminal).unwrap();
        assert!(!is_raw(&terminal), "the test wants it so");
    }));
    assert!(failed.is_err());
    assert!(!is_raw(&terminal));
}

#[test]
fn what_is_no_terminal_is_not_taken() {
    let nothing = File::open("/dev/null").unwrap();
    assert!(RawTerminal::take(&nothing).is_err());
}

#[test]
fn a_terminal_that_changes_is_noticed() {
    run(async {
        let mut notices = Notices::listen().unwrap();
        for (signal, notice) in [
            (Signal::SIGWINCH, Notice::Resized),
            (Signal::SIGCONT, Notice::Resumed),
        ] {
            kill(Pid::this(), signal).unwrap();
            assert_eq!(notices.next().await, notice);
        }
    });
}

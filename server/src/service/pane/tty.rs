//! The device number of a terminal, as stat has it (proc(5)): the minor number's lowest byte, the major number above it, the rest of the
//! minor number above that.

use std::path::{Path, PathBuf};

/// Its name below /dev, `None` where there is none.
pub(in crate::service) fn name(number: i32) -> Option<String> {
    match parts(number) {
        (0, 0) => None,
        // The kernel's documentation, devices.txt.
        (136..=143, _) => pseudo(number),
        (4, minor @ 64..) => Some(format!("ttyS{}", minor - 64)),
        (4, minor) => Some(format!("tty{minor}")),
        (major, minor) => Some(format!("{major}:{minor}")),
    }
}

/// Where a pseudo-terminal lies, `None` where it is none.
pub(super) fn path(number: i32) -> Option<PathBuf> {
    Some(Path::new("/dev").join(pseudo(number)?))
}

/// The number as stat(2) has it.
pub(super) fn device(number: i32) -> u64 {
    let (major, minor) = parts(number);
    rustix::fs::makedev(major, minor)
}

fn pseudo(number: i32) -> Option<String> {
    match parts(number) {
        (major @ 136..=143, minor) => Some(format!("pts/{}", (major - 136) * 256 + minor)),
        _ => None,
    }
}

fn parts(number: i32) -> (u32, u32) {
    let number = number.cast_unsigned();
    (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_terminal_is_named_as_ps_names_it() {
        for (number, its) in [
            (34816, "pts/0"),
            (34819, "pts/3"),
            (34816 + 255, "pts/255"),
            // One that the kernel gives a minor number beyond a byte.
            (34816 + (1 << 20), "pts/256"),
            (1025, "tty1"),
            (1024 + 64, "ttyS0"),
            (1280, "5:0"),
        ] {
            assert_eq!(name(number).as_deref(), Some(its), "{number}");
            let path = path(number).map(|path| path.display().to_string());
            let is_pseudo = its.starts_with("pts/");
            assert_eq!(path, is_pseudo.then(|| format!("/dev/{its}")));
        }
        assert_eq!(name(0), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(number in any::<i32>()) {
            prop_assert!(path(number).is_none() || name(number).is_some());
            device(number);
        }
    }
}

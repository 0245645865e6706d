//! A disk of one megabyte that one thread sees, and those that it starts.

use std::path::Path;

use nix::sched::{CloneFlags, unshare};
use rustix::mount::{MountFlags, MountPropagationFlags, mount as mount_at, mount_change};

/// Mounts it on `path`; false where we may not.
pub(crate) fn mount(path: &Path) -> bool {
    match unshare(CloneFlags::CLONE_NEWNS) {
        // An ordinary user, or root in a container without the capability.
        Err(nix::errno::Errno::EPERM) => return false,
        result => result.unwrap(),
    }
    // Otherwise the mount below would show outside.
    let propagation = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", propagation).unwrap();
    mount_at("none", path, "tmpfs", MountFlags::empty(), Some(c"size=1m")).unwrap();
    true
}

//! Runs one step of a test as somebody who may read little: root may read everything.

use rustix::thread::{Gid, Uid, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

const NOBODY: u32 = 65534;

/// Runs `step` on a thread of its own. On Linux, user and groups belong to the thread, and the C library's wrappers,
/// which change all threads, are not used here; the capabilities go with the user (credentials(7), capabilities(7)).
pub(crate) fn run<T: Send>(step: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
                set_thread_groups(&[]).unwrap();
                set_thread_res_gid(group, group, group).unwrap();
                set_thread_res_uid(user, user, user).unwrap();
            }
            step()
        });
        thread.join().unwrap()
    })
}

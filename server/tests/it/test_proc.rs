//! A temporary tree that looks like `/proc`, built line by line.
//!
//! Its directories are not the kernel's: a signal through one fails with EBADF, whatever number it has.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use session_manager::observe::proc::ProcReader;

/// The pid namespace of whoever reads the tree.
const OUR_NAMESPACE: &str = "pid:[4026531836]";
/// Where npm puts the program.
pub(crate) const CLAUDE: &str = "/app/node_modules/@anthropic-ai/claude-code/bin/claude.exe";

pub(crate) struct TestProc {
    root: tempfile::TempDir,
}

/// One process in the tree. Each call writes its file anew.
pub(crate) struct TestProcess {
    dir: PathBuf,
    pid: u32,
    start_ticks: u64,
    comm: Vec<u8>,
    state: char,
}

impl TestProc {
    /// A machine that has been up for 1,000 seconds and runs nothing.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let proc = Self { root };
        proc.up_for("1000.00");
        namespace(&proc.root.path().join("self"), OUR_NAMESPACE);
        // Not everything in /proc is a process.
        fs::write(proc.root.path().join("version"), "Linux").unwrap();
        fs::create_dir(proc.root.path().join("sys")).unwrap();
        proc
    }

    pub(crate) fn reader(&self) -> ProcReader {
        ProcReader::at(self.root.path()).unwrap()
    }

    /// Seconds since boot, with two decimals.
    pub(crate) fn up_for(&self, seconds: &str) {
        fs::write(self.root.path().join("uptime"), format!("{seconds} 1.00\n")).unwrap();
    }

    /// What `/proc/loadavg` says; its last number is the pid that was given last.
    pub(crate) fn load(&self, line: &str) {
        fs::write(self.root.path().join("loadavg"), line).unwrap();
    }

    /// A directory of a process without anything in it, as a reader may find one that ends.
    pub(crate) fn vanishing(&self, pid: u32) -> PathBuf {
        let dir = self.root.path().join(pid.to_string());
        fs::create_dir(&dir).unwrap();
        dir
    }

    /// A running shell of our own user, which started `start_ticks` after boot.
    pub(crate) fn add(&self, pid: u32, start_ticks: u64) -> TestProcess {
        let dir = self.vanishing(pid);
        fs::create_dir_all(dir.join(format!("task/{pid}"))).unwrap();
        let process = TestProcess {
            dir,
            pid,
            start_ticks,
            comm: b"sh".to_vec(),
            state: 'S',
        };
        process.write_stat();
        namespace(&process.dir, OUR_NAMESPACE);
        process
            .file(&format!("task/{pid}/children"), b"")
            .file("wchan", b"do_epoll_wait")
            .file("environ", b"")
            .uid(rustix::process::geteuid().as_raw())
            .argv(&["sh"])
            .exe("/usr/bin/dash")
            .cwd("/home/dev/work/p1")
            .root("/")
    }

    /// A running Claude Code of our own user.
    pub(crate) fn claude(&self, pid: u32, start_ticks: u64) -> TestProcess {
        self.add(pid, start_ticks)
            .comm(b"claude")
            .argv(&["claude"])
            .exe(CLAUDE)
    }
}

impl TestProcess {
    pub(crate) fn comm(mut self, comm: &[u8]) -> Self {
        comm.clone_into(&mut self.comm);
        self.write_stat();
        let line = [comm, b"\n"].concat();
        self.file("comm", &line)
    }

    /// The letter of field 3 of stat.
    pub(crate) fn state(mut self, state: char) -> Self {
        self.state = state;
        self.write_stat();
        self
    }

    pub(crate) fn uid(self, uid: u32) -> Self {
        let pid = self.pid;
        self.status(uid, &pid.to_string())
    }

    /// A process that counts pids elsewhere and is `inside` there.
    pub(crate) fn in_namespace(self, link: &str, inside: u32) -> Self {
        fs::remove_file(self.dir.join("ns/pid")).unwrap();
        symlink(link, self.dir.join("ns/pid")).unwrap();
        let numbers = format!("{}\t{inside}", self.pid);
        self.status(rustix::process::geteuid().as_raw(), &numbers)
    }

    fn status(self, uid: u32, ns_pid: &str) -> Self {
        let pid = self.pid;
        let status = format!(
            "Name:\tx\nState:\tS (sleeping)\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t1\n\
             Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t0\t0\t0\t0\nNSpid:\t{ns_pid}\nThreads:\t1\n"
        );
        self.file("status", status.as_bytes())
    }

    pub(crate) fn argv(self, argv: &[&str]) -> Self {
        let bytes: String = argv.iter().map(|arg| format!("{arg}\0")).collect();
        self.file("cmdline", bytes.as_bytes())
    }

    pub(crate) fn environ(self, pairs: &[&str]) -> Self {
        let bytes: String = pairs.iter().map(|pair| format!("{pair}\0")).collect();
        self.file("environ", bytes.as_bytes())
    }

    pub(crate) fn exe(self, path: &str) -> Self {
        self.link("exe", path)
    }

    pub(crate) fn cwd(self, path: &str) -> Self {
        self.link("cwd", path)
    }

    pub(crate) fn child(self, pid: u32) -> Self {
        let name = format!("task/{}/children", self.pid);
        self.file(&name, format!("{pid} ").as_bytes())
    }

    /// Takes away what only the owner and root may read.
    pub(crate) fn without_links(self) -> Self {
        for name in ["exe", "cwd", "root", "environ", "ns/pid"] {
            fs::remove_file(self.dir.join(name)).unwrap();
        }
        self
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        fs::write(self.dir.join(name), content).unwrap();
        self
    }

    /// Where its paths begin.
    pub(crate) fn root(self, path: &str) -> Self {
        self.link("root", path)
    }

    fn link(self, name: &str, target: &str) -> Self {
        let path = self.dir.join(name);
        // Missing where the process is new.
        fs::remove_file(&path).ok();
        symlink(target, path).unwrap();
        self
    }

    fn write_stat(&self) {
        let Self {
            pid,
            start_ticks,
            state,
            ..
        } = self;
        let before = format!("{pid} (");
        let after = format!(
            ") {state} 1 {pid} {pid} 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 {start_ticks} 1000 55 \
             18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
        );
        let line = [before.as_bytes(), &self.comm, after.as_bytes()].concat();
        fs::write(self.dir.join("stat"), line).unwrap();
    }
}

fn namespace(process: &Path, link: &str) {
    fs::create_dir_all(process.join("ns")).unwrap();
    symlink(link, process.join("ns/pid")).unwrap();
}

//! Reads `/proc`, one process at a time, without deciding what a process is.
//!
//! "Gone" and "not ours to read" are facts (`None`), not errors.

pub mod glance;
pub mod pin;

use std::{
    fs, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Dir, Mode, OFlags, fstat, openat, readlinkat},
    io::Errno,
    process::{Pid, test_kill_process},
};
use session_core::{
    id::ProcessKey,
    process::{Namespace, Process, RunState, stat::StatLine},
    tree::table::Table,
};

use glance::Glance;

/// `/proc`, or a tree that looks like it.
#[derive(Debug)]
pub struct ProcReader {
    root: PathBuf,
    dir: OwnedFd,
    /// Our own pid namespace, `pid:[4026531836]`; empty where the link can't be read.
    namespace: String,
}

/// Where one of a process's links leads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Link {
    Path(String),
    /// Another user's process, and we are not root.
    Denied,
    /// A kernel thread, or gone.
    None,
}

impl Link {
    fn path(self) -> Option<String> {
        match self {
            Self::Path(path) => Some(path),
            Self::Denied | Self::None => None,
        }
    }
}

/// Longer than any argument list or environment that matters here, and a bound on what one process can
/// make us hold.
const MAX_READ: usize = 256 * 1024;

/// Of a session's processes, what is looked at to see whether any computes.
const MAX_DESCENDANTS: usize = 512;

impl ProcReader {
    pub fn at(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        let dir = open_dir(CWD, &root)?;
        let namespace = link_at(&dir, "self/ns/pid").path().unwrap_or_default();
        Ok(Self {
            root,
            dir,
            namespace,
        })
    }

    /// Lists the pids at this moment, in no order.
    pub fn pids(&self) -> io::Result<Vec<u32>> {
        let mut pids = Vec::new();
        for entry in Dir::read_from(&self.dir)? {
            let entry = entry?;
            if let Some(pid) = entry
                .file_name()
                .to_str()
                .ok()
                .and_then(|name| name.parse().ok())
            {
                pids.push(pid);
            }
        }
        Ok(pids)
    }

    /// Whether a process is worth reading whole: one link for nearly all of them.
    pub fn may_be_claude(&self, pid: u32) -> bool {
        self.glance(pid) == Glance::MayBeClaude
    }

    /// Reads one process, `None` where it is gone.
    pub fn process(&self, pid: u32) -> Option<Process> {
        let dir = open_dir(&self.dir, pid.to_string()).ok()?;
        let stat = StatLine::parse(&read_at(&dir, "stat")?)?;
        let uid = owner(&dir)?;
        let argv = read_at(&dir, "cmdline").unwrap_or_default();
        let wchan = read_at(&dir, "wchan").map(|wchan| text(wchan.trim_ascii_end()));
        Some(Process {
            key: stat.key,
            ppid: stat.ppid,
            uid,
            namespace: self.namespace(&dir),
            comm: stat.comm,
            run_state: stat.run_state,
            rss_pages: stat.rss_pages,
            cpu_ticks: stat.cpu_ticks,
            argv: strings(&argv),
            exe: link_at(&dir, "exe").path(),
            cwd: link_at(&dir, "cwd").path(),
            wchan: wchan.filter(|wchan| !wchan.is_empty()),
        })
    }

    pub fn stat(&self, pid: u32) -> Option<StatLine> {
        StatLine::parse(&self.read(pid, "stat")?)
    }

    /// The process that runs under a pid, `None` where there is none, or one that has ended and whose entry
    /// waits to be reaped.
    pub fn running(&self, pid: u32) -> Option<ProcessKey> {
        let stat = self.stat(pid)?;
        (stat.run_state != RunState::Dead).then_some(stat.key)
    }

    /// Whether the kernel knows the pid, even where `/proc` hides it (`hidepid`, proc(5)). Sends nothing.
    pub fn answers(&self, pid: u32) -> bool {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
    }

    /// The value of a variable in the environment that the process was started with, `None` where it has
    /// none or its environment is not ours to read.
    pub fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let environ = self.read(pid, "environ")?;
        strings(&environ)
            .into_iter()
            .find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    }

    /// Whether a path means the same directory to the process as it does to us: in a container, or behind
    /// chroot(2), it is another one.
    pub fn shares(&self, pid: u32, dir: &Path) -> bool {
        let root = self.root.join(pid.to_string()).join("root");
        let inside = root.join(dir.strip_prefix("/").unwrap_or(dir));
        match (fs::metadata(inside), fs::metadata(dir)) {
            (Ok(theirs), Ok(ours)) => (theirs.dev(), theirs.ino()) == (ours.dev(), ours.ino()),
            _ => false,
        }
    }

    /// The living children of a process, over all of its threads (proc(5), `/proc/<pid>/task/<tid>/children`).
    pub fn children(&self, pid: u32) -> Vec<StatLine> {
        let Ok(tasks) = open_dir(&self.dir, format!("{pid}/task")) else {
            return Vec::new();
        };
        let Ok(entries) = Dir::read_from(&tasks) else {
            return Vec::new();
        };
        let pids = entries.flatten().flat_map(|entry| {
            let name = entry.file_name().to_string_lossy();
            let children = read_at(&tasks, &format!("{name}/children")).unwrap_or_default();
            let children = String::from_utf8_lossy(&children);
            let pids = children
                .split_whitespace()
                .map_while(|pid| pid.parse().ok());
            pids.collect::<Vec<u32>>()
        });
        let children = pids.filter_map(|pid| self.stat(pid));
        children
            .filter(|child| child.run_state != RunState::Dead)
            .collect()
    }

    /// One pass over the whole process table; what ends meanwhile is missing.
    pub fn table(&self) -> io::Result<Table> {
        let mut stats = Vec::new();
        for pid in self.pids()? {
            match open_file(&self.dir, &format!("{pid}/stat")) {
                Ok(file) => stats.extend(contents(&file).and_then(|stat| StatLine::parse(&stat))),
                Err(Errno::NOENT | Errno::SRCH | Errno::ACCESS | Errno::PERM) => {}
                // Without descriptors or memory: what is left out would be taken for what has ended.
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Table::new(stats))
    }

    /// Memory that a process shares with nobody, in bytes (`smaps_rollup`, proc(5)): what its end gives back. `None` where
    /// it is not ours to read or the process has none.
    pub fn private_bytes(&self, pid: u32) -> Option<u64> {
        let rollup = self.read(pid, "smaps_rollup")?;
        let kilobytes = |name| {
            numbers(&rollup, name)
                .first()
                .map_or(0, |kb| u64::from(*kb))
        };
        let private = [
            "Private_Clean:",
            "Private_Dirty:",
            "Private_Hugetlb:",
            "Swap:",
        ];
        Some(private.into_iter().map(kilobytes).sum::<u64>() * 1024)
    }

    /// The effective uid of a process; `None` where it is gone.
    pub fn owner(&self, pid: u32) -> Option<u32> {
        owner(&open_dir(&self.dir, pid.to_string()).ok()?)
    }

    /// What a process reads from, such as `/dev/pts/3` or `pipe:[4711]`; `None` where it is gone or not ours to look at.
    pub fn stdin(&self, pid: u32) -> Option<String> {
        link_at(&self.dir, &format!("{pid}/fd/0")).path()
    }

    /// The arguments of a process, separated by spaces; empty where it is gone.
    pub fn command(&self, pid: u32) -> String {
        let argv = self.read(pid, "cmdline").unwrap_or_default();
        strings(&argv).join(" ")
    }

    /// The children of a process, theirs, and so on. Of a tree that grows faster than it is read, a part.
    pub fn descendants(&self, pid: u32) -> Vec<StatLine> {
        let mut found = self.children(pid);
        let mut next = 0;
        while let Some(parent) = found.get(next).map(|process| process.key.pid) {
            if found.len() >= MAX_DESCENDANTS {
                break;
            }
            let below = self.children(parent);
            found.extend(below);
            next += 1;
        }
        found
    }

    /// The pid, its parent, and so on up to 1.
    pub fn lineage(&self, pid: u32) -> Vec<u32> {
        let mut lineage = vec![pid];
        let mut at = pid;
        while let Some(stat) = self.stat(at) {
            if stat.ppid == 0 || lineage.contains(&stat.ppid) {
                break;
            }
            lineage.push(stat.ppid);
            at = stat.ppid;
        }
        lineage
    }

    /// Milliseconds since boot.
    pub fn uptime_ms(&self) -> io::Result<u64> {
        let uptime = self.read_root("uptime")?;
        let (seconds, _) = uptime.split_once(' ').unwrap_or((&uptime, ""));
        let (whole, hundredths) = seconds.split_once('.').unwrap_or((seconds, "0"));
        let parse = |digits: &str| {
            digits
                .parse::<u64>()
                .map_err(|_| io::ErrorKind::InvalidData)
        };
        Ok(parse(whole)? * 1000 + parse(hundredths)? * 10)
    }

    /// Our own pid namespace, `pid:[4026531836]`; empty where the link can't be read.
    pub fn pid_namespace(&self) -> &str {
        &self.namespace
    }

    fn namespace(&self, dir: &OwnedFd) -> Namespace {
        let Some(other) = link_at(dir, "ns/pid")
            .path()
            .filter(|link| *link != self.namespace)
        else {
            return Namespace::Ours;
        };
        let status = read_at(dir, "status").unwrap_or_default();
        match numbers(&status, "NSpid:").last() {
            Some(&pid) => Namespace::Other { link: other, pid },
            None => Namespace::Ours,
        }
    }

    fn exe(&self, pid: u32) -> Link {
        link_at(&self.dir, &format!("{pid}/exe"))
    }

    fn read(&self, pid: u32, file: &str) -> Option<Vec<u8>> {
        read_at(&self.dir, &format!("{pid}/{file}"))
    }

    fn read_root(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.root.join(file))
    }
}

fn open_dir(at: impl AsFd, path: impl AsRef<Path>) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(at, path.as_ref(), flags, Mode::empty())
}

/// Reads a file of `/proc`, `None` where it is gone or not ours.
fn read_at(dir: impl AsFd, path: &str) -> Option<Vec<u8>> {
    contents(&open_file(dir, path).ok()?)
}

fn open_file(dir: impl AsFd, path: &str) -> Result<OwnedFd, Errno> {
    openat(dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

fn contents(file: &OwnedFd) -> Option<Vec<u8>> {
    let mut content = Vec::with_capacity(4096);
    loop {
        // ESRCH: the process ended after its file was opened.
        rustix::io::read(file, rustix::buffer::spare_capacity(&mut content)).ok()?;
        // These files fill the buffer as long as they have something to fill it with, so room that is left
        // saves asking for the end, which is half of all reads.
        if content.len() < content.capacity() || content.len() >= MAX_READ {
            return Some(content);
        }
        content.reserve(content.len());
    }
}

fn link_at(dir: impl AsFd, path: &str) -> Link {
    match readlinkat(dir, path, Vec::new()) {
        Ok(link) => {
            let path = text(link.as_bytes());
            // An update replaces the file under a running program.
            Link::Path(
                path.strip_suffix(" (deleted)")
                    .map_or_else(|| path.clone(), str::to_owned),
            )
        }
        Err(Errno::ACCESS | Errno::PERM) => Link::Denied,
        Err(_) => Link::None,
    }
}

/// What the machine's root is shown as in a user namespace that has no number for it (user_namespaces(7)).
const OVERFLOW_UID: u32 = 65_534;

/// The effective uid: the owner of `/proc/<pid>`. That is the machine's root also for a process that is not dumpable
/// (proc(5)) or just ending, and then the second number of the line `Uid:` in status tells, which costs more to ask for.
fn owner(dir: &OwnedFd) -> Option<u32> {
    match fstat(dir).ok()?.st_uid {
        0 | OVERFLOW_UID => numbers(&read_at(dir, "status")?, "Uid:").get(1).copied(),
        uid => Some(uid),
    }
}

/// The numbers of one line of status.
fn numbers(status: &[u8], name: &str) -> Vec<u32> {
    let status = String::from_utf8_lossy(status);
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default();
    line.split_whitespace()
        .map_while(|number| number.parse().ok())
        .collect()
}

fn strings(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|&byte| byte == 0).map(text).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

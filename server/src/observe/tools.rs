//! Finds the programs that a resume needs.

use std::{
    fs,
    io::Read as _,
    os::{fd::AsRawFd as _, unix::fs::PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{FileType, Mode, OFlags, fstat, open};

/// Where programs are looked for.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The directories of `PATH`, in order.
    pub search_path: Vec<PathBuf>,
    /// The home of the user who will run the program.
    pub home: PathBuf,
    /// The configured `claude`.
    pub claude: Option<PathBuf>,
}

/// Far more than anybody's `~/.npmrc` has.
const MAX_BYTES: u64 = 64 * 1024;

impl Tools {
    /// Finds `claude`: as configured, on `PATH`, then where its installers put it. A host started from a
    /// desktop or as a service has a short `PATH`.
    pub fn claude(&self) -> Option<PathBuf> {
        if let Some(configured) = &self.claude {
            return is_program(configured).then(|| configured.clone());
        }
        let home = &self.home;
        let mut places = self.search_path.clone();
        places.extend([home.join(".local/bin"), home.join(".claude/local")]);
        places.extend(npm_prefix(home).map(|prefix| prefix.join("bin")));
        places.extend([".npm-global/bin", ".volta/bin", ".bun/bin"].map(|place| home.join(place)));
        places.extend(node_versions(home));
        places.extend([PathBuf::from("/usr/local/bin"), PathBuf::from("/usr/bin")]);
        find_in(&places, "claude")
    }

    pub fn tmux(&self) -> Option<PathBuf> {
        self.program("tmux")
    }

    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let mut places = self.search_path.clone();
        places.extend(["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"].map(PathBuf::from));
        find_in(&places, name)
    }
}

fn find_in(places: &[PathBuf], name: &str) -> Option<PathBuf> {
    places
        .iter()
        // An empty or relative part of PATH means our own working directory, which says nothing here.
        .filter(|place| place.is_absolute())
        .map(|place| place.join(name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The line `prefix=` of `~/.npmrc` (npmrc(5)).
fn npm_prefix(home: &Path) -> Option<PathBuf> {
    let text = small_file(&home.join(".npmrc"))?;
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "prefix").then(|| value.trim().trim_matches('"'))
    })?;
    let from_home = value
        .strip_prefix("~/")
        .or_else(|| value.strip_prefix("${HOME}/"));
    Some(from_home.map_or_else(|| PathBuf::from(value), |rest| home.join(rest)))
}

/// Reads a file of somebody's home: it may be a FIFO that nobody writes to, have no end, or lead to a device that
/// does something when it is opened. Opening the place alone (`O_PATH`) does nothing, and names the same file from then on.
fn small_file(path: &Path) -> Option<String> {
    let place = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    if FileType::from_raw_mode(fstat(&place).ok()?.st_mode) != FileType::RegularFile {
        return None;
    }
    let file = fs::File::open(format!("/proc/self/fd/{}", place.as_raw_fd())).ok()?;
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// nvm's versions, newest first.
fn node_versions(home: &Path) -> Vec<PathBuf> {
    let Ok(listing) = fs::read_dir(home.join(".nvm/versions/node")) else {
        return Vec::new();
    };
    let mut versions: Vec<_> = listing.flatten().map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let numbers: Vec<u32> = name
            .trim_start_matches('v')
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect();
        std::cmp::Reverse(numbers)
    });
    versions
        .into_iter()
        .map(|version| version.join("bin"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn claude_is_found_where_its_installers_put_it_and_path_comes_first() {
        let home = tempfile::tempdir().unwrap();
        let at = |place: &str| home.path().join(place);
        let mut tools = Tools {
            search_path: vec![at("path")],
            home: home.path().to_owned(),
            claude: None,
        };
        // From the last resort to the first choice: each new one wins over those before.
        for place in [
            ".nvm/versions/node/v9.9.0/bin/claude",
            ".nvm/versions/node/v22.1.0/bin/claude",
            ".volta/bin/claude",
            "prefix/bin/claude",
            ".claude/local/claude",
            ".local/bin/claude",
            "path/claude",
        ] {
            fs::write(at(".npmrc"), "fund=false\nprefix=~/prefix\n").unwrap();
            program(&at(place));
            assert_eq!(tools.claude(), Some(at(place)));
        }
        program(&at("own/claude-2"));
        tools.claude = Some(at("own/claude-2"));
        assert_eq!(tools.claude(), Some(at("own/claude-2")));
        // What was configured and is not there is not replaced by something else.
        tools.claude = Some(at("own/missing"));
        assert_eq!(tools.claude(), None);
    }

    #[test]
    fn neither_a_relative_path_nor_an_npmrc_that_is_no_file_leads_anywhere() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let home = tempfile::tempdir().unwrap();
        program(&home.path().join("there"));
        // From wherever the test runs, up to the root and down again.
        let relative = Path::new(&"../".repeat(40)).join(home.path().strip_prefix("/").unwrap());
        assert!(is_program(&relative.join("there")));
        assert_eq!(find_in(&[relative], "there"), None);
        // Opened without thought, a FIFO waits for its writer for ever.
        let npmrc = home.path().join(".npmrc");
        mknodat(CWD, &npmrc, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(npm_prefix(home.path()), None);
    }

    #[test]
    fn what_can_not_be_executed_is_not_a_program() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("path/claude")).unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        assert!(!is_program(&home.path().join("path/claude")));
        assert!(!is_program(&home.path().join("file")));
    }
}

//! Finds the programs that a resume needs.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

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
        .map(|place| place.join(name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The line `prefix=` of `~/.npmrc` (npmrc(5)).
fn npm_prefix(home: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(home.join(".npmrc")).ok()?;
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "prefix").then(|| value.trim().trim_matches('"'))
    })?;
    let from_home = value
        .strip_prefix("~/")
        .or_else(|| value.strip_prefix("${HOME}/"));
    Some(from_home.map_or_else(|| PathBuf::from(value), |rest| home.join(rest)))
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
    fn what_can_not_be_executed_is_not_a_program() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("path/claude")).unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        assert!(!is_program(&home.path().join("path/claude")));
        assert!(!is_program(&home.path().join("file")));
    }
}

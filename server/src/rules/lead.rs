//! Where a path leads, whether or not there is anything.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// The kernel follows no more links than this (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Makes an absolute path canonical as the kernel would, also where its end is not there yet: a link that leads to no file is
/// still where a new file would be made.
pub fn canonical(path: &Path) -> PathBuf {
    // In all, however they branch: links to links to links would take for ever otherwise.
    followed(path, &mut { MOST_LINKS })
}

fn followed(path: &Path, links: &mut usize) -> PathBuf {
    let mut place = PathBuf::from("/");
    for component in path.components() {
        match component {
            // What stands there depends on who looks: for us it would be about us.
            Component::Normal(_) | Component::ParentDir if place.starts_with("/proc") => {
                place.push(component);
            }
            Component::Normal(name) => place = step(place.join(name), links),
            Component::ParentDir => drop(place.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    place
}

/// One more name, below a place that is canonical.
fn step(next: PathBuf, links: &mut usize) -> PathBuf {
    match (fs::read_link(&next), next.parent()) {
        (Ok(target), Some(parent)) if *links > 0 => {
            *links -= 1;
            followed(&parent.join(target), links)
        }
        _ => next,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_where_nothing_is_yet() {
        let dir = tempfile::tempdir().unwrap();
        let root = canonical(dir.path());
        fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a/b", root.join("in")).unwrap();
        symlink("../new", root.join("a/nowhere")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let check = |path: &str, expected: &str| {
            assert_eq!(canonical(&root.join(path)), root.join(expected), "{path}");
        };
        check("in", "a/b");
        check("in/x/y", "a/b/x/y");
        check("in/../x", "a/x");
        check("none/../x", "x");
        check("a/nowhere", "new");
        check("a/nowhere/x", "new/x");
        check("loop/x", "loop/x");
        for number in 0..MOST_LINKS {
            let next = number + 1;
            symlink(
                format!("l{next}/../l{next}"),
                root.join(format!("l{number}")),
            )
            .unwrap();
        }
        symlink("/proc/self/cwd", root.join("own")).unwrap();
        assert_eq!(
            canonical(&root.join("own/../x")),
            Path::new("/proc/self/cwd/../x")
        );
        // It ends, and is nowhere: the kernel goes no such way.
        canonical(&root.join("l0/x"));
        assert_eq!(
            canonical(Path::new("/../../nowhere/./x")),
            Path::new("/nowhere/x")
        );
    }
}

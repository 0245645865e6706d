//! The hooks that a session in a terminal is given as we start it, so that what it asks can be answered from here.
//!
//! They are those entries of `hooks install --approvals` that asking needs, handed to Claude Code on its command line: nobody's
//! settings are touched. Claude Code runs them beside those of the settings, the same command once, and none where the settings
//! switch hooks off (2.1.197, 2.1.329). Does not know who starts a session, nor how.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use session_core::{hook::Event, settings};

use super::{binary, release::Release, settings_file::SettingsFile};

/// The question itself, and what tells that the terminal has answered it: after a refusal the question's own hook is ended, and
/// after a tool that ran the session may ask the next thing before anybody has looked. Old reports go when a session starts.
const EVENTS: [Event; 4] = [
    Event::SessionStart,
    Event::PermissionRequest,
    Event::PostToolUse,
    Event::PostToolUseFailure,
];

/// The release of the program that was started last: asking it takes half a second.
#[derive(Debug, Default)]
pub struct Given {
    known: Mutex<Option<(Stamp, Option<Release>)>>,
}

/// Tells one version of a program's file from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    /// In nanoseconds, and the seconds before them.
    changed: (i64, i64),
}

impl Given {
    /// What `--settings` of this program is to be, in a home with these settings; `None` where it would not understand it, asks
    /// us by its settings already, or runs no hooks.
    pub fn settings(&self, claude: &Path, config_dir: &Path) -> Option<String> {
        let installed = SettingsFile::read(config_dir).ok();
        let installed = installed.and_then(|file| file.text);
        if installed.as_deref().is_some_and(asks_or_runs_none) {
            return None;
        }
        let known = Release::events(self.release(claude));
        if !EVENTS.iter().all(|event| known.contains(event)) {
            return None;
        }
        let text = settings::install_with_approvals("{}", &binary().ok()?, &EVENTS).ok()?;
        let settings: Value = serde_json::from_str(&text).ok()?;
        Some(settings.to_string())
    }

    fn release(&self, claude: &Path) -> Option<Release> {
        let stamp = Stamp::of(claude)?;
        // Whoever comes meanwhile waits for the same answer.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, release)) = known.as_ref().filter(|(known, _)| *known == stamp) {
            return *release;
        }
        let release = Release::of(claude);
        *known = Some((stamp, release));
        release
    }
}

impl Stamp {
    fn of(program: &Path) -> Option<Self> {
        let file = fs::metadata(program).ok()?;
        Some(Self {
            path: program.to_owned(),
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            changed: (file.ctime_nsec(), file.ctime()),
        })
    }
}

/// Whether a session with these settings asks us by itself, or would not run what it is given.
fn asks_or_runs_none(text: &str) -> bool {
    let asks = settings::entries(text).is_ok_and(|entries| {
        entries.iter().any(|entry| {
            let is_there = |binary: &String| Path::new(binary).exists();
            entry.event == Event::PermissionRequest.name()
                && entry.approvals
                && entry.binary.as_ref().is_some_and(is_there)
        })
    });
    asks || settings::disables_hooks(text).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Rig {
        root: tempfile::TempDir,
        given: Given,
    }

    impl Rig {
        fn new(version: &str) -> Self {
            let rig = Self {
                root: tempfile::tempdir().unwrap(),
                given: Given::default(),
            };
            rig.update(version);
            rig
        }

        fn update(&self, version: &str) {
            let next = self.root.path().join("next");
            let asked = self.root.path().join("asked");
            let script = format!(
                "#!/bin/sh\necho \"$1\" >>'{}'\necho '{version} (Claude Code)'\n",
                asked.display()
            );
            fs::write(&next, script).unwrap();
            fs::set_permissions(&next, fs::Permissions::from_mode(0o755)).unwrap();
            fs::rename(next, self.claude()).unwrap();
        }

        fn claude(&self) -> PathBuf {
            self.root.path().join("claude")
        }

        fn settings(&self) -> Option<Value> {
            let settings = self.given.settings(&self.claude(), self.root.path())?;
            assert!(!settings.contains('\n'));
            Some(serde_json::from_str(&settings).unwrap())
        }

        fn installed(&self, text: &str) {
            fs::write(self.root.path().join("settings.json"), text).unwrap();
        }
    }

    #[test]
    fn a_session_is_given_what_an_installation_would_put_into_its_settings() {
        let rig = Rig::new("2.1.329");
        let given = rig.settings().unwrap();
        let hooks = given["hooks"].as_object().unwrap();
        assert_eq!(hooks.len(), EVENTS.len());
        let asks = &hooks["PermissionRequest"][0]["hooks"][0];
        let text = settings::install_with_approvals("{}", &binary().unwrap(), &Event::ALL).unwrap();
        let installed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            *asks,
            installed["hooks"]["PermissionRequest"][0]["hooks"][0]
        );
        assert!(asks["command"].as_str().unwrap().contains("' hook --ask "));
    }

    #[test]
    fn it_is_given_nothing_where_it_asks_already_or_runs_no_hooks() {
        let rig = Rig::new("2.1.197");
        let with_approvals =
            |binary| settings::install_with_approvals("{}", binary, &Event::ALL).unwrap();
        rig.installed(&with_approvals("/bin/sh"));
        assert_eq!(rig.settings(), None);
        rig.installed(r#"{"disableAllHooks": true}"#);
        assert_eq!(rig.settings(), None);
        // What these would run is not there, or asks nobody.
        rig.installed(&with_approvals("/nowhere/session-manager"));
        assert!(rig.settings().is_some());
        rig.installed(&settings::install("{}", "/bin/sh", &Event::ALL).unwrap());
        assert!(rig.settings().is_some());
        // Claude Code does not understand these either.
        rig.installed("{");
        assert!(rig.settings().is_some());
    }

    #[test]
    fn a_version_is_asked_for_once_and_again_after_an_update() {
        let rig = Rig::new("2.0.30");
        assert_eq!(rig.settings(), None);
        assert_eq!(rig.settings(), None);
        rig.update("2.1.329");
        assert!(rig.settings().is_some());
        let asked = fs::read_to_string(rig.root.path().join("asked")).unwrap();
        assert_eq!(asked, "--version\n--version\n");
        fs::remove_file(rig.claude()).unwrap();
        assert_eq!(rig.settings(), None);
    }
}

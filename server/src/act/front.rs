//! What stands in front of a program that is to outlive us: a limit, a way out of our systemd unit, another user.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// A user that root runs programs as.
#[derive(Clone, Debug)]
pub struct OtherUser {
    /// runuser(1).
    pub runuser: PathBuf,
    pub name: String,
    pub home: PathBuf,
    pub shell: PathBuf,
}

/// A way out of the systemd unit that we run in: when a unit stops, systemd ends every process in its
/// cgroup, however far it has been detached (systemd.kill(5)).
#[derive(Clone, Debug)]
pub struct WayOut {
    /// systemd-run(1).
    pub systemd_run: PathBuf,
    /// `/run/user/<uid>`, where the user's own systemd listens; `None` for root, who asks the system's.
    pub runtime_dir: Option<PathBuf>,
    pub means: Means,
}

/// How much has to be left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// The cgroup: our child moves into another one.
    Scope,
    /// The unit's sandbox as well, which no child of ours ever loses: systemd itself starts the program.
    Service,
}

/// The limit of open files that we were started with. Ours was raised since, and a program that counts on
/// select(2), or closes each descriptor that it may have, is not served by that.
#[derive(Clone, Debug)]
pub struct OpenFiles {
    /// prlimit(1).
    pub prlimit: PathBuf,
    pub soft: u64,
}

/// What of our environment another user's program gets, besides `LC_*`: root's may hold secrets, and whoever
/// owns a process reads its environment.
const HANDED_ON: [&str; 6] = ["PATH", "LANG", "LANGUAGE", "TERM", "TZ", "TMUX_TMPDIR"];

/// Who somebody is. What systemd starts for root has none of it.
const IDENTITY: [&str; 4] = ["HOME", "SHELL", "USER", "LOGNAME"];

impl WayOut {
    /// Returns the way out of the unit that `cgroup`, the content of `/proc/self/cgroup`, names; `None`
    /// outside of a service. `status` is `/proc/self/status`.
    pub fn of(cgroup: &str, status: &str, systemd_run: PathBuf, uid: u32) -> Option<Self> {
        // The innermost unit is the one that ends: a user's own manager is a service, too.
        let in_service = cgroup.lines().any(|line| {
            let unit = |part: &&str| part.ends_with(".service") || part.ends_with(".scope");
            line.rsplit('/')
                .find(unit)
                .is_some_and(|unit| unit.ends_with(".service"))
        });
        let runtime_dir = (uid != 0).then(|| PathBuf::from(format!("/run/user/{uid}")));
        in_service.then_some(Self {
            systemd_run,
            runtime_dir,
            means: if is_confined(status) {
                Means::Service
            } else {
                Means::Scope
            },
        })
    }

    fn words(&self, means: &[&str]) -> Vec<OsString> {
        let manager = self.runtime_dir.as_ref().map(|_| "--user");
        let options = manager
            .into_iter()
            .chain(means.iter().copied())
            .chain(["--quiet", "--collect"]);
        let program = OsString::from(&self.systemd_run);
        [program]
            .into_iter()
            .chain(options.map(OsString::from))
            .collect()
    }
}

/// Whether programs that we start would lose rights for good: `NoNewPrivs` (sudo fails) or a seccomp filter.
fn is_confined(status: &str) -> bool {
    let field = |name| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse::<u32>().ok()
    };
    field("NoNewPrivs:") == Some(1) || field("Seccomp:") == Some(2)
}

/// All that may stand in front.
#[derive(Clone, Copy, Debug, Default)]
pub struct Front<'a> {
    pub open_files: Option<&'a OpenFiles>,
    pub way_out: Option<&'a WayOut>,
    pub user: Option<&'a OtherUser>,
    pub cwd: Option<&'a Path>,
}

impl Front<'_> {
    /// The command that runs `program` behind all of this.
    pub fn command(&self, program: &Path, arguments: Vec<OsString>) -> Command {
        let service = self
            .way_out
            .filter(|way_out| way_out.means == Means::Service);
        let mut words: Vec<OsString> = Vec::new();
        if let Some(scope) = self.way_out {
            words.extend(scope.words(&["--scope"]));
            words.push("--".into());
        }
        if let Some(user) = self.user {
            words.extend([OsString::from(&user.runuser), "-u".into()]);
            words.extend([OsString::from(&user.name), "--".into()]);
        }
        // Entered as the other user: root would get where that user may not. What systemd starts has a
        // directory of its own.
        let enters = self.user.is_some() || service.is_some();
        if let Some(cwd) = self.cwd.filter(|_| enters) {
            words.extend(["/usr/bin/env".into(), "-C".into(), cwd.into()]);
        }
        words.push(program.into());
        words.extend(arguments);
        if let Some(service) = service {
            words = self.in_service(service, words);
        } else if let Some(limit) = self.open_files {
            let soft = format!("--nofile={}:", limit.soft);
            words.splice(0..0, [OsString::from(&limit.prlimit), soft.into()]);
        }
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        if self.user.is_some() {
            // runuser(1) keeps the caller's environment with `-u`.
            command.env_clear().envs(self.environment());
        }
        if let Some(runtime_dir) = self.way_out.and_then(|way| way.runtime_dir.as_ref()) {
            command.env("XDG_RUNTIME_DIR", runtime_dir);
        }
        match self.cwd {
            _ if enters => drop(command.current_dir("/")),
            Some(cwd) => drop(command.current_dir(cwd)),
            None => {}
        }
        command
    }

    /// `words` started by systemd. They move on into a scope: a service that has done its work would end
    /// what it leaves behind.
    fn in_service(&self, service: &WayOut, words: Vec<OsString>) -> Vec<OsString> {
        // `oneshot`: systemd-run(1) returns when the words have been carried out, and tells whether they were.
        let mut started = service.words(&["--service-type=oneshot"]);
        started.extend(self.environment().into_iter().map(|(name, value)| {
            let mut word = OsString::from("--setenv=");
            word.push(name);
            word.push("=");
            word.push(value);
            word
        }));
        started.push("--".into());
        started.extend(words.into_iter().map(unexpanded));
        started
    }

    /// What a program gets that does not inherit our environment.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let ours = std::env::vars_os();
        let Some(user) = self.user else {
            let is_ours =
                |name: &OsStr| is_handed_on(name) || IDENTITY.iter().any(|it| name == *it);
            return ours.filter(|(name, _)| is_ours(name)).collect();
        };
        let name = OsString::from(&user.name);
        let values = [
            OsString::from(&user.home),
            OsString::from(&user.shell),
            name.clone(),
            name,
        ];
        let theirs = IDENTITY.map(OsString::from).into_iter().zip(values);
        ours.filter(|(name, _)| is_handed_on(name))
            .chain(theirs)
            .collect()
    }
}

fn is_handed_on(name: &OsStr) -> bool {
    HANDED_ON.iter().any(|kept| name == *kept) || name.as_encoded_bytes().starts_with(b"LC_")
}

/// systemd replaces `$NAME` and `${NAME}` in the words of a service (systemd.service(5)).
fn unexpanded(word: OsString) -> OsString {
    let double = |byte: u8| std::iter::repeat_n(byte, if byte == b'$' { 2 } else { 1 });
    OsString::from_vec(word.into_vec().into_iter().flat_map(double).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str =
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/cloudcli.service\n";
    const FREE: &str = "Name:\tsession-manager\nNoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n";

    fn way_out(cgroup: &str, status: &str, uid: u32) -> Option<WayOut> {
        WayOut::of(cgroup, status, PathBuf::from("/bin/systemd-run"), uid)
    }

    fn dev() -> OtherUser {
        OtherUser {
            runuser: "/bin/runuser".into(),
            name: "dev".to_owned(),
            home: "/home/dev".into(),
            shell: "/bin/sh".into(),
        }
    }

    /// The words but for those that say what our own environment happens to be.
    fn spelled(front: Front<'_>) -> String {
        let front = Front {
            cwd: Some(Path::new("/srv/$x")),
            ..front
        };
        let command = front.command(Path::new("/bin/tmux"), vec!["-V".into()]);
        let words = [command.get_program()]
            .into_iter()
            .chain(command.get_args())
            .map(|word| word.to_str().unwrap());
        words
            .filter(|word| !word.starts_with("--setenv="))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_service_starts_its_sessions_outside_of_its_own_unit() {
        let terminal = "0::/user.slice/user-1000.slice/session-2.scope\n";
        let desktop =
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-term-1.scope\n";
        for outside in [terminal, desktop, "0::/\n"] {
            assert!(way_out(outside, FREE, 1000).is_none());
        }
        assert!(way_out("0::/system.slice/cloudcli.service/sub\n", FREE, 0).is_some());
        let own = way_out(UNIT, FREE, 1000);
        let front = Front {
            way_out: own.as_ref(),
            ..Front::default()
        };
        assert_eq!(
            spelled(front),
            "/bin/systemd-run --user --scope --quiet --collect -- /bin/tmux -V"
        );
        let roots = way_out(UNIT, FREE, 0);
        let front = Front {
            way_out: roots.as_ref(),
            user: Some(&dev()),
            ..Front::default()
        };
        assert_eq!(
            spelled(front),
            "/bin/systemd-run --scope --quiet --collect -- /bin/runuser -u dev -- /usr/bin/env -C /srv/$x /bin/tmux -V"
        );
    }

    #[test]
    fn a_sandboxed_service_has_systemd_start_its_sessions() {
        for confined in [
            "NoNewPrivs:\t1\nSeccomp:\t0\n",
            "NoNewPrivs:\t0\nSeccomp:\t2\n",
        ] {
            // A container has filters too, and no unit.
            assert!(way_out("0::/\n", confined, 1000).is_none());
            let own = way_out(UNIT, confined, 1000);
            let front = Front {
                way_out: own.as_ref(),
                ..Front::default()
            };
            assert_eq!(
                spelled(front),
                "/bin/systemd-run --user --service-type=oneshot --quiet --collect -- \
                 /bin/systemd-run --user --scope --quiet --collect -- \
                 /usr/bin/env -C /srv/$$x /bin/tmux -V"
            );
        }
    }

    #[test]
    fn the_limit_that_we_raised_is_not_handed_on() {
        let limit = OpenFiles {
            prlimit: "/bin/prlimit".into(),
            soft: 1024,
        };
        let front = Front {
            open_files: Some(&limit),
            ..Front::default()
        };
        assert_eq!(spelled(front), "/bin/prlimit --nofile=1024: /bin/tmux -V");
    }

    #[test]
    fn another_user_gets_no_more_of_the_environment_than_is_listed() {
        let names = |front: Front<'_>| -> Vec<String> {
            let command = front.command(Path::new("/bin/tmux"), Vec::new());
            let set = command.get_envs().filter(|(_, value)| value.is_some());
            set.map(|(name, _)| name.to_str().unwrap().to_owned())
                .collect()
        };
        // Nothing is said of what is inherited.
        assert!(names(Front::default()).is_empty());
        let dev = dev();
        let names = names(Front {
            user: Some(&dev),
            ..Front::default()
        });
        assert!(
            ["HOME", "LOGNAME", "SHELL", "USER"]
                .iter()
                .all(|name| names.iter().any(|set| set == name))
        );
        for name in names {
            let listed = IDENTITY.contains(&name.as_str());
            assert!(listed || is_handed_on(OsStr::new(&name)), "{name}");
        }
        for secret in [
            "ANTHROPIC_API_KEY",
            "SSH_AUTH_SOCK",
            "XDG_RUNTIME_DIR",
            "PATHS",
            "XLC_ALL",
        ] {
            assert!(!is_handed_on(OsStr::new(secret)), "{secret}");
        }
    }
}

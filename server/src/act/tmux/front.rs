//! What stands in front of tmux on the command line: another user, a way out of our systemd unit.

use std::{
    ffi::OsString,
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
pub struct Scope {
    /// systemd-run(1).
    pub systemd_run: PathBuf,
    /// `/run/user/<uid>`, where the user's own systemd listens; `None` for root, who asks the system's.
    pub runtime_dir: Option<PathBuf>,
}

impl Scope {
    /// Returns the way out of the unit that `cgroup`, the content of `/proc/self/cgroup`, names; `None`
    /// outside of a service.
    pub fn out_of(cgroup: &str, systemd_run: PathBuf, uid: u32) -> Option<Self> {
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
        })
    }
}

/// The command that runs `program` as `user`, in `scope` and in `cwd`; its own words are still to come.
pub(super) fn command(
    program: &Path,
    user: Option<&OtherUser>,
    scope: Option<&Scope>,
    cwd: Option<&Path>,
) -> Command {
    let mut words: Vec<OsString> = Vec::new();
    if let Some(scope) = scope {
        words.push(scope.systemd_run.clone().into());
        let manager = scope.runtime_dir.as_ref().map(|_| "--user");
        words.extend(
            manager
                .into_iter()
                .chain(["--scope", "--quiet", "--collect", "--"])
                .map(OsString::from),
        );
    }
    if let Some(user) = user {
        words.push(user.runuser.clone().into());
        words.extend(["-u", &user.name, "--"].map(OsString::from));
        if let Some(cwd) = cwd {
            // Entered as that user: root would get where the user may not.
            words.extend(["/usr/bin/env".into(), "-C".into(), cwd.into()]);
        }
    }
    words.push(program.into());
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    if let Some(runtime_dir) = scope.and_then(|scope| scope.runtime_dir.as_ref()) {
        command.env("XDG_RUNTIME_DIR", runtime_dir);
    }
    match (user, cwd) {
        (None, Some(cwd)) => drop(command.current_dir(cwd)),
        (Some(_), _) => drop(command.current_dir("/")),
        (None, None) => {}
    }
    if let Some(user) = user {
        // runuser(1) keeps the caller's environment with `-u`.
        command
            .env("HOME", &user.home)
            .env("SHELL", &user.shell)
            .env("USER", &user.name)
            .env("LOGNAME", &user.name)
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("XDG_CONFIG_HOME");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(user: Option<&OtherUser>, scope: Option<&Scope>) -> String {
        let command = command(Path::new("/bin/tmux"), user, scope, Some(Path::new("/srv")));
        let words = [command.get_program()]
            .into_iter()
            .chain(command.get_args());
        words
            .map(|word| word.to_str().unwrap())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_service_starts_its_sessions_outside_of_its_own_unit() {
        let systemd_run = || PathBuf::from("/bin/systemd-run");
        let unit = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/cloudcli.service\n";
        let terminal = "0::/user.slice/user-1000.slice/session-2.scope\n";
        let desktop =
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-term-1.scope\n";
        for outside in [terminal, desktop, "0::/\n"] {
            assert!(Scope::out_of(outside, systemd_run(), 1000).is_none());
        }
        assert!(
            Scope::out_of("0::/system.slice/cloudcli.service/sub\n", systemd_run(), 0).is_some()
        );
        assert_eq!(
            spelled(None, Scope::out_of(unit, systemd_run(), 1000).as_ref()),
            "/bin/systemd-run --user --scope --quiet --collect -- /bin/tmux"
        );
        let user = OtherUser {
            runuser: "/bin/runuser".into(),
            name: "dev".to_owned(),
            home: "/home/dev".into(),
            shell: "/bin/sh".into(),
        };
        assert_eq!(
            spelled(Some(&user), Scope::out_of(unit, systemd_run(), 0).as_ref()),
            "/bin/systemd-run --scope --quiet --collect -- /bin/runuser -u dev -- /usr/bin/env -C /srv /bin/tmux"
        );
    }
}

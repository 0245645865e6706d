//! Who runs a session that is started, and behind which words.

use std::{ffi::OsString, path::Path};

use nix::unistd::{Uid, User};

use super::super::{Inner, ServiceError};
use crate::{
    act::front::{OpenFiles, OtherUser, WayOut},
    observe::{Home, Origin, tools::Tools},
};

impl Inner {
    /// Who runs the session: the configured user; for root, the owner of the conversation's home, so that no
    /// file in it ever becomes root's; else ourselves.
    pub(in crate::service) fn runner(&self, home: &Home) -> Result<User, ServiceError> {
        let owner = home.owner().map_err(|error| {
            ServiceError::fault("The owner of the conversation's home can't be told", error)
        })?;
        let owner = Uid::from_raw(owner);
        let found = match &self.config.user {
            Some(name) => User::from_name(name),
            None if Uid::effective().is_root() => User::from_uid(owner),
            None => User::from_uid(Uid::effective()),
        };
        let is_root = Uid::effective().is_root();
        let stranger = is_root && !self.observer.home_owners().contains(&owner.as_raw());
        if let Ok(Some(user)) = &found
            && (stranger || (home.origin == Origin::Found && user.uid != owner))
        {
            return Err(ServiceError::fault(
                format!(
                    "The conversation is another user's; name {} in homes to resume it",
                    home.dir.display()
                ),
                "a home that was found by itself is not run in by anybody but its owner, and not by root for itself",
            ));
        }
        match found {
            // Our own HOME may be another one than the password file's.
            Ok(Some(user)) if user.uid == Uid::effective() => Ok(User {
                dir: self.config.home.clone(),
                ..user
            }),
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(ServiceError::fault(
                "The user to run the session as is not in the password file",
                "no such user",
            )),
            Err(error) => Err(ServiceError::fault(
                "The password file can't be read",
                error,
            )),
        }
    }
}

pub(in crate::service) fn other_user(
    user: &User,
    tools: &Tools,
) -> Result<Option<OtherUser>, ServiceError> {
    if user.uid == Uid::effective() {
        return Ok(None);
    }
    let runuser = tools.program("runuser").ok_or_else(|| {
        ServiceError::fault("runuser was not found; install util-linux", "no runuser")
    })?;
    Ok(Some(OtherUser {
        runuser,
        name: user.name.clone(),
        home: user.dir.clone(),
        shell: user.shell.clone(),
    }))
}

pub(in crate::service) fn way_out(tools: &Tools) -> Option<WayOut> {
    let of_us = |file| std::fs::read_to_string(format!("/proc/self/{file}")).ok();
    WayOut::of(
        &of_us("cgroup")?,
        &of_us("status")?,
        tools.program("systemd-run")?,
        Uid::effective().as_raw(),
    )
}

/// `soft` is the limit that we were started with.
pub(in crate::service) fn open_files(soft: Option<u64>, tools: &Tools) -> Option<OpenFiles> {
    Some(OpenFiles {
        soft: soft?,
        prlimit: tools.program("prlimit")?,
    })
}

impl Inner {
    /// What has a session in a terminal ask us as well, one word; `None` where it can't or does so anyway.
    pub(in crate::service) fn asking(&self, claude: &Path, home: &Home) -> Option<OsString> {
        // Its hooks look for us in the home that they are told.
        let is_ours = variable(home) != "HOME" || home.dir == self.config.home;
        let settings = is_ours.then(|| self.given.settings(claude, &home.config_dir));
        Some(format!("--settings={}", settings??).into())
    }
}

/// What points Claude Code at a home. It is set even where it is the user's own: a tmux server that runs
/// already has an environment of its own.
pub(in crate::service) fn variable(home: &Home) -> &'static str {
    if home.dir == home.config_dir {
        "CLAUDE_CONFIG_DIR"
    } else {
        "HOME"
    }
}

/// The words before those that start Claude Code, env(1): what a running tmux server has set can be replaced through tmux,
/// but not removed.
pub(in crate::service) fn cleared(tools: &Tools, home: &Home) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    if let Some(env) = tools.program("env") {
        words.push(env.into());
        for name in ["CLAUDE_CONFIG_DIR", "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT"] {
            if name != variable(home) {
                words.extend(["-u".into(), name.into()]);
            }
        }
    }
    words
}

pub(in crate::service) fn no_claude(tools: &Tools) -> ServiceError {
    ServiceError::NoClaude(match &tools.claude {
        Some(configured) => format!("The configured claude, {}, is not there; correct the key claude.", configured.display()),
        None => "Claude Code was not found; install it, or name it with the key claude in the configuration.".to_owned(),
    })
}

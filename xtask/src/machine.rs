//! What the chores need on the machine beyond cargo: programs, fonts, targets of the compiler.
//!
//! Root gets what is missing installed; anybody else is told its names. Nothing is skipped for want of it.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{cargo, workspace};

/// Something that Debian's package `package` brings.
pub(crate) struct Need {
    package: &'static str,
    found: Found,
}

/// How one sees that it is there.
enum Found {
    /// Any of these programs lies on `PATH`.
    Program(&'static [&'static str]),
    File(&'static str),
}

const fn program(package: &'static str, names: &'static [&'static str]) -> Need {
    Need {
        package,
        found: Found::Program(names),
    }
}

/// For `cargo xtask test`: a terminal for sessions, a browser for the page, and what the server is packed for.
pub(crate) const TEST: [Need; 7] = [
    program("tmux", &["tmux"]),
    program(
        "chromium",
        &["chromium", "chromium-browser", "google-chrome"],
    ),
    Need {
        package: "fonts-dejavu-core",
        found: Found::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    },
    program("iproute2", &["ip"]),
    program("util-linux", &["unshare"]),
    program("systemd", &["systemd-run"]),
    program("buildah", &["buildah"]),
];

/// For the real host: it is installed by git and npm, and compiles one of its modules.
pub(crate) const HOST: [Need; 4] = [
    program("git", &["git"]),
    program("python3", &["python3"]),
    program("make", &["make"]),
    program("g++", &["g++", "c++"]),
];

/// For `cargo xtask bench`: a machine of its own.
pub(crate) const BENCH: [Need; 1] = [program("util-linux", &["unshare"])];

/// For `cargo xtask dist --check`: the binary of the other machine is started.
pub(crate) const EMULATOR: [Need; 1] = [program(
    "qemu-user-static",
    &["qemu-aarch64-static", "qemu-x86_64-static"],
)];

/// Sees to it that everything of `needs` is there.
pub(crate) fn provide<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Result<()> {
    let missing: Vec<&str> = needs
        .into_iter()
        .filter(|need| !need.is_there())
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let can_install = our_uid()? == 0 && on_path("apt-get").is_some();
    ensure!(
        can_install,
        "missing on this machine: {names}\nas root: apt-get install --no-install-recommends {names}"
    );
    workspace::say(&format!("installing {names}"));
    let apt = |words: &[&str]| {
        let mut command = cargo::command("apt-get");
        command
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null());
        cargo::run(&mut command)
    };
    apt(&["update", "-qq"])?;
    apt(&[
        &["install", "-y", "-qq", "--no-install-recommends"],
        missing.as_slice(),
    ]
    .concat())
}

impl Need {
    fn is_there(&self) -> bool {
        match self.found {
            Found::Program(names) => names.iter().any(|name| on_path(name).is_some()),
            Found::File(path) => Path::new(path).exists(),
        }
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Our user's number. `id` spares the chores a crate for one system call.
pub(crate) fn our_uid() -> Result<u32> {
    let text = cargo::output(cargo::command("id").arg("-u"))?;
    text.trim().parse().context("`id -u` wrote no number")
}

/// Sees to it that the compiler can build for `targets`.
pub(crate) fn provide_targets(targets: &[&str]) -> Result<()> {
    for target in targets {
        let mut question = cargo::command("rustc");
        let folder =
            cargo::output(question.args(["--print", "target-libdir", "--target", target]))?;
        if Path::new(folder.trim()).exists() {
            continue;
        }
        rustup(&["target", "add", target])?;
    }
    Ok(())
}

/// Sees to it that `cargo <name>` is there for each of `components`.
pub(crate) fn provide_components(components: &[(&str, &str)]) -> Result<()> {
    for (component, subcommand) in components {
        let mut probe = cargo::cargo();
        probe
            .args([subcommand, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if !probe.status().is_ok_and(|status| status.success()) {
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(words: &[&str]) -> Result<()> {
    if on_path("rustup").is_none() {
        bail!(
            "this Rust lacks a part, and rustup is not on PATH to get it: rustup {}",
            words.join(" ")
        );
    }
    let mut command: Command = cargo::command("rustup");
    cargo::run(command.args(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_installed_again() {
        let shell = program("dash", &["no-such-shell", "sh"]);
        let root = Need {
            package: "base-files",
            found: Found::File("/"),
        };
        assert!(shell.is_there() && root.is_there());
        provide([&shell, &root]).unwrap();
    }

    #[test]
    fn what_is_not_there_is_noticed() {
        assert!(!program("none", &["no-such-program"]).is_there());
        assert!(
            !Need {
                package: "none",
                found: Found::File("/no/such/file")
            }
            .is_there()
        );
    }
}

//! Commands that run another command.

use super::simple::quoted;

/// Ways to run a command by another one: those that take it as their arguments, and those that take it as one.
pub(super) fn launched(inner: String, way: usize, single: bool) -> String {
    const WORDS: [&str; 36] = [
        "env ",
        "env -i A=b ",
        "/usr/bin/env ",
        "sudo ",
        "sudo -u root A=b ",
        "nohup ",
        "command ",
        "builtin ",
        "exec ",
        "exec -a x ",
        "nice -n 5 ",
        "timeout -k 1 5s ",
        "setsid ",
        "stdbuf -oL ",
        "xargs ",
        "xargs -n1 -I{} ",
        "busybox ",
        "strace -f ",
        "flock /x ",
        "noglob ",
        "ionice -c 3 ",
        "env - A=b ",
        "sudo -- ",
        "doas -u a ",
        "command -p -- ",
        "builtin command ",
        "watch ",
        "watch -n 1 ",
        "watch -x ",
        "ssh -p 22 h ",
        "eval ",
        "eval -- ",
        "coproc ",
        "time -p ",
        "unshare -r ",
        "foo --bar x ",
    ];
    const PROGRAMS: [&str; 41] = [
        "sh -c ",
        "bash -c ",
        "bash -lc ",
        "/bin/sh -ec ",
        "zsh -c ",
        "eval ",
        "watch ",
        "su -c ",
        "ssh host ",
        "sh <<< ",
        "env sh -c ",
        "xargs sh -c ",
        "python3 -c ",
        "script -qc ",
        "bash -c -- ",
        "bash -c - ",
        "bash -o posix -c ",
        "su u -c ",
        "su -c",
        "su --command=",
        "su <<< ",
        "sudo -s ",
        "sudo -s <<< ",
        "ssh h <<< ",
        "script -c",
        "script --command=",
        "flock /x -c ",
        "flock /x sh -c ",
        "sg g ",
        "sg g -c ",
        "at now <<< ",
        "busybox sh -c ",
        "builtin eval ",
        "mapfile -c 1 -C ",
        "sh -c 'eval \"$1\"' _ ",
        "foo ",
        "foo a ",
        "foo --exec=",
        "foo -xc",
        "foo a.b=!",
        "foo exec:",
    ];
    if inner.contains([';', '|', '&', '(', '{', '\n']) {
        // More than one command is no command's argument.
        let program = PROGRAMS[way % PROGRAMS.len()];
        return format!("{program}{}", quoted(&inner, single));
    }
    let words = WORDS.get(way % (WORDS.len() + PROGRAMS.len() + 5));
    let program =
        || PROGRAMS.get((way % (WORDS.len() + PROGRAMS.len() + 5)).wrapping_sub(WORDS.len()));
    if let Some(words) = words {
        return format!("{words}{inner}");
    }
    if let Some(program) = program() {
        return format!("{program}{}", quoted(&inner, single));
    }
    match way % 5 {
        0 => format!("find . -name y -exec {inner} \\;"),
        1 => format!("trap {} EXIT", quoted(&inner, single)),
        2 => format!("trap -- {} EXIT", quoted(&inner, single)),
        3 => format!("X={} foo", quoted(&inner, single)),
        _ => format!("find . -exec sh -c {} \\;", quoted(&inner, single)),
    }
}

//! Commands that run other commands, and those that do so in ways that are not read here.

use super::options::Options;

/// Where the command begins in the words of a command that is looked through.
pub(super) struct Wrapper {
    pub(super) names: &'static [&'static str],
    pub(super) options: Options,
    /// Other words before it.
    pub(super) operands: usize,
}

const fn options(flags: &'static str, valued: &'static str) -> Options {
    Options {
        flags,
        valued,
        long_flags: &[],
        long_valued: &[],
        long_maybe: &[],
    }
}

pub(super) const WRAPPERS: [Wrapper; 11] = [
    Wrapper {
        names: &[
            "nohup",
            "builtin",
            "noglob",
            "nocorrect",
            "-",
            "busybox",
            "toybox",
        ],
        options: options("", ""),
        operands: 0,
    },
    Wrapper {
        names: &["setsid"],
        options: Options {
            long_flags: &["ctty", "fork", "wait"],
            ..options("cfw", "")
        },
        operands: 0,
    },
    Wrapper {
        names: &["nice"],
        options: Options {
            long_valued: &["adjustment"],
            ..options("0123456789", "n")
        },
        operands: 0,
    },
    Wrapper {
        names: &["ionice"],
        options: Options {
            long_flags: &["ignore"],
            long_valued: &["class", "classdata"],
            ..options("t", "cn")
        },
        operands: 0,
    },
    Wrapper {
        names: &["time", "gtime"],
        options: Options {
            long_flags: &["portability", "verbose", "append"],
            long_valued: &["format"],
            ..options("pva", "f")
        },
        operands: 0,
    },
    Wrapper {
        names: &["timeout", "gtimeout"],
        options: Options {
            long_flags: &["foreground", "preserve-status", "verbose"],
            long_valued: &["kill-after", "signal"],
            ..options("vfp", "ks")
        },
        operands: 1,
    },
    Wrapper {
        names: &["stdbuf"],
        options: Options {
            long_valued: &["input", "output", "error"],
            ..options("", "ioe")
        },
        operands: 0,
    },
    Wrapper {
        names: &["exec"],
        options: options("cl", "a"),
        operands: 0,
    },
    Wrapper {
        names: &["taskset"],
        options: options("a", ""),
        operands: 1,
    },
    Wrapper {
        names: &["chrt"],
        options: options("bfiormRv", ""),
        operands: 1,
    },
    Wrapper {
        names: &["unbuffer"],
        options: options("p", ""),
        operands: 0,
    },
];

pub(super) const COMMAND: Options = options("pvV", "");

pub(super) const ENV: Options = Options {
    long_flags: &["ignore-environment", "null", "debug"],
    long_valued: &["unset", "chdir"],
    ..options("i0v", "uC")
};

pub(super) const SUDO: Options = Options {
    long_flags: &[
        "preserve-env",
        "set-home",
        "non-interactive",
        "stdin",
        "background",
        "login",
        "shell",
    ],
    long_valued: &["user", "group", "chdir"],
    ..options("EHnSbisPAB", "ugDpCrtTh")
};

pub(super) const DOAS: Options = options("nsL", "u");

pub(super) const XARGS: Options = Options {
    long_flags: &[
        "null",
        "no-run-if-empty",
        "verbose",
        "exit",
        "interactive",
        "open-tty",
    ],
    long_valued: &[
        "arg-file",
        "delimiter",
        "max-args",
        "max-procs",
        "max-chars",
    ],
    long_maybe: &["max-lines", "replace"],
    ..options("0rtxpo", "aEILnPsdJR")
};

pub(super) const SSH: Options = options("46AaCfGgKkMNnqsTtVvXxYy", "BbcDEeFIiJLlmOpQRSWw");

/// Programs that run what they are given in a language of their own.
pub(super) const OPAQUE: [&str; 51] = [
    "perl",
    "ruby",
    "irb",
    "ipython",
    "Rscript",
    "R",
    "julia",
    "octave",
    "elixir",
    "erl",
    "ghci",
    "guile",
    "ts-node",
    "tsx",
    "groovy",
    "scala",
    "jshell",
    "sqlite3",
    "psql",
    "mysql",
    "m4",
    "dc",
    "gnuplot",
    "ed",
    "nvim",
    "view",
    "mail",
    "mailx",
    "tmux",
    "screen",
    "node",
    "nodejs",
    "deno",
    "bun",
    "php",
    "lua",
    "luajit",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "osascript",
    "tclsh",
    "expect",
    "parallel",
    "vim",
    "vi",
    "ex",
    "emacs",
    "gdb",
    "make",
];

/// Builtins that set variables, or compute with what they are told.
pub(super) const DECLARES: [&str; 17] = [
    "set",
    "let",
    "declare",
    "typeset",
    "local",
    "export",
    "readonly",
    "read",
    "unset",
    "printf",
    "test",
    "[",
    "mapfile",
    "readarray",
    "getopts",
    "wait",
    "integer",
];

/// Builtins by which a name comes to mean something else, or a command is run later.
pub(super) const RENAMES: [&str; 21] = [
    "shopt",
    "alias",
    "hash",
    "enable",
    "bind",
    "complete",
    "compgen",
    "fc",
    "history",
    "zmodload",
    "autoload",
    "sched",
    "zle",
    "emulate",
    "functions",
    "disable",
    "zstyle",
    "repeat",
    "foreach",
    "rehash",
    "setopt",
];

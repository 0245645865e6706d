//! Commands and what they do.

use expect_test::{Expect, expect};

use super::*;

fn shown(command: &str) -> String {
    let deeds = take_apart(command);
    let line = |deed: &Deed| match deed {
        Deed::Run(run) => {
            let opaque = if run.is_opaque { " (opaque)" } else { "" };
            format!("run {}{opaque}\n", Text::joined(&run.words).shown())
        }
        Deed::Write(target) => format!("write {}{}\n", target.path.shown(), adrift(target)),
        Deed::Read(target) => format!("read {}{}\n", target.path.shown(), adrift(target)),
        Deed::Maybe(_) | Deed::Loose(_) => String::new(),
        Deed::Nameless(words) => format!("nameless {}\n", Text::joined(words).shown()),
        Deed::Unclear { shown, why } => format!("unclear {shown:?}: {why}\n"),
    };
    deeds.iter().map(line).collect()
}

fn adrift(target: &Target) -> &'static str {
    if target.is_adrift { " (adrift)" } else { "" }
}

fn check(command: &str, expected: &Expect) {
    expected.assert_eq(&shown(command));
}

/// Whether nothing about a command is unclear, and these are all that it runs.
#[track_caller]
fn runs(command: &str, expected: &[&str]) {
    let lines: String = expected.iter().map(|run| format!("run {run}\n")).collect();
    assert_eq!(shown(command), lines, "{command}");
}

#[track_caller]
fn unclear(command: &str) {
    let deeds = take_apart(command);
    let is_unclear = |deed: &Deed| matches!(deed, Deed::Unclear { .. } | Deed::Nameless(_));
    assert!(deeds.iter().any(is_unclear), "{command}: {deeds:?}");
}

#[test]
fn everything_that_is_run_is_found() {
    runs(
        "a; b && c || d | e & f\ng",
        &["a", "b", "c", "d", "e", "f", "g"],
    );
    runs(
        "if a; then b; elif c; then d; else e; fi",
        &["a", "b", "c", "d", "e"],
    );
    runs(
        "while a; do b; done; until c; do d; done",
        &["a", "b", "c", "d"],
    );
    runs("for x in $(a); do b; done", &["a", "b"]);
    runs("case $(a) in $(b)) c;; *) d;; esac", &["a", "b", "c", "d"]);
    runs(
        "(a; { b; }); ! c; time d; coproc e",
        &["a", "b", "c", "d", "e"],
    );
    runs(
        "a \"$(b `c`)\" <(d) $((1 + x))",
        &["c", "b …", "d", "a … … …"],
    );
    runs("x=$(a) y=\"`b`\"", &["a", "b"]);
    runs("a ${x:-$(b)} ${y//z/$(c)}", &["b", "c", "a … …"]);
    runs("[[ $(a) == \"$(b)\" ]] && c", &["a", "b", "c"]);
    runs("cat <<E\n$(a)\nE\nb", &["cat", "a", "b"]);
    runs("cat <<'E'\n$(a)\nE\nb", &["cat", "b"]);
    runs("cat <<< \"$(a)\"", &["cat", "a"]);
    runs("a $((x + 1)) ${#x} ${x%.*} \"$@\" $1", &["a … … … … …"]);
}

#[test]
fn quotes_do_not_hide_a_name() {
    for spelling in [
        r"\rm", "'rm'", "r'm'", "\"rm\"", "r\"\"m", "$'rm'", "r\\\nm",
    ] {
        runs(&format!("{spelling} x"), &["rm x"]);
    }
    runs("FOO=1 BAR=$x rm x", &["rm x"]);
    runs("/bin/rm x; ./rm x", &["/bin/rm x", "./rm x"]);
}

#[test]
fn what_runs_another_command_is_looked_through() {
    for command in [
        "env -u B A=1 rm x",
        "nohup rm x",
        "timeout -k 5 10s rm x",
        "nice -n 5 rm x",
        "command -p rm x",
        "builtin rm x",
        "setsid -f rm x",
        "stdbuf -oL rm x",
        "/usr/bin/env rm x",
        "env env nice rm x",
        "sh -c 'rm x'",
        "bash -lc \"rm x\"",
        "/bin/bash -o pipefail -c 'rm x' a b",
        "eval rm x",
        "eval 'rm x'",
        "bash <<E\nrm x\nE",
        "sh <<< 'rm x'",
        "trap 'rm x' EXIT",
        "zsh -c \"sh -c 'rm x'\"",
    ] {
        runs(command, &["rm x"]);
    }
    runs("sudo -u root rm x", &["sudo -u root rm x", "rm x"]);
    runs("xargs -0 -n 1 rm", &["rm …"]);
    runs("xargs -I {} cp {} /x", &["cp … /x …"]);
    runs(
        "find . -exec rm {} \\; -o -execdir a +",
        &["find . -exec rm {} ; -o -execdir a +", "rm …", "a"],
    );
    runs(
        "ssh -p 22 host 'rm x; ls'",
        &["ssh -p 22 host rm x; ls", "rm x", "ls"],
    );
    runs("command -v rm", &["command -v rm"]);
    // What lies elsewhere than where the system's programs do is run itself, whatever it is called.
    for name in ["./nohup", "x/env", "/tmp/time", "./sh -c", "bin/busybox"] {
        let command = format!("{name} ls");
        runs(&command, &[&command, "ls"]);
    }
    runs("/usr/bin/nohup ls", &["ls"]);
    runs("bash x.sh", &["bash x.sh (opaque)"]);
    runs("python3 -c 'x'", &["python3 -c x (opaque)"]);
}

#[test]
fn what_is_not_certain_is_said_to_be_unclear() {
    for command in [
        "$x y",
        "r* x",
        "{rm,x}",
        "$(echo rm) x",
        "\"$@\"",
        "~/x\" \"y",
        "=rm x",
        "'' x",
        "if",
        "a &&",
        "a 'b",
        "a `b",
        "a ) b",
        "f() { a; }; f",
        "alias a=b",
        "PATH=. a",
        "LD_PRELOAD=x a",
        "export PATH=.",
        "env PATH=. a",
        "export $x",
        "read PATH",
        "printf -v PATH x",
        "sh",
        "curl x | sh",
        "sh -c \"$x\"",
        "sh -c",
        "bash --rcfile x -c y",
        "fish -c x",
        "eval \"$x\"",
        "source /dev/stdin",
        ". <(x)",
        "find . $x",
        "timeout $x rm",
        "env -S 'rm x'",
        "xargs sh -c",
        "xargs -I% sh -c 'rm %'",
        "a ${x@P}",
        "a ${!x}",
        "a ${x[$(b)]}",
        "((a[$(b)]))",
        "a $((b[$(c)]))",
        "a *(e:b:)",
        "a `echo '`; b; echo '`'`",
        "a `b \\`c\\``",
        "cat <<$'E'\n$(a)\nE",
        "a\rb",
        "a\u{a0}b",
        "x='a[$(b)]'; echo $((x))",
        "test -v 'a[$(b)]'",
        "a $\"$(b)\"",
        "a {b,$(c)}",
        "git -c alias.x='!rm' x",
        "hash -p /x y",
        "${x:=y} z",
        "a $[ b ]",
        "for PATH in x; do a; done",
        "a | bash 3<<< ls",
        "a | bash {x}<<< ls",
        "a | python3 - 3<<< x",
        "a | sudo -s 3<<E\nls\nE",
        "PREFIX=x a",
        "bash 3<<E\nls\nE",
        "bash <<< ls < x",
        "bash -kc 'a PATH=x'",
        "bash -o keyword -c 'a PATH=x'",
        "bash -i <<'E'\na\n!!:1\nE",
        "bash -H <<'E'\na\nE",
        "bash -o history <<'E'\na\nE",
        "bash -O expand_aliases -c a",
        "git -C $x y",
        "git -c user.name=$x y",
        "git --git-dir $x y",
        "git --git-dir=$x y",
        "coproc PATH { a; }",
        "commands[a]=./b; a",
        "GOENV=x a",
        "DELTA_PAGER=x a",
        "printf -$x PATH y",
        "printf -\"$x\" PATH y",
        "printf -? PATH y",
        "export P$x=y; a",
        "export P\"$x\"=y; a",
        "export PA$(b)=y; a",
        "export P*=y; a",
        "declare P*; a",
        "set -k; a PATH=x",
        "set -o keyword; a PATH=x",
        "set $x; a PATH=x",
        "shopt -s expand_aliases",
        "read -aPATH",
        "read -raPATH x",
        "mapfile -tPATH",
        "Npm_config_script_shell=x a",
        "LESSKEYIN=x a",
        "git grep -O x",
        "git grep -nOx y",
        "git fetch --upload-pack=x y",
        "git fetch --upload-p x y",
        "git log --ext-diff",
        "exec -a y rm x",
        "command exec -ay rm x",
        "exec -la y rm x",
        "printf -vPATH x",
        "printf \"$x\" PATH y",
        "declare -n x=PATH; x=y",
        "typeset -gn x=PATH",
        "getopts a PATH",
        "wait -n -p PATH",
        "a ${PATH:=b}",
        "a ${IFS=b}",
    ] {
        unclear(command);
    }
    for command in ASSIGNING {
        unclear(command);
    }
    unclear("case a in a) b (c);; esac");
    unclear(&"$(".repeat(500));
    unclear(&"a ".repeat(40_000));
    unclear(&format!("{}a{}", "$(".repeat(30), ")".repeat(30)));
}

/// Programs in which something is computed that assigns, or that may be a command.
const ASSIGNING: [&str; 46] = [
    "set -- PA''TH=1; (($1)); a",
    "sh -c '(($1)); a' x PA''TH=1",
    "((PATH=1)); a",
    "((PATH+=1)); a",
    "((IFS=1)); a",
    "((BASH_ENV=1)); a",
    "a $((PATH=1))",
    "a \"$((PATH=1))\"; b",
    "a $((PATH++)); b",
    "a $((--PATH)); b",
    "a $((1 ? PATH=1 : 0)); b",
    "a $((${PATH=1} + 1)); b",
    "[[ 1 -eq PATH=1 ]]; a",
    "[[ 1 -eq PA\\TH=1 ]]; a",
    "[[ PA''TH=1 -eq 1 ]]; a",
    "[[ $(a) -gt 3 ]]",
    "a ${x:PATH=1}; b",
    "a ${x:0:PATH=1}; b",
    "a ${x:PA\\TH=1}; b",
    "x[PATH=1]=2; a",
    "x[PA\\TH=1]=2; a",
    "x=(); x[$y]=2; y='PATH=1'; a",
    "for ((PATH=1;PATH<1;)); do a; done; b",
    "while ((PATH=1)); do a; done",
    "let PATH=1; a",
    "let x=PATH=1; a",
    "let 'PA'\"TH=1\"; a",
    "[ 1 -eq PATH=1 ]; a",
    "test x -gt 'PATH=1'; a",
    "test -v 'x[PATH=1]'; a",
    "declare -i x=PATH=1; a",
    "local -i x='PA''TH=1'; a",
    "read 'x[PATH=1]'; a",
    "unset 'x[PATH=1]'; a",
    "printf -v 'x[PATH=1]' y; a",
    "x=PATH=1; ((x)); a",
    "x='PA''TH=1'; ((x)); a",
    "x=PA; y=TH=1; z=$x$y; ((z)); a",
    "x=$'\\x50ATH=1'; ((x)); a",
    "x='$'; y='(rm z)'; w=\"a[$x$y]\"; ((w))",
    "x=$(a); ((x)); b",
    "a $(( $(b) + 1 ))",
    "for x in *; do ((x)); done",
    "for x in PATH=1; do ((x)); done; a",
    "read x; ((x))",
    "eval '((PA''TH=1)); a'",
];

#[test]
fn what_is_computed_is_no_more_than_numbers() {
    for (command, runs_what) in [
        ("i=0; while ((i < 3)); do a $i; ((i++)); done", "a …"),
        ("for ((i=0; i<3; i++)); do a; done", "a"),
        ("x=/some/where; a $((1 + 2))", "a …"),
        ("i=5; a ${x:2:3} \"$PATH\" $((i + 1))", "a … … …"),
        ("for f in one two; do ((n += 1)); a \"$f\"; done", "a …"),
        (
            "[[ $# -gt 0 && ${#x[@]} -lt 3 && \"$y\" -ne -1 ]] && a",
            "a",
        ),
        ("x=my-file; ((i++)); a \"${HOME}/$x\"", "a …/…"),
        ("x[3]=y; x[$i]+=z; a", "a"),
    ] {
        runs(command, &[runs_what]);
    }
    // Nothing is computed here.
    runs("set -euo pipefail; a", &["set -euo pipefail", "a"]);
    runs(
        "git log --oneline -- --output=x",
        &["git log --oneline -- --output=x"],
    );
    runs("git -C \"$x\" log", &["git -C … log"]);
    runs("git push -u origin x", &["git push -u origin x"]);
    runs("x=$(a); b \"$x\"", &["a", "b …"]);
    runs("for x in *; do b \"$x=1\"; done", &["b …=1"]);
    runs("a \"${x[@]}\" \"$(b)\"", &["b", "a … …"]);
}

#[test]
fn redirections_are_files() {
    check(
        "a > x 2>&1 >> y < z &> w 3>&- <> v",
        &expect![[r#"
            run a
            write x
            write y
            read z
            write w
            write v
        "#]],
    );
    check(
        "cd d && a > \"$x/y\" >& z",
        &expect![[r#"
            run cd d
            run a
            write …/y (adrift)
            write … (adrift)
        "#]],
    );
    for command in [
        "env -C d sh -c 'a > x'",
        "env --chdir=d sh -c 'a > x'",
        "find . -execdir sh -c 'a > x' \\;",
        "sudo -D d sh -c 'a > x'",
        "su - y -c 'a > x'",
        "ssh h 'a > x'",
    ] {
        assert!(shown(command).contains("write x (adrift)"), "{command}");
    }
    for command in [
        "git log --output=x",
        "git diff --outp x y",
        "git -C d log --output x",
    ] {
        assert!(shown(command).contains("write x"), "{command}");
    }
    check(
        "{ a; } > x",
        &expect![[r#"
        run a
        write x
    "#]],
    );
}

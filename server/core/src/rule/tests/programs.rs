//! Law: a command in which something denied is run is never allowed, however it is spelled and wherever it stands.

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{RngSeed, TestRunner},
};

use super::{super::Action, of_command, rules};

/// Rule lists that allow much and deny `rm`.
const LISTS: [&[&str]; 6] = [
    &["Bash allow", "Bash(rm *) deny"],
    &["Bash(*) allow", "Bash(rm) deny", "Write allow"],
    &["* allow", "*(rm*) deny"],
    &[
        "Bash(rm *) deny",
        "Bash(**) allow",
        "Write(**) allow",
        "Read allow",
    ],
    &[
        "Bash(echo *) allow",
        "Bash(ls *) allow",
        "Bash(cat *) allow",
        "Bash(sh *) allow",
        "Bash(bash *) allow",
        "Bash(sudo *) allow",
        "Bash(env *) allow",
        "Bash(find *) allow",
        "Bash(xargs *) allow",
        "Bash(eval *) allow",
        "Bash(strace *) allow",
        "Bash(watch *) allow",
        "Bash(ssh *) allow",
        "Bash(su *) allow",
        "Bash(flock *) allow",
        "Bash(python3 *) allow",
        "Bash(git *) allow",
        "Bash(busybox *) allow",
        "Bash(trap *) allow",
        "Bash(script *) allow",
        "Bash(foo *) allow",
        "Bash(foo) allow",
        "Bash(sg *) allow",
        "Bash(at *) allow",
        "Bash(doas *) allow",
        "Bash(unshare *) allow",
        "Bash(mapfile *) allow",
        "Write allow",
        "Bash(true) allow",
        "Bash(rm *) deny",
    ],
    &["Bash(rm -*) ask", "Bash(rm *) deny", "Bash allow"],
];

/// In single quotes, or in double ones.
fn quoted(program: &str, single: bool) -> String {
    match single {
        true => format!("'{}'", program.replace('\'', r"'\''")),
        false => {
            let mut quoted = String::from("\"");
            for c in program.chars() {
                if "\\\"$`".contains(c) {
                    quoted.push('\\');
                }
                quoted.push(c);
            }
            quoted + "\""
        }
    }
}

/// By the numbers of its characters.
fn escaped(command: &str) -> String {
    let bytes = command.bytes();
    bytes.map(|byte| format!("\\x{byte:02x}")).collect()
}

fn name(command: &'static str) -> impl Strategy<Value = String> {
    (0..24_usize).prop_map(move |way| {
        let (first, rest) = command.split_at(1);
        match way {
            14 => format!("/bin//{command}"),
            15 => format!("../bin/{command}"),
            16 => format!("$'{}'", escaped(command)),
            17 => format!("{first}?"),
            18 => format!("{{{command},y}}"),
            19 => format!("{first}{{{rest},y}}"),
            20 => format!("{first}$x{rest}"),
            21 => format!("{first}$(){rest}"),
            22 => format!("/*/{command}"),
            23 => format!("$\"{command}\""),
            0 | 1 => command.to_owned(),
            2 => format!("/bin/{command}"),
            3 => format!("./{command}"),
            4 => format!("\\{command}"),
            5 => format!("'{command}'"),
            6 => format!("\"{command}\""),
            7 => format!("{first}'{rest}'"),
            8 => format!("{first}\\{rest}"),
            9 => format!("$'{command}'"),
            10 => format!("/usr/../bin/{first}\"\"{rest}"),
            11 => format!("{first}\\\n{rest}"),
            12 => format!("''{command}"),
            _ => format!("\"\"{first}\"{rest}\""),
        }
    })
}

/// A simple command and what may stand around it.
fn simple(command: &'static str) -> impl Strategy<Value = String> {
    let arguments = prop::sample::select(vec![
        "",
        " x",
        " -rf /",
        " \"$HOME\"",
        " $x",
        " *",
        " 'a b'",
        " x 2>&1",
        " x >/dev/null",
        " -- {a,b}",
        " é",
        " x#y",
        " ~/x",
        " \"a'b\"",
    ]);
    let prefix = prop::sample::select(vec![
        "",
        "",
        "FOO=1 ",
        "A=b C=\"d e\" ",
        ">/dev/null ",
        "! ",
        "time ",
        "</dev/null ",
        "A=(b) ",
        "A[0]=$(ls) ",
        "{fd}>/dev/null ",
        "<<<x ",
    ]);
    (prefix, name(command), arguments)
        .prop_map(|(prefix, name, arguments)| format!("{prefix}{name}{arguments}"))
}

/// Ways to run a command by another one: those that take it as their arguments, and those that take it as one.
fn launched(inner: String, way: usize, single: bool) -> String {
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

/// Ways to have a program within another one.
fn within(inner: &str, way: usize) -> String {
    let templates = [
        "@; ls",
        "ls; @",
        "ls && @",
        "ls || @",
        "ls | @",
        "@ | ls",
        "@ & ls",
        "ls\n@",
        "@\nls",
        "echo $(@)",
        "echo \"$(@)\"",
        "echo \"a $(ls; @) b\"",
        "echo `@`",
        "echo \"`@`\"",
        "(@)",
        "{ @; }",
        "if @; then ls; fi",
        "if ls; then @; else ls; fi",
        "if ls; then ls; else @\nfi",
        "while @; do ls; done",
        "while ls; do @; done",
        "until ls; do @\ndone",
        "for i in a b; do @; done",
        "for i in $(@); do ls; done",
        "for ((i=0;i<3;i++)); do @; done",
        "case a in a) @;; esac",
        "case $(@) in b) ls;; esac",
        "case x in $(@)) ls;; esac",
        "f() { @; }; f",
        "function f { @; }",
        "[[ -n $(@) ]] && ls",
        "[[ a == \"$(@)\" ]]",
        "x=$(@)",
        "x=$(@) ls",
        "x=(a $(@))",
        "export x=$(@)",
        "ls > \"$(@)\"",
        "ls < <(@)",
        "cat <(@)",
        "ls > >(@)",
        "cat <<< \"$(@)\"",
        "cat <<%\na $(@) b\n%",
        "cat <<-%\n\t$(@)\n\t%",
        "bash <<%\n@\n%",
        "bash <<'%'\n@\n%",
        "cat <<'%' | sh\n@\n%",
        "echo ${x:-$(@)}",
        "echo \"${x:-$(@)}\"",
        "echo ${x//a/$(@)}",
        "echo $((1 + $(@)))",
        "echo $((a[$(@)]))",
        "((x = $(@)))",
        "echo ${a[$(@)]}",
        "coproc @",
        "time (@)",
        "! { @; }",
        "select i in a; do @; done",
        "ls # x\n@",
        "# it's\n@",
        "echo 'x # y'; @",
        "echo \\'; @ # '",
        "echo \"#\"; @",
        "echo \\\n; @",
        "echo $'\\''; @ #'",
        "ls 2>/dev/null; @",
        "ls |& @",
        "ls;; @",
        "echo 'é'; @",
        "cat <<A <<B\na\nA\nb\nB\n@",
        "cat <<%; @\nx\n%",
        "cat <<\"%\"\n'\n%\n@",
        "echo a{b,c} ; @",
        "alias l=ls; @",
        "$(@)",
        "eval \"$(@)\"",
        "source <(@)",
        "sh -c \"$(@)\"",
        "${x:-@}",
        "echo $[ $(@) ]",
        "echo $\"a\"; @",
        "case a in (a) @;& b) ls; esac",
        "case x in x);; esac; @",
        "for i in a; { @; }",
        "f() ( @ ); f",
        "[[ a =~ $(@) ]]",
        "[[ -v a[$(@)] ]]",
        "x=([1]=$(@))",
        "x[$(@)]=1",
        "declare -a x=($(@))",
        "ls 2> >(@)",
        "ls < <(ls) > >(@)",
        "cat <<%\n${x:-$(@)}\n%",
        "cat <<%\n\\$(ls) $(@)\n%",
        "cat <<'%'\n$(ls)\n%\n@",
        "echo ${x#$(@)}",
        "echo ${x:0:$(@)}",
        "echo ${x^^$(@)}",
        "let 'a[$(@)]=1'",
        "x='a[$(@)]'; echo $((x))",
        "test -v 'a[$(@)]'",
        "printf -v 'a[$(@)]' x",
        "read 'a[$(@)]' <<< x",
        "unset 'a[$(@)]'",
        "coproc { @; }",
        "echo \"$(cat <<A\nx\nA\n)\"; @",
        "echo $(case a in a) @;; esac)",
        "echo $(# x )\n@)",
        "echo $(echo ')'; @)",
        "echo \"$(echo \"$(@)\")\"",
        "exec 3< <(@)",
        "{ @; } <<< x",
        "echo \"${x:-\"$(@)\"}\"",
        "shopt -s extglob\n@",
        "set -- @; \"$@\"",
        "while read i; do :; done < <(@)",
        "wait; @",
        "echo \"'\"; @; echo \"'\"",
        "PS4=$(@) ls",
    ];
    let template = templates[way % templates.len()];
    let is_on_this_line = template.starts_with("cat <<%; ");
    if is_on_this_line && inner.contains('\n') {
        // Its lines would come after the here-document.
        return inner.to_owned();
    }
    // Two brackets at once would compute.
    let blank = if inner.starts_with('(') { " " } else { "" };
    let inner = match template.contains("`@`") {
        true => inner.replace('\\', r"\\").replace('`', r"\`"),
        false => inner.to_owned(),
    };
    // Each here-document has an end of its own.
    let end = format!("E{}", inner.len());
    let template = template.replace('%', &end);
    template.replace('@', &format!("{blank}{inner}"))
}

fn program(command: &'static str) -> impl Strategy<Value = String> {
    let steps = prop::collection::vec((any::<bool>(), 0..1_000_usize, any::<bool>()), 0..4);
    (simple(command), steps).prop_map(|(simple, steps)| {
        steps
            .into_iter()
            .fold(simple, |inner, (launch, way, single)| match launch {
                true => launched(inner, way, single),
                false => within(&inner, way),
            })
    })
}

/// The same programs each time; another seed makes others.
const SEED: u64 = 5;
const PROGRAMS: u32 = 12_000;

#[test]
fn what_is_denied_is_never_allowed() {
    let config = ProptestConfig {
        cases: PROGRAMS,
        max_shrink_iters: 2_000,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let found = runner.run(&(program("rm"), 0..LISTS.len()), |(program, list)| {
        let list = LISTS[list];
        let ruling = of_command(&rules(list), &program);
        prop_assert_ne!(
            ruling.action,
            Action::Allow,
            "{:?}: {}\n{:?}",
            list,
            program,
            ruling
        );
        Ok(())
    });
    if let Err(failure) = found {
        panic!("seed {SEED}: {failure}");
    }
}

/// The same programs with a command that is not denied: asking each time would be no proof of anything.
#[test]
fn what_is_not_denied_is_often_allowed_and_what_is_often_denied() {
    let mut runner = TestRunner::deterministic();
    let rules = rules(LISTS[0]);
    let mut share = |command: &'static str, action: Action| {
        let strategy = program(command);
        let mut found = 0;
        for _ in 0..500 {
            let program = strategy.new_tree(&mut runner).unwrap().current();
            found += usize::from(of_command(&rules, &program).action == action);
        }
        found
    };
    let (allowed, denied) = (share("ls", Action::Allow), share("rm", Action::Deny));
    assert!(allowed > 150, "{allowed} of 500 are allowed");
    assert!(denied > 200, "{denied} of 500 are denied");
}

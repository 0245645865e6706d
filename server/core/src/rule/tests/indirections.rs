//! Ways by which one command comes to run another one.

use super::*;

/// What is run may be allowed by its name, and what it runs is denied.
const LISTS: [&[&str]; 2] = [
    &["Bash allow", "Bash(rm *) deny"],
    &[
        "Bash(git *) allow",
        "Bash(npm *) allow",
        "Bash(npx *) allow",
        "Bash(watch *) allow",
        "Bash(su *) allow",
        "Bash(sudo *) allow",
        "Bash(script *) allow",
        "Bash(flock *) allow",
        "Bash(ssh *) allow",
        "Bash(at *) allow",
        "Bash(sg *) allow",
        "Bash(env *) allow",
        "Bash(tar *) allow",
        "Bash(find *) allow",
        "Bash(cp *) allow",
        "Bash(less *) allow",
        "Bash(mapfile *) allow",
        "Bash(trap *) allow",
        "Bash(bash *) allow",
        "Bash(socat *) allow",
        "Bash(true) allow",
        "Bash(rm *) deny",
    ],
];

#[test]
fn none_of_them_allows_what_is_denied() {
    for command in [
        // A shell reads the words again, and finds patterns in them.
        "watch 'A=b *'",
        "watch -n 1 '[r]m x'",
        "watch '{rm,x}'",
        "watch 'r{m,n} x'",
        "watch 'A=\"b' '\" rm x'",
        "su u -c 'A=b *'",
        "su -c'rm x' u",
        "su -crm",
        "su <<< 'rm x'",
        "sudo -s <<< 'rm x'",
        "sudo -s 'rm x'",
        "script -qc '*' /dev/null",
        "script -qcrm /dev/null",
        "script x <<< 'rm x'",
        "flock /x -c 'r* y'",
        "flock -c'rm x' /x",
        "flock /x sh -c 'A=b *'",
        "sg g '* x'",
        "sg g -c 'rm x'",
        "ssh h <<< 'rm x'",
        "ssh h <<E\nrm x\nE",
        "at now <<< 'rm x'",
        "trap -- 'rm x' EXIT",
        "trap -- rm 0",
        "bash -c - 'rm x'",
        "bash +x -c 'rm x'",
        "env - A=b r* x",
        "exec -a /*/rm x",
        "nice -n 5$y ls",
        "timeout 5$y ls",
        "flock /x$y ls",
        "mapfile -c 1 -C 'A=b *' y",
        "find . -exec env r* x \\;",
        // Options and settings that are run.
        "git submodule foreach 'A=b *'",
        "git rebase --exec 'r* x' HEAD~1",
        "git grep -O'rm x' y",
        "git config alias.x '!r*'",
        "git difftool --extcmd='{rm,x} y'",
        "git --namespace x -c alias.y='!z' y",
        "git fetch ext::x",
        "npm exec -c '*'",
        "npx -c 'A=b *'",
        "tar cf x --checkpoint-action=exec='rm y' z",
        "tar cf x --checkpoint-action=exec=rm z",
        "socat - EXEC:rm",
        "LESS='+!rm x' less y",
        "env LESS='+!rm x' less y",
        // A name is another one.
        "cp /bin/rm x",
        "$'\\x72m' x",
        "npm x $'\\x72m' y",
        "npm x r$y z",
        "npm x --y=r* z",
        "npm x {rm,y}",
        "npm x [r]m y",
        "npm x a.b=!sh <<< \"exec r\\\nm x\"",
        // zsh looks a word up that begins with `=`, bash does not.
        "foo ='a; rm x'",
        "foo =\"a; rm x\"",
        "npm x [a'b; rm x'",
        "npm x [a'];b; rm x'",
        // Words of which it is known only when they run that they are what is run.
        "find a$x -name y",
        "find \"$x\" rm y \\;",
        "find . \"$x\" \"$y\" \"$z\"",
        "find . -newer$x rm \\;",
        "find . -exec ls $x {} \\;",
        "find . -exec ls \"$x\" \"$y\" rm {} \\;",
        "env A=$x ls",
        "sudo A=$x ls",
        "ssh a$x ls",
        "xargs -I \"$x\" foo y",
        "xargs --replace rm {}",
        "xargs --max-lines rm",
        "chrt -b rm ls",
        "script x -c ls \"$y\"",
        "su a$x -c ls",
        "sg a$x ls",
        "trap rm$x",
        "tar xf x *",
        "tar xf \"$x\"",
        "git rebase \"$x\"",
        "npx \"$x\"",
        "npx -p a $x",
        // What is read is given to those around, or by more than one.
        "eval perl <<< 'system \"rm\"'",
        "{ perl; } <<< 'system \"rm\"'",
        "while read x; do $y; done <<< rm",
        "<<< x bash < y",
        "bash <<< 'rm x' 3<<< ls",
        "strace cp /dev/stdin s <<< x; bash s",
        // More than can be looked at.
        &format!("npm x {}'rm y'", "'a b' ".repeat(300)),
        &format!("npm x {} rm y", "a ".repeat(300)),
    ] {
        for list in LISTS {
            let ruling = of_command(&rules(list), command);
            assert_ne!(ruling.action, Allow, "{list:?} {command}: {ruling:?}");
        }
    }
}

/// A deny must not turn everything into a question.
#[test]
fn what_only_looks_like_it_is_allowed() {
    for command in [
        "npm test 'src/**/*.ts'",
        "npx eslint 'src/**/*.{ts,tsx}' --fix",
        "npm test -- --grep 'a * b'",
        "npm test \"$x\" \"a $x\"",
        "git log --format='%h *' -- 'src/*.rs'",
        "git ls-files '*.rs'",
        "git commit -m 'fix: rm * of x'",
        "curl -H 'Accept: */*' -d '{\"a\":[\"b\",\"c\"],\"d\":{\"e\":\"f\"}}' https://a.com/x",
        "sed -n '1,50p' Cargo.toml",
        "sed -i 's/the end/there/g' x",
        "FOO='a b' npm start",
        "x=$(git rev-parse HEAD); echo $x",
        "watch -n 1 date",
        "flock /x npm test",
        "script -qc 'npm test' /dev/null",
        "ssh host uptime",
        "trap - EXIT",
        "for i in {1..5}; do echo $i; done",
        "mkdir -p src/{a,b}; ls *.{js,ts} [A-Z]*",
        "echo x > x.txt; cat x.txt",
        "cp src/* x",
        "tar czf x.tgz src",
        "git add \"$f\"",
        "git add $f",
        "git push origin \"$b\"",
        "find \"$dir\" -type f -name \"$x\"",
        "find \"$dir\" \"$other\" -type f",
        "find \"$dir\" -type f -exec grep x {} \\;",
        "find . -type f -exec grep \"$x\" {} +",
        "find src/* -newer \"$x\" | xargs grep -l \"$y\"",
        "env A=\"$x\" ls $y",
        "ssh \"a@$x\" ls",
        "timeout 5 npm test $x",
        "tar czf x.tgz src/*",
        "npx eslint \"$x\" $y",
        "echo ===== =x",
    ] {
        let ruling = of_command(&rules(LISTS[0]), command);
        assert_eq!(ruling.action, Allow, "{command}: {ruling:?}");
    }
}

/// What such a command runs has to be allowed, not it alone.
#[test]
fn what_is_handed_on_is_a_part_of_its_own() {
    command(&["Bash(watch *) allow"], "watch 'ls; date'", Ask, None);
    let lines = ["Bash(watch *) allow", "Bash(ls) allow"];
    command(&lines, "watch -n 1 ls", Allow, Some("r1"));
    command(&lines, "watch -x ls", Allow, Some("r1"));
    command(&["Bash(su *) allow"], "su -c ls", Ask, None);
    command(&["Bash(flock *) allow"], "flock /x ls", Ask, None);
    command(&["Bash(ssh *) allow"], "ssh -N h", Allow, Some("r1"));
    command(&["Bash(ssh *) allow"], "ssh h", Ask, None);
    command(&["Bash allow"], "echo x > a.sh; ./a.sh", Ask, None);
    command(&["Bash allow"], "echo x > a.sh; bash ./a.sh", Ask, None);
    // In a language that is not read here, whoever allows it has to name it.
    command(&["Bash(sed *) allow"], "sed '1e ls' x", Allow, Some("r1"));
    command(&["Bash allow", "Bash(rm) deny"], "sed '1e ls' x", Ask, None);
    command(&["Bash(*) allow"], "tmux send-keys x", Ask, None);
}

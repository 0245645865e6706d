//! Shell commands: their parts, their redirections, and what is said of them.

use expect_test::{Expect, expect};

use super::*;

#[test]
fn every_part_of_a_command_is_judged_by_itself() {
    let git = ["Bash(git *) allow"];
    command(&git, "git status && git log -1 | git x", Allow, Some("r1"));
    command(&git, "git status; ls", Ask, None);
    command(&git, "git $(ls)", Ask, None);
    command(&git, "git log > /tmp/x", Ask, None);
    command(&git, "git log > /dev/null 2>&1", Allow, Some("r1"));
    command(&git, "sudo git log", Ask, None);
    command(&git, "nice git log", Allow, Some("r1"));
    command(&git, "/usr/bin/git log", Allow, Some("r1"));
    command(&git, "./git log", Ask, None);
    command(&git, "git log \"$x\"", Allow, Some("r1"));
    command(&git, "$git log", Ask, None);
    command(&["Bash(git log *) allow"], "git \"log x\"", Ask, None);
    command(&["Bash(git log) allow"], "git log -1", Ask, None);
    command(
        &["Bash(git push) deny", "Bash allow"],
        "git push -f",
        Deny,
        Some("r1"),
    );
    // What comes before git's command says where it is done, not what.
    for push in [
        "git -C repo push o",
        "git --no-pager push o",
        "/usr/bin/git -P --git-dir=x push o",
        "git -c user.name=x --work-tree y push",
        "/usr/lib/git-core/git-push o",
    ] {
        let rules = ["Bash(git push *) deny", "Bash allow"];
        command(&rules, push, Deny, Some("r1"));
        command(&["Bash(git push *) allow"], push, Ask, None);
    }
    command(
        &["Bash(npm publish) deny", "Bash allow"],
        "npm $x",
        Ask,
        Some("r1"),
    );
    command(
        &["Bash(curl * | sh) deny", "Bash allow"],
        "curl x | sh",
        Deny,
        Some("r1"),
    );
    command(&["Bash(a; b) allow"], "a; b", Allow, Some("r1"));
    command(
        &["Bash(a; b) allow", "Bash(b) deny"],
        "a; b",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash(python3 *) allow"],
        "python3 -c x",
        Allow,
        Some("r1"),
    );
    command(&["Bash(*) allow"], "python3 -c x", Ask, None);
    command(&["Bash allow"], "python3 -c x", Allow, Some("r1"));
    command(&["Bash allow"], "f() { a; }; f", Ask, None);
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "python3 -c 'system(\"rm\")'",
        Ask,
        None,
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "strace -f rm x",
        Ask,
        Some("r2"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "watch \"ls; rm '$x'\"",
        Ask,
        Some("r2"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "npm test \"$x\" \"a $x\"",
        Allow,
        Some("r1"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "watch 'ls; rm x'",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "echo rm x",
        Allow,
        Some("r1"),
    );
    command(
        &["Bash allow", "Bash(rm *) deny"],
        "git commit -m 'rm x'",
        Allow,
        Some("r1"),
    );
    command(&["Bash allow"], "x=1", Ask, None);
}

#[test]
fn redirections_are_judged_as_what_reads_and_writes_files() {
    let echo = "Bash(echo *) allow";
    command(
        &[echo, "Write(/tmp/**) allow"],
        "echo x > /tmp/a/b",
        Allow,
        Some("r1"),
    );
    command(
        &[echo, "Write(/tmp/**) allow"],
        "echo x > /tmp/../etc/b",
        Ask,
        None,
    );
    command(
        &[echo, "Write(/tmp/**) allow"],
        "echo x > \"/tmp/$y\"",
        Ask,
        None,
    );
    command(&[echo, "Write(a) allow"], "echo x > a", Allow, Some("r1"));
    command(
        &[echo, "Bash(cd *) allow", "Write(a) allow"],
        "cd /; echo x > a",
        Ask,
        None,
    );
    command(&["Bash allow"], "echo x > a", Allow, Some("r1"));
    command(&["Bash(*) allow"], "echo x > a", Ask, None);
    command(
        &["Bash allow", "Write(/etc) deny"],
        "echo x > /link/a",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash allow", "Edit(/etc/**) deny"],
        "echo x > /etc/a",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash allow", "Write(/etc) deny"],
        "echo x > $y",
        Ask,
        Some("r2"),
    );
    command(
        &["Bash allow", "Read(~/.ssh) deny"],
        "cat < ~/.ssh/id",
        Deny,
        Some("r2"),
    );
    command(
        &["Bash allow", "Read(~/.ssh) deny"],
        "cat < a",
        Allow,
        Some("r1"),
    );
    command(&["Bash(echo x > a) allow"], "echo x > a", Allow, Some("r1"));
    command(&["Bash allow"], "cat < /dev/tcp/a/1", Ask, None);
}

fn shown(ruling: &Ruling) -> String {
    let rule = |rule: &Option<String>| rule.clone().unwrap_or_else(|| "-".to_owned());
    let mut out = format!(
        "{:?} {}: {}\n",
        ruling.action,
        rule(&ruling.rule),
        ruling.why
    );
    for part in &ruling.parts {
        let line = format!(
            "  {:?} {} {:?}: {}\n",
            part.action,
            rule(&part.rule),
            part.text,
            part.why
        );
        out.push_str(&line);
    }
    out
}

#[test]
fn a_ruling_says_what_decided_part_by_part() {
    let check = |line: &str, expected: &Expect| {
        let rules = rules(&["Bash(git *) allow", "Bash(npm *) ask", "Bash(rm *) deny"]);
        expected.assert_eq(&shown(&of_command(&rules, line)));
    };
    check(
        "git pull && npm i; ls > out",
        &expect![[r#"
        Ask r2: npm i: A rule has it asked.
          Allow r1 "git pull": A rule allows it.
          Ask r2 "npm i": A rule has it asked.
          Ask - "ls": No rule is about it.
          Ask - "> /home/dev/work/p1/out": No rule is about it.
    "#]],
    );
    check(
        "git pull; rm -r x",
        &expect![[r#"
        Deny r3: rm -r x: A rule denies it.
          Allow r1 "git pull": A rule allows it.
          Deny r3 "rm -r x": A rule denies it.
    "#]],
    );
    check(
        "git pull; git push",
        &expect![[r#"
        Allow r1: Rules allow each of its 2 parts.
          Allow r1 "git pull": A rule allows it.
          Allow r1 "git push": A rule allows it.
    "#]],
    );
    check(
        "git 'x",
        &expect![[r#"
        Ask -: It is no shell command that can be read.
          Ask - "git 'x": It is no shell command that can be read.
    "#]],
    );
}

//! A conversation that is open already: where it is, and how to go on without a second session of it.

use super::*;

/// As LIVES, and a copy registers under an id of its own.
const FORKS: &str = r#"
[ "$3" = --fork-session ] && id="f0f0$2" || id="$2"
echo "$*" >>"$HOME/argv"
ticks=$(cut -d ' ' -f 22 /proc/$$/stat)
file="$HOME/.claude/sessions/$$.json"
printf '{"pid":%s,"procStart":"%s","sessionId":"%s","status":"idle","entrypoint":"cli"}' $$ "$ticks" "$id" >"$file.new"
mv "$file.new" "$file"
exec sleep 600
"#;

fn live(program: &Program, rig: &Rig) -> Value {
    let answer = program.resume(&rig.request());
    refuse(&answer, 409, "live");
    let refusal = answer.json();
    assert!(refusal["ageSec"].is_u64(), "{refusal}");
    let sentence = refusal["error"].as_str().unwrap();
    assert!(sentence.contains(r#""fork":true"#), "{sentence}");
    refusal
}

fn copy(rig: &Rig) -> Value {
    json!({"sessionId": rig.id, "fork": true})
}

fn twins(program: &Program, pid: &Value) -> Value {
    program.row(pid)["twinOf"].clone()
}

#[test]
fn who_holds_it_is_named_with_the_way_there() {
    let rig = Rig::with_transcript(FORKS);
    let program = rig.start();
    let resumed = program.resume(&rig.request()).json();
    let refusal = live(&program, &rig);
    assert_eq!(refusal["key"], resumed["key"]);
    // Of a version that does not register its terminal, tmux's own variable tells.
    let holder = json!({"type": "tmux", "session": "$0", "attach": "tmux attach -t '$0'"});
    assert_eq!(refusal["holder"], holder);
    let sentence = refusal["error"].as_str().unwrap();
    assert!(sentence.contains("`tmux attach -t '$0'`"), "{sentence}");
    // The registry names it.
    let path = rig
        .home()
        .join(format!(".claude/sessions/{}.json", resumed["pid"]));
    let more = format!(r#","tmux":"{}:@0.%0","sessionId""#, rig.terminal());
    fs::write(&path, read(&path).replace(r#","sessionId""#, &more)).unwrap();
    assert_eq!(live(&program, &rig)["holder"], resumed["holder"]);
}

#[test]
fn one_without_a_terminal_is_in_the_program_that_started_it() {
    let rig = Rig::with_transcript(FORKS);
    let program = rig.start();
    let mut editor = TestSession::spawn({
        let mut shell = Command::new("setsid");
        // It was opened from within tmux, and is not in it.
        shell.env("TMUX", "/tmp/tmux-0/default,4194304,0");
        shell.args(["sh", "-c", "sleep 600 & echo $!; wait"]);
        shell
    });
    let pid: u32 = editor.line().parse().unwrap();
    let stat = session_manager::observe::proc::ProcReader::at("/proc").unwrap();
    let key = stat.stat(pid).unwrap().key;
    let more = format!(r#","sessionId":"{}""#, rig.id);
    crate::test_session::register(&rig.home(), key, &more);
    let refusal = live(&program, &rig);
    let command = "sh -c sleep 600 & echo $!; wait";
    assert_eq!(
        refusal["holder"],
        json!({"type": "program", "command": command})
    );
    assert_eq!(refusal["pid"], pid);
    // Its program ends, and whoever adopts it did not start it.
    editor.child.kill().unwrap();
    editor.wait();
    let holder = live(&program, &rig)["holder"].clone();
    assert_eq!(holder["type"], "program");
    let command = holder["command"].as_str().unwrap();
    assert!(!command.contains("echo"), "{holder}");
    let killed = program.send("POST", &format!("/sessions/{pid}/kill"), "{}");
    assert_eq!({ killed }.receive().unwrap().json()["outcome"], "exited");
}

#[test]
fn one_in_a_terminal_of_its_own_is_named_by_it() {
    let rig = Rig::with_transcript(FORKS);
    let program = rig.start();
    // script(1) opens a terminal for what it runs.
    let mut script = Command::new("script");
    script.args(["-qfc", "tty; echo $$; exec sleep 600", "/dev/null"]);
    let mut script = TestSession::spawn(script);
    let tty = script.line();
    let pid: u32 = script.line().parse().unwrap();
    let stat = session_manager::observe::proc::ProcReader::at("/proc").unwrap();
    let more = format!(r#","sessionId":"{}""#, rig.id);
    crate::test_session::register(&rig.home(), stat.stat(pid).unwrap().key, &more);
    let tty = tty.strip_prefix("/dev/").unwrap();
    let refusal = live(&program, &rig);
    assert_eq!(refusal["holder"], json!({"type": "terminal", "tty": tty}));
    let sentence = refusal["error"].as_str().unwrap();
    assert!(sentence.contains(tty), "{sentence}");
}

#[test]
fn a_copy_lives_beside_it_under_an_id_of_its_own() {
    let rig = Rig::with_transcript(FORKS);
    let program = rig.start();
    let first = program.resume(&rig.request()).json();
    let transcript = rig.home().join(".claude/projects").join(PROJECT);
    let transcript = transcript.join(format!("{}.jsonl", rig.id));
    let before = fs::metadata(&transcript).unwrap().modified().unwrap();
    let answer = program.resume(&copy(&rig));
    let second = answer.json();
    assert_eq!(answer.status, 200, "{second}");
    let id = format!("f0f0{}", rig.id);
    assert_eq!(second["sessionId"], id);
    assert_ne!(second["pid"], first["pid"]);
    let terminal = format!("{}-fork", rig.terminal());
    assert_eq!(second["holder"]["session"], terminal);
    let row = program.row(&second["pid"]);
    assert_eq!(
        (&row["sessionId"], &row["twinOf"]),
        (&json!(id), &json!([]))
    );
    assert_eq!(twins(&program, &first["pid"]), json!([]));
    assert_eq!(
        read(&rig.home().join("argv")),
        format!("--resume {id}\n--resume {id} --fork-session\n", id = rig.id)
    );
    assert_eq!(
        fs::metadata(&transcript).unwrap().modified().unwrap(),
        before
    );
    // The log has both, with the conversation that was asked for.
    let audit = program.send("GET", "/audit", "").receive().unwrap().json();
    let newest = &audit["entries"][0];
    assert_eq!(newest["target"]["sessionId"], *rig.id);
    assert_eq!(newest["target"]["cwd"], rig.path("work").to_str().unwrap());
    assert!(newest["plan"].as_str().unwrap().ends_with("as a copy"));
    assert_eq!(newest["outcome"], "resumed");
    assert!(newest["detail"].as_str().unwrap().contains(&id));
    assert_eq!(audit["entries"][1]["outcome"], "resumed");
}

#[test]
fn a_copy_of_what_nobody_has_open_is_made_from_its_archive_too() {
    let rig = Rig::with_transcript(FORKS);
    let directory = rig.home().join(".claude/projects").join(PROJECT);
    let transcript = directory.join(format!("{}.jsonl", rig.id));
    let content = fs::read(&transcript).unwrap();
    let archive = directory.join(format!("{}.jsonl.gz", rig.id));
    fs::write(archive, crate::test_claude::gzip(&content)).unwrap();
    fs::remove_file(&transcript).unwrap();
    let program = rig.start();
    let copied = program.resume(&copy(&rig));
    assert_eq!(copied.json()["sessionId"], format!("f0f0{}", rig.id));
    assert_eq!(fs::read(&transcript).unwrap(), content);
    // Nobody has the conversation itself.
    assert_eq!(program.resume(&rig.request()).status, 200);
}

#[test]
fn a_claude_that_can_not_copy_is_ended() {
    let rig = Rig::with_transcript(LIVES);
    let program = rig.start();
    let answer = program.resume(&copy(&rig));
    refuse(&answer, 500, "fault");
    assert!(answer.body.contains("no copy"), "{}", answer.body);
    assert_eq!(rig.terminals(), [""; 0]);
}

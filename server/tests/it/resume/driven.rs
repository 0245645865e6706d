//! Sessions in tmux that are started and talked to: a script in the place of Claude Code writes down what is typed to it.

use std::time::Instant;

use super::*;

/// Lives, is at its prompt, and notes each line.
const TALKS: &str = r#"
stty -echo
for word in "$@"; do case "$word" in --session-id=*|--resume=*) id="${word#*=}";; esac; done
tr '\0' '\n' </proc/$$/cmdline >"$HOME/argv"
ticks=$(cut -d ' ' -f 22 /proc/$$/stat)
file="$HOME/.claude/sessions/$$.json"
printf '{"pid":%s,"procStart":"%s","sessionId":"%s","status":"idle","entrypoint":"cli","tmux":"x:@0.%%0"}' $$ "$ticks" "$id" >"$file.new"
mv "$file.new" "$file"
while true; do
    IFS= read -r line && echo "<$line>" >>"$HOME/told"
    [ "$line" != edit ] || cat >"$HOME/edited"
done
"#;

const UUID: &str = "607b503a-f1d9-4125-9748-6f1933188683";

/// Longer than anything here takes: a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(30);

impl Rig {
    /// Waits until it was told that, and returns all that it was told.
    fn told(&self, line: &str) -> String {
        let begun = Instant::now();
        loop {
            let told = fs::read_to_string(self.home().join("told")).unwrap_or_default();
            if told.lines().any(|it| it == format!("<{line}>")) {
                return told;
            }
            assert!(begun.elapsed() < PATIENCE, "{line} is not in {told:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has the registry say that it does this.
    fn register(&self, pid: &Value, status: &str) {
        let file = self.home().join(format!(".claude/sessions/{pid}.json"));
        let mut record: Value = serde_json::from_str(&read(&file)).unwrap();
        record["status"] = status.into();
        let new = file.with_extension("new");
        fs::write(&new, record.to_string()).unwrap();
        fs::rename(new, file).unwrap();
    }

    /// Starts one by hand, as its user would, and returns its pid.
    fn open(&self) -> Value {
        let id = format!("--session-id={}", self.id);
        let claude = self.path("bin/claude");
        let (claude, home) = (claude.to_str().unwrap(), self.home());
        let home = format!("HOME={}", home.display());
        let words = ["new-session", "-d", "-P", "-F", "#{pane_pid}", "-s", "mine"];
        let words = [&words[..], &["-e", &home, "--", "/bin/sh", claude, &id]].concat();
        let opened = self.tmux(&words);
        assert!(opened.status.success(), "{opened:?}");
        let pid = String::from_utf8(opened.stdout).unwrap();
        let file = format!(".claude/sessions/{}.json", pid.trim());
        let begun = Instant::now();
        while !self.home().join(&file).exists() {
            assert!(begun.elapsed() < PATIENCE, "it has not registered");
            std::thread::sleep(Duration::from_millis(20));
        }
        pid.trim().parse::<u32>().unwrap().into()
    }
}

impl Program {
    fn begin(&self, body: &Value) -> Answer {
        let mut asked = self.send("POST", "/sessions", &body.to_string());
        asked.receive().unwrap()
    }

    fn tell(&self, who: &Value, verb: &str, body: &Value) -> Answer {
        let who = who.as_str().map_or(who.to_string(), str::to_owned);
        let path = format!("/sessions/{who}/{verb}");
        self.send("POST", &path, &body.to_string())
            .receive()
            .unwrap()
    }

    /// Says something that is to be handed over, and returns how it was.
    fn say(&self, who: &Value, text: &str) -> Value {
        let answer = self.tell(who, "message", &json!({"text": text}));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["outcome"].clone()
    }
}

#[test]
fn a_session_is_started_in_tmux_and_told_its_first_message() {
    let rig = Rig::new(TALKS);
    let program = rig.start();
    let body =
        json!({"cwd": rig.path("work"), "holder": "tmux", "prompt": "the first", "name": "a name"});
    let answer = program.begin(&body);
    let started = answer.json();
    assert_eq!(answer.status, 201, "{started}");
    assert_eq!(started.get("note"), None, "{started}");
    let id = started["sessionId"].as_str().unwrap().to_owned();
    let terminal = format!("claude-{}", id.get(..8).unwrap());
    let holder = json!({
        "type": "tmux",
        "session": terminal,
        "attach": format!("tmux attach -t {terminal}"),
    });
    assert_eq!(started["holder"], holder);
    assert_eq!(rig.terminals(), [terminal]);
    assert_eq!(rig.told("the first"), "<the first>\n");
    let argv = read(&rig.home().join("argv"));
    let words: Vec<&str> = argv.lines().skip(2).collect();
    let session_id = format!("--session-id={id}");
    assert_eq!(
        words,
        ["--permission-mode=default", &session_id, "--name=a name"]
    );
    let row = program.row(&started["pid"]);
    assert_eq!(
        (&row["holder"], &row["key"]),
        (&"tmux".into(), &started["key"])
    );

    // What was said under a name is known to whoever comes next.
    let named = json!({"text": "once", "uuid": UUID});
    let said = program.tell(&started["sessionId"], "message", &named);
    assert_eq!(said.json()["outcome"], "sent", "{said:?}");
    drop(program);
    let program = rig.start();
    let again = program.tell(&started["sessionId"], "message", &named);
    assert_eq!(again.json()["outcome"], "already_sent", "{again:?}");
    assert_eq!(program.say(&started["pid"], "the last"), "sent");
    assert_eq!(rig.told("the last"), "<the first>\n<once>\n<the last>\n");

    let cancelled = program.tell(&started["sessionId"], "cancel", &json!({}));
    assert_eq!(cancelled.json()["outcome"], "cancelled", "{cancelled:?}");
    assert_eq!(rig.terminals(), [""; 0]);
    refuse(
        &program.tell(&started["sessionId"], "message", &named),
        409,
        "not_held",
    );
}

#[test]
fn one_that_its_user_has_started_is_told_nothing_that_could_be_an_answer() {
    let rig = Rig::new(TALKS);
    let pid = rig.open();
    let program = rig.start();
    assert_eq!(program.row(&pid)["holder"], "tmux");
    let text = json!({"text": "would be yes"});
    for status in ["waiting", "something new"] {
        rig.register(&pid, status);
        refuse(&program.tell(&pid, "message", &text), 409, "busy");
        refuse(
            &program.tell(&pid, "rename", &json!({"name": "y"})),
            409,
            "busy",
        );
        refuse(
            &program.tell(&pid, "model", &json!({"model": "y"})),
            409,
            "busy",
        );
    }
    rig.register(&pid, "busy");
    refuse(
        &program.tell(&pid, "rename", &json!({"name": "y"})),
        409,
        "busy",
    );
    assert_eq!(program.say(&pid, "later"), "queued");
    rig.register(&pid, "idle");
    let bad = json!({"text": "a\u{1b}[201~\rb"});
    refuse(&program.tell(&pid, "message", &bad), 400, "bad_request");
    let bad = json!({"text": "x", "uuid": "a,b"});
    refuse(&program.tell(&pid, "message", &bad), 400, "bad_request");
    let mode = json!({"permissionMode": "plan"});
    // Its screen shows none.
    refuse(&program.tell(&pid, "permission-mode", &mode), 409, "busy");
    let idle = program.tell(&pid, "interrupt", &json!({}));
    assert_eq!(idle.json()["outcome"], "idle", "{idle:?}");
    // Of a selection each is interrupted as it is by itself.
    let key = program.row(&pid)["key"].clone();
    let all = json!({"act": "interrupt", "keys": [key]}).to_string();
    let mut report = program.send("POST", "/sessions/act", &all);
    let report = report.receive().unwrap().json();
    let signalled = &report["items"][0]["result"]["signalled"];
    assert_eq!(
        (
            &signalled["outcome"],
            &signalled["note"],
            &signalled["processes"]
        ),
        (&json!("done"), &json!("It was at rest."), &json!(0)),
        "{report}"
    );
    let other = json!({"key": format!("{pid}:1")});
    refuse(&program.tell(&pid, "interrupt", &other), 409, "replaced");
    let renamed = program.tell(&pid, "rename", &json!({"name": "other"}));
    assert_eq!(renamed.json()["outcome"], "changed", "{renamed:?}");
    assert_eq!(program.say(&pid, "now"), "sent");
    assert_eq!(rig.told("now"), "<later>\n</rename other>\n<now>\n");
}

#[test]
fn keys_go_to_its_own_pane_and_to_no_other() {
    let rig = Rig::new(TALKS);
    let pid = rig.open();
    let program = rig.start();
    let text = json!({"text": "elsewhere"});
    let set = |words: &[&str]| {
        let done = rig.tmux(words);
        assert!(done.status.success(), "{done:?}");
    };
    for (closed, open) in [
        (
            ["set-option", "-w", "-t", "mine", "synchronize-panes", "on"].as_slice(),
            ["set-option", "-w", "-t", "mine", "synchronize-panes", "off"].as_slice(),
        ),
        (
            &["select-pane", "-d", "-t", "mine"],
            &["select-pane", "-e", "-t", "mine"],
        ),
    ] {
        set(closed);
        refuse(&program.tell(&pid, "message", &text), 409, "busy");
        set(open);
    }
    // What is the pane's while nobody looks, and not while somebody does.
    set(&["split-window", "-t", "mine", "sleep 600"]);
    set(&["copy-mode", "-t", "mine.0"]);
    assert_eq!(program.say(&pid, "here"), "sent");
    assert_eq!(rig.told("here"), "<here>\n");
    let buffers = rig.tmux(&["list-buffers"]);
    assert_eq!(String::from_utf8(buffers.stdout).unwrap(), "");
}

#[test]
fn what_it_has_lent_its_terminal_to_is_not_typed_to() {
    let rig = Rig::new(TALKS);
    let pid = rig.open();
    let program = rig.start();
    assert_eq!(program.say(&pid, "edit"), "sent");
    rig.told("edit");
    let begun = Instant::now();
    while !rig.home().join("edited").exists() {
        assert!(begun.elapsed() < PATIENCE, "no editor");
    }
    // The shell makes the file before it becomes the editor, and reads the terminal from the beginning.
    let text = json!({"text": "into the editor"});
    refuse(&program.tell(&pid, "message", &text), 409, "busy");
    refuse(&program.tell(&pid, "interrupt", &json!({})), 409, "busy");
    let end = rig.tmux(&["send-keys", "-t", "mine", "C-d"]);
    assert!(end.status.success(), "{end:?}");
    let begun = Instant::now();
    while program
        .tell(&pid, "message", &json!({"text": "back"}))
        .status
        == 409
    {
        assert!(begun.elapsed() < PATIENCE, "the editor has not ended");
    }
    rig.told("back");
    assert_eq!(read(&rig.home().join("edited")), "");
}

#[test]
fn what_only_says_that_it_is_in_tmux_is_told_nothing() {
    let rig = Rig::new(TALKS);
    rig.open();
    let live = TestSession::start();
    live.register(
        &rig.home(),
        &format!(r#","sessionId":"{OTHER_ID}","status":"idle","tmux":"mine:@0.%0""#),
    );
    let program = rig.start();
    let pid = Value::from(live.pid());
    assert_eq!(program.row(&pid)["holder"], Value::Null);
    let text = json!({"text": "nothing"});
    refuse(&program.tell(&pid, "message", &text), 409, "not_held");
    refuse(
        &program.tell(&OTHER_ID.into(), "message", &text),
        409,
        "not_held",
    );
    assert!(!rig.home().join("told").exists());
}

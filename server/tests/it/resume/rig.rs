//! A server with a home, a tmux and a `claude` of its own.

use super::*;

/// Lives, and is idle at once.
pub(super) const LIVES: &str = r#"
env >"$HOME/env"
pwd >"$HOME/pwd"
ticks=$(cut -d ' ' -f 22 /proc/$$/stat)
file="$HOME/.claude/sessions/$$.json"
printf '{"pid":%s,"procStart":"%s","sessionId":"%s","status":"idle","entrypoint":"cli"}' $$ "$ticks" "$2" >"$file.new"
mv "$file.new" "$file"
exec sleep 600
"#;

/// Waits at a dialog: what runs is known by its executable, and only its key file is there.
pub(super) const ASKS: &str = r#"
touch "$HOME/.claude/sessions/$$.0badc0de.key"
exec "$HOME/.local/share/claude/versions/2.1.329" -c 'read answer'
"#;

/// Can't go on.
pub(super) const DIES: &str = r#"
printf 'No conversation found \033[31mhere\033[0m\n\n'
exit 1
"#;

/// Is something else: it never registers.
pub(super) const IDLES: &str = "echo 'not today'; exec sleep 600";

/// A user with a home, a tmux and a Claude Code of their own.
pub(super) struct Rig {
    pub(super) root: TempDir,
    /// Its own conversation: a program that runs for another test finds this one's home as well.
    pub(super) id: String,
    /// The uid that everything belongs to, where it is not our own.
    pub(super) owner: Option<u32>,
}

/// The program, ended with the test.
pub(super) struct Program {
    child: Child,
    port: u16,
}

impl Rig {
    pub(super) fn new(claude: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let rig = Self {
            root,
            id: format!("{:016x}", RandomState::new().build_hasher().finish()),
            owner: None,
        };
        for dir in ["bin", "tmux", "work", "home/.claude/sessions"] {
            fs::create_dir_all(rig.path(dir)).unwrap();
        }
        // tmux refuses a directory that others can read.
        fs::set_permissions(rig.path("tmux"), fs::Permissions::from_mode(0o700)).unwrap();
        let script = rig.path("bin/claude");
        fs::write(
            &script,
            format!("#!/bin/sh\n[ \"$1\" = --version ] && exit\n{claude}"),
        )
        .unwrap();
        fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
        let version = rig.tmux(&["-V"]);
        assert!(version.status.success(), "tmux is needed; install it");
        rig
    }

    /// A conversation in `work`.
    pub(super) fn with_transcript(claude: &str) -> Self {
        let rig = Self::new(claude);
        rig.transcript(&json!({"cwd": rig.path("work")}));
        rig
    }

    pub(super) fn request(&self) -> Value {
        json!({"sessionId": self.id})
    }

    /// The name of the terminal.
    pub(super) fn terminal(&self) -> String {
        format!("claude-{}", self.id.get(..8).unwrap())
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(super) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Writes a transcript of one line, which has `fields` besides its own.
    pub(super) fn transcript(&self, fields: &Value) {
        let mut line =
            json!({"type": "user", "sessionId": self.id, "message": {"content": "hello"}});
        let fields = fields.as_object().unwrap().clone();
        line.as_object_mut().unwrap().extend(fields);
        let directory = self.home().join(".claude/projects").join(PROJECT);
        fs::create_dir_all(&directory).unwrap();
        fs::write(
            directory.join(format!("{}.jsonl", self.id)),
            format!("{line}\n"),
        )
        .unwrap();
    }

    /// Makes everything another user's; for root.
    pub(super) fn give_to(&mut self, owner: u32) {
        for path in walkdir::WalkDir::new(self.root.path()) {
            chown(path.unwrap().path(), Some(owner), Some(owner)).unwrap();
        }
        self.owner = Some(owner);
    }

    pub(super) fn configure(&self, config: &str) {
        let directory = self.home().join(".config/session-manager");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("config.toml"), config).unwrap();
    }

    pub(super) fn tmux(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        if let Some(owner) = self.owner {
            std::os::unix::process::CommandExt::uid(&mut command, owner);
        }
        let output = command
            .args(arguments)
            .env("TMUX_TMPDIR", self.path("tmux"))
            .env_remove("TMUX")
            .stdin(Stdio::null())
            .output();
        output.unwrap_or_else(|error| panic!("tmux is needed; install it ({error})"))
    }

    /// The names of the tmux sessions, empty where no server runs.
    pub(super) fn terminals(&self) -> Vec<String> {
        let listed = self.tmux(&["list-sessions", "-F", "#{session_name}"]);
        let names = String::from_utf8(listed.stdout).unwrap();
        names.lines().map(str::to_owned).collect()
    }

    pub(super) fn start(&self) -> Program {
        self.start_as(&[env!("CARGO_BIN_EXE_session-manager")])
    }

    /// Starts the program by way of `argv`, in the environment of a host that a session has started.
    pub(super) fn start_as(&self, argv: &[&str]) -> Program {
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        let mut child = Command::new(argv[0])
            .args(&argv[1..])
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", path)
            .env("TMUX_TMPDIR", self.path("tmux"))
            .env("NODE_ENV", "production")
            .env("PLUGIN_NAME", "session-manager")
            .env("CLAUDE_CONFIG_DIR", self.path("elsewhere"))
            .env("CLAUDECODE", "1")
            .env("CLAUDE_CODE_ENTRYPOINT", "sdk-ts")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.as_mut().unwrap());
        output.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let port = ready["port"].as_u64().unwrap().try_into().unwrap();
        Program { child, port }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // Ours alone: it listens in the directory that goes with this value.
        self.tmux(&["kill-server"]);
    }
}

impl Program {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn send(&self, method: &str, path: &str, body: &str) -> Connection {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        // A server that hangs fails the test instead of stopping it.
        let hangs = Some(Duration::from_secs(60));
        stream.set_read_timeout(hangs).unwrap();
        let mut connection = Connection(stream);
        connection.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        ));
        connection
    }

    pub(super) fn ask(&self, body: &Value) -> Connection {
        self.send("POST", "/sessions/resume", &body.to_string())
    }

    pub(super) fn resume(&self, body: &Value) -> Answer {
        self.ask(body).receive().unwrap()
    }

    pub(super) fn rows(&self) -> Vec<Value> {
        let mut connection = self.send("GET", "/sessions", "");
        let rows = connection.receive().unwrap().json();
        rows.as_array().unwrap().clone()
    }

    pub(super) fn row(&self, pid: &Value) -> Value {
        let rows = self.rows();
        let row = rows.iter().find(|row| row["pid"] == *pid);
        row.unwrap_or_else(|| panic!("{pid} is not listed: {rows:?}"))
            .clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(super) fn refuse(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.verdict(), (status, code.to_owned()), "{answer:?}");
}

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

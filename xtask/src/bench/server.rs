//! The server that is measured: started over a home of its own, ended when it is dropped.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::meter::Meter;

pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    /// Closing it tells the server to end.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it as the host does, and waits until it is ready.
    pub(super) fn start(program: &Path, home: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", home);
        command.env("SESSION_MANAGER_HOMES", home);
        let log = fs::File::create(home.join("server.log"))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdout = child.stdout.take().context("it was piped")?;
        let mut server = Self {
            child,
            port: 0,
            _stdout: BufReader::new(stdout),
        };
        let mut ready = String::new();
        server._stdout.read_line(&mut ready)?;
        let ready: Value = serde_json::from_str(&ready).context("the server is not ready")?;
        let port = ready.get("port").and_then(Value::as_u64);
        server.port = u16::try_from(port.context("no port")?)?;
        Ok(server)
    }

    pub(super) fn meter(&self) -> Meter {
        Meter::of(self.child.id())
    }

    /// Asks as a client without a socket does; the answer has to be a good one.
    pub(super) fn ask(&self, path: &str) -> Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let port = self.port;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{path} is refused");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

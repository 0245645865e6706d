//! An answer that comes in chunks, as `curl -N` prints it.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _},
    net::TcpStream,
};

use wire::Output;

use crate::client::{Connection, Server, get};

pub(crate) struct Stream {
    pub(super) input: BufReader<TcpStream>,
    pub(super) content_type: String,
    /// What has been taken out of chunks and not read yet.
    text: String,
}

/// Id, name and data of a server-sent event.
pub(crate) type Told = (Option<String>, String, Output);

impl Stream {
    pub(super) fn open(server: &Server, path: &str, headers: &str) -> Self {
        Self::over(server.connect(), server.port, path, headers)
    }

    /// The same over a connection to whatever listens on this port.
    pub(crate) fn over(mut connection: Connection, port: u16, path: &str, headers: &str) -> Self {
        let request = get(path, headers).replace("PORT", &port.to_string());
        connection.send(&request.replace('\n', "\r\n"));
        let answer = connection.receive().unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let content_type = answer.header("content-type").unwrap().to_owned();
        let mut stream = Self {
            input: BufReader::new(connection.0),
            content_type,
            text: String::new(),
        };
        if stream.content_type == "text/event-stream" {
            assert_eq!(stream.block().as_deref(), Some("retry: 2000"));
        }
        stream
    }

    /// All of it.
    pub(crate) fn text(&mut self) -> String {
        while self.chunk() {}
        std::mem::take(&mut self.text)
    }

    /// The lines up to the next empty one; `None` after the end of the stream.
    pub(super) fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            if !self.chunk() {
                assert_eq!(self.text, "");
                return None;
            }
        }
    }

    /// The next event, past the signs of life.
    pub(crate) fn event(&mut self) -> Option<Told> {
        let mut block = self.block()?;
        while block == ":" {
            block = self.block()?;
        }
        let field = |name: &str| {
            let mut lines = block.lines().filter_map(|line| line.split_once(": "));
            lines.find_map(|(field, value)| (field == name).then(|| value.to_owned()))
        };
        let output = serde_json::from_str(&field("data").unwrap()).unwrap();
        Some((field("id"), field("event").unwrap(), output))
    }

    pub(super) fn rest(&mut self) -> Vec<Told> {
        std::iter::from_fn(|| self.event()).collect()
    }

    /// False after the last one, and where the connection was cut.
    fn chunk(&mut self) -> bool {
        let mut length = String::new();
        match self.input.read_line(&mut length) {
            Ok(0) => return false,
            Err(error) if is_cut(&error) => return false,
            read => read.unwrap(),
        };
        let length = usize::from_str_radix(length.trim(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        match self.input.read_exact(&mut chunk) {
            Err(error) if is_cut(&error) => return false,
            read => read.unwrap(),
        }
        chunk.truncate(length);
        self.text += &String::from_utf8(chunk).unwrap();
        length > 0
    }
}

fn is_cut(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
    )
}

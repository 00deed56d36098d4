use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A request over a connection of its own.
#[derive(Debug, Clone)]
#[must_use = "it is not sent yet"]
pub struct Request {
    addr: SocketAddr,
    line: String,
    headers: String,
    body: String,
    host: String,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// The lines of the head.
    pub head: String,
    /// What follows the head.
    pub body: String,
}

/// An answer that goes on.
#[derive(Debug)]
pub struct Streaming {
    lines: BufReader<TcpStream>,
}

impl Request {
    /// A request for this path, such as `/`.
    pub fn get(addr: SocketAddr, path: &str) -> Self {
        Self::new(addr, "GET", path)
    }

    /// A request with a body.
    pub fn post(addr: SocketAddr, path: &str, body: &str) -> Self {
        Self {
            body: body.to_owned(),
            ..Self::new(addr, "POST", path)
        }
    }

    /// A request by this method.
    pub fn new(addr: SocketAddr, method: &str, path: &str) -> Self {
        Self {
            addr,
            // Answers to this version have no chunks.
            line: format!("{method} {path} HTTP/1.0\r\n"),
            headers: String::new(),
            body: String::new(),
            host: format!("Host: {addr}\r\n"),
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// Asks for this host, or for none.
    pub fn host(mut self, host: Option<&str>) -> Self {
        self.host = host.map_or_else(String::new, |host| format!("Host: {host}\r\n"));
        self
    }

    /// Sends it and waits for all of the answer.
    ///
    /// # Errors
    /// What the connection says, and an answer that is none.
    pub async fn send(self) -> io::Result<Answer> {
        let mut stream = self.begin().await?;
        let head = stream.head().await?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut body = Vec::new();
        // Not every server closes the connection after an answer.
        match length(&head) {
            Some(length) => {
                body.resize(length, 0);
                stream.lines.read_exact(&mut body).await?;
            }
            None => drop(stream.lines.read_to_end(&mut body).await?),
        }
        Ok(Answer {
            status: status.ok_or_else(|| io::Error::other(head.clone()))?,
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// Sends it, and leaves it to the caller how much of the answer is read.
    ///
    /// # Errors
    /// What the connection says.
    pub async fn begin(self) -> io::Result<Streaming> {
        let mut stream = TcpStream::connect(self.addr).await?;
        let Self {
            line,
            headers,
            body,
            host,
            ..
        } = self;
        let length = body.len();
        let request = format!("{line}{host}{headers}Content-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        Ok(Streaming {
            lines: BufReader::new(stream),
        })
    }
}

fn length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse().ok())?
    })
}

impl Streaming {
    /// The lines of the head.
    ///
    /// # Errors
    /// What the connection says.
    pub async fn head(&mut self) -> io::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.lines.read_line(&mut head).await? == 0 {
                break;
            }
        }
        Ok(head)
    }

    /// The data of the next event. None when the answer has ended.
    ///
    /// # Errors
    /// What the connection says.
    pub async fn event(&mut self) -> io::Result<Option<String>> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Ok(Some(data.trim_end().to_owned()));
            }
        }
    }
}

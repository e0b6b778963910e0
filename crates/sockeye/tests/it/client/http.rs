//! One HTTP/1.1 connection, by hand.

use super::patiently;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Http {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Empty when the body has a coding, or is no text.
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) fn on(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Writes bytes as they are. A connection that the server has closed takes nothing, which the next read shows.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = patiently("room to write", self.stream.write_all(bytes.as_ref())).await;
    }

    pub(crate) async fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        self.write([request.as_bytes(), body].concat()).await;
    }

    pub(crate) async fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        self.send(method, target, headers, body).await;
        self.response().await
    }

    pub(crate) async fn get(&mut self, target: &str) -> Response {
        self.request("GET", target, &[], b"").await
    }

    pub(crate) async fn response(&mut self) -> Response {
        self.try_response().await.expect("a response")
    }

    /// `None` when the connection ends first.
    pub(crate) async fn try_response(&mut self) -> Option<Response> {
        let head = loop {
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break self.received.drain(..end + 4).collect::<Vec<u8>>();
            }
            self.fill().await.ok().filter(|count| *count > 0)?;
        };
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut response = Response { status, headers, body: String::new(), bytes: Vec::new() };
        let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.received.len() < length {
            self.fill().await.ok().filter(|count| *count > 0)?;
        }
        response.bytes = self.received.drain(..length).collect();
        let is_text = response.header("content-type") != Some("application/octet-stream");
        if is_text && response.header("content-encoding").is_none() {
            response.body = String::from_utf8(response.bytes.clone()).unwrap();
        }
        Some(response)
    }

    /// Waits for the server to end the connection.
    pub(crate) async fn ended(&mut self) {
        while let Ok(1..) = self.fill().await {}
    }

    /// Whether there is anything to read already, be it the end.
    pub(crate) fn has_answer(&mut self) -> bool {
        self.stream.try_read_buf(&mut self.received).is_ok() || !self.received.is_empty()
    }

    /// The stream behind an upgrade, and what came with the response.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.received)
    }

    async fn fill(&mut self) -> io::Result<usize> {
        patiently("an answer", self.stream.read_buf(&mut self.received)).await
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Status and body, to compare in one line.
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }
}

//! A raw client: HTTP requests and WebSocket frames over plain TCP, with nothing hidden or repaired.

use sockeye_proto::websocket::{Decoder, Message, Opcode, Role, encode_frame};
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_MESSAGE_BYTES: usize = 1_000_000;

/// A WebSocket that speaks Engine.IO packets; pings are answered on the way.
pub(crate) struct WebSocket {
    stream: TcpStream,
    decoder: Decoder,
    received: Vec<u8>,
}

impl WebSocket {
    /// Opens one: a new session, or that of `sid`, to take it over.
    pub(crate) async fn open(address: SocketAddr, sid: Option<&str>) -> Self {
        let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
        let head = format!(
            "GET /socket.io/?EIO=4&transport=websocket{sid} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let mut http = Http::open(address).await;
        http.stream.write_all(head.as_bytes()).await.unwrap();
        let head = http.head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self {
            stream: http.stream,
            decoder: Decoder::new(Role::Client, MAX_MESSAGE_BYTES),
            received: http.received,
        }
    }

    /// Opens a session and joins the main namespace.
    pub(crate) async fn join(address: SocketAddr) -> Self {
        let mut websocket = Self::open(address, None).await;
        assert!(websocket.next().await.unwrap().starts_with("0{"));
        websocket.send(&["40"]).await.unwrap();
        assert!(websocket.next().await.unwrap().starts_with("40{"));
        websocket
    }

    /// Sends packets in one piece.
    pub(crate) async fn send(&mut self, packets: &[impl AsRef<str>]) -> io::Result<()> {
        let mut frames = Vec::new();
        for packet in packets {
            encode_frame(&mut frames, Opcode::Text, packet.as_ref().as_bytes(), Some([1, 2, 3, 4]));
        }
        self.stream.write_all(&frames).await
    }

    /// The next packet that is no ping. `None` when the server has closed.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            let decoded = self.decoder.decode(&mut self.received).unwrap();
            let consumed = decoded.consumed;
            let packet = match decoded.message {
                None => None,
                Some(Message::Text(text)) => Some(text.to_owned()),
                Some(Message::Close(_)) => return None,
                Some(other) => panic!("neither text nor a close: {other:?}"),
            };
            self.received.drain(..consumed);
            match packet.as_deref() {
                Some("2") => self.send(&["3"]).await.ok()?,
                Some(_) => return packet,
                None if self.stream.read_buf(&mut self.received).await.ok()? == 0 => return None,
                None => {}
            }
        }
    }
}

/// An HTTP connection that is kept alive.
pub(crate) struct Http {
    address: SocketAddr,
    stream: TcpStream,
    received: Vec<u8>,
}

impl Http {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { address, stream, received: Vec::new() }
    }

    /// The packets of a poll.
    pub(crate) async fn poll(&mut self, sid: Option<&str>) -> Vec<String> {
        let answer = self.request("GET", sid, "").await;
        answer.split('\x1e').map(str::to_owned).collect()
    }

    /// Posts packets.
    pub(crate) async fn post(&mut self, sid: &str, packets: &[impl AsRef<str>]) {
        let packets: Vec<&str> = packets.iter().map(AsRef::as_ref).collect();
        assert_eq!(self.request("POST", Some(sid), &packets.join("\x1e")).await, "ok");
    }

    async fn request(&mut self, method: &str, sid: Option<&str>, body: &str) -> String {
        let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
        let (address, len) = (self.address, body.len());
        let request = format!(
            "{method} /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {len}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let head = self.head().await;
        assert!(head.starts_with("HTTP/1.1 200"), "{method}{sid}: {head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let length = length.parse().unwrap();
        while self.received.len() < length {
            assert_ne!(self.stream.read_buf(&mut self.received).await.unwrap(), 0, "{method}{sid}: cut off");
        }
        String::from_utf8(self.received.drain(..length).collect()).unwrap()
    }

    /// The head of an answer; what came behind it stays.
    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                return String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
            }
            assert_ne!(self.stream.read_buf(&mut self.received).await.unwrap(), 0, "no answer");
        }
    }
}

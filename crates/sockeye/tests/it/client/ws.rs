//! A WebSocket client that writes any bytes it is told to, with a mask unless told otherwise.

use super::{Http, UPGRADE, WEBSOCKET, patiently};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Ws {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
    /// Bytes of `received` that were taken.
    taken: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
    /// The payload of a text or binary message as it came, compressed.
    Deflated(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// With its code, if it has one.
    Close(Option<u16>),
    /// The stream ended without a close frame.
    End,
}

/// A masked frame with the first byte given.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A whole text message.
pub(crate) fn text(payload: impl AsRef<str>) -> Vec<u8> {
    frame(0x81, payload.as_ref().as_bytes())
}

/// A whole binary message.
pub(crate) fn binary(payload: &[u8]) -> Vec<u8> {
    frame(0x82, payload)
}

/// A short frame as only a server may send it.
pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, payload.len() as u8], payload].concat()
}

impl Ws {
    /// Opens a WebSocket and leaves what the server says first unread.
    pub(crate) async fn open(address: SocketAddr, target: &str) -> Self {
        Self::open_on(Http::connect(address).await, target).await
    }

    pub(crate) async fn open_on(mut http: Http, target: &str) -> Self {
        let response = http.request("GET", target, &UPGRADE, b"").await;
        assert_eq!(response.status, 101, "{response:?}");
        Self::from(http)
    }

    /// Opens a session, its open packet taken.
    pub(crate) async fn session(address: SocketAddr) -> Self {
        let mut ws = Self::open(address, WEBSOCKET).await;
        assert!(ws.text().await.starts_with("0{"));
        ws
    }

    /// Asks for the main namespace and takes the reply; gives the socket's id.
    pub(crate) async fn join(&mut self) -> String {
        self.join_namespace("/").await
    }

    pub(crate) async fn join_namespace(&mut self, name: &str) -> String {
        let prefix = if name == "/" { "40".to_owned() } else { format!("40{name},") };
        self.send(&prefix).await;
        let reply = self.text().await;
        let reply: Value = serde_json::from_str(reply.strip_prefix(&prefix).expect(&reply)).unwrap();
        reply["sid"].as_str().unwrap().to_owned()
    }

    /// Writes bytes as they are. A connection that the server has closed takes nothing, which the next read shows.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = patiently("room to write", self.stream.write_all(bytes.as_ref())).await;
    }

    pub(crate) async fn send(&mut self, message: impl AsRef<str>) {
        self.write(text(message)).await;
    }

    pub(crate) async fn send_binary(&mut self, message: &[u8]) {
        self.write(binary(message)).await;
    }

    pub(crate) async fn recv(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.take() {
                return frame;
            }
            self.received.drain(..self.taken);
            self.taken = 0;
            let read = patiently("a frame", self.stream.read_buf(&mut self.received)).await;
            if !matches!(read, Ok(1..)) {
                return Frame::End;
            }
        }
    }

    /// Whether there is anything to read already, be it the end.
    pub(crate) fn has_frame(&mut self) -> bool {
        self.stream.try_read_buf(&mut self.received).is_ok() || self.taken < self.received.len()
    }

    /// The next message, which must be text.
    pub(crate) async fn text(&mut self) -> String {
        match self.recv().await {
            Frame::Text(text) => text,
            other => panic!("{other:?} instead of a text"),
        }
    }

    /// The next message must be this text.
    pub(crate) async fn expect(&mut self, message: &str) {
        assert_eq!(self.text().await, message);
    }

    /// Sends an `echo` and takes the answer: both directions work, and nothing else was said before.
    pub(crate) async fn expect_echo(&mut self, word: &str) {
        let message = format!("42[\"echo\",\"{word}\"]");
        self.send(&message).await;
        self.expect(&message).await;
    }

    /// Takes everything up to the end: a [`Frame::Close`] or [`Frame::End`].
    pub(crate) async fn ended(&mut self) -> Frame {
        loop {
            if let ended @ (Frame::Close(_) | Frame::End) = self.recv().await {
                return ended;
            }
        }
    }

    /// The next thing must be a close without a code, as for a session that the server ends.
    pub(crate) async fn expect_closed(&mut self) {
        assert_eq!(self.recv().await, Frame::Close(None));
    }

    /// The next thing must be the word about the limit that was met, and the close that follows it.
    pub(crate) async fn expect_too_big(&mut self) {
        let told = self.text().await;
        assert!(told.starts_with("6{\"reason\":\"message of "), "{told}");
        assert_eq!(self.recv().await, Frame::Close(Some(1009)));
    }

    fn take(&mut self) -> Option<Frame> {
        let rest = &self.received[self.taken..];
        let (&[first, len], behind) = rest.split_first_chunk::<2>()?;
        assert_eq!(len & 0x80, 0, "a server does not mask");
        let (header, len) = match len {
            126 => (4, u16::from_be_bytes(*behind.first_chunk()?) as usize),
            127 => (10, u64::from_be_bytes(*behind.first_chunk()?) as usize),
            len => (2, len as usize),
        };
        let payload = rest.get(header..header + len)?.to_vec();
        self.taken += header + len;
        Some(match first {
            0x81 => Frame::Text(String::from_utf8(payload).unwrap()),
            0x82 => Frame::Binary(payload),
            0xc1 | 0xc2 => Frame::Deflated(payload),
            0x88 => Frame::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
            0x89 => Frame::Ping(payload),
            0x8a => Frame::Pong(payload),
            first => panic!("a frame that begins with {first:#x}"),
        })
    }
}

impl From<Http> for Ws {
    /// Behind the response that completes the handshake.
    fn from(http: Http) -> Self {
        let (stream, received) = http.into_parts();
        Self { stream, received, taken: 0 }
    }
}

//! The other end of a session in a model: polls, posts, and a WebSocket in memory that takes few bytes at a
//! time.

use crate::conn::Conn;
use crate::session::control::Control;
use crate::session::link::{Link, Stream};
use bytes::Bytes;
use shuttle::future::block_on;
use shuttle::sync::{Condvar, Mutex};
use sockeye_proto::engine::SEPARATOR;
use sockeye_proto::websocket::{Decoder, Message, Opcode, Role, encode_frame};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// Polls once: the packets of the answer. `None` when the session is gone.
pub(super) fn poll(conn: &Conn) -> Option<Vec<String>> {
    let (answer, waiting) = oneshot::channel();
    conn.control(Control::Poll(answer));
    let payload = block_on(waiting).ok()?;
    let packets = payload.split(|&byte| byte == SEPARATOR);
    Some(packets.map(|packet| String::from_utf8(packet.to_vec()).unwrap()).collect())
}

/// Posts packets, and waits until they are handled.
pub(super) fn post(conn: &Conn, packets: &'static str) {
    let (verdict, waiting) = oneshot::channel();
    conn.control(Control::Post(Bytes::from_static(packets.as_bytes()), None, verdict));
    block_on(waiting).unwrap().unwrap();
}

/// Bytes the server may have under way to a client that does not read.
const WINDOW: usize = 10;

/// The client's end of a WebSocket.
pub(super) struct WebSocket {
    pipe: Arc<Pipe>,
    decoder: Decoder,
    received: Vec<u8>,
}

struct Pipe {
    state: Mutex<Ends>,
    changed: Condvar,
}

#[derive(Default)]
struct Ends {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    /// The client says no more.
    ended: bool,
    /// The server's task, while it waits for bytes or for room.
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl WebSocket {
    /// Brings a WebSocket to a session.
    pub(super) fn open(conn: &Conn) -> Self {
        let pipe = Arc::new(Pipe { state: Mutex::default(), changed: Condvar::new() });
        let link = Link::new(Stream::Other(Box::new(ServerEnd(pipe.clone()))), &[], 1000);
        conn.control(Control::Probe(Box::new(link)));
        Self { pipe, decoder: Decoder::new(Role::Client, 1000), received: Vec::new() }
    }

    /// Sends packets in one piece.
    pub(super) fn send(&self, packets: &[&str]) {
        let mut bytes = Vec::new();
        for packet in packets {
            encode_frame(&mut bytes, Opcode::Text, packet.as_bytes(), Some([1, 2, 3, 4]));
        }
        self.pipe.change(|ends| {
            ends.to_server.extend(bytes);
            ends.reader.take()
        });
    }

    /// Waits for a packet. `None` when the server closes.
    pub(super) fn receive(&mut self) -> Option<String> {
        loop {
            let decoded = self.decoder.decode(&mut self.received).unwrap();
            let consumed = decoded.consumed;
            let packet = match decoded.message {
                None => None,
                Some(Message::Text(text)) => Some(text.to_owned()),
                Some(Message::Close(_)) => return None,
                other => panic!("neither text nor a close: {other:?}"),
            };
            self.received.drain(..consumed);
            if packet.is_some() {
                return packet;
            }
            self.received.extend(self.pipe.wait_for_bytes());
        }
    }

    /// Says no more.
    pub(super) fn end(&self) {
        self.pipe.change(|ends| {
            ends.ended = true;
            ends.reader.take()
        });
    }
}

impl Pipe {
    /// Changes the state, and wakes whom the change says, with nothing locked.
    fn change(&self, change: impl FnOnce(&mut Ends) -> Option<Waker>) {
        let waker = change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
        waker.into_iter().for_each(Waker::wake);
    }

    fn wait_for_bytes(&self) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |ends| ends.to_client.is_empty()).unwrap());
        let mut bytes = Vec::new();
        self.change(|ends| {
            bytes = std::mem::take(&mut ends.to_client);
            ends.writer.take()
        });
        bytes
    }
}

/// The server's end: it remembers the waker only when it has to wait, as a socket of tokio's does.
struct ServerEnd(Arc<Pipe>);

impl AsyncRead for ServerEnd {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.0.state.lock().unwrap();
        if ends.to_server.is_empty() && !ends.ended {
            ends.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        into.put_slice(&std::mem::take(&mut ends.to_server));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut accepted = 0;
        self.0.change(|ends| {
            accepted = bytes.len().min(WINDOW - ends.to_client.len());
            ends.to_client.extend_from_slice(&bytes[..accepted]);
            if accepted == 0 {
                ends.writer = Some(cx.waker().clone());
            }
            None
        });
        if accepted == 0 { Poll::Pending } else { Poll::Ready(Ok(accepted)) }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

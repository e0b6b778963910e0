//! Plain WebSockets on the same machinery, without Engine.IO: for echo tests and for protocols of your own.
//! Source: RFC 6455, RFC 7692.

use crate::config::PerMessageDeflate;
use crate::deflate::deflate_message;
use crate::http::websocket_upgrade;
use crate::session::link::{Flow, Link, LinkError, Read};
use bytes::Bytes;
use http::{Request, Response};
use sockeye_proto::websocket::{Message as Frame, Opcode};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::task::{Context, Poll};

/// A message of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// What a WebSocket accepts.
///
/// ```
/// use sockeye::PerMessageDeflate;
/// use sockeye::websocket::Options;
///
/// let options = Options::new(64 * 1024).per_message_deflate(PerMessageDeflate::new());
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "options do nothing until a handshake is accepted with them"]
pub struct Options {
    max_message_bytes: usize,
    deflate: Option<PerMessageDeflate>,
}

impl Options {
    /// A message of more than `max_message_bytes`, its fragments together and inflated, closes the WebSocket with
    /// 1009. Nothing is compressed.
    pub fn new(max_message_bytes: usize) -> Self {
        Self { max_message_bytes, deflate: None }
    }

    /// Compresses messages for a client that offers it, and takes compressed ones. The task that sends does the
    /// work: about a millisecond for 100 KB. Source: RFC 7692.
    pub fn per_message_deflate(mut self, options: PerMessageDeflate) -> Self {
        self.deflate = Some(options);
        self
    }
}

/// An open WebSocket. Pings are answered, fragments joined, and errors of the peer answered with the close
/// code of RFC 6455 by the socket itself.
pub struct WebSocket {
    link: Link,
    received: VecDeque<Message>,
    ended: bool,
    deflate: Option<PerMessageDeflate>,
}

/// Accepts a WebSocket handshake. The response must be sent for the future to resolve.
///
/// # Errors
/// The response that refuses the request: 400, 405, or 426 for another version of the protocol.
///
/// Source: RFC 6455 § 4.2.
#[allow(clippy::result_large_err, reason = "a refusal is a response too, and as large")]
pub fn accept<B: http_body::Body>(
    request: Request<B>,
    options: Options,
) -> Result<(Response<Bytes>, impl Future<Output = io::Result<WebSocket>>), Response<Bytes>> {
    let (response, upgrade) = websocket_upgrade(request, options.deflate.as_ref())?;
    let open = async move {
        let link = upgrade.link(options.max_message_bytes).await.map_err(io::Error::other)?;
        Ok(WebSocket { link, received: VecDeque::new(), ended: false, deflate: options.deflate })
    };
    Ok((response, open))
}

impl WebSocket {
    /// The next message, or `None` when the WebSocket has closed.
    ///
    /// # Cancel safety
    /// No message is lost when the future is dropped.
    pub async fn recv(&mut self) -> Option<Message> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Sends a message, waiting until the kernel has taken it.
    ///
    /// # Errors
    /// The connection is gone.
    ///
    /// # Cancel safety
    /// A message whose future is dropped may be sent in part; the rest leaves before the next one.
    pub async fn send(&mut self, message: &Message) -> io::Result<()> {
        let (opcode, payload) = match message {
            Message::Text(text) => (Opcode::Text, text.as_bytes()),
            Message::Binary(data) => (Opcode::Binary, data.as_ref()),
        };
        let agreed = self.link.deflate_window().zip(self.deflate);
        match agreed.and_then(|(window, options)| deflate_message(payload, window, &options)) {
            Some(deflated) => self.link.append_deflated(opcode, &deflated),
            None => self.link.append(opcode, payload),
        }
        poll_fn(|cx| self.link.poll_write(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Poll::Ready(Some(message));
            }
            if self.ended {
                return match self.link.poll_write(cx) {
                    Poll::Ready(Ok(())) => self.link.poll_drain(cx).map(|()| None),
                    Poll::Ready(Err(_)) => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                };
            }
            let received = &mut self.received;
            let read = self.link.poll_read(cx, |message| {
                match message {
                    Frame::Text(text) => received.push_back(Message::Text(text.to_owned())),
                    Frame::Binary(data) => received.push_back(Message::Binary(Bytes::copy_from_slice(data))),
                    _ => {}
                }
                Flow::Pause
            });
            // Pongs leave with the next look at the socket.
            let written = self.link.poll_write(cx);
            match read {
                Ok(Read::Pending) if matches!(written, Poll::Ready(Err(_))) => self.ended = true,
                Ok(Read::Pending) if self.received.is_empty() => return Poll::Pending,
                Ok(Read::Pending | Read::Stopped) => {}
                Ok(Read::Closed(code)) => self.end(code),
                Err(LinkError::Frame(error)) => self.end(Some(error.close_code())),
                Err(LinkError::Io(_)) => self.end(None),
            }
        }
    }

    fn end(&mut self, code: Option<sockeye_proto::websocket::CloseCode>) {
        self.link.queue_close(code);
        self.ended = true;
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("ended", &self.ended).finish_non_exhaustive()
    }
}

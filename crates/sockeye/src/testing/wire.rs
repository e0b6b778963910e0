//! The client's end of a WebSocket whose other end is the server, in memory.

use crate::error::ConnectError;
use crate::http::PeerAddr;
use crate::server::Server;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sockeye_proto::socket::Message;
use sockeye_proto::websocket::{ClientHandshake, Decoder, Message as Frame, Opcode, Role, encode_frame};
use std::fmt;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower_service::Service;

/// Bytes that may be under way. Memory is used for those only that are.
const PIPE_BYTES: usize = 64 * 1024 * 1024;

/// A WebSocket that is told every message to send, and answers nothing by itself, not even a ping: for what no
/// well-behaved client would do.
///
/// ```
/// use sockeye::Server;
/// use sockeye::testing::{Message, RawClient};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut client = RawClient::connect(&Server::new()).await; // the open packet is taken
/// client.send("40").await;
/// let Some(Message::Text(reply)) = client.recv().await else { panic!() };
/// assert!(reply.starts_with("40{"));
///
/// assert_eq!(client.recv().await, Some(Message::Text("2".to_owned()))); // 25 virtual seconds later
/// assert_eq!(client.recv().await, None); // nobody has answered the ping
/// # }
/// ```
pub struct RawClient {
    stream: DuplexStream,
    decoder: Decoder,
    received: Vec<u8>,
    /// The JSON of the open packet.
    pub(super) open: String,
}

impl RawClient {
    /// Opens a session, in no namespace yet.
    ///
    /// # Panics
    /// The server refuses the request.
    pub async fn connect(io: &Server) -> Self {
        let opened = Self::open(io, "", &[], super::LIMIT).await;
        opened.unwrap_or_else(|refusal| panic!("the request was refused: {refusal}"))
    }

    pub(super) async fn open(
        io: &Server,
        query: &str,
        headers: &[(String, String)],
        limit: Duration,
    ) -> Result<Self, ConnectError> {
        let (stream, other_end) = tokio::io::duplex(PIPE_BYTES);
        serve(io, other_end);
        let opened = tokio::time::timeout(limit, handshake(stream, io, query, headers)).await;
        let mut client = opened.unwrap_or_else(|_| panic!("no WebSocket within {limit:?}"))?;
        match client.recv().await {
            Some(Message::Text(mut open)) if open.starts_with('0') => client.open = open.split_off(1),
            other => panic!("{other:?} instead of the open packet"),
        }
        Ok(client)
    }

    /// Sends a text message, its Engine.IO type in front.
    pub async fn send(&mut self, text: &str) {
        self.write(Opcode::Text, text.as_bytes()).await;
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, data: &[u8]) {
        self.write(Opcode::Binary, data).await;
    }

    /// The next message; `None` when the server has closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn recv(&mut self) -> Option<Message> {
        loop {
            let decoded = match self.decoder.decode(&mut self.received) {
                Ok(decoded) => decoded,
                Err(error) => panic!("the server sent a bad frame: {error}"),
            };
            let consumed = decoded.consumed;
            let message = match decoded.message {
                Some(Frame::Text(text)) => Some(Message::Text(text.to_owned())),
                Some(Frame::Binary(data)) => Some(Message::Binary(data.to_vec())),
                Some(Frame::Close(_)) => return None,
                Some(Frame::Ping(_) | Frame::Pong(_)) | None => None,
            };
            self.received.drain(..consumed);
            if message.is_some() {
                return message;
            }
            if consumed == 0 && !matches!(self.stream.read_buf(&mut self.received).await, Ok(1..)) {
                return None;
            }
        }
    }

    async fn write(&mut self, opcode: Opcode, payload: &[u8]) {
        let mut frame = Vec::new();
        encode_frame(&mut frame, opcode, payload, Some([0x37, 0xfa, 0x21, 0x3d]));
        // A server that has closed takes nothing, which the next message shows.
        let _ = self.stream.write_all(&frame).await;
    }
}

impl fmt::Debug for RawClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawClient").finish_non_exhaustive()
    }
}

/// Serves one connection.
fn serve(io: &Server, stream: DuplexStream) {
    let service = io.service();
    let respond = service_fn(move |mut request: Request<Incoming>| {
        let mut service = service.clone();
        request.extensions_mut().insert(PeerAddr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        async move {
            poll_fn(|cx| Service::<Request<Incoming>>::poll_ready(&mut service, cx)).await?;
            service.call(request).await
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), respond).with_upgrades();
    tokio::spawn(async move {
        let _ = connection.await;
    });
}

async fn handshake(
    mut stream: DuplexStream,
    io: &Server,
    query: &str,
    headers: &[(String, String)],
) -> Result<RawClient, ConnectError> {
    let mut handshake = ClientHandshake::new(*b"sockeye::testing");
    let config = &io.shared().config;
    let slash = if config.http.add_trailing_slash { "/" } else { "" };
    let target = format!("{}{slash}?EIO=4&transport=websocket{query}", config.path);
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut request = Vec::new();
    if let Err(error) = handshake.encode_request(&mut request, "localhost", &target, headers) {
        panic!("the request cannot be sent: {error}");
    }
    let _ = stream.write_all(&request).await;
    let mut received = Vec::new();
    loop {
        let known = received.len();
        let ended = !matches!(stream.read_buf(&mut received).await, Ok(1..));
        match handshake.handle_input(received.get(known..).unwrap_or_default()) {
            Ok(Some(consumed)) => {
                received.drain(..known + consumed);
                let decoder = Decoder::new(Role::Client, usize::MAX);
                return Ok(RawClient { stream, decoder, received, open: String::new() });
            }
            Ok(None) if !ended => {}
            Ok(None) | Err(_) => return Err(refusal(&String::from_utf8_lossy(&received))),
        }
    }
}

/// Status and body of a response that is no WebSocket.
fn refusal(response: &str) -> ConnectError {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
    let status =
        head.lines().next().and_then(|line| line.split_once(' ')).map_or("no answer", |(_, status)| status);
    ConnectError::new(format!("{status} {body}").trim_end())
}

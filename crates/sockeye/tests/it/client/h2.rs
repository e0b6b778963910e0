//! HTTP/2 as hyper's client speaks it, and frames of HTTP/2 by hand for what it would never send.

use super::tls::{self, piped};
use super::{Response, Ws, patiently};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// One connection.
pub(crate) struct H2 {
    requests: SendRequest<Full<Bytes>>,
    scheme: &'static str,
    /// Ends with the connection.
    pub(crate) running: JoinHandle<hyper::Result<()>>,
}

impl H2 {
    /// Without TLS, knowing that the server speaks HTTP/2.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let tcp = TcpStream::connect(server).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        Self::on(tcp, "http").await
    }

    /// Without TLS, with requests that say another scheme.
    pub(crate) async fn claiming(scheme: &'static str, server: SocketAddr) -> Self {
        Self { scheme, ..Self::connect(server).await }
    }

    /// With TLS, by ALPN.
    pub(crate) async fn connect_tls(server: SocketAddr) -> Self {
        let tls = tls::connect(server, tls::trust(&["h2"])).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Self::on(tls, "https").await
    }

    async fn on(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, scheme: &'static str) -> Self {
        let builder = Builder::new(TokioExecutor::new());
        let (requests, connection) = builder.handshake(TokioIo::new(io)).await.unwrap();
        Self { requests, scheme, running: tokio::spawn(connection) }
    }

    /// Sends a request; resolves to its response.
    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> impl Future<Output = Response> + use<> {
        let mut request = http::Request::builder().method(method);
        request = request.uri(format!("{}://localhost{target}", self.scheme));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_owned())).unwrap();
        let mut requests = self.requests.clone();
        async move {
            let sent = async {
                requests.ready().await.unwrap();
                requests.send_request(request).await.unwrap()
            };
            let (parts, body) = patiently("a response", sent).await.into_parts();
            let bytes = patiently("a body", body.collect()).await.unwrap().to_bytes().to_vec();
            let headers = parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            let body = String::from_utf8(bytes.clone()).unwrap_or_default();
            Response { status: parts.status.as_u16(), headers: headers.collect(), body, bytes }
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        self.send("GET", target, &[], "").await
    }

    /// Asks for a stream of this protocol; gives the response, and the stream if there is one.
    pub(crate) async fn tunnel(
        &self,
        protocol: &'static str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> (http::Response<()>, Option<hyper::upgrade::Upgraded>) {
        let mut request = http::Request::connect(format!("{}://localhost{target}", self.scheme));
        request = request.extension(Protocol::from_static(protocol));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).unwrap();
        let mut requests = self.requests.clone();
        requests.ready().await.unwrap();
        let mut response = patiently("a response", requests.send_request(request)).await.unwrap();
        let stream = match response.status().is_success() {
            true => Some(hyper::upgrade::on(&mut response).await.unwrap()),
            false => None,
        };
        (response.map(drop), stream)
    }

    /// A WebSocket in a stream of this connection.
    pub(crate) async fn websocket(&self, target: &str) -> Ws {
        let (response, stream) = self.tunnel("websocket", target, &[("sec-websocket-version", "13")]).await;
        assert_eq!(response.status(), 200, "{response:?}");
        Ws::from(piped(TokioIo::new(stream.unwrap())).await)
    }
}

/// A connection on which frames are written by hand.
pub(crate) struct RawH2 {
    tcp: TcpStream,
    received: Vec<u8>,
}

/// A frame: type, flags, stream, payload.
pub(crate) type RawFrame = (u8, u8, u32, Vec<u8>);

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) fn raw(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The header block of a request, nothing of it compressed.
pub(crate) fn block(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    let pseudo = [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)];
    for (name, value) in pseudo.iter().chain(headers) {
        block.push(0);
        for text in [name, value] {
            // RFC 7541 § 5.1, with a prefix of seven bits.
            let mut len = text.len();
            if len < 127 {
                block.push(len as u8);
            } else {
                block.push(127);
                len -= 127;
                while len >= 128 {
                    block.push(len as u8 | 128);
                    len >>= 7;
                }
                block.push(len as u8);
            }
            block.extend(text.as_bytes());
        }
    }
    block
}

impl RawH2 {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let mut tcp = TcpStream::connect(server).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        tcp.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        tcp.write_all(&raw(SETTINGS, 0, 0, &[])).await.unwrap();
        Self { tcp, received: Vec::new() }
    }

    /// Writes bytes as they are; what a server that hung up does not take, the next read shows.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = patiently("room to write", self.tcp.write_all(bytes.as_ref())).await;
    }

    /// The next frame, or `None` at the end.
    pub(crate) async fn recv(&mut self) -> Option<RawFrame> {
        loop {
            if let Some((head, rest)) = self.received.split_first_chunk::<9>() {
                let len = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                if rest.len() >= len {
                    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
                    let frame = (head[3], head[4], stream, rest[..len].to_vec());
                    self.received.drain(..9 + len);
                    return Some(frame);
                }
            }
            let read = patiently("a frame", self.tcp.read_buf(&mut self.received)).await;
            if !matches!(read, Ok(1..)) {
                return None;
            }
        }
    }

    /// The next frame of this type.
    pub(crate) async fn next(&mut self, kind: u8) -> RawFrame {
        loop {
            let frame = self.recv().await.expect("a frame before the end");
            if frame.0 == kind {
                return frame;
            }
        }
    }

    /// The error code of the GOAWAY that must come.
    pub(crate) async fn goaway(&mut self) -> u32 {
        let (.., payload) = self.next(GOAWAY).await;
        u32::from_be_bytes(*payload[4..].first_chunk().unwrap())
    }

    /// Sees that the server takes what was sent and goes on.
    pub(crate) async fn expect_alive(&mut self) {
        self.write(raw(PING, 0, 0, b"8 octets")).await;
        assert_eq!(self.next(PING).await, (PING, 1, 0, b"8 octets".to_vec()));
    }

    /// Takes everything up to the end.
    pub(crate) async fn ended(&mut self) {
        while self.recv().await.is_some() {}
    }
}

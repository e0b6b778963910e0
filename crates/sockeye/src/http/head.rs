//! The head of a request in one compact copy, which the HTTP types are not: they would pin the whole read
//! buffer of the HTTP server. A connection keeps the one that opened it, hooks are shown that of theirs.

use super::proxies::Peer;
use super::{Encryption, PeerAddr};
use crate::listen::Seat;
use crate::session::dialect::Dialect;
use http::header::HeaderMap;
use http::{Extensions, Method, Request, Uri};
use hyper::upgrade::OnUpgrade;
use sockeye_proto::engine::Protocol;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

/// A snapshot of the head of a request: method, target, headers, and where it came from. Cheap to clone.
///
/// Hooks such as [`on_headers`](crate::ServerBuilder::on_headers) are shown one of the request at hand;
/// [`Handshake`](crate::Handshake) is the one that opened a connection.
/// Source: the `req` of Node's hooks and events.
#[derive(Clone)]
pub struct RequestHead(Arc<Snapshot>);

struct Snapshot {
    /// The method, the request target, then for each header its name, its value length in two bytes, its value.
    text: Box<[u8]>,
    url_len: usize,
    method_len: u8,
    address: Option<SocketAddr>,
    time: SystemTime,
    secure: bool,
    cross_domain: bool,
    dialect: Dialect,
    extensions: Option<Box<Extensions>>,
}

/// What the shell knows of a request beside its head.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) address: Option<SocketAddr>,
    pub(crate) secure: bool,
}

impl RequestHead {
    /// Of a request that goes on to be answered.
    pub(super) fn of<B>(request: &Request<B>, peer: &Peer) -> Self {
        let extensions = request.extensions().clone();
        Self::new(request.method(), request.uri(), request.headers(), extensions, peer.origin())
    }

    pub(crate) fn new(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        mut extensions: Extensions,
        origin: Origin,
    ) -> Self {
        // What the HTTP server itself put there would keep its connection alive.
        extensions.remove::<OnUpgrade>();
        extensions.remove::<Seat>();
        extensions.remove::<PeerAddr>();
        extensions.remove::<Encryption>();
        #[cfg(feature = "http2")]
        extensions.remove::<hyper::ext::Protocol>();
        let url = uri.path_and_query().map_or("/", |target| target.as_str());
        // A method of more than 255 bytes is none that anybody knows.
        let method = method.as_str().get(..255).unwrap_or(method.as_str());
        let size = headers.iter().map(|(name, value)| 3 + name.as_str().len() + value.len()).sum::<usize>();
        let mut text = Vec::with_capacity(method.len() + url.len() + size);
        text.extend_from_slice(method.as_bytes());
        text.extend_from_slice(url.as_bytes());
        for (name, value) in headers {
            // Names and values of more than 64 KiB do not pass the HTTP server.
            let (Ok(name_len), Ok(value_len)) =
                (u8::try_from(name.as_str().len()), u16::try_from(value.len()))
            else {
                continue;
            };
            text.push(name_len);
            text.extend_from_slice(&value_len.to_be_bytes());
            text.extend_from_slice(name.as_str().as_bytes());
            text.extend_from_slice(value.as_bytes());
        }
        Self(Arc::new(Snapshot {
            text: text.into_boxed_slice(),
            url_len: url.len(),
            method_len: u8::try_from(method.len()).unwrap_or(u8::MAX),
            address: origin.address,
            time: SystemTime::now(),
            secure: origin.secure,
            cross_domain: headers.contains_key(http::header::ORIGIN),
            dialect: Dialect::of_request(uri.query().unwrap_or_default()),
            extensions: (!extensions.is_empty()).then(|| Box::new(extensions)),
        }))
    }

    /// The method: `GET` for everything that opens or polls, `POST` for what brings packets.
    pub fn method(&self) -> &str {
        self.text(0, self.method_len())
    }

    /// The request target: path and query.
    pub fn url(&self) -> &str {
        self.text(self.method_len(), self.0.url_len)
    }

    /// The headers in the order of the request, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        Headers(self.0.text.get(self.method_len() + self.0.url_len..).unwrap_or_default())
    }

    /// The first header of this name, given in lower case, if its value is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(given, _)| *given == name)
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The query parameters, decoded, `EIO` and `transport` included.
    pub fn query(&self) -> impl Iterator<Item = (String, String)> {
        let query = self.url().split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_component(key), decode_component(value))
        })
    }

    /// The client's address: the peer of the TCP connection, or what a trusted proxy said.
    /// `None` where the host server does not tell; see [`PeerAddr`](crate::PeerAddr).
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address
    }

    /// When the request came.
    pub fn time(&self) -> SystemTime {
        self.0.time
    }

    /// Whether the client's connection is encrypted, as far as the host server or a trusted proxy tells.
    pub fn secure(&self) -> bool {
        self.0.secure
    }

    /// Whether the request carried an `Origin`. Source: `handshake.xdomain` in Node.
    pub fn cross_domain(&self) -> bool {
        self.0.cross_domain
    }

    /// The version of Engine.IO that the client speaks: 4, or 3 of clients of Socket.IO 2, if the server takes them.
    /// Source: `socket.conn.protocol` in Node.
    pub fn protocol(&self) -> Protocol {
        self.0.dialect.protocol()
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// A value that a tower layer in front of the server put into the request's extensions: how the outcome
    /// of an HTTP authentication reaches a handler.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.extensions.as_ref()?.get()
    }

    /// The client's address without its port, whose IPv4 form may come inside an IPv6 one.
    pub(super) fn host_address(&self) -> Option<IpAddr> {
        self.0.address.map(|address| address.ip().to_canonical())
    }

    fn method_len(&self) -> usize {
        usize::from(self.0.method_len)
    }

    fn text(&self, start: usize, len: usize) -> &str {
        let text = self.0.text.get(start..start + len);
        text.and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for RequestHead {
    /// Without headers and query, which hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method())
            .field("address", &self.0.address)
            .field("secure", &self.0.secure)
            .finish_non_exhaustive()
    }
}

struct Headers<'a>(&'a [u8]);

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[name_len, high, low], rest) = self.0.split_first_chunk::<3>()?;
        let (name, rest) = rest.split_at_checked(usize::from(name_len))?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        self.0 = rest;
        Some((std::str::from_utf8(name).unwrap_or_default(), value))
    }
}

/// Undoes percent and plus encoding; a broken escape stays as it is.
fn decode_component(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match tail.split_at_checked(2).and_then(|(hex, tail)| Some((from_hex(hex)?, tail))) {
                Some((value, tail)) => {
                    bytes.push(value);
                    rest = tail;
                }
                None => bytes.push(b'%'),
            },
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn from_hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(request: Request<()>) -> RequestHead {
        let (parts, ()) = request.into_parts();
        let origin = Origin { address: None, secure: false };
        RequestHead::new(&parts.method, &parts.uri, &parts.headers, parts.extensions, origin)
    }

    #[test]
    fn headers_come_back_in_order_with_repeated_names() {
        let request = Request::get("http://chat.example/socket.io/?EIO=4&name=a%20b%26c&broken=%4")
            .header("Cookie", "a=1")
            .header("X-Two", "one")
            .header("X-Two", "two");
        let head = snapshot(request.body(()).unwrap());
        let headers: Vec<_> = head.headers().collect();
        assert_eq!(headers, [("cookie", &b"a=1"[..]), ("x-two", b"one"), ("x-two", b"two")]);
        assert_eq!(head.header("x-two"), Some("one"));
    }

    #[test]
    fn the_query_is_decoded() {
        let head =
            snapshot(Request::get("/s/?EIO=4&name=a%20b%26c&plus=a+b&broken=%4&flag").body(()).unwrap());
        let query: Vec<_> = head.query().collect();
        let pairs = [("EIO", "4"), ("name", "a b&c"), ("plus", "a b"), ("broken", "%4"), ("flag", "")];
        assert_eq!(query, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(head.url().starts_with("/s/?EIO=4"));
        assert_eq!(head.method(), "GET");
    }

    #[test]
    fn an_extension_of_a_layer_is_kept() {
        #[derive(Clone, PartialEq, Debug)]
        struct User(&'static str);
        let head = snapshot(Request::get("/").extension(User("ada")).body(()).unwrap());
        assert_eq!(head.extension::<User>(), Some(&User("ada")));
        assert_eq!(head.extension::<u32>(), None);
    }

    #[test]
    fn debug_shows_no_credentials() {
        let request = Request::get("/?token=canary").header("Authorization", "canary");
        assert!(!format!("{:?}", snapshot(request.body(()).unwrap())).contains("canary"));
    }
}

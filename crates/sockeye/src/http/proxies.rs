//! Where a request comes from: its TCP peer, or what a proxy says if that proxy is trusted. And how many
//! guesses at session ids one address may make.

use super::head::Origin;
use super::single;
use http::Request;
use http::header::{self, HeaderMap, HeaderName};
use sockeye_proto::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

/// The address of the TCP peer, as a request extension. [`serve`](crate::serve) and `listen` put it there;
/// under another host server a layer of yours may, else `Handshake::address` is `None`. Under `axum::serve`, which
/// tells the address in an extension of its own:
///
/// ```no_run
/// use axum::{Router, extract::{ConnectInfo, Request}, middleware::map_request};
/// use sockeye::{PeerAddr, Server};
/// use std::net::SocketAddr;
///
/// async fn tell_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
///     request.extensions_mut().insert(PeerAddr(peer));
///     request
/// }
///
/// # async fn run(listener: tokio::net::TcpListener) -> std::io::Result<()> {
/// let app = Router::new().layer(Server::new().layer()).layer(map_request(tell_peer));
/// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Whether the connection of a request is encrypted, as a request extension. [`serve`](crate::serve) and `listen` say so;
/// under another host server a layer of yours may. Without it the scheme in the request's target counts, which HTTP/1 does
/// not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// TCP as it is.
    Plain,
    /// TLS.
    Tls,
}

/// The proxies whose forwarding headers are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<IpAddr>);

/// What is known of the other end of a request.
pub(super) struct Peer {
    pub(super) address: Option<SocketAddr>,
    pub(super) secure: bool,
    /// It speaks for others, and what it says of them counts.
    is_proxy: bool,
}

impl TrustedProxies {
    pub(crate) fn new(proxies: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(proxies.into_iter().collect())
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl Peer {
    pub(super) fn of<B>(request: &Request<B>, trusted: &TrustedProxies) -> Self {
        let headers = request.headers();
        let address = request.extensions().get::<PeerAddr>().map(|peer| peer.0);
        let is_proxy = address.is_some_and(|address| trusted.contains(address.ip()));
        let secure = match request.extensions().get::<Encryption>() {
            Some(encryption) => *encryption == Encryption::Tls,
            None => request.uri().scheme_str() == Some("https"),
        };
        let mut peer = Self { address, secure, is_proxy };
        if !is_proxy {
            return peer;
        }
        if let Some(scheme) = text(headers, "x-forwarded-proto") {
            peer.secure = scheme == "https";
        }
        // The right-most address that is no trusted proxy: what stands left of it anybody may have written. What is
        // no address hides whoever stands behind it.
        for hop in hops(headers) {
            let Some(address) = parse_hop(hop) else { break };
            peer.address = Some(address);
            if !trusted.contains(address.ip()) {
                break;
            }
        }
        peer
    }

    /// What a [`RequestHead`](super::RequestHead) keeps of it.
    pub(super) fn origin(&self) -> Origin {
        Origin { address: self.address, secure: self.secure }
    }

    /// The client's address without its port, in the form of [`RequestHead::host_address`](super::RequestHead).
    pub(super) fn host_address(&self) -> Option<IpAddr> {
        self.address.map(|address| address.ip().to_canonical())
    }

    /// Where the client thinks it is: `host` or `host:port`.
    pub(super) fn host<'a, B>(&self, request: &'a Request<B>) -> Option<&'a str> {
        let headers = request.headers();
        let forwarded = self.is_proxy.then(|| text(headers, "x-forwarded-host")).flatten();
        let said = || single(headers, &header::HOST).and_then(|host| std::str::from_utf8(host).ok());
        let target = || request.uri().authority().map(|host| host.as_str());
        forwarded.or_else(said).or_else(target)
    }
}

/// The last word of a header that proxies append to: that of the nearest one.
fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    let value = headers.get_all(HeaderName::from_static(name)).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

/// What `X-Forwarded-For` names, the nearest first. Proxies append to the header or add one of their own.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(HeaderName::from_static("x-forwarded-for")).iter().rev();
    values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(',')).map(str::trim)
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse_hop(hop: &str) -> Option<SocketAddr> {
    let bare = || hop.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    hop.parse().ok().or_else(|| bare().map(|address| SocketAddr::new(address, 0)))
}

/// Guesses at session ids that one address may make in a minute.
const GUESSES_PER_MINUTE: u32 = 1000;

/// Addresses that are counted at once; a minute with more of them starts anew.
const COUNTED_ADDRESSES: usize = 65_536;

/// Counts the unknown session ids that each address presents.
#[derive(Default)]
pub(crate) struct BadSids(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    ends: Timestamp,
    guesses: HashMap<IpAddr, u32>,
}

impl BadSids {
    /// Counts one guess. True when it was one too many.
    pub(super) fn is_too_much(&self, address: Option<SocketAddr>, now: Timestamp) -> bool {
        let Some(address) = address else { return false };
        let mut minute = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if minute.ends <= now || minute.guesses.len() >= COUNTED_ADDRESSES {
            *minute = Minute { ends: now + Duration::from_secs(60), guesses: HashMap::new() };
        }
        let guesses = minute.guesses.entry(address.ip()).or_default();
        *guesses = guesses.saturating_add(1);
        *guesses > GUESSES_PER_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(headers: &[(&str, &str)], trusted: &[&str]) -> (Peer, Option<String>) {
        let mut request = Request::get("/").header("host", "inner:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        request.extensions_mut().insert(PeerAddr("10.0.0.1:999".parse().unwrap()));
        let peer = Peer::of(&request, &TrustedProxies::new(trusted.iter().map(|ip| ip.parse().unwrap())));
        let host = peer.host(&request).map(str::to_owned);
        (peer, host)
    }

    const FORWARDED: [(&str, &str); 3] = [
        ("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.2"),
        ("x-forwarded-host", "chat.example"),
        ("x-forwarded-proto", "https"),
    ];

    #[test]
    fn nobody_is_believed_by_default() {
        let (peer, host) = peer(&FORWARDED, &[]);
        assert_eq!(peer.address, Some("10.0.0.1:999".parse().unwrap()));
        assert_eq!((host.as_deref(), peer.secure), (Some("inner:3000"), false));
    }

    #[test]
    fn a_trusted_proxy_tells_the_right_most_address_that_is_not_trusted() {
        let (peer, host) = peer(&FORWARDED, &["10.0.0.1", "10.0.0.2"]);
        assert_eq!(peer.address.map(|address| address.ip()), Some("1.2.3.4".parse().unwrap()));
        assert_eq!((host.as_deref(), peer.secure), (Some("chat.example"), true));
    }

    #[test]
    fn a_header_that_a_proxy_added_counts_before_the_one_a_client_sent() {
        let spoofed = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
        ];
        let added = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "chat.example"),
        ];
        let (peer, host) = peer(&[spoofed, added].concat(), &["10.0.0.1"]);
        assert_eq!(peer.address.map(|address| address.ip()), Some("1.2.3.4".parse().unwrap()));
        assert_eq!((host.as_deref(), peer.secure), (Some("chat.example"), false));
    }

    #[test]
    fn a_hop_may_have_a_port_or_brackets_and_one_that_is_none_hides_the_rest() {
        for (said, address) in [
            ("1.2.3.4:567", "1.2.3.4:567"),
            ("[2001:db8::1]:567", "[2001:db8::1]:567"),
            ("[2001:db8::1]", "[2001:db8::1]:0"),
            ("2001:db8::1", "[2001:db8::1]:0"),
            ("6.6.6.6, unknown", "10.0.0.1:999"),
            ("6.6.6.6, ", "10.0.0.1:999"),
            ("6.6.6.6, _hidden, 10.0.0.2", "10.0.0.2:0"),
            ("10.0.0.2", "10.0.0.2:0"),
            ("", "10.0.0.1:999"),
        ] {
            let (peer, _) = peer(&[("x-forwarded-for", said)], &["10.0.0.1", "10.0.0.2"]);
            assert_eq!(peer.address, Some(address.parse().unwrap()), "{said}");
        }
    }

    #[test]
    fn the_thousand_and_first_guess_of_a_minute_is_refused() {
        let bad = BadSids::default();
        let address = Some("1.2.3.4:1".parse().unwrap());
        let at = |seconds: u64| Timestamp::from_millis(1 + seconds * 1000);
        for _ in 0..GUESSES_PER_MINUTE {
            assert!(!bad.is_too_much(address, at(0)));
        }
        assert!(bad.is_too_much(address, at(59)));
        assert!(!bad.is_too_much(Some("1.2.3.5:1".parse().unwrap()), at(59)));
        assert!(!bad.is_too_much(address, at(60)));
    }
}

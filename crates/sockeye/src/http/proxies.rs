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
/// under another host server a layer of yours may, else `Handshake::address` is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

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

    fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl Peer {
    pub(super) fn of<B>(request: &Request<B>, trusted: &TrustedProxies) -> Self {
        let headers = request.headers();
        let address = request.extensions().get::<PeerAddr>().map(|peer| peer.0);
        let is_proxy = address.is_some_and(|address| trusted.contains(address.ip()));
        let mut peer = Self { address, secure: request.uri().scheme_str() == Some("https"), is_proxy };
        if !is_proxy {
            return peer;
        }
        if let Some(scheme) = text(headers, "x-forwarded-proto") {
            peer.secure = scheme.trim() == "https";
        }
        // The right-most address that is no trusted proxy: what stands left of it anybody may have written.
        let hops = text(headers, "x-forwarded-for").unwrap_or_default();
        let hops = hops.rsplit(',').filter_map(|hop| hop.trim().parse::<IpAddr>().ok());
        if let Some(client) = hops.into_iter().find(|hop| !trusted.contains(*hop)) {
            peer.address = Some(SocketAddr::new(client, 0));
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
        forwarded.map(str::trim).or_else(said).or_else(target)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(HeaderName::from_static(name)).and_then(|value| value.to_str().ok())
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

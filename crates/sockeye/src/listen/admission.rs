//! How many connections a listener takes, in all, from one address, and in a second. Whoever comes on top is told to come
//! back later before anything is kept for it. A connection holds its place until the WebSocket that it became has ended.

use crate::http::TrustedProxies;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The most connections that a listener takes; zero is no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) connections: usize,
    pub(crate) per_address: usize,
    pub(crate) per_second: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { connections: 65_536, per_address: 0, per_second: 0 }
    }
}

/// Keeps count of the connections of one server, over all its listeners.
pub(crate) struct Admission {
    capacity: Capacity,
    /// They speak for many, so they are not limited by address.
    proxies: TrustedProxies,
    open: AtomicUsize,
    /// Connections that are being refused at this moment.
    refusing: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_address: HashMap<IpAddr, usize>,
    /// What is left of this second, and when it began.
    second: Option<(Instant, u32)>,
    warned: Option<Instant>,
    /// Refused since the last warning.
    refused: u64,
}

/// A place among the connections, given back by its drop.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    /// Boxed because most servers do not count addresses.
    address: Option<Box<IpAddr>>,
}

/// The place of an HTTP connection, which the WebSocket it becomes takes over.
#[derive(Clone)]
pub(crate) struct Seat(Arc<Mutex<Option<Permit>>>);

/// Warnings come no more often than this.
const WARNING_INTERVAL: Duration = Duration::from_secs(3);

/// Refusals that are said at once; further connections are closed without a word.
const MAX_REFUSING: usize = 128;

/// How long the refused may take to hear it.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=UTF-8\r\nContent-Length: 20\r\n\r\ntoo many connections";

impl Admission {
    pub(crate) fn new(capacity: Capacity, proxies: TrustedProxies) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            proxies,
            open: AtomicUsize::new(0),
            refusing: AtomicUsize::new(0),
            state: Mutex::default(),
        })
    }

    /// A place for a connection from `peer`, if there is one.
    pub(super) fn admit(self: &Arc<Self>, peer: SocketAddr) -> Option<Permit> {
        let limit = match self.capacity.connections {
            0 => usize::MAX,
            limit => limit,
        };
        let room = |open: usize| (open < limit).then(|| open + 1);
        let counted = self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        // From here on the permit's drop undoes what was counted.
        let mut permit = counted.ok().map(|_| Permit { admission: self.clone(), address: None });
        if permit.is_some() && (self.capacity.per_address > 0 || self.capacity.per_second > 0) {
            permit = permit.and_then(|permit| self.count(permit, peer.ip().to_canonical()));
        }
        if permit.is_none() {
            self.warn();
        }
        permit
    }

    /// Counts what most servers do not.
    fn count(&self, mut permit: Permit, address: IpAddr) -> Option<Permit> {
        let mut state = self.state();
        let limited = self.capacity.per_address > 0 && !self.proxies.contains(address);
        let key = network(address);
        let of_address = state.by_address.get(&key).copied().unwrap_or(0);
        let admitted = !(limited && of_address >= self.capacity.per_address)
            && (self.capacity.per_second == 0 || state.take_of_second(self.capacity.per_second));
        if admitted && limited {
            state.by_address.insert(key, of_address + 1);
            permit.address = Some(Box::new(key));
        }
        drop(state);
        admitted.then_some(permit)
    }

    fn warn(&self) {
        let mut state = self.state();
        state.refused += 1;
        let now = Instant::now();
        if state.warned.is_some_and(|warned| now.duration_since(warned) < WARNING_INTERVAL) {
            return;
        }
        state.warned = Some(now);
        let refused = std::mem::take(&mut state.refused);
        drop(state);
        tracing::warn!(refused, open = self.open.load(Ordering::Relaxed), "connections_refused");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a connection that there is no place for it, without reading what it asks.
    pub(super) fn refuse(self: &Arc<Self>, mut tcp: TcpStream) {
        if self.refusing.fetch_add(1, Ordering::Relaxed) >= MAX_REFUSING {
            self.refusing.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let admission = self.clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(REFUSAL_TIMEOUT, async {
                tcp.write_all(REFUSAL).await?;
                tcp.shutdown().await?;
                // Bytes that nobody reads would make the kernel answer with a reset, which overtakes the refusal.
                let mut unread = [0; 512];
                while tcp.read(&mut unread).await? > 0 {}
                Ok::<_, std::io::Error>(())
            })
            .await;
            admission.refusing.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

impl State {
    /// Takes one of `limit` connections of this second.
    fn take_of_second(&mut self, limit: u32) -> bool {
        let now = Instant::now();
        let (began, left) = match self.second {
            Some((began, left)) if now.duration_since(began) < Duration::from_secs(1) => (began, left),
            _ => (now, limit),
        };
        self.second = Some((began, left.saturating_sub(1)));
        left > 0
    }
}

/// What counts as one address: of IPv6 the half that a provider gives to one subscriber.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() >> 64 << 64).to_be_bytes()),
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address.take() else { return };
        let mut state = self.admission.state();
        if let Some(count) = state.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                state.by_address.remove(&address);
            }
        }
    }
}

impl Seat {
    pub(super) fn new(permit: Permit) -> Self {
        Self(Arc::new(Mutex::new(Some(permit))))
    }

    /// The place goes with the stream, away from HTTP.
    pub(crate) fn take(&self) -> Option<Permit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seat")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(connections: usize, per_address: usize, per_second: u32) -> Arc<Admission> {
        let proxies = TrustedProxies::new(["10.0.0.1".parse().unwrap()]);
        Admission::new(Capacity { connections, per_address, per_second }, proxies)
    }

    fn from(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_has_ended() {
        let admission = admission(3, 0, 0);
        let mut permits: Vec<_> = (0..3).map(|_| admission.admit(from("1.2.3.4")).unwrap()).collect();
        assert!(admission.admit(from("1.2.3.4")).is_none());
        permits.pop();
        permits.push(admission.admit(from("1.2.3.5")).unwrap());
        assert!(admission.admit(from("1.2.3.4")).is_none());
        drop(permits);
        assert_eq!(admission.open.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn each_address_has_its_own_count_and_a_trusted_proxy_none() {
        let admission = admission(0, 2, 0);
        let hold = |address: &str| admission.admit(from(address));
        let first = hold("1.2.3.4").unwrap();
        let _second = hold("::ffff:1.2.3.4").unwrap();
        assert!(hold("1.2.3.4").is_none());
        let _others: Vec<_> =
            ["1.2.3.5", "10.0.0.1", "10.0.0.1", "10.0.0.1"].map(|a| hold(a).unwrap()).into();
        let _net: Vec<_> = ["2001:db8::1", "2001:db8::2"].map(|a| hold(a).unwrap()).into();
        assert!(hold("2001:db8::3").is_none());
        assert!(hold("2001:db8:0:1::3").is_some());
        drop(first);
        assert!(hold("1.2.3.4").is_some());
        assert_eq!(admission.open.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn an_address_that_holds_nothing_costs_nothing() {
        let admission = admission(0, 2, 0);
        for last in 0..=255 {
            drop(admission.admit(from(&format!("1.2.3.{last}"))));
        }
        assert!(admission.state().by_address.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn every_second_has_its_own_count() {
        let admission = admission(0, 0, 3);
        for _ in 0..2 {
            for _ in 0..3 {
                assert!(admission.admit(from("1.2.3.4")).is_some());
            }
            assert!(admission.admit(from("1.2.3.5")).is_none());
            tokio::time::advance(Duration::from_millis(999)).await;
            assert!(admission.admit(from("1.2.3.4")).is_none());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn warnings_come_once_in_three_seconds() {
        let admission = admission(1, 0, 0);
        let _permit = admission.admit(from("1.2.3.4")).unwrap();
        let mut warned = Vec::new();
        for _ in 0..8 {
            assert!(admission.admit(from("1.2.3.4")).is_none());
            let seen = |state: &State| (state.warned.unwrap().elapsed().as_secs(), state.refused);
            warned.push(seen(&admission.state()));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(warned, [(0, 0), (1, 1), (2, 2), (0, 0), (1, 1), (2, 2), (0, 0), (1, 1)]);
    }

    #[test]
    fn the_refusal_is_whole() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    }
}

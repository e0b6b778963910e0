//! Where requests come from: what is believed of it, and what depends on it.

use crate::client::{Host, POLLING, Poller, echo_with};
use sockeye::{Handshake, Server, ServerBuilder};
use std::net::IpAddr;
use tokio::sync::mpsc;

const UNKNOWN_SID: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

/// Behind a proxy on this machine that is trusted.
fn proxied() -> ServerBuilder {
    Server::builder().trusted_proxies([IpAddr::from([127, 0, 0, 1])])
}

/// A request of this session that comes from `address`, as the proxy says.
async fn from(address: &str, poller: &Poller, method: &str, host: &Host) -> crate::client::Response {
    let forwarded = [("X-Forwarded-For", address)];
    let body: &[u8] = if method == "POST" { b"42[\"echo\",\"x\"]" } else { b"" };
    host.http().await.request(method, &poller.target(), &forwarded, body).await
}

/// A session whose handshake came from `1.2.3.4`, with a socket.
async fn opened(host: &Host) -> Poller {
    let mut http = host.http().await;
    let open = http.request("GET", POLLING, &[("X-Forwarded-For", "1.2.3.4")], b"").await;
    let mut poller = Poller::session(host.address).await;
    poller.sid = open.body[r#"0{"sid":""#.len()..][..20].to_owned();
    let joined = host.http().await;
    let mut joined = joined;
    let forwarded = [("X-Forwarded-For", "1.2.3.4")];
    joined.request("POST", &poller.target(), &forwarded, b"40").await.is(200, "ok");
    assert!(from("1.2.3.4", &poller, "GET", host).await.body.starts_with("40{"));
    poller
}

#[tokio::test]
async fn by_default_a_session_may_change_its_address() {
    let host = Host::start(echo_with(proxied())).await;
    let poller = opened(&host).await;
    from("5.6.7.8", &poller, "POST", &host).await.is(200, "ok");
    from("9.9.9.9", &poller, "GET", &host).await.is(200, "42[\"echo\",\"x\"]");
}

#[tokio::test]
async fn a_bound_session_is_unknown_from_elsewhere_and_lives_on_at_home() {
    let host = Host::start(echo_with(proxied().bind_session_ip(true))).await;
    let poller = opened(&host).await;
    for stranger in ["5.6.7.8", "1.2.3.5", "::1"] {
        from(stranger, &poller, "POST", &host).await.is(400, UNKNOWN_SID);
        from(stranger, &poller, "GET", &host).await.is(400, UNKNOWN_SID);
        let forwarded = [("X-Forwarded-For", stranger)];
        assert_eq!(poller.refused_upgrade(&forwarded).await.body, "Session ID unknown");
    }
    from("1.2.3.4", &poller, "POST", &host).await.is(200, "ok");
    // The same address in the form that a dual-stack socket gives it.
    from("::ffff:1.2.3.4", &poller, "GET", &host).await.is(200, "42[\"echo\",\"x\"]");
    assert_eq!(poller.refused_upgrade(&[("X-Forwarded-For", "1.2.3.4")]).await.status, 101);
}

#[tokio::test]
async fn a_bound_session_without_a_proxy_may_come_from_any_port() {
    let host = Host::start(echo_with(Server::builder().bind_session_ip(true))).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.expect_echo("each request has a port of its own").await;
    poller.upgraded().await.expect_echo("hello").await;
}

/// The address that `allow_request` sees when a client claims another.
async fn seen(options: ServerBuilder, claims: &[(&str, &str)]) -> Option<IpAddr> {
    let (tell, mut seen) = mpsc::unbounded_channel();
    let io = options.allow_request(async move |request: Handshake| {
        tell.send(request.address().map(|address| address.ip())).map_err(|_| "nobody listens")
    });
    let host = Host::start(io.build()).await;
    assert_eq!(host.http().await.request("GET", POLLING, claims, b"").await.status, 200);
    seen.recv().await.unwrap()
}

#[tokio::test]
async fn a_claimed_address_counts_only_from_a_trusted_proxy() {
    let localhost = Some(IpAddr::from([127, 0, 0, 1]));
    let claims = [("X-Forwarded-For", "6.6.6.6"), ("X-Real-IP", "6.6.6.6"), ("Forwarded", "for=6.6.6.6")];
    assert_eq!(seen(Server::builder(), &claims).await, localhost);
    let other = Server::builder().trusted_proxies([IpAddr::from([10, 0, 0, 1])]);
    assert_eq!(seen(other, &claims).await, localhost);
    assert_eq!(seen(proxied(), &claims).await, Some([6, 6, 6, 6].into()));
    // What stands left of the proxy's own entry anybody may have written.
    let chain = [("X-Forwarded-For", "6.6.6.6, 1.2.3.4")];
    assert_eq!(seen(proxied(), &chain).await, Some([1, 2, 3, 4].into()));
}

#[tokio::test]
async fn guesses_at_session_ids_are_counted_by_address_whatever_is_claimed() {
    let host = Host::start(echo_with(Server::builder())).await;
    let mut http = host.http().await;
    let target = format!("{POLLING}&sid=AAAAAAAAAAAAAAAAAAAA");
    for guess in 1..=1001 {
        let claimed = format!("10.0.{}.{}", guess / 250, guess % 250);
        let answer = http.request("GET", &target, &[("X-Forwarded-For", &claimed)], b"").await;
        assert_eq!(answer.status, if guess <= 1000 { 400 } else { 429 }, "{guess}");
    }
    // Sessions and handshakes of the same address go on.
    host.client().await.expect_echo("hello").await;
}

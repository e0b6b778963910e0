//! Which web pages may use the server. A page of another origin must not ride on its visitor's cookies, by WebSocket or by
//! polling, whichever request it makes.

use crate::client::{Host, Http, POLLING, Poller, Response, UPGRADE, WEBSOCKET, echo, echo_with};
use sockeye::{Cors, Server};

const FORBIDDEN: &str = r#"{"code":4,"message":"Forbidden"}"#;

async fn ask(host: &Host, origin: &str, host_header: &str, target: &str, upgrade: bool) -> Response {
    let mut http = host.http().await;
    let mut head = format!("GET {target} HTTP/1.1\r\nHost: {host_header}\r\nOrigin: {origin}\r\n");
    for (name, value) in UPGRADE.iter().filter(|_| upgrade) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    http.write(head + "\r\n").await;
    http.response().await
}

#[tokio::test]
async fn by_default_an_origin_must_have_the_host_and_port_of_the_request() {
    let host = Host::start(echo()).await;
    for (origin, allowed) in [
        ("http://chat.example:3000", true),
        ("https://chat.example:3000", true),
        ("http://CHAT.example:3000", true),
        ("http://chat.example", false),
        ("http://chat.example:3001", false),
        ("http://evil.example:3000", false),
        ("http://evil.example", false),
        ("http://chat.example:3000.evil.example", false),
        ("http://chat.example:3000@evil.example", false),
        ("null", false),
        ("file://", false),
        ("", false),
    ] {
        let polling = ask(&host, origin, "chat.example:3000", POLLING, false).await;
        let websocket = ask(&host, origin, "chat.example:3000", WEBSOCKET, true).await;
        let expected = if allowed { (200, 101) } else { (403, 403) };
        assert_eq!((polling.status, websocket.status), expected, "{origin}");
        assert_eq!(polling.header("access-control-allow-origin"), None, "{origin}");
        if !allowed {
            assert_eq!(polling.body, FORBIDDEN, "{origin}");
        }
    }
}

#[tokio::test]
async fn without_an_origin_there_is_nothing_to_check() {
    let host = Host::start(echo()).await;
    host.poller().await.join().await;
    host.client().await.expect_echo("hello").await;
}

#[tokio::test]
async fn every_later_request_is_checked_too() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    let evil = [("Origin", "http://evil.example")];
    let target = poller.target();
    poller.gets.request("GET", &target, &evil, b"").await.is(403, FORBIDDEN);
    poller.posts.request("POST", &target, &evil, b"40").await.is(403, FORBIDDEN);
    assert_eq!(poller.refused_upgrade(&evil).await.status, 403);
    // The session itself has not suffered.
    poller.join().await;
    poller.expect_echo("hello").await;
}

#[tokio::test]
async fn a_listed_origin_is_echoed_exactly_with_vary() {
    let host = Host::start(echo_with(Server::builder().cors(["http://pages.example"]))).await;
    let open = ask(&host, "http://pages.example", "chat.example", POLLING, false).await;
    assert_eq!(open.status, 200);
    assert_eq!(open.header("access-control-allow-origin"), Some("http://pages.example"));
    assert_eq!(open.header("vary"), Some("Origin"));
    assert_eq!(open.header("access-control-allow-credentials"), None);
    for refused in
        ["https://pages.example", "http://pages.example.evil.example", "http://pages.example:81", "null"]
    {
        let answer = ask(&host, refused, "chat.example", POLLING, false).await;
        answer.is(403, FORBIDDEN);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{refused}");
    }
    assert_eq!(ask(&host, "http://chat.example", "chat.example", POLLING, false).await.status, 200);
}

#[tokio::test]
async fn errors_carry_the_headers_that_let_a_listed_page_read_them() {
    let io = echo_with(Server::builder().cors(Cors::from(["http://pages.example"]).credentials()));
    let host = Host::start(io).await;
    let target = format!("{POLLING}&sid=AAAAAAAAAAAAAAAAAAAA");
    let answer = ask(&host, "http://pages.example", "chat.example", &target, false).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://pages.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}

#[tokio::test]
async fn any_origin_means_a_star_and_no_credentials() {
    let host = Host::start(echo_with(Server::builder().allow_any_origin())).await;
    let open = ask(&host, "http://evil.example", "chat.example", POLLING, false).await;
    assert_eq!(open.header("access-control-allow-origin"), Some("*"));
    assert_eq!(open.header("access-control-allow-credentials"), None);
    assert_eq!(ask(&host, "null", "chat.example", WEBSOCKET, true).await.status, 101);
}

#[tokio::test]
async fn an_origin_with_bytes_that_no_origin_has_is_a_bad_request() {
    let host = Host::start(echo()).await;
    let mut http = Http::connect(host.address).await;
    http.write(
        [b"GET ".as_slice(), POLLING.as_bytes(), b" HTTP/1.1\r\nHost: a\r\nOrigin: http://\xff\r\n\r\n"]
            .concat(),
    )
    .await;
    http.response().await.is(400, r#"{"code":3,"message":"Bad request"}"#);
}

#[tokio::test]
async fn forwarding_headers_of_a_stranger_change_nothing() {
    let host = Host::start(echo()).await;
    let mut http = host.http().await;
    let headers = [("Origin", "http://evil.example"), ("X-Forwarded-Host", "evil.example")];
    http.request("GET", POLLING, &headers, b"").await.is(403, FORBIDDEN);
}

#[tokio::test]
async fn forwarding_headers_of_a_trusted_proxy_name_the_host() {
    let proxy = "127.0.0.1".parse().unwrap();
    let host = Host::start(echo_with(Server::builder().trusted_proxies([proxy]))).await;
    let mut http = host.http().await;
    let headers = [("Origin", "https://chat.example"), ("X-Forwarded-Host", "chat.example")];
    assert_eq!(http.request("GET", POLLING, &headers, b"").await.status, 200);
    let headers = [("Origin", "https://evil.example"), ("X-Forwarded-Host", "chat.example")];
    assert_eq!(http.request("GET", POLLING, &headers, b"").await.status, 403);
}

#[tokio::test]
async fn a_refusal_under_a_session_does_not_tell_whether_the_session_exists() {
    let host = Host::start(echo()).await;
    let poller = Poller::session(host.address).await;
    for sid in [poller.sid.as_str(), "AAAAAAAAAAAAAAAAAAAA"] {
        let target = format!("{POLLING}&sid={sid}");
        ask(&host, "http://evil.example", "chat.example", &target, false).await.is(403, FORBIDDEN);
    }
}

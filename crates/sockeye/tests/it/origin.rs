//! Which web pages may use the server. A page of another origin must not ride on its visitor's cookies, by WebSocket or by
//! polling, whichever request it makes.

use crate::client::{Host, Http, Mount, POLLING, Poller, Response, UPGRADE, WEBSOCKET, echo, echo_with};
use sockeye::engine::EngineServer;
use sockeye::{ConfigError, Cors, Server};
use std::time::Duration;

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

#[tokio::test]
async fn a_preflight_says_the_whole_policy() {
    let cors = Cors::from(["http://pages.example"])
        .credentials()
        .methods(["GET", "POST"])
        .allowed_headers(["content-type", "x-token"])
        .exposed_headers(["x-request-id", "x-trace"])
        .max_age(Duration::from_secs(600));
    let host = Host::start(echo_with(Server::builder().cors(cors))).await;
    let wanted = [
        ("Origin", "http://pages.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-other"),
    ];
    let answer = host.http().await.request("OPTIONS", POLLING, &wanted, b"").await;
    answer.is(204, "");
    for (name, value) in [
        ("access-control-allow-origin", "http://pages.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST"),
        ("access-control-allow-headers", "content-type,x-token"),
        ("access-control-expose-headers", "x-request-id,x-trace"),
        ("access-control-max-age", "600"),
        ("vary", "Origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let open = ask(&host, "http://pages.example", "chat.example", POLLING, false).await;
    assert_eq!(open.header("access-control-expose-headers"), Some("x-request-id,x-trace"));
    assert_eq!(
        (open.header("access-control-allow-methods"), open.header("access-control-max-age")),
        (None, None)
    );
    let websocket = ask(&host, "http://pages.example", "chat.example", WEBSOCKET, true).await;
    assert_eq!(
        (websocket.status, websocket.header("access-control-allow-origin")),
        (101, Some("http://pages.example"))
    );
    let refused = [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")];
    let refused = host.http().await.request("OPTIONS", POLLING, &refused, b"").await;
    assert_eq!((refused.status, refused.header("access-control-allow-methods")), (403, None));
}

#[tokio::test]
async fn a_pattern_and_a_predicate_hold_for_every_request_and_transport() {
    let patterns = Cors::from(["https://*.pages.example", "http://localhost:*"]);
    let predicate = Cors::matching(|origin| {
        origin.ends_with(".pages.example") || origin.starts_with("http://localhost:")
    });
    for cors in [patterns, predicate.credentials()] {
        let host = Host::start(echo_with(Server::builder().cors(cors))).await;
        let mut poller = host.poller().await;
        poller.join().await;
        for (origin, allowed) in [
            ("https://a.pages.example", true),
            ("https://a.b.pages.example", true),
            ("http://localhost:5173", true),
            ("https://evilpages.example", false),
            ("https://a.pages.example.evil", false),
            ("http://localhost.evil:80", false),
            ("null", false),
        ] {
            let expected = |good| if allowed { good } else { 403 };
            let polling = ask(&host, origin, "chat.example", POLLING, false).await;
            assert_eq!(polling.status, expected(200), "{origin}");
            assert_eq!(polling.header("access-control-allow-origin"), allowed.then_some(origin));
            let websocket = ask(&host, origin, "chat.example", WEBSOCKET, true).await;
            assert_eq!(websocket.status, expected(101), "{origin}");
            let target = poller.target();
            let header = [("Origin", origin)];
            let posted = host.http().await.request("POST", &target, &header, b"42[\"echo\",1]").await;
            assert_eq!(posted.status, expected(200), "{origin}");
            let polled = host.http().await.request("GET", &target, &header, b"").await;
            assert_eq!(polled.status, expected(200), "{origin}");
            assert_eq!(poller.refused_upgrade(&header).await.status, expected(101), "{origin}");
        }
    }
}

#[tokio::test]
async fn a_star_in_a_list_is_said_to_everybody_as_a_cache_may_keep_it() {
    let host = Host::start(echo_with(Server::builder().cors(["*"]))).await;
    let file = host.http().await.get("/socket.io/socket.io.js").await;
    assert_eq!(
        (file.header("access-control-allow-origin"), file.header("vary")),
        (Some("*"), Some("Accept-Encoding"))
    );
    let page = ask(&host, "http://evil.example", "chat.example", POLLING, false).await;
    assert_eq!((page.status, page.header("access-control-allow-origin")), (200, Some("*")));
}

#[tokio::test]
async fn options_that_contradict_each_other_let_no_server_start() {
    let star = || Server::builder().cors(Cors::from(["*"]).credentials());
    let error = star().try_build().unwrap_err();
    assert_eq!(error, ConfigError::CorsAnyWithCredentials);
    let failed = star().build().listen("127.0.0.1:0").await.unwrap_err();
    assert_eq!(failed.kind(), std::io::ErrorKind::InvalidInput);
    assert!(failed.to_string().contains("list the origins that may send cookies"), "{failed}");
    let engine = EngineServer::new(star(), |_, _| {});
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert!(engine.listen_on(listener).await.is_err());
    for (options, error) in [
        (
            Server::builder().cors(["pages.example"]),
            ConfigError::CorsOrigin { given: "pages.example".to_owned() },
        ),
        (Server::builder().cookie("a b"), ConfigError::CookieName { given: "a b".to_owned() }),
        (Server::builder().transports([]), ConfigError::NoTransport),
    ] {
        assert_eq!(options.try_build().unwrap_err(), error);
    }
    assert!(Server::builder().cors(Cors::from(["http://pages.example"]).credentials()).try_build().is_ok());
}

#[tokio::test]
async fn a_mounted_server_with_such_options_answers_nothing_but_500() {
    for mount in [Mount::Serve, Mount::Axum] {
        let host = Host::mount(Server::builder().allow_any_origin().cookie("").build(), mount).await;
        host.http().await.get(POLLING).await.is(500, "server misconfigured");
        let websocket = host.http().await.request("GET", WEBSOCKET, &UPGRADE, b"").await;
        websocket.is(500, "server misconfigured");
        host.http().await.get("/").await.is(200, "page");
    }
}

//! How a request that asks the wrong thing is answered: status, JSON body, headers.
//! Source: engine.io-protocol v4 § Handshake; the codes are the official server's.

use crate::client::{Host, Http, Mount, POLLING, Poller, UPGRADE, WEBSOCKET, echo, echo_with};
use sockeye::engine::EngineServer;
use sockeye::{Cors, Server, Transport};

const UNKNOWN_TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const UNKNOWN_SID: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const UNSUPPORTED_VERSION: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

#[tokio::test]
async fn a_handshake_that_asks_the_wrong_thing_is_told_what_under_every_mount() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        let mut http = host.http().await;
        for (method, query, body) in [
            ("GET", "transport=polling", UNSUPPORTED_VERSION),
            ("GET", "EIO=&transport=polling", UNSUPPORTED_VERSION),
            ("GET", "EIO=abc&transport=polling", UNSUPPORTED_VERSION),
            ("GET", "EIO=3&transport=polling", UNSUPPORTED_VERSION),
            ("GET", "EIO=5&transport=polling", UNSUPPORTED_VERSION),
            ("GET", "", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=abc", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=__proto__", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=constructor", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=webtransport", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=websocket", BAD_REQUEST),
            ("POST", "EIO=4&transport=polling", BAD_METHOD),
            ("PUT", "EIO=4&transport=polling", BAD_METHOD),
            ("DELETE", "EIO=4&transport=polling", BAD_METHOD),
            ("OPTIONS", "EIO=4&transport=polling", BAD_METHOD),
            ("GET", "EIO=4&transport=polling&sid=nobody", UNKNOWN_SID),
            ("GET", "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", UNKNOWN_SID),
            ("POST", "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", UNKNOWN_SID),
            ("GET", "EIO=4&transport=polling&sid=%00%0d%0aSet-Cookie:x", UNKNOWN_SID),
        ] {
            let response = http.request(method, &format!("/socket.io/?{query}"), &[], b"").await;
            assert_eq!((response.status, response.body.as_str()), (400, body), "{mount:?} {method} {query}");
            assert_eq!(response.header("content-type"), Some("application/json"), "{method} {query}");
        }
        assert_eq!(host.io.counts().clients, 0);
    }
}

#[tokio::test]
async fn a_later_request_that_asks_the_wrong_thing_is_told_what_and_the_session_lives() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        let mut poller = host.poller().await;
        let mut http = host.http().await;
        for (method, query, status, body) in [
            ("PUT", "EIO=4&transport=polling", 405, BAD_REQUEST),
            ("DELETE", "EIO=4&transport=polling", 405, BAD_REQUEST),
            ("PATCH", "EIO=4&transport=polling", 405, BAD_REQUEST),
            ("OPTIONS", "EIO=4&transport=polling", 405, BAD_REQUEST),
            ("GET", "transport=polling", 400, BAD_REQUEST),
            ("GET", "EIO=3&transport=polling", 400, BAD_REQUEST),
            ("GET", "EIO=4", 400, UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=abc", 400, UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=websocket", 400, BAD_REQUEST),
            ("POST", "EIO=4&transport=websocket", 400, BAD_REQUEST),
        ] {
            let target = format!("/socket.io/?{query}&sid={}", poller.sid);
            let response = http.request(method, &target, &[], b"").await;
            assert_eq!(
                (response.status, response.body.as_str()),
                (status, body),
                "{mount:?} {method} {query}"
            );
        }
        poller.join().await;
        poller.expect_echo("still here").await;
    }
}

#[tokio::test]
async fn an_upgrade_that_asks_the_wrong_thing_gets_400_with_the_bare_text_and_the_end_of_the_connection() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        for (query, text) in [
            ("EIO=4&transport=polling", "Bad request"),
            ("EIO=4&transport=abc", "Transport unknown"),
            ("EIO=4&transport=__proto__", "Transport unknown"),
            ("EIO=4&transport=constructor", "Transport unknown"),
            ("EIO=4", "Transport unknown"),
            ("transport=websocket", "Unsupported protocol version"),
            ("EIO=3&transport=websocket", "Unsupported protocol version"),
            ("EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA", "Session ID unknown"),
        ] {
            let mut http = host.http().await;
            let response = http.request("GET", &format!("/socket.io/?{query}"), &UPGRADE, b"").await;
            assert_eq!((response.status, response.body.as_str()), (400, text), "{mount:?} {query}");
            assert_eq!(response.header("content-type"), Some("text/html"), "{query}");
            assert_eq!(response.header("connection"), Some("close"), "{query}");
            http.ended().await;
        }
        assert_eq!(host.io.counts().clients, 0);
    }
}

#[tokio::test]
async fn a_transport_that_is_not_allowed_is_unknown() {
    let host = Host::start(Server::builder().transports([Transport::WebSocket]).build()).await;
    host.http().await.get(POLLING).await.is(400, UNKNOWN_TRANSPORT);
    host.session().await;

    let host = Host::start(Server::builder().transports([Transport::Polling]).build()).await;
    let refused = host.http().await.request("GET", WEBSOCKET, &UPGRADE, b"").await;
    refused.is(400, "Transport unknown");
    let open = host.http().await.get(POLLING).await;
    assert!(open.body.contains(r#""upgrades":[],"#), "{}", open.body);
}

#[tokio::test]
async fn the_open_packet_says_the_configuration_in_the_official_order() {
    let host = Host::start(echo()).await;
    let open = host.http().await.get(POLLING).await;
    let (sid, rest) = open.body.strip_prefix(r#"0{"sid":""#).unwrap().split_at(20);
    assert!(sid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{sid}");
    let expected =
        r#"","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert_eq!(rest, expected);
    assert_eq!(open.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(open.header("cache-control"), Some("no-store"));

    let open = crate::client::Ws::open(host.address, WEBSOCKET).await.text().await;
    let rest = open.strip_prefix(r#"0{"sid":""#).unwrap().split_at(20).1;
    assert_eq!(rest, expected.replace(r#"["websocket"]"#, "[]"));
}

#[tokio::test]
async fn a_preflight_is_answered_for_a_listed_origin() {
    let io = echo_with(Server::builder().cors(Cors::from(["http://pages.example"]).credentials()));
    let host = Host::start(io).await;
    let headers = [
        ("Origin", "http://pages.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type, x-token"),
    ];
    let answer = host.http().await.request("OPTIONS", POLLING, &headers, b"").await;
    answer.is(204, "");
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://pages.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET,HEAD,PUT,PATCH,POST,DELETE"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("content-type, x-token"));
    assert_eq!(answer.header("vary"), Some("Access-Control-Request-Headers"));
    assert!(answer.headers.contains(&("vary".to_owned(), "Origin".to_owned())));
}

#[tokio::test]
async fn a_preflight_without_a_policy_is_a_bad_handshake() {
    let host = Host::start(echo()).await;
    let answer = host.http().await.request("OPTIONS", POLLING, &[], b"").await;
    answer.is(400, BAD_METHOD);
}

#[tokio::test]
async fn a_head_of_too_many_or_too_long_headers_is_refused_with_431() {
    let host = Host::start(echo()).await;
    let many: String = (0..2100).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x: {}\r\n", "a".repeat(200_000));
    for padding in [many, long] {
        let mut http = host.http().await;
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
        http.write(format!("GET {WEBSOCKET} HTTP/1.1\r\nHost: localhost\r\n{padding}{upgrade}\r\n")).await;
        assert_eq!(http.response().await.status, 431, "{} bytes", padding.len());
        http.ended().await;
    }
    host.client().await.expect_echo("hello").await;
}

#[tokio::test]
async fn a_header_that_could_be_read_in_two_ways_is_refused() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    for framing in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: +2",
        "Content-Length: -1",
        "Content-Length: 18446744073709551616",
        "Transfer-Encoding: gzip",
    ] {
        let mut http = host.http().await;
        http.write(format!("POST {} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n40", poller.target()))
            .await;
        let refused = http.response().await;
        assert_eq!((refused.status, refused.body.as_str()), (400, ""), "{framing}");
    }
    poller.join().await;
}

#[tokio::test]
async fn a_body_in_chunks_is_a_body() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let target = poller.target();
    let head = format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    let body = "a\r\n42[\"echo\",\r\n5\r\n\"hi\"]\r\n0\r\n\r\n";
    poller.posts.write(head + body).await;
    poller.posts.response().await.is(200, "ok");
    poller.expect("42[\"echo\",\"hi\"]").await;
}

#[tokio::test]
async fn the_engine_alone_answers_the_same() {
    let engine = EngineServer::new(Server::builder().path("/engine.io"), |_, _| {});
    let host =
        Host::serve(Server::new(), async move |listener| engine.listen_on(listener).await.unwrap()).await;
    let mut http = Http::connect(host.address).await;
    http.get("/engine.io/?transport=polling").await.is(400, UNSUPPORTED_VERSION);
    http.get("/socket.io/?EIO=4&transport=polling").await.is(404, "Not Found");
}

#[tokio::test]
async fn jsonp_is_not_spoken() {
    let host = Host::start(echo()).await;
    let open = host.http().await.get(&format!("{POLLING}&j=alert(1)")).await;
    assert!(open.body.starts_with("0{"), "{}", open.body);
    assert_eq!(open.header("content-type"), Some("text/plain; charset=UTF-8"));
}

#[tokio::test]
async fn a_request_with_a_binary_body_is_answered_and_ends_the_session() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    let target = poller.target();
    let headers = [("Content-Type", "application/octet-stream")];
    poller.posts.request("POST", &target, &headers, b"40").await.is(400, BAD_REQUEST);
    poller.get().await.is(400, UNKNOWN_SID);
}

#[tokio::test]
async fn many_sessions_of_one_connection_do_not_mix() {
    let host = Host::start(echo()).await;
    let mut one = host.poller().await;
    let mut two = Poller::session(host.address).await;
    one.join().await;
    two.join().await;
    std::mem::swap(&mut one.sid, &mut two.sid);
    one.expect_echo("one").await;
    two.expect_echo("two").await;
}

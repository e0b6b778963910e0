//! What answers carry beside their bodies: headers of the application's, the session's cookie, the first packet.

use crate::client::{Frame, Host, Mount, POLLING, Response, UPGRADE, WEBSOCKET, Ws, echo, echo_with};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use sockeye::engine::Message;
use sockeye::{Cookie, RequestHead, Server, ServerBuilder};
use std::time::Duration;

fn stamped(options: ServerBuilder) -> ServerBuilder {
    options
        .on_initial_headers(|headers: &mut HeaderMap, request: &RequestHead| {
            let value = format!("{} {}", request.method(), request.header("x-name").unwrap_or("nobody"));
            headers.insert("x-first", HeaderValue::from_str(&value).unwrap());
        })
        .on_headers(|headers: &mut HeaderMap, request: &RequestHead| {
            let first = if headers.contains_key("x-first") { "first" } else { "later" };
            headers
                .insert("x-every", HeaderValue::from_str(&format!("{} {first}", request.method())).unwrap());
        })
}

fn stamps(response: &Response) -> (u16, Option<&str>, Option<&str>) {
    (response.status, response.header("x-first"), response.header("x-every"))
}

#[tokio::test]
async fn hooks_see_every_response_and_the_first_of_a_session_before() {
    for mount in Mount::ALL {
        let host =
            Host::mount(echo_with(stamped(Server::builder().cors(["http://pages.example"]))), mount).await;
        let open = host.http().await.request("GET", POLLING, &[("X-Name", "ada")], b"").await;
        assert_eq!(stamps(&open), (200, Some("GET ada"), Some("GET first")), "{mount:?}");
        let mut poller = host.poller().await;
        let posted = poller.post("40").await;
        assert_eq!(stamps(&posted), (200, None, Some("POST later")));
        assert_eq!(stamps(&poller.get().await), (200, None, Some("GET later")));
        let upgrade = poller.refused_upgrade(&[("X-Name", "ada")]).await;
        assert_eq!(stamps(&upgrade), (101, None, Some("GET later")));
        let websocket = [&UPGRADE[..], &[("X-Name", "ada")]].concat();
        let opened = host.http().await.request("GET", WEBSOCKET, &websocket, b"").await;
        assert_eq!(stamps(&opened), (101, Some("GET ada"), Some("GET first")));
        let mut http = host.http().await;
        assert_eq!(stamps(&http.get("/socket.io/?EIO=4").await), (400, None, Some("GET later")));
        assert_eq!(stamps(&http.get("/socket.io/socket.io.js").await), (200, None, Some("GET later")));
        let origin = [("Origin", "http://pages.example")];
        let preflight = http.request("OPTIONS", POLLING, &origin, b"").await;
        assert_eq!(stamps(&preflight), (204, None, Some("OPTIONS later")));
    }
}

#[tokio::test]
async fn a_hook_that_panics_costs_its_answer_and_opens_no_session() {
    let broken = |headers: &mut HeaderMap, request: &RequestHead| {
        headers.insert("x-half", HeaderValue::from_static("1"));
        assert!(request.header("x-bug").is_none(), "a bug of the application's");
    };
    for options in [Server::builder().on_initial_headers(broken), Server::builder().on_headers(broken)] {
        let host = Host::start(echo_with(options)).await;
        let bug = [("X-Bug", "1")];
        let failed = host.http().await.request("GET", POLLING, &bug, b"").await;
        failed.is(500, "internal error");
        assert_eq!(failed.header("x-half"), None);
        let upgrade = [&UPGRADE[..], &bug].concat();
        host.http().await.request("GET", WEBSOCKET, &upgrade, b"").await.is(500, "internal error");
        host.settle().await;
        assert_eq!((host.io.counts().clients, host.io.counts().tasks), (0, 0));
        host.poller().await.join().await;
        host.client().await.expect_echo("hello").await;
    }
}

#[tokio::test]
async fn four_cookies_of_a_hook_are_four_headers() {
    let cookies =
        ["1=1; Max-Age=86400", "2=2; Path=/; HttpOnly; Secure; SameSite=Strict", "3=3; Max-Age=0", "4=4"];
    let options = Server::builder().on_initial_headers(move |headers: &mut HeaderMap, _: &RequestHead| {
        for cookie in cookies {
            headers.append("set-cookie", HeaderValue::from_static(cookie));
        }
    });
    let host = Host::start(echo_with(options)).await;
    let websocket = host.http().await.request("GET", WEBSOCKET, &UPGRADE, b"").await;
    for answer in [host.http().await.get(POLLING).await, websocket] {
        let set: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
        assert_eq!(set.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), cookies);
    }
}

#[tokio::test]
async fn the_cookie_of_a_session_is_its_id_and_comes_with_the_polling_handshake_alone() {
    let host = Host::start(echo_with(Server::builder().cookie(Cookie::default()))).await;
    let mut poller = host.poller().await;
    let open = host.http().await.get(POLLING).await;
    let sid = &open.body[r#"0{"sid":""#.len()..][..20];
    assert_eq!(open.header("set-cookie"), Some(format!("io={sid}; Path=/; HttpOnly; SameSite=Lax").as_str()));
    assert_eq!(poller.post("40").await.header("set-cookie"), None);
    assert_eq!(poller.get().await.header("set-cookie"), None);
    let websocket = host.http().await.request("GET", WEBSOCKET, &UPGRADE, b"").await;
    assert_eq!((websocket.status, websocket.header("set-cookie")), (101, None));
    assert_eq!(host.http().await.get("/socket.io/?EIO=4").await.header("set-cookie"), None);

    let none = Host::start(echo()).await.http().await.get(POLLING).await;
    assert_eq!(none.header("set-cookie"), None);
    let node = Cookie::new("node").path("/chat").max_age(Duration::from_secs(60)).secure();
    let node = Host::start(echo_with(Server::builder().cookie(node))).await.http().await.get(POLLING).await;
    let attributes = "Max-Age=60; Path=/chat; HttpOnly; Secure; SameSite=Lax";
    assert!(node.header("set-cookie").unwrap().ends_with(attributes), "{node:?}");
}

#[tokio::test]
async fn the_initial_packet_stands_behind_the_open_packet() {
    for (packet, in_payload, frame) in [
        (Message::Text("welcome é".to_owned()), "4welcome é", Frame::Text("4welcome é".to_owned())),
        (Message::Binary(Bytes::from_static(&[1, 2, 3])), "bAQID", Frame::Binary(vec![1, 2, 3])),
    ] {
        let host = Host::start(echo_with(Server::builder().initial_packet(packet))).await;
        let open = host.http().await.get(POLLING).await.body;
        let (open, initial) = open.split_once('\x1e').unwrap();
        assert!(open.starts_with("0{") && open.ends_with('}'), "{open}");
        assert_eq!(initial, in_payload);
        let mut ws = Ws::open(host.address, WEBSOCKET).await;
        assert!(ws.text().await.starts_with("0{"));
        assert_eq!(ws.recv().await, frame);
        ws.join().await;
        ws.expect_echo("nothing more").await;
    }
}

#[tokio::test]
async fn internet_explorer_is_told_to_trust_the_answers_of_polling() {
    let host = Host::start(echo()).await;
    for (agent, told) in [
        ("Mozilla/4.0 (compatible;MSIE 8.0)", Some("0")),
        ("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", Some("0")),
        ("Mozilla/5.0 (X11; Linux) Gecko Firefox/140", None),
    ] {
        let agent = [("User-Agent", agent)];
        let open = host.http().await.request("GET", POLLING, &agent, b"").await;
        assert_eq!(open.header("x-xss-protection"), told, "{agent:?}");
        let mut poller = host.poller().await;
        let target = poller.target();
        let posted = poller.posts.request("POST", &target, &agent, b"40").await;
        assert_eq!((posted.status, posted.header("x-xss-protection")), (200, told), "{agent:?}");
        assert_eq!(posted.header("cache-control"), Some("no-store"));
        let polled = host.http().await.request("GET", &target, &agent, b"").await;
        assert_eq!((polled.status, polled.header("x-xss-protection")), (200, told), "{agent:?}");
    }
}

/// What a client sends never turns into a header: an encoded line break stays encoded or is refused.
#[tokio::test]
async fn line_breaks_of_a_client_reach_no_header() {
    let host = Host::start(echo_with(stamped(Server::builder().cookie("io").allow_any_origin()))).await;
    for query in [
        "sid=%0d%0aSet-Cookie:%20x=1",
        "transport=%0d%0aX-Evil:1",
        "EIO=4%0d%0aX-Evil:1",
        "t=%00%0d%0a%0d%0aHTTP/1.1",
    ] {
        let answer = host.http().await.get(&format!("/socket.io/?{query}&EIO=4&transport=polling")).await;
        assert_eq!(answer.header("x-evil"), None);
        assert!(!answer.headers.iter().any(|(_, value)| value.contains("x=1")), "{answer:?}");
    }
    let name = [("X-Name", "a%0d%0aX-Evil: 1"), ("Origin", "http://a%0d%0aX-Evil:1")];
    let answer = host.http().await.request("GET", POLLING, &name, b"").await;
    assert_eq!((answer.header("x-evil"), answer.header("access-control-allow-origin")), (None, Some("*")));
    let mut ws = host.session().await;
    ws.send("40/a%0d%0a\u{0}b,").await;
    ws.expect("44/a%0d%0a\u{0}b,{\"message\":\"Invalid namespace\"}").await;
}

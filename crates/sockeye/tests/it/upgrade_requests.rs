//! Which requests become a WebSocket. A proxy in front may judge a crooked one to be plain HTTP, so nothing is forgiven,
//! and what is refused is closed. Source: RFC 6455 § 4.2.1.

use crate::client::{Frame, Host, Http, Mount, WEBSOCKET, Ws, echo, text};
use tokio::net::TcpSocket;

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const GOOD: &str = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";

#[tokio::test]
async fn only_a_whole_handshake_becomes_a_websocket() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        let with = |change: &dyn Fn(String) -> String| {
            change(format!("GET {WEBSOCKET} HTTP/1.1\r\n{GOOD}{KEY}\r\n"))
        };
        let replace = |from: &'static str, to: &'static str| with(&|good| good.replace(from, to));
        for (request, status) in [
            (with(&|good| good), 101),
            (replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"), 101),
            (replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: uPGRADE"), 101),
            (replace("Upgrade: websocket", "Upgrade: WebSocket"), 101),
            (replace("Version: 13", "Version: 777"), 426),
            (replace("Version: 13", "Version: 8"), 426),
            (replace("Version: 13", "Version: 1313"), 426),
            (replace("Sec-WebSocket-Version: 13\r\n", ""), 400),
            (
                replace(
                    "Sec-WebSocket-Version: 13\r\n",
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n",
                ),
                400,
            ),
            (replace(KEY, ""), 400),
            (replace("dGhlIHNhbXBsZSBub25jZQ==", "abc"), 400),
            (replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"), 400),
            (replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQAA=="), 400),
            (replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j*Q=="), 400),
            (replace("Upgrade: websocket", "Upgrade: h2c"), 400),
            (replace("Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"), 400),
            (replace("Upgrade: websocket", "Upgrade: h2c, websocket2"), 400),
            (replace("Connection: Upgrade", "Connection: keep-alive"), 400),
            (replace("Connection: Upgrade", "Connection: NotUpgrade"), 400),
            (replace("Connection: Upgrade\r\n", ""), 400),
            (replace("Host: a\r\n", ""), 400),
            (replace("HTTP/1.1", "HTTP/1.0"), 400),
            (replace("Host: a", "Content-Length: 5\r\nHost: a"), 400),
            (replace("Host: a", "Transfer-Encoding: chunked\r\nHost: a"), 400),
            (replace("GET", "POST"), 400),
        ] {
            let mut http = host.http().await;
            http.write(&request).await;
            let response = http.response().await;
            assert_eq!(response.status, status, "{mount:?} {request}");
            if status == 101 {
                assert_eq!(response.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
                assert_eq!(response.header("upgrade"), Some("websocket"));
                assert_eq!(response.header("connection"), Some("Upgrade"));
                assert_eq!(response.header("sec-websocket-extensions"), None);
            } else {
                assert_eq!(response.header("connection"), Some("close"), "{request}");
                http.ended().await;
            }
            if status == 426 {
                assert_eq!(response.header("sec-websocket-version"), Some("13"), "{request}");
            }
        }
    }
}

#[tokio::test]
async fn headers_with_names_of_object_members_are_headers_like_any_other() {
    let host = Host::start(echo()).await;
    let extensions = "Sec-WebSocket-Extensions: constructor; __proto__=1; toString\r\n";
    let protocols = format!("Sec-WebSocket-Protocol: b{}x\r\n", " ".repeat(7000));
    let mut http = host.http().await;
    http.write(format!("GET {WEBSOCKET} HTTP/1.1\r\n{GOOD}{KEY}{extensions}{protocols}\r\n")).await;
    let response = http.response().await;
    assert_eq!(response.status, 101);
    assert_eq!(response.header("sec-websocket-extensions"), None);
    assert_eq!(response.header("sec-websocket-protocol"), None);
}

#[tokio::test]
async fn frames_in_the_segment_of_the_handshake_are_not_lost() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        let mut http = Http::connect(host.address).await;
        let request = format!("GET {WEBSOCKET} HTTP/1.1\r\n{GOOD}{KEY}\r\n");
        http.write([request.as_bytes(), &text("40"), &text("42[\"echo\",1]")].concat()).await;
        assert_eq!(http.response().await.status, 101);
        let mut ws = Ws::from(http);
        assert!(ws.text().await.starts_with("0{"), "{mount:?}");
        assert!(ws.text().await.starts_with("40{"), "{mount:?}");
        ws.expect("42[\"echo\",1]").await;
    }
}

#[tokio::test]
async fn a_bad_frame_in_the_segment_of_the_handshake_closes_with_its_code() {
    for mount in Mount::ALL {
        let host = Host::mount(echo(), mount).await;
        let mut http = Http::connect(host.address).await;
        let request = format!("GET {WEBSOCKET} HTTP/1.1\r\n{GOOD}{KEY}\r\n");
        // RSV2 is set, before anybody listens.
        http.write([request.as_bytes(), &crate::client::frame(0xa1, b"40")].concat()).await;
        assert_eq!(http.response().await.status, 101);
        let mut ws = Ws::from(http);
        assert!(ws.text().await.starts_with("0{"), "{mount:?}");
        assert_eq!(ws.recv().await, Frame::Close(Some(1002)), "{mount:?}");
    }
}

#[tokio::test]
async fn a_reset_behind_the_handshake_leaves_nothing() {
    let host = Host::start(echo()).await;
    let h2c = "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    for attack in [format!("{GOOD}{KEY}"), format!("Host: a\r\n{h2c}{KEY}")] {
        for _ in 0..100 {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_zero_linger().unwrap();
            let mut http = Http::on(socket.connect(host.address).await.unwrap());
            http.write(format!("GET {WEBSOCKET} HTTP/1.1\r\n{attack}\r\n")).await;
        }
    }
    host.client().await.expect_echo("hello").await;
    host.io.close().await;
    assert_eq!((host.io.counts().clients, host.io.counts().tasks), (0, 0));
}

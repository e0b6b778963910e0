//! The body of a POST: packets joined by U+001E. A bad one is refused as a whole from the first bad packet on, and its
//! session ends; nothing in it costs more than its bytes.

use crate::client::{Host, Reasons, echo, engine_echo};
use sockeye::Server;

const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

#[tokio::test]
async fn a_body_that_is_no_payload_gets_400_and_ends_the_session() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for (name, body) in [
        ("nothing", b"".to_vec()),
        ("no packet", b"abc".to_vec()),
        ("unknown type", b"8".to_vec()),
        ("bad base64", b"b!!!!".to_vec()),
        ("base64 cut short", b"bAQI".to_vec()),
        ("base64 of the other alphabet", b"b_-A=".to_vec()),
        ("bad UTF-8", b"42[\"echo\",\"\xff\"]".to_vec()),
        ("a surrogate in UTF-8", b"42[\"echo\",\"\xed\xa0\x80\"]".to_vec()),
        ("only separators", vec![0x1e; 999_999]),
        ("500 000 pongs", b"3\x1e".repeat(500_000)[..999_999].to_vec()),
        ("a separator in front", b"\x1e3".to_vec()),
        ("a separator behind", b"3\x1e".to_vec()),
        ("two separators", b"3\x1e\x1e3".to_vec()),
    ] {
        let mut poller = host.poller().await;
        poller.join().await;
        let refused = poller.post(&body).await;
        assert_eq!((refused.status, refused.body.as_str()), (400, BAD_REQUEST), "{name}");
        assert_eq!(reasons.next().await, "parse error", "{name}");
        assert_eq!(poller.get().await.status, 400, "{name}");
    }
}

#[tokio::test]
async fn a_post_brings_up_to_16384_packets() {
    let host = engine_echo(Server::builder()).await;
    for count in [16_383, 16_384] {
        let mut poller = host.poller().await;
        poller.send(vec!["4a"; count].join("\x1e")).await;
        let mut echoed = 0;
        while echoed < count {
            let body = poller.get().await.body;
            assert!(body.split('\x1e').all(|packet| packet == "4a"));
            echoed += body.split('\x1e').count();
        }
        assert_eq!(echoed, count);
    }
    let mut poller = host.poller().await;
    poller.post(vec!["4a"; 16_385].join("\x1e")).await.is(400, BAD_REQUEST);
    assert_eq!(poller.get().await.status, 400);
}

#[tokio::test]
async fn packets_before_a_bad_one_are_handled_and_those_behind_it_are_not() {
    let io = Server::new();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    io.on("say", async move |sockeye::Data(word): sockeye::Data<String>| {
        let _ = tell.send(word);
    });
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let body = "42[\"say\",\"before\"]\x1e9\x1e42[\"say\",\"behind\"]";
    poller.post(body).await.is(400, BAD_REQUEST);
    assert_eq!(told.recv().await.unwrap(), "before");
    host.settle().await;
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn binary_comes_and_goes_as_base64() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let packet = "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]";
    poller.send(format!("{packet}\x1ebAQID")).await;
    poller.expect(&format!("{packet}\x1ebAQID")).await;
    // The attachment may come with a request of its own.
    poller.send(packet).await;
    poller.send("b/+8=").await;
    poller.expect(&format!("{packet}\x1eb/+8=")).await;
}

#[tokio::test]
async fn a_websocket_takes_base64_from_a_client_that_avoids_binary_frames() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    ws.send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    ws.send("bAQID").await;
    ws.expect("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(ws.recv().await, crate::client::Frame::Binary(vec![1, 2, 3]));
}

//! Sessions and sockets that somebody asks for twice, and frames that break the WebSocket.

use crate::client::{Frame, frame, text, unmasked};
use crate::server::Abuse;

#[tokio::test]
async fn x15_two_connects_while_middleware_decides_are_never_two_sockets() {
    let mut server = Abuse::start().await;
    let mut ws = server.session().await;
    ws.write([text("40/slow,"), text("40/slow,")].concat()).await;
    ws.expect_closed().await;
    let mut ws = server.session().await;
    ws.join_namespace("/slow").await;
    ws.expect("42/slow,[\"auth\",{}]").await;
    assert_eq!(server.health().await.sockets, 1);
    ws.send("42/slow,[\"message\",1]").await;
    ws.expect("42/slow,[\"message-back\",1]").await;
    server.expect_well().await;
}

#[tokio::test]
async fn x22_a_bad_frame_closes_with_its_code() {
    let mut server = Abuse::start().await;
    for (name, bytes, code) in [
        ("without a mask", unmasked(0x81, b"2"), 1002),
        ("RSV1", frame(0xc1, b"2"), 1002),
        ("RSV2", frame(0xa1, b"2"), 1002),
        ("an unknown opcode", frame(0x83, b"x"), 1002),
        ("a ping in fragments", frame(0x09, b"x"), 1002),
        ("a ping of 126 bytes", frame(0x89, &[0; 126]), 1002),
        ("a continuation of nothing", frame(0x80, b"x"), 1002),
        ("close 1005", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        ("bad UTF-8", frame(0x81, b"4\xff"), 1007),
        ("bad UTF-8 in a close", frame(0x88, b"\x03\xe8\xff"), 1007),
        ("2^64 − 1 announced", [&[0x82, 0xff], u64::MAX.to_be_bytes().as_slice(), &[0; 4]].concat(), 1002),
    ] {
        let mut ws = server.client().await;
        ws.write(bytes).await;
        assert_eq!(ws.recv().await, Frame::Close(Some(code)), "{name}");
    }
    let mut ws = server.client().await;
    ws.write([&[0x82, 0xff], 0x1_0000_0000_u64.to_be_bytes().as_slice(), &[0; 4]].concat()).await;
    ws.expect_too_big().await;
    server.expect_well().await;
}

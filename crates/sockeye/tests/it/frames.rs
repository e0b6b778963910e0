//! WebSocket frames that break RFC 6455: each gets the close code that the specification names, and the client in the next
//! room notices nothing.

use crate::client::{Frame, Host, Ws, binary, echo, engine_echo, frame, text, unmasked};
use sockeye::Server;

#[tokio::test]
async fn a_frame_that_breaks_the_protocol_closes_with_its_code() {
    let host = Host::start(echo()).await;
    let mut neighbour = host.client().await;
    let announced = |first: u8, len: u64| [&[first, 0xff], len.to_be_bytes().as_slice(), &[0; 4]].concat();
    for (name, bytes, code) in [
        ("unmasked text", unmasked(0x81, b"2"), 1002),
        ("unmasked ping", unmasked(0x89, b""), 1002),
        ("unmasked close", unmasked(0x88, b""), 1002),
        ("RSV1", frame(0xc1, b"2"), 1002),
        ("RSV2", frame(0xa1, b"2"), 1002),
        ("RSV3", frame(0x91, b"2"), 1002),
        ("RSV1 on a ping", frame(0xc9, b""), 1002),
        ("opcode 3", frame(0x83, b"x"), 1002),
        ("opcode 7", frame(0x87, b"x"), 1002),
        ("opcode 11", frame(0x8b, b"x"), 1002),
        ("opcode 15", frame(0x8f, b"x"), 1002),
        ("ping in fragments", frame(0x09, b"a"), 1002),
        ("close in fragments", frame(0x08, &[]), 1002),
        ("ping of 126 bytes", frame(0x89, &[0; 126]), 1002),
        ("pong of 126 bytes", frame(0x8a, &[0; 126]), 1002),
        ("close of 126 bytes", frame(0x88, &[3; 126]), 1002),
        ("continuation of nothing", frame(0x80, b"a"), 1002),
        ("text inside a message", [frame(0x01, b"4"), text("4")].concat(), 1002),
        ("binary inside a message", [frame(0x02, b"4"), binary(b"4")].concat(), 1002),
        ("close of one byte", frame(0x88, &[3]), 1002),
        ("close 999", frame(0x88, &999_u16.to_be_bytes()), 1002),
        ("close 1004", frame(0x88, &1004_u16.to_be_bytes()), 1002),
        ("close 1005", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        ("close 1006", frame(0x88, &1006_u16.to_be_bytes()), 1002),
        ("close 1015", frame(0x88, &1015_u16.to_be_bytes()), 1002),
        ("close 2999", frame(0x88, &2999_u16.to_be_bytes()), 1002),
        ("close 5000", frame(0x88, &5000_u16.to_be_bytes()), 1002),
        ("close with a bad reason", frame(0x88, b"\x03\xe8\xff"), 1007),
        ("text that is not UTF-8", frame(0x81, b"4\xff"), 1007),
        ("half a character", frame(0x81, b"4\xe2\x82"), 1007),
        ("a surrogate", frame(0x81, b"4\xed\xa0\x80"), 1007),
        ("bad UTF-8 in a first fragment", frame(0x01, b"4\xff"), 1007),
        ("a character never completed", [frame(0x01, b"4\xe2\x82"), frame(0x80, b"a")].concat(), 1007),
        ("4 GiB announced", announced(0x82, 0x1_0000_0000), 1009),
        ("2^63 − 1 announced", announced(0x82, (1 << 63) - 1), 1009),
        ("2^63 announced", announced(0x82, 1 << 63), 1002),
        ("2^64 − 1 announced", announced(0x82, u64::MAX), 1002),
    ] {
        let mut ws = host.client().await;
        ws.write(bytes).await;
        if code == 1009 {
            ws.expect_too_big().await;
        } else {
            assert_eq!(ws.recv().await, Frame::Close(Some(code)), "{name}");
        }
    }
    neighbour.expect_echo("all well").await;
}

#[tokio::test]
async fn a_close_is_answered_with_its_code() {
    let host = Host::start(echo()).await;
    for code in [1000, 1001, 1003, 1007, 1014, 3000, 4999_u16] {
        let mut ws = host.client().await;
        ws.write(frame(0x88, &[code.to_be_bytes().as_slice(), b"bye"].concat())).await;
        assert_eq!(ws.recv().await, Frame::Close(Some(code)));
        assert_eq!(ws.recv().await, Frame::End);
    }
    let mut ws = host.client().await;
    ws.write(frame(0x88, b"")).await;
    assert_eq!(ws.recv().await, Frame::Close(None));
}

#[tokio::test]
async fn what_follows_a_close_is_not_read() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    ws.write([frame(0x88, &1000_u16.to_be_bytes()), text("42[\"echo\",1]"), frame(0xff, b"junk")].concat())
        .await;
    assert_eq!(ws.recv().await, Frame::Close(Some(1000)));
}

#[tokio::test]
async fn every_ping_is_answered_with_its_own_bytes_while_the_client_reads() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    for payload in [b"".as_slice(), b"a", &[0xff; 125]] {
        ws.write(frame(0x89, payload)).await;
        assert_eq!(ws.recv().await, Frame::Pong(payload.to_vec()));
    }
    let pings: Vec<u8> = (0..100_u8).flat_map(|n| frame(0x89, &[n])).collect();
    ws.write(pings).await;
    for n in 0..100 {
        assert_eq!(ws.recv().await, Frame::Pong(vec![n]));
    }
    ws.write(frame(0x8a, b"unasked")).await;
    ws.expect_echo("still here").await;
}

#[tokio::test]
async fn a_message_may_come_in_fragments_with_pings_between_them() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let parts = [
        frame(0x01, b"42[\"echo\",\"\xe2"),
        frame(0x89, b"ping"),
        frame(0x00, b"\x82"),
        frame(0x00, b""),
        frame(0x80, b"\xac\"]"),
    ];
    ws.write(parts.concat()).await;
    assert_eq!(ws.recv().await, Frame::Pong(b"ping".to_vec()));
    ws.expect("42[\"echo\",\"\u{20ac}\"]").await;
}

#[tokio::test]
async fn frames_may_be_cut_at_any_byte() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let event = "42[\"echo\",\"0123456789\"]";
    let attached = "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]";
    let bytes = [text(event), frame(0x89, b"p"), text(attached), binary(&[7; 200])].concat();
    for cut in 1..bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        ws.write(head).await;
        host.settle().await;
        ws.write(tail).await;
        // A pong may overtake what was emitted before.
        let (pongs, messages) = received(&mut ws, 4).await;
        assert_eq!(pongs, [Frame::Pong(b"p".to_vec())], "cut at {cut}");
        let attachment = Frame::Binary(vec![7; 200]);
        assert_eq!(
            messages,
            [Frame::Text(event.into()), Frame::Text(attached.into()), attachment],
            "cut at {cut}"
        );
    }
    for byte in bytes {
        ws.write([byte]).await;
    }
    assert_eq!(received(&mut ws, 4).await.1.len(), 3);
}

/// The next frames: pongs, and everything else.
async fn received(ws: &mut Ws, count: usize) -> (Vec<Frame>, Vec<Frame>) {
    let mut frames = Vec::new();
    for _ in 0..count {
        frames.push(ws.recv().await);
    }
    frames.into_iter().partition(|frame| matches!(frame, Frame::Pong(_)))
}

#[tokio::test]
async fn a_message_has_as_many_fragments_as_the_limit_says() {
    for (max_payload_bytes, limit) in [(1_000_000, 16_384), (2_000_000, 31_251)] {
        let host = engine_echo(Server::builder().max_payload_bytes(max_payload_bytes)).await;
        for (fragments, whole) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            for part in [b"a".as_slice(), b""] {
                let mut ws = host.session().await;
                let middle = frame(0x00, part).repeat(fragments - 2);
                ws.write([frame(0x01, b"4"), middle, frame(0x80, part)].concat()).await;
                if whole {
                    ws.expect(&format!("4{}", "a".repeat(part.len() * (fragments - 1)))).await;
                } else {
                    assert_eq!(
                        ws.recv().await,
                        Frame::Close(Some(1009)),
                        "{fragments} fragments of {part:?}"
                    );
                }
            }
        }
    }
}

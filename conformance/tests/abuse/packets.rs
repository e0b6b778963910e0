//! Packets that are made to break whoever reads them.

use crate::client::{Frame, binary, text};
use crate::server::{Abuse, assert_grew_at_most};

#[tokio::test]
async fn x01_deep_nesting_closes_the_socket_and_nobody_else() {
    let mut server = Abuse::start().await;
    let mut neighbour = server.client().await;
    for depth in [129, 5000, 50_000, 400_000] {
        let mut ws = server.client().await;
        ws.send(format!("42[\"message\",{}{}]", "[".repeat(depth - 1), "]".repeat(depth - 1))).await;
        ws.expect_closed().await;
        neighbour.expect_message_back("unharmed").await;
    }
    server.expect_well().await;
}

#[tokio::test]
async fn x02_frames_behind_a_header_of_no_attachments_are_not_kept() {
    let (mut server, before) = Abuse::measured().await;
    let mut ws = server.client().await;
    ws.send("450-[\"message\",\"x\"]").await;
    let stray = binary(&[1; 900_000]);
    for _ in 0..200 {
        ws.write(&stray).await;
    }
    // The server has gone long before the last of them; a reset may have overtaken its close.
    assert!(matches!(ws.ended().await, Frame::Close(None) | Frame::End));
    let after = server.healthy("its end", |health| health.clients == 0).await.rss;
    assert_grew_at_most("x02", before, after, 2);
    server.expect_well().await;
}

#[tokio::test]
async fn x03_binary_before_connect_closes_the_socket() {
    let (mut server, before) = Abuse::measured().await;
    let header = "452-[\"message\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    let first = binary(&[1; 900_000]);
    let mut all = Vec::new();
    for _ in 0..100 {
        let mut ws = server.session().await;
        ws.send(header).await;
        ws.write(&first).await;
        all.push(ws);
    }
    for ws in &mut all {
        assert!(matches!(ws.ended().await, Frame::Close(None) | Frame::End));
    }
    let after = server.healthy("their end", |health| health.clients == 0).await.rss;
    assert_grew_at_most("x03", before, after, 2);
    // Without a header it is the same.
    let mut ws = server.session().await;
    ws.send_binary(b"x").await;
    ws.expect_closed().await;
    server.expect_well().await;
}

#[tokio::test]
async fn x06_an_attachment_that_is_named_twice_closes_the_socket() {
    let mut server = Abuse::start().await;
    let placeholder = ",{\"_placeholder\":true,\"num\":0}";
    for (count, header) in [(1, "451-"), (1999, "452000-"), (2000, "451-"), (2000, "4510-")] {
        let mut ws = server.client().await;
        ws.send(format!("{header}[\"message\"{}]", placeholder.repeat(count))).await;
        ws.send_binary(&[1; 50]).await;
        if (count, header) == (1, "451-") {
            ws.expect(&format!("451-[\"message-back\"{placeholder}]")).await;
            assert_eq!(ws.recv().await, Frame::Binary(vec![1; 50]));
        } else {
            ws.expect_closed().await;
        }
    }
    server.expect_well().await;
}

#[tokio::test]
async fn x09_a_message_past_the_limit_is_1009() {
    let mut server = Abuse::start().await;
    for (len, passes) in [(999_999, true), (1_000_000, true), (1_000_001, false), (15_000_000, false)] {
        let event = format!("42[\"message\",\"{}\"]", "x".repeat(len - "42[\"message\",\"\"]".len()));
        let mut ws = server.client().await;
        ws.write(text(&event)).await;
        if passes {
            ws.expect(&event.replacen("message", "message-back", 1)).await;
        } else if len == 1_000_001 {
            ws.expect_too_big().await;
        } else {
            // Most of it is never read, so a reset may overtake the close.
            assert!(matches!(ws.ended().await, Frame::Close(Some(1009)) | Frame::End));
        }
    }
    server.expect_well().await;
}

#[tokio::test]
async fn x24_a_lone_surrogate_is_delivered() {
    let server = Abuse::start().await;
    let mut ws = server.client().await;
    ws.send(r#"42["message","\ud800"]"#).await;
    ws.expect(r#"42["message-back","\ufffd"]"#).await;
    ws.expect_message_back("alive").await;
}

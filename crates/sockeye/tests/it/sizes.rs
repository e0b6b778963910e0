//! `max_payload_bytes` holds on every way in: at the limit a message passes, one byte above it none does.

use crate::client::{Frame, Host, Http, binary, echo, engine_echo, frame, text};
use sockeye::Server;

const N: usize = 1_000_000;

#[tokio::test]
async fn a_text_message_passes_up_to_the_limit() {
    let host = engine_echo(Server::builder()).await;
    for len in [N - 1, N] {
        let message = format!("4{}", "a".repeat(len - 1));
        let mut ws = host.session().await;
        ws.send(&message).await;
        assert!(ws.text().await == message, "{len}");
    }
    let mut ws = host.session().await;
    ws.write(text(format!("4{}", "a".repeat(N)))).await;
    ws.expect_too_big().await;
}

#[tokio::test]
async fn a_binary_message_passes_up_to_the_limit() {
    let host = engine_echo(Server::builder()).await;
    for len in [N - 1, N] {
        let mut ws = host.session().await;
        ws.send_binary(&vec![1; len]).await;
        assert!(ws.recv().await == Frame::Binary(vec![1; len]), "{len}");
    }
    let mut ws = host.session().await;
    ws.write(binary(&vec![1; N + 1])).await;
    ws.expect_too_big().await;
}

#[tokio::test]
async fn fragments_together_pass_up_to_the_limit() {
    let host = engine_echo(Server::builder()).await;
    for (len, passes) in [(N - 1, true), (N, true), (N + 1, false)] {
        let mut ws = host.session().await;
        let (first, last) = (vec![1; N / 2], vec![1; len - N / 2]);
        ws.write([frame(0x02, &first), frame(0x80, &last)].concat()).await;
        if passes {
            assert!(ws.recv().await == Frame::Binary(vec![1; len]), "{len}");
        } else {
            ws.expect_too_big().await;
        }
    }
}

#[tokio::test]
async fn a_message_that_is_announced_too_long_is_refused_before_it_comes() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let header = [&[0x81, 0xff], 15_000_000_u64.to_be_bytes().as_slice(), &[0; 4]].concat();
    ws.write(header).await;
    ws.expect_too_big().await;
}

#[tokio::test]
async fn a_post_passes_up_to_the_limit_and_gets_413_beyond_it_while_the_session_lives() {
    let host = engine_echo(Server::builder()).await;
    let mut poller = host.poller().await;
    for len in [N - 1, N] {
        let message = format!("4{}", "a".repeat(len - 1));
        poller.send(&message).await;
        let answer = poller.get().await;
        assert!(answer.status == 200 && answer.body == message, "{len}");
    }
    let refused = poller.post("4".repeat(N + 1)).await;
    refused.is(413, "");
    poller.posts = Http::connect(host.address).await;
    poller.send("4alive").await;
    poller.expect("4alive").await;
}

#[tokio::test]
async fn a_post_in_chunks_passes_up_to_the_limit_and_gets_413_beyond_it() {
    let host = engine_echo(Server::builder()).await;
    let mut poller = host.poller().await;
    for (len, status) in [(N - 1, 200), (N, 200), (N + 1, 413)] {
        let target = poller.target();
        let mut http = host.http().await;
        http.write(format!("POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")).await;
        for chunk in vec![b'4'; len].chunks(100_000) {
            http.write([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).await;
        }
        http.write("0\r\n\r\n").await;
        assert_eq!(http.response().await.status, status, "{len}");
        if status == 200 {
            assert_eq!(poller.get().await.body.len(), len);
        }
    }
}

#[tokio::test]
async fn a_packet_with_its_attachments_passes_up_to_the_limit() {
    let host = Host::start(echo()).await;
    let head = "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]";
    // The text counts without the type of the engine packet.
    let room = N - (head.len() - 1);
    for (len, passes) in [(room - 1, true), (room, true), (room + 1, false)] {
        let mut ws = host.client().await;
        ws.send(head).await;
        ws.send_binary(&vec![1; len]).await;
        if passes {
            ws.expect(head).await;
            assert!(ws.recv().await == Frame::Binary(vec![1; len]), "{len}");
        } else {
            ws.expect_closed().await;
        }
    }
}

#[tokio::test]
async fn a_limit_of_the_application_is_announced_and_kept() {
    let host = engine_echo(Server::builder().max_payload_bytes(100)).await;
    let open = host.http().await.get(crate::client::POLLING).await;
    assert!(open.body.ends_with("\"maxPayload\":100}"), "{}", open.body);
    let mut ws = host.session().await;
    ws.send(format!("4{}", "a".repeat(99))).await;
    ws.expect(&format!("4{}", "a".repeat(99))).await;
    ws.send(format!("4{}", "a".repeat(100))).await;
    ws.expect_too_big().await;
    let mut poller = host.poller().await;
    assert_eq!(poller.post(format!("4{}", "a".repeat(100))).await.status, 413);
}

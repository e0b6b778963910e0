//! Clients that send without reading, or read nothing at all: what the server holds for them is bounded, and the others
//! get everything.

use crate::client::{Frame, Host, Reasons, echo, echo_with, frame, patiently, text};
use bytes::Bytes;
use sockeye::{EmitError, Server, Socket};
use std::io;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const MIB: usize = 1024 * 1024;

/// Writes as much of `bytes` as the server takes while nothing is read.
async fn write_until_stalled(host: &Host, stream: &TcpStream, bytes: &[u8]) -> usize {
    let (mut written, mut refused) = (0, 0);
    while written < bytes.len() && refused < 3 {
        match stream.try_write(&bytes[written..]) {
            Ok(count) => (written, refused) = (written + count, 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // Whatever the server will still take, it takes now.
                host.settle().await;
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    written
}

/// The argument that makes an event `w` a frame of `len` bytes.
fn word_of_frame(len: usize) -> String {
    let header = match len {
        0..128 => 2,
        128..65_540 => 4,
        _ => 10,
    };
    "x".repeat(len - header - "42[\"w\",\"\"]".len())
}

#[tokio::test]
async fn pings_of_a_client_that_does_not_read_cost_one_pong() {
    const PINGS: u32 = 200_000;
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    for first in (0..PINGS).step_by(1000) {
        let pings: Vec<u8> = (first..first + 1000)
            .flat_map(|n| frame(0x89, &[n.to_be_bytes().as_slice(), &[0; 100]].concat()))
            .collect();
        ws.write(pings).await;
    }
    host.client().await.expect_echo("meanwhile").await;
    let (mut pongs, mut newest) = (0, 0);
    while newest < PINGS - 1 {
        let Frame::Pong(payload) = ws.recv().await else { panic!("only pings were sent") };
        let n = u32::from_be_bytes(*payload.first_chunk().unwrap());
        assert!(pongs == 0 || n > newest, "pongs come in order");
        (pongs, newest) = (pongs + 1, n);
    }
    // What two kernels hold between them was answered; the pings behind were not, but for the newest.
    assert!(pongs < PINGS / 2, "{pongs}");
    ws.expect_echo("alive").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_a_broadcast_is_closed_and_the_others_get_all_of_it() {
    const ROUNDS: usize = 100;
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut victim = host.client().await;
    let mut others = [host.client().await, host.client().await];
    let blob = Bytes::from(vec![7; 900_000]);
    for round in 0..ROUNDS {
        host.io.emit("big", (round, &blob)).unwrap();
        for other in &mut others {
            other.expect(&format!("451-[\"big\",{round},{{\"_placeholder\":true,\"num\":0}}]")).await;
            assert!(other.recv().await == Frame::Binary(blob.to_vec()));
        }
    }
    assert_eq!(reasons.next().await, "slow consumer");
    assert_eq!(host.io.counts().clients, 2);
    // It got less than was kept for it and what the kernels hold.
    let mut received = 0;
    while let Frame::Text(_) | Frame::Binary(_) = victim.recv().await {
        received += 1;
    }
    assert!(received < ROUNDS, "{received}");
}

#[tokio::test]
async fn a_queue_between_polls_holds_up_to_max_buffered_bytes() {
    for limit in [1000, 4 * MIB] {
        for (total, survives) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            let options = Server::builder();
            let io = echo_with(if limit == 1000 { options.max_buffered_bytes(1000) } else { options });
            let mut reasons = Reasons::of(&io);
            let host = Host::start(io).await;
            let mut poller = host.poller().await;
            poller.join().await;
            let quarter = word_of_frame(limit / 4);
            for _ in 0..3 {
                host.io.emit("w", &quarter).unwrap();
            }
            host.io.emit("w", &word_of_frame(total - 3 * (limit / 4))).unwrap();
            host.settle().await;
            if survives {
                for _ in 0..4 {
                    let answer = poller.get().await;
                    assert_eq!(answer.status, 200, "{total} of {limit}");
                    if answer.body.contains('\x1e') {
                        break;
                    }
                }
                poller.expect_echo("alive").await;
            } else {
                assert_eq!(reasons.next().await, "slow consumer", "{total} of {limit}");
                assert_eq!(poller.get().await.status, 400);
            }
        }
    }
}

#[tokio::test]
async fn a_burst_inside_one_handler_may_reach_max_burst_bytes() {
    for (limit, total) in
        [(2000, 1999), (2000, 2000), (2000, 2001), (8 * MIB, 8 * MIB), (8 * MIB, 8 * MIB + 1)]
    {
        let options = Server::builder();
        let small = limit == 2000;
        let io =
            echo_with(if small { options.max_buffered_bytes(1000).max_burst_bytes(limit) } else { options });
        let mut reasons = Reasons::of(&io);
        let (tell, mut told) = mpsc::unbounded_channel();
        let words = [limit / 4, limit / 4, limit / 4, total - 3 * (limit / 4)].map(word_of_frame);
        io.on("burst", async move |socket: Socket| {
            let _ = tell.send(words.iter().try_for_each(|word| socket.emit("w", word)));
        });
        let host = Host::start(io).await;
        let mut ws = host.client().await;
        ws.send("42[\"burst\"]").await;
        let outcome = patiently("the end of the burst", told.recv()).await.unwrap();
        if total > limit {
            let queued_bytes = 3 * (limit / 4);
            assert_eq!(outcome, Err(EmitError::Refused { queued_bytes, limit_bytes: limit }));
            assert_eq!(reasons.next().await, "slow consumer");
            continue;
        }
        assert_eq!(outcome, Ok(()), "{total} of {limit}");
        // The kernel takes the small burst at once. What it refuses of the large one is judged by the other limit.
        if small {
            for _ in 0..4 {
                assert!(ws.text().await.starts_with("42[\"w\","));
            }
            ws.expect_echo("alive").await;
        }
    }
}

#[tokio::test]
async fn an_echo_that_nobody_reads_stops_the_reading_and_loses_nothing() {
    const EVENTS: usize = 30_000;
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    let event = |n: usize| format!("42[\"echo\",\"{n:0>1000}\"]");
    let mut bytes = Vec::new();
    (0..EVENTS).for_each(|n| bytes.extend(text(event(n))));
    let written = write_until_stalled(&host, &ws.stream, &bytes).await;
    assert!(written < bytes.len(), "the server took {written} bytes of echoes that nobody reads");
    assert_eq!(host.io.counts().clients, 1);
    // As the answers are read, the rest is taken, and every answer comes, in order.
    let mut rest = &bytes[written..];
    let mut answered = 0;
    while answered < EVENTS {
        if let Ok(count) = ws.stream.try_write(rest) {
            rest = &rest[count..];
        }
        ws.expect(&event(answered)).await;
        answered += 1;
    }
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_volatile_event_is_dropped_while_the_client_does_not_read_and_sent_when_it_does() {
    const EVENTS: usize = 32;
    let io = echo_with(Server::builder().max_buffered_bytes(64 * MIB).max_burst_bytes(64 * MIB));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    // More than the kernels take.
    let blob = "x".repeat(MIB);
    (0..EVENTS).for_each(|_| host.io.emit("w", &blob).unwrap());
    host.settle().await;
    host.io.broadcast().volatile().emit("volatile", "lost").unwrap();
    for socket in host.io.broadcast().fetch_sockets().await {
        socket.emit_volatile("volatile", "lost").unwrap();
    }
    for _ in 0..EVENTS {
        assert!(ws.text().await.starts_with("42[\"w\","));
    }
    ws.expect_echo("all read").await;
    host.settle().await;
    host.io.broadcast().volatile().emit("volatile", "taken").unwrap();
    ws.expect("42[\"volatile\",\"taken\"]").await;
}

#[tokio::test]
async fn a_volatile_event_between_two_polls_is_dropped() {
    let host = Host::start(echo()).await;
    let mut poller = host.poller().await;
    poller.join().await;
    host.settle().await;
    host.io.broadcast().volatile().emit("volatile", "lost").unwrap();
    poller.begin_get().await;
    host.settle().await;
    host.io.broadcast().volatile().emit("volatile", "taken").unwrap();
    poller.gets.response().await.is(200, "42[\"volatile\",\"taken\"]");
}

//! What a server can see of a client that reads too slowly, and what it may choose to do about it.

use crate::client::{Client, Frame, Host, Reasons, echo_with, patiently};
use bytes::Bytes;
use sockeye::{EmitError, Server, SlowReader, Socket};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use tokio::sync::mpsc;

const LIMIT: usize = 1000;

/// An argument that makes an event `w` a frame of `len` bytes.
fn word_of_frame(len: usize) -> String {
    let header = if len < 128 { 2 } else { 4 };
    "x".repeat(len - header - "42[\"w\",\"\"]".len())
}

fn lenient() -> sockeye::ServerBuilder {
    Server::builder().max_buffered_bytes(LIMIT).max_burst_bytes(4 * LIMIT).slow_reader(SlowReader::Refuse)
}

async fn socket_of(host: &Host) -> Socket {
    host.io.broadcast().fetch_sockets().await.pop().expect("a socket")
}

#[tokio::test]
async fn a_slow_reader_that_may_stay_is_refused_exactly_past_the_limit_and_goes_on() {
    for (total, fits) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false)] {
        let host = Host::start(echo_with(lenient())).await;
        let mut poller = host.poller().await;
        poller.join().await;
        host.settle().await;
        let socket = socket_of(&host).await;
        socket.emit("w", &word_of_frame(LIMIT / 2)).unwrap();
        let outcome = socket.emit("w", &word_of_frame(total - LIMIT / 2));
        let refused = EmitError::Refused { queued_bytes: LIMIT / 2, limit_bytes: LIMIT };
        assert_eq!(outcome, if fits { Ok(()) } else { Err(refused) }, "{total}");
        let read = poller.get().await;
        assert_eq!(read.body.matches("42[\"w\"").count(), if fits { 2 } else { 1 });
        poller.expect_echo("alive").await;
    }
}

#[tokio::test]
async fn a_broadcast_leaves_out_who_is_refused_and_counts_it() {
    let host = Host::start(echo_with(lenient())).await;
    let mut slow = host.poller().await;
    slow.join().await;
    let mut good = host.client().await;
    let word = word_of_frame(LIMIT / 2);
    host.settle().await;
    for _ in 0..3 {
        host.io.emit("w", &word).unwrap();
        assert!(good.text().await.starts_with("42[\"w\""));
    }
    assert_eq!(host.io.counts().refused, 1);
    assert_eq!(slow.get().await.body.matches("42[\"w\"").count(), 2);
    slow.expect_echo("alive").await;
}

#[tokio::test]
async fn what_the_protocol_has_to_say_is_not_refused_until_the_burst_limit() {
    let io = echo_with(lenient());
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    host.settle().await;
    socket_of(&host).await.emit("w", &word_of_frame(LIMIT)).unwrap();
    poller.send("40/nowhere,").await;
    let read = poller.get().await;
    assert!(read.body.ends_with("\x1e44/nowhere,{\"message\":\"Invalid namespace\"}"), "{read:?}");
    // A client that asks on without ever polling is not let to fill the memory.
    for _ in 0..100 {
        if poller.post("40/nowhere,").await.status != 200 {
            break;
        }
    }
    assert_eq!(reasons.next().await, "slow consumer");
}

#[tokio::test]
async fn ready_waits_until_a_sixteenth_is_left_and_drain_tells() {
    let io = echo_with(Server::builder().max_buffered_bytes(16_000));
    let drains = Arc::new(AtomicUsize::new(0));
    let counted = drains.clone();
    io.on_drain(async move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    host.settle().await;
    let socket = socket_of(&host).await;
    assert_eq!((socket.queue().bytes, socket.queue().limit_bytes), (0, 16_000));
    // A quarter is not too much, one byte more is.
    socket.emit("w", &word_of_frame(4_000)).unwrap();
    assert_eq!((socket.queue().bytes, socket.queue().backed_up), (4_000, false));
    socket.ready().await.unwrap();
    socket.emit("w", &word_of_frame(20)).unwrap();
    assert!(socket.queue().backed_up);
    let waiting = tokio::spawn({
        let socket = socket.clone();
        async move { socket.ready().await }
    });
    host.settle().await;
    assert!(!waiting.is_finished());
    poller.get().await;
    patiently("room", waiting).await.unwrap().unwrap();
    host.settle().await;
    assert_eq!((socket.queue().bytes, drains.load(Ordering::SeqCst)), (0, 1));
}

#[tokio::test]
async fn a_handler_that_waits_for_room_sends_everything_in_order() {
    const ROWS: usize = 2_000;
    let io = echo_with(Server::builder().max_buffered_bytes(64 * 1024).max_burst_bytes(64 * 1024));
    io.on("export", async |socket: Socket| {
        let row = "r".repeat(1000);
        for number in 0..ROWS {
            socket.ready().await?;
            socket.emit("row", (number, &row))?;
        }
        Ok::<_, EmitError>(())
    });
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("42[\"export\"]").await;
        for number in 0..ROWS {
            let row = client.text().await;
            assert!(row.starts_with(&format!("42[\"row\",{number},")), "{row}");
        }
    }
}

#[tokio::test]
async fn who_waits_for_room_hears_of_the_end() {
    let host = Host::start(echo_with(lenient())).await;
    let mut poller = host.poller().await;
    poller.join().await;
    host.settle().await;
    let socket = socket_of(&host).await;
    socket.emit("w", &word_of_frame(LIMIT)).unwrap();
    let waiting = tokio::spawn({
        let socket = socket.clone();
        async move { socket.ready().await }
    });
    host.settle().await;
    poller.send("1").await;
    assert_eq!(patiently("the end", waiting).await.unwrap(), Err(EmitError::Closed));
    assert_eq!(socket.ready().await, Err(EmitError::Closed));
}

#[tokio::test]
async fn a_volatile_event_is_dropped_or_sent_with_all_its_attachments() {
    let host = Host::start(echo_with(Server::builder())).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut ws = host.client().await;
    host.settle().await;
    let picture = (Bytes::from_static(b"\x01"), Bytes::from_static(b"\x02"));
    // The poller is between two polls.
    host.io.broadcast().volatile().emit("pic", picture.clone()).unwrap();
    let head = "452-[\"pic\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    ws.expect(head).await;
    assert_eq!(ws.recv().await, Frame::Binary(vec![1]));
    assert_eq!(ws.recv().await, Frame::Binary(vec![2]));
    poller.begin_get().await;
    host.settle().await;
    host.io.emit("after", ()).unwrap();
    poller.gets.response().await.is(200, "42[\"after\"]");
    poller.begin_get().await;
    host.settle().await;
    host.io.broadcast().volatile().emit("pic", picture).unwrap();
    poller.gets.response().await.is(200, &format!("{head}\x1ebAQ==\x1ebAg=="));
}

#[tokio::test]
async fn emits_of_a_burst_within_one_handler_may_pass_the_limit_of_a_slow_reader() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = echo_with(lenient());
    io.on("burst", async move |socket: Socket| {
        let word = word_of_frame(LIMIT);
        let outcomes: Vec<_> = (0..5).map(|_| socket.emit("w", &word).is_ok()).collect();
        let _ = tell.send(outcomes);
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"burst\"]").await;
    let outcomes = patiently("the end of the burst", told.recv()).await.unwrap();
    assert_eq!(outcomes, [true, true, true, true, false]);
    for _ in 0..4 {
        assert!(ws.text().await.starts_with("42[\"w\""));
    }
    ws.expect_echo("alive").await;
}

#[tokio::test]
async fn a_wait_that_was_given_up_is_forgotten() {
    struct Counted;
    impl Wake for Counted {
        fn wake(self: Arc<Self>) {}
    }

    let host = Host::start(echo_with(lenient())).await;
    let mut poller = host.poller().await;
    poller.join().await;
    host.settle().await;
    let socket = socket_of(&host).await;
    socket.emit("w", &word_of_frame(LIMIT)).unwrap();
    let counted = Arc::new(Counted);
    let waker = Waker::from(counted.clone());
    {
        let (mut ready, mut closed) = (pin!(socket.ready()), pin!(socket.closed()));
        let mut cx = Context::from_waker(&waker);
        assert!(ready.as_mut().poll(&mut cx).is_pending() && closed.as_mut().poll(&mut cx).is_pending());
        assert!(Arc::strong_count(&counted) > 2);
    }
    assert_eq!(Arc::strong_count(&counted), 2);
}

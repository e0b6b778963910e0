//! Events of one socket are handled one after another, in the order of their arrival, whatever their handlers await; and
//! the edges of that: the connection, acknowledgements, the disconnection.

use crate::client::{Client, Host, Poller, Ws, echo, patiently, text};
use sockeye::{AckError, Close, Data, DisconnectReason, RawArguments, Server, Socket, Transport, concurrent};
use std::sync::Arc;
use std::sync::Mutex;
use tokio::sync::{Notify, mpsc};

/// A list that handlers write and the test waits for.
#[derive(Clone)]
struct Log(mpsc::UnboundedSender<String>);

impl Log {
    fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (tell, told) = mpsc::unbounded_channel();
        (Self(tell), told)
    }

    fn note(&self, line: impl Into<String>) {
        let _ = self.0.send(line.into());
    }
}

async fn expect_lines(told: &mut mpsc::UnboundedReceiver<String>, lines: &[&str]) {
    for line in lines {
        assert_eq!(patiently(line, told.recv()).await.as_deref(), Some(*line));
    }
}

#[tokio::test]
async fn twenty_thousand_pipelined_events_are_handled_in_order_by_handlers_that_await() {
    const EVENTS: usize = 20_000;
    let io = Server::new();
    io.on("n", async |socket: Socket, Data(n): Data<usize>| {
        for _ in 0..n % 3 {
            tokio::task::yield_now().await;
        }
        socket.emit("n", &n)
    });
    let host = Host::start(io).await;
    for transport in [Transport::WebSocket, Transport::Polling] {
        let mut client = Client::session(&host, transport).await;
        client.join().await;
        let events: Vec<String> = (0..EVENTS).map(|n| format!("42[\"n\",{n}]")).collect();
        for batch in events.chunks(EVENTS / 2) {
            client.send_all(batch).await;
            client.skip_answer().await;
        }
        for event in &events {
            client.expect(event).await;
        }
    }
}

#[tokio::test]
async fn two_thousand_events_pipelined_ahead_of_the_ack_that_the_first_handler_awaits() {
    const EVENTS: usize = 2000;
    for ack_in_the_same_flight in [true, false] {
        let io = Server::new();
        io.on("first", async |socket: Socket| {
            let answer: String = socket.emit_with_ack("question", ()).await?;
            socket.emit("first", &answer)?;
            Ok::<_, AckError>(())
        });
        io.on("n", async |socket: Socket, Data(n): Data<usize>| socket.emit("n", &n));
        let host = Host::start(io).await;
        for (id, mut client) in Client::joined(&host).await.into_iter().enumerate() {
            let mut packets = vec!["42[\"first\"]".to_owned()];
            packets.extend((0..EVENTS).map(|n| format!("42[\"n\",{n}]")));
            let answer = format!("43{id}[\"yes\"]");
            if ack_in_the_same_flight {
                packets.push(answer.clone());
            }
            client.send_all(&packets).await;
            client.skip_answer().await;
            client.expect(&format!("42{id}[\"question\"]")).await;
            if !ack_in_the_same_flight {
                client.send(&answer).await;
            }
            client.expect("42[\"first\",\"yes\"]").await;
            for n in 0..EVENTS {
                client.expect(&format!("42[\"n\",{n}]")).await;
            }
        }
    }
}

#[tokio::test]
async fn events_wait_until_on_connect_has_returned() {
    let gate = Arc::new(Notify::new());
    let io = Server::new();
    let opened = gate.clone();
    io.on_connect(async move |socket: Socket| {
        opened.notified().await;
        socket.on("early", async |socket: Socket, Data(n): Data<u32>| socket.emit("heard", &n));
    });
    let host = Host::start(io).await;
    for mut client in Client::sessions(&host).await {
        let early = ["40", "42[\"early\",1]", "42[\"early\",2]"].map(str::to_owned);
        client.send_all(&early).await;
        client.skip_answer().await;
        assert!(client.text().await.starts_with("40{"));
        host.settle().await;
        gate.notify_waiters();
        client.expect("42[\"heard\",1]").await;
        client.expect("42[\"heard\",2]").await;
    }
}

#[tokio::test]
async fn on_connect_may_await_an_answer_of_its_own_client() {
    let io = Server::new();
    io.on_connect(async |socket: Socket| {
        let name: String = socket.emit_with_ack("name?", ()).await?;
        socket.emit("hello", &name)?;
        Ok::<_, AckError>(())
    });
    io.on("n", async |socket: Socket| socket.emit("n", ()));
    let host = Host::start(io).await;
    for (id, mut client) in Client::sessions(&host).await.into_iter().enumerate() {
        client.send("40").await;
        assert!(client.text().await.starts_with("40{"));
        client.send("42[\"n\"]").await;
        client.expect(&format!("42{id}[\"name?\"]")).await;
        client.send(&format!("43{id}[\"ada\"]")).await;
        client.expect("42[\"hello\",\"ada\"]").await;
        client.expect("42[\"n\"]").await;
    }
}

#[tokio::test]
async fn the_connect_reply_is_the_first_packet_whatever_on_connect_and_broadcasts_emit() {
    let io = Server::new();
    io.middleware(async |socket: Socket| {
        // Not joined yet: broadcasts do not reach it.
        socket.namespace().emit("too early", ())
    });
    io.on_connect(async |socket: Socket| {
        socket.emit("one", ())?;
        socket.namespace().emit("two", ())
    });
    let host = Host::start(io).await;
    for mut client in Client::sessions(&host).await {
        client.send("40").await;
        assert!(client.text().await.starts_with("40{\"sid\":"));
        client.expect("42[\"one\"]").await;
        client.expect("42[\"two\"]").await;
        client.send("41").await;
    }
}

#[tokio::test]
async fn a_concurrent_handler_does_not_hold_up_the_events_behind_it() {
    let gate = Arc::new(Notify::new());
    let io = echo();
    let opened = gate.clone();
    io.on(
        "slow",
        concurrent(async move |socket: Socket| {
            opened.notified().await;
            socket.emit("slow", ())
        }),
    );
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"slow\"]").await;
    ws.expect_echo("behind").await;
    gate.notify_waiters();
    ws.expect("42[\"slow\"]").await;
}

#[tokio::test]
async fn a_namespace_may_let_all_its_handlers_overlap() {
    let gate = Arc::new(Notify::new());
    let io = echo();
    io.set_concurrent(true);
    let opened = gate.clone();
    io.on("slow", async move |socket: Socket| {
        opened.notified().await;
        socket.emit("slow", ())
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"slow\"]").await;
    ws.expect_echo("behind").await;
    gate.notify_waiters();
    ws.expect("42[\"slow\"]").await;
}

#[tokio::test]
async fn a_pending_handler_does_not_hold_up_other_namespaces_or_clients() {
    let io = Server::new();
    io.on("stuck", async || std::future::pending::<()>().await);
    io.of("/other")
        .on("echo", async |socket: Socket, args: RawArguments| socket.emit("echo", args.as_args()));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/other").await;
    ws.send("42[\"stuck\"]").await;
    ws.send("42/other,[\"echo\",1]").await;
    ws.expect("42/other,[\"echo\",1]").await;
}

#[tokio::test]
async fn at_the_end_the_pending_handler_then_the_waiting_events_then_disconnecting_then_disconnect() {
    let gate = Arc::new(Notify::new());
    let (log, mut told) = Log::new();
    let io = Server::new();
    let opened = gate.clone();
    let note = log.clone();
    io.on("pending", async move |socket: Socket| {
        socket.join("kitchen")?;
        note.note("begun");
        opened.notified().await;
        note.note(format!("ended, connected: {}, {:?}", socket.connected(), socket.emit("late", ())));
        Ok::<_, sockeye::JoinError>(())
    });
    let note = log.clone();
    io.on("next", async move |Data(n): Data<u32>| {
        tokio::task::yield_now().await;
        note.note(format!("next {n}"));
    });
    let note = log.clone();
    io.on_disconnecting(async move |socket: Socket, reason: DisconnectReason| {
        tokio::task::yield_now().await;
        let rooms = socket.rooms();
        note.note(format!(
            "disconnecting: {reason}, own: {}, {}",
            *rooms[0] == *socket.id().as_str(),
            rooms[1]
        ));
    });
    let note = log.clone();
    io.on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
        note.note(format!("disconnect: {reason}, {} rooms", socket.rooms().len()));
    });
    let note = log.clone();
    io.on_connect(async move |socket: Socket| {
        tokio::spawn(async move { note.note(format!("closed: {}", socket.closed().await)) });
    });
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        let packets = ["42[\"pending\"]", "42[\"next\",1]", "42[\"next\",2]", "41"].map(str::to_owned);
        client.send_all(&packets).await;
        client.skip_answer().await;
        // Whoever waits for the end hears of it at once, and the rooms are empty.
        expect_lines(&mut told, &["begun", "closed: client namespace disconnect"]).await;
        assert!(host.io.to("kitchen").fetch_sockets().await.is_empty());
        host.settle().await;
        assert!(told.try_recv().is_err(), "nothing overtakes the pending handler");
        gate.notify_waiters();
        let ends = [
            "ended, connected: false, Err(Closed)",
            "next 1",
            "next 2",
            "disconnecting: client namespace disconnect, own: true, kitchen",
            "disconnect: client namespace disconnect, 0 rooms",
        ];
        expect_lines(&mut told, &ends).await;
    }
}

#[tokio::test]
async fn a_handler_that_is_pending_when_its_request_is_aborted_runs_to_its_end() {
    let gate = Arc::new(Notify::new());
    let (log, mut told) = Log::new();
    let io = Server::new();
    let opened = gate.clone();
    io.on("pending", async move || {
        log.note("begun");
        opened.notified().await;
        log.note("ended");
    });
    let host = Host::start(io).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    poller.begin_post("42[\"pending\"]").await;
    expect_lines(&mut told, &["begun"]).await;
    drop(poller);
    host.settle().await;
    assert_eq!(host.io.counts().clients, 0);
    gate.notify_waiters();
    expect_lines(&mut told, &["ended"]).await;
}

#[tokio::test]
async fn a_wait_for_an_answer_ends_with_the_socket() {
    let (log, mut told) = Log::new();
    let io = Server::new();
    io.on("ask", async move |socket: Socket| {
        let answer = socket.emit_with_ack::<String>("question", ()).await;
        log.note(format!("{answer:?}"));
    });
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("42[\"ask\"]").await;
        client.text().await;
        client.send("41").await;
        expect_lines(&mut told, &["Err(Disconnected)"]).await;
    }
}

#[tokio::test]
async fn events_behind_a_disconnection_by_a_handler_are_ignored() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let io = Server::new();
    let list = seen.clone();
    io.on("n", async move |socket: Socket, Data(n): Data<u32>| {
        list.lock().unwrap().push(n);
        if n == 1 {
            socket.disconnect(Close::Connection);
        }
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.write((0..10).flat_map(|n| text(format!("42[\"n\",{n}]"))).collect::<Vec<u8>>()).await;
    ws.expect("41").await;
    ws.expect_closed().await;
    assert_eq!(*seen.lock().unwrap(), [0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_member_of_a_room_sees_concurrent_broadcasts_in_one_order() {
    let io = Server::new();
    io.on("say", async |socket: Socket, Data(word): Data<String>| socket.namespace().emit("said", &word));
    let host = Host::start(io).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(host.client().await);
    }
    for (who, client) in clients.iter_mut().enumerate() {
        client
            .write((0..50).flat_map(|n| text(format!("42[\"say\",\"{who}.{n}\"]"))).collect::<Vec<u8>>())
            .await;
    }
    let mut orders = Vec::new();
    for client in &mut clients {
        let mut order = Vec::new();
        while order.len() < 5 * 50 {
            order.push(client.text().await);
        }
        orders.push(order);
    }
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_joins_leaves_broadcasts_and_disconnects_loses_doubles_and_reorders_nothing() {
    const ROUNDS: usize = 300;
    let io = Server::new();
    io.on("join", async |socket: Socket, Data(room): Data<String>| socket.join(&room));
    io.on("leave", async |socket: Socket, Data(room): Data<String>| socket.leave(&room));
    io.on("n", async |socket: Socket, Data(n): Data<usize>| {
        tokio::task::yield_now().await;
        socket.within("members").emit("said", (socket.id().as_str(), n))
    });
    let host = Host::start(io).await;
    let mut members = Vec::new();
    for _ in 0..8 {
        let mut ws = host.session().await;
        let id = ws.join().await;
        ws.send("42[\"join\",\"members\"]").await;
        members.push((ws, id));
    }
    while host.io.to("members").fetch_sockets().await.len() < members.len() {
        tokio::task::yield_now().await;
    }
    // Others come and go all the while, by both transports.
    let address = host.address;
    let strangers: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(async move {
                for round in 0..30 {
                    let mut ws = Ws::session(address).await;
                    ws.join().await;
                    for packet in ["join", "leave", "join"] {
                        ws.send(format!("42[\"{packet}\",\"members\"]")).await;
                    }
                    if round % 2 == 0 {
                        ws.send("41").await;
                    }
                    let mut poller = Poller::session(address).await;
                    poller.join().await;
                    poller.send("42[\"join\",\"members\"]\x1e42[\"leave\",\"members\"]\x1e41\x1e1").await;
                }
            })
        })
        .collect();
    for (ws, _) in &mut members {
        ws.write((0..ROUNDS).flat_map(|n| text(format!("42[\"n\",{n}]"))).collect::<Vec<u8>>()).await;
    }
    let ids: Vec<String> = members.iter().map(|(_, id)| id.clone()).collect();
    let mut orders = Vec::new();
    for (ws, _) in &mut members {
        let mut order = Vec::new();
        while order.len() < ROUNDS * ids.len() {
            order.push(ws.text().await);
        }
        orders.push(order);
    }
    for stranger in strangers {
        stranger.await.unwrap();
    }
    for id in &ids {
        let prefix = format!("42[\"said\",\"{id}\",");
        let said = orders[0].iter().filter_map(|packet| packet.strip_prefix(&prefix));
        assert!(said.eq((0..ROUNDS).map(|n| format!("{n}]"))), "{id}");
    }
    assert!(orders.iter().all(|order| *order == orders[0]));
    drop(members);
    patiently("the end of all sessions", host.io.close()).await;
    let counts = host.io.counts();
    assert_eq!((counts.clients, counts.sockets, counts.rooms, counts.tasks), (0, 0, 0, 0));
}

//! What sees every event: the middleware of a socket, catch-all listeners in and out, and the hooks for errors.

use crate::client::{Calls, Client, Frame, Host, Reasons, echo};
use bytes::Bytes;
use serde_json::{Value, json};
use sockeye::{
    Ack, AckError, BoxError, Close, Data, EmitError, EventName, HandlerError, Namespace, RawArguments,
    Server, Socket,
};
use std::sync::Arc;
use tokio::sync::Notify;

/// Notes the errors that the namespace hears of.
fn note_errors(namespace: &Namespace, calls: &Calls) {
    let calls = calls.clone();
    namespace.on_error(move |_, error| calls.note(format!("namespace: {error}")));
}

#[tokio::test]
async fn a_middleware_of_a_socket_lets_events_pass_or_refuses_them() {
    let (io, calls) = (echo(), Calls::default());
    note_errors(&io, &calls);
    let told = calls.clone();
    io.on_connect(async move |socket: Socket| {
        let seen = told.clone();
        socket.middleware(async move |EventName(name): EventName, args: RawArguments| {
            seen.note(format!("1 {name} {}", args.as_args().get(0).unwrap_or("-")));
        });
        socket.middleware(async |EventName(name): EventName, ack: Option<Ack>| {
            tokio::task::yield_now().await;
            if name != "secret" {
                return Ok(());
            }
            if let Some(ack) = ack {
                ack.send("not for you")?;
            }
            Err(BoxError::from("not for you"))
        });
        let seen = told.clone();
        socket.on_error(move |socket, error| {
            assert!(matches!(error, HandlerError::Refused(_)) && socket.connected());
            seen.note(format!("socket: {error}"));
        });
    });
    let heard = calls.clone();
    io.on_any(async move |EventName(name): EventName| heard.note(format!("any {name}")));
    let heard = calls.clone();
    io.on("secret", async move || heard.note("secret"));
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("42[\"secret\",1]").await;
        client.send("427[\"secret\"]").await;
        client.expect("437[\"not for you\"]").await;
        client.send("42[\"echo\",2]").await;
        client.expect("42[\"echo\",2]").await;
        let refused =
            ["socket: the event was refused: not for you", "namespace: the event was refused: not for you"];
        let expected = [&["1 secret 1"][..], &refused, &["1 secret -"], &refused, &["1 echo 2", "any echo"]];
        assert_eq!(calls.take(), expected.concat(), "{}", client.name());
    }
}

#[tokio::test]
async fn events_wait_in_order_while_a_middleware_decides() {
    let io = echo();
    let (decide, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (decided, tell) = (decide.clone(), asked.clone());
    io.on_connect(async move |socket: Socket| {
        socket.middleware(async move |Data(first): Data<Value>| {
            if first == json!("slow") {
                tell.notify_one();
                decided.notified().await;
            }
        });
    });
    let host = Host::start(io).await;
    let (mut ws, mut neighbour) = (host.client().await, host.client().await);
    for word in ["slow", "1", "2"] {
        ws.send(format!("42[\"echo\",\"{word}\"]")).await;
    }
    asked.notified().await;
    neighbour.expect_echo("nobody else waits").await;
    assert!(!ws.has_frame());
    decide.notify_one();
    for word in ["slow", "1", "2"] {
        ws.expect(&format!("42[\"echo\",\"{word}\"]")).await;
    }
}

#[tokio::test]
async fn a_middleware_that_panics_or_cannot_be_called_refuses_the_event() {
    let (io, calls) = (echo(), Calls::default());
    note_errors(&io, &calls);
    io.on_connect(async |socket: Socket| {
        socket.middleware(async |Data(word): Data<String>| assert!(word != "bad", "as it should"));
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"echo\",\"bad\"]").await;
    ws.send("42[\"echo\",5]").await;
    ws.expect_echo("good").await;
    let told = calls.take();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "namespace: the handler panicked: as it should");
    assert!(told[1].starts_with("namespace: the event does not fit the handler: argument 0"), "{told:?}");
}

#[tokio::test]
async fn catch_all_listeners_are_called_first_to_last_and_can_be_taken_back() {
    let (io, calls) = (echo(), Calls::default());
    let note = |word: &'static str| {
        let calls = calls.clone();
        async move |EventName(name): EventName| calls.note(format!("{word} {name}"))
    };
    let second = io.on_any(note("second"));
    io.prepend_any(note("first"));
    let (two, one) = (note("socket's second"), note("socket's first"));
    io.on_connect(async move |socket: Socket| {
        socket.on_any(two);
        socket.prepend_any(one);
    });
    io.on("take back", async |socket: Socket| {
        assert_eq!(socket.any_listener_count(), 2);
        socket.off_any();
        assert_eq!(socket.any_listener_count(), 0);
    });
    let host = Host::start(io.clone()).await;
    let mut ws = host.client().await;
    ws.expect_echo("all").await;
    assert_eq!(calls.take(), ["first echo", "second echo", "socket's first echo", "socket's second echo"]);
    assert_eq!(io.any_listener_count(), 2);
    assert!(io.off(second) && !io.off(second));
    ws.send("42[\"take back\"]").await;
    ws.expect_echo("one").await;
    assert_eq!(calls.take().last().unwrap(), "first echo");
    io.off_any();
    ws.expect_echo("none").await;
    assert_eq!((calls.take(), io.any_listener_count()), (vec![], 0));
}

#[tokio::test]
async fn catch_all_listeners_on_the_way_out_see_each_event_before_it_leaves_for_one_socket() {
    let (io, calls) = (echo(), Calls::default());
    let told = calls.clone();
    io.on_any_outgoing(move |_, event, args| {
        told.note(format!(
            "namespace {event} {:?} {}",
            args.decode_all::<Vec<Value>>(),
            args.attachments().len()
        ));
    });
    let told = calls.clone();
    io.on_connect(async move |socket: Socket| {
        let (first, second) = (told.clone(), told.clone());
        socket.on_any_outgoing(move |_, event, _| second.note(format!("second {event}")));
        socket.prepend_any_outgoing(move |_, event, _| first.note(format!("first {event}")));
        assert_eq!(socket.outgoing_listener_count(), 2);
    });
    io.on("ask", async |socket: Socket, ack: Ack| {
        socket.emit("ü", (1, "two"))?;
        socket.emit_volatile("bytes", &Bytes::from_static(b"-"))?;
        ack.send("no event")?;
        let answer = socket.emit_with_ack::<u8>("question", ());
        let refused = socket.emit("connect", ());
        assert!(matches!(refused, Err(EmitError::Encode(_))));
        drop(answer);
        Ok::<_, AckError>(())
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("420[\"ask\"]").await;
    ws.expect("42[\"ü\",1,\"two\"]").await;
    ws.expect("451-[\"bytes\",{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(ws.recv().await, Frame::Binary(b"-".to_vec()));
    ws.expect("430[\"no event\"]").await;
    ws.expect("420[\"question\"]").await;
    ws.expect_echo("done").await;
    let told = calls.take();
    let namespace: Vec<_> = told.iter().filter_map(|call| call.strip_prefix("namespace ")).collect();
    assert_eq!(namespace[0], "ü Ok([Number(1), String(\"two\")]) 0");
    assert!(namespace[1].starts_with("bytes ") && namespace[1].ends_with(" 1"), "{namespace:?}");
    assert_eq!(namespace[2], "question Ok([]) 0");
    assert!(namespace[3].starts_with("echo "), "no ack, no refused event: {namespace:?}");
    assert_eq!(told[1..3], ["first ü", "second ü"]);
}

#[tokio::test]
async fn catch_all_listeners_on_the_way_out_see_a_broadcast_once_for_each_receiver() {
    let (io, calls) = (echo(), Calls::default());
    let told = calls.clone();
    io.on_connect(async move |socket: Socket| {
        let told = told.clone();
        socket.on_any_outgoing(move |socket, event, args| {
            // Whatever it likes, for no lock is held.
            socket.join("seen").unwrap();
            socket.namespace().to("seen").count();
            told.note(format!("{} {event} {}", socket.id(), args.get(0).unwrap_or("-")));
        });
    });
    let host = Host::start(io.clone()).await;
    let (mut a, mut b) = (host.session().await, host.session().await);
    let (a_id, b_id) = (a.join().await, b.join().await);
    a.expect_echo("in").await;
    b.expect_echo("in").await;
    calls.take();
    io.emit("all", &1).unwrap();
    io.except(&b_id).emit("a", ()).unwrap();
    io.to("nobody").emit("nobody", ()).unwrap();
    for message in ["42[\"all\",1]", "42[\"a\"]"] {
        a.expect(message).await;
    }
    b.expect("42[\"all\",1]").await;
    let mut told = calls.take();
    told[..2].sort();
    let mut all = [format!("{a_id} all 1"), format!("{b_id} all 1")];
    all.sort();
    assert_eq!(told, [&all[..], &[format!("{a_id} a -")]].concat());
}

#[tokio::test]
async fn catch_all_listeners_on_the_way_out_can_be_taken_back_and_go_with_their_socket() {
    let (io, calls) = (echo(), Calls::default());
    let note = || {
        let told = calls.clone();
        move |_: &Socket, event: &str, _: &sockeye::Args<'_>| told.note(event)
    };
    let listener = io.on_any_outgoing(note());
    io.prepend_any_outgoing(note());
    assert_eq!(io.outgoing_listener_count(), 2);
    let host = Host::start(io.clone()).await;
    let mut ws = host.client().await;
    ws.expect_echo("two").await;
    assert_eq!(calls.take(), ["echo", "echo"]);
    assert!(io.off(listener) && !io.off(listener));
    ws.expect_echo("one").await;
    assert_eq!(calls.take(), ["echo"]);
    io.off_any_outgoing();
    ws.expect_echo("none").await;

    let [socket] = <[Socket; 1]>::try_from(io.broadcast().fetch_sockets().await).unwrap();
    let own = socket.on_any_outgoing(note());
    socket.on_any_outgoing(note());
    assert!(socket.off(own) && !socket.off(own));
    ws.expect_echo("one").await;
    assert_eq!(calls.take(), ["echo"]);
    socket.off_any_outgoing();
    ws.expect_echo("none").await;
    socket.on_any_outgoing(note());
    socket.disconnect(Close::Namespace);
    assert_eq!(socket.emit("late", ()), Err(EmitError::Closed));
    socket.closed().await;
    ws.expect("41").await;
    ws.join().await;
    ws.expect_echo("another socket").await;
    assert_eq!((calls.take(), io.outgoing_listener_count()), (vec![], 0));
}

#[tokio::test]
async fn an_outgoing_listener_that_panics_holds_up_nothing() {
    let io = echo();
    io.on_any_outgoing(|_, event, _| assert!(event != "echo", "a panic of the program's listener"));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.expect_echo("one").await;
    ws.expect_echo("two").await;
}

#[tokio::test]
async fn listeners_are_counted_and_taken_back_together() {
    let io = echo();
    io.on("e", async || {});
    io.once("e", async || {});
    assert_eq!((io.listener_count("e"), io.listener_count("echo"), io.listener_count("x")), (2, 1, 0));
    io.on("count", async |socket: Socket| {
        socket.on("e", async || {});
        socket.middleware(async || Err::<(), _>(BoxError::from("no")));
        assert_eq!((socket.listener_count("e"), socket.listener_count("count")), (1, 0));
        socket.remove_all_listeners();
        assert_eq!(socket.listener_count("e"), 0);
        socket.emit("counted", ())
    });
    let host = Host::start(io.clone()).await;
    let mut ws = host.client().await;
    ws.send("42[\"count\"]").await;
    ws.expect("42[\"counted\"]").await;
    ws.expect_echo("no middleware any more").await;
    io.remove_all_listeners();
    assert_eq!(io.listener_count("echo"), 0);
    ws.send("42[\"echo\"]").await;
    host.settle().await;
    assert!(!ws.has_frame());
}

/// Notes the errors of the sockets of `/` and `/other`, and counts what hooks see.
fn error_server(calls: &Calls) -> Server {
    let io = echo();
    for name in ["/", "/other"] {
        let (namespace, told) = (io.of(name), calls.clone());
        note_errors(&namespace, calls);
        let seen = calls.clone();
        namespace.on_any(async move || seen.note("any"));
        namespace.on_connect(async move |socket: Socket| {
            let (told, seen) = (told.clone(), told.clone());
            socket.on_error(move |socket, error| {
                assert!(matches!(error, HandlerError::Packet(_)) && socket.connected());
                told.note(socket.namespace().name());
            });
            socket.middleware(async move || seen.note("middleware"));
        });
    }
    io
}

#[tokio::test]
async fn a_malformed_packet_is_an_error_of_every_socket_of_the_client_before_the_forced_close() {
    let calls = Calls::default();
    let io = error_server(&calls);
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let eleven: String = (0..11).map(|num| format!(r#",{{"_placeholder":true,"num":{num}}}"#)).collect();
    for packet in [
        "49",
        "42[\"e\"",
        "42{}",
        "42[\"disconnect\"]",
        "42[\"newListener\"]",
        "42[[\"startsWith\"]]",
        "42[{\"startsWith\":1}]",
        "42[true]",
        &format!("4511-[\"e\"{eleven}]"),
        "450-[\"e\"]",
        "45x-[\"e\"]",
        "451-[\"e\",{\"_placeholder\":true,\"num\":\"splice\"}]",
        "41/other,{}",
        "40/other,[]",
    ] {
        let mut ws = host.client().await;
        ws.join_namespace("/other").await;
        ws.send(packet).await;
        ws.expect_closed().await;
        assert_eq!(reasons.next().await, "forced close", "{packet}");
        let told = calls.take();
        let shape: Vec<_> =
            told.iter().map(|call| call.split(": the packet is malformed").next().unwrap()).collect();
        assert_eq!(shape, ["/", "namespace", "/other", "namespace"], "{packet}");
    }
}

#[tokio::test]
async fn text_or_binary_out_of_place_is_an_error_too() {
    let calls = Calls::default();
    let io = error_server(&calls);
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("451-[\"e\",{\"_placeholder\":true,\"num\":0}]").await;
    ws.send("42[\"e\"]").await;
    ws.expect_closed().await;
    assert_eq!((reasons.next().await, calls.take().len()), ("forced close", 2));

    let mut ws = host.client().await;
    ws.send_binary(b"-").await;
    ws.expect_closed().await;
    assert_eq!((reasons.next().await, calls.take().len()), ("forced close", 2));
}

#[tokio::test]
async fn a_good_packet_at_a_wrong_time_is_a_forced_close_without_an_error() {
    let calls = Calls::default();
    let io = error_server(&calls);
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    for packet in ["40", "44{\"message\":\"x\"}", "42/nobody,[\"e\"]"] {
        let mut ws = host.client().await;
        ws.send(packet).await;
        ws.expect_closed().await;
        assert_eq!((reasons.next().await, calls.take()), ("forced close", vec![]), "{packet}");
    }
}

#[tokio::test]
async fn odd_events_that_are_legal_are_events() {
    let (io, calls) = (echo(), Calls::default());
    let told = calls.clone();
    io.on_any(async move |EventName(name): EventName| told.note(name));
    let told = calls.clone();
    io.on("error", async move |Data(text): Data<String>| told.note(format!("listener of error: {text}")));
    let told = calls.clone();
    io.on("7", async move || told.note("listener of 7"));
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        for packet in ["42", "42[\"error\",\"x\"]", "42[7]", "42[\"unheard\"]", "4399[1]"] {
            client.send(packet).await;
        }
        client.send("42[\"echo\"]").await;
        client.expect("42[\"echo\"]").await;
        assert_eq!(calls.take(), ["error", "listener of error: x", "7", "listener of 7", "unheard", "echo"]);
    }
}

#[tokio::test]
async fn send_emits_an_event_called_message() {
    let io = echo();
    io.on("go", async |socket: Socket| {
        socket.send((1, 2))?;
        socket.namespace().broadcast().send("all")
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"go\"]").await;
    ws.expect("42[\"message\",1,2]").await;
    ws.expect("42[\"message\",\"all\"]").await;
}

#[tokio::test]
async fn the_transport_can_be_closed_from_our_side() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    io.on("drop", async |socket: Socket| {
        assert!(!socket.disconnected());
        socket.disconnect(Close::Transport);
    });
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("42[\"drop\"]").await;
        client.expect_closed().await;
        assert_eq!(reasons.next().await, "forced close", "{}", client.name());
    }
}

#[tokio::test]
async fn a_client_gets_its_handshake_in_the_words_of_the_official_server() {
    let io = Server::new();
    io.on_connect(async |socket: Socket| socket.emit("handshake", &socket.handshake_json()));
    let host = Host::start(io).await;
    let target = "/socket.io/?EIO=4&transport=websocket&%26a=%26%3D%3Fa&twice=1&twice=2";
    let mut ws = crate::client::Ws::open(host.address, target).await;
    ws.text().await;
    ws.send("40{\"token\":\"t\"}").await;
    ws.text().await;
    let event = ws.text().await;
    let event: Value = serde_json::from_str(event.strip_prefix("42").unwrap()).unwrap();
    let handshake = &event[1];
    let query = json!({ "EIO": "4", "transport": "websocket", "&a": "&=?a", "twice": ["1", "2"] });
    assert_eq!((&handshake["query"], &handshake["auth"]), (&query, &json!({ "token": "t" })));
    assert_eq!((&handshake["url"], &handshake["address"]), (&json!(target), &json!("127.0.0.1")));
    assert_eq!((&handshake["xdomain"], &handshake["secure"]), (&json!(false), &json!(false)));
    assert_eq!(handshake["headers"]["sec-websocket-version"], "13");
    assert!(handshake["issued"].is_u64());
    assert!(handshake["time"].as_str().unwrap().ends_with(" GMT+0000 (Coordinated Universal Time)"));
}

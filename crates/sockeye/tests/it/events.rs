//! Listening and emitting: who is called, in which order, with what, and how types travel.

use crate::client::{Calls, Client, Frame, Host, echo};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sockeye::{
    Ack, Arguments, BoxError, Data, EmitError, EncodeError, EventName, EventParts, ExtractError, FromEvent,
    RawArguments, Server, Socket, State,
};
use std::sync::{Arc, Mutex, Weak};

#[tokio::test]
async fn listeners_of_the_namespace_and_of_the_socket_are_called_in_the_order_of_registration() {
    let calls = Calls::default();
    let io = echo();
    let note = |name: &str| {
        let (calls, name) = (calls.clone(), name.to_owned());
        async move || {
            tokio::task::yield_now().await;
            calls.note(name);
        }
    };
    io.on("e", note("namespace 1"));
    io.on("e", note("namespace 2"));
    io.on_any(note("namespace any"));
    let (one, two, any) = (note("socket 1"), note("socket 2"), note("socket any"));
    io.on_connect(async move |socket: Socket| {
        socket.on("e", one);
        socket.on("e", two);
        socket.on_any(any);
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"e\"]").await;
    ws.expect_echo("done").await;
    let expected = [
        "namespace any",
        "socket any",
        "namespace 1",
        "namespace 2",
        "socket 1",
        "socket 2",
        "namespace any",
        "socket any",
    ];
    assert_eq!(calls.take(), expected);
}

#[tokio::test]
async fn a_once_listener_is_called_once_per_registration() {
    let calls = Calls::default();
    let io = echo();
    let note = |name: &'static str| {
        let calls = calls.clone();
        async move || calls.note(name)
    };
    io.once("e", note("namespace"));
    let once = note("socket");
    io.on_connect(async move |socket: Socket| {
        socket.once("e", once);
    });
    let host = Host::start(io).await;
    let mut clients = Client::joined(&host).await;
    for who in [0, 1, 0] {
        let client = &mut clients[who];
        client.send("42[\"e\"]").await;
        client.send("42[\"echo\"]").await;
        client.expect("42[\"echo\"]").await;
    }
    // The namespace's listener serves one event of any socket, each socket's own one event of that socket.
    assert_eq!(calls.take(), ["namespace", "socket", "socket"]);
}

#[tokio::test]
async fn a_listener_can_be_taken_back() {
    let calls = Calls::default();
    let io = echo();
    let note = |name: &'static str| {
        let calls = calls.clone();
        async move || calls.note(name)
    };
    let first = io.on("e", note("first"));
    io.on("e", note("second"));
    io.on("other", note("other"));
    let any = io.on_any(note("any"));
    let host = Host::start(io.clone()).await;
    let mut ws = host.client().await;

    assert!(io.off(first) && io.off(any));
    assert!(!io.off(first), "it is gone already");
    assert!(!io.of("/elsewhere").off(first));
    ws.send("42[\"e\"]").await;
    ws.expect_echo("one").await;
    assert_eq!(calls.take(), ["second"]);

    io.off_event("e");
    ws.send("42[\"e\"]").await;
    ws.send("42[\"other\"]").await;
    ws.expect_echo("two").await;
    assert_eq!(calls.take(), ["other"]);
}

#[tokio::test]
async fn a_listener_of_a_socket_can_be_taken_back_while_it_runs() {
    let calls = Calls::default();
    let io = echo();
    let note = calls.clone();
    io.on_connect(async move |socket: Socket| {
        let handle = Arc::new(Mutex::new(None));
        let (own, calls) = (handle.clone(), note.clone());
        let listener = socket.on("e", async move |socket: Socket| {
            calls.note("called");
            let own = own.lock().unwrap().take();
            calls.note(format!("{}", own.is_some_and(|own| socket.off(own))));
        });
        handle.lock().unwrap().replace(listener);
        let note = note.clone();
        socket.on("gone", async move || note.note("gone"));
        socket.off_event("gone");
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for _ in 0..2 {
        ws.send("42[\"e\"]").await;
        ws.send("42[\"gone\"]").await;
    }
    ws.expect_echo("done").await;
    assert_eq!(calls.take(), ["called", "true"]);
}

#[tokio::test]
async fn on_any_hears_the_name_and_the_arguments_of_every_event() {
    let calls = Calls::default();
    let io = echo();
    let note = calls.clone();
    io.on_any(async move |EventName(name): EventName, args: RawArguments, ack: Option<Ack>| {
        note.note(format!("{name} {} {}", args.as_args().len(), ack.is_some()));
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for packet in ["42[\"a\"]", "42[\"b\",1,2]", "427[\"c\",null]", "42[5,1]", "42", "42[\"\",1]"] {
        ws.send(packet).await;
    }
    ws.expect_echo("done").await;
    assert_eq!(calls.take(), ["a 0 false", "b 2 false", "c 1 true", "5 1 false", " 1 false", "echo 1 false"]);
}

#[tokio::test]
async fn each_listener_draws_the_arguments_from_the_first_on() {
    let calls = Calls::default();
    let io = echo();
    let note = calls.clone();
    io.on("e", async move |Data(a): Data<u32>, Data(b): Data<String>| note.note(format!("{a} {b}")));
    let note = calls.clone();
    io.on("e", async move |Arguments((a, b)): Arguments<(u32, String)>| note.note(format!("{a} {b}")));
    let note = calls.clone();
    io.on("e", async move |Arguments(all): Arguments<Vec<serde_json::Value>>| {
        note.note(format!("{}", all.len()))
    });
    let note = calls.clone();
    io.on("e", async move |Data(_): Data<u32>, Data(_): Data<String>, Data(none): Data<Option<u8>>| {
        note.note(format!("{none:?}"));
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"e\",1,\"two\"]").await;
    ws.expect_echo("done").await;
    assert_eq!(calls.take(), ["1 two", "1 two", "2", "None"]);
}

#[tokio::test]
async fn only_one_of_several_listeners_gets_the_ack() {
    let io = echo();
    io.on("e", async |ack: Option<Ack>| ack.map_or(Ok(()), |ack| ack.send("first")));
    io.on("e", async |ack: Option<Ack>| ack.map_or(Ok(()), |ack| ack.send("second")));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("421[\"e\"]").await;
    ws.expect("431[\"first\"]").await;
    ws.expect_echo("nothing else").await;
}

#[allow(
    clippy::needless_borrows_for_generic_args,
    reason = "the reference is what makes the tuple one argument"
)]
#[tokio::test]
async fn arguments_are_emitted_as_the_call_says() {
    let io = Server::new();
    io.on_connect(async |socket: Socket| {
        socket.emit("none", ())?;
        socket.emit("one", "text")?;
        let pair = ("a", 1);
        socket.emit("one", &pair)?;
        socket.emit("two", ("a", 1))?;
        socket.emit("one", &[1_u8, 2])?;
        socket.emit("one", &None::<u8>)?;
        socket.emit("quoted \"\u{1}\"", "\u{2028}</script>\u{7f}\"\\")?;
        Ok::<_, EmitError>(())
    });
    let host = Host::start(io).await;
    for mut client in Client::sessions(&host).await {
        client.send("40").await;
        assert!(client.text().await.starts_with("40{"));
        for packet in [
            "42[\"none\"]",
            "42[\"one\",\"text\"]",
            "42[\"one\",[\"a\",1]]",
            "42[\"two\",\"a\",1]",
            "42[\"one\",[1,2]]",
            "42[\"one\",null]",
            "42[\"quoted \\\"\\u0001\\\"\",\"\u{2028}</script>\u{7f}\\\"\\\\\"]",
        ] {
            client.expect(packet).await;
        }
    }
}

#[tokio::test]
async fn an_emit_that_cannot_be_encoded_is_an_error_and_nothing_leaves() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let io = echo();
    io.on("try", async move |socket: Socket| {
        for name in
            ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
        {
            let _ = tell.send(socket.emit(name, ()));
        }
        let keys = std::collections::HashMap::from([((1, 2), 3)]);
        let _ = tell.send(socket.emit("map", &keys));
        let mut deep = serde_json::json!(1);
        (0..200).for_each(|_| deep = serde_json::json!([deep.take()]));
        let _ = tell.send(socket.emit("deep", &deep));
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"try\"]").await;
    ws.expect_echo("nothing came before").await;
    for _ in 0..6 {
        assert!(matches!(told.recv().await, Some(Err(EmitError::Encode(EncodeError::Reserved { .. })))));
    }
    assert!(matches!(told.recv().await, Some(Err(EmitError::Encode(EncodeError::Json(_))))));
    assert!(matches!(told.recv().await, Some(Err(EmitError::Encode(EncodeError::TooDeep { .. })))));
}

#[tokio::test]
async fn binary_travels_inside_user_types_both_ways() {
    #[derive(Serialize, Deserialize)]
    struct Picture {
        name: String,
        pixels: Bytes,
        thumbnail: Option<Bytes>,
        tags: Vec<(String, Bytes)>,
        numbers: Vec<u8>,
    }
    let io = Server::new();
    io.on("picture", async |socket: Socket, Data(mut picture): Data<Picture>| {
        picture.pixels = picture.pixels.iter().rev().copied().collect();
        picture.name.push('!');
        socket.emit("picture", &picture)
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let placeholder = |num: usize| format!("{{\"_placeholder\":true,\"num\":{num}}}");
    let packet = |name: &str, nums: [usize; 3]| {
        let [pixels, thumbnail, tag] = nums.map(placeholder);
        format!(
            "453-[\"picture\",{{\"name\":\"{name}\",\"pixels\":{pixels},\"thumbnail\":{thumbnail},\
             \"tags\":[[\"t\",{tag}]],\"numbers\":[1,2,3]}}]"
        )
    };
    // The client may number them as it likes.
    ws.send(packet("cat", [2, 0, 1])).await;
    for attachment in [b"thumb".as_slice(), b"tag", b"abc"] {
        ws.send_binary(attachment).await;
    }
    ws.expect(&packet("cat!", [0, 1, 2])).await;
    for attachment in [b"cba".as_slice(), b"thumb", b"tag"] {
        assert_eq!(ws.recv().await, Frame::Binary(attachment.to_vec()));
    }
}

#[tokio::test]
async fn raw_arguments_are_passed_on_with_their_attachments() {
    let io = echo();
    io.on("relay", async |socket: Socket, args: RawArguments| {
        socket.broadcast().emit("relayed", args.as_args())
    });
    let host = Host::start(io).await;
    let mut receiver = host.client().await;
    let mut sender = host.client().await;
    sender
        .send("452-[\"relay\",{\"a\":[{\"_placeholder\":true,\"num\":1}]},{\"_placeholder\":true,\"num\":0}]")
        .await;
    sender.send_binary(b"zero").await;
    sender.send_binary(b"one").await;
    receiver
        .expect(
            "452-[\"relayed\",{\"a\":[{\"_placeholder\":true,\"num\":1}]},{\"_placeholder\":true,\"num\":0}]",
        )
        .await;
    assert_eq!(receiver.recv().await, Frame::Binary(b"zero".to_vec()));
    assert_eq!(receiver.recv().await, Frame::Binary(b"one".to_vec()));
}

#[tokio::test]
async fn an_empty_attachment_is_an_attachment() {
    let host = Host::start(echo()).await;
    let mut ws = host.client().await;
    ws.send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    ws.send_binary(b"").await;
    ws.expect("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(ws.recv().await, Frame::Binary(Vec::new()));
}

#[tokio::test]
async fn an_extractor_of_the_application_draws_from_the_event() {
    struct Caller(String, usize);
    impl FromEvent for Caller {
        fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
            Ok(Caller(parts.socket().id().to_string(), parts.args().map_or(0, |args| args.len())))
        }
    }
    let io = Server::builder().state(41_u64).build();
    io.on("e", async |socket: Socket, Caller(id, count): Caller, State(number): State<u64>, io: Server| {
        socket.emit("e", (&id, count, *number + 1, io.counts().sockets))
    });
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    let id = ws.join().await;
    ws.send("42[\"e\",1,2,3]").await;
    ws.expect(&format!("42[\"e\",\"{id}\",3,42,1]")).await;
}

#[tokio::test]
async fn a_socket_that_has_ended_takes_no_emit() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let io = Server::new();
    io.on_disconnect(async move |socket: Socket| {
        let _ = tell.send((socket.emit("e", ()), socket.emit_volatile("e", ()), socket.connected()));
    });
    let host = Host::start(io).await;
    drop(host.client().await);
    let expected = (Err(EmitError::Closed), Err(EmitError::Closed), false);
    assert_eq!(told.recv().await, Some(expected));
}

#[tokio::test]
async fn a_listener_that_captures_its_own_socket_does_not_keep_it() {
    struct Canary;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let io = echo();
    io.on_connect(async move |socket: Socket| {
        let canary = Arc::new(Canary);
        let _ = tell.send(Arc::downgrade(&canary));
        let own = socket.clone();
        socket.on("e", async move || {
            drop(canary);
            own.emit("e", ())
        });
        let own = socket.clone();
        socket.on_disconnect(async move || drop(own));
    });
    let host = Host::start(io).await;
    for client in Client::joined(&host).await {
        let canary: Weak<Canary> = told.recv().await.unwrap();
        assert!(canary.upgrade().is_some());
        match client {
            Client::WebSocket(ws) => drop(ws),
            Client::Polling(mut poller, _) => poller.send("1").await,
        }
        host.settle().await;
        assert!(canary.upgrade().is_none());
    }
}

#[tokio::test]
async fn data_and_extensions_are_kept_per_socket() {
    let io = Server::new();
    io.on("keep", async |socket: Socket, Data(name): Data<String>| {
        socket.set_data("name", &name)?;
        socket.set_data("count", &socket.data::<u32>("count").map_or(1, |count| count + 1))?;
        let before = socket.insert_extension(name.clone());
        let kept: Option<String> = socket.extension();
        socket.emit(
            "kept",
            (&before, &kept, socket.all_data(), socket.data::<u32>("name"), socket.extension::<u8>()),
        )?;
        Ok::<_, BoxError>(())
    });
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        client.send("42[\"keep\",\"ada\"]").await;
        client.expect("42[\"kept\",null,\"ada\",{\"count\":1,\"name\":\"ada\"},null,null]").await;
        client.send("42[\"keep\",\"eve\"]").await;
        client.expect("42[\"kept\",\"ada\",\"eve\",{\"count\":2,\"name\":\"eve\"},null,null]").await;
    }
}

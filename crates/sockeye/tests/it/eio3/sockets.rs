//! Socket.IO 2 on top: the main namespace unasked, ids, queries, and errors as any JSON.

use super::{Poller, options, websocket};
use crate::client::{Client, Frame, Host, Ws, echo_with};
use bytes::Bytes;
use serde_json::{Value, json};
use sockeye::{Ack, Auth, Close, ConnectError, Data, Protocol, RawArguments, Server, Socket};

fn io() -> Server {
    echo_with(options())
}

#[tokio::test]
async fn the_main_namespace_is_joined_without_asking_and_the_reply_names_no_id() {
    let host = Host::start(io()).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    ws.expect_echo("hello").await;

    let poller = Poller::session(&host).await;
    poller.expect("2:40").await;
    poller.send(r#"14:42["echo","é"]"#).await;
    poller.expect(r#"14:42["echo","é"]"#).await;
}

#[tokio::test]
async fn who_asks_for_the_main_namespace_asks_twice() {
    let host = Host::start(io()).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    ws.send("40").await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn the_id_is_the_sessions_and_its_own_room_in_each_namespace() {
    let io = io();
    for namespace in [io.of("/"), io.of("/admin")] {
        namespace.on("who", async |socket: Socket, ack: Ack| {
            ack.send((socket.id().as_str(), &*socket.qualified_id(), u8::from(socket.protocol())))
        });
        let everyone = namespace.clone();
        namespace.on("tell", async move |Data(id): Data<String>| everyone.to(&id).emit("told", ()));
    }
    let host = Host::start(io).await;
    let (mut ws, sid) = websocket(&host, "").await;
    ws.expect("40").await;
    ws.send(r#"420["who"]"#).await;
    ws.expect(&format!(r#"430["{sid}","{sid}",3]"#)).await;
    ws.send("40/admin,").await;
    ws.expect("40/admin,").await;
    ws.send(r#"42/admin,1["who"]"#).await;
    ws.expect(&format!(r#"43/admin,1["{sid}","/admin#{sid}",3]"#)).await;

    ws.send(format!(r#"42["tell","{sid}"]"#)).await;
    ws.expect(r#"42["told"]"#).await;
    for id in [format!("/admin#{sid}"), sid.clone()] {
        ws.send(format!(r#"42/admin,["tell","{id}"]"#)).await;
        ws.expect(r#"42/admin,["told"]"#).await;
    }
    // That is its name in another namespace.
    ws.send(format!(r#"42["tell","/admin#{sid}"]"#)).await;
    ws.expect_echo("nobody was told").await;
}

#[tokio::test]
async fn a_newer_clients_id_stays_apart_from_its_session() {
    let host = Host::start(io()).await;
    let mut poller = host.poller().await;
    let id = poller.join().await;
    assert_ne!(id, poller.sid);
}

#[tokio::test]
async fn handlers_and_middleware_read_the_query_of_the_namespace() {
    let io = io();
    let admin = io.of("/admin");
    admin.middleware(async |Auth(auth): Auth<Value>| match auth["token"].as_str() {
        Some("open sesame") => Ok(()),
        _ => Err(ConnectError::new("not authorized")),
    });
    admin.on_connect(async |socket: Socket| {
        let auth: Value = socket.auth()?;
        socket.emit("auth", &auth)?;
        Ok::<_, sockeye::BoxError>(())
    });
    io.on_connect(async |socket: Socket| {
        let auth: Value = socket.auth()?;
        socket.emit("auth", &auth)?;
        Ok::<_, sockeye::BoxError>(())
    });
    let host = Host::start(io).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    ws.expect(r#"42["auth",{}]"#).await;
    ws.send("40/admin?token=no,").await;
    ws.expect(r#"44/admin,"not authorized""#).await;
    // What newer clients send does not count.
    ws.send(r#"40/admin,{"token":"open sesame"}"#).await;
    ws.expect(r#"44/admin,"not authorized""#).await;
    ws.send("40/admin?token=open%20sesame&x=1&x=2,").await;
    ws.expect("40/admin,").await;
    ws.expect(r#"42/admin,["auth",{"token":"open sesame","x":"2"}]"#).await;
    ws.send(r#"41/admin,"#).await;
    ws.expect_echo("still in the main namespace").await;
}

#[tokio::test]
async fn a_query_is_limited_in_length_and_parameters() {
    let io = io();
    io.of("/admin");
    let host = Host::start(io).await;
    for (query, fits) in [
        (format!("x={}", "a".repeat(8_189)), true),
        (format!("x={}", "a".repeat(8_190)), true),
        (format!("x={}", "a".repeat(8_191)), false),
        ("x&".repeat(99), true),
        ("x&".repeat(100), true),
        ("x&".repeat(101), false),
    ] {
        let (mut ws, _) = websocket(&host, "").await;
        ws.expect("40").await;
        ws.send(format!("40/admin?{query},")).await;
        match fits {
            true => ws.expect("40/admin,").await,
            false => ws.expect_closed().await,
        }
    }
}

#[tokio::test]
async fn a_refusal_is_the_data_or_else_the_message_alone() {
    let io = io();
    for (name, refusal) in [
        ("/plain", ConnectError::new("say \"please\"")),
        ("/object", ConnectError::new("no").data(&json!({ "retry": false }))),
        ("/number", ConnectError::new("no").data(&7)),
        ("/array", ConnectError::new("no").data(&json!([]))),
        // Falsy in JavaScript, where the official server decides.
        ("/null", ConnectError::new("no").data(&Value::Null)),
        ("/zero", ConnectError::new("no").data(&0)),
        ("/empty", ConnectError::new("no").data("")),
        ("/false", ConnectError::new("no").data(&false)),
    ] {
        io.of(name).middleware(async move || Err::<(), _>(refusal.clone()));
    }
    let host = Host::start(io).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    for (name, error) in [
        ("/plain", r#""say \"please\"""#),
        ("/object", r#"{"retry":false}"#),
        ("/number", "7"),
        ("/array", "[]"),
        ("/null", r#""no""#),
        ("/zero", r#""no""#),
        ("/empty", r#""no""#),
        ("/false", r#""no""#),
        ("/nowhere", r#"{"message":"Invalid namespace"}"#),
    ] {
        ws.send(format!("40{name},")).await;
        ws.expect(&format!("44{name},{error}")).await;
    }
}

#[tokio::test]
async fn the_main_namespace_may_refuse_too_and_then_nothing_reaches_it() {
    let io = options().build();
    io.middleware(async || Err::<(), _>(ConnectError::new("closed")));
    io.of("/open");
    let host = Host::start(io).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect(r#"44"closed""#).await;
    ws.send("40/open,").await;
    ws.expect("40/open,").await;
    ws.send(r#"42["echo"]"#).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn binary_events_and_acks_travel_with_the_type_of_each_attachment() {
    let io = io();
    io.on("ask", async |ack: Ack, args: RawArguments| ack.send(args.as_args()));
    let host = Host::start(io).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    let attachments = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    for (sent, answered) in [("452-[\"echo\",", "452-[\"echo\","), ("452-7[\"ask\",", "462-7[")] {
        ws.send(format!("{sent}{attachments}]")).await;
        ws.send_binary(&[4, 1, 2]).await;
        ws.send_binary(&[4, 3]).await;
        ws.expect(&format!("{answered}{attachments}]")).await;
        assert_eq!(ws.recv().await, Frame::Binary(vec![4, 1, 2]));
        assert_eq!(ws.recv().await, Frame::Binary(vec![4, 3]));
    }
}

#[tokio::test]
async fn one_broadcast_reaches_clients_of_both_versions() {
    let host = Host::start(io()).await;
    let mut newer: Ws = host.client().await;
    let (mut older, _) = websocket(&host, "").await;
    older.expect("40").await;
    let poller = Poller::with(&host, "&b64=1").await;
    poller.expect("2:40").await;
    host.io.emit("news", &Bytes::from_static(&[1, 2, 3, 4])).unwrap();
    let head = r#"451-["news",{"_placeholder":true,"num":0}]"#;
    newer.expect(head).await;
    assert_eq!(newer.recv().await, Frame::Binary(vec![1, 2, 3, 4]));
    older.expect(head).await;
    assert_eq!(older.recv().await, Frame::Binary(vec![4, 1, 2, 3, 4]));
    poller.expect(&format!("{}:{head}10:b4AQIDBA==", head.len())).await;
}

#[tokio::test]
async fn a_client_that_comes_back_to_a_namespace_is_another_socket_of_the_same_id() {
    let io = io();
    let admin = io.of("/admin");
    admin.on("leave", async |socket: Socket| socket.disconnect(Close::Namespace));
    admin.on("echo", async |socket: Socket, args: RawArguments| socket.emit("echo", args.as_args()));
    let host = Host::start(io).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    for _ in 0..3 {
        ws.send("40/admin,").await;
        ws.expect("40/admin,").await;
        ws.send(r#"42/admin,["leave"]"#).await;
        // Sent before the client can know: ignored, and the new socket is not ended by the end of the old.
        ws.send(r#"42/admin,["echo","late"]"#).await;
        ws.expect("41/admin,").await;
    }
    ws.send("40/admin,").await;
    ws.expect("40/admin,").await;
    ws.send(r#"42/admin,["echo",1]"#).await;
    ws.expect(r#"42/admin,["echo",1]"#).await;
}

#[tokio::test]
async fn the_version_of_a_session_is_seen_by_its_handlers() {
    let io = io();
    io.on("version", async |socket: Socket, ack: Ack| {
        assert_eq!(socket.protocol(), socket.handshake().protocol());
        ack.send(match socket.protocol() {
            Protocol::V3 => "three",
            _ => "four",
        })
    });
    let host = Host::start(io).await;
    let (mut ws, _) = websocket(&host, "").await;
    ws.expect("40").await;
    ws.send(r#"420["version"]"#).await;
    ws.expect(r#"430["three"]"#).await;
    for mut client in Client::joined(&host).await {
        client.send(r#"420["version"]"#).await;
        client.expect(r#"430["four"]"#).await;
    }
}

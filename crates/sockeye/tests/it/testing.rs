//! The clients that an application's tests get: in memory, on a clock that leaps.

use panics::catch;
use sockeye::testing::{Client, DisconnectReason, Message, RawClient};
use sockeye::{
    Ack, Arguments, Auth, Close, ConnectError, Data, Handshake, MsgpackParser, RawArguments, Server, Socket,
};
use std::time::Duration;
use tokio::time::Instant;

/// Panics of a future, as their text.
mod panics {
    use std::any::Any;
    use std::future::{Future, poll_fn};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::task::Poll;

    pub(super) async fn catch<T>(future: impl Future<Output = T>) -> String {
        let mut future = pin!(future);
        let caught: Result<T, Box<dyn Any + Send>> =
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
                Err(panic) => Poll::Ready(Err(panic)),
            })
            .await;
        match caught {
            Ok(_) => "no panic".to_owned(),
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
        }
    }
}

fn echo() -> Server {
    let io = Server::new();
    io.on("echo", async |socket: Socket, args: RawArguments| socket.emit("echo", args.as_args()));
    io
}

#[tokio::test(start_paused = true)]
async fn events_acks_and_binary_go_both_ways() {
    let io = echo();
    io.on("double", async |Data(n): Data<i64>, ack: Ack<i64>| ack.send(&(n * 2)));
    io.on("ask", async |socket: Socket| {
        let name: String = socket.emit_with_ack("who are you?", ()).await?;
        socket.emit("hello", &name)?;
        Ok::<_, sockeye::BoxError>(())
    });
    let mut client = Client::connect(&io).await;
    assert_eq!(client.id().len(), 20);
    client.emit("echo", (1, "two", bytes::Bytes::from_static(b"three")));
    let echoed: (u8, String, bytes::Bytes) = client.expect_event("echo").await.args();
    assert_eq!(echoed, (1, "two".to_owned(), "three".into()));
    assert_eq!(client.emit_with_ack::<i64>("double", &21).await, 42);
    client.emit("ask", ());
    let question = client.expect_event("who are you?").await;
    assert!(question.wants_ack());
    question.ack("ada");
    assert_eq!(client.expect::<String>("hello").await, "ada");
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn rooms_and_namespaces_among_several_clients() {
    let io = echo();
    for namespace in ["/", "/news"] {
        io.of(namespace).on("join", async |socket: Socket, Data(room): Data<String>, ack: Ack| {
            socket.join(&room)?;
            ack.send(())?;
            Ok::<_, sockeye::BoxError>(())
        });
    }
    let mut a = Client::connect(&io).await;
    let mut b = Client::connect(&io).await;
    let mut news = a.join("/news", &serde_json::json!({})).await.unwrap();
    a.emit_with_ack::<()>("join", "red").await;
    news.emit_with_ack::<()>("join", "red").await;
    io.to("red").emit("hi", &1).unwrap();
    io.of("/news").emit("news", &2).unwrap();
    assert_eq!(a.expect::<u8>("hi").await, 1);
    assert_eq!(news.expect::<u8>("news").await, 2);
    for client in [&mut a, &mut b, &mut news] {
        client.expect_nothing().await;
    }
    assert_eq!(io.counts().clients, 2);
    news.disconnect().await;
    assert_eq!((io.counts().clients, io.counts().sockets), (2, 2));
    drop(a);
    b.settle().await;
    assert_eq!(io.counts().clients, 1);
}

#[tokio::test(start_paused = true)]
async fn auth_headers_and_query_reach_the_server_and_refusals_the_client() {
    let io = Server::new();
    io.middleware(async |handshake: Handshake, Auth(auth): Auth<serde_json::Value>| {
        let cookie = handshake.header("cookie").unwrap_or_default().to_owned();
        let version = handshake.query().find(|(key, _)| key == "v").map(|(_, value)| value);
        match (auth["token"].as_u64(), cookie.as_str(), version.as_deref()) {
            (Some(1), "a=b", Some("2")) => Ok(()),
            _ => Err(ConnectError::new("no").data(&serde_json::json!({ "retry": false }))),
        }
    });
    let told = || Client::builder(&io).header("Cookie", "a=b").query("v", "2");
    told().auth(&serde_json::json!({ "token": 1 })).connect().await;
    let refusal = told().try_connect().await.unwrap_err();
    assert_eq!((refusal.message(), refusal.payload().unwrap()["retry"].as_bool()), ("no", Some(false)));
    let refusal =
        Client::builder(&io).header("Origin", "http://elsewhere.example").try_connect().await.unwrap_err();
    assert!(refusal.message().starts_with("403"), "{refusal}");
    let refusal = Client::builder(&io).namespace("/nowhere").try_connect().await.unwrap_err();
    assert_eq!(refusal.message(), "Invalid namespace");
}

#[tokio::test(start_paused = true)]
async fn time_leaps_and_a_client_that_answers_pings_stays() {
    let io = Server::new();
    io.on_connect(async |socket: Socket| {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            let _ = socket.emit("an hour later", ());
        });
    });
    let began = Instant::now();
    let real = std::time::Instant::now();
    let mut client = Client::connect(&io).await;
    client.advance(Duration::from_secs(3599)).await;
    client.expect_nothing().await;
    client.expect::<()>("an hour later").await;
    assert_eq!(began.elapsed().as_secs(), 3600);
    assert!(real.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_gone_when_its_time_is_up() {
    let io = Server::new();
    let began = Instant::now();
    let mut client = RawClient::connect(&io).await;
    client.send("40").await;
    assert!(matches!(client.recv().await, Some(Message::Text(reply)) if reply.starts_with("40{")));
    assert_eq!(client.recv().await, Some(Message::Text("2".to_owned())));
    assert_eq!(client.recv().await, None);
    assert_eq!(began.elapsed().as_secs(), 45);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_socket_has_the_reason_of_the_official_client() {
    let io = echo();
    io.on("leave", async |socket: Socket| socket.disconnect(Close::Namespace));
    io.on("close", async |socket: Socket| socket.disconnect(Close::Connection));
    let mut client = Client::connect(&io).await;
    client.emit("leave", ());
    assert_eq!(client.expect_disconnect().await, DisconnectReason::IoServerDisconnect);
    let mut client = Client::connect(&io).await;
    client.emit("close", ());
    assert_eq!(client.expect_disconnect().await, DisconnectReason::IoServerDisconnect);
    let mut client = Client::connect(&io).await;
    client.send_raw(Message::Text("2[not json".to_owned()));
    assert_eq!(client.expect_disconnect().await, DisconnectReason::TransportClose);
    let mut client = Client::connect(&io).await;
    io.close().await;
    client.expect_disconnect().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_speaks_the_parser_of_its_server() {
    let io = Server::builder().parser(MsgpackParser).build();
    io.on("sum", async |ack: Ack<u64>, Arguments((a, b)): Arguments<(u64, u64)>| ack.send(&(a + b)));
    let client = Client::builder(&io).parser(MsgpackParser).connect().await;
    assert_eq!(client.emit_with_ack::<u64>("sum", (1_u64 << 60, 2)).await, (1 << 60) + 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_test_expects_in_vain_fails_it_with_what_came_instead() {
    let io = echo();
    let mut client = Client::builder(&io).limit(Duration::from_secs(2)).connect().await;
    client.emit("echo", (1, "x"));
    let began = Instant::now();
    let panic = catch(client.expect::<()>("other")).await;
    assert_eq!(panic, r#"2s passed without "other"; there is [Event("echo" with [1, "x"])]"#);
    assert_eq!(began.elapsed().as_secs(), 2);
    let panic = catch(client.expect_nothing()).await;
    assert!(panic.starts_with("nothing was expected"), "{panic}");
    assert!(catch(client.expect::<String>("echo")).await.contains("argument 0 does not fit"));
    client.expect_nothing().await;
    assert_eq!(
        catch(client.emit_with_ack::<()>("nobody listens", ())).await,
        "no answer to \"nobody listens\" within 2s"
    );
    assert!(catch(client.expect_disconnect()).await.contains("2s passed without the end"));
}

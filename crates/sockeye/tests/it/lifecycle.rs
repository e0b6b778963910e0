//! From the first request to the last packet: what a handler knows of the handshake, whom middleware lets in, and how
//! sockets and servers end.

use crate::client::{Client, Host, Http, POLLING, Reasons, WEBSOCKET, Ws, echo, echo_with, patiently};
use axum::Router;
use http::Request;
use sockeye::{Auth, Close, ConnectError, DisconnectReason, EmitError, Handshake, Server, Socket, Transport};
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tower_service::Service;

#[tokio::test]
async fn middleware_refuses_with_message_and_data() {
    #[derive(serde::Deserialize)]
    struct Login {
        token: String,
    }
    let io = echo();
    io.middleware(async |Auth(login): Auth<Login>| match login.token.as_str() {
        "sesame" => Ok(()),
        "old" => Err(ConnectError::new("expired").data(&serde_json::json!({ "retry": true }))),
        _ => Err(ConnectError::new("not \"authorized\"")),
    });
    let host = Host::start(io).await;
    for mut client in Client::sessions(&host).await {
        for (packet, reply) in [
            ("40{\"token\":\"x\"}", "44{\"message\":\"not \\\"authorized\\\"\"}"),
            ("40{\"token\":\"old\"}", "44{\"message\":\"expired\",\"data\":{\"retry\":true}}"),
            ("40{\"token\":1}", "44{\"message\":\"invalid handshake\"}"),
            ("40", "44{\"message\":\"invalid handshake\"}"),
        ] {
            client.send(packet).await;
            client.expect(reply).await;
        }
        host.settle().await;
        assert_eq!(host.io.counts().sockets, 0);
        client.send("40{\"token\":\"sesame\"}").await;
        assert!(client.text().await.starts_with("40{\"sid\":"));
    }
}

#[tokio::test]
async fn middleware_runs_in_order_and_the_first_refusal_ends_it() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = echo();
    let note = |name: &'static str, verdict: Result<(), &'static str>| {
        let tell = tell.clone();
        async move || {
            tokio::task::yield_now().await;
            let _ = tell.send(name);
            verdict
        }
    };
    io.middleware(note("first", Ok(())));
    io.middleware(note("second", Err("stop")));
    io.middleware(note("third", Ok(())));
    io.on_connect(note("connected", Ok(())));
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    ws.send("40").await;
    ws.expect("44{\"message\":\"stop\"}").await;
    assert_eq!((told.try_recv(), told.try_recv()), (Ok("first"), Ok("second")));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn what_middleware_keeps_with_the_socket_is_there_when_it_connects() {
    let io = Server::new();
    io.middleware(async |socket: Socket| {
        socket.insert_extension("ada");
        socket.set_data("role", "admin")
    });
    io.on_connect(async |socket: Socket| {
        socket.emit("you", (socket.extension::<&str>(), socket.data::<String>("role")))
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.expect("42[\"you\",\"ada\",\"admin\"]").await;
}

#[tokio::test]
async fn the_auth_of_the_connect_packet_reaches_the_handler() {
    let io = Server::new();
    io.on_connect(async |socket: Socket, Auth(auth): Auth<serde_json::Value>| socket.emit("auth", &auth));
    let host = Host::start(io).await;
    for mut client in Client::sessions(&host).await {
        for (packet, auth) in [("40", "{}"), ("40{}", "{}"), ("40{\"a\":[1]}", "{\"a\":[1]}")] {
            client.send(packet).await;
            assert!(client.text().await.starts_with("40{"));
            client.expect(&format!("42[\"auth\",{auth}]")).await;
            client.send("41").await;
        }
    }
}

#[tokio::test]
async fn the_handshake_is_a_snapshot_of_the_first_request() {
    let io = Server::new();
    io.on("handshake", async |socket: Socket, handshake: Handshake| {
        let query: Vec<_> = handshake.query().collect();
        socket.emit(
            "handshake",
            (
                handshake.url(),
                &query,
                handshake.header("x-first"),
                handshake.address().map(|address| address.ip()),
                handshake.secure(),
                handshake.cross_domain(),
                socket.transport().as_str(),
            ),
        )
    });
    let host = Host::start(io).await;
    let target = format!("{POLLING}&name=a%20b%26c&t=1");
    let open = host.http().await.request("GET", &target, &[("X-First", "yes")], b"").await;
    let sid = open.body[r#"0{"sid":""#.len()..][..20].to_owned();
    let mut http = Http::connect(host.address).await;
    let later = format!("{POLLING}&sid={sid}&name=other");
    let pairs = r#"[["EIO","4"],["transport","polling"],["name","a b&c"],["t","1"]]"#;
    let expected = |transport: &str| {
        let url = serde_json::to_string(&target).unwrap();
        format!("42[\"handshake\",{url},{pairs},\"yes\",\"127.0.0.1\",false,false,\"{transport}\"]")
    };
    http.request("POST", &later, &[("X-First", "no")], b"40").await.is(200, "ok");
    http.get(&later).await;
    http.request("POST", &later, &[], b"42[\"handshake\"]").await.is(200, "ok");
    http.get(&later).await.is(200, &expected("polling"));
    // The upgrade changes the transport, not the snapshot.
    let mut ws = Ws::open(host.address, &format!("{WEBSOCKET}&sid={sid}")).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send("5").await;
    ws.send("42[\"handshake\"]").await;
    ws.expect(&expected("websocket")).await;
}

#[tokio::test]
async fn extensions_of_the_request_reach_the_handler_through_every_layer() {
    #[derive(Clone)]
    struct User(String);

    /// An authentication in front of the server.
    #[derive(Clone)]
    struct Authenticated<S>(S);

    impl<S: Service<Request<B>>, B> Service<Request<B>> for Authenticated<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, mut request: Request<B>) -> S::Future {
            let user = request.headers().get("x-user").and_then(|name| name.to_str().ok()).map(str::to_owned);
            if let Some(name) = user {
                request.extensions_mut().insert(User(name));
            }
            self.0.call(request)
        }
    }

    for with_axum in [false, true] {
        let io = Server::new();
        io.on_connect(async |socket: Socket| {
            let user = socket.handshake().extension::<User>().map(|user| user.0.clone());
            socket.emit("user", &user)
        });
        let served = io.clone();
        let host = Host::serve(io, async move |listener| {
            if with_axum {
                let app = Router::new().layer(served.layer());
                let tagged = app.layer(axum::middleware::from_fn(
                    async |mut request: axum::extract::Request, next: axum::middleware::Next| {
                        request.extensions_mut().insert(User("ada".to_owned()));
                        next.run(request).await
                    },
                ));
                axum::serve(listener, tagged).await.unwrap();
            } else {
                sockeye::serve(listener, Authenticated(served.service())).await.unwrap();
            }
        })
        .await;
        let mut http = host.http().await;
        let open = http.request("GET", POLLING, &[("X-User", "ada")], b"").await;
        let target = format!("{POLLING}&sid={}", &open.body[r#"0{"sid":""#.len()..][..20]);
        http.request("POST", &target, &[], b"40").await.is(200, "ok");
        let answer = http.get(&target).await.body;
        assert!(answer.ends_with("42[\"user\",\"ada\"]"), "{answer}");
    }
}

#[tokio::test]
async fn closed_resolves_when_the_socket_ends_and_at_once_afterwards() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = Server::new();
    io.on_connect(async move |socket: Socket| {
        let _ = tell.send(socket);
    });
    let host = Host::start(io).await;
    for mut client in Client::joined(&host).await {
        let socket = told.recv().await.unwrap();
        let waits = [(); 3].map(|()| {
            let socket = socket.clone();
            tokio::spawn(async move { socket.closed().await })
        });
        client.send("41").await;
        for wait in waits {
            let reason = patiently("the end of the socket", wait).await.unwrap();
            assert_eq!(reason, DisconnectReason::ClientNamespaceDisconnect);
        }
        assert_eq!(socket.closed().await, DisconnectReason::ClientNamespaceDisconnect);
        assert!(!socket.connected());
    }
}

#[tokio::test]
async fn a_socket_may_be_disconnected_twice_and_after_its_end() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    io.on("leave", async |socket: Socket| {
        socket.disconnect(Close::Namespace);
        socket.disconnect(Close::Namespace);
        assert_eq!(socket.emit("late", ()), Err(EmitError::Closed));
        tokio::spawn(async move {
            socket.closed().await;
            socket.disconnect(Close::Namespace);
        });
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("42[\"leave\"]").await;
    ws.expect("41").await;
    ws.join().await;
    ws.expect_echo("back").await;
    assert_eq!(reasons.next().await, "server namespace disconnect");
}

#[tokio::test]
async fn close_ends_every_session_flushes_what_was_queued_and_refuses_new_ones() {
    let io = echo();
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io.clone()).await;
    let mut ws = host.client().await;
    let mut parked = host.poller().await;
    parked.join().await;
    parked.begin_get().await;
    let mut unjoined = host.session().await;
    let mut kept = host.http().await;
    kept.get("/nothing").await;
    host.settle().await;
    io.emit("last words", ()).unwrap();
    let closed = io.clone();
    let closing = tokio::spawn(async move { closed.close().await });
    assert_eq!([reasons.next().await, reasons.next().await], ["server shutting down"; 2]);
    ws.expect("42[\"last words\"]").await;
    ws.expect_closed().await;
    drop(ws);
    let body = parked.gets.response().await.body;
    assert!(body.starts_with("42[\"last words\"]"), "{body}");
    unjoined.expect_closed().await;
    drop(unjoined);
    patiently("the end of the last session", closing).await.unwrap();
    patiently("the end of listen", host.running).await.unwrap();
    let counts = io.counts();
    assert_eq!((counts.clients, counts.sockets, counts.tasks), (0, 0, 0));
    assert!(tokio::net::TcpStream::connect(host.address).await.is_err());
    // Closing again is no harm.
    patiently("the second close", io.close()).await;
}

#[tokio::test]
async fn a_server_behind_another_one_refuses_new_sessions_once_it_is_closed() {
    let host = Host::mount(echo(), crate::client::Mount::Axum).await;
    patiently("the end of no session", host.io.close()).await;
    let mut http = host.http().await;
    assert_eq!(http.get(POLLING).await.status, 503);
    let mut http = host.http().await;
    assert_eq!(http.request("GET", WEBSOCKET, &crate::client::UPGRADE, b"").await.status, 503);
    // The other routes go on.
    host.http().await.get("/").await.is(200, "page");
}

#[tokio::test]
async fn transports_and_path_are_the_applications_choice() {
    let io = echo_with(Server::builder().path("live/").transports([Transport::WebSocket]));
    let host = Host::start(io).await;
    let mut ws = Ws::open(host.address, "/live/?EIO=4&transport=websocket").await;
    ws.text().await;
    ws.join().await;
    ws.expect_echo("hello").await;
}

//! Namespaces that clients bring about: which names a parent allows, what its children inherit, what reaches them, and
//! when they go.

use crate::client::{Client, Frame, Host, Ws, echo, text};
use bytes::Bytes;
use serde::Deserialize;
use sockeye::{
    Close, ConnectError, Data, DisconnectReason, EmitError, EncodeError, Handshake, Namespace,
    NamespaceRequest, Params, Regex, RoomEvent, Server, Socket,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, Semaphore, mpsc};

const INVALID: &str = "{\"message\":\"Invalid namespace\"}";

async fn expect_invalid(ws: &mut Ws, name: &str) {
    ws.send(format!("40{name},")).await;
    ws.expect(&format!("44{name},{INVALID}")).await;
}

fn names(io: &Server) -> Vec<String> {
    let mut names: Vec<_> = io.namespaces().iter().map(|namespace| namespace.name().to_owned()).collect();
    names.sort();
    names
}

/// Lets `count` waiting tests or middleware decide.
fn gate(parent_or_child: &Namespace) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    let passed = gate.clone();
    parent_or_child.middleware(async move || {
        passed.acquire().await.unwrap().forget();
        Ok::<_, ConnectError>(())
    });
    gate
}

#[derive(Deserialize)]
struct Order {
    shop: String,
    id: u64,
}

#[tokio::test]
async fn a_pattern_makes_a_namespace_for_each_of_its_names_and_handlers_get_the_values() {
    let io = echo();
    let orders = io.of_pattern("/{shop}/orders/{id}").unwrap();
    orders.on_connect(async |socket: Socket, Params(order): Params<Order>| {
        socket.emit("order", (&order.shop, order.id))
    });
    orders.on("tuple", async |socket: Socket, Params((shop, id)): Params<(String, u8)>| {
        socket.emit("tuple", (&shop, id))
    });
    let host = Host::start(io).await;
    assert_eq!(names(&host.io), ["/"]);
    for mut client in Client::joined(&host).await {
        client.send("40/tea/orders/7,").await;
        assert!(client.text().await.starts_with("40/tea/orders/7,{\"sid\":"));
        client.expect("42/tea/orders/7,[\"order\",\"tea\",7]").await;
        client.send("42/tea/orders/7,[\"tuple\"]").await;
        client.expect("42/tea/orders/7,[\"tuple\",\"tea\",7]").await;
        client.send("40/tea/orders,").await;
        client.expect(&format!("44/tea/orders,{INVALID}")).await;
    }
    assert_eq!(names(&host.io), ["/", "/tea/orders/7"]);
}

#[tokio::test]
async fn a_value_that_does_not_fit_refuses_the_client_in_a_middleware() {
    let io = echo();
    io.of_pattern("/orders/{id}")
        .unwrap()
        .middleware(async |Params(_): Params<u64>| Ok::<_, ConnectError>(()));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("40/orders/x,").await;
    ws.expect("44/orders/x,{\"message\":\"invalid handshake\"}").await;
    assert_eq!(names(&host.io), ["/"]);
    ws.join_namespace("/orders/1").await;
}

#[tokio::test]
async fn a_regular_expression_allows_the_names_it_matches() {
    let io = echo();
    let parent = io.of_regex(Regex::new(r"^/dynamic-(?<n>\d+)$").unwrap());
    parent.on_connect(async |socket: Socket, Params(n): Params<u32>| socket.emit("n", &n));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/dynamic-101").await;
    ws.expect("42/dynamic-101,[\"n\",101]").await;
    for name in ["/dynamic-", "/dynamic-1x", "/x/dynamic-1", "/dynamic-101/"] {
        expect_invalid(&mut ws, name).await;
    }
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[tokio::test]
async fn a_closure_sees_the_name_the_auth_payload_and_the_handshake() {
    let io = echo();
    io.of_fn(async |request: NamespaceRequest| {
        tokio::task::yield_now().await;
        let query: Vec<_> = request.handshake().query().collect();
        request.auth::<Login>().is_ok_and(|login| format!("/{}", login.token) == request.name())
            && query.contains(&("EIO".to_owned(), "4".to_owned()))
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("40/mine,{\"token\":\"mine\"}").await;
    assert!(ws.text().await.starts_with("40/mine,{\"sid\":"));
    for packet in ["40/other,{\"token\":\"mine\"}", "40/other,{\"token\":1}", "40/other,{}", "40/other,"] {
        ws.send(packet).await;
        ws.expect(&format!("44/other,{INVALID}")).await;
    }
}

#[tokio::test]
async fn the_first_parent_that_allows_a_name_gets_it() {
    let io = echo();
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = |namespace: &Namespace, word: &'static str| {
        let told = told.clone();
        namespace.on_connect(async move || told.lock().unwrap().push(word));
    };
    // Made before the parents, so it is none of their children.
    note(&io.of("/d"), "its own");
    note(&io.of_fn(async |request: NamespaceRequest| request.name() == "/a"), "closure");
    note(&io.of_regex(Regex::new("^/[ab]$").unwrap()), "regex");
    note(&io.of_pattern("/{name}").unwrap(), "pattern");
    note(&io.of_fn(async |_| true), "any");
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for name in ["/a", "/b", "/c", "/c/d", "/d"] {
        ws.join_namespace(name).await;
    }
    ws.expect_echo("all in").await;
    assert_eq!(*told.lock().unwrap(), ["closure", "regex", "pattern", "any", "its own"]);
}

#[tokio::test]
async fn a_closure_that_panics_allows_nothing_and_harms_nobody() {
    let io = echo();
    io.of_fn(async |request: NamespaceRequest| {
        assert!(request.name() != "/bad", "a panic of the program's closure");
        true
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    expect_invalid(&mut ws, "/bad").await;
    ws.join_namespace("/good").await;
    ws.expect_echo("still here").await;
}

#[tokio::test]
async fn a_child_inherits_what_its_parent_has_and_what_it_gets_later() {
    let io = echo();
    let parent = io.of_pattern("/child-{n}").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = |word: &'static str| {
        let told = told.clone();
        async move || told.lock().unwrap().push(word)
    };
    let check = |word: &'static str| {
        let told = told.clone();
        async move || {
            told.lock().unwrap().push(word);
            Ok::<_, ConnectError>(())
        }
    };
    parent.middleware(check("parent's middleware"));
    parent.on_connect(note("parent's connect"));
    let child = io.of("/child-1");
    child.middleware(check("child's middleware"));
    child.on_connect(note("child's connect"));
    child.on("e", note("child's e"));
    // Behind the child's creation; Node's children would not have it.
    parent.middleware(check("parent's later middleware"));
    parent.on("e", note("parent's e"));
    parent.once("e", note("parent's once"));
    let (tell, mut ended) = mpsc::unbounded_channel();
    parent.on_disconnect(async move |reason: DisconnectReason| {
        let _ = tell.send(reason);
    });
    let failed = Arc::new(AtomicUsize::new(0));
    let count = failed.clone();
    parent.on_error(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    parent.on("number", async |Data(_): Data<u8>| {});

    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/child-1").await;
    for _ in 0..2 {
        ws.send("42/child-1,[\"e\"]").await;
    }
    ws.send("42/child-1,[\"number\",\"no\"]").await;
    ws.expect_echo("done").await;
    assert_eq!(
        *told.lock().unwrap(),
        [
            "parent's middleware",
            "parent's later middleware",
            "child's middleware",
            "parent's connect",
            "child's connect",
            "parent's e",
            "parent's once",
            "child's e",
            "parent's e",
            "child's e",
        ]
    );
    assert_eq!(failed.load(Ordering::SeqCst), 1, "a child without a hook of its own uses its parent's");
    ws.send("41/child-1,").await;
    assert_eq!(ended.recv().await, Some(DisconnectReason::ClientNamespaceDisconnect));
}

#[tokio::test]
async fn an_emit_through_a_parent_reaches_the_sockets_of_all_children() {
    let io = echo();
    let parent = io.of_pattern("/{name}").unwrap();
    parent.on_connect(async |socket: Socket, Params(name): Params<String>| socket.join(&name));
    let host = Host::start(io).await;
    let mut clients = [host.client().await, host.client().await, host.client().await];
    for (client, name) in clients.iter_mut().zip(["/a", "/b", "/b"]) {
        client.join_namespace(name).await;
    }
    let outsider = &mut host.client().await;

    parent.emit("all", &1).unwrap();
    parent.to("b").emit("b", ()).unwrap();
    parent.except("b").emit("not b", ()).unwrap();
    parent.broadcast().emit("binary", &Bytes::from_static(b"-")).unwrap();
    clients[0].expect("42/a,[\"all\",1]").await;
    clients[0].expect("42/a,[\"not b\"]").await;
    clients[0].expect("451-/a,[\"binary\",{\"_placeholder\":true,\"num\":0}]").await;
    for client in &mut clients[1..] {
        client.expect("42/b,[\"all\",1]").await;
        client.expect("42/b,[\"b\"]").await;
        client.expect("451-/b,[\"binary\",{\"_placeholder\":true,\"num\":0}]").await;
    }
    outsider.expect_echo("nothing came").await;
    host.io.of_pattern("/nobody/{x}").unwrap().emit("into the blue", ()).unwrap();
    assert!(matches!(parent.emit("connect", ()), Err(EmitError::Encode(_))));
}

#[tokio::test]
async fn the_operators_of_a_parent_work_on_all_children() {
    let io = echo();
    let parent = io.of_pattern("/{name}").unwrap();
    let host = Host::start(io).await;
    let (mut a, mut b) = (host.client().await, host.client().await);
    let ids = [a.join_namespace("/a").await, b.join_namespace("/b").await];
    let fetched = parent.broadcast().fetch_sockets().await;
    let mut fetched: Vec<_> = fetched.iter().map(|socket| socket.id().as_str().to_owned()).collect();
    fetched.sort();
    let mut expected = ids.to_vec();
    expected.sort();
    assert_eq!(fetched, expected);

    let answers = parent.broadcast().emit_with_ack::<u8>("ask", ());
    for (client, name) in [(&mut a, "/a"), (&mut b, "/b")] {
        let question = client.text().await;
        let id: u64 =
            question.strip_prefix(&format!("42{name},")).unwrap().split_once('[').unwrap().0.parse().unwrap();
        client.send(format!("43{name},{id}[5]")).await;
    }
    let answers = answers.await.unwrap();
    assert_eq!(answers.len(), 2);

    parent.broadcast().join(&["both"]).unwrap();
    parent.to("both").disconnect(Close::Namespace);
    a.expect("41/a,").await;
    b.expect("41/b,").await;
}

#[tokio::test]
async fn a_new_namespace_is_shown_once_and_before_its_first_client() {
    let io = echo();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let show = shown.clone();
    io.on_new_namespace(move |namespace| {
        show.lock().unwrap().push(namespace.name().to_owned());
        if namespace.name() == "/closed" {
            namespace.middleware(async || Err::<(), _>(ConnectError::new("closed")));
        }
        namespace.on_connect(async |socket: Socket| socket.emit("hello", ()));
        assert!(namespace.name() != "/panic", "a panic of the program's hook");
    });
    io.of_pattern("/{name}").unwrap();
    let (first, second) = (io.of("/static"), io.of("static"));
    assert_eq!(first.name(), second.name());
    io.of("/");
    io.of("");
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for name in ["/static", "/lazy", "/panic"] {
        ws.join_namespace(name).await;
        ws.expect(&format!("42{name},[\"hello\"]")).await;
    }
    ws.send("40/closed,").await;
    ws.expect("44/closed,{\"message\":\"closed\"}").await;
    let mut other = host.client().await;
    other.join_namespace("/lazy").await;
    other.expect("42/lazy,[\"hello\"]").await;
    assert_eq!(*shown.lock().unwrap(), ["/static", "/lazy", "/panic", "/closed"]);
}

#[tokio::test]
async fn a_child_goes_when_its_last_client_has_left() {
    let io = echo();
    io.of_pattern("/{name}").unwrap();
    let host = Host::start(io).await;
    let (mut a, mut b) = (host.client().await, host.client().await);
    a.join_namespace("/x").await;
    b.join_namespace("/x").await;
    a.send("41/x,").await;
    a.expect_echo("left").await;
    assert_eq!(names(&host.io), ["/", "/x"]);
    drop(b);
    while host.io.counts().clients > 1 {
        host.settle().await;
    }
    assert_eq!(names(&host.io), ["/"]);
    assert!(host.io.find("/x").is_none());
    a.join_namespace("/x").await;
    assert!(host.io.find("x").is_some());
}

#[tokio::test]
async fn a_child_that_the_program_asked_for_stays() {
    let io = echo();
    io.of_pattern("/{name}").unwrap();
    io.of("/before").on_connect(async |socket: Socket| socket.emit("before", ()));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/after").await;
    host.io.of("after");
    for _ in 0..2 {
        ws.join_namespace("/before").await;
        ws.expect("42/before,[\"before\"]").await;
        ws.send("41/before,").await;
    }
    ws.send("41/after,").await;
    ws.expect_echo("left").await;
    assert_eq!(names(&host.io), ["/", "/after", "/before"]);
}

#[tokio::test]
async fn without_clean_up_an_empty_child_stays() {
    let io = Server::builder().cleanup_empty_child_namespaces(false).build();
    io.of_pattern("/{name}").unwrap();
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/x").await;
    ws.send("41/x,").await;
    host.settle().await;
    assert_eq!(names(&host.io), ["/", "/x"]);
}

#[tokio::test]
async fn as_many_children_are_made_as_the_limit_says() {
    let io = Server::builder().max_child_namespaces(2).build();
    io.of_pattern("/{name}").unwrap();
    io.of("/asked-for");
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/1").await;
    ws.join_namespace("/2").await;
    ws.send("40/3,").await;
    ws.expect("44/3,{\"message\":\"Too many namespaces\"}").await;
    // Those that exist are open to everybody, and those that the program made do not count.
    let mut other = host.client().await;
    for name in ["/1", "/2", "/asked-for"] {
        other.join_namespace(name).await;
    }
    host.io.of("/2");
    ws.join_namespace("/3").await;
    ws.send("40/4,").await;
    ws.expect("44/4,{\"message\":\"Too many namespaces\"}").await;
    ws.send("41/3,").await;
    ws.join_namespace("/4").await;
}

#[tokio::test]
async fn a_child_may_have_a_name_of_255_bytes() {
    let io = echo();
    io.of_fn(async |_| true);
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    for len in [254, 255] {
        ws.join_namespace(&format!("/{}", "a".repeat(len - 1))).await;
    }
    ws.send(format!("40/{},", "a".repeat(255))).await;
    ws.expect_closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_ask_for_one_name_at_once_get_one_namespace() {
    let io = echo();
    let open = Arc::new(Semaphore::new(0));
    let (asked, shown) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (wait, count) = (open.clone(), asked.clone());
    io.of_fn(move |_| {
        let (wait, count) = (wait.clone(), count.clone());
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            wait.acquire().await.unwrap().forget();
            true
        }
    });
    let count = shown.clone();
    io.on_new_namespace(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let host = Host::start(io).await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut ws = host.client().await;
        ws.send("40/new,").await;
        clients.push(ws);
    }
    while asked.load(Ordering::SeqCst) < clients.len() {
        host.settle().await;
    }
    open.add_permits(clients.len());
    for ws in &mut clients {
        assert!(ws.text().await.starts_with("40/new,{\"sid\":"));
    }
    host.io.find("/new").unwrap().emit("hello", ()).unwrap();
    for ws in &mut clients {
        ws.expect("42/new,[\"hello\"]").await;
    }
    assert_eq!(shown.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_on_its_way_in_keeps_the_namespace() {
    let io = echo();
    let parent = io.of_pattern("/{name}").unwrap();
    let gate = gate(&parent);
    let host = Host::start(io).await;
    let (mut a, mut b) = (host.client().await, host.client().await);
    gate.add_permits(1);
    a.join_namespace("/x").await;
    let before = host.io.find("/x").unwrap();
    b.send("40/x,").await;
    b.expect_echo("waits for the middleware").await;
    a.send("41/x,").await;
    a.expect_echo("left").await;
    gate.add_permits(1);
    assert!(b.text().await.starts_with("40/x,{\"sid\":"));
    // The same namespace as before, not one of the same name.
    before.emit("hello", ()).unwrap();
    b.expect("42/x,[\"hello\"]").await;
}

#[tokio::test]
async fn a_child_that_nobody_gets_into_goes_again() {
    let io = echo();
    let parent = io.of_pattern("/{name}").unwrap();
    let gate = gate(&parent);
    parent.middleware(async |Params(name): Params<String>| match name.as_str() {
        "closed" => Err(ConnectError::new("no")),
        _ => Ok(()),
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    gate.add_permits(1);
    ws.send("40/closed,").await;
    ws.expect("44/closed,{\"message\":\"no\"}").await;
    assert_eq!(names(&host.io), ["/"]);

    ws.write([text("40/x,"), text("41/x,")].concat()).await;
    ws.expect_echo("left again").await;
    assert_eq!(names(&host.io), ["/", "/x"]);
    gate.add_permits(1);
    ws.expect_echo("nothing came").await;
    assert_eq!(names(&host.io), ["/"]);

    ws.send("40/x,").await;
    ws.expect_echo("waits").await;
    drop(ws);
    while host.io.counts().tasks > 0 {
        host.settle().await;
    }
    gate.add_permits(1);
    host.settle().await;
    assert_eq!(names(&host.io), ["/"]);
}

#[tokio::test]
async fn a_session_that_ends_while_a_closure_decides_leaves_nothing() {
    let io = echo();
    let decide = Arc::new(Notify::new());
    let decided = decide.clone();
    io.of_fn(move |_| {
        let decided = decided.clone();
        async move {
            decided.notified().await;
            true
        }
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("40/x,").await;
    ws.expect_echo("waits").await;
    drop(ws);
    while host.io.counts().tasks > 0 {
        host.settle().await;
    }
    decide.notify_waiters();
    host.settle().await;
    assert_eq!(names(&host.io), ["/"]);
}

#[tokio::test]
async fn a_namespace_can_be_taken_away() {
    let io = echo();
    io.of("/plain");
    let parent = io.of_pattern("/{name}").unwrap();
    let gate = gate(&parent);
    let (tell, mut ended) = mpsc::unbounded_channel();
    parent.on_disconnect(async move |reason: DisconnectReason| {
        let _ = tell.send(reason);
    });
    let host = Host::start(io).await;
    let (mut a, mut b) = (host.client().await, host.client().await);
    gate.add_permits(1);
    a.join_namespace("/x").await;
    a.join_namespace("/plain").await;
    b.send("40/x,").await;
    b.expect_echo("waits for the middleware").await;

    assert!(host.io.remove_namespace("/x"));
    a.expect("41/x,").await;
    assert_eq!(ended.recv().await, Some(DisconnectReason::ServerNamespaceDisconnect));
    gate.add_permits(1);
    b.expect(&format!("44/x,{INVALID}")).await;
    assert!(!host.io.remove_namespace("/x") && !host.io.remove_namespace("/"));

    assert!(host.io.remove_namespace("plain"));
    a.expect("41/plain,").await;
    assert_eq!(names(&host.io), ["/"]);
    // The parent makes another one.
    gate.add_permits(1);
    a.join_namespace("/x").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_come_and_go_are_never_lost() {
    const ROUNDS: usize = 200;
    let io = echo();
    let parent = io.of_pattern("/{name}").unwrap();
    parent.on("hear", async |socket: Socket| {
        // Through the namespace that the table holds, which must be the one that the socket is in.
        let found = socket.server().find(socket.namespace().name());
        found.map(|namespace| namespace.to(socket.id().as_str()).emit("heard", ())).transpose().map(drop)
    });
    let host = Arc::new(Host::start(io).await);
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let mut ws = host.client().await;
        tasks.push(tokio::spawn(async move {
            for _ in 0..ROUNDS {
                ws.join_namespace("/x").await;
                ws.send("42/x,[\"hear\"]").await;
                ws.expect("42/x,[\"heard\"]").await;
                ws.send("41/x,").await;
            }
            ws.expect_echo("done").await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(names(&host.io), ["/"]);
}

#[tokio::test]
async fn what_belongs_to_no_parent_has_no_parameters() {
    let io = echo();
    let errors = Arc::new(Mutex::new(Vec::new()));
    let note = errors.clone();
    io.on_error(move |_, error| note.lock().unwrap().push(error.to_string()));
    io.on_connect(async |Params(_): Params<String>, _: Handshake| {});
    let host = Host::start(io).await;
    host.client().await.expect_echo("joined").await;
    assert_eq!(
        *errors.lock().unwrap(),
        ["the event does not fit the handler: a parameter of the namespace is not part of this event"]
    );
}

#[tokio::test]
async fn a_parent_tells_of_the_rooms_of_its_children() {
    let io = echo();
    let parent = io.of_pattern("/{name}").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let watch = |word: &'static str| {
        let told = told.clone();
        parent.on_room_event(move |event| {
            let line = match event {
                RoomEvent::Created { room } => format!("{word} create {room}"),
                RoomEvent::Joined { room, .. } => format!("{word} join {room}"),
                RoomEvent::Left { room, .. } => format!("{word} leave {room}"),
                RoomEvent::Deleted { room } => format!("{word} delete {room}"),
            };
            told.lock().unwrap().push(line);
            assert!(word != "late", "a panic of the program's hook");
        });
    };
    watch("early");
    parent.on("join", async |socket: Socket| socket.join("tea"));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let id = ws.join_namespace("/x").await;
    watch("late");
    ws.send("42/x,[\"join\"]").await;
    ws.send("41/x,").await;
    ws.expect_echo("left").await;
    let early: Vec<_> = told
        .lock()
        .unwrap()
        .iter()
        .filter_map(|line| line.strip_prefix("early ").map(str::to_owned))
        .collect();
    assert_eq!(
        early[..4],
        [format!("create {id}"), format!("join {id}"), "create tea".into(), "join tea".into()]
    );
    assert_eq!((early.len(), told.lock().unwrap().len()), (8, 14));
}

#[tokio::test]
async fn an_event_for_other_servers_reaches_nobody_here_and_may_have_no_name_of_the_server_s_own() {
    let io = echo();
    let heard = Arc::new(AtomicUsize::new(0));
    let count = heard.clone();
    io.on("hello", async move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    io.server_side_emit("hello", &1).unwrap();
    assert_eq!(io.server_side_emit_with_ack::<u8>("hello", ()).await, Ok(vec![]));
    for name in ["connect", "connection", "new_namespace"] {
        let refused = Err(EmitError::Encode(EncodeError::Reserved { name }));
        assert_eq!(io.server_side_emit(name, ()), refused);
    }
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn twenty_thousand_connects_that_a_closure_refuses_end_at_the_limit() {
    let io = echo();
    io.of_fn(async |_| {
        tokio::task::yield_now().await;
        false
    });
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    let packets = (0..20_000).flat_map(|n| text(format!("40/{n},"))).collect::<Vec<u8>>();
    ws.write(packets).await;
    // No more than 100 may be on their way at once, and no more than 100 may be refused.
    assert!(matches!(ws.ended().await, Frame::Close(None) | Frame::End));
    host.client().await.expect_echo("hello").await;
    assert_eq!(names(&host.io), ["/"]);
}

//! Rooms and whom a broadcast reaches.

use crate::client::{Host, Ws, echo};
use sockeye::{Close, Data, JoinError, Server, Socket};

/// A server whose clients join the rooms they name, with three clients: `a` in 1 and 2, `b` in 2 and 3, `c` in none.
async fn three() -> (Host, [Ws; 3], [String; 3]) {
    let io = echo();
    io.on("join", async |socket: Socket, Data(room): Data<String>| socket.join(&room));
    io.on("leave", async |socket: Socket, Data(room): Data<String>| socket.leave(&room));
    let host = Host::start(io).await;
    let mut clients = [host.session().await, host.session().await, host.session().await];
    let mut ids = [const { String::new() }; 3];
    for (client, id) in clients.iter_mut().zip(&mut ids) {
        *id = client.join().await;
    }
    for (who, room) in [(0, "1"), (0, "2"), (1, "2"), (1, "3")] {
        clients[who].send(format!("42[\"join\",\"{room}\"]")).await;
    }
    for client in &mut clients {
        client.expect_echo("joined").await;
    }
    (host, clients, ids)
}

/// Which of the clients got the event that was just emitted, and got it once.
async fn reached(host: &Host, clients: &mut [Ws; 3]) -> String {
    host.settle().await;
    let mut reached = String::new();
    for (client, name) in clients.iter_mut().zip(['a', 'b', 'c']) {
        client.send("42[\"echo\",\"end\"]").await;
        let mut next = client.text().await;
        if next == "42[\"e\"]" {
            reached.push(name);
            next = client.text().await;
        }
        assert_eq!(next, "42[\"echo\",\"end\"]");
    }
    reached
}

#[tokio::test]
async fn a_broadcast_reaches_the_union_of_its_rooms_without_the_excepted_ones_each_once() {
    let (host, mut clients, ids) = three().await;
    let io = &host.io;
    let [a, b, c] = &ids;
    for (operator, expected) in [
        (io.broadcast(), "abc"),
        (io.to("1"), "a"),
        (io.within("2"), "ab"),
        (io.to("1").to("2"), "ab"),
        (io.to("1").to("3"), "ab"),
        (io.to("nobody"), ""),
        (io.to("nobody").to("3"), "b"),
        (io.except("1"), "bc"),
        (io.except("2"), "c"),
        (io.to("2").except("1"), "b"),
        (io.to("2").except("1").except("3"), ""),
        (io.to(a), "a"),
        (io.to(a).to(c), "ac"),
        (io.to(a).to("1").to("2"), "ab"),
        (io.except(b), "ac"),
        (io.to("2").except(a), "b"),
        (io.to(a).except(a), ""),
        (io.broadcast().local(), "abc"),
        (io.broadcast().volatile(), "abc"),
        (io.to(""), ""),
    ] {
        operator.emit("e", ()).unwrap();
        assert_eq!(reached(&host, &mut clients).await, expected, "{operator:?}");
    }
}

#[tokio::test]
async fn a_broadcast_of_a_socket_leaves_the_socket_out() {
    let (host, mut clients, ids) = three().await;
    let a = host.io.to(&ids[0]).fetch_sockets().await.remove(0);
    for (operator, expected) in [
        (a.broadcast(), "bc"),
        (a.to("2"), "b"),
        (a.to("1"), ""),
        (a.except("3"), "c"),
        (a.within("2"), "ab"),
        (a.broadcast().to("1").to("3"), "b"),
    ] {
        operator.emit("e", ()).unwrap();
        assert_eq!(reached(&host, &mut clients).await, expected, "{operator:?}");
    }
}

#[tokio::test]
async fn a_room_is_left_and_gone_with_its_last_member() {
    let (host, mut clients, _) = three().await;
    let own_rooms = 3;
    assert_eq!(host.io.counts().rooms, 3 + own_rooms);
    clients[0].send("42[\"leave\",\"2\"]").await;
    clients[0].send("42[\"leave\",\"never joined\"]").await;
    clients[0].send("42[\"join\",\"1\"]").await;
    clients[0].expect_echo("left").await;
    host.io.to("2").emit("e", ()).unwrap();
    assert_eq!(reached(&host, &mut clients).await, "b");
    clients[1].send("42[\"leave\",\"2\"]").await;
    clients[1].expect_echo("left").await;
    assert_eq!(host.io.counts().rooms, 2 + own_rooms);
}

#[tokio::test]
async fn a_socket_lists_its_rooms_its_own_first() {
    let (host, _clients, ids) = three().await;
    let sockets = host.io.broadcast().fetch_sockets().await;
    let a = sockets.iter().find(|socket| socket.id().as_str() == ids[0]).unwrap();
    let rooms = a.rooms();
    assert_eq!(rooms.iter().map(|room| &**room).collect::<Vec<_>>(), [ids[0].as_str(), "1", "2"]);
}

#[tokio::test]
async fn others_may_join_the_room_of_a_socket_and_the_socket_may_leave_it() {
    let (host, mut clients, ids) = three().await;
    let [a, _, c] = &ids;
    clients[2].send(format!("42[\"join\",\"{a}\"]")).await;
    clients[2].expect_echo("joined").await;
    host.io.to(a).emit("e", ()).unwrap();
    assert_eq!(reached(&host, &mut clients).await, "ac");
    clients[0].send(format!("42[\"leave\",\"{a}\"]")).await;
    clients[0].expect_echo("left").await;
    host.io.to(a).emit("e", ()).unwrap();
    assert_eq!(reached(&host, &mut clients).await, "c");
    host.io.to(c).emit("e", ()).unwrap();
    assert_eq!(reached(&host, &mut clients).await, "c");
}

#[tokio::test]
async fn a_thousand_rooms_of_255_bytes_may_be_joined_by_a_socket() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let io = Server::new();
    io.on_connect(async move |socket: Socket| {
        let _ = tell.send(socket);
    });
    let host = Host::start(io).await;
    let _ws = host.client().await;
    let socket = told.recv().await.unwrap();
    for len in [254, 255] {
        assert_eq!(socket.join(&"r".repeat(len)), Ok(()));
    }
    assert!(matches!(socket.join(&"r".repeat(256)), Err(JoinError::NameTooLong { .. })));
    let joined = socket.rooms().len();
    for n in joined..1000 {
        assert_eq!(socket.join(&format!("room {n}")), Ok(()), "{n}");
    }
    let refused = socket.join("one more");
    assert!(matches!(refused, Ok(()) | Err(JoinError::TooManyRooms { .. })), "{refused:?}");
    assert!(matches!(socket.join("two more"), Err(JoinError::TooManyRooms { .. })));
    // Joining a room again is no new room.
    assert_eq!(socket.join("room 999"), Ok(()));
}

#[tokio::test]
async fn the_chosen_sockets_can_be_fetched_moved_and_disconnected() {
    let (host, mut clients, ids) = three().await;
    let io = &host.io;
    let names = async |operator: sockeye::BroadcastOperator| {
        let mut names: Vec<_> =
            operator.fetch_sockets().await.iter().map(|socket| socket.id().to_string()).collect();
        names.sort();
        names
    };
    let sorted = |chosen: &[&String]| {
        let mut names: Vec<_> = chosen.iter().map(|name| (*name).clone()).collect();
        names.sort();
        names
    };
    let [a, b, c] = &ids;
    assert_eq!(names(io.broadcast()).await, sorted(&[a, b, c]));
    assert_eq!(names(io.to("2")).await, sorted(&[a, b]));
    assert_eq!(names(io.to("2").except("3")).await, sorted(&[a]));
    assert_eq!(names(io.to("nobody")).await, Vec::<String>::new());

    io.except("1").join(&["4", "5"]).unwrap();
    assert_eq!(names(io.to("4")).await, sorted(&[b, c]));
    io.to("3").leave(&["4", "2"]);
    assert_eq!(names(io.to("4")).await, sorted(&[c]));
    assert_eq!(names(io.to("5")).await, sorted(&[b, c]));

    io.to("4").disconnect(Close::Connection);
    clients[2].expect("41").await;
    clients[2].expect_closed().await;
    io.to("5").disconnect(Close::Namespace);
    clients[1].expect("41").await;
    clients[1].join().await;
    assert_eq!(io.counts().sockets, 2);
}

#[tokio::test]
async fn rooms_and_broadcasts_of_a_namespace_stay_in_it() {
    let io = echo();
    let other = io.of("/other");
    for namespace in [&other, &*io] {
        namespace.on_connect(async |socket: Socket| socket.join("room"));
    }
    let host = Host::start(io.clone()).await;
    let mut ws = host.client().await;
    ws.join_namespace("/other").await;
    other.to("room").emit("there", ()).unwrap();
    io.to("room").emit("here", ()).unwrap();
    io.of("other").emit("there", ()).unwrap();
    ws.expect("42/other,[\"there\"]").await;
    ws.expect("42[\"here\"]").await;
    ws.expect("42/other,[\"there\"]").await;
}

#[tokio::test]
async fn nothing_of_a_socket_is_left_when_it_has_gone() {
    let (host, clients, ids) = three().await;
    drop(clients);
    host.settle().await;
    let counts = host.io.counts();
    assert_eq!((counts.clients, counts.sockets, counts.rooms, counts.tasks, counts.direct), (0, 0, 0, 0, 0));
    assert!(host.io.to(&ids[0]).fetch_sockets().await.is_empty());
}

#[tokio::test]
async fn a_socket_that_has_ended_joins_nothing() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let io = Server::new();
    io.on_disconnect(async move |socket: Socket| {
        let _ = tell.send((socket.join("late"), socket.rooms().len()));
    });
    let host = Host::start(io).await;
    drop(host.client().await);
    assert_eq!(told.recv().await, Some((Ok(()), 0)));
    assert_eq!(host.io.counts().rooms, 0);
}

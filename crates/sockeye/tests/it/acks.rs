//! Acknowledgements both ways: each wait ends once, with the answer, with its time, or with the socket.

use crate::client::{Client, Clock, Frame, Host, echo, patiently};
use bytes::Bytes;
use sockeye::{Ack, AckError, Data, Server, Socket};
use std::time::Duration;
use tokio::sync::mpsc;

type Told<T> = mpsc::UnboundedReceiver<T>;

/// A server that hands out its sockets as they join.
fn sockets() -> (Server, Told<Socket>) {
    let (tell, told) = mpsc::unbounded_channel();
    let io = echo();
    io.on_connect(async move |socket: Socket| {
        let _ = tell.send(socket);
    });
    (io, told)
}

#[tokio::test]
async fn an_event_with_an_id_is_answered_with_that_id() {
    let io = Server::new();
    io.on("add", async |Data(a): Data<i64>, Data(b): Data<i64>, ack: Ack| ack.send(&(a + b)));
    io.on("several", async |ack: Ack| ack.send((1, "two")));
    io.on("nothing", async |ack: Ack| ack.send(()));
    io.on("bytes", async |ack: Ack| ack.send(&Bytes::from_static(b"\x01\x02")));
    io.of("/other").on("ask", async |ack: Ack| ack.send("there"));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.join_namespace("/other").await;
    for (event, answer) in [
        ("4212[\"add\",1,2]", "4312[3]"),
        ("420[\"several\"]", "430[1,\"two\"]"),
        ("42007[\"nothing\"]", "437[]"),
        ("42/other,3[\"ask\"]", "43/other,3[\"there\"]"),
        ("425[\"bytes\"]", "461-5[{\"_placeholder\":true,\"num\":0}]"),
    ] {
        ws.send(event).await;
        ws.expect(answer).await;
    }
    assert_eq!(ws.recv().await, Frame::Binary(vec![1, 2]));
}

#[tokio::test]
async fn an_ack_may_be_given_long_after_the_handler_or_never() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = echo();
    io.on("later", async move |ack: Ack| {
        let _ = tell.send(ack);
    });
    io.on("never", async |ack: Ack| drop(ack));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("421[\"later\"]").await;
    ws.send("422[\"never\"]").await;
    ws.expect_echo("behind").await;
    told.recv().await.unwrap().send("at last").unwrap();
    ws.expect("431[\"at last\"]").await;
}

#[tokio::test]
async fn an_ack_after_the_end_of_its_socket_is_an_error() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = echo();
    io.on("later", async move |ack: Ack| {
        let _ = tell.send(ack);
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("421[\"later\"]").await;
    let ack = patiently("the ack", told.recv()).await.unwrap();
    drop(ws);
    host.settle().await;
    assert_eq!(ack.send(()), Err(sockeye::EmitError::Closed));
}

#[tokio::test]
async fn the_answer_of_a_client_resolves_the_wait() {
    let (io, mut told) = sockets();
    let host = Host::start(io).await;
    for (id, mut client) in Client::joined(&host).await.into_iter().enumerate() {
        let socket = told.recv().await.unwrap();
        let answer = tokio::spawn(socket.emit_with_ack::<(u32, String)>("question", ("a", 1)));
        client.expect(&format!("42{id}[\"question\",\"a\",1]")).await;
        client.send(&format!("43{id}[[7,\"yes\"],\"ignored\"]")).await;
        assert_eq!(answer.await.unwrap(), Ok((7, "yes".to_owned())));
    }
}

#[tokio::test]
async fn an_answer_may_be_binary() {
    let (io, mut told) = sockets();
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let socket = told.recv().await.unwrap();
    let answer = tokio::spawn(socket.emit_with_ack::<Bytes>("question", &Bytes::from_static(b"?")));
    ws.expect("451-0[\"question\",{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(ws.recv().await, Frame::Binary(b"?".to_vec()));
    ws.send("461-0[{\"_placeholder\":true,\"num\":0}]").await;
    ws.send_binary(b"!").await;
    assert_eq!(answer.await.unwrap(), Ok(Bytes::from_static(b"!")));
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_asked_for_is_an_error() {
    let (io, mut told) = sockets();
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let socket = told.recv().await.unwrap();
    for (id, said) in ["[\"x\"]", "[]", "[null]", "[-1]"].into_iter().enumerate() {
        let answer = tokio::spawn(socket.emit_with_ack::<u32>("question", ()));
        ws.expect(&format!("42{id}[\"question\"]")).await;
        ws.send(format!("43{id}{said}")).await;
        assert!(matches!(answer.await.unwrap(), Err(AckError::Decode(_))), "{said}");
    }
}

#[tokio::test]
async fn only_the_first_answer_of_the_asked_socket_counts() {
    let (io, mut told) = sockets();
    let host = Host::start(io).await;
    let mut asked = host.client().await;
    let socket = told.recv().await.unwrap();
    let mut stranger = host.client().await;
    let answer = tokio::spawn(socket.emit_with_ack::<u32>("question", ()));
    asked.expect("420[\"question\"]").await;
    for said in ["430[666]", "431[666]", "43[666]"] {
        stranger.send(said).await;
    }
    stranger.expect_echo("unheard").await;
    for said in ["431[1]", "43[2]", "43[]", "4318446744073709551615[3]"] {
        let digits = said.bytes().skip(2).take_while(u8::is_ascii_digit).count();
        if digits <= 19 {
            asked.send(said).await;
        }
    }
    asked.send("430[4]").await;
    asked.send("430[5]").await;
    asked.expect_echo("still here").await;
    assert_eq!(answer.await.unwrap(), Ok(4));
}

#[tokio::test]
async fn a_wait_ends_with_its_time() {
    let clock = Clock::hold();
    let (tell, mut told) = mpsc::unbounded_channel();
    let io = crate::client::echo_with(Server::builder().ack_timeout(Duration::from_secs(7)));
    io.on_connect(async move |socket: Socket| {
        let _ = tell.send(socket);
    });
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let socket = told.recv().await.unwrap();
    for (id, after) in [7000, 500].into_iter().enumerate() {
        let after = Duration::from_millis(after);
        let wait = match id {
            0 => socket.emit_with_ack::<u32>("question", ()),
            _ => socket.emit_with_ack_timeout("question", (), after),
        };
        let wait = tokio::spawn(wait);
        ws.expect(&format!("42{id}[\"question\"]")).await;
        clock.advance(after - Duration::from_millis(2)).await;
        host.settle().await;
        assert!(!wait.is_finished());
        clock.advance(Duration::from_millis(4)).await;
        let outcome = patiently("the end of the wait", wait).await.unwrap();
        assert_eq!(outcome, Err(AckError::Timeout { after }));
        // The answer that comes too late is ignored.
        ws.send(format!("43{id}[1]")).await;
        ws.expect_echo("still here").await;
    }
}

#[tokio::test]
async fn a_wait_ends_with_the_socket() {
    let (io, mut told) = sockets();
    let host = Host::start(io).await;
    for (id, mut client) in Client::joined(&host).await.into_iter().enumerate() {
        let socket = told.recv().await.unwrap();
        let waits = [(); 2].map(|()| tokio::spawn(socket.emit_with_ack::<u32>("question", ())));
        // Each round asks three times; the third question never leaves.
        client.expect(&format!("42{}[\"question\"]", 3 * id)).await;
        client.expect(&format!("42{}[\"question\"]", 3 * id + 1)).await;
        client.send("41").await;
        for wait in waits {
            assert_eq!(patiently("the end of the wait", wait).await.unwrap(), Err(AckError::Disconnected));
        }
        let late = socket.emit_with_ack::<u32>("question", ()).await;
        assert_eq!(late, Err(AckError::Emit(sockeye::EmitError::Closed)));
    }
}

#[tokio::test]
async fn ten_thousand_answers_of_a_socket_may_be_outstanding() {
    let (io, mut told) = sockets();
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let socket = told.recv().await.unwrap();
    let mut waits: Vec<_> = (0..10_000).map(|_| socket.emit_with_ack::<u32>("q", ())).collect();
    assert_eq!(socket.emit_with_ack::<u32>("q", ()).await, Err(AckError::TooMany { limit: 10_000 }));
    for id in 0..10_000 {
        ws.expect(&format!("42{id}[\"q\"]")).await;
    }
    // Dropping a wait makes room, and so does an answer.
    drop(waits.pop());
    ws.send("430[5]").await;
    assert_eq!(waits.remove(0).await, Ok(5));
    let more = [(); 2].map(|()| socket.emit_with_ack::<u32>("q", ()));
    assert_eq!(socket.emit_with_ack::<u32>("q", ()).await, Err(AckError::TooMany { limit: 10_000 }));
    drop(more);
}

#[tokio::test]
async fn a_broadcast_gathers_the_answers_in_the_order_of_their_arrival() {
    let host = Host::start(echo()).await;
    let mut clients = [host.session().await, host.session().await, host.session().await];
    let mut ids = Vec::new();
    for client in &mut clients {
        ids.push(client.join().await);
    }
    let answers = tokio::spawn(host.io.broadcast().emit_with_ack::<u32>("vote", "now"));
    for client in &mut clients {
        client.expect("420[\"vote\",\"now\"]").await;
    }
    for at in [2, 0, 1] {
        clients[at].send(format!("430[{at}]")).await;
        clients[at].expect_echo("voted").await;
    }
    let answers = answers.await.unwrap().unwrap();
    let answers: Vec<_> = answers.iter().map(|answer| (answer.socket.as_str(), answer.value)).collect();
    assert_eq!(answers, [(ids[2].as_str(), 2), (ids[0].as_str(), 0), (ids[1].as_str(), 1)]);
}

#[tokio::test]
async fn a_broadcast_that_not_all_answer_keeps_the_answers_and_names_the_others() {
    let clock = Clock::hold();
    let host = Host::start(echo()).await;
    let mut clients =
        [host.session().await, host.session().await, host.session().await, host.session().await];
    let mut ids = Vec::new();
    for client in &mut clients {
        ids.push(client.join().await);
    }
    let after = Duration::from_secs(5);
    let gathered = tokio::spawn(host.io.broadcast().timeout(after).emit_with_ack::<u32>("vote", ()));
    for client in &mut clients {
        client.expect("420[\"vote\"]").await;
    }
    let [yes, gone, wrong, _silent] = &mut clients;
    yes.send("430[1]").await;
    yes.expect_echo("voted").await;
    gone.send("41").await;
    wrong.send("430[\"x\"]").await;
    wrong.expect_echo("voted").await;
    host.settle().await;
    assert!(!gathered.is_finished());
    clock.advance(after + Duration::from_millis(2)).await;
    let error = patiently("the end of the vote", gathered).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "1 of 4 sockets answered");
    assert_eq!((error.answers[0].socket.as_str(), error.answers[0].value), (ids[0].as_str(), 1));
    let missing: Vec<_> = error.missing.iter().map(|(id, why)| (id.as_str(), why)).collect();
    assert_eq!(missing[0], (ids[1].as_str(), &AckError::Disconnected));
    assert!(matches!(missing[1], (id, AckError::Decode(_)) if id == ids[2]));
    assert_eq!(missing[2], (ids[3].as_str(), &AckError::Timeout { after }));
    assert_eq!(missing.len(), 3);
}

#[tokio::test]
async fn a_broadcast_to_nobody_is_answered_at_once_by_nobody() {
    let host = Host::start(echo()).await;
    let answers = host.io.to("nobody").emit_with_ack::<u32>("vote", ()).await.unwrap();
    assert!(answers.is_empty());
}

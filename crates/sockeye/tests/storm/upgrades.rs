//! Upgrades while both sides send.

use super::client::{Http, WebSocket};
use super::{assert_nothing_is_left, listen, quiet, storm};
use sockeye::{Data, Server, Socket};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const UPGRADES: usize = 200;

/// Sessions that upgrade at the same time.
const AT_ONCE: usize = 20;

/// Events that the server sends for each it gets: half from the handler, half from a task of their own.
const ANSWERS: u64 = 10;

/// Events that the client sends behind its `5`.
const AFTER: u64 = 50;

/// Less than the server has to say between two polls, so that some of it is left for the WebSocket.
const PAYLOAD_BYTES: usize = 400;

/// What the server has sent to a client and got from it.
#[derive(Default)]
struct Ledger {
    sent: u64,
    received: u64,
}

fn server(wrong: Arc<Mutex<Vec<String>>>) -> Server {
    let io = quiet().max_payload_bytes(PAYLOAD_BYTES).build();
    io.on_connect(async move |socket: Socket| {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let due = Arc::new(Semaphore::new(0));
        tokio::spawn({
            let (socket, ledger, due) = (socket.clone(), ledger.clone(), due.clone());
            async move {
                while let Ok(permit) = due.acquire().await {
                    permit.forget();
                    send(&socket, &mut ledger.lock().unwrap());
                }
            }
        });
        socket.on_disconnect({
            let due = due.clone();
            async move || due.close()
        });
        socket.on("event", async move |socket: Socket, Data(count): Data<u64>| {
            let mut ledger = ledger.lock().unwrap();
            if count != ledger.received {
                wrong.lock().unwrap().push(format!("event {count} came in the place of {}", ledger.received));
            }
            ledger.received += 1;
            due.add_permits(usize::try_from(ANSWERS / 2).unwrap());
            for _ in 0..ANSWERS / 2 {
                send(&socket, &mut ledger);
            }
        });
    });
    io
}

fn send(socket: &Socket, ledger: &mut Ledger) {
    // A client that has all it wants is gone before the last is sent.
    let _ = socket.emit("event", &ledger.sent);
    ledger.sent += 1;
}

/// What a client hears, which has to be the server's events one after another.
#[derive(Default)]
struct Heard(u64);

impl Heard {
    fn hear(&mut self, packet: &str) {
        if packet != "6" {
            assert_eq!(packet, format!(r#"42["event",{}]"#, self.0), "lost, doubled or out of order");
            self.0 += 1;
        }
    }
}

fn event(count: u64) -> String {
    format!(r#"42["event",{count}]"#)
}

/// One session: polls and posts go on until the WebSocket has been tried.
async fn upgrade(address: SocketAddr) {
    let (mut polls, mut posts) = (Http::open(address).await, Http::open(address).await);
    let open = polls.poll(None).await.remove(0);
    let sid = open.split('"').nth(3).unwrap();
    posts.post(sid, &["40"]).await;
    let joined = polls.poll(Some(sid)).await;
    assert!(joined[0].starts_with("40{"), "{joined:?}");

    let paused = AtomicBool::new(false);
    let poll = async {
        let mut heard = Heard::default();
        while !paused.load(Ordering::SeqCst) {
            polls.poll(Some(sid)).await.iter().for_each(|packet| heard.hear(packet));
        }
        heard
    };
    let post = async {
        let mut count = 0;
        while !paused.load(Ordering::SeqCst) {
            posts.post(sid, &[event(count), event(count + 1), event(count + 2)]).await;
            count += 3;
        }
        count
    };
    let probe = async {
        let mut websocket = WebSocket::open(address, Some(sid)).await;
        websocket.send(&["2probe"]).await.unwrap();
        assert_eq!(websocket.next().await.as_deref(), Some("3probe"));
        paused.store(true, Ordering::SeqCst);
        websocket
    };
    let (mut heard, sent, mut websocket) = tokio::join!(poll, post, probe);
    let total = sent + AFTER;
    let upgraded: Vec<String> = ["5".to_owned()].into_iter().chain((sent..total).map(event)).collect();
    websocket.send(&upgraded).await.unwrap();
    while heard.0 < total * ANSWERS {
        heard.hear(&websocket.next().await.expect("the server does not close"));
    }
    assert!(sent > 0 && heard.0 == total * ANSWERS);
}

#[test]
fn nothing_is_lost_doubled_or_reordered_by_upgrades_while_both_sides_send() {
    storm(async {
        let wrong = Arc::new(Mutex::new(Vec::new()));
        let io = server(wrong.clone());
        let (address, listening) = listen(&io).await;
        let mut clients = JoinSet::new();
        for _ in 0..UPGRADES {
            if clients.len() == AT_ONCE {
                clients.join_next().await.unwrap().unwrap();
            }
            clients.spawn(upgrade(address));
        }
        clients.join_all().await;
        assert_eq!(*wrong.lock().unwrap(), Vec::<String>::new());
        assert_nothing_is_left(&io, listening).await;
    });
}

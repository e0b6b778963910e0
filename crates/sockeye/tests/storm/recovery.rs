//! Clients are cut off at random while everybody, their room and they alone are spoken to, and come back to their
//! sessions.

use super::client::WebSocket;
use super::rooms::Dice;
use super::{assert_nothing_is_left, listen, quiet, storm};
use serde::Deserialize;
use serde_json::{Value, json};
use sockeye::{ConnectionStateRecovery, Server, Socket};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

const CLIENTS: usize = 40;
const ROOMS: usize = 4;

/// Tasks that speak: two to everybody, two to each room in turn, two to each client in turn.
const PUBLISHERS: usize = 6;
const SAID: usize = 200;

/// At most so many events come before a client is cut off.
const LONGEST_STAY: usize = 60;

/// Events that a client hears before one more may be said, beside what may be said anyhow: so the talk lasts as long
/// as the coming and going.
const HEARD_PER_SAID: usize = 8;

/// As much as those say whom few hear: they must not wait for what only the others make heard.
const AHEAD: usize = 4 * SAID;

/// Whether the log holds all that a client can miss.
#[derive(Clone, Copy, PartialEq)]
enum Log {
    Holds,
    IsShort,
}

/// What the clients and the publishers share.
struct Hall {
    io: Server,
    log: Log,
    /// A socket of each client's latest session, which may have ended since.
    sockets: Mutex<Vec<Option<Socket>>>,
    ready: Barrier,
    pace: Semaphore,
    over: AtomicBool,
    /// How far the storm has come, for the report of one that stands still.
    ready_clients: AtomicUsize,
    said: AtomicUsize,
    heard: AtomicUsize,
}

/// It takes a few seconds; a longer one stands still.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
struct Auth {
    client: usize,
}

impl Hall {
    fn new(log: Log) -> Arc<Self> {
        let recovery = match log {
            Log::Holds => ConnectionStateRecovery::default(),
            Log::IsShort => ConnectionStateRecovery::default().max_log_bytes(6_000),
        };
        let hall = Arc::new(Self {
            io: quiet().connection_state_recovery(recovery).build(),
            log,
            sockets: Mutex::new(vec![None; CLIENTS]),
            ready: Barrier::new(CLIENTS + PUBLISHERS),
            pace: Semaphore::new(match log {
                Log::Holds => AHEAD,
                // What is lost is never heard.
                Log::IsShort => PUBLISHERS * SAID,
            }),
            over: AtomicBool::new(false),
            ready_clients: AtomicUsize::new(0),
            said: AtomicUsize::new(0),
            heard: AtomicUsize::new(0),
        });
        let weak = Arc::downgrade(&hall);
        hall.io.on_connect(async move |socket: Socket| {
            if socket.recovered() {
                return;
            }
            let Auth { client } = socket.auth().unwrap();
            socket.join(&format!("room{}", client % ROOMS)).unwrap();
            if let Some(hall) = weak.upgrade() {
                hall.sockets.lock().unwrap()[client] = Some(socket.clone());
            }
            // One of a session that was lost may be gone again.
            let _ = socket.emit("ready", ());
        });
        hall
    }

    /// Speaks; what each hears of it is numbered without a gap.
    async fn publish(self: Arc<Self>, source: usize) {
        self.ready.wait().await;
        for count in 0..SAID {
            self.pace.acquire().await.unwrap().forget();
            self.said.fetch_add(1, Ordering::Relaxed);
            match source / 2 {
                0 => self.io.emit("news", (source, count)).unwrap(),
                1 => {
                    let room = format!("room{}", count % ROOMS);
                    self.io.to(&room).emit("news", (source, count / ROOMS)).unwrap();
                }
                _ => {
                    let socket = self.sockets.lock().unwrap()[count % CLIENTS].clone().unwrap();
                    let outcome = socket.emit("news", (source, count / CLIENTS));
                    assert!(outcome.is_ok() || self.log == Log::IsShort, "{outcome:?}");
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

/// How many of each source's events are for one client.
fn expected(source: usize) -> usize {
    match source / 2 {
        0 => SAID,
        1 => SAID / ROOMS,
        _ => SAID / CLIENTS,
    }
}

struct Client {
    hall: Arc<Hall>,
    dice: Dice,
    auth: Value,
    sid: String,
    /// The number of each source that must come next; of a session that began in the midst any may.
    next: [Option<usize>; PUBLISHERS],
    is_over: bool,
    heard: usize,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    recovered: usize,
    lost: usize,
    replayed: usize,
}

impl Client {
    fn new(hall: Arc<Hall>, client: usize) -> Self {
        let dice = Dice(client as u64 + 1);
        let (auth, next) = (json!({ "client": client }), [Some(0); PUBLISHERS]);
        Self { hall, dice, auth, sid: String::new(), next, is_over: false, heard: 0, tally: Tally::default() }
    }

    /// Comes and goes until it was told that all is said.
    async fn run(mut self, address: SocketAddr) -> Tally {
        let mut websocket = self.enter(address).await;
        let ready = websocket.next().await.unwrap();
        assert!(ready.starts_with(r#"42["ready""#), "{ready}");
        self.hear(&ready);
        self.hall.ready_clients.fetch_add(1, Ordering::Relaxed);
        self.hall.ready.wait().await;
        loop {
            for _ in 0..=self.dice.roll(LONGEST_STAY) {
                if self.is_over {
                    return self.end();
                }
                let packet = websocket.next().await.expect("the server does not close");
                self.hear(&packet);
            }
            // Half of the time the server does not know of it yet when the client is back.
            let gone = std::mem::replace(&mut websocket, WebSocket::open(address, None).await);
            if self.dice.roll(2) == 0 {
                drop(gone);
                self.come_back(&mut websocket).await;
            } else {
                self.come_back(&mut websocket).await;
                drop(gone);
            }
        }
    }

    fn end(self) -> Tally {
        if self.hall.log == Log::Holds {
            let all = std::array::from_fn(|source| Some(expected(source)));
            assert_eq!(self.next, all, "what was said last is missing");
        }
        self.tally
    }

    async fn enter(&mut self, address: SocketAddr) -> WebSocket {
        let mut websocket = WebSocket::open(address, None).await;
        self.come_back(&mut websocket).await;
        websocket
    }

    /// Connects, and hears what it missed.
    async fn come_back(&mut self, websocket: &mut WebSocket) {
        assert!(websocket.next().await.unwrap().starts_with("0{"));
        websocket.send(&[format!("40{}", self.auth)]).await.unwrap();
        let mut missed = 0;
        loop {
            let packet = websocket.next().await.expect("the server does not close");
            let Some(reply) = packet.strip_prefix("40") else {
                self.hear(&packet);
                missed += 1;
                continue;
            };
            let reply: Value = serde_json::from_str(reply).unwrap();
            let sid = reply["sid"].as_str().unwrap();
            self.entered(sid, &reply["pid"], missed);
            return;
        }
    }

    fn entered(&mut self, sid: &str, pid: &Value, missed: usize) {
        if self.sid == sid {
            self.tally.recovered += 1;
            self.tally.replayed += missed;
            return;
        }
        assert_eq!(missed, 0, "a new session has missed nothing");
        if !self.sid.is_empty() {
            assert!(self.hall.log == Log::IsShort, "all that was missed was there");
            self.tally.lost += 1;
            self.next = [None; PUBLISHERS];
            // One that comes too late for the last word is not told it.
            self.is_over |= self.hall.over.load(Ordering::SeqCst);
        }
        self.sid = sid.to_owned();
        self.auth["pid"] = pid.clone();
    }

    fn hear(&mut self, packet: &str) {
        let event: Vec<Value> = serde_json::from_str(packet.strip_prefix("42").expect(packet)).unwrap();
        self.auth["offset"] = event.last().unwrap().clone();
        match event[0].as_str().unwrap() {
            "news" => {
                let [source, count] = [1, 2].map(|at| usize::try_from(event[at].as_u64().unwrap()).unwrap());
                let next = self.next[source].replace(count + 1);
                assert!(next.is_none_or(|next| next == count), "{next:?} was due: {packet}");
            }
            "over" => self.is_over = true,
            _ => {}
        }
        self.heard += 1;
        self.hall.heard.fetch_add(1, Ordering::Relaxed);
        if self.heard.is_multiple_of(HEARD_PER_SAID) {
            self.hall.pace.add_permits(1);
        }
    }
}

fn cut_off_at_random(log: Log) {
    storm(async move {
        let hall = Hall::new(log);
        let (address, listening) = listen(&hall.io).await;
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            clients.spawn(Client::new(hall.clone(), client).run(address));
        }
        let mut publishers = JoinSet::new();
        for source in 0..PUBLISHERS {
            publishers.spawn(hall.clone().publish(source));
        }
        if tokio::time::timeout(LIMIT, publishers.join_all()).await.is_err() {
            let [ready, said, heard] =
                [&hall.ready_clients, &hall.said, &hall.heard].map(|count| count.load(Ordering::Relaxed));
            panic!("{ready} clients are ready, {said} said, {heard} heard, and nothing more comes");
        }
        hall.over.store(true, Ordering::SeqCst);
        hall.io.emit("over", ()).unwrap();
        let tallies = clients.join_all().await;
        let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
        let (recovered, lost, replayed) =
            (sum(|tally| tally.recovered), sum(|tally| tally.lost), sum(|tally| tally.replayed));
        println!("recovered {recovered} times, {replayed} events again; {lost} sessions lost");
        assert!(recovered + lost > CLIENTS, "nobody was away");
        match log {
            Log::Holds => assert!(replayed > CLIENTS, "nobody has missed anything"),
            Log::IsShort => assert!(lost > 0, "the log was long enough"),
        }
        hall.sockets.lock().unwrap().clear();
        assert_nothing_is_left(&hall.io, listening).await;
    });
}

#[test]
fn whoever_comes_back_has_everything_once_and_in_order() {
    cut_off_at_random(Log::Holds);
}

#[test]
fn whoever_cannot_have_everything_begins_anew_without_a_gap_inside() {
    cut_off_at_random(Log::IsShort);
}

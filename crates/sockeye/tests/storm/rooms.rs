//! Clients join, leave, say something, are kicked, hang up and come back, while others stay in their rooms
//! and count.

use super::client::WebSocket;
use super::{assert_nothing_is_left, listen, quiet, storm};
use sockeye::{Ack, Close, Data, EmitError, Server, Socket};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::task::JoinSet;

const ROOMS: usize = 10;

/// Clients of each room that stay to the end, the first of which also speaks.
const STAYERS: usize = 10;

/// Clients that come and go.
const ROVERS: usize = 110;

/// Broadcasts of each room's speaker: each is an event whose handler sends it on.
const SAID: usize = 1_000;

/// Tasks that broadcast beside the handlers, to each room in turn, and how often.
const HERALDS: usize = 4;
const HERALDED: usize = 2_600;

/// Events that a speaker has under way before it reads again.
const PIPELINED: usize = 50;

/// One broadcast: of whom, and which of that source's broadcasts to that room.
type News = (usize, usize);

/// Broadcasts to the room; returns once all members have it queued.
fn tell(io: &Server, room: usize, news: News) {
    io.to(&format!("room{room}")).emit("news", (room, news.0, news.1)).unwrap();
}

/// The room and the news of a broadcast.
fn news(packet: &str) -> Option<(usize, News)> {
    let numbers = packet.strip_prefix(r#"42["news","#)?.strip_suffix(']')?;
    let mut numbers = numbers.split(',').map(|number| number.parse().unwrap());
    let mut next = || numbers.next().unwrap();
    Some((next(), (next(), next())))
}

fn server(said: Arc<(AtomicUsize, Notify)>) -> Server {
    let io = quiet().build();
    io.on("join", async |socket: Socket, Data(room): Data<usize>, ack: Ack| {
        socket.join(&format!("room{room}")).unwrap();
        ack.send(())
    });
    io.on("leave", async |socket: Socket, Data(room): Data<usize>, ack: Ack| {
        socket.leave(&format!("room{room}"));
        ack.send(())
    });
    io.on("hiss", {
        let io = io.clone();
        async move |Data(room): Data<usize>, Data(rover): Data<usize>, ack: Ack| {
            io.to(&format!("room{room}")).emit("hiss", &rover)?;
            ack.send(())
        }
    });
    io.on("kick", async |socket: Socket| socket.disconnect(Close::Connection));
    io.on("say", {
        let io = io.clone();
        async move |Data(room): Data<usize>, Data(news): Data<News>, ack: Ack| {
            tell(&io, room, news);
            if said.0.fetch_add(1, Ordering::SeqCst) + 1 == ROOMS * SAID {
                said.1.notify_one();
            }
            ack.send(())?;
            Ok::<_, EmitError>(())
        }
    });
    io
}

/// Stays in its room to the end: all the room was told, in order.
async fn stay(address: SocketAddr, room: usize, ready: Arc<tokio::sync::Barrier>, speaks: bool) -> Vec<News> {
    let mut websocket = WebSocket::join(address).await;
    websocket.send(&[format!(r#"420["join",{room}]"#)]).await.unwrap();
    assert_eq!(websocket.next().await.as_deref(), Some("430[]"));
    ready.wait().await;

    let mut heard = Vec::new();
    let mut said = 0;
    let mut answered = 0;
    loop {
        if speaks && said < SAID && said == answered {
            let events: Vec<String> = (said..said + PIPELINED)
                .map(|count| format!(r#"42{count}["say",{room},[{room},{count}]]"#))
                .collect();
            websocket.send(&events).await.unwrap();
            said += PIPELINED;
        }
        let packet = websocket.next().await.expect("the server does not close");
        match news(&packet) {
            Some((told, news)) => {
                assert_eq!(told, room);
                heard.push(news);
            }
            None if packet == r#"42["over"]"# => return heard,
            None if packet.starts_with(r#"42["hiss""#) => {}
            None => {
                assert_eq!(packet, format!("43{answered}[]"), "answers come in order");
                answered += 1;
            }
        }
    }
}

/// Numbers without a pattern, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What a rover heard of one room, from the answer to its join to the answer to its leave.
struct Visit {
    room: usize,
    heard: Vec<News>,
}

/// A client that comes and goes.
struct Rover {
    name: usize,
    dice: Dice,
    over: Arc<AtomicBool>,
    /// Every visit stands on its own, for each is a new membership.
    visits: Vec<Visit>,
}

impl Rover {
    async fn rove(mut self, address: SocketAddr) -> Vec<Visit> {
        while !self.over.load(Ordering::SeqCst) {
            let mut websocket = WebSocket::join(address).await;
            // One that joined before the storm was over is told.
            if !self.over.load(Ordering::SeqCst) {
                self.call(&mut websocket).await;
            }
        }
        self.visits
    }

    /// One connection: a few visits, and an end of one kind or another.
    async fn call(&mut self, websocket: &mut WebSocket) {
        for _ in 0..=self.dice.roll(3) {
            let mut visit = Visit { room: self.dice.roll(ROOMS), heard: Vec::new() };
            let is_over = !self.visit(websocket, &mut visit).await;
            self.visits.push(visit);
            if is_over {
                return;
            }
        }
        match self.dice.roll(4) {
            0 => {}
            1 => websocket.send(&["41"]).await.unwrap(),
            2 => websocket.send(&["1"]).await.unwrap(),
            _ => {
                websocket.send(&[r#"42["kick"]"#]).await.unwrap();
                while websocket.next().await.is_some() {}
            }
        }
    }

    /// Joins a room, hears some news, leaves it, and speaks to it from outside. False when the storm is over.
    async fn visit(&mut self, websocket: &mut WebSocket, visit: &mut Visit) -> bool {
        let (name, room, wanted) = (self.name, visit.room, self.dice.roll(20));
        // What comes before the answer may be left of an earlier visit.
        let mut before = Visit { room, heard: Vec::new() };
        websocket.send(&[format!(r#"420["join",{room}]"#)]).await.unwrap();
        if !self.hear(websocket, &mut before, |packet, _| packet == "430[]").await
            || !self.hear(websocket, visit, |_, heard| heard >= wanted).await
        {
            return false;
        }
        websocket
            .send(&[format!(r#"421["leave",{room}]"#), format!(r#"422["hiss",{room},{name}]"#)])
            .await
            .unwrap();
        self.hear(websocket, visit, |packet, _| packet == "432[]").await
    }

    /// Hears the news until `done`. False when the storm is over.
    async fn hear(
        &self,
        websocket: &mut WebSocket,
        visit: &mut Visit,
        done: impl Fn(&str, usize) -> bool,
    ) -> bool {
        let mut packet = String::new();
        while !done(&packet, visit.heard.len()) {
            packet = websocket.next().await.expect("the server does not close");
            match news(&packet) {
                // A broadcast that began before the last leave may come behind its answer.
                Some((room, news)) if room == visit.room => visit.heard.push(news),
                Some(_) => {}
                None if packet == r#"42["over"]"# => return false,
                None => assert_ne!(packet, format!(r#"42["hiss",{}]"#, self.name), "it had left the room"),
            }
        }
        true
    }
}

#[test]
fn whoever_stays_in_a_room_hears_everything_once_and_in_the_order_of_all_others() {
    storm(async {
        let said = Arc::new((AtomicUsize::new(0), Notify::new()));
        let io = server(said.clone());
        let (address, listening) = listen(&io).await;
        let ready = Arc::new(tokio::sync::Barrier::new(ROOMS * STAYERS + HERALDS));
        let over = Arc::new(AtomicBool::new(false));

        let mut stayers = JoinSet::new();
        for stayer in 0..ROOMS * STAYERS {
            let (room, ready) = (stayer % ROOMS, ready.clone());
            stayers.spawn(async move { (room, stay(address, room, ready, stayer < ROOMS).await) });
        }
        let mut rovers = JoinSet::new();
        for rover in 1..=ROVERS {
            let dice = Dice(rover as u64);
            let rover = Rover { name: rover, dice, over: over.clone(), visits: Vec::new() };
            rovers.spawn(rover.rove(address));
        }
        let mut heralds = JoinSet::new();
        for herald in 0..HERALDS {
            let (io, ready) = (io.clone(), ready.clone());
            heralds.spawn(async move {
                ready.wait().await;
                for count in 0..HERALDED {
                    tell(&io, count % ROOMS, (ROOMS + herald, count / ROOMS));
                    tokio::task::yield_now().await;
                }
            });
        }
        heralds.join_all().await;
        said.1.notified().await;
        over.store(true, Ordering::SeqCst);
        io.emit("over", ()).unwrap();

        let orders = same_orders(stayers.join_all().await);
        let visits: Vec<Visit> = rovers.join_all().await.into_iter().flatten().collect();
        let places: Vec<HashMap<News, usize>> =
            orders.into_iter().map(|order| order.into_iter().zip(0..).collect()).collect();
        let heard: usize = visits.iter().map(|visit| check(visit, &places[visit.room])).sum();
        assert!(visits.len() > ROVERS && heard > ROVERS, "{} visits heard {heard} news", visits.len());
        assert_nothing_is_left(&io, listening).await;
    });
}

/// The order of each room, which is the same for all who stayed in it and holds everything once.
fn same_orders(stayed: Vec<(usize, Vec<News>)>) -> Vec<Vec<News>> {
    let mut orders: Vec<Option<Vec<News>>> = vec![None; ROOMS];
    for (room, heard) in stayed {
        let order = orders[room].get_or_insert_with(|| heard.clone());
        assert!(*order == heard, "two in room {room} heard different things");
    }
    let orders: Vec<Vec<News>> = orders.into_iter().map(Option::unwrap).collect();
    for (room, order) in orders.iter().enumerate() {
        assert_eq!(order.len(), SAID + HERALDS * HERALDED / ROOMS);
        for source in [room].into_iter().chain(ROOMS..ROOMS + HERALDS) {
            let counts = order.iter().filter(|news| news.0 == source).map(|news| news.1);
            assert!(counts.enumerate().all(|(place, count)| place == count), "room {room}, source {source}");
        }
    }
    orders
}

/// A visit hears the room's order, and of each source all that it said meanwhile. (What one source says is on
/// its way while another's is counted, so a stretch of the whole order may lack what began before the join.)
/// Returns how much it heard.
fn check(visit: &Visit, places: &HashMap<News, usize>) -> usize {
    let mut last = HashMap::new();
    for pair in visit.heard.windows(2) {
        assert!(places[&pair[0]] < places[&pair[1]], "room {}: {pair:?} is not the order of all", visit.room);
    }
    for &(source, count) in &visit.heard {
        let before = last.insert(source, count);
        assert!(before.is_none_or(|before| before + 1 == count), "room {}: {:?}", visit.room, visit.heard);
    }
    visit.heard.len()
}

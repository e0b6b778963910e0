//! `connect` and `churn`: connections that come and go. One operation is TCP, upgrade, open packet,
//! namespace and close; latency is from the dial to the namespace's answer.
//!
//! `churn` does the same with an echo in between, in phases, and reads memory after each: what it does not
//! give back in the end is a leak.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, TURN};
use crate::failure::Failure;
use crate::frame::{self, masked};
use crate::options::Options;
use crate::procfs::ProcessTree;
use crate::window::{Progress, Window, nothing_extra, rounded};

const ECHO: &[u8] = b"42[\"echo\",\"hello\"]";

pub(super) fn run(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    let mut window = Window::new(options, server);
    let mut visits = Visits::new(&mut client, options.inflight, Visit::Connect)?;
    while !window.is_over(visits.done)? {
        visits.turn(&mut client, usize::MAX, |latency| window.record(latency))?;
    }
    Ok(window.report(visits.done, client.send_errors(), nothing_extra()))
}

pub(super) fn churn(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    let empty = server.memory().rss;
    let mut resident = Vec::new();
    for _ in 0..options.phases {
        let at_once = options.inflight.min(options.conns);
        let mut visits = Visits::new(&mut client, at_once, Visit::Echo)?;
        let mut progress = Progress::new(Duration::from_secs(15));
        while visits.open > 0 {
            visits.turn(&mut client, options.conns, |_| {})?;
            progress.check(Instant::now(), visits.done)?;
        }
        thread::sleep(options.settle);
        resident.push(server.memory().rss);
    }
    // The first phase grows what every server grows once; the leak is what the later ones add.
    let growth = match resident.as_slice() {
        [_, second, .., last] => {
            let connections = options.conns * (options.phases - 2);
            (*last as f64 - *second as f64) / connections as f64
        }
        _ => 0.0,
    };
    Ok(json!({
        "scenario": "churn",
        "conns_per_phase": options.conns,
        "phases": options.phases,
        "rss0_kib": empty / 1024,
        "rss_kib": resident.iter().map(|bytes| bytes / 1024).collect::<Vec<_>>(),
        "growth_bytes_per_conn": rounded(growth, 1),
        "errors": client.send_errors(),
    }))
}

/// What a connection does before it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visit {
    Connect,
    Echo,
}

/// Connections that are replaced as they finish.
struct Visits {
    visit: Visit,
    echo: Vec<u8>,
    /// Socket.IO's DISCONNECT, then the closing frame with code 1000.
    farewell: Vec<u8>,
    dialed_at: Vec<Instant>,
    begun: usize,
    open: usize,
    done: u64,
}

impl Visits {
    fn new(client: &mut Client, at_once: usize, visit: Visit) -> Result<Self, Failure> {
        let mut farewell = masked(frame::TEXT, b"41");
        farewell.extend(masked(frame::CLOSE, &1000_u16.to_be_bytes()));
        let echo = masked(frame::TEXT, ECHO);
        let dialed_at = vec![Instant::now(); at_once];
        let mut visits = Visits { visit, echo, farewell, dialed_at, begun: 0, open: 0, done: 0 };
        for _ in 0..at_once {
            visits.begin(client)?;
        }
        Ok(visits)
    }

    fn begin(&mut self, client: &mut Client) -> Result<(), Failure> {
        let now = Instant::now();
        let key = client.dial()?;
        self.dialed_at[key] = now;
        self.begun += 1;
        self.open += 1;
        Ok(())
    }

    /// Waits once and handles what came, beginning no more than `quota` visits in all.
    fn turn(
        &mut self,
        client: &mut Client,
        quota: usize,
        mut on_connected: impl FnMut(Duration),
    ) -> Result<(), Failure> {
        client.turn(TURN, |client, key, _| {
            let finished = if client.is_ready(key) {
                let mut answered = false;
                client.receive(key, |_, payload| answered |= payload == ECHO)?;
                answered
            } else if client.advance(key)? {
                on_connected(self.dialed_at[key].elapsed());
                if self.visit == Visit::Echo {
                    client.send(key, &self.echo);
                }
                self.visit == Visit::Connect
            } else {
                false
            };
            if finished {
                client.send(key, &self.farewell);
                client.close(key);
                self.done += 1;
                self.open -= 1;
                if self.begun < quota {
                    self.begin(client)?;
                }
            }
            Ok(())
        })
    }
}

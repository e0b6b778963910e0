//! `bcast`: one client sends, everyone receives. One operation is one delivery; latency is from the send to
//! the last receiver, for the slowest of the clients is what a room feels.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, TURN};
use crate::failure::Failure;
use crate::frame::{self, masked};
use crate::options::Options;
use crate::procfs::ProcessTree;
use crate::window::Window;

const SENDER: usize = 0;

pub(super) fn run(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    client.establish(options.conns)?;
    client.rest(Duration::from_millis(300))?;
    let packet = format!("42[\"bcast\",\"{}\"]", "b".repeat(options.size)).into_bytes();
    let request = masked(frame::TEXT, &packet);
    let mut rounds = Rounds::new(options.conns);
    rounds.begin(options.depth, Instant::now());
    client.send(SENDER, &request.repeat(options.depth));
    let (mut operations, mut errors, mut rounds_done, mut rounds_before) = (0, 0, 0_u64, 0);
    let mut window = Window::new(options, server);
    while !window.is_over(operations)? {
        if !window.is_open() {
            rounds_before = rounds_done;
        }
        client.on_readable(TURN, |client, key| {
            let mut completed = 0;
            client.receive(key, |_, payload| {
                if payload != packet {
                    errors += 1;
                    return;
                }
                operations += 1;
                match rounds.delivered(key) {
                    Delivery::Last(begun) => {
                        completed += 1;
                        window.record(begun.elapsed());
                    }
                    Delivery::Unasked => errors += 1,
                    Delivery::Other => {}
                }
            })?;
            if completed > 0 {
                rounds_done += completed as u64;
                rounds.begin(completed, Instant::now());
                // In one write: how many the server reads at once must not depend on timing.
                client.send(SENDER, &request.repeat(completed));
            }
            Ok(())
        })?;
    }
    let extra = json!({"rounds": rounds_done - rounds_before});
    Ok(window.report(operations, errors + client.send_errors(), extra))
}

/// Which broadcasts have reached whom. Every connection receives all of them in order.
struct Rounds {
    receivers: usize,
    /// Broadcasts that each connection has received.
    received: Vec<usize>,
    /// Of each broadcast: receivers still without it, and when it was sent.
    begun: Vec<(usize, Instant)>,
}

enum Delivery {
    /// The last receiver has it; when it was sent.
    Last(Instant),
    /// Others still wait for it.
    Other,
    /// Nobody sent it.
    Unasked,
}

impl Rounds {
    fn new(receivers: usize) -> Self {
        Rounds { receivers, received: vec![0; receivers], begun: Vec::new() }
    }

    fn begin(&mut self, count: usize, now: Instant) {
        self.begun.resize(self.begun.len() + count, (self.receivers, now));
    }

    #[inline]
    fn delivered(&mut self, key: usize) -> Delivery {
        let Some((missing, begun)) = self.begun.get_mut(self.received[key]) else { return Delivery::Unasked };
        self.received[key] += 1;
        *missing -= 1;
        if *missing == 0 { Delivery::Last(*begun) } else { Delivery::Other }
    }
}

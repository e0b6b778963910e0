//! `rate`: echoes at a fixed rate, whatever the server does. Latency is from the time a message was *meant*
//! to leave, so that a stall shows in every message it delays and not only in one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::failure::Failure;
use crate::frame::{self, masked};
use crate::options::Options;
use crate::procfs::ProcessTree;
use crate::window::Window;

pub(super) fn run(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    client.establish(options.conns)?;
    let packet = format!("42[\"echo\",\"{}\"]", "x".repeat(options.size)).into_bytes();
    let request = masked(frame::TEXT, &packet);
    let mut intended: Vec<VecDeque<Instant>> = vec![VecDeque::new(); options.conns];
    let (mut sent, mut operations, mut errors) = (0_u64, 0, 0);
    let mut window = Window::new(options, server);
    let start = Instant::now();
    while !window.is_over(operations)? {
        let due = (start.elapsed().as_secs_f64() * options.rate) as u64 + 1;
        while sent < due {
            let key = (sent as usize).wrapping_mul(STRIDE) % options.conns;
            intended[key].push_back(start + Duration::from_secs_f64(sent as f64 / options.rate));
            client.send(key, &request);
            sent += 1;
        }
        client.on_readable(Duration::ZERO, |client, key| {
            let now = Instant::now();
            client.receive(key, |_, payload| {
                operations += 1;
                errors += u64::from(payload != packet);
                if let Some(intended) = intended[key].pop_front() {
                    window.record(now.saturating_duration_since(intended));
                }
            })
        })?;
    }
    Ok(window.report(operations, errors + client.send_errors(), json!({"target": options.rate})))
}

/// Neighbours in time are not neighbours in the server's tables.
const STRIDE: usize = 7;

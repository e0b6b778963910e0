//! `rooms`: many small rooms at once; each client has one message to its room under way. One operation is
//! one delivery; latency is from the send to the sender's own copy.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, TURN};
use crate::failure::Failure;
use crate::frame::{self, masked};
use crate::options::Options;
use crate::procfs::ProcessTree;
use crate::window::{Progress, Window};

/// Digits of the sender's number, with which its payload starts.
const NUMBER: usize = 8;
const PREFIX: &[u8] = b"42[\"room\",\"";

pub(super) fn run(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    client.establish(options.conns)?;
    join_all(&mut client, options)?;
    let filling = "r".repeat(options.size.saturating_sub(NUMBER));
    let numbers: Vec<[u8; NUMBER]> = (0..options.conns).map(number).collect();
    let requests: Vec<Vec<u8>> = (0..options.conns)
        .map(|key| {
            let packet = format!("42[\"room\",\"r{}\",\"{key:0NUMBER$}{filling}\"]", key % options.rooms);
            masked(frame::TEXT, packet.as_bytes())
        })
        .collect();
    let length = PREFIX.len() + NUMBER + filling.len() + "\"]".len();
    let mut sent_at = Vec::with_capacity(options.conns);
    for (key, request) in requests.iter().enumerate() {
        sent_at.push(Instant::now());
        client.send(key, request);
    }
    let (mut operations, mut errors, mut sent) = (0, 0, options.conns);
    let mut window = Window::new(options, server);
    while !window.is_over(operations)? {
        client.on_readable(TURN, |client, key| {
            let mut own_copy = false;
            client.receive(key, |_, payload| {
                let sender = payload.strip_prefix(PREFIX).and_then(|rest| rest.first_chunk());
                match sender {
                    Some(sender) if payload.len() == length => {
                        operations += 1;
                        own_copy |= *sender == numbers[key];
                    }
                    _ => errors += 1,
                }
            })?;
            if own_copy {
                let now = Instant::now();
                window.record(now - std::mem::replace(&mut sent_at[key], now));
                client.send(key, &requests[key]);
                sent += 1;
            }
            Ok(())
        })?;
    }
    Ok(window.report(operations, errors + client.send_errors(), json!({"sent": sent})))
}

/// Spreads the clients over the rooms by remainder, so that no room's members are neighbours.
fn join_all(client: &mut Client, options: &Options) -> Result<(), Failure> {
    for key in 0..options.conns {
        let join = format!("420[\"join\",\"r{}\"]", key % options.rooms);
        client.send(key, &masked(frame::TEXT, join.as_bytes()));
    }
    let mut joined = 0;
    let mut progress = Progress::new(Duration::from_secs(15));
    while joined < options.conns {
        client.on_readable(TURN, |client, key| {
            client.receive(key, |_, payload| joined += usize::from(payload.starts_with(b"430[")))
        })?;
        progress.check(Instant::now(), joined as u64)?;
    }
    Ok(())
}

fn number(key: usize) -> [u8; NUMBER] {
    let mut digits = [b'0'; NUMBER];
    let mut rest = key;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

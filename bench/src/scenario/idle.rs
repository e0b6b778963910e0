//! `idle`: what a connection costs that says nothing but pong. Memory is read at growing numbers of
//! connections, CPU time while the last number rests.

use serde_json::{Value, json};

use crate::client::Client;
use crate::failure::Failure;
use crate::options::Options;
use crate::procfs::{Memory, ProcessTree, kernel_memory};
use crate::window::rounded;

pub(super) fn run(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    let empty = server.memory();
    let kernel_empty = kernel_memory();
    let mut steps = Vec::new();
    let (mut reached, mut memory): (usize, Memory) = (0, empty);
    for &count in &options.steps {
        client.establish(count)?;
        client.rest(options.settle)?;
        let now = server.memory();
        steps.push(json!({
            "n": count,
            "rss_per": per(now.rss, empty.rss, count),
            "pss_per": per(now.pss, empty.pss, count),
            "anon_per": per(now.anonymous, empty.anonymous, count),
            "slope_rss": per(now.rss, memory.rss, count.saturating_sub(reached)),
            "kernel_both_ends_per": per(kernel_memory(), kernel_empty, count),
        }));
        (reached, memory) = (count, now);
    }
    let before = server.cpu();
    client.rest(options.idle)?;
    let after = server.cpu();
    let memory = server.memory();
    let cpu_us = after.server.saturating_sub(before.server).as_secs_f64() * 1e6;
    let connection_seconds = reached as f64 * (after.at - before.at).as_secs_f64();
    Ok(json!({
        "scenario": "idle",
        "n": reached,
        "rss0": empty.rss,
        "rss_n": memory.rss,
        "steps": steps,
        "after_idle_rss_per": per(memory.rss, empty.rss, reached),
        "after_idle_anon_per": per(memory.anonymous, empty.anonymous, reached),
        "idle_cpu_us_per_conn_s": rounded(cpu_us / connection_seconds, 4),
        "pings": client.pings(),
        "errors": client.send_errors(),
    }))
}

/// Growth in bytes per connection.
fn per(now: u64, before: u64, connections: usize) -> f64 {
    rounded((now as f64 - before as f64) / connections as f64, 0)
}

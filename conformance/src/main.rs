//! Contract servers: what the public test suites, hostile testers and the benchmark talk to. Each one is the
//! shipped server with a few handlers.
//!
//! `sockeye-conformance <contract>`, `PORT` from the environment (3000), on 127.0.0.1 and ::1.

mod abuse;
mod bench;
mod client_suite;
mod engine;
mod net;
mod socket_v5;
mod ws_echo;

use sockeye::Protocol;
use std::io;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONTRACTS: &str = "engine-v4 engine-v3 engine-client-suite socket-v5 client-suite abuse ws-echo bench";

fn main() -> ExitCode {
    let contract = std::env::args().nth(1).unwrap_or_default();
    let served = net::runtime().and_then(|runtime| {
        runtime.block_on(async {
            match contract.as_str() {
                "engine-v4" => engine::serve(Protocol::V4).await,
                "engine-v3" => engine::serve(Protocol::V3).await,
                "engine-client-suite" => engine::serve_client_suite().await,
                "socket-v5" => socket_v5::serve().await,
                "client-suite" => client_suite::serve().await,
                "abuse" => abuse::serve().await,
                "ws-echo" => ws_echo::serve().await,
                "bench" => bench::serve().await,
                other => Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("unknown contract \"{other}\"; one of: {CONTRACTS}"),
                )),
            }
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sockeye-conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

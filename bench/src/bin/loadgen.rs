//! Drives a Socket.IO server with one scenario and prints one JSON line.
//!
//! `loadgen SCENARIO --port 3000 --pid 1234 [--option value]…`; the options are those of
//! [`sockeye_bench::options::Options`].

use std::process::ExitCode;

use serde_json::json;
use sockeye_bench::failure::Failure;
use sockeye_bench::options::Options;
use sockeye_bench::procfs::ProcessTree;
use sockeye_bench::scenario;

fn main() -> ExitCode {
    let mut name = String::new();
    let result = Options::parse(std::env::args_os().skip(1)).and_then(|options| {
        name.clone_from(&options.scenario);
        scenario::run(&options, &ProcessTree::of(options.pid))
    });
    match result {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(failure) => fail(&name, &failure),
    }
}

fn fail(scenario: &str, failure: &Failure) -> ExitCode {
    println!("{}", json!({"scenario": scenario, "error": failure.to_string()}));
    ExitCode::FAILURE
}

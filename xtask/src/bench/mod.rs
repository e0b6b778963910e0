//! `cargo xtask bench`: builds the servers and the load generator, measures them side by side, prints
//! tables, and fails when our server misses a gate. `bench/README.md` says what the numbers mean.
//!
//! Servers and scenarios are interleaved: within one repetition every scenario visits every server in
//! turn, because the speed of a host drifts more in ten minutes than good servers differ.

mod build;
mod callgrind;
mod gates;
mod instructions;
mod options;
mod process;
mod results;
mod scenarios;
mod servers;
mod statistics;
mod summary;
mod table;

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::CommandResult;
use build::Binaries;
use options::{Mode, Options};
use process::{LoadGenerator, Running};
use results::{Log, Row};
use scenarios::Scenario;
use servers::Server;

pub(crate) fn run(arguments: lexopt::Parser) -> CommandResult {
    if let Ok(Some(lexopt::Arg::Long("instructions"))) = arguments.clone().next() {
        return instructions::run(arguments);
    }
    let Some(options) = Options::parse(arguments)? else {
        print!("{}", options::HELP);
        return Ok(ExitCode::SUCCESS);
    };
    let rows = match &options.table {
        Some(file) => results::read(&fs::read_to_string(file)?)?,
        None => measure(&options)?,
    };
    println!("{}\n\n{}", table::render(&rows), summary::render(&rows));
    Ok(verdict(&gates::missed(&rows)))
}

fn verdict(missed: &[String]) -> ExitCode {
    if missed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\n### missed gates\n");
    for gate in missed {
        println!("- {gate}");
    }
    ExitCode::FAILURE
}

fn measure(options: &Options) -> Result<Vec<Row>, Box<dyn Error>> {
    let binaries = build::build(&options.servers)?;
    println!("{}", process::machine());
    let _priority = process::Priority::raise();
    let mut bench = Bench { options, log: Log::create(&options.out)?, ports: process::ports(), binaries };
    bench.repeat_warm_scenarios()?;
    bench.run_fresh_scenarios()?;
    Ok(bench.log.into_rows())
}

/// A run in progress.
struct Bench<'a> {
    options: &'a Options,
    log: Log,
    ports: std::ops::RangeFrom<u16>,
    binaries: Binaries,
}

impl Bench<'_> {
    /// All servers stay up for one repetition: those that are not visited cost nothing.
    fn repeat_warm_scenarios(&mut self) -> Result<(), Box<dyn Error>> {
        let scenarios: Vec<&Scenario> =
            self.options.scenarios.iter().filter(|scenario| !scenario.fresh).collect();
        let repetitions = if scenarios.is_empty() { 0 } else { self.options.repetitions };
        for repetition in 0..repetitions {
            let mut running = Vec::new();
            for server in &self.options.servers {
                running.push((server, self.start(server)?));
            }
            for scenario in &scenarios {
                // Whoever comes first meets the caches of another: everyone gets that place in turn.
                let first = repetition % running.len();
                for index in 0..running.len() {
                    let at = (first + index) % running.len();
                    let (server, process) = &mut running[at];
                    self.visit(server, process, scenario, repetition)?;
                }
            }
        }
        Ok(())
    }

    /// Memory is only comparable in a process that did nothing else before.
    fn run_fresh_scenarios(&mut self) -> Result<(), Box<dyn Error>> {
        for scenario in self.options.scenarios.iter().filter(|scenario| scenario.fresh) {
            for server in &self.options.servers {
                let mut process = self.start(server)?;
                thread::sleep(Duration::from_secs(1));
                self.visit(server, &mut process, scenario, 0)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, server: &Server) -> Result<Running, Box<dyn Error>> {
        let port = self.ports.next().ok_or("no port left")?;
        Running::start(server, self.binaries.command(server), port, self.options.mode.server_cores())
    }

    fn visit(
        &mut self,
        server: &Server,
        process: &mut Running,
        scenario: &Scenario,
        repetition: usize,
    ) -> Result<(), Box<dyn Error>> {
        let generator = LoadGenerator { program: &self.binaries.loadgen, options: self.options };
        let fields = generator.run(scenario, process);
        self.log.add(Row::new(&server.name, scenario, repetition, fields))?;
        thread::sleep(if self.options.mode == Mode::Quick { QUICK_PAUSE } else { PAUSE });
        Ok(())
    }
}

/// Between two measurements, so that what one left in the kernel is not paid by the next.
const PAUSE: Duration = Duration::from_millis(300);
const QUICK_PAUSE: Duration = Duration::from_millis(100);

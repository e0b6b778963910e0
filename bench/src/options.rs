//! The command line of `loadgen`.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::failure::Failure;

/// What to run against which server. Every scenario takes from it what it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Which of the scenarios, by name.
    pub scenario: String,
    /// The server's port on 127.0.0.1 (`--port`, default 3000).
    pub port: u16,
    /// The server's process, to measure what it uses (`--pid`, default none).
    pub pid: Option<u32>,
    /// Clients (`--conns`, default 100).
    pub conns: usize,
    /// Messages under way on each connection, or broadcasts under way (`--depth`, default 1).
    pub depth: usize,
    /// Bytes of the application's payload (`--size`, default 32).
    pub size: usize,
    /// Measured window (`--secs`, default 3).
    pub window: Duration,
    /// Time before it (`--warm` in seconds, default 1).
    pub warm_up: Duration,
    /// A window of this many operations instead of a time (`--ops`, default none).
    pub operations: Option<u64>,
    /// Offer permessage-deflate (`--deflate`, default off).
    pub deflate: bool,
    /// The server appends an offset to each event, for recovery (`--recovery`, default off).
    pub recovery: bool,
    /// Packets are in MessagePack (`--msgpack`, for `echo` and `idle`, default off).
    pub msgpack: bool,
    /// The namespace to connect to (`--namespace`, for `connect` and `idle`, default `/`).
    pub namespace: String,
    /// Messages per second of the open loop (`--rate`, default 5000).
    pub rate: f64,
    /// Poll without ever sleeping, so that no wake-up of this process is charged to the server's sends
    /// (`--spin`, default off).
    pub spin: bool,
    /// Connections being made at one time (`--inflight`, default 64).
    pub inflight: usize,
    /// Numbers of connections at which memory is read (`--steps`, default 2000,6000,12000).
    pub steps: Vec<usize>,
    /// How long the last of them stay idle (`--idle` in seconds, default 30).
    pub idle: Duration,
    /// Before memory is read, time for the server to give back what it can (`--settle` in seconds, default 2).
    pub settle: Duration,
    /// Rooms the clients are spread over (`--rooms`, default 200).
    pub rooms: usize,
    /// Rounds of connections after which memory is read (`--phases`, default 6).
    pub phases: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            scenario: String::new(),
            port: 3000,
            pid: None,
            conns: 100,
            depth: 1,
            size: 32,
            window: Duration::from_secs(3),
            warm_up: Duration::from_secs(1),
            operations: None,
            deflate: false,
            recovery: false,
            msgpack: false,
            namespace: "/".into(),
            rate: 5000.0,
            spin: false,
            inflight: 64,
            steps: vec![2000, 6000, 12000],
            idle: Duration::from_secs(30),
            settle: Duration::from_secs(2),
            rooms: 200,
            phases: 6,
        }
    }
}

impl Options {
    /// Reads `SCENARIO [--option value]…`, without the name of the program.
    ///
    /// # Errors
    /// An unknown option, or a value that is not a number where one is due.
    pub fn parse(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, Failure> {
        Self::read(&mut Parser::from_args(arguments)).map_err(|error| Failure::new(error.to_string()))
    }

    fn read(parser: &mut Parser) -> Result<Self, lexopt::Error> {
        let mut options = Options::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("port") => options.port = parser.value()?.parse()?,
                Arg::Long("pid") => options.pid = Some(parser.value()?.parse()?),
                Arg::Long("conns") => options.conns = parser.value()?.parse()?,
                Arg::Long("depth") => options.depth = parser.value()?.parse()?,
                Arg::Long("size") => options.size = parser.value()?.parse()?,
                Arg::Long("secs") => options.window = seconds(parser)?,
                Arg::Long("warm") => options.warm_up = seconds(parser)?,
                Arg::Long("ops") => options.operations = Some(parser.value()?.parse()?),
                Arg::Long("deflate") => options.deflate = true,
                Arg::Long("recovery") => options.recovery = true,
                Arg::Long("msgpack") => options.msgpack = true,
                Arg::Long("namespace") => options.namespace = parser.value()?.string()?,
                Arg::Long("rate") => options.rate = parser.value()?.parse()?,
                Arg::Long("spin") => options.spin = true,
                Arg::Long("inflight") => options.inflight = parser.value()?.parse()?,
                Arg::Long("steps") => options.steps = list(&parser.value()?.string()?)?,
                Arg::Long("idle") => options.idle = seconds(parser)?,
                Arg::Long("settle") => options.settle = seconds(parser)?,
                Arg::Long("rooms") => options.rooms = parser.value()?.parse()?,
                Arg::Long("phases") => options.phases = parser.value()?.parse()?,
                Arg::Value(name) if options.scenario.is_empty() => options.scenario = name.string()?,
                other => return Err(other.unexpected()),
            }
        }
        let counts = [options.conns, options.depth, options.rooms, options.inflight, options.phases];
        if counts.contains(&0) || options.steps.contains(&0) || options.rate <= 0.0 {
            return Err("counts and rates must be above 0".into());
        }
        Ok(options)
    }
}

fn seconds(parser: &mut Parser) -> Result<Duration, lexopt::Error> {
    let seconds: f64 = parser.value()?.parse()?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string().into())
}

fn list(text: &str) -> Result<Vec<usize>, lexopt::Error> {
    let number = |item: &str| item.parse().map_err(|_| format!("{item:?} is not a number").into());
    text.split(',').map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_keep_their_defaults_unless_given() {
        let options = Options::parse(["rooms", "--conns", "2000", "--secs", "0.5", "--spin"]).unwrap();
        let expected = Options {
            scenario: "rooms".into(),
            conns: 2000,
            window: Duration::from_millis(500),
            spin: true,
            ..Options::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn steps_are_a_list() {
        assert_eq!(Options::parse(["idle", "--steps", "1,20"]).unwrap().steps, [1, 20]);
        assert!(Options::parse(["idle", "--steps", "1,"]).is_err());
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for arguments in [
            vec!["echo", "--nonsense"],
            vec!["echo", "--secs", "-1"],
            vec!["echo", "echo"],
            vec!["rooms", "--rooms", "0"],
        ] {
            assert!(Options::parse(arguments.clone()).is_err(), "{arguments:?}");
        }
    }
}

//! Our server under valgrind's callgrind: how many instructions one operation takes, in user space. The kernel's
//! share is not in it. It is slow, fifty times and more, and does not care what else the machine does.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::process::Running;

/// What is run against which server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load<'a> {
    pub(super) loadgen: &'a Path,
    /// Arguments of `loadgen`, without the number of operations.
    pub(super) arguments: &'a str,
    /// What the contract `bench` of the conformance server is to turn on; nothing if empty.
    pub(super) feature: &'a str,
}

impl Load<'_> {
    /// Instructions per operation: the difference of two runs by the difference of their operations, so that
    /// start and connections, which both have, are not in it.
    pub(super) fn per_operation(
        &self,
        server: &Path,
        (few, many): (u64, u64),
        port: u16,
    ) -> Result<f64, Box<dyn Error>> {
        let (instructions_few, done_few) = self.count(server, few, port)?;
        let (instructions_many, done_many) = self.count(server, many, port)?;
        let operations =
            done_many.checked_sub(done_few).filter(|&more| more > 0).ok_or("no more operations")?;
        Ok((instructions_many as f64 - instructions_few as f64) / operations as f64)
    }

    /// Instructions of a whole run, and the operations in it.
    fn count(&self, server: &Path, operations: u64, port: u16) -> Result<(u64, u64), Box<dyn Error>> {
        let profile = std::env::temp_dir().join(format!("sockeye-callgrind.{}", std::process::id()));
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--quiet"]);
        valgrind.arg(format!("--callgrind-out-file={}", profile.display())).arg(server);
        let running = self.start(&mut valgrind, port)?;
        let line = self.drive(&running, &["--warm", "0", "--ops", &operations.to_string()])?;
        running.terminate()?;
        let counted = fs::read_to_string(&profile)?;
        fs::remove_file(&profile)?;
        let done = line["ops"].as_u64().ok_or("the load generator counted nothing")?;
        Ok((totals(&counted).ok_or("callgrind counted nothing")?, done))
    }

    /// Resident bytes per connection, which valgrind has no part in.
    pub(super) fn idle_bytes(&self, server: &Path, port: u16) -> Result<f64, Box<dyn Error>> {
        let running = self.start(&mut Command::new(server), port)?;
        let line = self.drive(&running, &[])?;
        line["steps"][0]["rss_per"].as_f64().ok_or_else(|| "the load generator measured nothing".into())
    }

    fn start(&self, command: &mut Command, port: u16) -> Result<Running, Box<dyn Error>> {
        Running::start_anywhere(command.arg("bench").env("WORKERS", "1").env("FEATURE", self.feature), port)
    }

    fn drive(&self, server: &Running, more: &[&str]) -> Result<Value, Box<dyn Error>> {
        let mut loadgen = Command::new(self.loadgen);
        loadgen.args(self.arguments.split_whitespace()).args(server.loadgen_arguments()).args(more);
        let line: Value = serde_json::from_slice(&loadgen.output()?.stdout)?;
        if line["errors"] == 0 {
            Ok(line)
        } else {
            Err(format!("{} with {:?}: {line}", self.arguments, self.feature).into())
        }
    }
}

/// The sum of a profile.
fn totals(profile: &str) -> Option<u64> {
    profile.lines().rev().find_map(|line| line.strip_prefix("totals: "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_stands_at_the_end_of_a_profile() {
        assert_eq!(totals("events: Ir\nfn=(1) main\n16 5\n\ntotals: 1234\n"), Some(1234));
        assert_eq!(totals("events: Ir\n"), None);
    }
}

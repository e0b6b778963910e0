//! The processes of a run: servers on their core, the load generator on its own, and their priority.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::ops::RangeFrom;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::options::Options;
use super::scenarios::Scenario;
use super::servers::Server;

/// A started server. It ends with this value.
#[derive(Debug)]
pub(super) struct Running {
    process: Child,
    port: u16,
}

impl Running {
    /// Starts a server on these cores, and waits until its port accepts.
    pub(super) fn start(
        server: &Server,
        command: Vec<PathBuf>,
        port: u16,
        cores: &str,
    ) -> Result<Self, Box<dyn Error>> {
        // taskset replaces itself by the program, so that the process id is the server's.
        let mut taskset = Command::new("taskset");
        taskset.args(["-c", cores]).args(command).env("PORT", port.to_string());
        taskset.envs(server.environment.iter().copied());
        taskset.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Running { process: taskset.spawn()?, port }.listening(&server.name)
    }

    /// Starts a server where no time is measured, so that it needs no core of its own.
    pub(super) fn start_anywhere(command: &mut Command, port: u16) -> Result<Self, Box<dyn Error>> {
        command.env("PORT", port.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Running { process: command.spawn()?, port }.listening("the server")
    }

    /// Where the load generator finds it.
    pub(super) fn loadgen_arguments(&self) -> [String; 4] {
        ["--port".into(), self.port.to_string(), "--pid".into(), self.process.id().to_string()]
    }

    fn listening(mut self, name: &str) -> Result<Self, Box<dyn Error>> {
        for _ in 0..600 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(self);
            }
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("{name}: ended with {status} before it listened").into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(format!("{name}: does not listen on port {}", self.port).into())
    }

    /// Lets the server end by itself, as a signal that asks for it does.
    pub(super) fn terminate(mut self) -> Result<(), Box<dyn Error>> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait()?;
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ports for one run after the other, below the ephemeral range, where outgoing connections may hold them.
pub(super) fn ports() -> RangeFrom<u16> {
    (21_000 + (std::process::id() % 2000) as u16)..
}

/// How the load generator is run. It ends by itself, also when a server hangs.
pub(super) struct LoadGenerator<'a> {
    pub(super) program: &'a Path,
    pub(super) options: &'a Options,
}

impl LoadGenerator<'_> {
    /// The fields of its line, or `{"error": …}`.
    pub(super) fn run(&self, scenario: &Scenario, server: &mut Running) -> Value {
        if server.has_ended() {
            return json!({"error": "the server has ended"});
        }
        let (window, warm_up) = self.options.mode.seconds();
        let mut taskset = Command::new("taskset");
        taskset.args(["-c", CLIENT_CORE]).arg(self.program).args(scenario.arguments.split_whitespace());
        taskset.args(server.loadgen_arguments());
        taskset.args(["--secs", window, "--warm", warm_up]).args(self.options.spin.then_some("--spin"));
        let mut fields = match taskset.output() {
            Ok(output) => last_line(&output.stdout).unwrap_or_else(|| {
                let complaint = String::from_utf8_lossy(&output.stderr).trim().to_string();
                json!({"error": format!("the load generator ended with {}: {complaint}", output.status)})
            }),
            Err(error) => json!({"error": format!("taskset: {error}")}),
        };
        fields["spin"] = self.options.spin.into();
        fields
    }
}

const CLIENT_CORE: &str = "1";

fn last_line(output: &[u8]) -> Option<Value> {
    let line = str::from_utf8(output).ok()?.lines().last()?;
    serde_json::from_str(line).ok().filter(Value::is_object)
}

/// Raises the priority of this session's scheduler group, and puts it back at the end.
///
/// With `sched_autogroup_enabled` a plain `nice` weighs only against processes of the same session; what
/// else runs on the machine competes with the group. Without the right to do so, nothing happens.
pub(super) struct Priority {
    former: Option<String>,
}

const AUTOGROUP: &str = "/proc/self/autogroup";

impl Priority {
    pub(super) fn raise() -> Self {
        // "/autogroup-6 nice 0"
        let text = fs::read_to_string(AUTOGROUP).unwrap_or_default();
        let former = text.split_whitespace().last().map(str::to_string);
        let raised = fs::write(AUTOGROUP, "-15");
        if let Err(error) = &raised {
            eprintln!("# priority stays as it is: {error}");
        }
        Priority { former: raised.is_ok().then_some(former).flatten() }
    }
}

impl Drop for Priority {
    fn drop(&mut self) {
        if let Some(former) = &self.former {
            let _ = fs::write(AUTOGROUP, former);
        }
    }
}

/// One line about the machine, for those who read the tables elsewhere.
pub(super) fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = || processors.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = models().next().map_or("unknown processor", |(_, model)| model);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {} cores, Linux {}", models().count(), kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_and_only_an_object_is_one() {
        assert_eq!(last_line(b"# note\n{\"ops\":3}\n"), Some(json!({"ops": 3})));
        for output in ["", "3", "{\"ops\":3}\nthread panicked"] {
            assert_eq!(last_line(output.as_bytes()), None, "{output}");
        }
    }
}

//! Plays cases: one server for all, and several of the suite's client, each of which keeps one core busy.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::expected::{AGENT, Results, read_index};
use crate::workspace;

/// How long one client may take. The slowest part takes ten minutes on a machine that is busy otherwise.
const LIMIT: Duration = Duration::from_secs(45 * 60);
const POLL: Duration = Duration::from_millis(100);

/// Builds the contract server; returns where it is. In debug, because the client is slower anyway and a debug build
/// checks more.
///
/// # Errors
/// It does not build.
pub(super) fn build_server() -> Result<PathBuf, String> {
    let mut command = workspace::cargo();
    command.args(["build", "--quiet", "-p", "sockeye-conformance"]);
    let status = command.status().map_err(|error| format!("{command:?} cannot be started: {error}"))?;
    if !status.success() {
        return Err("the contract server does not build".to_owned());
    }
    Ok(workspace::target_dir()?.join("debug/sockeye-conformance"))
}

/// What the suite says of each case of these chunks.
///
/// # Errors
/// The server or the suite ended early, or did not end.
pub(super) fn play(
    wstest: &Path,
    server: &Path,
    reports: &Path,
    chunks: &[Vec<String>],
    jobs: usize,
) -> Result<Results, String> {
    let _ = fs::remove_dir_all(reports);
    fs::create_dir_all(reports).map_err(|error| format!("{}: {error}", reports.display()))?;
    let server = Server::start(server, &reports.join("server.log"))?;
    let waiting: Mutex<VecDeque<(usize, &Vec<String>)>> = Mutex::new(chunks.iter().enumerate().collect());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let port = server.port;
    let worker = || -> Result<Results, String> {
        let mut results = Results::new();
        while let Some((number, cases)) = next() {
            let folder = reports.join(number.to_string());
            results.append(&mut play_chunk(wstest, port, &folder, cases)?);
        }
        Ok(results)
    };
    let mut results = Results::new();
    thread::scope(|scope| {
        let started: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(worker)).collect();
        started.into_iter().try_for_each(|worker| {
            let played = worker.join().map_err(|_| "a thread that played cases has panicked".to_owned())?;
            results.append(&mut played?);
            Ok::<_, String>(())
        })
    })?;
    server.finish()?;
    Ok(results)
}

fn play_chunk(wstest: &Path, port: u16, folder: &Path, cases: &[String]) -> Result<Results, String> {
    let begun = Instant::now();
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let spec = folder.join("spec.json");
    fs::write(&spec, specification(port, folder, cases).to_string()).map_err(|error| failed(&error))?;
    let mut command = Command::new(wstest);
    command.args(["-m", "fuzzingclient", "-s"]).arg(&spec).current_dir(folder);
    let mut client = Process::start(&mut command, &folder.join("wstest.log"))?;
    client.wait(LIMIT)?;
    println!("{:>4} s  {}", begun.elapsed().as_secs(), cases.join(" "));
    read_index(&folder.join("index.json"))
}

fn specification(port: u16, folder: &Path, cases: &[String]) -> Value {
    json!({
        "outdir": folder,
        "servers": [{ "agent": AGENT, "url": format!("ws://127.0.0.1:{port}") }],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    })
}

/// The contract server, on a port that the system chose.
struct Server {
    process: Process,
    port: u16,
}

impl Server {
    fn start(program: &Path, log: &Path) -> Result<Server, String> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| format!("no free port: {error}"))?.port();
        let mut command = Command::new(program);
        command.arg("ws-echo").env("PORT", port.to_string()).env("DEFLATE", "1");
        let mut process = Process::start(&mut command, log)?;
        for _ in 0..300 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(Server { process, port });
            }
            process.still_runs()?;
            thread::sleep(POLL);
        }
        Err(format!("{}: does not listen on port {port}", program.display()))
    }

    /// It must have survived, and none of its tasks may have panicked.
    fn finish(mut self) -> Result<(), String> {
        self.process.still_runs()?;
        let said = fs::read_to_string(&self.process.log).unwrap_or_default();
        if said.contains("panicked at") { Err(format!("the server panicked:\n{said}")) } else { Ok(()) }
    }
}

/// A process that ends with this value, and the file that it writes to.
struct Process {
    child: Child,
    shown: String,
    log: PathBuf,
}

impl Process {
    fn start(command: &mut Command, log: &Path) -> Result<Process, String> {
        let shown = format!("{command:?}");
        let (output, errors) = File::create(log)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|error| format!("{}: {error}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("{shown} cannot be started: {error}"))?;
        Ok(Process { child, shown, log: log.to_owned() })
    }

    fn still_runs(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            ended => Err(format!("{} has ended: {ended:?}; it wrote {}", self.shown, self.log.display())),
        }
    }

    fn wait(&mut self, limit: Duration) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(POLL),
                Ok(Some(status)) if status.success() => return Ok(()),
                failed => {
                    return Err(format!(
                        "{} failed: {failed:?}; it wrote {}",
                        self.shown,
                        self.log.display()
                    ));
                }
            }
        }
        Err(format!("{} does not end; it wrote {}", self.shown, self.log.display()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

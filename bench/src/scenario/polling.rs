//! `polling`: echoes over long polling, on two kept-alive connections per client. One operation is a POST of
//! an echo together with the GET that brings it back; latency is until both are answered.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{Client, Key, TURN};
use crate::failure::Failure;
use crate::http::{self, Response};
use crate::options::Options;
use crate::procfs::ProcessTree;
use crate::window::{Window, nothing_extra};

const TARGET: &str = "/socket.io/?EIO=4&transport=polling";
/// Engine.IO's separator of packets in a payload.
const SEPARATOR: char = '\x1e';

pub(super) fn run(options: &Options, server: &ProcessTree) -> Result<Value, Failure> {
    let mut client = Client::new(options)?;
    let mut sessions: Vec<Session> = Vec::with_capacity(options.conns);
    for _ in 0..options.conns {
        let (get, post) = (client.dial()?, client.dial()?);
        sessions.push(Session::new(options, get, post));
    }
    let (mut operations, mut joined) = (0, 0);
    let mut window = Window::new(options, server);
    let mut all_joined = false;
    loop {
        if !all_joined && joined == options.conns {
            all_joined = true;
            window = Window::new(options, server);
        }
        // Until then joins are the progress, and a window that ends means nothing.
        let count = if all_joined { operations } else { joined as u64 };
        if window.is_over(count)? && all_joined {
            break;
        }
        client.turn(TURN, |client, key, readiness| {
            // Both connections of a session were dialed together.
            let session = &mut sessions[key / 2];
            if client.advance_tcp(key)? {
                session.connected(client, key);
                return Ok(());
            }
            readiness.flush(client, key);
            client.receive_bytes(key)?;
            while let Some(response) = client.take_response(key) {
                match session.handle(client, key, &response)? {
                    Outcome::Nothing => {}
                    Outcome::Joined => joined += 1,
                    Outcome::Echoed(latency) => {
                        operations += 1;
                        window.record(latency);
                    }
                }
            }
            Ok(())
        })?;
    }
    let errors: u64 = sessions.iter().map(|session| session.errors).sum();
    Ok(window.report(operations, errors + client.send_errors(), nothing_extra()))
}

/// What a response meant.
enum Outcome {
    Nothing,
    /// The session is in the namespace.
    Joined,
    /// One echo and its POST are both answered; how long it took.
    Echoed(Duration),
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The open packet, by the first GET.
    Opening,
    /// The answer to the POST of the CONNECT packet.
    Connecting,
    /// The namespace's answer, by GET.
    Joining,
    /// Echoes from now on.
    Echoing,
}

/// One Engine.IO session over polling.
struct Session {
    get: Key,
    post: Key,
    port: u16,
    echo: String,
    step: Step,
    /// Requests made once, when the session id is known.
    poll: Vec<u8>,
    post_echo: Vec<u8>,
    post_pong_and_echo: Vec<u8>,
    /// A ping has come: the next POST carries its pong too.
    ping_pending: bool,
    echo_came: bool,
    post_answered: bool,
    sent_at: Instant,
    errors: u64,
}

impl Session {
    fn new(options: &Options, get: Key, post: Key) -> Self {
        Session {
            get,
            post,
            port: options.port,
            echo: format!("42[\"echo\",\"{}\"]", "x".repeat(options.size)),
            step: Step::Opening,
            poll: Vec::new(),
            post_echo: Vec::new(),
            post_pong_and_echo: Vec::new(),
            ping_pending: false,
            echo_came: false,
            post_answered: false,
            sent_at: Instant::now(),
            errors: 0,
        }
    }

    /// TCP is established on one of the two connections.
    fn connected(&mut self, client: &mut Client, key: Key) {
        if key == self.get {
            client.send(key, &http::get_request(self.port, TARGET));
        }
    }

    fn handle(&mut self, client: &mut Client, key: Key, response: &Response) -> Result<Outcome, Failure> {
        let method = if key == self.get { "GET" } else { "POST" };
        if response.status != 200 {
            let body = String::from_utf8_lossy(&response.body);
            let (step, status) = (self.step, response.status);
            return Err(Failure::new(format!(
                "a {method} was answered with {status} while {step:?}: {body:?}"
            )));
        }
        match (self.step, method) {
            (Step::Opening, "GET") => {
                let target = format!("{TARGET}&sid={}", session_id(&response.body)?);
                self.prepare(&target);
                client.send(self.post, &http::post_request(self.port, &target, "40"));
                self.step = Step::Connecting;
            }
            (Step::Connecting, "POST") => {
                client.send(self.get, &self.poll);
                self.step = Step::Joining;
            }
            (Step::Joining, "GET") if packets(&response.body).any(|packet| packet.starts_with(b"40")) => {
                self.step = Step::Echoing;
                self.begin_round(client);
                return Ok(Outcome::Joined);
            }
            (Step::Joining, "GET") => client.send(self.get, &self.poll),
            (Step::Echoing, "GET") => return Ok(self.handle_payload(client, &response.body)),
            (Step::Echoing, "POST") => {
                self.post_answered = true;
                return Ok(self.end_round(client));
            }
            (step, method) => {
                return Err(Failure::new(format!("an answer to no {method}, while {step:?}")));
            }
        }
        Ok(Outcome::Nothing)
    }

    fn handle_payload(&mut self, client: &mut Client, body: &[u8]) -> Outcome {
        for packet in packets(body) {
            match packet {
                b"2" => self.ping_pending = true,
                b"6" => {}
                echo if echo == self.echo.as_bytes() => self.echo_came = true,
                _ => self.errors += 1,
            }
        }
        if !self.echo_came {
            client.send(self.get, &self.poll);
        }
        self.end_round(client)
    }

    fn begin_round(&mut self, client: &mut Client) {
        self.sent_at = Instant::now();
        (self.echo_came, self.post_answered) = (false, false);
        client.send(self.get, &self.poll);
        let pong_due = std::mem::take(&mut self.ping_pending);
        client.send(self.post, if pong_due { &self.post_pong_and_echo } else { &self.post_echo });
    }

    fn end_round(&mut self, client: &mut Client) -> Outcome {
        if !(self.echo_came && self.post_answered) {
            return Outcome::Nothing;
        }
        let latency = self.sent_at.elapsed();
        self.begin_round(client);
        Outcome::Echoed(latency)
    }

    fn prepare(&mut self, target: &str) {
        self.poll = http::get_request(self.port, target);
        self.post_echo = http::post_request(self.port, target, &self.echo);
        let with_pong = format!("3{SEPARATOR}{}", self.echo);
        self.post_pong_and_echo = http::post_request(self.port, target, &with_pong);
    }
}

fn packets(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    payload.split(|byte| *byte == SEPARATOR as u8)
}

/// The session id in an open packet.
fn session_id(open: &[u8]) -> Result<&str, Failure> {
    let text = std::str::from_utf8(open).unwrap_or_default();
    let id = text.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split_once('"'));
    id.map(|(id, _)| id).ok_or_else(|| Failure::new(format!("no session id in {text:?}")))
}

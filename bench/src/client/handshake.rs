//! A connection's way from TCP to the namespace: upgrade, open packet, CONNECT (Engine.IO v4, Socket.IO v5).
//!
//! Transport `websocket` from the start, no polling before. A ping that comes before the namespace is
//! connected is answered: some servers send one.

use rustix::net::sockopt::socket_error;

use super::{Client, Key, READ, Stage, read};
use crate::failure::Failure;
use crate::frame;

/// What one received piece asks the client to do.
#[derive(Default)]
struct Step {
    pings: u64,
    send_connect: bool,
}

impl Client {
    /// Handles one event of a connection that is not ready yet: true when it has become so.
    ///
    /// # Errors
    /// TCP or the upgrade is refused, or the server closes.
    pub fn advance(&mut self, key: Key) -> Result<bool, Failure> {
        if self.connections[key].stage == Stage::Connecting {
            self.tcp_connected(key)?;
            let upgrade = std::mem::take(&mut self.upgrade);
            self.send(key, &upgrade);
            self.upgrade = upgrade;
            self.connections[key].stage = Stage::Upgrading;
            return Ok(false);
        }
        let step = self.read_handshake(key)?;
        self.answer_pings(key, step.pings);
        if step.send_connect {
            let connect = std::mem::take(&mut self.connect);
            self.send(key, &connect);
            self.connect = connect;
        }
        Ok(self.is_ready(key))
    }

    /// Takes note that TCP is established, for a connection that will not be upgraded: false if it was known.
    ///
    /// # Errors
    /// TCP is refused.
    pub fn advance_tcp(&mut self, key: Key) -> Result<bool, Failure> {
        if self.connections[key].stage != Stage::Connecting {
            return Ok(false);
        }
        self.tcp_connected(key)?;
        self.connections[key].stage = Stage::Ready;
        Ok(true)
    }

    fn tcp_connected(&mut self, key: Key) -> Result<(), Failure> {
        let refused = |error| Failure::call("connect", error);
        socket_error(&self.connections[key].socket).map_err(refused)?.map_err(refused)?;
        self.watch(key, READ);
        Ok(())
    }

    fn read_handshake(&mut self, key: Key) -> Result<Step, Failure> {
        let connection = &mut self.connections[key];
        let mut buffer = [0; 4096];
        let count = read(&connection.socket, &mut buffer).map_err(|_| {
            let received = String::from_utf8_lossy(&connection.partial);
            Failure::new(format!("server closed during the handshake, after {received:?}"))
        })?;
        let received = &mut connection.partial;
        received.extend_from_slice(&buffer[..count]);
        let mut used = 0;
        if connection.stage == Stage::Upgrading {
            let Some(end) = memchr::memmem::find(received, b"\r\n\r\n") else { return Ok(Step::default()) };
            if !received.starts_with(b"HTTP/1.1 101") {
                let head = String::from_utf8_lossy(&received[..end]);
                return Err(Failure::new(format!("the upgrade was answered with {head:?}")));
            }
            used = end + 4;
            connection.stage = Stage::Opening;
        }
        let mut step = Step::default();
        while let Some(layout) = frame::unmasked_layout(&received[used..]) {
            let whole = &received[used..used + layout.total()];
            let payload = &whole[layout.header..];
            match (layout.opcode, connection.stage) {
                (frame::TEXT, _) if payload == b"2" => step.pings += 1,
                // For the scenario, with whatever follows.
                (_, Stage::Ready) => break,
                (frame::TEXT, Stage::Opening) if payload.starts_with(b"0") => {
                    connection.stage = Stage::Joining;
                    step.send_connect = true;
                }
                (frame::TEXT, Stage::Joining) if payload.starts_with(b"40") => {
                    connection.stage = Stage::Ready;
                }
                (frame::CLOSE, _) => return Err(Failure::new("close frame during the handshake")),
                // In another parser's form, which only an answer to CONNECT can be.
                (frame::BINARY, Stage::Joining) => connection.stage = Stage::Ready,
                _ => {}
            }
            used += layout.total();
        }
        received.drain(..used);
        if received.is_empty() {
            *received = Vec::new(); // thousands of idle clients would keep their handshake buffers
        }
        Ok(step)
    }
}

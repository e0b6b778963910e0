//! Lists of operations on a server's connection: packets, time, decisions about namespaces, upgrades, pauses. Whatever
//! the order, nothing panics, deadlines lie ahead once they were obeyed, and a session that ended stays silent.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sockeye_fuzz::{Sent, check_args, limits};
use sockeye_proto::Timestamp;
use sockeye_proto::connection::{ServerConnection, ServerEvent};
use sockeye_proto::engine::{Heartbeat, Packet, ServerSession, Timeout, Transport};
use sockeye_proto::socket::{self, ServerMux};
use std::time::Duration;

#[derive(Arbitrary, Debug)]
enum Operation {
    Receive(Sent),
    /// A packet of the probing WebSocket.
    Probe(String),
    OpenProbe,
    CloseProbe,
    Wait(u16),
    Accept(u8),
    Refuse(u8),
    Remove(u8),
    Pause,
    Resume,
    Release,
}

const NAMESPACES: [&str; 4] = ["/", "/admin", "/a", "/b"];

fn namespace(choice: u8) -> &'static str {
    NAMESPACES[usize::from(choice) % NAMESPACES.len()]
}

fuzz_target!(|operations: Vec<Operation>| {
    let mut now = Timestamp::from_millis(0);
    let heartbeat = Heartbeat { interval: Duration::from_millis(300), timeout: Duration::from_millis(200) };
    let session = ServerSession::new(Transport::Polling, heartbeat, Duration::from_millis(500), now);
    let mut connection = ServerConnection::new(session, ServerMux::new(limits()));
    let mut ended = false;
    for operation in operations {
        match operation {
            Operation::Receive(sent) => {
                let received = match &sent {
                    Sent::Text(text) => connection.handle_text(text, now),
                    Sent::Binary(data) => connection.handle_packet(Packet::Binary(data), now),
                };
                match received {
                    Ok(ServerEvent::Socket(socket::ServerEvent::Event { event, .. })) => {
                        assert!(!ended);
                        check_args(&event.name, &event.args);
                    }
                    Ok(ServerEvent::Closed) => ended = true,
                    Ok(_) => {}
                    // The shell ends the session for it.
                    Err(error) => {
                        assert!(!error.to_string().is_empty());
                        return;
                    }
                }
            }
            Operation::OpenProbe => drop(connection.session().handle_probe_opened(now)),
            Operation::CloseProbe => connection.session().handle_probe_closed(),
            Operation::Probe(text) => {
                if let Ok(packet) = Packet::decode_text(&text) {
                    let _ = connection.session().handle_probe_packet(packet, now);
                }
            }
            Operation::Wait(millis) => {
                now = now + Duration::from_millis(millis.into());
                let mut timeouts = 0;
                while let Some(timeout) = connection.session().handle_timeout(now) {
                    ended |= timeout == Timeout::PingTimeout;
                    timeouts += 1;
                    assert!(timeouts < 8, "a deadline comes due again and again");
                }
                assert!(connection.session().deadline() > now);
            }
            Operation::Pause => connection.session().pause_heartbeat(now),
            Operation::Resume => connection.session().resume_heartbeat(now),
            Operation::Accept(choice) => {
                if let Some(mux) = connection.mux() {
                    let _ = mux.accept(namespace(choice), ());
                }
            }
            Operation::Refuse(choice) => {
                if connection.mux().is_some_and(|mux| mux.refuse(namespace(choice)).is_err()) {
                    return;
                }
            }
            Operation::Remove(choice) => {
                if let Some(mux) = connection.mux() {
                    mux.remove(namespace(choice));
                }
            }
            Operation::Release => {
                if let Some(mux) = connection.mux() {
                    mux.release();
                }
            }
        }
    }
});

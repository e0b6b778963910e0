//! The task that drives one connection for its clients: the protocol machine of `sockeye-proto`, the heartbeat, and whom
//! each packet is for.

use super::{RawClient, Received};
use crate::error::ConnectError;
use sockeye_proto::Timestamp;
use sockeye_proto::connection::{ClientConnection, ClientEvent};
use sockeye_proto::engine::{ClientSession, ClientTimeouts, CloseReason, Output, Packet, Transport};
use sockeye_proto::socket::{
    self, ArgsBuf, ClientDisconnectReason, ClientMux, Encoded, Message, MuxLimits, Parser,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// What a client asks of its connection.
pub(super) enum Command {
    Join { namespace: Arc<str>, auth: Option<serde_json::Value>, seat: Seat },
    Send(Encoded),
    Ask { namespace: Arc<str>, id: u64, packet: Encoded, answer: oneshot::Sender<ArgsBuf> },
    Leave(Arc<str>),
    Raw(Message),
}

/// What a client learns.
#[derive(Debug)]
pub(super) enum Incoming {
    Event(Received),
    Disconnected(ClientDisconnectReason),
}

/// The connection's side of a client.
pub(super) struct Seat {
    namespace: Arc<str>,
    incoming: mpsc::UnboundedSender<Incoming>,
    /// Until the server has answered the CONNECT.
    granted: RefCell<Option<oneshot::Sender<Result<String, ConnectError>>>>,
    answers: RefCell<HashMap<u64, oneshot::Sender<ArgsBuf>>>,
}

type Granted = oneshot::Receiver<Result<String, ConnectError>>;

impl Seat {
    pub(super) fn new(namespace: &Arc<str>) -> (Self, mpsc::UnboundedReceiver<Incoming>, Granted) {
        let (incoming, received) = mpsc::unbounded_channel();
        let (grant, granted) = oneshot::channel();
        let namespace = namespace.clone();
        (
            Self { namespace, incoming, granted: RefCell::new(Some(grant)), answers: RefCell::default() },
            received,
            granted,
        )
    }

    fn grant(&self, outcome: Result<String, ConnectError>) {
        if let Some(granted) = self.granted.take() {
            let _ = granted.send(outcome);
        }
    }

    fn tell(&self, incoming: Incoming) {
        let _ = self.incoming.send(incoming);
    }
}

/// Starts to drive `raw`, whose open packet was taken. The connection ends with the last sender.
pub(super) fn start(raw: RawClient, parser: Option<Arc<dyn Parser>>) -> mpsc::UnboundedSender<Command> {
    let (commands, obeyed) = mpsc::unbounded_channel();
    let session = ClientSession::new(Transport::WebSocket, ClientTimeouts::default(), Timestamp::default());
    let limits =
        MuxLimits { max_attachments: usize::MAX, max_packet_bytes: usize::MAX, ..MuxLimits::default() };
    let mux = match &parser {
        Some(parser) => ClientMux::with_parser(limits, &**parser),
        None => ClientMux::new(limits),
    };
    let connection = ClientConnection::new(session, mux);
    let driver = Driver { raw, connection, parser, started: Instant::now(), commands: commands.downgrade() };
    tokio::spawn(driver.run(obeyed));
    commands
}

struct Driver {
    raw: RawClient,
    connection: ClientConnection<Seat>,
    parser: Option<Arc<dyn Parser>>,
    started: Instant,
    commands: mpsc::WeakUnboundedSender<Command>,
}

impl Driver {
    async fn run(mut self, mut obeyed: mpsc::UnboundedReceiver<Command>) {
        let open = std::mem::take(&mut self.raw.open);
        if let Err(error) = self.connection.handle_open(&open, Timestamp::default()) {
            panic!("the open packet: {error}");
        }
        let reason = loop {
            let deadline = self.connection.session().deadline().since(Timestamp::default());
            tokio::select! {
                // Everything that has arrived is heard before anything is said: the order is the same in every run.
                biased;
                message = self.raw.recv() => match message {
                    Some(message) => self.hear(&message),
                    None => break CloseReason::TransportClose,
                },
                command = obeyed.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                () = tokio::time::sleep_until(self.started + deadline) => {
                    let now = self.now();
                    self.connection.session().handle_timeout(now);
                }
            }
            if let Some(reason) = self.outputs().await {
                break reason;
            }
        };
        self.end(reason);
    }

    fn now(&self) -> Timestamp {
        Timestamp::default() + self.started.elapsed()
    }

    fn hear(&mut self, message: &Message) {
        let now = self.now();
        let heard = match message {
            Message::Text(text) => self.connection.handle_text(text, now),
            Message::Binary(data) => self.connection.handle_packet(Packet::Binary(data), now),
        };
        // What the server did wrong shows as the end of the session, which is among its outputs.
        if let Ok(ClientEvent::Socket(event)) = heard {
            tell(event, &self.commands);
        }
    }

    async fn obey(&mut self, command: Command) {
        let Some(mux) = self.connection.mux() else { return };
        match command {
            Command::Join { namespace, auth, seat } => {
                match mux.connect(&namespace, seat, auth.as_ref(), 0) {
                    Ok(packet) => self.send(packet).await,
                    Err(error) => panic!("the client cannot ask for {namespace}: {error}"),
                }
            }
            Command::Send(packet) => self.send(packet).await,
            Command::Ask { namespace, id, packet, answer } => {
                if let Some(seat) = mux.socket(&namespace) {
                    seat.answers.borrow_mut().insert(id, answer);
                }
                self.send(packet).await;
            }
            Command::Leave(namespace) => {
                if let Some((seat, packet)) = mux.disconnect(&namespace, 0) {
                    seat.tell(Incoming::Disconnected(ClientDisconnectReason::IoClientDisconnect));
                    self.send(packet).await;
                }
            }
            Command::Raw(message) => self.send_message(message).await,
        }
    }

    async fn send(&mut self, packet: Encoded) {
        if let Some(parser) = self.parser.clone() {
            match packet.into_messages(0, &*parser) {
                Ok(messages) => {
                    for message in messages {
                        self.send_message(message).await;
                    }
                }
                Err(error) => panic!("the client cannot send this: {error}"),
            }
            return;
        }
        self.raw.send(&String::from_utf8_lossy(&packet.text)).await;
        for attachment in &packet.attachments {
            self.raw.send_binary(attachment).await;
        }
    }

    async fn send_message(&mut self, message: Message) {
        match message {
            Message::Text(text) => self.raw.send(&format!("4{text}")).await,
            Message::Binary(data) => self.raw.send_binary(&data).await,
        }
    }

    /// Does what the session asks for; gives the reason of its end.
    async fn outputs(&mut self) -> Option<CloseReason> {
        while let Some(output) = self.connection.session().poll_output() {
            match output {
                Output::SendPong => self.raw.send("3").await,
                Output::Closed(reason) => return Some(reason),
                // A session that begins on a WebSocket is not upgraded; its close is the drop of the stream.
                _ => {}
            }
        }
        None
    }

    fn end(mut self, reason: CloseReason) {
        let reason = match reason {
            CloseReason::PingTimeout => ClientDisconnectReason::PingTimeout,
            CloseReason::ParseError => ClientDisconnectReason::ParseError,
            CloseReason::ForcedClose => ClientDisconnectReason::ForcedClose,
            CloseReason::TransportError => ClientDisconnectReason::TransportError,
            _ => ClientDisconnectReason::TransportClose,
        };
        let Some(mux) = self.connection.mux() else { return };
        for (_, seat) in mux.sockets() {
            seat.grant(Err(ConnectError::new(reason.as_str())));
            seat.tell(Incoming::Disconnected(reason));
        }
    }
}

fn tell(event: socket::ClientEvent<'_, Seat>, commands: &mpsc::WeakUnboundedSender<Command>) {
    match event {
        socket::ClientEvent::Connected { socket, sid, .. } => socket.grant(Ok(sid.to_owned())),
        socket::ClientEvent::ConnectError { socket, message, data, .. } => {
            let refusal = ConnectError::new(message);
            let data: Option<serde_json::Value> = data.and_then(|data| serde_json::from_str(data).ok());
            socket.grant(Err(match data {
                Some(data) => refusal.data(&data),
                None => refusal,
            }));
        }
        socket::ClientEvent::Event { socket, event, .. } => socket.tell(Incoming::Event(Received {
            name: event.name.to_string(),
            args: event.args.to_owned_args(),
            namespace: socket.namespace.clone(),
            ack_id: event.ack_id,
            commands: commands.clone(),
        })),
        socket::ClientEvent::Ack { socket, id, args } => {
            if let Some(answer) = socket.answers.borrow_mut().remove(&id) {
                let _ = answer.send(args.to_owned_args());
            }
        }
        socket::ClientEvent::Disconnected { socket, .. } => {
            socket.tell(Incoming::Disconnected(ClientDisconnectReason::IoServerDisconnect));
        }
        socket::ClientEvent::Nothing => {}
    }
}

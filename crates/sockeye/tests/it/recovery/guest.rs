//! A client as recovery sees it, and a server that tells what happens to its sockets.

use crate::client::{Clock, Frame, Host, Ws, patiently};
use serde_json::{Value, json};
use sockeye::{
    ConnectionStateRecovery, DisconnectReason, Namespace, Server, ServerBuilder, Socket, SocketId,
};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What happened in the server, in order.
pub(crate) struct Happenings(UnboundedReceiver<(String, String)>);

impl Happenings {
    /// `connected`, `recovered`, a disconnect reason or `expired` for each socket of the namespace.
    pub(crate) fn of(namespace: &Namespace) -> Self {
        let (tell, happenings) = unbounded_channel();
        let on_connect = tell.clone();
        namespace.on_connect(async move |socket: Socket| {
            let what = if socket.recovered() { "recovered" } else { "connected" };
            let _ = on_connect.send((what.to_owned(), socket.id().to_string()));
        });
        let on_disconnect = tell.clone();
        namespace.on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
            let _ = on_disconnect.send((reason.to_string(), socket.id().to_string()));
        });
        namespace.on_session_expired(move |session| {
            let _ = tell.send(("expired".to_owned(), session.id().to_string()));
        });
        Self(happenings)
    }

    pub(crate) async fn next(&mut self) -> (String, String) {
        patiently("something to happen", self.0.recv()).await.unwrap()
    }

    /// The next thing must be this, of the socket `id`.
    pub(crate) async fn expect(&mut self, what: &str, id: &str) {
        let (happened, of) = self.next().await;
        assert_eq!((happened.as_str(), of.as_str()), (what, id));
    }

    /// Nothing has happened that was not taken.
    pub(crate) fn none(&mut self) {
        assert_eq!(self.0.try_recv().ok(), None);
    }
}

/// A server with recovery, and what happens in its main namespace.
pub(crate) struct Hall {
    pub(crate) host: Host,
    pub(crate) io: Server,
    pub(crate) happenings: Happenings,
}

impl Hall {
    pub(crate) async fn new() -> Self {
        Self::with(ConnectionStateRecovery::default()).await
    }

    pub(crate) async fn with(options: ConnectionStateRecovery) -> Self {
        Self::built(Server::builder().connection_state_recovery(options)).await
    }

    pub(crate) async fn built(builder: ServerBuilder) -> Self {
        Self::serving(builder.build()).await
    }

    pub(crate) async fn serving(io: Server) -> Self {
        let happenings = Happenings::of(&io);
        Self { host: Host::start(io.clone()).await, io, happenings }
    }

    /// A client in the main namespace, its connection told.
    pub(crate) async fn guest(&mut self) -> Guest {
        let guest = Guest::join(&self.host).await;
        self.happenings.expect("connected", &guest.ticket.sid).await;
        guest
    }

    /// The client's connection goes, and the server knows.
    pub(crate) async fn lose(&mut self, guest: Guest) -> Ticket {
        let ticket = guest.lose();
        let (reason, of) = self.happenings.next().await;
        // What was not read makes it a reset.
        assert!(["transport close", "transport error"].contains(&reason.as_str()), "{reason}");
        assert_eq!(of, ticket.sid);
        ticket
    }

    /// The client is silent until the server gives it up.
    pub(crate) async fn ping_timeout(&mut self, clock: &Clock, guest: &Guest) {
        self.host.settle().await;
        pass(clock, Duration::from_millis(25_002)).await;
        self.host.settle().await;
        pass(clock, Duration::from_millis(20_002)).await;
        self.happenings.expect("ping timeout", &guest.ticket.sid).await;
    }

    /// The client comes back, is recovered, and has missed exactly this.
    pub(crate) async fn recover(&mut self, ticket: &Ticket, missed: &[Value]) -> Guest {
        let (guest, given) = Guest::back(&self.host, ticket).await;
        assert_eq!(given, missed);
        assert_eq!((&guest.ticket.sid, &guest.ticket.pid), (&ticket.sid, &ticket.pid));
        self.happenings.expect("recovered", &ticket.sid).await;
        guest
    }

    /// The client comes back, and begins a new session without any event.
    pub(crate) async fn not_recover(&mut self, ticket: &Ticket) -> Guest {
        let (guest, given) = Guest::back(&self.host, ticket).await;
        assert_eq!(given, [] as [Value; 0]);
        assert!(guest.ticket.sid != ticket.sid && guest.ticket.pid != ticket.pid);
        self.happenings.expect("connected", &guest.ticket.sid).await;
        guest
    }

    /// The sockets that the server has.
    pub(crate) async fn sockets(&self) -> Vec<Socket> {
        self.io.broadcast().fetch_sockets().await
    }

    pub(crate) async fn socket(&self, ticket: &Ticket) -> Socket {
        self.io.to(&ticket.sid).fetch_sockets().await.pop().expect("the socket")
    }
}

/// What a client keeps of its session, as the official one does.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) namespace: &'static str,
    pub(crate) sid: String,
    pub(crate) pid: String,
    /// The last argument of the last event without an ack id, if it was a string.
    pub(crate) offset: Option<String>,
}

impl Ticket {
    pub(crate) fn id(&self) -> SocketId {
        self.sid.parse().unwrap()
    }

    pub(crate) fn with_offset(&self, offset: &str) -> Self {
        Self { offset: Some(offset.to_owned()), ..self.clone() }
    }

    /// The CONNECT packet that shows it.
    pub(crate) fn connect(&self) -> String {
        let auth = match &self.offset {
            Some(offset) => json!({ "pid": self.pid, "offset": offset }),
            None => json!({ "pid": self.pid }),
        };
        format!("{}{auth}", prefix('0', self.namespace))
    }
}

pub(crate) struct Guest {
    pub(crate) ws: Ws,
    pub(crate) ticket: Ticket,
}

fn prefix(packet_type: char, namespace: &str) -> String {
    if namespace == "/" { format!("4{packet_type}") } else { format!("4{packet_type}{namespace},") }
}

impl Guest {
    pub(crate) async fn join(host: &Host) -> Self {
        Self::join_namespace(host.session().await, "/").await
    }

    pub(crate) async fn join_namespace(mut ws: Ws, namespace: &'static str) -> Self {
        ws.send(prefix('0', namespace)).await;
        Self::welcomed(ws, namespace, None).await.0
    }

    /// A new connection with an old ticket, and the arguments of the events before the reply.
    pub(crate) async fn back(host: &Host, ticket: &Ticket) -> (Self, Vec<Value>) {
        Self::back_on(host.session().await, ticket).await
    }

    pub(crate) async fn back_on(mut ws: Ws, ticket: &Ticket) -> (Self, Vec<Value>) {
        ws.send(ticket.connect()).await;
        Self::welcomed(ws, ticket.namespace, ticket.offset.clone()).await
    }

    /// Takes everything up to the CONNECT reply.
    async fn welcomed(ws: Ws, namespace: &'static str, offset: Option<String>) -> (Self, Vec<Value>) {
        let ticket = Ticket { namespace, sid: String::new(), pid: String::new(), offset };
        let mut guest = Self { ws, ticket };
        let mut missed = Vec::new();
        loop {
            let text = guest.ws.text().await;
            if let Some(reply) = text.strip_prefix(&prefix('0', namespace)) {
                let reply: Value = serde_json::from_str(reply).unwrap();
                guest.ticket.sid = reply["sid"].as_str().unwrap().to_owned();
                guest.ticket.pid = reply["pid"].as_str().unwrap().to_owned();
                return (guest, missed);
            }
            missed.push(guest.event_of(text).await);
        }
    }

    /// The next event: its name and its arguments without the offset, which is kept as the official client keeps it.
    pub(crate) async fn event(&mut self) -> Value {
        let text = self.ws.text().await;
        self.event_of(text).await
    }

    async fn event_of(&mut self, text: String) -> Value {
        let namespace = self.ticket.namespace;
        let (payload, binary) = match text.strip_prefix(&prefix('2', namespace)) {
            Some(payload) => (payload.to_owned(), false),
            None => (text[text.find('[').expect(&text)..].to_owned(), text.starts_with("45")),
        };
        let mut payload: Value = serde_json::from_str(&payload).expect(&text);
        let arguments = payload.as_array_mut().unwrap();
        if let Some(Value::String(offset)) = arguments.last() {
            self.ticket.offset = Some(offset.clone());
            arguments.pop();
        }
        if binary {
            let Frame::Binary(data) = self.ws.recv().await else { panic!("no attachment behind {text}") };
            arguments.push(json!(data));
        }
        payload
    }

    /// The next event must be this.
    pub(crate) async fn expect(&mut self, event: Value) {
        assert_eq!(self.event().await, event);
    }

    pub(crate) async fn expect_all(&mut self, events: &[Value]) {
        for event in events {
            self.expect(event.clone()).await;
        }
    }

    pub(crate) fn lose(self) -> Ticket {
        self.ticket
    }
}

/// One virtual step, and what it wakes.
pub(crate) async fn pass(clock: &Clock, time: Duration) {
    clock.advance(time).await;
    tokio::task::yield_now().await;
}

//! The options of a server, with their defaults and units. Those of one area stand in a submodule.

mod compression;
mod deflate;
mod eio3;
mod error;
mod http;
mod listener;
mod namespaces;
mod parsing;
mod pressure;
mod recovery;
mod sessions;

pub use deflate::PerMessageDeflate;
pub use error::ConfigError;
pub(crate) use namespaces::NamespaceOptions;
pub use pressure::SlowReader;
pub use recovery::ConnectionStateRecovery;
pub(crate) use recovery::NewRecovery;

use self::http::HttpOptions;
use crate::frames::Encoding;
use crate::http::{Cors, CorsPolicy, TrustedProxies};
use crate::listen::{Capacity, Protocols};
use crate::server::{Server, Upper};
use crate::session::mailbox::Limits;
use sockeye_proto::engine::{Accepts, Heartbeat, Transport};
use sockeye_proto::socket::MuxLimits;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Config {
    /// Without a trailing slash.
    pub(crate) path: String,
    pub(crate) transports: Vec<Transport>,
    pub(crate) accepts: Accepts,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) upgrade_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) max_payload_bytes: usize,
    /// Zero is no limit.
    pub(crate) max_unjoined_sessions: usize,
    pub(crate) pressure: pressure::Pressure,
    pub(crate) recovery: Option<ConnectionStateRecovery>,
    pub(crate) encoding: Encoding,
    pub(crate) http: HttpOptions,
    pub(crate) cors: Cors,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) serve_client: bool,
    /// From how many bytes on HTTP bodies are compressed, if at all.
    pub(crate) http_compression: Option<usize>,
    pub(crate) per_message_deflate: Option<PerMessageDeflate>,
    /// Of the server's own listener.
    pub(crate) capacity: Capacity,
    pub(crate) protocols: Protocols,
    pub(crate) states: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    pub(crate) namespaces: NamespaceOptions,
}

/// The options that a namespace keeps a copy of.
#[derive(Clone)]
pub(crate) struct Emitting {
    pub(crate) ack_timeout: Duration,
    pub(crate) encoding: Encoding,
    pub(crate) recovery: Option<Box<NewRecovery>>,
}

impl Config {
    pub(crate) fn emitting(&self) -> Emitting {
        Emitting {
            ack_timeout: self.ack_timeout,
            encoding: self.encoding.clone(),
            recovery: self.new_recovery(),
        }
    }

    /// What all the options together come to, if they go together.
    pub(crate) fn compile(&self) -> Result<CorsPolicy, ConfigError> {
        if self.transports.is_empty() {
            return Err(ConfigError::NoTransport);
        }
        if let Some(cookie) = &self.http.cookie {
            cookie.check()?;
        }
        self.cors.compile()
    }

    pub(crate) fn queue_limits(&self) -> Limits {
        self.pressure.limits()
    }

    pub(crate) fn mux_limits(&self) -> MuxLimits {
        MuxLimits {
            max_packet_bytes: self.max_payload_bytes,
            max_attachments: self.encoding.max_attachments,
            ..MuxLimits::default()
        }
    }

    /// Whether requests of this path are the server's.
    pub(crate) fn answers(&self, path: &str) -> bool {
        match path.strip_prefix(self.path.as_str()) {
            Some("") => !self.http.add_trailing_slash,
            Some(below) => below.starts_with('/'),
            None => false,
        }
    }

    pub(crate) fn allows(&self, transport: Transport) -> bool {
        self.transports.contains(&transport)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            transports: vec![Transport::Polling, Transport::WebSocket],
            accepts: Accepts::default(),
            heartbeat: Heartbeat::default(),
            upgrade_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(45),
            ack_timeout: Duration::from_secs(30),
            max_payload_bytes: 1_000_000,
            max_unjoined_sessions: sessions::MAX_UNJOINED_SESSIONS,
            pressure: pressure::Pressure::default(),
            recovery: None,
            encoding: Encoding::default(),
            http: HttpOptions::default(),
            cors: Cors::same_origin(),
            trusted_proxies: TrustedProxies::default(),
            serve_client: true,
            http_compression: Some(compression::HTTP_COMPRESSION_THRESHOLD),
            per_message_deflate: None,
            capacity: Capacity::default(),
            protocols: Protocols::default(),
            states: HashMap::new(),
            namespaces: NamespaceOptions::default(),
        }
    }
}

/// Collects the options of a [`Server`]. Every option has a default that official clients work with.
///
/// ```
/// use sockeye::Server;
/// use std::time::Duration;
///
/// let io = Server::builder()
///     .ping_interval(Duration::from_secs(10))
///     .max_payload_bytes(64 * 1024)
///     .cors(["https://chat.example"])
///     .build();
/// ```
#[derive(Default)]
#[must_use = "a builder makes a server with build()"]
pub struct ServerBuilder(pub(crate) Config);

impl ServerBuilder {
    /// The path under which the server answers, `/socket.io` by default; a trailing slash does not matter here,
    /// but see [`add_trailing_slash`](Self::add_trailing_slash). Source: `path` in Node.
    pub fn path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.0.path = if path.is_empty() { String::new() } else { format!("/{path}") };
        self
    }

    /// The transports that clients may use: polling and WebSocket by default. Source: `transports` in Node.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.0.transports = transports.into_iter().collect();
        self
    }

    /// How often the server pings each client: 25 s by default.
    /// Source: engine.io-protocol v4 § Heartbeat; `pingInterval` in Node.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.0.heartbeat.interval = interval;
        self
    }

    /// How long a client may take to answer a ping before it counts as gone: 20 s by default.
    /// Source: engine.io-protocol v4 § Heartbeat; `pingTimeout` in Node.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.0.heartbeat.timeout = timeout;
        self
    }

    /// How long an upgrade from polling to WebSocket may take: 10 s by default. The session stays on polling
    /// when it takes longer. Source: `upgradeTimeout` in Node.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.0.upgrade_timeout = timeout;
        self
    }

    /// How long a new client may take until it is in a namespace: 45 s by default. One that is in none then is
    /// disconnected; what it does later does not matter. Source: `connectTimeout` in Node.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.0.connect_timeout = timeout;
        self
    }

    /// How long an acknowledgement is awaited where the call does not say: 30 s by default.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.0.ack_timeout = timeout;
        self
    }

    /// The largest message in bytes, on every transport, announced to clients as `maxPayload`: 1 000 000 by
    /// default. A WebSocket message beyond it closes the connection with 1009, a POST gets 413.
    /// Source: `maxHttpBufferSize` in Node.
    pub fn max_payload_bytes(mut self, bytes: usize) -> Self {
        self.0.max_payload_bytes = bytes;
        self
    }

    /// Lets pages of these origins (`https://chat.example`, `http://localhost:5173`) use the server, beside
    /// those of its own host. A whole policy is a [`Cors`].
    pub fn cors(mut self, cors: impl Into<Cors>) -> Self {
        self.0.cors = cors.into();
        self
    }

    /// Lets pages of any origin use the server, without credentials: `cors(["*"])`.
    pub fn allow_any_origin(mut self) -> Self {
        self.0.cors = Cors::any();
        self
    }

    /// The proxies whose `X-Forwarded-For`, `-Host` and `-Proto` are believed: none by default.
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpAddr>) -> Self {
        self.0.trusted_proxies = TrustedProxies::new(proxies);
        self
    }

    /// Whether the browser client is served at `<path>/socket.io.js`: true by default.
    /// Source: `serveClient` in Node.
    pub fn serve_client(mut self, serve: bool) -> Self {
        self.0.serve_client = serve;
        self
    }

    /// Keeps a value that handlers take with [`State`](crate::State), one for each type.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.0.states.insert(TypeId::of::<T>(), Arc::new(state));
        self
    }

    /// Makes the server. Options that contradict each other are logged as an error; `listen` fails with it then,
    /// and a server that is mounted elsewhere answers every request with 500. See [`try_build`](Self::try_build).
    pub fn build(self) -> Server {
        Server::from_config(self.0)
    }

    /// Makes the server, if its options go together.
    ///
    /// ```
    /// use sockeye::{Cors, Server};
    ///
    /// let refused = Server::builder().cors(Cors::from(["*"]).credentials()).try_build();
    /// assert!(refused.unwrap_err().to_string().contains("list the origins"));
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`], which says what to write instead.
    pub fn try_build(self) -> Result<Server, ConfigError> {
        self.0.compile()?;
        Ok(self.build())
    }

    pub(crate) fn into_engine(self, upper: Upper) -> Arc<crate::server::Shared> {
        crate::server::Shared::new(self.0, upper)
    }
}

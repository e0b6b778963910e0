//! The options about requests: who is let in, under which id, and what every answer carries.

use super::ServerBuilder;
use crate::engine::Message;
use crate::error::BoxError;
use crate::handshake::Handshake;
use crate::http::{ConnectionError, Cookie, Hooks, RequestHead, handshake_hook};
use http::HeaderMap;
use std::future::Future;
use std::time::Duration;

pub(crate) struct HttpOptions {
    pub(crate) allow_upgrades: bool,
    pub(crate) add_trailing_slash: bool,
    pub(crate) bind_session_ip: bool,
    pub(crate) initial_packet: Option<Message>,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) hook_timeout: Duration,
    pub(crate) hooks: Hooks,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            allow_upgrades: true,
            add_trailing_slash: true,
            bind_session_ip: false,
            initial_packet: None,
            cookie: None,
            hook_timeout: Duration::from_secs(10),
            hooks: Hooks::default(),
        }
    }
}

impl ServerBuilder {
    /// Decides whether a client may open a session, by the head of its first request. It is asked on handshakes
    /// only, on either transport, once they are known to be in order. An error refuses the client with code 4
    /// under status 403 (400 for a WebSocket), and its text, if there is any, is the message that the client gets.
    ///
    /// ```
    /// use sockeye::{Handshake, Server};
    ///
    /// let io = Server::builder()
    ///     .allow_request(async |request: Handshake| match request.header("x-api-key") {
    ///         Some("secret") => Ok(()),
    ///         Some(_) => Err("this key has been revoked"),
    ///         None => Err("an API key is needed"),
    ///     })
    ///     .build();
    /// ```
    ///
    /// A decision that panics or takes longer than [`hook_timeout`](Self::hook_timeout) refuses the client with
    /// code 3 and the context `MIDDLEWARE_FAILURE`.
    ///
    /// # Cancel safety
    /// The decision has a task of its own. It runs to its end, or to the time limit, even if the client goes
    /// away and the host server drops the request; a session begins only for a client that is still there.
    ///
    /// Source: `allowRequest` in Node.
    pub fn allow_request<F, E>(
        mut self,
        allow: impl FnOnce(Handshake) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.0.http.hooks.allow_request = Some(handshake_hook(allow));
        self
    }

    /// Makes the ids of sessions, which by default are 120 random bits. An id is 20 characters out of letters,
    /// digits, `-` and `_`, as load balancers and cluster tools of the ecosystem rely on, and a secret: whoever
    /// can guess it may speak for the session. An error, another form, or the id of a session that is open refuses
    /// the client with code 3 and the context `ID_GENERATION_ERROR`.
    ///
    /// ```
    /// use sockeye::{Handshake, Server};
    ///
    /// # fn sixteen_random_characters() -> String { "AAAAAAAAAAAAAAAA".to_owned() }
    /// let io = Server::builder()
    ///     .generate_id(async |_: Handshake| {
    ///         // The first characters tell a load balancer which server the session is on.
    ///         Ok::<_, std::io::Error>(format!("eu1-{}", sixteen_random_characters()))
    ///     })
    ///     .build();
    /// ```
    ///
    /// # Cancel safety
    /// As [`allow_request`](Self::allow_request), with a time limit of its own.
    ///
    /// Source: `engine.generateId` in Node.
    pub fn generate_id<F, E>(
        mut self,
        generate: impl FnOnce(Handshake) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.0.http.hooks.generate_id = Some(handshake_hook(generate));
        self
    }

    /// How long [`allow_request`](Self::allow_request) and [`generate_id`](Self::generate_id) may each take: 10 s
    /// by default. What takes longer is dropped and refuses the client.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.0.http.hook_timeout = timeout;
        self
    }

    /// Whether a session that began with polling may change to WebSocket: true by default. If not, `upgrades`
    /// of the open packet is empty and an upgrade is refused with code 3. Source: `allowUpgrades` in Node.
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.0.http.allow_upgrades = allow;
        self
    }

    /// Whether the path ends in a slash: true by default. Then `/socket.io/` and what is below it is answered
    /// here, and `/socket.io` is left to the routes behind the server. Otherwise `/socket.io` is answered too, for
    /// clients with `addTrailingSlash: false`; `/socket.iox` never is, which Node's comparison of prefixes takes.
    /// Source: `addTrailingSlash` in Node.
    pub fn add_trailing_slash(mut self, add: bool) -> Self {
        self.0.http.add_trailing_slash = add;
        self
    }

    /// A message that every session begins with: on polling in the payload of the open packet, on a WebSocket
    /// in the frame behind it. It is a message of the engine; a Socket.IO client takes it for a packet of its
    /// protocol. Source: `initialPacket` in Node.
    pub fn initial_packet(mut self, packet: Message) -> Self {
        self.0.http.initial_packet = Some(packet);
        self
    }

    /// Sets a cookie with the session's id when a session begins with polling, for load balancers that keep a
    /// client on its server by it: none by default. Source: `cookie` in Node.
    pub fn cookie(mut self, cookie: impl Into<Cookie>) -> Self {
        self.0.http.cookie = Some(cookie.into());
        self
    }

    /// Whether later requests of a session must come from the address of its first: false by default, because
    /// mobile clients change theirs. One from elsewhere is told that the session is unknown, and counts as a guess
    /// at its id. The address is that of the TCP peer or what a trusted proxy says, without the port.
    pub fn bind_session_ip(mut self, bind: bool) -> Self {
        self.0.http.bind_session_ip = bind;
        self
    }

    /// Changes the headers of the first response of each session: the open packet of polling, or the 101 of a
    /// WebSocket. It runs before [`on_headers`](Self::on_headers), must not block, and may be given several times.
    /// If it panics, the client gets 500 and no session begins.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
    /// use sockeye::{RequestHead, Server};
    ///
    /// let io = Server::builder()
    ///     .on_initial_headers(|headers: &mut HeaderMap, _: &RequestHead| {
    ///         headers.append(SET_COOKIE, HeaderValue::from_static("seen=1; Path=/; HttpOnly"));
    ///     })
    ///     .build();
    /// ```
    ///
    /// Source: the `initial_headers` event of the engine in Node.
    pub fn on_initial_headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &RequestHead) + Send + Sync + 'static,
    ) -> Self {
        self.0.http.hooks.initial_headers.push(Box::new(hook));
        self
    }

    /// Changes the headers of every response under the server's path: the 101 of a WebSocket, errors, preflights
    /// and the client files included. It must not block, and may be given several times. If it panics, the
    /// client gets 500. Source: the `headers` event of the engine in Node, which leaves out errors and files.
    pub fn on_headers(mut self, hook: impl Fn(&mut HeaderMap, &RequestHead) + Send + Sync + 'static) -> Self {
        self.0.http.hooks.headers.push(Box::new(hook));
        self
    }

    /// Hears of every request that is refused before it reaches a session, with the code and message that its
    /// client gets and the context that it does not. It must not block, and may be given several times.
    ///
    /// ```
    /// use sockeye::{ConnectionError, Server};
    ///
    /// let io = Server::builder()
    ///     .on_connection_error(|error: &ConnectionError<'_>| {
    ///         eprintln!("{} {:?}: {}", error.code, error.context, error.message);
    ///     })
    ///     .build();
    /// ```
    ///
    /// Source: the `connection_error` event of the engine in Node.
    pub fn on_connection_error(
        mut self,
        hook: impl Fn(&ConnectionError<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.0.http.hooks.connection_error.push(Box::new(hook));
        self
    }
}

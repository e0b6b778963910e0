//! One request under the server's path: what it asks, whether it may, and what every answer to it carries.
//! Sessions are opened and reached elsewhere.

use super::compression::Compressed;
use super::cors::{Access, Grant};
use super::hooks::guarded;
use super::proxies::Peer;
use super::refusal::{ConnectionError, Refusal, RefusalAnswer, clean};
use super::websocket::is_extended_connect;
use super::{Answer, ErrorContext, RequestHead, client_files, plain};
use crate::conn::Conn;
use crate::server::{Shared, Upper};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use sockeye_proto::SessionId;
use sockeye_proto::engine::{self, Ask, Query, RequestError, Transport, classify};
use std::sync::Arc;

/// What the answer to a request needs to know of it.
pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    /// The request as hooks and handlers see it; `None` where none looks.
    pub(super) head: Option<RequestHead>,
    /// For an answer with a payload.
    pub(super) compressed: Option<Compressed>,
    grant: Grant,
    /// It asks for another protocol; which one is checked later. A refusal is bare text then.
    upgrade: bool,
    /// An Internet Explorer, which takes the payload of a poll for an attack.
    distrustful: bool,
}

/// What is to be done for a request.
pub(super) enum Decision {
    Answer(Answer),
    Open(Transport),
    Poll(Arc<Conn>),
    Post(Arc<Conn>),
    Upgrade(Arc<Conn>),
}

impl Exchange {
    pub(super) fn new<B>(shared: Arc<Shared>, request: &Request<B>, peer: &Peer) -> Self {
        let wanted = shared.config.http.hooks.want_head()
            || matches!(&shared.upper, Upper::Engine(handlers) if handlers.want_requests());
        let head = wanted.then(|| RequestHead::of(request, peer));
        let headers = request.headers();
        let upgrade = headers.contains_key(header::UPGRADE) || is_extended_connect(request);
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Self {
            shared,
            head,
            compressed: None,
            grant: Grant::default(),
            upgrade,
            distrustful: !upgrade && (agent.contains(";MSIE") || agent.contains("Trident/")),
        }
    }

    /// Checks the request in the order of the official server, its origin first.
    pub(super) fn decide<B>(&mut self, request: &Request<B>, peer: &Peer) -> Result<Decision, Refusal> {
        let Ok(cors) = &self.shared.cors else {
            return Ok(Decision::Answer(plain(StatusCode::INTERNAL_SERVER_ERROR, "server misconfigured")));
        };
        let config = &self.shared.config;
        self.grant = match cors.check(request.headers(), || peer.host(request)) {
            Access::Granted(grant) => grant,
            Access::Refused => return Err(self.refuse_origin(request)),
            Access::Malformed => {
                let context = ErrorContext::InvalidOrigin { origin: origin(request) };
                return Err(Refusal::new(RequestError::INVALID_ORIGIN, context));
            }
        };
        if request.method() == Method::OPTIONS
            && let Some(preflight) = cors.preflight(request.headers())
        {
            return Ok(Decision::Answer(preflight));
        }
        if config.serve_client
            && let Some(file) = client_files::find(request.uri().path(), &config.path)
        {
            let compressed = Compressed::for_request(request.headers(), config.http_compression);
            return Ok(Decision::Answer(file.answer(request.method(), request.headers(), compressed)));
        }
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let ask = classify(method_of(request), &query, self.upgrade, &config.transports, config.accepts);
        if let Ok(Ask::Poll(_) | Ask::Open(Transport::Polling)) = ask {
            self.compressed = Compressed::for_request(request.headers(), config.http_compression);
        }
        self.find_session(ask, &query, request.method(), peer)
    }

    /// Whether the session that is spoken of exists, and is spoken to in its own way.
    fn find_session(
        &self,
        ask: Result<Ask, RequestError>,
        query: &Query<'_>,
        method: &Method,
        peer: &Peer,
    ) -> Result<Decision, Refusal> {
        let refuse = |error, previous| Refusal::of(error, query, method, previous);
        let sid = match ask {
            Ok(Ask::Open(transport)) => return Ok(Decision::Open(transport)),
            Ok(Ask::Poll(sid) | Ask::Post(sid) | Ask::Upgrade(sid)) => Some(sid),
            Err(RequestError::UnknownTransport) => return Err(refuse(RequestError::UnknownTransport, None)),
            Err(error) => match query.sid.as_deref().filter(|sid| !sid.is_empty()) {
                None => return Err(refuse(error, None)),
                Some(sid) => sid.parse::<SessionId>().ok(),
            },
        };
        let Some(conn) = sid.and_then(|sid| self.shared.registry.get(&sid)) else {
            return Err(self.count_guess(refuse(RequestError::UnknownSid, None), peer));
        };
        if self.shared.config.http.bind_session_ip && conn.handshake.host_address() != peer.host_address() {
            let refusal = Refusal::new(RequestError::UnknownSid, ErrorContext::AddressMismatch);
            return Err(self.count_guess(refusal, peer));
        }
        if query.protocol() != conn.handshake.protocol() && ask.is_ok() {
            return Err(refuse(RequestError::PROTOCOL_MISMATCH, Some(conn.transport())));
        }
        let has = conn.transport();
        let mismatch = || Err(refuse(RequestError::TRANSPORT_MISMATCH, Some(has)));
        match ask {
            Err(error) => Err(refuse(error, Some(has))),
            Ok(Ask::Upgrade(_)) if !self.shared.config.http.allow_upgrades => mismatch(),
            Ok(Ask::Upgrade(_)) => Ok(Decision::Upgrade(conn)),
            Ok(_) if has == Transport::WebSocket => mismatch(),
            Ok(Ask::Post(_)) => Ok(Decision::Post(conn)),
            Ok(_) => Ok(Decision::Poll(conn)),
        }
    }

    fn count_guess(&self, mut refusal: Refusal, peer: &Peer) -> Refusal {
        if self.shared.bad_sids.is_too_much(peer.address, self.shared.now()) {
            refusal.answer = RefusalAnswer::TooManyGuesses;
        }
        refusal
    }

    fn refuse_origin<B>(&self, request: &Request<B>) -> Refusal {
        let origin = origin(request);
        if self.shared.warnings.allow(self.shared.now()) {
            tracing::warn!(origin, "origin refused; allow it with Server::builder().cors([..])");
        }
        let mut refusal = Refusal::new(RequestError::Forbidden, ErrorContext::OriginRefused { origin });
        let answer = super::typed(StatusCode::FORBIDDEN, "application/json", RequestError::Forbidden.body());
        refusal.answer = RefusalAnswer::Own(Box::new(answer));
        refusal
    }

    /// The answer to a refused request; the application hears of it.
    pub(super) fn refuse(&self, refusal: Refusal) -> Answer {
        tracing::debug!(error = %refusal.error, "request_refused");
        if let Some(request) = &self.head {
            let error = ConnectionError {
                request,
                code: refusal.error.code(),
                message: refusal.message(),
                context: &refusal.context,
            };
            for hook in &self.shared.config.http.hooks.connection_error {
                guarded("on_connection_error", || hook(&error));
            }
        }
        self.finish(refusal.into_answer(self.upgrade))
    }

    /// What every answer carries. A hook that panics makes it a 500.
    pub(super) fn finish(&self, answer: Answer) -> Answer {
        self.dress(answer, Answers::Later).unwrap_or_else(|failed| failed)
    }

    /// The answer to a poll or a POST.
    pub(super) fn finish_polling(&self, mut answer: Answer) -> Answer {
        if self.distrustful {
            answer.headers_mut().insert(X_XSS_PROTECTION, HeaderValue::from_static("0"));
        }
        self.finish(answer)
    }

    /// The answer that opens a session.
    ///
    /// # Errors
    /// A hook panicked: the answer to give instead, without a session.
    #[allow(clippy::result_large_err, reason = "a failure is an answer too, and as large")]
    pub(super) fn finish_first(&self, mut answer: Answer) -> Result<Answer, Answer> {
        if self.distrustful && answer.status() == StatusCode::OK {
            answer.headers_mut().insert(X_XSS_PROTECTION, HeaderValue::from_static("0"));
        }
        self.dress(answer, Answers::First)
    }

    #[allow(clippy::result_large_err, reason = "a failure is an answer too, and as large")]
    fn dress(&self, mut answer: Answer, answers: Answers) -> Result<Answer, Answer> {
        if let Ok(cors) = &self.shared.cors {
            cors.apply(&self.grant, &mut answer);
        }
        let Some(head) = &self.head else { return Ok(answer) };
        let hooks = &self.shared.config.http.hooks;
        let initial = if let Answers::First = answers { hooks.initial_headers.as_slice() } else { &[] };
        for hook in initial.iter().chain(&hooks.headers) {
            let called = guarded("on_headers", || hook(answer.headers_mut(), head));
            if called.is_none() {
                return Err(plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error"));
            }
        }
        Ok(answer)
    }
}

/// Which answer of its session it is.
#[derive(Clone, Copy)]
enum Answers {
    First,
    Later,
}

const X_XSS_PROTECTION: HeaderName = HeaderName::from_static("x-xss-protection");

fn origin<B>(request: &Request<B>) -> String {
    clean(request.headers().get(header::ORIGIN).map(HeaderValue::as_bytes).unwrap_or_default())
}

fn method_of<B>(request: &Request<B>) -> engine::Method {
    match *request.method() {
        Method::GET => engine::Method::Get,
        // A WebSocket over HTTP/2 is a GET in all that matters to the engine.
        Method::CONNECT if is_extended_connect(request) => engine::Method::Get,
        Method::POST => engine::Method::Post,
        Method::OPTIONS => engine::Method::Options,
        _ => engine::Method::Other,
    }
}

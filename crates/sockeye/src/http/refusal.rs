//! Requests that the engine refuses: what the client is told, and what the application hears about it.
//! Source: `connection_error` and the table of errors of the official server.

use super::{Answer, RequestHead, plain, typed};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use sockeye_proto::engine::{Query, RequestError, Transport};
use std::fmt;

/// A refused request, as [`on_connection_error`](crate::ServerBuilder::on_connection_error) hears of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ConnectionError<'a> {
    /// The request.
    pub request: &'a RequestHead,
    /// The code in the body that the client gets: 0 to 5.
    pub code: u8,
    /// The message in that body.
    pub message: &'a str,
    /// What the client is not told.
    pub context: &'a ErrorContext,
}

impl fmt::Display for ConnectionError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {}): {:?}", self.message, self.code, self.context)
    }
}

/// Why a request was refused. Texts of the client are cut to 128 bytes and escaped, so that they may be logged.
/// Source: `context` of Node's `connection_error`; the name of each variant there is [`ErrorContext::name`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorContext {
    /// Code 0: no transport of this name is allowed.
    UnknownTransport {
        /// What the request names; `None` when it names none.
        transport: Option<String>,
    },
    /// Code 1: no session has this id.
    UnknownSid {
        /// Its first four characters: the id of a session that ended a moment ago is still a secret.
        sid: String,
    },
    /// Code 1: the session is of another address, and
    /// [`bind_session_ip`](crate::ServerBuilder::bind_session_ip) is on.
    AddressMismatch,
    /// Code 2: a handshake that is not a GET.
    BadHandshakeMethod {
        /// Its method.
        method: String,
    },
    /// Code 3: `Origin` holds what no origin can.
    InvalidOrigin {
        /// The header.
        origin: String,
    },
    /// Code 3: the request names another transport than the session has, or may change to.
    TransportMismatch {
        /// What the request names.
        transport: Transport,
        /// What the session has.
        previous_transport: Transport,
    },
    /// Code 3: an upgrade without a WebSocket, a WebSocket without an upgrade, or a faulty WebSocket handshake.
    TransportHandshakeError,
    /// Code 3: `allow_request` panicked or did not decide in time.
    MiddlewareFailure,
    /// Code 3: `generate_id` failed, or gave an id that is malformed or in use.
    IdGenerationError {
        /// What went wrong.
        error: String,
    },
    /// Code 3: the request names another protocol version than the session has.
    ProtocolMismatch,
    /// Code 3, under status 405: a method that no session knows.
    MethodNotAllowed {
        /// The method.
        method: String,
    },
    /// Code 4: `allow_request` refused.
    Forbidden {
        /// Its error.
        message: String,
    },
    /// Code 4: pages of this origin may not use the server.
    OriginRefused {
        /// The origin.
        origin: String,
    },
    /// Code 5: `EIO` is not a version that is spoken here.
    UnsupportedProtocolVersion {
        /// What the request names; `None` when it names none, which Node takes for 3.
        protocol: Option<String>,
    },
}

impl ErrorContext {
    /// The `context.name` of the official server, for the errors of code 3 that have one.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidOrigin { .. } => "INVALID_ORIGIN",
            Self::TransportMismatch { .. } => "TRANSPORT_MISMATCH",
            Self::TransportHandshakeError => "TRANSPORT_HANDSHAKE_ERROR",
            Self::MiddlewareFailure => "MIDDLEWARE_FAILURE",
            Self::IdGenerationError { .. } => "ID_GENERATION_ERROR",
            Self::ProtocolMismatch => "PROTOCOL_MISMATCH",
            _ => return None,
        })
    }
}

/// A request that is refused.
pub(super) struct Refusal {
    pub(super) error: RequestError,
    pub(super) context: ErrorContext,
    pub(super) answer: RefusalAnswer,
}

/// What its client gets.
pub(super) enum RefusalAnswer {
    /// The error in the official form, with a message of the application's where there is one.
    Official(Option<String>),
    /// 429: this address has guessed too many session ids.
    TooManyGuesses,
    /// Something else.
    Own(Box<Answer>),
}

impl Refusal {
    pub(super) fn new(error: RequestError, context: ErrorContext) -> Self {
        Self { error, context, answer: RefusalAnswer::Official(None) }
    }

    /// What classifying a request found wrong, of a request without a session or of the session on `previous`.
    pub(super) fn of(
        error: RequestError,
        query: &Query<'_>,
        method: &Method,
        previous: Option<Transport>,
    ) -> Self {
        let method = || clean(method.as_str().as_bytes());
        let given = |text: Option<&str>| text.map(|text| clean(text.as_bytes()));
        let context = match error {
            RequestError::UnknownTransport => {
                ErrorContext::UnknownTransport { transport: given(query.transport.as_deref()) }
            }
            RequestError::UnknownSid => {
                let sid = query.sid.as_deref().unwrap_or_default();
                let sid = sid.chars().take(4).chain(['…']).collect::<String>();
                ErrorContext::UnknownSid { sid: clean(sid.as_bytes()) }
            }
            RequestError::BadHandshakeMethod => ErrorContext::BadHandshakeMethod { method: method() },
            RequestError::MethodNotAllowed => ErrorContext::MethodNotAllowed { method: method() },
            RequestError::UnsupportedProtocolVersion => {
                ErrorContext::UnsupportedProtocolVersion { protocol: given(query.eio.as_deref()) }
            }
            RequestError::PROTOCOL_MISMATCH => ErrorContext::ProtocolMismatch,
            RequestError::TRANSPORT_MISMATCH => {
                let named = query.transport.as_deref().and_then(Transport::parse);
                ErrorContext::TransportMismatch {
                    transport: named.unwrap_or(Transport::WebSocket),
                    previous_transport: previous.unwrap_or(Transport::Polling),
                }
            }
            _ => ErrorContext::TransportHandshakeError,
        };
        Self::new(error, context)
    }

    pub(super) fn forbidden(message: String) -> Self {
        let answer = RefusalAnswer::Official((!message.is_empty()).then(|| message.clone()));
        Self { error: RequestError::Forbidden, context: ErrorContext::Forbidden { message }, answer }
    }

    pub(super) fn no_id(error: impl Into<String>) -> Self {
        let context = ErrorContext::IdGenerationError { error: error.into() };
        Self::new(RequestError::BadRequest("ID_GENERATION_ERROR"), context)
    }

    /// The message of the body.
    pub(super) fn message(&self) -> &str {
        match &self.answer {
            RefusalAnswer::Official(Some(message)) => message,
            _ => self.error.message(),
        }
    }

    pub(super) fn into_answer(self, upgrade: bool) -> Answer {
        let message = match self.answer {
            RefusalAnswer::Own(answer) => return *answer,
            RefusalAnswer::TooManyGuesses => {
                return plain(StatusCode::TOO_MANY_REQUESTS, "too many unknown session ids");
            }
            RefusalAnswer::Official(None) => return refuse(self.error, upgrade),
            RefusalAnswer::Official(Some(message)) => message,
        };
        if upgrade {
            return refuse_upgrade(StatusCode::BAD_REQUEST, message);
        }
        let body = format!("{{\"code\":{},\"message\":{}}}", self.error.code(), serde_json::json!(message));
        typed(status(self.error), "application/json", body)
    }
}

/// The answer to a request that the engine refuses: JSON to a request, the bare text to an upgrade, whose status
/// is then 400 whatever the code. Source: the official server's `abortRequest` and `abortUpgrade`.
pub(super) fn refuse(error: RequestError, upgrade: bool) -> Answer {
    match (upgrade, error) {
        (true, RequestError::MethodNotAllowed) => refuse_upgrade(status(error), error.message().to_owned()),
        (true, _) => refuse_upgrade(StatusCode::BAD_REQUEST, error.message().to_owned()),
        (false, _) => typed(status(error), "application/json", error.body()),
    }
}

fn refuse_upgrade(status: StatusCode, message: String) -> Answer {
    let mut answer = typed(status, "text/html", message);
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn status(error: RequestError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Bytes of a client as they may stand in a log: escaped, at most 128.
pub(super) fn clean(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .escape_debug()
        .scan(0, |len, c| {
            *len += c.len_utf8();
            (*len <= 128).then_some(c)
        })
        .collect()
}

//! What the application hears of refused requests: the code and message that the client gets, and a context that it does
//! not. Each context of the official server is here. Source: `connection_error` of the official engine.

use crate::client::{Host, Http, Mount, POLLING, UPGRADE, WEBSOCKET, echo_with};
use sockeye::{ConnectionError, ErrorContext, Handshake, Server, ServerBuilder, Transport};
use tokio::sync::mpsc;

/// Method, target, code, message, context.
type Heard = (String, String, u8, String, ErrorContext);

struct Errors(mpsc::UnboundedReceiver<Heard>);

impl Errors {
    fn of(options: ServerBuilder) -> (ServerBuilder, Self) {
        let (tell, errors) = mpsc::unbounded_channel();
        let options = options.on_connection_error(move |error: &ConnectionError<'_>| {
            let request = error.request;
            let _ = tell.send((
                request.method().to_owned(),
                request.url().to_owned(),
                error.code,
                error.message.to_owned(),
                error.context.clone(),
            ));
        });
        (options, Self(errors))
    }

    /// The only error since the last call.
    fn one(&mut self) -> Heard {
        let heard = self.0.try_recv().expect("an error");
        assert_eq!(self.0.try_recv().ok(), None);
        heard
    }
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn every_refused_handshake_is_heard_of_with_its_context() {
    let method = |method: &str| ErrorContext::BadHandshakeMethod { method: method.to_owned() };
    let transport = |transport| ErrorContext::UnknownTransport { transport };
    let protocol = |protocol| ErrorContext::UnsupportedProtocolVersion { protocol };
    for mount in Mount::ALL {
        let (options, mut errors) = Errors::of(Server::builder());
        let host = Host::mount(echo_with(options), mount).await;
        for (verb, query, upgrade, code, message, context) in [
            ("GET", "EIO=4&transport=abc", false, 0, "Transport unknown", transport(owned("abc"))),
            ("GET", "EIO=4&transport=abc", true, 0, "Transport unknown", transport(owned("abc"))),
            ("GET", "EIO=4&transport=__proto__", true, 0, "Transport unknown", transport(owned("__proto__"))),
            ("GET", "EIO=4", false, 0, "Transport unknown", transport(None)),
            ("POST", "EIO=4&transport=polling", false, 2, "Bad handshake method", method("POST")),
            ("OPTIONS", "EIO=4&transport=polling", false, 2, "Bad handshake method", method("OPTIONS")),
            (
                "GET",
                "EIO=4&transport=websocket",
                false,
                3,
                "Bad request",
                ErrorContext::TransportHandshakeError,
            ),
            ("GET", "EIO=4&transport=polling", true, 3, "Bad request", ErrorContext::TransportHandshakeError),
            (
                "GET",
                "EIO=2&transport=polling",
                false,
                5,
                "Unsupported protocol version",
                protocol(owned("2")),
            ),
            ("GET", "transport=websocket", true, 5, "Unsupported protocol version", protocol(None)),
        ] {
            let target = format!("/socket.io/?{query}");
            let headers: &[(&str, &str)] = if upgrade { &UPGRADE } else { &[] };
            let answer = host.http().await.request(verb, &target, headers, b"").await;
            let body = format!("{{\"code\":{code},\"message\":\"{message}\"}}");
            answer.is(400, if upgrade { message } else { &body });
            assert_eq!(
                errors.one(),
                (verb.to_owned(), target, code, message.to_owned(), context),
                "{mount:?}"
            );
        }
    }
}

#[tokio::test]
async fn every_refused_later_request_is_heard_of_with_its_context() {
    let (options, mut errors) = Errors::of(Server::builder());
    let host = Host::start(echo_with(options)).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let upgraded = {
        let mut other = host.poller().await;
        other.join().await;
        let mut ws = other.upgraded().await;
        ws.expect_echo("hello").await;
        (ws, other.sid)
    };
    let mismatch =
        |transport, previous_transport| ErrorContext::TransportMismatch { transport, previous_transport };
    let method = |method: &str| ErrorContext::MethodNotAllowed { method: method.to_owned() };
    let unknown = |sid: &str| ErrorContext::UnknownSid { sid: sid.to_owned() };
    let (polling, websocket) = (Transport::Polling, Transport::WebSocket);
    let (mine, other, nobody) = (poller.sid.clone(), upgraded.1.clone(), "nobodyAAAAAAAAAAAAAA".to_owned());
    for (verb, query, sid, code, status, context) in [
        ("GET", "EIO=4&transport=polling", &nobody, 1, 400, unknown("nobo…")),
        ("POST", "EIO=4&transport=polling", &nobody, 1, 400, unknown("nobo…")),
        ("GET", "EIO=4&transport=websocket", &nobody, 1, 400, unknown("nobo…")),
        ("PUT", "EIO=4&transport=polling", &nobody, 1, 400, unknown("nobo…")),
        ("GET", "EIO=4&transport=websocket", &mine, 3, 400, mismatch(websocket, polling)),
        ("GET", "EIO=4&transport=polling", &other, 3, 400, mismatch(polling, websocket)),
        ("POST", "EIO=4&transport=polling", &other, 3, 400, mismatch(polling, websocket)),
        ("GET", "EIO=5&transport=polling", &mine, 3, 400, ErrorContext::ProtocolMismatch),
        ("GET", "transport=polling", &mine, 3, 400, ErrorContext::ProtocolMismatch),
        ("PUT", "EIO=4&transport=polling", &mine, 3, 405, method("PUT")),
        ("DELETE", "EIO=4&transport=polling", &mine, 3, 405, method("DELETE")),
    ] {
        let target = format!("/socket.io/?{query}&sid={sid}");
        let answer = host.http().await.request(verb, &target, &[], b"").await;
        let message = if code == 1 { "Session ID unknown" } else { "Bad request" };
        answer.is(status, &format!("{{\"code\":{code},\"message\":\"{message}\"}}"));
        assert_eq!(errors.one(), (verb.to_owned(), target, code, message.to_owned(), context));
    }
    poller.expect_echo("still here").await;
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_heard_of() {
    let (options, mut errors) = Errors::of(Server::builder().allow_upgrades(false));
    let host = Host::start(echo_with(options)).await;
    let open = host.http().await.get(POLLING).await.body;
    assert!(open.contains(r#""upgrades":[],"#), "{open}");
    let mut poller = host.poller().await;
    poller.refused_upgrade(&[]).await.is(400, "Bad request");
    let context = ErrorContext::TransportMismatch {
        transport: Transport::WebSocket,
        previous_transport: Transport::Polling,
    };
    assert_eq!(errors.one().4, context);
    poller.join().await;
    poller.expect_echo("still on polling").await;
    // A session may still begin with a WebSocket.
    host.client().await.expect_echo("hello").await;
}

#[tokio::test]
async fn a_faulty_websocket_handshake_is_heard_of() {
    let (options, mut errors) = Errors::of(Server::builder());
    let host = Host::start(echo_with(options)).await;
    let version = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "8")];
    let answer = host.http().await.request("GET", WEBSOCKET, &version, b"").await;
    assert_eq!(answer.status, 426);
    assert_eq!(errors.one().4, ErrorContext::TransportHandshakeError);
    let target = host.poller().await.upgrade_target();
    let key = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")];
    assert_eq!(host.http().await.request("GET", &target, &key, b"").await.status, 400);
    assert_eq!(errors.one().4, ErrorContext::TransportHandshakeError);
}

#[tokio::test]
async fn a_refused_origin_and_one_that_is_none_are_heard_of_escaped_and_short() {
    let (options, mut errors) = Errors::of(Server::builder());
    let host = Host::start(echo_with(options)).await;
    let evil = [("Origin", "http://evil.example")];
    host.http()
        .await
        .request("GET", POLLING, &evil, b"")
        .await
        .is(403, r#"{"code":4,"message":"Forbidden"}"#);
    let context = ErrorContext::OriginRefused { origin: "http://evil.example".to_owned() };
    assert_eq!((errors.one().2, errors.0.is_empty()), (4, true));
    let upgrade = [&UPGRADE[..], &evil].concat();
    assert_eq!(host.http().await.request("GET", WEBSOCKET, &upgrade, b"").await.status, 403);
    assert_eq!(errors.one().4, context);

    let mut http = Http::connect(host.address).await;
    let long = [&b"http://\xff\xc3\xa9"[..], &[b'x'; 1000]].concat();
    let head = format!("GET {POLLING} HTTP/1.1\r\nHost: a\r\nOrigin: ");
    http.write([head.as_bytes(), &long, b"\r\n\r\n"].concat()).await;
    http.response().await.is(400, r#"{"code":3,"message":"Bad request"}"#);
    let ErrorContext::InvalidOrigin { origin } = errors.one().4 else { panic!() };
    assert!(origin.starts_with("http://\u{fffd}éxxx") && origin.len() == 128, "{origin}");
}

#[tokio::test]
async fn texts_of_the_client_bring_no_control_bytes_into_a_context() {
    let (options, mut errors) = Errors::of(Server::builder());
    let host = Host::start(echo_with(options)).await;
    host.http().await.get("/socket.io/?EIO=4&transport=%1b%5b31m%0a%00").await;
    let context = ErrorContext::UnknownTransport { transport: owned(r"\u{1b}[31m\n\0") };
    assert_eq!(errors.one().4, context);
    host.http().await.get("/socket.io/?EIO=4&transport=polling&sid=%0d%0a%00x-secret").await;
    assert_eq!(errors.one().4, ErrorContext::UnknownSid { sid: r"\r\n\0x…".to_owned() });
}

#[tokio::test]
async fn what_hooks_of_the_application_refuse_is_heard_of() {
    let options = Server::builder()
        .allow_request(async |request: Handshake| match request.header("x-door") {
            Some("closed") => Err("closed on Sundays"),
            Some("broken") => panic!("a bug of the application's"),
            _ => Ok(()),
        })
        .generate_id(async |request: Handshake| match request.header("x-id") {
            Some("none") => Err("no ids left".to_owned()),
            Some("broken") => panic!("a bug of the application's"),
            Some(id) => Ok(id.to_owned()),
            None => Ok("AAAAAAAAAAAAAAAAAAAA".to_owned()),
        });
    let (options, mut errors) = Errors::of(options);
    let host = Host::start(echo_with(options)).await;
    let no_id = |error: &str| ErrorContext::IdGenerationError { error: error.to_owned() };
    host.poller().await;
    for (header, code, message, context) in [
        (
            ("X-Door", "closed"),
            4,
            "closed on Sundays",
            ErrorContext::Forbidden { message: "closed on Sundays".to_owned() },
        ),
        (("X-Door", "broken"), 3, "Bad request", ErrorContext::MiddlewareFailure),
        (("X-Id", "none"), 3, "Bad request", no_id("no ids left")),
        (("X-Id", "broken"), 3, "Bad request", no_id("generate_id panicked")),
        (("X-Id", "short"), 3, "Bad request", no_id("an id is 20 base64url characters, got 5 bytes")),
        (("X-Id", "AAAAAAAAAAAAAAAAAAAA"), 3, "Bad request", no_id("the id is in use")),
    ] {
        for (target, headers) in [(POLLING, vec![header]), (WEBSOCKET, [&UPGRADE[..], &[header]].concat())] {
            host.http().await.request("GET", target, &headers, b"").await;
            let heard = errors.one();
            assert_eq!((heard.2, heard.3.as_str(), &heard.4), (code, message, &context), "{target}");
        }
    }
}

#[tokio::test]
async fn contexts_have_the_names_of_the_official_server() {
    let mismatch = ErrorContext::TransportMismatch {
        transport: Transport::Polling,
        previous_transport: Transport::WebSocket,
    };
    for (context, name) in [
        (ErrorContext::InvalidOrigin { origin: String::new() }, Some("INVALID_ORIGIN")),
        (mismatch, Some("TRANSPORT_MISMATCH")),
        (ErrorContext::TransportHandshakeError, Some("TRANSPORT_HANDSHAKE_ERROR")),
        (ErrorContext::MiddlewareFailure, Some("MIDDLEWARE_FAILURE")),
        (ErrorContext::IdGenerationError { error: String::new() }, Some("ID_GENERATION_ERROR")),
        (ErrorContext::ProtocolMismatch, Some("PROTOCOL_MISMATCH")),
        (ErrorContext::UnknownTransport { transport: None }, None),
    ] {
        assert_eq!(context.name(), name);
    }
}

#[tokio::test]
async fn a_listener_that_panics_changes_no_answer() {
    let options = Server::builder().on_connection_error(|_: &ConnectionError<'_>| panic!("a bug"));
    let (options, mut errors) = Errors::of(options);
    let host = Host::start(echo_with(options)).await;
    host.http().await.get("/socket.io/?EIO=4").await.is(400, r#"{"code":0,"message":"Transport unknown"}"#);
    assert_eq!(errors.one().2, 0);
}

#[tokio::test]
async fn what_goes_well_and_what_a_session_refuses_is_no_connection_error() {
    let (options, mut errors) = Errors::of(Server::builder());
    let host = Host::start(echo_with(options)).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.begin_get().await;
    host.settle().await;
    let target = poller.target();
    assert_eq!(host.http().await.get(&target).await.status, 400, "an overlap ends the session");
    assert_eq!(errors.0.try_recv().ok(), None);
}

//! Query strings, the order of the checks, and the answers.

use super::Random;
use crate::SessionId;
use crate::engine::*;

const BOTH: [Transport; 2] = [Transport::Polling, Transport::WebSocket];
const SID: &str = "abcdefghijklmnopqr-_";

fn ask(method: Method, query: &str, upgrade: bool) -> Result<Ask, RequestError> {
    classify(method, &Query::parse(query), upgrade, &BOTH, Accepts::V4)
}

fn sid() -> SessionId {
    SID.parse().unwrap()
}

#[test]
fn the_first_occurrence_of_a_key_counts_and_others_are_skipped() {
    let query = Query::parse("t=1&EIO=4&EIO=3&b64=1&transport=polling&j=0&sid=a&sid=b&EIOX=9&&=&x");
    assert_eq!(query.eio.as_deref(), Some("4"));
    assert_eq!(query.transport.as_deref(), Some("polling"));
    assert_eq!(query.sid.as_deref(), Some("a"));
    assert_eq!(Query::parse(""), Query::default());
    assert_eq!(Query::parse("sid").sid.as_deref(), Some(""));
}

#[test]
fn keys_and_values_are_percent_decoded() {
    for (value, decoded) in [
        ("a%2Bb", "a+b"),
        ("a+b", "a b"),
        ("%e2%82%AC", "€"),
        ("100%", "100%"),
        ("%", "%"),
        ("%2", "%2"),
        ("%zz%41", "%zzA"),
        ("%+1", "% 1"),
        ("%ff", "\u{fffd}"),
        ("a=b", "a=b"),
    ] {
        assert_eq!(Query::parse(&format!("sid={value}")).sid.as_deref(), Some(decoded), "{value}");
    }
    assert_eq!(Query::parse("%45IO=4").eio.as_deref(), Some("4"));
}

#[test]
fn well_formed_requests_ask_for_what_they_name() {
    let follow_up = |transport| format!("EIO=4&transport={transport}&sid={SID}");
    for (method, query, upgrade, asked) in [
        (Method::Get, "EIO=4&transport=polling".to_owned(), false, Ask::Open(Transport::Polling)),
        (Method::Get, "EIO=4&transport=polling&sid=".to_owned(), false, Ask::Open(Transport::Polling)),
        (Method::Get, "EIO=4&transport=websocket".to_owned(), true, Ask::Open(Transport::WebSocket)),
        (Method::Get, follow_up("polling"), false, Ask::Poll(sid())),
        (Method::Post, follow_up("polling"), false, Ask::Post(sid())),
        (Method::Get, follow_up("websocket"), true, Ask::Upgrade(sid())),
    ] {
        assert_eq!(ask(method, &query, upgrade), Ok(asked), "{query}");
    }
}

#[test]
fn a_transport_that_is_absent_unknown_or_not_allowed_is_code_0_with_and_without_upgrade() {
    for transport in ["", "transport=", "transport=abc", "transport=__proto__", "transport=constructor"] {
        for sid in [String::new(), format!("&sid={SID}"), "&sid=short".to_owned()] {
            for upgrade in [false, true] {
                for method in [Method::Get, Method::Post, Method::Other] {
                    let query = format!("EIO=4&{transport}{sid}");
                    assert_eq!(ask(method, &query, upgrade), Err(RequestError::UnknownTransport), "{query}");
                }
            }
        }
    }
    let query = Query::parse("EIO=4&transport=websocket");
    let refused = classify(Method::Get, &query, true, &[Transport::Polling], Accepts::V4);
    assert_eq!(refused, Err(RequestError::UnknownTransport));
}

#[test]
fn a_sid_that_no_session_can_have_is_code_1() {
    for sid in ["a", "abcdefghijklmnopqrst1", "abcdefghijklmnopqr%2B%2F", "..%2f..%2f..%2f", "%00%0d%0a"] {
        for (transport, upgrade) in [("polling", false), ("websocket", true), ("websocket", false)] {
            let query = format!("EIO=3&transport={transport}&sid={sid}");
            assert_eq!(ask(Method::Other, &query, upgrade), Err(RequestError::UnknownSid), "{query}");
        }
    }
}

#[test]
fn a_handshake_checks_its_method_then_its_transport_then_its_version() {
    for method in [Method::Post, Method::Options, Method::Other] {
        assert_eq!(ask(method, "EIO=3&transport=websocket", false), Err(RequestError::BadHandshakeMethod));
    }
    let mismatch = Err(RequestError::TRANSPORT_HANDSHAKE_ERROR);
    assert_eq!(ask(Method::Get, "EIO=3&transport=websocket", false), mismatch);
    assert_eq!(ask(Method::Get, "EIO=3&transport=polling", true), mismatch);
    for eio in ["", "EIO=", "EIO=abc", "EIO=3", "EIO=5", "EIO=4.0", "EIO=04", "EIO=44"] {
        let query = format!("{eio}&transport=polling");
        assert_eq!(ask(Method::Get, &query, false), Err(RequestError::UnsupportedProtocolVersion), "{eio}");
    }
}

#[test]
fn a_follow_up_checks_its_transport_then_its_version_then_its_method() {
    let query = |eio: &str, transport: &str| format!("EIO={eio}&transport={transport}&sid={SID}");
    assert_eq!(ask(Method::Other, &query("3", "websocket"), false), Err(RequestError::TRANSPORT_MISMATCH));
    let refused = Err(RequestError::TRANSPORT_HANDSHAKE_ERROR);
    assert_eq!(ask(Method::Other, &query("3", "polling"), true), refused);
    assert_eq!(ask(Method::Other, &query("3", "polling"), false), Err(RequestError::PROTOCOL_MISMATCH));
    for method in [Method::Options, Method::Other] {
        assert_eq!(ask(method, &query("4", "polling"), false), Err(RequestError::MethodNotAllowed));
    }
    for method in [Method::Post, Method::Options, Method::Other] {
        assert_eq!(ask(method, &query("4", "websocket"), true), Err(RequestError::MethodNotAllowed));
    }
}

#[test]
fn only_forbidden_and_a_wrong_method_have_a_status_besides_400() {
    assert_eq!(RequestError::Forbidden.status(), 403);
    assert_eq!(RequestError::MethodNotAllowed.status(), 405);
    assert_eq!(RequestError::MethodNotAllowed.body(), r#"{"code":3,"message":"Bad request"}"#);
    assert_eq!(RequestError::INVALID_ORIGIN.status(), 400);
    assert_eq!(RequestError::INVALID_ORIGIN.to_string(), "Bad request (INVALID_ORIGIN)");
}

#[test]
fn random_queries_are_read_without_a_panic_and_never_grow() {
    let mut random = Random::new(11);
    let alphabet = ["%", "+", "&", "=", "EIO", "sid", "transport", "polling", "4", "F", "é", "%f", "%C3%A9"];
    for _ in 0..20_000 {
        let parts = random.below(16);
        let text: String =
            (0..parts).map(|_| alphabet[random.below(alphabet.len() as u64) as usize]).collect();
        let query = Query::parse(&text);
        let found = [&query.eio, &query.transport, &query.sid];
        let chars: usize = found.into_iter().flatten().map(|value| value.chars().count()).sum();
        assert!(chars <= text.chars().count(), "{text}");
    }
}

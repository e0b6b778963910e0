//! `conformance/vectors/engine.json`, which the TypeScript client reads, too.

use crate::engine::*;
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    packets: Vec<PacketVector>,
    payloads: Vec<PayloadVector>,
    invalid_packets: Vec<String>,
    invalid_payloads: Vec<String>,
    opens: Vec<OpenVector>,
    errors: Vec<ErrorVector>,
}

#[derive(Deserialize)]
struct PacketVector {
    text: String,
    #[serde(rename = "type")]
    kind: String,
    data: Option<String>,
    hex: Option<String>,
}

#[derive(Deserialize)]
struct PayloadVector {
    body: String,
    packets: Vec<PacketVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenVector {
    text: String,
    sid: String,
    upgrades: Vec<String>,
    ping_interval: u64,
    ping_timeout: u64,
    max_payload: usize,
}

#[derive(Deserialize)]
struct ErrorVector {
    code: u8,
    message: String,
    status: u16,
    body: String,
}

fn vectors() -> Vectors {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/vectors/engine.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

impl PacketVector {
    fn packet(&self) -> PayloadPacket<'_> {
        let data = self.data.as_deref();
        PayloadPacket::Text(match (self.kind.as_str(), data) {
            ("binary", None) => return PayloadPacket::Binary(bytes(self.hex.as_deref().unwrap())),
            ("message", Some(data)) => Packet::Message(data),
            ("ping", Some(data)) => Packet::Ping(data),
            ("pong", Some(data)) => Packet::Pong(data),
            ("close", None) => Packet::Close,
            ("upgrade", None) => Packet::Upgrade,
            ("noop", None) => Packet::Noop,
            other => panic!("unknown vector {other:?}"),
        })
    }
}

#[test]
fn packets_decode_and_encode_as_the_vectors_say() {
    for vector in vectors().packets {
        assert_eq!(PayloadPacket::decode_text(&vector.text), Ok(vector.packet()), "{}", vector.text);
        let mut encoded = Vec::new();
        vector.packet().as_packet().encode_text(&mut encoded);
        assert_eq!(encoded, vector.text.as_bytes());
    }
}

#[test]
fn payloads_decode_and_encode_as_the_vectors_say() {
    for vector in vectors().payloads {
        let decoded: Result<Vec<_>, _> = decode_payload(vector.body.as_bytes()).unwrap().collect();
        let expected: Vec<_> = vector.packets.iter().map(PacketVector::packet).collect();
        assert_eq!(decoded.as_ref(), Ok(&expected), "{:?}", vector.body);
        let mut body = PayloadEncoder::new(usize::MAX);
        for packet in &vector.packets {
            match packet.packet() {
                PayloadPacket::Binary(data) => body.push_binary(&data),
                PayloadPacket::Text(_) => body.push_text(packet.text.as_bytes()),
            }
        }
        assert_eq!(body.finish(), vector.body.as_bytes());
    }
}

#[test]
fn invalid_packets_and_payloads_of_the_vectors_are_refused() {
    let vectors = vectors();
    for text in vectors.invalid_packets {
        assert!(PayloadPacket::decode_text(&text).is_err(), "{text:?}");
    }
    for body in vectors.invalid_payloads {
        let last = decode_payload(body.as_bytes()).unwrap().last();
        assert!(matches!(last, Some(Err(_))), "{body:?}");
    }
}

#[test]
fn open_packets_encode_and_decode_as_the_vectors_say() {
    for vector in vectors().opens {
        let upgrades: Vec<_> = vector.upgrades.iter().map(|name| Transport::parse(name).unwrap()).collect();
        let open = Open {
            sid: vector.sid.parse().unwrap(),
            upgrades: &upgrades,
            ping_interval: Duration::from_millis(vector.ping_interval),
            ping_timeout: Duration::from_millis(vector.ping_timeout),
            max_payload_bytes: vector.max_payload,
        };
        let mut encoded = Vec::new();
        open.encode(&mut encoded);
        assert_eq!(encoded, vector.text.as_bytes());

        let Ok(Packet::Open(json)) = Packet::decode_text(&vector.text) else { panic!("{}", vector.text) };
        let decoded = OwnedOpen::decode(json).unwrap();
        assert_eq!(decoded.sid(), vector.sid);
        assert_eq!(decoded.upgrades, upgrades);
        assert_eq!(decoded.ping_interval, open.ping_interval);
        assert_eq!(decoded.ping_timeout, open.ping_timeout);
        assert_eq!(decoded.max_payload_bytes, Some(vector.max_payload));
    }
}

#[test]
fn refused_requests_are_answered_as_the_vectors_say() {
    let errors = [
        RequestError::UnknownTransport,
        RequestError::UnknownSid,
        RequestError::BadHandshakeMethod,
        RequestError::TRANSPORT_MISMATCH,
        RequestError::Forbidden,
        RequestError::UnsupportedProtocolVersion,
    ];
    let vectors = vectors().errors;
    assert_eq!(vectors.len(), errors.len());
    for (vector, error) in vectors.iter().zip(errors) {
        assert_eq!(error.code(), vector.code);
        assert_eq!(error.message(), vector.message);
        assert_eq!(error.status(), vector.status);
        assert_eq!(error.body(), vector.body);
    }
}

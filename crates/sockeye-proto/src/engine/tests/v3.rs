//! Engine.IO 3: `conformance/vectors/engine-v3.json`, the limits of its payloads, and its heartbeat.

use super::{Random, at};
use crate::engine::v3::{self, Binary, PayloadEncoder};
use crate::engine::*;
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    packets: Vec<PacketVector>,
    payloads: Vec<PayloadVector>,
    invalid_packets: Vec<String>,
    invalid_frames_hex: Vec<String>,
    invalid_payloads: Vec<String>,
    invalid_payloads_hex: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PacketVector {
    text: String,
    #[serde(rename = "type")]
    kind: String,
    data: Option<String>,
    hex: Option<String>,
    binary_hex: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayloadVector {
    string: String,
    binary_hex: String,
    packets: Vec<String>,
}

fn vectors() -> Vectors {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/vectors/engine-v3.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn decode(body: &[u8]) -> Result<Vec<PayloadPacket<'_>>, PayloadError> {
    v3::decode_payload(body).collect()
}

fn encode(packets: &[PayloadPacket<'_>], binary: Binary) -> Vec<u8> {
    let texts: Vec<Vec<u8>> = packets.iter().map(text_of).collect();
    let mut body = PayloadEncoder::new(binary, usize::MAX);
    for (packet, text) in packets.iter().zip(&texts) {
        match packet {
            PayloadPacket::Binary(data) => body.push_binary(data),
            PayloadPacket::Text(_) => body.push_text(text),
        }
    }
    body.finish()
}

fn text_of(packet: &PayloadPacket<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    match packet {
        PayloadPacket::Binary(data) => v3::encode_base64(data, &mut text),
        PayloadPacket::Text(packet) => packet.encode_text(&mut text),
    }
    text
}

#[test]
fn packets_decode_and_encode_as_the_vectors_say() {
    for vector in vectors().packets {
        let expected = PayloadPacket::Text(match (vector.kind.as_str(), vector.data.as_deref()) {
            ("message", Some(data)) => Packet::Message(data),
            ("ping", Some(data)) => Packet::Ping(data),
            ("pong", Some(data)) => Packet::Pong(data),
            ("close", None) => Packet::Close,
            ("upgrade", None) => Packet::Upgrade,
            ("noop", None) => Packet::Noop,
            ("binary", None) => {
                let data = bytes(vector.hex.as_deref().unwrap());
                let frame = bytes(vector.binary_hex.as_deref().unwrap());
                assert_eq!(v3::decode_binary(&frame), Ok(Packet::Binary(&data)));
                let expected = PayloadPacket::Binary(data);
                assert_eq!(v3::decode_text(&vector.text).as_ref(), Ok(&expected), "{}", vector.text);
                assert_eq!(text_of(&expected), vector.text.as_bytes());
                continue;
            }
            other => panic!("unknown vector {other:?}"),
        });
        assert_eq!(v3::decode_text(&vector.text).as_ref(), Ok(&expected), "{}", vector.text);
        assert_eq!(text_of(&expected), vector.text.as_bytes());
    }
}

#[test]
fn payloads_decode_in_both_encodings_and_encode_as_their_client_takes_them() {
    for vector in vectors().payloads {
        let packets: Vec<_> = vector.packets.iter().map(|text| v3::decode_text(text).unwrap()).collect();
        let binary = bytes(&vector.binary_hex);
        assert_eq!(decode(vector.string.as_bytes()).as_ref(), Ok(&packets), "{}", vector.string);
        assert_eq!(decode(&binary).as_ref(), Ok(&packets), "{}", vector.binary_hex);

        let has_binary = packets.iter().any(|packet| matches!(packet, PayloadPacket::Binary(_)));
        let raw = if has_binary { &binary } else { vector.string.as_bytes() };
        assert_eq!(encode(&packets, Binary::Raw), raw);
        assert_eq!(encode(&packets, Binary::Base64), vector.string.as_bytes());
    }
}

#[test]
fn what_the_vectors_call_invalid_is_refused() {
    let vectors = vectors();
    for text in vectors.invalid_packets {
        assert!(v3::decode_text(&text).is_err(), "{text:?}");
    }
    for frame in vectors.invalid_frames_hex {
        assert!(v3::decode_binary(&bytes(&frame)).is_err(), "{frame}");
    }
    for body in vectors.invalid_payloads {
        assert!(decode(body.as_bytes()).is_err(), "{body:?}");
    }
    for body in vectors.invalid_payloads_hex {
        assert!(decode(&bytes(&body)).is_err(), "{body}");
    }
}

#[test]
fn packets_before_a_bad_one_come_and_nothing_comes_behind_it() {
    let mut packets = v3::decode_payload(b"2:4a2:4b9:4c2:4d");
    assert_eq!(packets.next(), Some(Ok(PayloadPacket::Text(Packet::Message("a")))));
    assert_eq!(packets.next(), Some(Ok(PayloadPacket::Text(Packet::Message("b")))));
    assert_eq!(packets.next(), Some(Err(PayloadError::BadLength { at: 8 })));
    assert_eq!(packets.next(), None);
    assert_eq!(decode(b"3:4\xc3\x28"), Err(PayloadError::InvalidUtf8 { len: 3 }));
}

#[test]
fn a_payload_holds_up_to_16384_packets() {
    for packet in [&b"1:4"[..], b"\0\x01\xff4", b"\x01\x01\xff\x04"] {
        let error = decode(&packet.repeat(16_385)).unwrap_err();
        assert_eq!(error, PayloadError::TooManyPackets { limit: 16_384 });
        assert_eq!(decode(&packet.repeat(16_384)).unwrap().len(), 16_384);
    }
}

#[test]
fn an_encoder_takes_what_fits_whatever_the_encoding_and_one_packet_in_any_case() {
    for (binary, size) in [(Binary::Raw, 9 + 8), (Binary::Base64, 8 + 13)] {
        for (limit, fits) in [(size - 1, false), (size, true), (size + 1, true)] {
            let mut body = PayloadEncoder::new(binary, limit);
            assert!(body.fits_text(1_000_000) && body.fits_binary(1_000_000));
            body.push_text(b"4hello");
            assert_eq!(body.fits_binary(4), fits, "{binary:?} {limit}");
            if fits {
                body.push_binary(&[1, 2, 3, 4]);
                let encoded = body.finish();
                assert!(encoded.len() <= limit, "{} bytes past {limit}", encoded.len());
            }
        }
    }
    let mut body = PayloadEncoder::new(Binary::Raw, usize::MAX);
    (0..16_384).for_each(|_| body.push_text(b"4"));
    assert!(!body.fits_text(1));
}

#[test]
fn garbage_ends_and_never_panics() {
    let mut random = Random::new(3);
    let alphabet = b"\x00\x01\x04\x09\xff0129:b4=A\xc3\xa9\xf0\x9f\x98\x80";
    for _ in 0..50_000 {
        let len = random.index(40);
        let body: Vec<u8> = (0..len).map(|_| alphabet[random.index(alphabet.len())]).collect();
        let taken = v3::decode_payload(&body).count();
        assert!(taken <= body.len() / 2 + 1, "{body:?}");
        for at in 0..=body.len() {
            if let Ok(Some((_, next))) = v3::decode_packet(&body, at) {
                assert!(next > at && next <= body.len(), "{body:?} at {at}");
            }
        }
        let _ = v3::decode_binary(&body);
    }
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    let mut random = Random::new(7);
    for _ in 0..2_000 {
        let texts: Vec<String> = (0..1 + random.index(6))
            .map(|_| {
                (0..random.index(12)).map(|_| ['a', 'é', '€', '😀', ':', '9'][random.index(6)]).collect()
            })
            .collect();
        let mut packets: Vec<_> =
            texts.iter().map(|text| PayloadPacket::Text(Packet::Message(text))).collect();
        if random.below(2) == 0 {
            let data = (0..random.index(300)).map(|_| random.next() as u8).collect();
            packets.insert(random.index(packets.len() + 1), PayloadPacket::Binary(data));
        }
        for binary in [Binary::Raw, Binary::Base64] {
            let body = encode(&packets, binary);
            assert_eq!(decode(&body).as_ref(), Ok(&packets), "{body:?}");
        }
    }
}

fn session() -> ServerSession {
    ServerSession::of_v3(Transport::Polling, Heartbeat::default(), Duration::from_secs(10), at(0))
}

#[test]
fn the_client_pings_and_a_pong_of_its_own_ends_the_session() {
    let mut session = session();
    assert_eq!(session.protocol(), Protocol::V3);
    assert_eq!(session.handle_packet(Packet::Ping(""), at(1)), Ok(Input::Ping));
    let refused = session.handle_packet(Packet::Pong(""), at(2));
    assert_eq!(refused, Err(SessionError::InvalidHeartbeatDirection));
    assert_eq!(SessionError::InvalidHeartbeatDirection.reason(), CloseReason::TransportError);
    assert_eq!(session.handle_packet(Packet::Ping(""), at(3)), Ok(Input::Nothing));
}

#[test]
fn without_a_ping_for_interval_and_timeout_the_session_ends_whatever_else_came() {
    let mut session = session();
    assert_eq!(session.handle_packet(Packet::Ping(""), at(10_000)), Ok(Input::Ping));
    assert_eq!(session.handle_packet(Packet::Message("busy"), at(50_000)), Ok(Input::Text("busy")));
    assert_eq!(session.deadline(), at(55_000));
    assert_eq!(session.handle_timeout(at(54_999)), None);
    assert_eq!(session.handle_timeout(at(55_000)), Some(Timeout::PingTimeout));
    assert_eq!(session.deadline(), at(u64::MAX));
}

#[test]
fn the_wait_for_a_ping_stands_still_while_the_shell_does_not_read_and_nothing_is_sent() {
    let mut session = session();
    session.pause_heartbeat(at(40_000));
    assert_eq!(session.deadline(), at(u64::MAX));
    assert_eq!(session.handle_timeout(at(900_000)), None);
    session.resume_heartbeat(at(1_000_000));
    assert_eq!(session.deadline(), at(1_005_000));
    session.pause_heartbeat(at(1_001_000));
    assert_eq!(session.handle_packet(Packet::Ping(""), at(1_002_000)), Ok(Input::Ping));
    session.resume_heartbeat(at(1_003_000));
    assert_eq!(session.deadline(), at(1_048_000));
}

#[test]
fn a_session_upgrades_as_in_v4() {
    let mut session = session();
    session.handle_probe_opened(at(1)).unwrap();
    assert_eq!(session.handle_probe_packet(Packet::Ping("probe"), at(2)), Ok(ProbeStep::AnswerProbe));
    assert_eq!(session.handle_timeout(at(102)), Some(Timeout::ReleasePoll));
    assert_eq!(session.handle_probe_packet(Packet::Upgrade, at(103)), Ok(ProbeStep::Upgraded));
    assert_eq!(session.transport(), Transport::WebSocket);
    assert_eq!(session.deadline(), at(45_000));
}

#[test]
fn a_server_that_takes_v3_reads_every_other_version_as_3() {
    let both = [Transport::Polling, Transport::WebSocket];
    for (query, protocol) in [
        ("transport=polling", Protocol::V3),
        ("transport=polling&EIO=", Protocol::V3),
        ("transport=polling&EIO=3", Protocol::V3),
        ("transport=polling&EIO=abc", Protocol::V3),
        ("transport=polling&EIO=4", Protocol::V4),
    ] {
        let query = Query::parse(query);
        assert_eq!(query.protocol(), protocol, "{query:?}");
        let open = |accepts| classify(Method::Get, &query, false, &both, accepts);
        assert_eq!(open(Accepts::V3AndV4), Ok(Ask::Open(Transport::Polling)), "{query:?}");
        if protocol == Protocol::V3 {
            assert_eq!(open(Accepts::V4), Err(RequestError::UnsupportedProtocolVersion), "{query:?}");
        }
    }
    for (query, wants) in [("EIO=3", false), ("b64=", false), ("b64=1", true), ("b64=0", true)] {
        assert_eq!(Query::parse(query).wants_base64(), wants, "{query}");
    }
}

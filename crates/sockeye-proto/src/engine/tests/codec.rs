//! Packets, payloads and the client's reading of an open packet.

use super::Random;
use crate::engine::*;

#[test]
fn text_behind_close_upgrade_and_noop_is_ignored() {
    assert_eq!(Packet::decode_text("1bye"), Ok(Packet::Close));
    assert_eq!(Packet::decode_text("5x"), Ok(Packet::Upgrade));
    assert_eq!(Packet::decode_text("6x"), Ok(Packet::Noop));
}

#[test]
fn a_text_that_is_no_packet_says_what_is_wrong() {
    assert_eq!(Packet::decode_text(""), Err(PacketError::Empty));
    assert_eq!(Packet::decode_text("7"), Err(PacketError::UnknownType(b'7')));
    assert_eq!(Packet::decode_text("é"), Err(PacketError::UnknownType(0xc3)));
    assert_eq!(Packet::decode_text("bAQID"), Err(PacketError::BinaryInText));
    assert_eq!(PayloadPacket::decode_text("b!!!!"), Err(PacketError::InvalidBase64 { len: 4 }));
    assert_eq!(PacketError::UnknownType(0x1b).to_string(), r"packet type '\x1b' is none of 0-6 and b");
}

#[test]
fn base64_is_padded_canonical_and_of_the_standard_alphabet() {
    for base64 in ["AQ", "AQ=", "AR==", "AQ ID", "AQID\n", "-_-_", "AQ==AQ==", "=", "é"] {
        let refused = PacketError::InvalidBase64 { len: base64.len() };
        assert_eq!(PayloadPacket::decode_text(&format!("b{base64}")), Err(refused), "{base64}");
    }
}

#[test]
fn binary_is_base64_wherever_text_is_written() {
    let mut out = b"4x\x1e".to_vec();
    Packet::Binary(&[1, 2, 3, 4]).encode_text(&mut out);
    assert_eq!(out, b"4x\x1ebAQIDBA==");
}

#[test]
fn a_body_that_is_not_utf8_is_refused_whole() {
    assert_eq!(decode_payload(b"4ok\x1e4\xff").err(), Some(PayloadError::InvalidUtf8 { len: 6 }));
    assert_eq!(decode_payload(b"4\xed\xa0\x80").err(), Some(PayloadError::InvalidUtf8 { len: 4 }));
}

#[test]
fn splitting_stops_at_the_first_bad_packet() {
    let mut packets = decode_payload(b"4a\x1eabc\x1e4b").unwrap();
    assert_eq!(packets.next(), Some(Ok(PayloadPacket::Text(Packet::Message("a")))));
    assert_eq!(packets.next(), Some(Err(PayloadError::Packet(PacketError::UnknownType(b'a')))));
    assert_eq!(packets.next(), None);
}

#[test]
fn a_body_of_separators_ends_at_its_first_packet() {
    let body = vec![SEPARATOR; 999_999];
    let mut packets = decode_payload(&body).unwrap();
    assert_eq!(packets.next(), Some(Err(PayloadError::Packet(PacketError::Empty))));
    assert_eq!(packets.next(), None);
}

#[test]
fn a_payload_holds_16384_packets_and_no_more() {
    for count in [MAX_PAYLOAD_PACKETS - 1, MAX_PAYLOAD_PACKETS, MAX_PAYLOAD_PACKETS + 1, 500_000] {
        let body = vec!["3"; count].join("\x1e");
        let decoded: Vec<_> = decode_payload(body.as_bytes()).unwrap().collect();
        let good = decoded.iter().filter(|packet| packet.is_ok()).count();
        assert_eq!(good, count.min(MAX_PAYLOAD_PACKETS));
        let limit = PayloadError::TooManyPackets { limit: MAX_PAYLOAD_PACKETS };
        assert_eq!(decoded.get(good).cloned(), (count > MAX_PAYLOAD_PACKETS).then_some(Err(limit)));
        assert!(decoded.len() <= MAX_PAYLOAD_PACKETS + 1);
    }
}

#[test]
fn the_encoder_fills_a_body_to_its_limit_and_not_beyond() {
    let mut body = PayloadEncoder::new(10);
    body.push_text(b"4abcd");
    assert!(body.fits_text(3) && body.fits_text(4));
    assert!(!body.fits_text(5));
    body.push_text(b"4xyz");
    assert_eq!(body.len(), 10);
    assert!(!body.fits_text(0));
    assert_eq!(body.finish(), b"4abcd\x1e4xyz");
}

#[test]
fn binary_is_counted_in_its_base64_form() {
    let mut body = PayloadEncoder::new(9);
    body.push_text(b"4a");
    assert!(body.fits_binary(2) && body.fits_binary(3)); // b + 4 characters
    assert!(!body.fits_binary(4)); // b + 8
    body.push_binary(&[0xff; 3]);
    assert_eq!(body.finish(), b"4a\x1eb////");
}

#[test]
fn one_packet_above_the_limit_goes_alone() {
    let mut body = PayloadEncoder::new(4);
    assert!(body.is_empty() && body.fits_text(1_000) && body.fits_binary(1_000));
    body.push_text(b"4longer than that");
    assert!(!body.is_empty() && !body.fits_text(0) && !body.fits_binary(0));
}

#[test]
fn the_encoder_puts_no_more_packets_in_a_body_than_the_decoder_takes() {
    let mut body = PayloadEncoder::new(usize::MAX);
    for _ in 0..MAX_PAYLOAD_PACKETS - 1 {
        body.push_text(b"6");
    }
    assert!(body.fits_text(1));
    body.push_text(b"6");
    assert!(!body.fits_text(1) && !body.fits_binary(0));
    assert!(decode_payload(&body.finish()).unwrap().all(|packet| packet.is_ok()));
}

#[test]
fn random_bodies_are_decoded_or_refused_without_a_panic() {
    let mut random = Random::new(7);
    let alphabet = b"0123456b4\x1e=+/Aaz{}\"\xc3\xa9\xff\x00";
    let mut good = 0;
    for _ in 0..20_000 {
        let len = random.below(24);
        let body: Vec<u8> =
            (0..len).map(|_| alphabet[random.below(alphabet.len() as u64) as usize]).collect();
        let Ok(packets) = decode_payload(&body) else { continue };
        for packet in packets.flatten() {
            let mut text = Vec::new();
            packet.as_packet().encode_text(&mut text);
            let text = String::from_utf8(text).unwrap();
            assert_eq!(PayloadPacket::decode_text(&text), Ok(packet));
            good += 1;
        }
    }
    assert!(good > 1_000, "{good}");
}

#[test]
fn every_binary_length_survives_a_payload() {
    let mut random = Random::new(3);
    for len in 0..200 {
        let data: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
        let mut body = PayloadEncoder::new(usize::MAX);
        assert!(body.fits_binary(len));
        body.push_binary(&data);
        let body = body.finish();
        assert_eq!(decode_payload(&body).unwrap().collect::<Vec<_>>(), [Ok(PayloadPacket::Binary(data))]);
    }
}

#[test]
fn a_client_takes_open_packets_of_other_servers() {
    let json = r#"{"extra":[1,{"x":null}],"pingTimeout":5000,"pingInterval":1000,"sid":"7f3e-4a\u0062.~="}"#;
    let open = OwnedOpen::decode(json).unwrap();
    assert_eq!(open.sid(), "7f3e-4ab.~=");
    assert_eq!((open.upgrades.as_slice(), open.max_payload_bytes), (&[][..], None));
    let json =
        r#"{"sid":"a","upgrades":["webtransport","websocket","websocket"],"pingInterval":1,"pingTimeout":1}"#;
    assert_eq!(OwnedOpen::decode(json).unwrap().upgrades, [Transport::WebSocket]);
}

#[test]
fn a_client_refuses_an_open_packet_it_cannot_work_with() {
    let invalid = |json: &str| matches!(OwnedOpen::decode(json), Err(OpenError::InvalidJson { .. }));
    for json in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"sid":"a","pingInterval":1}"#,
        r#"{"sid":7,"pingInterval":1,"pingTimeout":1}"#,
        r#"{"sid":"a","pingInterval":-1,"pingTimeout":1}"#,
        r#"{"sid":"a","pingInterval":1,"pingTimeout":1,"upgrades":"websocket"}"#,
        r#"{"sid":"a","pingInterval":1,"pingTimeout":1}x"#,
    ] {
        assert!(invalid(json), "{json}");
    }
    let nested = format!("{{\"x\":{}", "[".repeat(10_000));
    assert!(invalid(&nested));
}

#[test]
fn a_sid_is_1_to_256_visible_ascii_characters() {
    let open =
        |sid: &str| OwnedOpen::decode(&format!("{{\"sid\":\"{sid}\",\"pingInterval\":1,\"pingTimeout\":1}}"));
    for len in [1, 255, 256] {
        assert!(open(&"a".repeat(len)).is_ok(), "{len}");
    }
    for len in [0, 257] {
        assert_eq!(open(&"a".repeat(len)), Err(OpenError::InvalidSid { len, limit: 256 }));
    }
    for sid in ["a b", "a\\r\\nX: y", "é", "\\u0000"] {
        assert!(matches!(open(sid), Err(OpenError::InvalidSid { .. })), "{sid}");
    }
}

#[test]
fn an_open_packet_has_at_most_16384_bytes() {
    let json = |len: usize| {
        let bare = r#"{"sid":"a","pingInterval":1,"pingTimeout":1,"x":""}"#;
        bare.replace(r#""x":"""#, &format!("\"x\":\"{}\"", "y".repeat(len - bare.len())))
    };
    for len in [16_383, 16_384] {
        assert!(OwnedOpen::decode(&json(len)).is_ok(), "{len}");
    }
    let refused = OpenError::TooLong { len: 16_385, limit: 16_384 };
    assert_eq!(OwnedOpen::decode(&json(16_385)), Err(refused));
}

#[test]
fn a_sid_is_never_printed() {
    let open = OwnedOpen::decode(r#"{"sid":"topsecret","pingInterval":1,"pingTimeout":1}"#).unwrap();
    assert!(!format!("{open:?}").contains("topsecret"));
    let refused = OwnedOpen::decode(r#"{"sid":"a","pingInterval":"topsecret","pingTimeout":1}"#).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("topsecret"));
}

#[test]
fn close_reasons_are_the_official_words() {
    let words = [
        (CloseReason::TransportError, "transport error"),
        (CloseReason::TransportClose, "transport close"),
        (CloseReason::ForcedClose, "forced close"),
        (CloseReason::PingTimeout, "ping timeout"),
        (CloseReason::ParseError, "parse error"),
        (CloseReason::SlowConsumer, "slow consumer"),
        (CloseReason::InboxOverflow, "inbox overflow"),
        (CloseReason::ServerShuttingDown, "server shutting down"),
    ];
    for (reason, word) in words {
        assert_eq!(reason.to_string(), word);
    }
}

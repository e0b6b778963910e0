//! Engine.IO 4: packets, payloads, queries and open packets. What decodes encodes to the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye_proto::engine::{
    Accepts, Method, OwnedOpen, Packet, PayloadEncoder, PayloadPacket, Query, Transport, classify,
    decode_payload,
};

fuzz_target!(|data: &[u8]| {
    if let Some(packets) = packets_of(data) {
        let mut encoder = PayloadEncoder::new(usize::MAX);
        for packet in &packets {
            match packet {
                PayloadPacket::Binary(data) => encoder.push_binary(data),
                PayloadPacket::Text(packet) => {
                    let mut text = Vec::new();
                    packet.encode_text(&mut text);
                    encoder.push_text(&text);
                }
            }
        }
        let again = encoder.finish();
        assert_eq!(packets_of(&again), Some(packets));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Packet::decode_text(text);
    let _ = OwnedOpen::decode(text);
    let query = Query::parse(text);
    for method in [Method::Get, Method::Post, Method::Options, Method::Other] {
        for upgrade in [false, true] {
            for accepts in [Accepts::V4, Accepts::V3AndV4] {
                let _ =
                    classify(method, &query, upgrade, &[Transport::Polling, Transport::WebSocket], accepts);
            }
        }
    }
});

/// The packets of a payload, if all of them are some.
fn packets_of(body: &[u8]) -> Option<Vec<PayloadPacket<'_>>> {
    decode_payload(body).ok()?.collect::<Result<_, _>>().ok()
}

//! Engine.IO 3: packets and both encodings of a payload. Reading always comes to an end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye_proto::engine::v3;

fuzz_target!(|data: &[u8]| {
    let mut packets = 0;
    for packet in v3::decode_payload(data) {
        packets += 1;
        assert!(packets <= v3::MAX_PAYLOAD_PACKETS + 1);
        if packet.is_err() {
            break;
        }
    }
    let mut at = 0;
    while let Ok(Some((_, next))) = v3::decode_packet(data, at) {
        assert!(next > at && next <= data.len());
        at = next;
    }
    let _ = v3::decode_binary(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = v3::decode_text(text);
    }
});

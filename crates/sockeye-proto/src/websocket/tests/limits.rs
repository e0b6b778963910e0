//! Every limit at one less, exactly, and one more; and what is held meanwhile.

use super::{Link, client_frame, unhex};
use crate::websocket::decoder::Decoder;
use crate::websocket::{FrameError, Role};
use serde_json::json;

#[test]
fn an_idle_decoder_is_24_bytes() {
    assert!(size_of::<Decoder>() <= 24);
}

#[test]
fn a_message_may_be_as_long_as_the_limit() {
    for limit in [0_usize, 1, 125, 126, 65_535, 65_536, 1_000_000] {
        for len in [limit.saturating_sub(1), limit, limit + 1] {
            let mut link = Link::new(Role::Server, limit);
            link.feed(&client_frame(0x82, &vec![0; len]));
            let refused = FrameError::MessageTooBig { len: len as u64, limit };
            assert_eq!(link.error, (len > limit).then_some(refused), "{len} of {limit}");
            assert_eq!(link.messages.len(), usize::from(len <= limit), "{len} of {limit}");
        }
    }
}

#[test]
fn fragments_together_may_be_as_long_as_the_limit() {
    let limit = 1000;
    for last in [399, 400, 401] {
        let mut link = Link::new(Role::Server, limit);
        link.feed(&client_frame(0x02, &[0; 600]));
        link.feed(&client_frame(0x00, &[]));
        link.feed(&client_frame(0x80, &vec![0; last]));
        let refused = FrameError::MessageTooBig { len: 600 + last as u64, limit };
        assert_eq!(link.error, (last > 400).then_some(refused), "{last}");
    }
}

#[test]
fn a_message_too_big_is_refused_by_its_header_alone() {
    for header in ["82fe 03e9", "82ff 00000000000003e9", "82ff 00000000ffffffff", "82ff 7fffffffffffffff"] {
        let mut link = Link::new(Role::Server, 1000);
        assert!(
            matches!(link.feed(&unhex(header)).error, Some(FrameError::MessageTooBig { .. })),
            "{header}"
        );
        assert!(link.decoder.held().is_none(), "{header} allocated");
    }
}

#[test]
fn an_announced_length_reserves_nothing() {
    let mut link = Link::server();
    // 1 000 000 bytes are announced, for a whole message and then for a fragment.
    for announced in ["82ff 00000000000f4240 00000000", "02ff 00000000000f4240 00000000"] {
        link.buffer.clear();
        link.feed(&unhex(announced));
        assert_eq!((link.missing, link.error), (1_000_000, None));
        assert!(link.decoder.held().is_none());
    }
}

#[test]
fn a_limit_of_all_bytes_does_not_overflow() {
    let mut link = Link::new(Role::Server, usize::MAX);
    link.feed(&client_frame(0x02, b"x")).feed(&unhex("80ff 7fffffffffffffff 00000000"));
    assert_eq!(link.error, None);
    assert_eq!(link.missing, (1 << 63) - 1);
}

#[test]
fn a_message_may_have_16384_fragments_or_one_per_64_bytes_of_the_limit() {
    for (limit, most) in [(10, 16_384), (1_000_000, 16_384), (16 << 20, (16 << 20) / 64 + 1)] {
        for count in [most - 1, most, most + 1] {
            let mut link = Link::new(Role::Server, limit);
            let mut bytes = client_frame(0x01, &[]);
            bytes.extend(client_frame(0x00, &[]).repeat(count - 2));
            bytes.extend(client_frame(0x80, b"end"));
            link.feed(&bytes);
            if count <= most {
                assert_eq!(link.outcome(), (&[json!({ "text": "end" })][..], None), "{count} of {most}");
            } else {
                assert_eq!(link.error, Some(FrameError::TooManyFragments { limit: most }));
                assert_eq!(link.error.map(|error| error.close_code().as_u16()), Some(1009));
            }
        }
    }
}

#[test]
fn fragments_are_counted_per_message() {
    let mut link = Link::server();
    let mut message = client_frame(0x02, &[]);
    message.extend(client_frame(0x00, &[]).repeat(16_382));
    message.extend(client_frame(0x80, &[]));
    link.feed(&message).feed(&message);
    assert_eq!(link.outcome(), (&[json!({ "binary": "" }), json!({ "binary": "" })][..], None));
}

#[test]
fn pings_between_fragments_are_not_fragments() {
    let mut link = Link::server();
    link.feed(&client_frame(0x02, b"a"));
    link.feed(&client_frame(0x89, &[]).repeat(20_000));
    link.feed(&client_frame(0x80, b"b"));
    assert_eq!((link.messages.len(), link.error), (20_001, None));
}

#[test]
fn fragments_are_kept_in_one_buffer_that_grows_by_what_arrives() {
    let mut link = Link::server();
    link.feed(&client_frame(0x01, b"a"));
    for held in 2..=10_000 {
        link.feed(&client_frame(0x00, b"b"));
        let (len, capacity) = link.decoder.held().unwrap();
        assert_eq!(len, held);
        assert!(capacity <= 2 * held.max(8), "{capacity} bytes for {held}");
    }
}

#[test]
fn the_buffer_is_gone_when_the_message_has_been_read() {
    let mut link = Link::server();
    link.feed(&client_frame(0x02, &[1; 5000]));
    assert!(link.decoder.held().is_some());
    link.feed(&client_frame(0x80, &[2; 5000]));
    assert_eq!(link.messages.len(), 1);
    assert!(link.decoder.held().is_none());
}

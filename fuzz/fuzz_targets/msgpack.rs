//! MessagePack packets at a server. What was accepted is sent on in the same form, and accepted again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye_fuzz::{check_args, limits};
use sockeye_proto::socket::{Message, MsgpackParser, MuxLimits, ServerEvent, ServerMux, encode_event};

fuzz_target!(|data: &[u8]| {
    let mut mux = joined(limits());
    let Ok(event) = mux.handle_binary(data) else { return };
    let ServerEvent::Event { event, .. } = event else { return };
    check_args(&event.name, &event.args);
    let Ok(encoded) = encode_event("/", &event.name, None, event.args.clone(), 0) else {
        return;
    };
    let messages = encoded.into_messages(0, &MsgpackParser);
    let Ok([Message::Binary(again)]) = messages.as_deref() else { return };
    // A number may be spelt longer than it came.
    let mut other = joined(MuxLimits { max_packet_bytes: usize::MAX, ..limits() });
    let ServerEvent::Event { event: echoed, .. } = other.handle_binary(again).expect("our own packet") else {
        panic!("an event became something else");
    };
    assert_eq!((&echoed.name, echoed.args.len()), (&event.name, event.args.len()));
});

fn joined(limits: MuxLimits) -> ServerMux<()> {
    let mut mux = ServerMux::with_parser(limits, &MsgpackParser);
    // {"type":0,"nsp":"/"}
    let _ = mux.handle_binary(b"\x82\xa4type\x00\xa3nsp\xa1/");
    let _ = mux.accept("/", ());
    mux
}

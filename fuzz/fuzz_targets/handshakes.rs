//! The opening handshake of a WebSocket, extensions included, at both ends.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sockeye_proto::websocket::{ClientHandshake, DeflateClient, DeflateServer, UpgradeRequest};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    upgrade: Option<&'a [u8]>,
    connection: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
    flags: u8,
    extensions: &'a [u8],
    response: &'a [u8],
    step: u8,
}

fuzz_target!(|input: Input<'_>| {
    let request = UpgradeRequest {
        get: input.flags & 1 != 0,
        http11: input.flags & 2 != 0,
        host: input.flags & 4 != 0,
        upgrade: input.upgrade,
        connection: input.connection,
        version: input.version,
        key: input.key,
        has_body: input.flags & 8 != 0,
    };
    let _ = request.accept();
    let _ = DeflateServer::default().accept(input.extensions);
    let _ = DeflateClient::default().judge(input.extensions);
    let mut client = ClientHandshake::new([7; 16]);
    let step = usize::from(input.step) + 1;
    for end in (step..=input.response.len()).step_by(step) {
        if !matches!(client.handle_input(&input.response[..end]), Ok(None)) {
            break;
        }
    }
});

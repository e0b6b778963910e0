//! What the targets share: messages of a peer, and a check that what was read can be said again.

use sockeye_proto::socket::{Args, ArgsBuf, MuxLimits, encode_event};

/// Limits that a fuzzer meets often.
pub fn limits() -> MuxLimits {
    MuxLimits { max_attachments: 3, max_namespaces: 4, max_failures: 4, max_packet_bytes: 4096 }
}

/// One message of a peer.
#[derive(arbitrary::Arbitrary, Clone, Debug)]
pub enum Sent {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// Messages from plain bytes, for inputs that are texts: a line each, and one that begins with `#` is binary.
pub fn lines(data: &[u8]) -> impl Iterator<Item = Sent> + '_ {
    data.split(|&byte| byte == b'\n').filter_map(|line| match line.split_first() {
        Some((b'#', rest)) => Some(Sent::Binary(rest.to_vec())),
        _ => std::str::from_utf8(line).ok().map(|text| Sent::Text(text.to_owned())),
    })
}

/// Arguments that were accepted decode as JSON, and survive being sent on.
pub fn check_args(name: &str, args: &Args<'_>) {
    let values: Vec<serde_json::Value> =
        (0..args.len()).map_while(|index| args.decode::<serde_json::Value>(index).ok()).collect();
    let owned: ArgsBuf = args.to_owned_args();
    assert_eq!(owned.as_args().len(), args.len());
    if let Ok(encoded) = encode_event("/", name, Some(7), args.clone(), 0) {
        assert!(encoded.text.starts_with(b"4"));
        assert!(std::str::from_utf8(&encoded.text).is_ok());
    }
    drop(values);
}

//! Packets as `notepack.io` writes them, what is refused, the limits, and that nothing that arrives can do harm.

use super::decode;
use super::*;
use crate::socket::tests::Random;
use crate::socket::{
    Args, ClientEvent, ClientMux, MAX_DEPTH, PacketType, ServerEvent, ServerMux, encode_ack,
    encode_connect_error, encode_disconnect, encode_event,
};
use serde_json::{Value, json};

/// What `require("notepack.io").encode` made of the packets of the official client.
const CONNECT: &str = "84a47479706500a464617461d40000a36e7370a12fa76f7074696f6e7381a8636f6d7072657373c3";
const EVENT: &str = "85a47479706502a464617461dc0013a16501ffccc8d1ff38ce00011170d2fffeee90cf0000000200000000d3fffffffe0000\
    0000cb3ff8000000000000cb7ff8000000000000d92878787878787878787878787878787878787878787878787878787878\
    787878787878787878787878c0c3d4000082a161d40000a16290d7000000000000000000c4020102c7010003a36e7370a12f\
    a76f7074696f6e7381a8636f6d7072657373c3a2696407";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn mux() -> ServerMux<()> {
    let mut mux = ServerMux::with_parser(MuxLimits::default(), &MsgpackParser);
    assert!(matches!(
        mux.handle_binary(&bytes(CONNECT)),
        Ok(ServerEvent::Connect { namespace: "/", auth: None, .. })
    ));
    mux.accept("/", ()).unwrap();
    mux
}

/// An event `e` with one argument, given as it stands in the message.
fn event(argument: &[u8]) -> Vec<u8> {
    [b"\x83\xa4type\x02\xa4data\x92\xa1e", argument, b"\xa3nsp\xa1/"].concat()
}

/// The JSON text of that argument, as the mux hands it out.
fn argument(json: &[u8]) -> Result<String, MuxError> {
    match mux().handle_binary(&event(json))? {
        ServerEvent::Event { event, .. } => Ok(event.args.get(0).unwrap().to_owned()),
        other => panic!("{other:?}"),
    }
}

/// The one message of what was encoded.
fn message(encoded: crate::socket::Encoded) -> Vec<u8> {
    match encoded.into_messages(0, &MsgpackParser).unwrap().as_slice() {
        [Message::Binary(data)] => data.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_of_the_official_client_is_read() {
    let mut mux = mux();
    let message = bytes(EVENT);
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_binary(&message) else { panic!() };
    assert_eq!((&*event.name, event.ack_id), ("e", Some(7)));
    let all: Vec<_> = (0..event.args.len()).map(|index| event.args.get(index).unwrap()).collect();
    let text = format!("\"{}\"", "x".repeat(40));
    let expected = [
        "1",
        "-1",
        "200",
        "-200",
        "70000",
        "-70000",
        "8589934592",
        "-8589934592",
        "1.5",
        "null",
        &text,
        "null",
        "true",
        "null",
        r#"{"b":[]}"#,
        r#""1970-01-01T00:00:00.000Z""#,
        r#"{"_placeholder":true,"num":0}"#,
        r#"{"_placeholder":true,"num":1}"#,
    ];
    assert_eq!(all, expected);
    assert_eq!(event.args.attachments(), [&[1, 2][..], &[3]]);
}

#[test]
fn packets_are_written_as_the_official_encoder_writes_them() {
    let sid = crate::SocketId::from_entropy([0; 15]);
    let connected = message(crate::socket::encode_connect("/", &sid, None, 0));
    assert_eq!(connected, b"\x83\xa4type\x00\xa4data\x81\xa3sid\xb4AAAAAAAAAAAAAAAAAAAA\xa3nsp\xa1/");
    assert_eq!(message(encode_disconnect("/n", 0)), bytes("82a47479706501a36e7370a22f6e"));
    let refused = encode_connect_error("/", "no", None::<&()>, 0).unwrap();
    assert_eq!(message(refused), bytes("83a47479706504a46461746181a76d657373616765a26e6fa36e7370a12f"));
    let ack = encode_ack("/", 300, (Bytes::from_static(&[9]), "x"), 0).unwrap();
    assert_eq!(message(ack), b"\x84\xa4type\x03\xa4data\x92\xc4\x01\x09\xa1x\xa3nsp\xa1/\xa2id\xcd\x01\x2c");
}

#[test]
fn numbers_keep_their_value_and_take_the_shortest_form() {
    for (number, form) in [
        ("0", "00"),
        ("127", "7f"),
        ("128", "cc80"),
        ("255", "ccff"),
        ("256", "cd0100"),
        ("65536", "ce00010000"),
        ("4294967296", "cf0000000100000000"),
        ("18446744073709551615", "cfffffffffffffffff"),
        ("-1", "ff"),
        ("-32", "e0"),
        ("-33", "d0df"),
        ("-129", "d1ff7f"),
        ("-32769", "d2ffff7fff"),
        ("-2147483649", "d3ffffffff7fffffff"),
        ("-9223372036854775808", "d38000000000000000"),
        ("1.5", "cb3ff8000000000000"),
        ("-0.0", "cb8000000000000000"),
    ] {
        let raw = serde_json::value::RawValue::from_string(number.to_owned()).unwrap();
        let sent = message(encode_event("/", "e", None, &raw, 0).unwrap());
        assert_eq!(sent, event(&bytes(form)), "{number}");
        assert_eq!(argument(&bytes(form)).as_deref(), Ok(number));
    }
    // Beyond 64 bits there is only the nearest that JavaScript has, too.
    let sent = message(encode_event("/", "e", None, &(1_u128 << 100), 0).unwrap());
    assert_eq!(sent, event(&bytes("cb4630000000000000")));
}

#[test]
fn lengths_take_the_shortest_form() {
    let head = |value: Value| message(encode_event("/", "e", None, &value, 0).unwrap())[15..].to_vec();
    let map = |len| Value::Object((0..len).map(|key| (format!("{key}"), Value::Null)).collect());
    for (value, form) in [
        (json!("x".repeat(31)), "bf"),
        (json!("x".repeat(32)), "d920"),
        (json!("x".repeat(256)), "da0100"),
        (json!("x".repeat(65536)), "db00010000"),
        (json!(vec![0; 15]), "9f"),
        (json!(vec![0; 16]), "dc0010"),
        (json!(vec![0; 65536]), "dd00010000"),
        (map(15), "8f"),
        (map(16), "de0010"),
        (map(65536), "df00010000"),
    ] {
        assert!(head(value).starts_with(&bytes(form)), "{form}");
    }
    for (len, form) in [(255, "c4ff"), (256, "c50100"), (65536, "c600010000")] {
        let sent = message(encode_event("/", "e", None, &Bytes::from(vec![7; len]), 0).unwrap());
        assert_eq!(sent, event(&[bytes(form), vec![7; len]].concat()));
    }
}

#[test]
fn what_json_has_no_word_for_becomes_what_stringify_makes_of_it() {
    for (form, json) in [
        ("cb7ff0000000000000", "null"),
        ("d7007fffffffffffffff", "null"),
        ("d70000000000000003e8", r#""1970-01-01T00:00:01.000Z""#),
        ("92d4000001", "[null,1]"),
        ("82a161d40000a16201", r#"{"b":1}"#),
        ("8301a17802c3c0ff", r#"{"1":"x","2":true,"null":-1}"#),
        ("ca3f800000", "1.0"),
        ("d405aa", r#"[5,{"_placeholder":true,"num":0}]"#),
        ("d6ff00000001", r#"[-1,{"_placeholder":true,"num":0}]"#),
        ("c70200abcd", r#"{"_placeholder":true,"num":0}"#),
        ("a3efbfbd", r#""�""#),
    ] {
        assert_eq!(argument(&bytes(form)).as_deref(), Ok(json), "{form}");
    }
}

#[test]
fn a_packet_that_the_official_decoder_refuses_ends_the_connection() {
    let packet = |members: &[&[u8]]| [&[0x80 | members.len() as u8][..], &members.concat()].concat();
    let (nsp, args): (&[u8], &[u8]) = (b"\xa3nsp\xa1/", b"\xa4data\x91\xa1e");
    let of_type = |kind: u8| [b"\xa4type".as_slice(), &[kind]].concat();
    let read = |members: &[&[u8]]| decode::packet(&packet(members), 10).map(|packet| packet.packet_type);
    assert_eq!(read(&[&of_type(2), args, nsp]), Ok(PacketType::Event));
    assert_eq!(read(&[args, nsp, b"\xa4type\xcb\x40\x00\0\0\0\0\0\0"]), Ok(PacketType::Event));
    for members in [
        vec![&of_type(5)[..], args, nsp],
        vec![&of_type(0xff)[..], args, nsp],
        vec![&of_type(0xc0)[..], args, nsp],
        vec![args, nsp],
        vec![&of_type(2)[..], args],
        vec![&of_type(2)[..], args, b"\xa3nsp\x01"],
        vec![&of_type(2)[..], nsp],
        vec![&of_type(2)[..], b"\xa4data\x80", nsp],
        vec![&of_type(2)[..], b"\xa4data\xc0", nsp],
        vec![&of_type(3)[..], b"\xa4data\xa1x", nsp],
        vec![&of_type(0)[..], b"\xa4data\x90", nsp],
        vec![&of_type(0)[..], b"\xa4data\xc0", nsp],
        vec![&of_type(1)[..], b"\xa4data\xc0", nsp],
        vec![&of_type(4)[..], nsp],
        vec![&of_type(2)[..], args, nsp, b"\xa2id\xc0"],
        vec![&of_type(2)[..], args, nsp, b"\xa2id\xa17"],
        vec![&of_type(2)[..], args, nsp, b"\xa2id\xcb\x3f\xf8\0\0\0\0\0\0"],
        vec![&of_type(2)[..], args, nsp, b"\xa2id\xff"],
    ] {
        assert!(read(&members).is_err(), "{members:?}");
    }
    for (hex, reason) in [
        ("", "msgpack: the message ends within a value"),
        ("93010203", "msgpack: no map"),
        ("80", "msgpack: no namespace"),
        ("8000", "msgpack: bytes behind the packet"),
        ("81c1c0", "msgpack: the marker c1, which nothing has"),
        ("81a1ffc0", "msgpack: text that is not UTF-8"),
        ("8190c0", "msgpack: a member whose name is no string"),
    ] {
        let refused = decode::packet(&bytes(hex), 10);
        let packet_type = MuxError::Parser("msgpack: the type is none of 0 to 4".to_owned());
        let expected = if hex == "80" { packet_type } else { MuxError::Parser(reason.to_owned()) };
        assert_eq!(refused, Err(expected), "{hex}");
    }
    assert!(mux().handle_text("2[\"e\"]").is_err());
}

#[test]
fn a_reserved_event_is_refused_where_the_official_decoder_lets_it_through() {
    let faked = b"\x83\xa4type\x02\xa4data\x91\xaadisconnect\xa3nsp\xa1/";
    assert_eq!(mux().handle_binary(faked).err(), Some(MuxError::Reserved { name: "disconnect" }));
    let nameless = b"\x83\xa4type\x02\xa4data\x90\xa3nsp\xa1/";
    assert_eq!(
        mux().handle_binary(nameless).err(),
        Some(MuxError::BadPayload { packet_type: PacketType::Event })
    );
}

#[test]
fn a_namespace_that_the_default_form_cannot_name_is_refused() {
    for name in ["", "admin", "/a,b", "/a?b"] {
        let packet = [&b"\x82\xa4type\x00\xa3nsp"[..], &[0xa0 | name.len() as u8], name.as_bytes()].concat();
        let mut mux = ServerMux::<()>::with_parser(MuxLimits::default(), &MsgpackParser);
        assert_eq!(mux.handle_binary(&packet).err(), Some(MuxError::BadNamespace { namespace: name.into() }));
    }
    for (len, taken) in [(254, true), (255, true), (256, false)] {
        let name = format!("/{}", "n".repeat(len - 1));
        let head =
            [&b"\x82\xa4type\x00\xa3nsp\xda"[..], &(len as u16).to_be_bytes(), name.as_bytes()].concat();
        let mut mux = ServerMux::<()>::with_parser(MuxLimits::default(), &MsgpackParser);
        assert_eq!(mux.handle_binary(&head).is_ok(), taken, "{len}");
    }
}

#[test]
fn depth_is_limited_as_in_the_default_form() {
    // The array of the packet is the first level.
    for (levels, taken) in [(MAX_DEPTH - 2, true), (MAX_DEPTH - 1, true), (MAX_DEPTH, false)] {
        for marker in [&b"\x91"[..], b"\x81\xa1k"] {
            let nested = [&marker.repeat(levels), &b"\x01"[..]].concat();
            let expected = if taken { Ok(()) } else { Err(MuxError::TooDeep { limit: MAX_DEPTH }) };
            assert_eq!(argument(&nested).map(drop), expected, "{levels}");
        }
    }
    assert_eq!(argument(&b"\x91".repeat(900_000)).err(), Some(ended()));
}

fn ended() -> MuxError {
    MuxError::Parser("msgpack: the message ends within a value".to_owned())
}

#[test]
fn attachments_are_limited_both_ways() {
    for limit in [0, 1, 10, 64] {
        let limits = MuxLimits { max_attachments: limit, ..MuxLimits::default() };
        for count in limit.saturating_sub(1)..=limit + 1 {
            let mut mux = ServerMux::with_parser(limits, &MsgpackParser);
            mux.handle_binary(&bytes(CONNECT)).unwrap();
            mux.accept("/", ()).unwrap();
            let argument = [&[0xdc, 0, count as u8][..], &b"\xc4\x01\x07".repeat(count)].concat();
            let read = mux.handle_binary(&event(&argument)).map(drop);
            let refused = || MuxError::TooManyAttachments { count: limit + 1, limit };
            assert_eq!(read, if count <= limit { Ok(()) } else { Err(refused()) }, "{count} of {limit}");

            let parts = vec![Bytes::from_static(b"x"); count];
            let room = crate::socket::Room::from(0).max_attachments(limit);
            let written = encode_event("/", "e", None, &parts, room).map(drop);
            let refused = || EncodeError::TooManyAttachments { count, limit };
            assert_eq!(written, if count <= limit { Ok(()) } else { Err(refused()) }, "{count} of {limit}");
        }
    }
}

#[test]
fn a_message_is_limited_in_size() {
    let limits = MuxLimits { max_packet_bytes: 100, ..MuxLimits::default() };
    for (len, taken) in [(99, true), (100, true), (101, false)] {
        let mut mux = ServerMux::with_parser(limits, &MsgpackParser);
        mux.handle_binary(&bytes(CONNECT)).unwrap();
        mux.accept("/", ()).unwrap();
        let text = vec![b'x'; len - event(b"\xd9\x00").len()];
        let packet = event(&[&[0xd9, text.len() as u8], text.as_slice()].concat());
        assert_eq!(packet.len(), len);
        let expected =
            if taken { Ok(()) } else { Err(MuxError::PacketTooLarge { size_bytes: 101, limit: 100 }) };
        assert_eq!(mux.handle_binary(&packet).map(drop), expected);
    }
}

#[test]
fn a_length_that_was_only_announced_costs_nothing() {
    for head in
        ["dbffffffff", "c6ffffffff", "c9ffffffff00", "ddffffffff", "dfffffffff", "ddffffffff01", "da00ff41"]
    {
        assert_eq!(decode::packet(&event(&bytes(head)), 10).err(), Some(ended()), "{head}");
    }
    // As many containers as bytes, each announcing four thousand million more.
    let nested = b"\xdd\xff\xff\xff\xff".repeat(100_000);
    assert_eq!(decode::packet(&event(&nested), 10).err(), Some(ended()));
    assert_eq!(decode::packet(&bytes("dfffffffff"), 10).err(), Some(ended()));
}

#[test]
fn a_message_expands_to_six_times_its_size_at_most() {
    for unit in ["c2", "c0", "d4000000", "a101", "ca00800001", "cb0010000000000001", "d30000000000000000"] {
        let unit = bytes(unit);
        let count = 60_000 / unit.len();
        let array = [&[0xdd][..], &(count as u32).to_be_bytes(), &unit.repeat(count)].concat();
        let Ok(packet) = decode::packet(&event(&array), 10) else { continue };
        assert!(packet.payload.len() <= 6 * event(&array).len(), "{unit:x?}");
    }
}

#[test]
fn data_that_looks_like_a_placeholder_is_data_unless_bytes_are_beside_it() {
    let fake = b"\x82\xac_placeholder\xc3\xa3num\x00";
    assert_eq!(argument(fake).as_deref(), Ok(r#"{"_placeholder":true,"num":0}"#));
    let beside = [b"\x92\xc4\x01\x07", fake.as_slice()].concat();
    assert!(matches!(argument(&beside), Err(MuxError::BadPlaceholder { .. })));
}

#[test]
fn relayed_arguments_leave_as_they_came_whatever_order_their_placeholders_have() {
    let message = bytes(EVENT);
    let mut mux = mux();
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_binary(&message) else { panic!() };
    let args: Args<'_> = event.args;
    let relayed = self::message(encode_event("/", "e", Some(7), &args, 0).unwrap());
    let again = decode::packet(&relayed, 10).unwrap();
    assert_eq!(again.attachments, [&[1, 2][..], &[3]]);

    let odd = crate::socket::Encoded {
        text: br#"452-["e",{ "num" : 1, "\u005fplaceholder":true },[{"num":0,"_placeholder":true}]]"#
            .to_vec(),
        attachments: vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")],
    };
    let sent = self::message(odd);
    assert_eq!(sent, b"\x83\xa4type\x02\xa4data\x93\xa1e\xc4\x01b\x91\xc4\x01a\xa3nsp\xa1/");
}

#[test]
fn auth_holds_bytes_as_numbers() {
    let connect = b"\x83\xa4type\x00\xa4data\x81\xa3key\xc4\x02\x01\xff\xa3nsp\xa1/";
    let mut mux = ServerMux::<()>::with_parser(MuxLimits::default(), &MsgpackParser);
    let Ok(ServerEvent::Connect { auth, .. }) = mux.handle_binary(connect) else { panic!() };
    assert_eq!(auth, Some(r#"{"key":[1,255]}"#));
}

#[test]
fn both_ends_understand_each_other() {
    let mut client = ClientMux::with_parser(MuxLimits::default(), &MsgpackParser);
    let mut server = ServerMux::with_parser(MuxLimits::default(), &MsgpackParser);
    let request = message(client.connect("/n", (), Some(&json!({"token": 1})), 0).unwrap());
    let Ok(ServerEvent::Connect { namespace: "/n", auth, .. }) = server.handle_binary(&request) else {
        panic!()
    };
    assert_eq!(auth, Some(r#"{"token":1}"#));
    server.accept("/n", ()).unwrap();
    let sid = crate::SocketId::from_entropy([0; 15]);
    let granted = message(crate::socket::encode_connect("/n", &sid, None, 0));
    assert!(matches!(client.handle_binary(&granted), Ok(ClientEvent::Connected { .. })));

    let mut random = Random::new(11);
    for round in 0..500 {
        let json = random.json(4);
        let raw = serde_json::value::RawValue::from_string(json.clone()).unwrap();
        let args = (raw, Bytes::from(vec![7; round % 40]));
        let sent = message(encode_event("/n", "e", Some(round as u64), args, 0).unwrap());
        let received = server.handle_binary(&sent);
        if json.contains("_placeholder") && received.is_err() {
            server = ServerMux::with_parser(MuxLimits::default(), &MsgpackParser);
            server.handle_binary(&request).unwrap();
            server.accept("/n", ()).unwrap();
            continue;
        }
        let Ok(ServerEvent::Event { event, .. }) = received else { panic!("{json}") };
        let oracle: Value =
            serde_json::from_str(&crate::socket::json::text::repair_surrogates(&json)).unwrap();
        assert_eq!(event.args.decode::<Value>(0).unwrap(), oracle, "{json}");
        assert_eq!(event.args.decode::<Bytes>(1).unwrap(), vec![7; round % 40]);
    }
}

#[test]
fn garbage_is_an_error_or_a_packet_and_never_more() {
    let mut random = Random::new(5);
    let seeds = [bytes(EVENT), bytes(CONNECT), event(b"\x93\x01\xa1x\xc4\x01\x07")];
    for round in 0..20_000_usize {
        let mut message = seeds[round % seeds.len()].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(message.len() as u64) as usize;
            match random.below(3) {
                0 => message[at] = random.below(256) as u8,
                1 => message.truncate(at.max(1)),
                _ => message.insert(at, random.below(256) as u8),
            }
        }
        // Positions and text are checked again by the mux; here only that it holds.
        let _ = mux().handle_binary(&message);
    }
}

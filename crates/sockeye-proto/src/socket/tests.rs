//! The protocol as a whole: the vectors that every client of ours reads too, both ends facing each other,
//! and hostile or random input.

use super::*;
use bytes::Bytes;
use serde_json::{Value, json};

/// A xorshift generator: the same values on every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound.max(1)
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// A JSON text with every production of the grammar.
    pub(super) fn json(&mut self, depth: u64) -> String {
        let strings = [
            r#""""#,
            r#""a""#,
            r#""\n\"\\""#,
            r#""\ud83d\ude00""#,
            r#""\ud800""#,
            r#""é😀""#,
            r#""_placeholder""#,
        ];
        let scalars = [
            "0",
            "-1",
            "1.5e-3",
            "12E+2",
            "true",
            "false",
            "null",
            r#""a longer string, of some 40 bytes, plain""#,
        ];
        match self.below(if depth == 0 { 2 } else { 5 }) {
            0 => self.pick(&strings).to_owned(),
            1 => self.pick(&scalars).to_owned(),
            2 => {
                let members: Vec<_> = (0..self.below(4))
                    .map(|_| format!("{}: {}", self.pick(&strings), self.json(depth - 1)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            _ => {
                let elements: Vec<_> = (0..self.below(4)).map(|_| self.json(depth - 1)).collect();
                format!("[{}]", elements.join(" , "))
            }
        }
    }

    /// A value with bytes in it, of which there are at most `bytes`.
    fn value(&mut self, depth: u64, bytes: &mut u64) -> Tree {
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 => Tree::Number(self.next() as i64),
            1 => Tree::Text(
                self.pick(&["", "plain", "qu\"ote", "\u{1}\n", "é😀", "_placeholder", "num"]).to_owned(),
            ),
            2 | 3 if *bytes > 0 => {
                *bytes -= 1;
                let len = self.below(20);
                Tree::Bytes((0..len).map(|_| self.next() as u8).collect())
            }
            4 => Tree::Map(
                (0..self.below(4))
                    .map(|n| {
                        (format!("{}{n}", self.pick(&["", "num", "a\"b"])), self.value(depth - 1, bytes))
                    })
                    .collect(),
            ),
            5 => Tree::List((0..self.below(4)).map(|_| self.value(depth - 1, bytes)).collect()),
            6 => Tree::Maybe(Some(Box::new(self.value(depth - 1, bytes)))),
            _ => Tree::Maybe(None),
        }
    }
}

/// User data of every shape that has bytes in it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Tree {
    Number(i64),
    Text(String),
    Bytes(Bytes),
    Map(std::collections::BTreeMap<String, Tree>),
    List(Vec<Tree>),
    Maybe(Option<Box<Tree>>),
}

fn joined(limits: MuxLimits) -> ServerMux<&'static str> {
    let mut mux = ServerMux::new(limits);
    assert!(matches!(mux.handle_text("0"), Ok(ServerEvent::Connect { namespace: "/", auth: None, .. })));
    mux.accept("/", "main").unwrap();
    assert!(matches!(
        mux.handle_text("0/admin,"),
        Ok(ServerEvent::Connect { namespace: "/admin", auth: None, .. })
    ));
    mux.accept("/admin", "admin").unwrap();
    mux
}

/// One message of a transcript.
enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

/// Plays frames to a server that has joined `/` and `/admin`; the error that ends it, or `None`.
fn play(frames: &[Frame]) -> Option<MuxError> {
    let mut mux = joined(MuxLimits::default());
    frames.iter().find_map(|frame| match frame {
        Frame::Text(text) => mux.handle_text(text).err(),
        Frame::Binary(data) => mux.handle_binary(data).err(),
    })
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../conformance/vectors/socket.json")).unwrap()
}

fn unhex(hex: &Value) -> Bytes {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// The arguments as the vectors spell them: an attachment is `{"$bytes":"<hex>"}`.
fn spelled(args: &Args<'_>) -> Vec<Value> {
    fn replace(value: &mut Value, attachments: &[Bytes]) {
        match value {
            Value::Object(members)
                if members.get("_placeholder") == Some(&json!(true)) && !attachments.is_empty() =>
            {
                let num = members["num"].as_u64().unwrap() as usize;
                let hex: String = attachments[num].iter().map(|byte| format!("{byte:02x}")).collect();
                *value = json!({"$bytes": hex});
            }
            Value::Object(members) => members.values_mut().for_each(|value| replace(value, attachments)),
            Value::Array(elements) => elements.iter_mut().for_each(|value| replace(value, attachments)),
            _ => {}
        }
    }
    let mut values = args.decode_all::<Vec<Value>>().unwrap();
    values.iter_mut().for_each(|value| replace(value, args.attachments()));
    values
}

/// What a packet says, as the vectors spell it.
fn spell_server(event: &ServerEvent<'_, &str>) -> Value {
    let id = |id: &Option<u64>| id.map_or(Value::Null, Value::from);
    match event {
        ServerEvent::Connect { namespace, auth, .. } => {
            let auth: Value = auth.map_or(Value::Null, |auth| serde_json::from_str(auth).unwrap());
            json!({"type": "connect", "nsp": namespace, "data": auth})
        }
        ServerEvent::Event { socket, event } => {
            let mut data = vec![json!(event.name)];
            data.extend(spelled(&event.args));
            json!({"type": "event", "nsp": namespace_of(socket), "id": id(&event.ack_id), "data": data})
        }
        ServerEvent::Ack { socket, id, args } => {
            json!({"type": "ack", "nsp": namespace_of(socket), "id": id, "data": spelled(args)})
        }
        ServerEvent::Disconnect { namespace, .. } => json!({"type": "disconnect", "nsp": namespace}),
        ServerEvent::Nothing => Value::Null,
    }
}

fn namespace_of(socket: &str) -> &'static str {
    if socket == "main" { "/" } else { "/admin" }
}

#[test]
fn the_server_reads_every_vector_as_it_is_written() {
    let vectors = vectors();
    let packets = vectors["packets"].as_array().unwrap();
    for packet in packets {
        let name = packet["name"].as_str().unwrap();
        let (text, decoded) = (packet["text"].as_str().unwrap(), &packet["decoded"]);
        if decoded["type"] == "connect_error" {
            continue;
        }
        let mut mux = joined(MuxLimits::default());
        if decoded["type"] == "connect" {
            let left = mux.remove(decoded["nsp"].as_str().unwrap());
            assert!(left.is_some(), "{name}: the vectors use / and /admin only");
        }
        let attachments: Vec<_> = packet["attachments"].as_array().unwrap().iter().map(unhex).collect();
        let seen = match attachments.split_last() {
            None => spell_server(&mux.handle_text(text).unwrap()),
            Some((last, first)) => {
                assert!(matches!(mux.handle_text(text), Ok(ServerEvent::Nothing)), "{name}");
                for attachment in first {
                    assert!(matches!(mux.handle_binary(attachment), Ok(ServerEvent::Nothing)), "{name}");
                }
                spell_server(&mux.handle_binary(last).unwrap())
            }
        };
        let seen = seen.as_object().unwrap_or_else(|| panic!("{name}: nothing was read"));
        for (member, value) in decoded.as_object().unwrap() {
            assert_eq!(&seen[member], value, "{name}: {member}");
        }
    }
    assert!(packets.len() >= 30);
}

#[test]
fn the_client_reads_every_vector_that_a_server_may_send() {
    let vectors = vectors();
    for packet in vectors["packets"].as_array().unwrap() {
        let name = packet["name"].as_str().unwrap();
        let (text, decoded) = (packet["text"].as_str().unwrap(), &packet["decoded"]);
        let mut mux = ClientMux::new(MuxLimits::default());
        for (namespace, socket) in [("/", "main"), ("/admin", "admin")] {
            mux.connect(namespace, socket, None::<&()>, 0).unwrap();
        }
        let mut seen = spell_client(&mux.handle_text(text).unwrap());
        for attachment in packet["attachments"].as_array().unwrap() {
            seen = spell_client(&mux.handle_binary(&unhex(attachment)).unwrap());
        }
        let Some(seen) = seen.as_object() else { panic!("{name}: nothing was read") };
        for (member, value) in decoded.as_object().unwrap() {
            // A CONNECT without a sid is what clients send; to a client it is a refusal.
            let expected = match (decoded["type"].as_str(), seen["type"].as_str(), member.as_str()) {
                (Some("connect"), Some("connect_error"), "type") => continue,
                (Some("connect"), _, "data") => continue,
                _ => value,
            };
            assert_eq!(&seen[member], expected, "{name}: {member}");
        }
    }
}

fn spell_client(event: &ClientEvent<'_, &str>) -> Value {
    match event {
        ClientEvent::Connected { namespace, .. } => json!({"type": "connect", "nsp": namespace}),
        ClientEvent::ConnectError { namespace, message, data, .. } => {
            let mut refusal = json!({"message": message});
            if let Some(data) = data {
                refusal["data"] = serde_json::from_str(data).unwrap();
            }
            json!({"type": "connect_error", "nsp": namespace, "data": refusal})
        }
        ClientEvent::Disconnected { namespace, .. } => json!({"type": "disconnect", "nsp": namespace}),
        ClientEvent::Event { socket, event } => {
            spell_server(&ServerEvent::Event { socket, event: event.clone() })
        }
        ClientEvent::Ack { socket, id, args } => {
            spell_server(&ServerEvent::Ack { socket, id: *id, args: args.clone() })
        }
        ClientEvent::Nothing => Value::Null,
    }
}

#[test]
fn every_invalid_vector_is_refused_at_its_last_frame() {
    let vectors = vectors();
    let invalid = vectors["invalid"].as_array().unwrap();
    for case in invalid {
        let name = case["name"].as_str().unwrap();
        let frame = |frame: &Value| match &frame["hex"] {
            Value::Null => Frame::Text(frame["text"].as_str().unwrap().to_owned()),
            hex => Frame::Binary(unhex(hex).to_vec()),
        };
        let frames: Vec<_> = case["frames"].as_array().unwrap().iter().map(frame).collect();
        let (_, earlier) = frames.split_last().unwrap();
        assert_eq!(play(earlier), None, "{name}");
        let error = play(&frames).unwrap_or_else(|| panic!("{name}: accepted"));
        assert!(error.is_parse_error(), "{name}: {error}");
    }
    assert!(invalid.len() >= 40);
}

fn text(text: impl Into<String>) -> Frame {
    Frame::Text(text.into())
}

#[test]
fn what_has_brought_others_down_is_refused() {
    let deep = format!("2[\"message\",{}{}]", "[".repeat(5_000), "]".repeat(5_000));
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let amplified = format!("51-[\"message\",[{}]]", [placeholder; 2_000].join(","));
    for (name, frames, expected) in [
        ("5000 levels", vec![text(deep)], MuxError::TooDeep { limit: 128 }),
        (
            "no attachments announced",
            vec![text("50-[\"message\",\"x\"]")],
            MuxError::Header(DecodeError::BadAttachmentCount),
        ),
        (
            "more announced than any limit",
            vec![text("5999999999-[\"message\",\"x\"]")],
            MuxError::TooManyAttachments { count: 999_999_999, limit: 10 },
        ),
        (
            "more announced than a number holds",
            vec![text(format!("5{}-[\"message\",\"x\"]", "9".repeat(400)))],
            MuxError::Header(DecodeError::BadAttachmentCount),
        ),
        ("2000 places for one attachment", vec![text(amplified)], MuxError::BadPlaceholder { at: 42 }),
        (
            "a method for an index",
            vec![text(r#"51-["hello",{"_placeholder":true,"num":"splice"}]"#)],
            MuxError::BadPlaceholder { at: 9 },
        ),
        (
            "an object for a name",
            vec![text(r#"2[{"toString":"foo"}]"#)],
            MuxError::BadPayload { packet_type: PacketType::Event },
        ),
        (
            "an array for a name",
            vec![text(r#"2[["startsWith"]]"#)],
            MuxError::BadPayload { packet_type: PacketType::Event },
        ),
        (
            "an ack id of 900000 digits",
            vec![text(format!("2{}[\"a\"]", "1".repeat(900_000)))],
            MuxError::Header(DecodeError::AckIdTooLong { limit: 19 }),
        ),
        ("a stray binary", vec![Frame::Binary(vec![0; 900])], MuxError::UnexpectedBinary { size_bytes: 900 }),
        (
            "one binary too many",
            vec![text(format!("51-[\"a\",{placeholder}]")), Frame::Binary(vec![1]), Frame::Binary(vec![2])],
            MuxError::UnexpectedBinary { size_bytes: 1 },
        ),
        (
            "text where an attachment is due",
            vec![text(format!("51-[\"a\",{placeholder}]")), text("2[\"b\"]")],
            MuxError::AttachmentsAwaited { missing: 1 },
        ),
    ] {
        assert_eq!(play(&frames), Some(expected), "{name}");
    }
}

#[test]
fn a_binary_event_before_connect_is_refused_before_any_attachment() {
    let mut mux = ServerMux::<()>::new(MuxLimits::default());
    let header = r#"52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let refused = MuxError::NotJoined { namespace: "/".into(), packet_type: PacketType::BinaryEvent };
    assert_eq!(mux.handle_text(header).unwrap_err(), refused);
    assert_eq!(mux.handle_binary(&[0; 900]).unwrap_err(), MuxError::UnexpectedBinary { size_bytes: 900 });
}

#[test]
fn an_event_called_error_is_an_event_like_others() {
    let mut mux = joined(MuxLimits::default());
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_text(r#"2["error","x"]"#) else { panic!() };
    assert_eq!((&*event.name, event.args.get(0)), ("error", Some("\"x\"")));
}

#[test]
fn lone_surrogates_are_delivered_as_replacement_characters() {
    let mut mux = joined(MuxLimits::default());
    let message = r#"2["message","\ud800",[1],"\ud83d\ude00"]"#;
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_text(message) else { panic!() };
    let all = event.args.decode_all::<(String, Vec<u8>, String)>();
    assert_eq!(all, Ok(("\u{fffd}".into(), vec![1], "\u{1f600}".into())));

    mux.handle_text(r#"51-["a\udc00",{"_placeholder":true,"num":0},"\ud800"]"#).unwrap();
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_binary(b"x") else { panic!() };
    assert_eq!(event.name, "a\u{fffd}");
    assert_eq!(event.args.decode_all::<(Bytes, String)>(), Ok((Bytes::from_static(b"x"), "\u{fffd}".into())));
}

#[test]
fn a_name_is_a_string_with_its_escapes_resolved_or_a_number_in_decimal() {
    let mut mux = joined(MuxLimits::default());
    for (json, expected) in [
        (r#""plain""#, "plain"),
        (r#""""#, ""),
        (r#""a\"\u00e9\ud83d\ude00""#, "a\"é😀"),
        ("0", "0"),
        ("42", "42"),
        ("-7", "-7"),
        ("-0", "0"),
        ("1.0", "1"),
        ("1.50", "1.5"),
        ("1e3", "1000"),
        ("9007199254740993", "9007199254740992"),
    ] {
        let packet = format!("2[{json},1]");
        let Ok(ServerEvent::Event { event, .. }) = mux.handle_text(&packet) else { panic!("{json}") };
        assert_eq!(event.name, expected);
        assert_eq!(event.args.len(), 1);
    }
    for (json, name) in [(r#""connect""#, "connect"), (r#""\u0063onnect""#, "connect")] {
        assert_eq!(mux.handle_text(&format!("2[{json}]")).unwrap_err(), MuxError::Reserved { name });
    }
}

#[test]
fn an_event_without_payload_reaches_nobody() {
    let mut mux = joined(MuxLimits::default());
    for packet in ["2", "2/admin,", "27"] {
        assert!(matches!(mux.handle_text(packet), Ok(ServerEvent::Nothing)), "{packet}");
    }
}

#[test]
fn an_event_outlives_its_message_in_one_copy() {
    let mut mux = joined(MuxLimits::default());
    let packet = r#"27["na\tme", 1,"two" , [3],{"four":4},5,6]"#;
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_text(packet) else { panic!() };
    let owned = event.to_owned_event();
    let kept = owned.as_event();
    assert_eq!((&*kept.name, kept.ack_id, kept.args.len()), ("na\tme", Some(7), 6));
    for index in 0..7 {
        assert_eq!(kept.args.get(index), event.args.get(index));
    }
    let again = kept.to_owned_event();
    assert_eq!(again.as_event().args.get(3), Some("{\"four\":4}"));

    let Ok(ServerEvent::Event { event, .. }) = mux.handle_text("2[\"bare\"]") else { panic!() };
    let bare = event.to_owned_event();
    assert_eq!((&*bare.as_event().name, bare.as_event().args.len()), ("bare", 0));
    assert!(bare.size_bytes() >= size_of::<EventBuf>() + 4);

    mux.handle_text(r#"51-["b",{"_placeholder":true,"num":0}]"#).unwrap();
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_binary(&[7; 1_000]) else { panic!() };
    let owned = event.to_owned_event();
    assert_eq!(owned.as_event().args.decode::<Bytes>(0), Ok(Bytes::from(vec![7; 1_000])));
    assert!(owned.size_bytes() > bare.size_bytes() + 1_000);
}

#[test]
fn the_size_of_a_waiting_event_counts_its_argument_table() {
    let mut mux = joined(MuxLimits::default());
    let packet = format!("2[\"many\"{}]", ",1".repeat(1_000));
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_text(&packet) else { panic!() };
    assert!(event.to_owned_event().size_bytes() > 1_000 * (2 + 8));
}

#[test]
fn what_one_end_sends_the_other_receives() {
    let mut random = Random::new(0xfee1600d);
    let mut server = joined(MuxLimits { max_packet_bytes: 1 << 20, ..MuxLimits::default() });
    let mut client = ClientMux::new(MuxLimits { max_packet_bytes: 1 << 20, ..MuxLimits::default() });
    for (namespace, socket) in [("/", "main"), ("/admin", "admin")] {
        client.connect(namespace, socket, None::<&()>, 0).unwrap();
    }
    let mut binary = 0;
    for round in 0..3_000_u64 {
        let mut budget = 10;
        let sent = (random.value(4, &mut budget), round, random.value(2, &mut budget));
        let namespace = random.pick(&["/", "/admin"]);
        let name = random.pick(&["e", "chat message", "\"", "é"]);
        let ack_id = (round % 3 == 0).then_some(round);
        let packet = encode_event(namespace, name, ack_id, (&sent.0, &sent.1, &sent.2), 2).unwrap();
        let text = std::str::from_utf8(&packet.text[3..]).unwrap();
        binary += u32::from(!packet.attachments.is_empty());

        let check = |event: &Event<'_>, socket: &str| {
            assert_eq!((&*event.name, event.ack_id, namespace_of(socket)), (name, ack_id, namespace));
            assert_eq!(event.args.decode_all::<(Tree, u64, Tree)>().as_ref(), Ok(&sent), "{text}");
            assert_eq!(event.args.decode::<Tree>(0).as_ref(), Ok(&sent.0));
        };
        let mut seen = 0;
        if let ServerEvent::Event { socket, event } = server.handle_text(text).unwrap() {
            check(&event, socket);
            seen += 1;
        }
        if let ClientEvent::Event { socket, event } = client.handle_text(text).unwrap() {
            check(&event, socket);
            seen += 1;
        }
        for attachment in &packet.attachments {
            if let ServerEvent::Event { socket, event } = server.handle_binary(attachment).unwrap() {
                check(&event, socket);
                seen += 1;
            }
            if let ClientEvent::Event { socket, event } = client.handle_binary(attachment).unwrap() {
                check(&event, socket);
                seen += 1;
            }
        }
        assert_eq!(seen, 2, "{text}");
    }
    assert!(binary > 1_000, "{binary} of the packets were binary");
}

#[test]
fn random_messages_never_panic_and_never_pass_for_more_than_they_are() {
    let mut random = Random::new(0xdeadbeef);
    let seeds = [
        "0{\"token\":1}",
        "0/admin,",
        "1/admin,",
        "2[\"a\",1]",
        "27[\"a\"]",
        "31[]",
        "4{\"message\":\"m\"}",
        "51-[\"a\",{\"_placeholder\":true,\"num\":0}]",
        "61-3[{\"_placeholder\":true,\"num\":0}]",
        "2[\"\\ud800\"]",
    ];
    let alphabet = "0123456789-/,?[]{}\":\\utruefalsn .e\u{e9}\u{0}";
    let letters: Vec<char> = alphabet.chars().collect();
    let mut mux = joined(MuxLimits::default());
    let mut client = ClientMux::new(MuxLimits::default());
    client.connect("/", "main", None::<&()>, 0).unwrap();
    let (mut good, mut bad) = (0, 0);
    for _ in 0..60_000 {
        let mut message: Vec<char> = random.pick(&seeds).chars().collect();
        for _ in 0..random.below(4) {
            let at = random.below(message.len() as u64 + 1) as usize;
            let letter = letters[random.below(letters.len() as u64) as usize];
            match random.below(3) {
                0 => message.insert(at, letter),
                1 if at < message.len() => message[at] = letter,
                _ => message.truncate(at.max(1)),
            }
        }
        let message: String = message.into_iter().collect();
        let mut outcomes = vec![mux.handle_text(&message).map(|event| {
            if let ServerEvent::Event { event, .. } = event {
                let copy = event.to_owned_event();
                assert_eq!(copy.as_event().args.len(), event.args.len());
                let _ = event.args.decode_all::<Vec<Value>>();
            }
        })];
        outcomes.push(client.handle_text(&message).map(drop));
        if random.below(2) == 0 {
            outcomes.push(mux.handle_binary(message.as_bytes()).map(drop));
            outcomes.push(client.handle_binary(message.as_bytes()).map(drop));
        }
        for outcome in outcomes {
            match outcome {
                Ok(()) => good += 1,
                Err(error) => {
                    bad += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
        if random.below(4) == 0 {
            mux = joined(MuxLimits::default());
            client = ClientMux::new(MuxLimits::default());
            client.connect("/", "main", None::<&()>, 0).unwrap();
        }
    }
    assert!(good > 10_000 && bad > 10_000, "{good} good, {bad} bad");
}

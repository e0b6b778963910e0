//! Joining, leaving and refusing namespaces on both ends, and every limit at one below, at, and one above.

use crate::socket::*;
use bytes::Bytes;
use serde_json::json;

fn server() -> ServerMux<u32> {
    ServerMux::new(MuxLimits::default())
}

/// What an event is, without its borrowed parts.
fn kind<S: std::fmt::Debug>(outcome: &Result<ServerEvent<'_, S>, MuxError>) -> String {
    match outcome {
        Ok(ServerEvent::Connect { namespace, auth, .. }) => format!("connect {namespace} {auth:?}"),
        Ok(ServerEvent::Event { socket, event }) => format!("event {socket:?} {}", event.name),
        Ok(ServerEvent::Ack { socket, id, args }) => format!("ack {socket:?} {id} of {}", args.len()),
        Ok(ServerEvent::Disconnect { namespace, socket }) => format!("disconnect {namespace} {socket:?}"),
        Ok(ServerEvent::Nothing) => "nothing".into(),
        Err(error) => format!("error: {error}"),
    }
}

fn not_joined(namespace: &str, packet_type: PacketType) -> MuxError {
    MuxError::NotJoined { namespace: namespace.into(), packet_type }
}

#[test]
fn a_namespace_is_asked_for_accepted_used_and_left() {
    let mut mux = server();
    assert_eq!(kind(&mux.handle_text("0/a,{\"k\":1}")), "connect /a Some(\"{\\\"k\\\":1}\")");
    assert!(!mux.is_joined("/a"));
    assert_eq!(mux.accept("/a", 1), Ok(()));
    assert_eq!(kind(&mux.handle_text("0")), "connect / None");
    assert_eq!(mux.accept("/", 2), Ok(()));
    assert_eq!(kind(&mux.handle_text("2/a,[\"x\"]")), "event 1 x");
    assert_eq!(kind(&mux.handle_text("2[\"y\"]")), "event 2 y");
    assert_eq!(kind(&mux.handle_text("3/a,5[1,2]")), "ack 1 5 of 2");
    assert_eq!(mux.sockets().collect::<Vec<_>>(), [("/a", &1), ("/", &2)]);
    assert_eq!((mux.joined(), mux.socket("/"), mux.socket("/b")), (2, Some(&2), None));
    assert_eq!(kind(&mux.handle_text("1/a,")), "disconnect /a 1");
    assert_eq!(mux.handle_text("2/a,[\"x\"]").unwrap_err(), not_joined("/a", PacketType::Event));
    assert_eq!(mux.into_sockets().collect::<Vec<_>>(), [("/".into(), 2)]);
}

#[test]
fn nothing_may_come_before_connect() {
    for (text, packet_type) in [
        ("2[\"a\"]", PacketType::Event),
        ("2", PacketType::Event),
        ("31[]", PacketType::Ack),
        ("1", PacketType::Disconnect),
        ("51-[\"a\",{\"_placeholder\":true,\"num\":0}]", PacketType::BinaryEvent),
        ("61-1[{\"_placeholder\":true,\"num\":0}]", PacketType::BinaryAck),
    ] {
        let refused = not_joined("/", packet_type);
        assert!(!refused.is_parse_error());
        assert_eq!(server().handle_text(text).unwrap_err(), refused, "{text}");
        let mut connecting = server();
        connecting.handle_text("0").unwrap();
        if packet_type != PacketType::Disconnect {
            assert_eq!(connecting.handle_text(text).unwrap_err(), refused, "{text} while connecting");
        }
    }
}

#[test]
fn a_second_connect_is_refused_whether_the_first_is_answered_or_not() {
    let refused = MuxError::DuplicateConnect { namespace: "/slow".into() };
    let mut mux = server();
    mux.handle_text("0/slow,").unwrap();
    assert_eq!(mux.handle_text("0/slow,").unwrap_err(), refused);

    let mut mux = server();
    mux.handle_text("0/slow,").unwrap();
    mux.accept("/slow", 1).unwrap();
    assert_eq!(mux.handle_text("0/slow,{}").unwrap_err(), refused);
    assert!(!refused.is_parse_error());
}

#[test]
fn an_abandoned_connect_is_not_accepted() {
    let mut mux = server();
    mux.handle_text("0").unwrap();
    assert_eq!(kind(&mux.handle_text("1")), "nothing");
    let refused = MuxError::DuplicateConnect { namespace: "/".into() };
    assert_eq!(mux.handle_text("0").unwrap_err(), refused);
    assert_eq!(mux.handle_text("1").unwrap_err(), not_joined("/", PacketType::Disconnect));
    assert_eq!(mux.accept("/", 1), Err(1));
    assert_eq!(mux.joined(), 0);
    assert_eq!(kind(&mux.handle_text("0")), "connect / None");
    assert_eq!(mux.accept("/", 2), Ok(()));
    assert_eq!(mux.accept("/", 3), Err(3));
    assert_eq!(mux.accept("/never", 4), Err(4));
}

#[test]
fn a_refused_namespace_may_be_asked_for_again() {
    let mut mux = server();
    mux.handle_text("0/no,").unwrap();
    assert_eq!(mux.refuse("/no"), Ok(()));
    assert_eq!(mux.handle_text("2/no,[\"a\"]").unwrap_err(), not_joined("/no", PacketType::Event));
    assert_eq!(kind(&mux.handle_text("0/no,")), "connect /no None");
}

#[test]
fn refusals_are_limited() {
    let mut mux = ServerMux::<u32>::new(MuxLimits { max_failures: 3, ..MuxLimits::default() });
    for attempt in 1..=4 {
        mux.handle_text("0/random,").unwrap();
        let expected = if attempt <= 3 { Ok(()) } else { Err(MuxError::TooManyFailures { limit: 3 }) };
        assert_eq!(mux.refuse("/random"), expected, "{attempt}");
    }
}

#[test]
fn namespaces_are_limited_whether_joined_or_being_joined() {
    let mut mux = ServerMux::new(MuxLimits { max_namespaces: 3, ..MuxLimits::default() });
    let beyond = MuxError::TooManyNamespaces { limit: 3 };
    for name in ["/1", "/2", "/3"] {
        mux.handle_text(&format!("0{name},")).unwrap();
    }
    assert_eq!(mux.handle_text("0/4,").unwrap_err(), beyond);
    mux.accept("/1", 1).unwrap();
    assert_eq!(mux.handle_text("0/4,").unwrap_err(), beyond);
    mux.refuse("/2").unwrap();
    mux.handle_text("0/4,").unwrap();
    assert_eq!(mux.handle_text("0/5,").unwrap_err(), beyond);
    mux.remove("/1").unwrap();
    mux.handle_text("0/5,").unwrap();
    assert_eq!(mux.handle_text("0/1,").unwrap_err(), beyond);
}

#[test]
fn a_namespace_has_a_name_of_limited_length() {
    for (len, accepted) in [(254, true), (255, true), (256, false), (100_000, false)] {
        let name = format!("/{}", "n".repeat(len - 1));
        let outcome = server().handle_text(&format!("0{name},")).map(drop);
        let expected =
            if accepted { Ok(()) } else { Err(MuxError::NamespaceTooLong { len_bytes: len, limit: 255 }) };
        assert_eq!(outcome, expected, "{len}");
    }
}

#[test]
fn what_a_disconnected_client_sent_before_it_knew_is_ignored() {
    let mut mux = server();
    mux.handle_text("0").unwrap();
    mux.accept("/", 1).unwrap();
    assert_eq!(mux.remove("/"), Some(1));
    assert_eq!(mux.remove("/"), None);
    assert_eq!(mux.joined(), 0);
    for text in ["2[\"a\"]", "31[]", "2"] {
        assert_eq!(kind(&mux.handle_text(text)), "nothing", "{text}");
    }
    assert_eq!(kind(&mux.handle_text(r#"51-["a",{"_placeholder":true,"num":0}]"#)), "nothing");
    assert_eq!(kind(&mux.handle_binary(b"x")), "nothing");
    assert_eq!(mux.handle_text("2[").unwrap_err(), MuxError::BadJson { at: 1 });
    assert_eq!(kind(&mux.handle_text("0")), "connect / None");
    mux.accept("/", 2).unwrap();
    assert_eq!(kind(&mux.handle_text("2[\"a\"]")), "event 2 a");
    mux.remove("/").unwrap();
    assert_eq!(kind(&mux.handle_text("1")), "nothing");
    assert_eq!(mux.handle_text("1").unwrap_err(), not_joined("/", PacketType::Disconnect));
}

#[test]
fn an_event_whose_socket_is_removed_while_it_arrives_is_dropped() {
    let mut mux = server();
    mux.handle_text("0").unwrap();
    mux.accept("/", 1).unwrap();
    mux.handle_text(r#"51-["a",{"_placeholder":true,"num":0}]"#).unwrap();
    mux.remove("/").unwrap();
    assert_eq!(kind(&mux.handle_binary(b"x")), "nothing");
}

#[test]
fn namespaces_that_the_server_left_are_remembered_up_to_a_limit() {
    let mut mux = ServerMux::new(MuxLimits { max_namespaces: 2, ..MuxLimits::default() });
    for name in ["/1", "/2", "/3"] {
        mux.handle_text(&format!("0{name},")).unwrap();
        mux.accept(name, 0).unwrap();
        mux.remove(name).unwrap();
    }
    assert_eq!(mux.handle_text("2/1,[\"a\"]").unwrap_err(), not_joined("/1", PacketType::Event));
    assert_eq!(kind(&mux.handle_text("2/2,[\"a\"]")), "nothing");
    assert_eq!(kind(&mux.handle_text("2/3,[\"a\"]")), "nothing");
}

#[test]
fn a_client_may_not_refuse_namespaces() {
    for text in ["4", "4{\"message\":\"no\"}", "4\"no\"", "4/unknown,"] {
        let refused = server().handle_text(text).unwrap_err();
        assert_eq!(refused, MuxError::UnexpectedConnectError, "{text}");
        assert!(!refused.is_parse_error());
    }
}

#[test]
fn payloads_have_the_shape_of_their_packet() {
    use PacketType::*;
    let mut mux = server();
    mux.handle_text("0").unwrap();
    mux.accept("/", 1).unwrap();
    for (text, packet_type) in [
        ("0[]", Connect),
        ("0null", Connect),
        ("0\"auth\"", Connect),
        ("01", Connect),
        ("1{}", Disconnect),
        ("1[]", Disconnect),
        ("2{}", Event),
        ("2[]", Event),
        ("2null", Event),
        ("2\"a\"", Event),
        ("2[null]", Event),
        ("2[true,1]", Event),
        ("2[[\"a\"]]", Event),
        ("2[{\"toString\":\"foo\"}]", Event),
        ("31{}", Ack),
        ("31null", Ack),
        ("4[]", ConnectError),
        ("4null", ConnectError),
    ] {
        // A bare number after the type is an ack id.
        if text == "01" {
            assert!(matches!(mux.handle_text(text), Err(MuxError::DuplicateConnect { .. })));
            continue;
        }
        let refused = mux.handle_text(text).unwrap_err();
        assert_eq!(refused, MuxError::BadPayload { packet_type }, "{text}");
        assert!(refused.is_parse_error());
    }
    for (text, packet_type) in [
        (r#"51-[{"_placeholder":true,"num":0}]"#, BinaryEvent),
        (r#"51-{"a":{"_placeholder":true,"num":0}}"#, BinaryEvent),
        (r#"61-1{"_placeholder":true,"num":0}"#, BinaryAck),
    ] {
        assert_eq!(mux.handle_text(text).unwrap_err(), MuxError::BadPayload { packet_type }, "{text}");
    }
}

#[test]
fn an_ack_without_id_or_payload_is_harmless() {
    let mut mux = server();
    mux.handle_text("0").unwrap();
    mux.accept("/", 1).unwrap();
    assert_eq!(kind(&mux.handle_text("3[1]")), "nothing");
    assert_eq!(kind(&mux.handle_text("37")), "ack 1 7 of 0");
    assert_eq!(kind(&mux.handle_text("37[]")), "ack 1 7 of 0");
}

#[test]
fn the_depth_limit_counts_the_array_of_the_packet() {
    let mut mux = server();
    for (levels, accepted) in [(126, true), (127, true), (128, false)] {
        let auth = format!("0/{levels},{{\"a\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        let outcome = mux.handle_text(&auth).map(|event| match event {
            ServerEvent::Connect { auth: Some(auth), .. } => {
                serde_json::from_str::<serde_json::Value>(auth).unwrap();
            }
            _ => panic!("no auth"),
        });
        assert_eq!(
            outcome,
            if accepted { Ok(()) } else { Err(MuxError::TooDeep { limit: 128 }) },
            "{levels}"
        );
    }
}

fn binary_event(attachments: usize) -> String {
    let places: String =
        (0..attachments).map(|num| format!(",{{\"_placeholder\":true,\"num\":{num}}}")).collect();
    format!("5{attachments}-[\"a\"{places}]")
}

#[test]
fn attachments_are_limited_in_number() {
    for (count, expected) in
        [(9, Ok(())), (10, Ok(())), (11, Err(MuxError::TooManyAttachments { count: 11, limit: 10 }))]
    {
        let mut mux = server();
        mux.handle_text("0").unwrap();
        mux.accept("/", 1).unwrap();
        assert_eq!(mux.handle_text(&binary_event(count)).map(drop), expected, "{count}");
    }
    let mut raised = ServerMux::new(MuxLimits { max_attachments: 100, ..MuxLimits::default() });
    raised.handle_text("0").unwrap();
    raised.accept("/", 1).unwrap();
    raised.handle_text(&binary_event(100)).unwrap();
    for _ in 0..99 {
        assert_eq!(kind(&raised.handle_binary(&[])), "nothing");
    }
    assert_eq!(kind(&raised.handle_binary(&[])), "event 1 a");
}

#[test]
fn a_packet_is_limited_in_size_with_all_its_attachments() {
    let limit = 200;
    let joined = || {
        let mut mux = ServerMux::new(MuxLimits { max_packet_bytes: limit, ..MuxLimits::default() });
        mux.handle_text("0").unwrap();
        mux.accept("/", 1).unwrap();
        mux
    };
    for size_bytes in [limit - 1, limit, limit + 1] {
        let expected =
            if size_bytes <= limit { Ok(()) } else { Err(MuxError::PacketTooLarge { size_bytes, limit }) };
        let text = format!("2[\"{}\"]", "x".repeat(size_bytes - 5));
        assert_eq!(joined().handle_text(&text).map(drop), expected, "text of {size_bytes}");

        let mut mux = joined();
        let header = binary_event(2);
        mux.handle_text(&header).unwrap();
        mux.handle_binary(&[0; 50]).unwrap();
        let rest = vec![0; size_bytes - header.len() - 50];
        assert_eq!(mux.handle_binary(&rest).map(drop), expected, "attachments up to {size_bytes}");
    }
}

#[test]
fn the_memory_of_a_binary_packet_can_be_freed_once_it_is_handed_out() {
    let mut mux = server();
    mux.handle_text("0").unwrap();
    mux.accept("/", 1).unwrap();
    mux.handle_text(&binary_event(1)).unwrap();
    // Not while it is open.
    mux.release();
    let Ok(ServerEvent::Event { event, .. }) = mux.handle_binary(b"x") else { panic!() };
    assert_eq!(event.args.attachments(), [Bytes::from_static(b"x")]);
    mux.release();
    assert_eq!(mux.handle_binary(b"x").unwrap_err(), MuxError::UnexpectedBinary { size_bytes: 1 });
    assert!(mux.handle_text("2[\"a\"]").is_ok());
}

#[test]
fn an_idle_connection_with_one_namespace_is_small() {
    assert!(size_of::<ServerMux<std::sync::Arc<()>>>() <= 96);
}

#[test]
fn errors_name_what_arrived_and_the_limit_but_never_raw_control_characters() {
    let refused = server().handle_text("2/a\n\u{1b}[0m,[\"x\"]").unwrap_err().to_string();
    assert_eq!(refused, "Event packet for namespace \"/a\\n\\u{1b}[0m\", never joined");
    assert_eq!(
        MuxError::PacketTooLarge { size_bytes: 1_000_001, limit: 1_000_000 }.to_string(),
        "packet of 1000001 bytes exceeds max_packet_bytes (1000000)"
    );
    assert_eq!(
        server().handle_text("\u{1}").unwrap_err().to_string(),
        "unknown packet type '\\x01', expected 0 to 6"
    );
}

fn client() -> ClientMux<u32> {
    ClientMux::new(MuxLimits::default())
}

const NO_AUTH: Option<&()> = None;

fn client_kind(outcome: &Result<ClientEvent<'_, u32>, MuxError>) -> String {
    match outcome {
        Ok(ClientEvent::Connected { namespace, socket, sid, pid }) => {
            format!("connected {namespace} {socket} {sid} {pid:?}")
        }
        Ok(ClientEvent::ConnectError { namespace, socket, message, data }) => {
            format!("refused {namespace} {socket} {message:?} {data:?}")
        }
        Ok(ClientEvent::Event { socket, event }) => format!("event {socket} {}", event.name),
        Ok(ClientEvent::Ack { socket, id, args }) => format!("ack {socket} {id} of {}", args.len()),
        Ok(ClientEvent::Disconnected { namespace, socket }) => format!("disconnected {namespace} {socket}"),
        Ok(ClientEvent::Nothing) => "nothing".into(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn a_client_asks_is_granted_and_is_disconnected() {
    let mut mux = client();
    let auth = json!({"token": 1});
    assert_eq!(mux.connect("/a", 1, Some(&auth), 0).unwrap().text, br#"40/a,{"token":1}"#);
    assert_eq!(mux.connect("/a", 2, NO_AUTH, 0), Err(ClientConnectError::InUse));
    assert!(!mux.is_connected("/a"));
    assert_eq!(client_kind(&mux.handle_text(r#"0/a,{"sid":"s","pid":"p"}"#)), "connected /a 1 s Some(\"p\")");
    assert!(mux.is_connected("/a"));
    assert_eq!(client_kind(&mux.handle_text(r#"0/a,{"sid":"s"}"#)), "nothing");
    assert_eq!(client_kind(&mux.handle_text("2/a,[\"x\"]")), "event 1 x");
    assert_eq!(client_kind(&mux.handle_text("3/a,0[]")), "ack 1 0 of 0");
    assert_eq!(client_kind(&mux.handle_text("1/a,")), "disconnected /a 1");
    assert_eq!(client_kind(&mux.handle_text("2/a,[\"x\"]")), "nothing");
    assert_eq!(client_kind(&mux.handle_text("1/a,")), "nothing");
}

#[test]
fn a_client_that_leaves_ignores_what_is_still_under_way() {
    let mut mux = client();
    mux.connect("/", 1, NO_AUTH, 0).unwrap();
    let (socket, packet) = mux.disconnect("/", 2).unwrap();
    assert_eq!((socket, packet.text.as_slice()), (1, &b"\0\x0041"[..]));
    assert!(mux.disconnect("/", 0).is_none());
    assert_eq!(client_kind(&mux.handle_text("2[\"x\"]")), "nothing");
    assert_eq!(client_kind(&mux.handle_text(&binary_event(1))), "nothing");
    assert_eq!(client_kind(&mux.handle_binary(b"x")), "nothing");
    assert_eq!(client_kind(&mux.handle_text("0{\"sid\":\"s\"}")), "nothing");
    assert_eq!(client_kind(&mux.handle_text("4{\"message\":\"m\"}")), "nothing");
}

#[test]
fn events_may_precede_the_consent_when_a_session_is_recovered() {
    let mut mux = client();
    mux.connect("/", 1, NO_AUTH, 0).unwrap();
    assert_eq!(client_kind(&mux.handle_text("2[\"missed\",\"offset\"]")), "event 1 missed");
    assert_eq!(client_kind(&mux.handle_text(r#"0{"sid":"s"}"#)), "connected / 1 s None");
}

#[test]
fn a_refusal_has_a_message_and_may_have_data() {
    for (payload, expected) in [
        (r#"{"message":"no"}"#, r#""no" None"#),
        (r#"{"message":"n\u00f6","data":{"code":[1]}}"#, r#""nö" Some("{\"code\":[1]}")"#),
        (r#"{"message":"no","data":null}"#, r#""no" None"#),
        (r#"{"message":7,"data":1}"#, r#""" None"#),
        (r#""Not authorized""#, r#""Not authorized" None"#),
        ("{}", r#""" None"#),
        ("", r#""" None"#),
    ] {
        let mut mux = client();
        mux.connect("/n", 1, NO_AUTH, 0).unwrap();
        let refused = client_kind(&mux.handle_text(&format!("4/n,{payload}")));
        assert_eq!(refused, format!("refused /n 1 {expected}"));
        assert!(mux.connect("/n", 1, NO_AUTH, 0).is_ok());
    }
}

#[test]
fn a_consent_without_a_sid_is_a_refusal() {
    for text in ["0", "0{}", "0{\"sid\":null}"] {
        let mut mux = client();
        mux.connect("/", 1, NO_AUTH, 0).unwrap();
        assert!(
            client_kind(&mux.handle_text(text)).starts_with("refused / 1 \"the server granted"),
            "{text}"
        );
    }
    let mut mux = client();
    mux.connect("/", 1, NO_AUTH, 0).unwrap();
    let refused = mux.handle_text("0{\"sid\":1}").unwrap_err();
    assert_eq!(refused, MuxError::BadPayload { packet_type: PacketType::Connect });
}

#[test]
fn ack_ids_count_from_zero_in_each_namespace() {
    let mut mux = client();
    mux.connect("/", 1, NO_AUTH, 0).unwrap();
    mux.connect("/a", 2, NO_AUTH, 0).unwrap();
    let ids: Vec<_> = ["/", "/", "/a", "/", "/a", "/b"].map(|namespace| mux.next_ack_id(namespace)).into();
    assert_eq!(ids, [Some(0), Some(1), Some(0), Some(2), Some(1), None]);
    assert_eq!(mux.sockets().collect::<Vec<_>>(), [("/", &1), ("/a", &2)]);
    assert_eq!((mux.socket("/a"), mux.socket("/b")), (Some(&2), None));
    assert_eq!(mux.into_sockets().collect::<Vec<_>>(), [("/".into(), 1), ("/a".into(), 2)]);
}

#[test]
fn a_connect_that_cannot_be_sent_changes_nothing() {
    let mut mux = ClientMux::new(MuxLimits { max_namespaces: 1, ..MuxLimits::default() });
    let refused = ClientConnectError::Encode(EncodeError::AuthNotAnObject);
    assert_eq!(mux.connect("/", 1, Some(&[1]), 0), Err(refused));
    assert!(mux.connect("/", 1, NO_AUTH, 0).is_ok());
    assert_eq!(mux.connect("/2", 1, NO_AUTH, 0), Err(ClientConnectError::TooManyNamespaces { limit: 1 }));
}

#[test]
fn a_client_refuses_what_no_server_may_send() {
    let mut mux = client();
    mux.connect("/", 1, NO_AUTH, 0).unwrap();
    for text in ["2[\"disconnect\"]", "2[", "9", &binary_event(11), "1{}", "2[{}]"] {
        assert!(mux.handle_text(text).unwrap_err().is_parse_error(), "{text}");
    }
    assert!(mux.handle_binary(b"x").unwrap_err().is_parse_error());
}

/// The text of a packet as the other end's mux takes it: without the Engine.IO type.
fn sent(packet: &Encoded) -> &str {
    std::str::from_utf8(&packet.text[1..]).unwrap()
}

#[test]
fn both_ends_hold_a_conversation() {
    let (mut server, mut client) = (server(), client());
    let request = client.connect("/chat", 1, Some(&json!({"user": "ann"})), 0).unwrap();
    assert_eq!(
        kind(&server.handle_text(sent(&request))),
        "connect /chat Some(\"{\\\"user\\\":\\\"ann\\\"}\")"
    );
    server.accept("/chat", 9).unwrap();
    let sid = crate::SocketId::from_entropy([7; 15]);
    let consent = encode_connect("/chat", &sid, None, 0);
    assert_eq!(client_kind(&client.handle_text(sent(&consent))), format!("connected /chat 1 {sid} None"));

    let id = client.next_ack_id("/chat").unwrap();
    let file = Bytes::from_static(b"\0\xff");
    let upload = encode_event("/chat", "upload", Some(id), ("photo", &file), 0).unwrap();
    assert_eq!(kind(&server.handle_text(sent(&upload))), "nothing");
    let Ok(ServerEvent::Event { event, .. }) = server.handle_binary(&upload.attachments[0]) else { panic!() };
    assert_eq!(event.args.decode_all::<(String, Bytes)>(), Ok(("photo".into(), file)));
    let answer = encode_ack("/chat", event.ack_id.unwrap(), event.args, 0).unwrap();
    assert_eq!(client_kind(&client.handle_text(sent(&answer))), "nothing");
    assert_eq!(client_kind(&client.handle_binary(&answer.attachments[0])), "ack 1 0 of 2");

    let (_, leave) = client.disconnect("/chat", 0).unwrap();
    assert_eq!(kind(&server.handle_text(sent(&leave))), "disconnect /chat 9");

    let request = client.connect("/none", 1, NO_AUTH, 0).unwrap();
    server.handle_text(sent(&request)).unwrap();
    server.refuse("/none").unwrap();
    let refusal = encode_connect_error("/none", "Invalid namespace", NO_AUTH, 0).unwrap();
    assert_eq!(
        client_kind(&client.handle_text(sent(&refusal))),
        "refused /none 1 \"Invalid namespace\" None"
    );
}

#[test]
fn a_client_waits_from_its_connect_to_the_answer_or_until_it_leaves() {
    let mut mux = ServerMux::new(MuxLimits::default());
    assert!(!mux.is_connecting("/"));
    mux.handle_text("0").unwrap();
    assert!(mux.is_connecting("/") && !mux.is_connecting("/other"));
    mux.accept("/", ()).unwrap();
    assert!(!mux.is_connecting("/"));
    mux.handle_text("0/other,").unwrap();
    mux.handle_text("1/other,").unwrap();
    assert!(!mux.is_connecting("/other"));
}

//! Packets of another form than the default one: MessagePack on both transports, and a parser of the user's own.

use crate::client::{Frame, Host, WEBSOCKET, Ws, echo_with};
use bytes::Bytes;
use sockeye::{
    Ack, Arguments, Auth, ConnectError, Data, Decoder, EmitError, EncodeError, Header, Message,
    MsgpackParser, MuxError, MuxLimits, PacketBuf, Parser, RawArguments, Server, Socket,
};
use tokio::sync::mpsc;

const CONNECT: &[u8] = b"\x83\xa4type\x00\xa4data\xd4\x00\x00\xa3nsp\xa1/";

/// A client in the main namespace that speaks MessagePack.
async fn joined(host: &Host) -> Ws {
    let mut ws = host.session().await;
    ws.send_binary(CONNECT).await;
    let reply = expect_binary(&mut ws).await;
    assert!(reply.starts_with(b"\x83\xa4type\x00\xa4data\x81\xa3sid\xb4"), "{reply:x?}");
    ws
}

async fn expect_binary(ws: &mut Ws) -> Vec<u8> {
    match ws.recv().await {
        Frame::Binary(data) => data,
        other => panic!("{other:?}"),
    }
}

fn event(members: u8, args: &[u8], behind: &[u8]) -> Vec<u8> {
    [&[0x80 | members], &b"\xa4type\x02\xa4data"[..], args, b"\xa3nsp\xa1/", behind].concat()
}

#[tokio::test]
async fn an_event_in_msgpack_reaches_a_typed_handler_and_comes_back() {
    let io = Server::builder().parser(MsgpackParser).build();
    io.on("sum", async |socket: Socket, Arguments((a, b, file)): Arguments<(u64, i64, Bytes)>| {
        socket.emit("sum", (a, b, file))
    });
    let host = Host::start(io).await;
    let mut ws = joined(&host).await;
    let numbers = b"\x94\xa3sum\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xd3\x80\0\0\0\0\0\0\0\xc4\x02\x01\x02";
    ws.send_binary(&event(3, numbers, b"")).await;
    assert_eq!(expect_binary(&mut ws).await, event(3, numbers, b""));
}

#[tokio::test]
async fn acks_broadcasts_and_disconnections_are_written_in_msgpack_too() {
    let io = Server::builder().parser(MsgpackParser).build();
    io.on("count", async |ack: Ack, args: RawArguments| ack.send(&args.as_args().len()));
    let (tell, mut answers) = mpsc::unbounded_channel();
    io.on("leave", async move |io: Server, socket: Socket| {
        io.emit("bye", ())?;
        let answer: String = socket.emit_with_ack("sure?", ()).await?;
        let _ = tell.send(answer);
        socket.disconnect(sockeye::Close::Namespace);
        Ok::<_, sockeye::BoxError>(())
    });
    let host = Host::start(io).await;
    let mut ws = joined(&host).await;
    ws.send_binary(&event(4, b"\x93\xa5count\x01\x02", b"\xa2id\x07")).await;
    assert_eq!(expect_binary(&mut ws).await, b"\x84\xa4type\x03\xa4data\x91\x02\xa3nsp\xa1/\xa2id\x07");
    ws.send_binary(&event(3, b"\x91\xa5leave", b"")).await;
    assert_eq!(expect_binary(&mut ws).await, event(3, b"\x91\xa3bye", b""));
    assert_eq!(expect_binary(&mut ws).await, event(4, b"\x91\xa5sure?", b"\xa2id\x00"));
    ws.send_binary(b"\x84\xa4type\x03\xa4data\x91\xa3yes\xa3nsp\xa1/\xa2id\x00").await;
    assert_eq!(expect_binary(&mut ws).await, b"\x82\xa4type\x01\xa3nsp\xa1/");
    assert_eq!(answers.recv().await.as_deref(), Some("yes"));
}

#[tokio::test]
async fn a_connect_is_refused_in_msgpack_and_auth_is_read() {
    #[derive(serde::Deserialize)]
    struct Login {
        token: Bytes,
    }
    let io = Server::builder().parser(MsgpackParser).build();
    io.middleware(
        async |Auth(login): Auth<Login>| {
            if *login.token == [1, 2] { Ok(()) } else { Err(ConnectError::new("no")) }
        },
    );
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    for (token, reply) in [
        (&b"\xc4\x02\x01\x03"[..], &b"\x83\xa4type\x04\xa4data\x81\xa7message\xa2no\xa3nsp\xa1/"[..]),
        (b"\xc4\x02\x01\x02", b"\x83\xa4type\x00\xa4data\x81\xa3sid"),
    ] {
        ws.send_binary(&[b"\x83\xa4type\x00\xa4data\x81\xa5token", token, b"\xa3nsp\xa1/"].concat()).await;
        assert!(expect_binary(&mut ws).await.starts_with(reply));
    }
}

#[tokio::test]
async fn polling_carries_msgpack_as_base64() {
    let host = Host::start(echo_with(Server::builder().parser(MsgpackParser))).await;
    let mut poller = host.poller().await;
    // {type: 0, nsp: "/"}
    poller.send("bgqR0eXBlAKNuc3ChLw==").await;
    let reply = poller.get().await.body;
    assert!(reply.starts_with("bg6R0eXBlAKRkYXRhgaNzaWS0"), "{reply}");
    // {type: 2, data: ["echo", 1], nsp: "/"}
    poller.send("bg6R0eXBlAqRkYXRhkqRlY2hvAaNuc3ChLw==").await;
    poller.expect("bg6R0eXBlAqRkYXRhkqRlY2hvAaNuc3ChLw==").await;
}

#[tokio::test]
async fn hostile_msgpack_ends_its_own_connection_and_nothing_else() {
    let host = Host::start(echo_with(Server::builder().parser(MsgpackParser))).await;
    let deep = event(3, &[&b"\x92\xa4echo"[..], &b"\x91".repeat(100_000), b"\x01"].concat(), b"");
    let eleven = event(3, &[&b"\x9c\xa4echo"[..], &b"\xc4\x00".repeat(11)].concat(), b"");
    let announced = event(3, b"\x92\xa4echo\xdd\xff\xff\xff\xff\x01", b"");
    let faked = event(3, b"\x91\xaadisconnect", b"");
    for hostile in [&deep[..], &eleven, &announced, &faked, b"\xc1", b"", b"\xdf\xff\xff\xff\xff"] {
        let mut ws = joined(&host).await;
        ws.send_binary(hostile).await;
        ws.expect_closed().await;
    }
    let mut ws = joined(&host).await;
    ws.send("2[\"echo\"]").await;
    ws.expect_closed().await;
    let mut ws = joined(&host).await;
    let ten = event(3, &[&b"\x9b\xa4echo"[..], &b"\xc4\x00".repeat(10)].concat(), b"");
    ws.send_binary(&ten).await;
    assert_eq!(expect_binary(&mut ws).await, ten);
}

#[tokio::test]
async fn attachments_are_limited_both_ways_by_what_the_server_says() {
    for limit in [0, 1, 10, 12] {
        let io = Server::builder().max_attachments(limit).build();
        io.on("send", async |socket: Socket, ack: Ack, Data(count): Data<usize>| {
            let parts = vec![Bytes::from_static(b"x"); count];
            let sent = socket.emit("parts", &parts);
            let refused = Err(EmitError::Encode(EncodeError::TooManyAttachments {
                count,
                limit: count.wrapping_sub(1),
            }));
            ack.send((sent.is_ok(), sent == refused))
        });
        io.on("take", async |socket: Socket, Data(parts): Data<Vec<Bytes>>| {
            socket.emit("took", &parts.len())
        });
        let host = Host::start(io).await;
        for count in limit.saturating_sub(1)..=limit + 1 {
            let mut ws = host.client().await;
            ws.send(format!("421[\"send\",{count}]")).await;
            if count > limit {
                ws.expect("431[false,true]").await;
            } else {
                let parts = (0..count).map(|num| format!("{{\"_placeholder\":true,\"num\":{num}}}"));
                let parts = parts.collect::<Vec<_>>().join(",");
                let head = if count == 0 { "42".to_owned() } else { format!("45{count}-") };
                ws.expect(&format!("{head}[\"parts\",[{parts}]]")).await;
                for _ in 0..count {
                    assert_eq!(ws.recv().await, Frame::Binary(b"x".to_vec()));
                }
                ws.expect("431[true,false]").await;
            }
            if count == 0 {
                continue;
            }
            let parts = (0..count).map(|num| format!("{{\"_placeholder\":true,\"num\":{num}}}"));
            ws.send(format!("45{count}-[\"take\",[{}]]", parts.collect::<Vec<_>>().join(","))).await;
            if count > limit {
                ws.expect_closed().await;
            } else {
                for _ in 0..count {
                    ws.send_binary(b"y").await;
                }
                ws.expect(&format!("42[\"took\",{count}]")).await;
            }
        }
    }
}

/// The default packets in reverse, one text message for the head and one for each attachment, in hexadecimal.
#[derive(Debug)]
struct Mirror;

#[derive(Debug, Default)]
struct MirrorDecoder(Option<PacketBuf>, usize);

impl Parser for Mirror {
    fn decoder(&self, _limits: &MuxLimits) -> Box<dyn Decoder> {
        Box::new(MirrorDecoder::default())
    }

    fn encode(&self, packet: &Header<'_>, attachments: &[Bytes]) -> Result<Vec<Message>, EncodeError> {
        if packet.payload.contains("unspeakable") {
            return Err(EncodeError::Parser("there is no word for it".into()));
        }
        let head = packet.to_string().chars().rev().collect();
        let hex = attachments.iter().map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        Ok(std::iter::once(head).chain(hex).map(Message::Text).collect())
    }
}

impl Decoder for MirrorDecoder {
    fn handle_text(&mut self, text: &str) -> Result<Option<PacketBuf>, MuxError> {
        let Self(open, missing) = self;
        match open {
            None => {
                let text: String = text.chars().rev().collect();
                let header = Header::decode(&text)?;
                *missing = header.attachments;
                *open = Some(PacketBuf::from(header));
            }
            Some(packet) => {
                let byte = |at| u8::from_str_radix(text.get(at..at + 2).unwrap_or_default(), 16);
                let bytes: Result<Vec<u8>, _> = (0..text.len()).step_by(2).map(byte).collect();
                let bytes = bytes.map_err(|_| MuxError::Parser("no hexadecimal".into()))?;
                packet.attachments.push(bytes.into());
                *missing -= 1;
            }
        }
        Ok(if *missing == 0 { open.take() } else { None })
    }

    fn handle_binary(&mut self, _data: &[u8]) -> Result<Option<PacketBuf>, MuxError> {
        Err(MuxError::Parser("text only".into()))
    }
}

#[tokio::test]
async fn a_parser_of_ones_own_carries_what_the_default_one_does() {
    let io = echo_with(Server::builder().parser(Mirror));
    io.on("say", async |socket: Socket, ack: Ack| {
        let refused = EncodeError::Parser("there is no word for it".into());
        let told = socket.emit("say", "unspeakable") == Err(EmitError::Encode(refused.clone()))
            && socket.namespace().emit("say", "unspeakable") == Err(EmitError::Encode(refused));
        ack.send(&told)
    });
    let host = Host::start(io).await;
    let mut ws = Ws::open(host.address, WEBSOCKET).await;
    assert!(ws.text().await.starts_with("0{"));
    ws.send("40").await;
    assert!(ws.text().await.ends_with("{0"));
    let head: String =
        r#"52-["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#.chars().rev().collect();
    for message in [head.as_str(), "0a0b", "ff"] {
        ws.send(format!("4{message}")).await;
    }
    for message in [head.as_str(), "0a0b", "ff"] {
        ws.expect(&format!("4{message}")).await;
    }
    ws.send(r#"4]"yas"[12"#).await;
    ws.expect("4]eurt[13").await;
    ws.send("4]1,]\"ohce\"[2").await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn what_a_parser_yields_is_held_to_the_same_limits() {
    let io = echo_with(Server::builder().parser(Mirror).max_payload_bytes(1_000).max_attachments(2));
    let host = Host::start(io).await;
    let reversed = |text: &str| format!("4{}", text.chars().rev().collect::<String>());
    let placeholders = |count: usize| {
        let places: Vec<_> =
            (0..count).map(|num| format!("{{\"_placeholder\":true,\"num\":{num}}}")).collect();
        format!("5{count}-[\"echo\",{}]", places.join(","))
    };
    for (packets, taken) in [
        (vec![reversed(&placeholders(2)), "4aa".to_owned(), "4bb".to_owned()], true),
        (vec![reversed(&placeholders(3)), "4aa".to_owned(), "4bb".to_owned(), "4cc".to_owned()], false),
        (vec![reversed(&format!("2[\"echo\",{}{}]", "[".repeat(127), "]".repeat(127)))], true),
        (vec![reversed(&format!("2[\"echo\",{}{}]", "[".repeat(128), "]".repeat(128)))], false),
        (vec![reversed("2[\"echo\",nul]")], false),
        (vec![reversed("2[\"disconnect\"]")], false),
        // The messages of one packet together.
        (
            vec![
                reversed(&placeholders(2)),
                format!("4{}", "aa".repeat(400)),
                format!("4{}", "bb".repeat(101)),
            ],
            false,
        ),
    ] {
        let mut ws = host.session().await;
        ws.send("40").await;
        ws.text().await;
        for packet in &packets {
            ws.send(packet).await;
        }
        match ws.recv().await {
            Frame::Text(text) => assert!(taken && text == packets[0], "{text}"),
            other => assert!(!taken && other == Frame::Close(None), "{packets:?} {other:?}"),
        }
    }
}

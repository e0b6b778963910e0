//! Compressed WebSocket messages as a client sees them: what is agreed on, what is compressed and what stays, limits on what
//! inflates, and that polling never hears of it. Source: RFC 7692.

use crate::client::{
    Frame, Host, Http, Poller, Reasons, UPGRADE, WEBSOCKET, Ws, binary, echo, echo_with, engine_echo, frame,
    text,
};
use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use hyper_util::rt::TokioIo;
use sockeye::engine::{EngineServer, Message};
use sockeye::{
    Ack, Data, PerMessageDeflate, Server, ServerBuilder, SlowReader, Socket, WindowBits, websocket,
};

const EXTENSIONS: &str = "sec-websocket-extensions";
const OFFER: &str = "permessage-deflate; client_max_window_bits";
const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn options(threshold: usize) -> ServerBuilder {
    Server::builder().per_message_deflate(PerMessageDeflate::new().threshold(threshold))
}

/// A payload as a client compresses it.
fn deflated(payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut compress = Compress::new(Compression::new(9), false);
    let mut out = Vec::with_capacity(payload.as_ref().len() + 100);
    compress.compress_vec(payload.as_ref(), &mut out, FlushCompress::Sync).unwrap();
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

/// What the server compressed, read with a window of so many bits.
fn inflated(window: u8, payload: &[u8]) -> String {
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut out = Vec::with_capacity(1 << 21);
    Decompress::new_with_window_bits(false, window)
        .decompress_vec(&input, &mut out, FlushDecompress::Sync)
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// The answer to an offer, `None` if the connection is a plain one, and the connection.
async fn offering(host: &Host, target: &str, offer: &str) -> (Option<String>, Ws) {
    let mut http = Http::connect(host.address).await;
    let headers = [&UPGRADE[..], &[(EXTENSIONS, offer)]].concat();
    let response = http.request("GET", target, &headers, b"").await;
    assert_eq!(response.status, 101, "{response:?}");
    (response.header(EXTENSIONS).map(str::to_owned), Ws::from(http))
}

/// A client in the main namespace with compression agreed on.
async fn client(host: &Host) -> Ws {
    client_offering(host, OFFER).await
}

async fn client_offering(host: &Host, offer: &str) -> Ws {
    let (answer, mut ws) = offering(host, WEBSOCKET, offer).await;
    assert!(answer.is_some(), "{offer}");
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws
}

/// The next message, which must be compressed.
async fn compressed(ws: &mut Ws) -> String {
    match ws.recv().await {
        Frame::Deflated(payload) => inflated(15, &payload),
        other => panic!("{other:?} instead of a compressed message"),
    }
}

async fn upgraded(host: &Host, poller: &Poller) -> Ws {
    let (answer, mut ws) = offering(host, &poller.upgrade_target(), OFFER).await;
    assert!(answer.is_some());
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send("5").await;
    ws
}

/// `42["echo","xx…"]` of `len` bytes.
fn event_of(len: usize) -> String {
    format!("42[\"echo\",\"{}\"]", "x".repeat(len - "42[\"echo\",\"\"]".len()))
}

#[tokio::test]
async fn nothing_is_compressed_unless_the_server_asks_for_it() {
    let host = Host::start(echo()).await;
    let (answer, mut ws) = offering(&host, WEBSOCKET, OFFER).await;
    assert_eq!(answer, None);
    assert!(ws.text().await.starts_with("0{"));
    ws.join().await;
    ws.send(event_of(5000)).await;
    ws.expect(&event_of(5000)).await;
    ws.write(frame(0xc1, &deflated("42[\"echo\",1]"))).await;
    assert_eq!(ws.ended().await, Frame::Close(Some(1002)));
}

#[tokio::test]
async fn an_offer_is_answered_with_what_can_be_kept() {
    let host = Host::start(echo_with(options(0))).await;
    let small = PerMessageDeflate::new()
        .server_max_window_bits(WindowBits::Twelve)
        .client_max_window_bits(WindowBits::Ten);
    let narrow = Host::start(echo_with(Server::builder().per_message_deflate(small))).await;
    let plain = |rest: &str| Some(format!("{ANSWER}{rest}"));
    for (host, offer, expected) in [
        (&host, "permessage-deflate", plain("")),
        (&host, OFFER, plain("")),
        (&host, "permessage-deflate; server_max_window_bits=9", plain("; server_max_window_bits=9")),
        (&host, "permessage-deflate; client_max_window_bits=11", plain("; client_max_window_bits=11")),
        (&host, "permessage-deflate; server_max_window_bits=8", None),
        (&host, "permessage-deflate; server_max_window_bits=8, permessage-deflate", plain("")),
        (&host, "permessage-deflate; mode=best", None),
        (&host, "x-webkit-deflate-frame", None),
        (&host, "", None),
        (&narrow, "permessage-deflate", plain("; server_max_window_bits=12")),
        (&narrow, OFFER, plain("; server_max_window_bits=12; client_max_window_bits=10")),
    ] {
        let (answer, mut ws) = offering(host, WEBSOCKET, offer).await;
        assert_eq!(answer, expected, "{offer}");
        assert!(ws.text().await.starts_with("0{"), "{offer}");
        ws.join().await;
        ws.expect_echo("plain and short").await;
    }
}

#[tokio::test]
async fn offers_in_several_headers_are_one_list() {
    let host = Host::start(echo_with(options(0))).await;
    let mut http = Http::connect(host.address).await;
    let offers = [(EXTENSIONS, "x-custom"), (EXTENSIONS, "permessage-deflate")];
    let response = http.request("GET", WEBSOCKET, &[&UPGRADE[..], &offers].concat(), b"").await;
    assert_eq!(response.header(EXTENSIONS), Some(ANSWER));
}

#[tokio::test]
async fn a_message_is_compressed_from_the_threshold_on() {
    let host = Host::start(echo_with(options(300))).await;
    let mut ws = client(&host).await;
    for len in [299, 300, 301] {
        ws.send(event_of(len)).await;
        match ws.recv().await {
            Frame::Text(text) if len < 300 => assert_eq!(text, event_of(len)),
            Frame::Deflated(payload) if len >= 300 => assert_eq!(inflated(15, &payload), event_of(len)),
            other => panic!("{other:?} for {len}"),
        }
    }
}

#[tokio::test]
async fn the_threshold_is_1024_by_default() {
    let host =
        Host::start(echo_with(Server::builder().per_message_deflate(PerMessageDeflate::default()))).await;
    let mut ws = client(&host).await;
    ws.send(event_of(1023)).await;
    ws.expect(&event_of(1023)).await;
    ws.send(event_of(1024)).await;
    assert_eq!(compressed(&mut ws).await, event_of(1024));
}

#[tokio::test]
async fn compressed_messages_are_taken_whole_and_in_fragments() {
    let host = Host::start(echo_with(options(100_000))).await;
    let mut ws = client(&host).await;
    let message = deflated(event_of(3000));
    ws.write(frame(0xc1, &message)).await;
    ws.expect(&event_of(3000)).await;
    let (first, rest) = message.split_at(7);
    let (second, third) = rest.split_at(0);
    ws.write([frame(0x41, first), frame(0x89, b"!"), frame(0x00, second), frame(0x80, third)].concat()).await;
    assert_eq!(ws.recv().await, Frame::Pong(b"!".to_vec()));
    ws.expect(&event_of(3000)).await;
    for byte in frame(0xc1, &message) {
        ws.write([byte]).await;
    }
    ws.expect(&event_of(3000)).await;
    // Each message stands for itself, and plain ones may come between.
    ws.expect_echo("plain").await;
    ws.write(frame(0xc1, &message)).await;
    ws.expect(&event_of(3000)).await;
}

#[tokio::test]
async fn inflated_bytes_count_against_the_limit() {
    const N: usize = 20_000;
    let host = engine_echo(options(0).max_payload_bytes(N)).await;
    for (len, passes) in [(N - 1, true), (N, true), (N + 1, false)] {
        let message = format!("4{}", "a".repeat(len - 1));
        for fragments in [1, 2] {
            let (_, mut ws) = offering(&host, WEBSOCKET, OFFER).await;
            assert!(ws.text().await.starts_with("0{"));
            let payload = deflated(&message);
            let (first, last) = payload.split_at(payload.len() / 2);
            match fragments {
                1 => ws.write(frame(0xc1, &payload)).await,
                _ => ws.write([frame(0x41, first), frame(0x80, last)].concat()).await,
            }
            if passes {
                assert_eq!(compressed(&mut ws).await, message);
            } else {
                assert_eq!(ws.ended().await, Frame::Close(Some(1009)), "{len}");
            }
        }
    }
}

#[tokio::test]
async fn a_bomb_closes_its_connection_and_nobody_elses() {
    let io = echo_with(options(0));
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let mut other = client(&host).await;
    let mut ws = client(&host).await;
    let bomb = deflated(vec![b' '; 100_000_000]);
    assert!(bomb.len() < 100_000);
    ws.write(frame(0xc1, &bomb)).await;
    assert_eq!(ws.ended().await, Frame::Close(Some(1009)));
    assert_eq!(reasons.next().await, "transport error");
    other.expect_echo("alive").await;
}

#[tokio::test]
async fn what_breaks_the_rules_of_compression_closes_with_its_code() {
    let io = echo_with(options(0));
    let mut reasons = Reasons::of(&io);
    let host = Host::start(io).await;
    let event = deflated("42[\"echo\",1]");
    let mut takes_over = Compress::new(Compression::new(9), false);
    let [_, taken_over] = [(); 2].map(|()| {
        let mut out = Vec::with_capacity(100);
        takes_over.compress_vec(b"42[\"echo\",1]", &mut out, FlushCompress::Sync).unwrap();
        out.truncate(out.len() - 4);
        out
    });
    for (name, bytes, code) in [
        ("a compressed ping", frame(0xc9, b""), 1002),
        ("a compressed close", frame(0xc8, b""), 1002),
        ("a continuation with RSV1", [frame(0x41, &event), frame(0xc0, b"")].concat(), 1002),
        ("RSV2", frame(0xa1, &event), 1002),
        ("RSV1 and RSV3", frame(0xd1, &event), 1002),
        ("no DEFLATE data", frame(0xc1, &[0xff; 20]), 1007),
        ("half a message", frame(0xc1, &event[..event.len() - 3]), 1007),
        ("text that is not UTF-8", frame(0xc1, &deflated([b'4', 0xff, 0xfe])), 1007),
        ("what refers to the message before", [frame(0xc1, &event), frame(0xc1, &taken_over)].concat(), 1007),
    ] {
        let mut ws = client(&host).await;
        ws.write(bytes).await;
        assert_eq!(ws.ended().await, Frame::Close(Some(code)), "{name}");
        assert_eq!(reasons.next().await, "transport error", "{name}");
    }
}

#[tokio::test]
async fn receivers_of_a_broadcast_share_a_form_for_each_window() {
    let host = Host::start(echo_with(options(100))).await;
    let mut wide = [client(&host).await, client(&host).await];
    let mut narrow = client_offering(&host, "permessage-deflate; server_max_window_bits=9").await;
    let mut plain = host.client().await;
    let mut poller = host.poller().await;
    poller.join().await;
    // Repeats itself at 2 KiB, which only the large window sees.
    let noise: String =
        (0_u32..2048).map(|i| char::from(b'a' + (i.wrapping_mul(2_654_435_761) >> 27) as u8 % 26)).collect();
    host.io.emit("news", &format!("{noise}{noise}")).unwrap();
    let expected = format!("42[\"news\",\"{noise}{noise}\"]");
    let mut forms = Vec::new();
    for ws in &mut wide {
        match ws.recv().await {
            Frame::Deflated(payload) => forms.push(payload),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(forms[0], forms[1]);
    assert_eq!(inflated(15, &forms[0]), expected);
    let Frame::Deflated(form) = narrow.recv().await else { panic!("is compressed too") };
    assert_eq!(inflated(9, &form), expected);
    assert!(form.len() > forms[0].len() * 5 / 4, "{} and {}", form.len(), forms[0].len());
    plain.expect(&expected).await;
    poller.expect(&expected).await;
}

#[tokio::test]
async fn what_is_emitted_uncompressed_stays_as_it_is() {
    let io = echo_with(options(0));
    io.on("tell", async |socket: Socket, io: Server| {
        let words = "tick tock ".repeat(50);
        socket.emit_uncompressed("a", &words)?;
        socket.emit("b", &words)?;
        socket.emit_volatile("c", &words)?;
        io.broadcast().uncompressed().emit("d", &words)?;
        io.to(socket.id().as_str()).uncompressed().emit("e", &words)?;
        io.to(socket.id().as_str()).emit("f", &words)?;
        Ok::<_, sockeye::EmitError>(())
    });
    let host = Host::start(io).await;
    let mut ws = client(&host).await;
    ws.send("42[\"tell\"]").await;
    let words = "tick tock ".repeat(50);
    for (event, plain) in [("a", true), ("b", false), ("c", false), ("d", true), ("e", true), ("f", false)] {
        let expected = format!("42[\"{event}\",\"{words}\"]");
        if plain {
            ws.expect(&expected).await;
        } else {
            assert_eq!(compressed(&mut ws).await, expected);
        }
    }
}

#[tokio::test]
async fn an_uncompressed_broadcast_may_ask_for_answers() {
    let io = echo_with(options(0));
    let host = Host::start(io).await;
    let mut ws = client(&host).await;
    host.settle().await;
    let words = "tick tock ".repeat(50);
    for (operator, plain) in [(host.io.broadcast().uncompressed(), true), (host.io.broadcast(), false)] {
        let answer = operator.emit_with_ack::<u32>("ask", &words);
        let question = if plain { ws.text().await } else { compressed(&mut ws).await };
        let (id, _) = question.strip_prefix("42").unwrap().split_once('[').unwrap();
        ws.send(format!("43{id}[7]")).await;
        assert_eq!(answer.await.unwrap()[0].value, 7);
    }
}

#[tokio::test]
async fn acks_and_attachments_are_compressed_too() {
    let io = echo_with(options(50));
    io.on("ask", async |ack: Ack, Data(text): Data<String>| ack.send(&text));
    io.on("bin", async |socket: Socket| socket.emit("bin", &Bytes::from(vec![b'z'; 500])));
    let host = Host::start(io).await;
    let mut ws = client(&host).await;
    let text = "y".repeat(400);
    ws.send(format!("421[\"ask\",\"{text}\"]")).await;
    assert_eq!(compressed(&mut ws).await, format!("431[\"{text}\"]"));
    ws.send("42[\"bin\"]").await;
    ws.expect("451-[\"bin\",{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(compressed(&mut ws).await, "z".repeat(500));
    // And on the way in.
    let data = vec![b'w'; 700];
    ws.send("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    ws.write(frame(0xc2, &deflated(&data))).await;
    ws.expect("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(compressed(&mut ws).await.into_bytes(), data);
}

#[tokio::test]
async fn polling_never_hears_of_compression_and_an_upgrade_begins_with_it() {
    let host = Host::start(echo_with(options(0))).await;
    let mut poller = host.poller().await;
    poller.join().await;
    poller.send(event_of(3000)).await;
    poller.expect(&event_of(3000)).await;
    // Queued while polling, and it leaves on the WebSocket: plain, which is as good.
    poller.send(event_of(2000)).await;
    host.settle().await;
    let mut ws = upgraded(&host, &poller).await;
    ws.expect(&event_of(2000)).await;
    ws.send(event_of(3000)).await;
    assert_eq!(compressed(&mut ws).await, event_of(3000));
    ws.write(frame(0xc1, &deflated(event_of(4000)))).await;
    assert_eq!(compressed(&mut ws).await, event_of(4000));
}

#[tokio::test]
async fn a_probe_may_be_compressed() {
    let host = Host::start(echo_with(options(0))).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let (_, mut ws) = offering(&host, &poller.upgrade_target(), OFFER).await;
    ws.write(frame(0xc1, &deflated("2probe"))).await;
    ws.expect("3probe").await;
    ws.write(frame(0xc1, &deflated("5"))).await;
    ws.expect_echo("upgraded").await;
}

#[tokio::test]
async fn an_upgrade_that_offers_nothing_stays_plain() {
    let host = Host::start(echo_with(options(0))).await;
    let mut poller = host.poller().await;
    poller.join().await;
    let mut ws = poller.upgraded().await;
    ws.send(event_of(3000)).await;
    ws.expect(&event_of(3000)).await;
}

#[tokio::test]
async fn limits_on_what_is_held_back_count_compressed_bytes() {
    let builder = options(0).max_buffered_bytes(1000).max_burst_bytes(1000).slow_reader(SlowReader::Refuse);
    let io = echo_with(builder);
    io.on("burst", async |socket: Socket| {
        let words = "x".repeat(50_000);
        socket.emit("words", &words)?;
        let queued = socket.queue().bytes;
        assert!((50..900).contains(&queued), "{queued} bytes");
        assert!(socket.emit_uncompressed("words", &words).is_err());
        socket.emit("end", &queued)
    });
    let host = Host::start(io).await;
    let mut ws = client(&host).await;
    ws.send("42[\"burst\"]").await;
    assert_eq!(compressed(&mut ws).await.len(), 50_000 + "42[\"words\",\"\"]".len());
    assert!(ws.text().await.starts_with("42[\"end\""));
}

#[tokio::test]
async fn a_message_that_would_be_longer_compressed_is_sent_as_it_is() {
    let host = engine_echo(options(0)).await;
    let (_, mut ws) = offering(&host, WEBSOCKET, OFFER).await;
    assert!(ws.text().await.starts_with("0{"));
    let noise: Vec<u8> = (0_u64..4000).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    ws.send_binary(&noise[..200]).await;
    assert_eq!(ws.recv().await, Frame::Binary(noise[..200].to_vec()));
    for message in ["", "a", "Hello"] {
        ws.send(format!("4{message}")).await;
        ws.expect(&format!("4{message}")).await;
    }
}

#[tokio::test]
async fn an_engine_may_send_a_message_uncompressed() {
    let engine = EngineServer::new(options(0), |socket, message| {
        let Message::Text(text) = message else { return };
        let _ = socket.send_uncompressed(Message::Text(text.clone()));
        let _ = socket.send(Message::Text(text));
    });
    let host =
        Host::serve(Server::new(), async move |listener| engine.listen_on(listener).await.unwrap()).await;
    let (_, mut ws) = offering(&host, WEBSOCKET, OFFER).await;
    assert!(ws.text().await.starts_with("0{"));
    let message = format!("4{}", "b".repeat(300));
    ws.send(&message).await;
    ws.expect(&message).await;
    assert_eq!(compressed(&mut ws).await, message);
}

/// A plain WebSocket echo with these options.
async fn plain_echo(options: websocket::Options) -> Host {
    Host::serve(Server::new(), async move |listener| {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let respond = hyper::service::service_fn(move |request| {
                let (response, open) =
                    websocket::accept(request, options).unwrap_or_else(|_| panic!("is a handshake"));
                tokio::spawn(async move {
                    let mut socket = open.await.unwrap();
                    while let Some(message) = socket.recv().await {
                        socket.send(&message).await.unwrap();
                    }
                });
                std::future::ready(Ok::<_, std::convert::Infallible>(response.map(http_body_util::Full::new)))
            });
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), respond);
            tokio::spawn(connection.with_upgrades());
        }
    })
    .await
}

#[tokio::test]
async fn a_plain_websocket_compresses_when_asked() {
    let words = "tick tock ".repeat(100);
    let host = plain_echo(websocket::Options::new(2000)).await;
    let (answer, mut ws) = offering(&host, "/", OFFER).await;
    assert_eq!(answer, None);
    ws.send(&words).await;
    ws.expect(&words).await;

    let options = websocket::Options::new(2000).per_message_deflate(PerMessageDeflate::new().threshold(500));
    let host = plain_echo(options).await;
    let (answer, mut ws) = offering(&host, "/", OFFER).await;
    assert_eq!(answer.as_deref(), Some(ANSWER));
    ws.write([frame(0xc1, &deflated(&words)), text("short"), binary(&[7; 600])].concat()).await;
    assert_eq!(compressed(&mut ws).await, words);
    ws.expect("short").await;
    assert_eq!(compressed(&mut ws).await.into_bytes(), [7; 600]);
    ws.write(frame(0xc1, &deflated("x".repeat(2001)))).await;
    assert_eq!(ws.ended().await, Frame::Close(Some(1009)));
    // A client that offers nothing talks plainly to the same server.
    let mut ws = Ws::open(host.address, "/").await;
    ws.send(&words).await;
    ws.expect(&words).await;
}

#[tokio::test]
async fn a_client_of_protocol_3_may_compress_and_hears_plain_frames_with_their_types() {
    let engine = EngineServer::new(options(0).allow_eio3(true), |socket, message| {
        let _ = socket.send(message);
    });
    let host =
        Host::serve(Server::new(), async move |listener| engine.listen_on(listener).await.unwrap()).await;
    let (answer, mut ws) = offering(&host, "/socket.io/?EIO=3&transport=websocket", OFFER).await;
    assert_eq!(answer.as_deref(), Some(ANSWER));
    assert!(ws.text().await.starts_with("0{"));
    let mut data = vec![7; 500];
    data.insert(0, 4);
    ws.write(frame(0xc2, &deflated(&data))).await;
    assert_eq!(ws.recv().await, Frame::Binary(data));
    let message = format!("4{}", "b".repeat(300));
    ws.send(&message).await;
    ws.expect(&message).await;
}

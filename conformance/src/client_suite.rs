//! What the suite of the official Socket.IO client talks to: namespaces that welcome, refuse and do not exist, and a
//! listener for each thing that a client can send or ask for. Connection state recovery is on. Requests are let in
//! after 10 ms, for tests of the time that a client waits.

use crate::net;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use sockeye::{
    Ack, BoxError, ConnectError, ConnectionStateRecovery, Data, EmitError, Handshake, Namespace,
    RawArguments, Server, Socket, concurrent,
};
use std::convert::Infallible;
use std::io;
use std::time::Duration;

pub(crate) async fn serve() -> io::Result<()> {
    let io = Server::builder()
        .ping_interval(Duration::from_secs(2))
        .allow_any_origin()
        .connection_state_recovery(ConnectionStateRecovery::default())
        .allow_request(async |_: Handshake| {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok::<_, Infallible>(())
        })
        .build();
    io.middleware(async |handshake: Handshake| {
        let fails = handshake.query().any(|(key, value)| key == "fail" && !value.is_empty());
        if fails { Err(ConnectError::new("Auth failed (main namespace)")) } else { Ok(()) }
    });
    events(&io.of("/"));
    acks(&io.of("/"));
    binary(&io.of("/"));
    io.of("/foo").on("getId", get_id);
    io.of("/abc").on_connect(async |socket: Socket| socket.emit("handshake", &socket.handshake_json()));
    io.of("/no").middleware(async || Err::<(), _>(ConnectError::new("Auth failed (custom namespace)")));
    for name in ["/timeout_socket", "/valid", "/asd"] {
        io.of(name);
    }
    net::serve_all(move |listener| {
        let io = io.clone();
        async move { io.listen_on(listener).await }
    })
    .await
}

/// A date as JSON has it. Which one is nobody's business.
const DATE: &str = "2026-01-02T03:04:05.678Z";

fn events(main: &Namespace) {
    main.on("hi", async |socket: Socket| socket.emit("hi", ()));
    main.on("getDate", async |socket: Socket| socket.emit("takeDate", DATE));
    main.on("getDateObj", async |socket: Socket| socket.emit("takeDateObj", &json!({ "date": DATE })));
    main.on("getUtf8", async |socket: Socket| {
        let texts = ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"];
        texts.into_iter().try_for_each(|text| socket.emit("takeUtf8", text))
    });
    main.on("false", async |socket: Socket| socket.emit("false", &false));
}

fn acks(main: &Namespace) {
    main.on("echo", async |ack: Ack, args: RawArguments| ack.send(args.as_args()));
    // Not every client answers, and one that does not asks again meanwhile.
    let ask = async |socket: Socket| {
        let answer = socket.emit_with_ack::<()>("ack", ()).raw().await?;
        let (number, object) = answer.as_args().decode_all::<(u64, Value)>()?;
        if number == 5 && object["test"] == true {
            socket.emit("got it", ())?;
        }
        Ok::<_, BoxError>(())
    };
    main.on("ack", concurrent(ask));
    main.on("getAckDate", async |ack: Ack| ack.send(DATE));
    main.on("getHandshake", async |socket: Socket, ack: Ack| ack.send(&socket.handshake_json()));
    main.on("getId", get_id);
}

async fn get_id(socket: Socket, ack: Ack) -> Result<(), EmitError> {
    ack.send(socket.id().as_str())
}

/// Bytes between two texts, as the client sends them in one object.
#[derive(Deserialize)]
struct Mixed {
    hello: String,
    message: Bytes,
    goodbye: String,
}

impl Mixed {
    fn is_whole(&self) -> bool {
        self.hello == "lol" && !self.message.is_empty() && self.goodbye == "gotcha"
    }
}

/// How many of a series of events have come in order; the others ask for it.
#[derive(Clone, Copy, PartialEq)]
struct Buffers(u8);

#[derive(Clone, Copy, PartialEq)]
struct Blobs(u8);

const BYTES: Bytes = Bytes::from_static(b"asdfasdf");

/// A listener that takes `Bytes` is not called for anything else.
fn binary(main: &Namespace) {
    main.on("doge", async |socket: Socket| socket.emit("doge", &BYTES));
    main.on("getbin", async |socket: Socket| socket.emit("takebin", &BYTES));
    main.on("buffa", async |socket: Socket, Data(_): Data<Bytes>| socket.emit("buffack", ()));
    main.on("blob", async |socket: Socket, Data(_): Data<Bytes>| socket.emit("back", ()));
    main.on(
        "jsonbuff",
        async |socket: Socket, Data(mixed): Data<Mixed>| {
            if mixed.is_whole() { socket.emit("jsonbuff-ack", ()) } else { Ok(()) }
        },
    );
    main.on(
        "jsonblob",
        async |socket: Socket, Data(mixed): Data<Mixed>| {
            if mixed.is_whole() { socket.emit("jsonblob-ack", ()) } else { Ok(()) }
        },
    );
    main.on("abuff1", async |socket: Socket, Data(_): Data<Bytes>| {
        socket.insert_extension(Buffers(1));
    });
    main.on("abuff2", async |socket: Socket, Data(_): Data<String>| {
        if socket.extension() == Some(Buffers(1)) { socket.emit("abuff2-ack", ()) } else { Ok(()) }
    });
    main.on("blob1", async |socket: Socket, Data(_): Data<Bytes>| {
        socket.insert_extension(Blobs(1));
    });
    main.on("blob2", async |socket: Socket, Data(second): Data<String>| {
        if second == "second" && socket.extension() == Some(Blobs(1)) {
            socket.insert_extension(Blobs(2));
        }
    });
    main.on("blob3", async |socket: Socket, Data(_): Data<Bytes>| {
        if socket.extension() == Some(Blobs(2)) { socket.emit("blob3-ack", ()) } else { Ok(()) }
    });
}

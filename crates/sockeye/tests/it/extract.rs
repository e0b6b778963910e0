//! What handlers take: which argument becomes what, that numbers and bytes keep their value, and that whatever does not fit
//! is told.

use crate::client::{Client, Frame, Host, echo, patiently};
use bytes::Bytes;
use serde_json::value::RawValue;
use sockeye::{
    Ack, ArgError, Auth, ConnectError, Data, ExtractError, HandlerError, Handshake, Rest, Server, Socket,
    State,
};
use tokio::sync::mpsc;

/// The errors that the application hears of.
fn errors_of(io: &Server) -> mpsc::UnboundedReceiver<ExtractError> {
    let (tell, errors) = mpsc::unbounded_channel();
    io.on_error(move |_, error| {
        if let HandlerError::Extract(error) = error {
            let _ = tell.send(error.clone());
        }
    });
    errors
}

/// What the listener answers to each event on its acknowledgement.
async fn expect_answers(io: Server, exchanges: &[(&str, &str)]) {
    let host = Host::start(io).await;
    for client in &mut Client::joined(&host).await {
        for (event, answer) in exchanges {
            client.send(event).await;
            client.expect(answer).await;
        }
    }
}

#[tokio::test]
async fn rest_takes_what_data_has_left() {
    let io = echo();
    io.on("pair", async |ack: Ack, Rest((a, b)): Rest<(u8, Option<String>)>| ack.send((a, b)));
    io.on("tail", async |ack: Ack, Data(first): Data<u8>, Rest(rest): Rest<Vec<u8>>| ack.send((rest, first)));
    io.on("none", async |ack: Ack, _: Data<u8>, Rest(()): Rest<()>| ack.send(()));
    let exchanges = [
        ("420[\"pair\",1,\"x\"]", "430[1,\"x\"]"),
        ("421[\"pair\",1]", "431[1,null]"),
        ("422[\"pair\",1,\"x\",true]", "432[1,\"x\"]"),
        ("423[\"tail\",1,2,3]", "433[[2,3],1]"),
        ("424[\"tail\",1]", "434[[],1]"),
        ("425[\"none\",1,2]", "435[]"),
    ];
    expect_answers(io, &exchanges).await;
}

#[tokio::test]
async fn an_absent_argument_is_none_and_a_wrong_one_is_an_error() {
    let io = echo();
    let mut errors = errors_of(&io);
    io.on("e", async |ack: Ack, Data(a): Data<u8>, b: Option<Data<u8>>| ack.send((a, b.map(|Data(b)| b))));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    ws.send("420[\"e\",1]").await;
    ws.expect("430[1,null]").await;
    ws.send("421[\"e\",1,null]").await;
    ws.expect("431[1,null]").await;
    ws.send("422[\"e\",1,2]").await;
    ws.expect("432[1,2]").await;
    ws.send("423[\"e\",1,\"two\"]").await;
    ws.expect_echo("still here").await;
    assert!(matches!(errors.recv().await, Some(ExtractError::Argument(ArgError::Invalid { index: 1, .. }))));
}

#[tokio::test]
async fn every_extraction_that_fails_is_told_and_says_which_argument() {
    let io = echo();
    let mut errors = errors_of(&io);
    io.on("rest", async |_: Data<u8>, Rest((_, _)): Rest<(u8, u8)>| {});
    io.on("bytes", async |_: Data<u8>, _: Bytes| {});
    io.on("ack", async |_: Ack<u8>| {});
    io.on("state", async |_: State<u8>| {});
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let mut told = async |event: &str| {
        ws.send(event).await;
        patiently("an error", errors.recv()).await.unwrap().to_string()
    };
    assert!(told("42[\"rest\",1,2,\"x\"]").await.starts_with("argument 2 does not fit"));
    assert_eq!(told("42[\"rest\",1,2]").await, "argument 2 is missing");
    assert_eq!(told("42[\"bytes\",1,\"text\"]").await, "argument 1 does not fit: not binary");
    assert_eq!(
        told("42[\"bytes\",1,{\"_placeholder\":true,\"num\":0}]").await,
        "argument 1 does not fit: not binary"
    );
    assert_eq!(told("42[\"bytes\",1]").await, "argument 1 is missing");
    assert_eq!(told("42[\"ack\"]").await, ExtractError::NoAck.to_string());
    assert!(told("42[\"state\"]").await.contains("u8"));
}

#[tokio::test]
async fn what_a_middleware_cannot_extract_is_told_too() {
    let io = echo();
    let mut errors = errors_of(&io);
    io.middleware(async |Auth(_): Auth<Vec<u8>>| Ok::<_, ConnectError>(()));
    let host = Host::start(io).await;
    let mut ws = host.session().await;
    ws.send("40{\"token\":1}").await;
    ws.expect("44{\"message\":\"invalid handshake\"}").await;
    assert!(matches!(errors.recv().await, Some(ExtractError::Argument(_))));
}

#[tokio::test]
async fn a_typed_ack_and_an_optional_one_answer_with_one_argument() {
    let io = echo();
    io.on("typed", async |ack: Ack<(u8, u8)>| ack.send(&(1, 2)));
    io.on("text", async |ack: Option<Ack<str>>, socket: Socket| match ack {
        Some(ack) => ack.send("answered"),
        None => socket.emit("unasked", ()),
    });
    let exchanges = [
        ("427[\"typed\"]", "437[[1,2]]"),
        ("428[\"text\"]", "438[\"answered\"]"),
        ("42[\"text\"]", "42[\"unasked\"]"),
    ];
    expect_answers(io, &exchanges).await;
}

#[tokio::test]
async fn bytes_are_taken_as_they_arrived_and_stand_in_any_type() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Upload {
        name: String,
        parts: Vec<Bytes>,
    }
    let io = echo();
    io.on("raw", async |ack: Ack, Data(name): Data<String>, file: Bytes| ack.send((name, file)));
    io.on("nested", async |ack: Ack<Upload>, Data(upload): Data<Upload>| ack.send(&upload));
    let host = Host::start(io).await;
    let mut ws = host.client().await;
    let place = |num: u8| format!("{{\"_placeholder\":true,\"num\":{num}}}");
    ws.send(format!("451-0[\"raw\",\"a\",{}]", place(0))).await;
    ws.send_binary(&[1, 2, 3]).await;
    ws.expect(&format!("461-0[\"a\",{}]", place(0))).await;
    assert_eq!(ws.recv().await, Frame::Binary(vec![1, 2, 3]));
    let upload = format!("{{\"name\":\"b\",\"parts\":[{},{}]}}", place(0), place(1));
    ws.send(format!("452-1[\"nested\",{upload}]")).await;
    ws.send_binary(&[4]).await;
    ws.send_binary(&[]).await;
    ws.expect(&format!("462-1[{upload}]")).await;
    assert_eq!(ws.recv().await, Frame::Binary(vec![4]));
    assert_eq!(ws.recv().await, Frame::Binary(vec![]));
}

#[tokio::test]
async fn numbers_that_javascript_cannot_hold_survive_in_types_that_can() {
    let io = echo();
    io.on("u64", async |ack: Ack<u64>, Data(n): Data<u64>| ack.send(&n));
    io.on("i64", async |ack: Ack<i64>, Data(n): Data<i64>| ack.send(&n));
    io.on("i128", async |ack: Ack<i128>, Data(n): Data<i128>| ack.send(&n));
    io.on("u128", async |ack: Ack<(u128,)>, Rest((n,)): Rest<(u128,)>| ack.send(&(n,)));
    io.on("raw", async |ack: Ack<RawValue>, Data(raw): Data<Box<RawValue>>, _: Option<Data<Bytes>>| {
        ack.send(&raw)
    });
    let u128 = u128::MAX;
    let exchanges = [
        ("421[\"u64\",18446744073709551615]".to_owned(), "431[18446744073709551615]".to_owned()),
        ("422[\"i64\",-9223372036854775808]".to_owned(), "432[-9223372036854775808]".to_owned()),
        ("423[\"i64\",9007199254740993]".to_owned(), "433[9007199254740993]".to_owned()),
        (format!("424[\"i128\",{}]", i128::MIN), format!("434[{}]", i128::MIN)),
        (format!("425[\"u128\",{u128}]"), format!("435[[{u128}]]")),
        (format!("426[\"raw\",[{u128}0.{u128}]]"), format!("436[[{u128}0.{u128}]]")),
    ];
    let exchanges: Vec<_> =
        exchanges.iter().map(|(event, answer)| (event.as_str(), answer.as_str())).collect();
    expect_answers(io, &exchanges).await;
}

#[tokio::test]
async fn handlers_take_the_state_and_the_handshake() {
    let io = Server::builder().state(String::from("kept")).build();
    io.on("e", async |ack: Ack, state: State<String>, handshake: Handshake| {
        ack.send((state.as_str(), handshake.query().any(|(key, _)| key == "EIO")))
    });
    expect_answers(io, &[("421[\"e\"]", "431[\"kept\",true]")]).await;
}

#[tokio::test]
async fn a_lone_surrogate_is_counted() {
    let io = echo();
    let host = Host::start(io.clone()).await;
    let mut ws = host.client().await;
    ws.send(r#"42["echo","\ud83d\ude00"]"#).await;
    ws.expect(r#"42["echo","\ud83d\ude00"]"#).await;
    assert_eq!(io.counts().repaired, 0);
    ws.send(r#"42["echo","a\ud800"]"#).await;
    ws.expect(r#"42["echo","a\ufffd"]"#).await;
    ws.send(r#"451-["echo","\udc00",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(b"x").await;
    ws.expect(r#"451-["echo","\ufffd",{"_placeholder":true,"num":0}]"#).await;
    assert_eq!(io.counts().repaired, 2);
}

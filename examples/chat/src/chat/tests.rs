//! The handlers behind a server without a network: clients poll by calling the service.

use super::*;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use tower_service::Service;

/// The chat on an empty store.
fn chat() -> (Router, Store) {
    let store = Store::open(Path::new(":memory:")).unwrap();
    (Router::new().layer(server(store.clone()).layer()), store)
}

/// A client on polling, by the packets of the wire.
struct Client {
    app: Router,
    sid: String,
    received: VecDeque<String>,
}

impl Client {
    /// Opens a session, and is in the chat when the history has come: `history` is that packet's list.
    async fn enter(app: &Router, auth: Value) -> (Self, Vec<Value>) {
        let mut client = Self { app: app.clone(), sid: String::new(), received: VecDeque::new() };
        let open = client.next().await;
        let handshake: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        client.sid = handshake["sid"].as_str().unwrap().to_owned();
        client.send(&format!("40{auth}")).await;
        assert!(client.next().await.starts_with("40{\"sid\":"));
        let (name, history) = client.event().await;
        assert_eq!(name, "history");
        (client, history.as_array().unwrap().clone())
    }

    async fn send(&self, packet: &str) {
        let answer = self.request("POST", packet.to_owned()).await;
        assert_eq!(answer, "ok");
    }

    /// Says something and asks for an acknowledgement; gives the answer back.
    async fn say(&mut self, nickname: &str, text: &str) -> Value {
        self.send(&draft_packet(nickname, text)).await;
        loop {
            let packet = self.next().await;
            if let Some(answer) = packet.strip_prefix("437") {
                return serde_json::from_str::<Value>(answer).unwrap()[0].take();
            }
        }
    }

    /// The next event: its name and its argument.
    async fn event(&mut self) -> (String, Value) {
        let packet = self.next().await;
        let mut event: Value = serde_json::from_str(packet.strip_prefix("42").unwrap()).unwrap();
        (event[0].as_str().unwrap().to_owned(), event[1].take())
    }

    async fn next(&mut self) -> String {
        while self.received.is_empty() {
            let payload = self.request("GET", String::new()).await;
            self.received.extend(payload.split('\x1e').map(str::to_owned));
        }
        self.received.pop_front().unwrap()
    }

    async fn request(&self, method: &str, body: String) -> String {
        let sid = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        let request = Request::builder()
            .method(method)
            .uri(format!("/socket.io/?EIO=4&transport=polling{sid}"))
            .header("host", "localhost")
            .body(Body::from(body))
            .unwrap();
        let response = self.app.clone().call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
    }
}

fn draft_packet(nickname: &str, text: &str) -> String {
    format!("427{}", json!(["chat message", { "nickname": nickname, "text": text }]))
}

fn ids(messages: &[Value]) -> Vec<i64> {
    messages.iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_message_reaches_everyone_once_and_its_sender_gets_the_id() {
    let (app, _) = chat();
    let (mut ada, history) = Client::enter(&app, json!({})).await;
    let (mut grace, _) = Client::enter(&app, json!({})).await;
    assert_eq!(history, [json!(null); 0]);
    ada.send(&draft_packet("  Ada ", "\thello everyone \n")).await;

    let (name, seen) = grace.event().await;
    assert_eq!(name, "chat message");
    assert_eq!(
        (&seen["id"], &seen["nickname"], &seen["text"]),
        (&json!(1), &json!("Ada"), &json!("hello everyone"))
    );
    assert!(seen["sentAt"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(ada.event().await, (name, seen));
    assert_eq!(ada.next().await, r#"437[{"id":1}]"#);
    assert_eq!(grace.say("Grace", "hello back").await, json!({ "id": 2 }));
    assert_eq!(ada.event().await.1["id"], 2);
}

#[tokio::test]
async fn a_client_that_wants_no_acknowledgement_may_speak() {
    let (app, _) = chat();
    let (mut ada, _) = Client::enter(&app, json!({})).await;
    ada.send(r#"42["chat message",{"nickname":"Ada","text":"hello"}]"#).await;
    assert_eq!(ada.event().await.1["text"], "hello");
}

#[tokio::test]
async fn who_connects_gets_what_was_said_after_its_last_id() {
    let (app, _) = chat();
    let (mut ada, _) = Client::enter(&app, json!({})).await;
    for text in ["one", "two", "three"] {
        ada.say("Ada", text).await;
    }
    for (auth, expected) in [
        (json!({}), vec![1, 2, 3]),
        (json!({ "lastId": 0 }), vec![1, 2, 3]),
        (json!({ "lastId": 2 }), vec![3]),
        (json!({ "lastId": 3 }), vec![]),
    ] {
        let (_, history) = Client::enter(&app, auth.clone()).await;
        assert_eq!(ids(&history), expected, "{auth}");
    }
}

#[tokio::test]
async fn lengths_count_characters_of_the_trimmed_input() {
    let (app, _) = chat();
    let (mut ada, _) = Client::enter(&app, json!({})).await;
    let of = |length: usize| "\u{1F980}".repeat(length);
    for (nickname, text, wrong) in [
        (of(31), of(1_999), None),
        (format!("  {}  ", of(32)), format!("\n{}\n", of(2_000)), None),
        (of(33), of(1), Some("a nickname may have 32 characters, this one has 33")),
        (of(1), of(2_001), Some("a message may have 2000 characters, this one has 2001")),
        (String::new(), of(1), Some("a nickname must not be empty")),
        (" \u{3000}\t".to_owned(), of(1), Some("a nickname must not be empty")),
        (of(1), String::new(), Some("a message must not be empty")),
        (of(1), "\n \n".to_owned(), Some("a message must not be empty")),
    ] {
        let answer = ada.say(&nickname, &text).await;
        match wrong {
            None => assert!(answer["id"].is_i64(), "{answer}"),
            Some(error) => assert_eq!(answer, json!({ "error": error })),
        }
    }
}

#[tokio::test]
async fn what_was_refused_is_neither_stored_nor_sent() {
    let (app, store) = chat();
    let (mut ada, _) = Client::enter(&app, json!({})).await;
    let (mut grace, _) = Client::enter(&app, json!({})).await;
    ada.say("", "who am I?").await;
    ada.say("Ada", "now you know").await;
    assert_eq!(grace.event().await.1["text"], "now you know");
    assert_eq!(store.after(0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_draft_of_another_shape_costs_only_itself() {
    let (app, _) = chat();
    let (mut ada, _) = Client::enter(&app, json!({})).await;
    for packet in
        [r#"427["chat message"]"#, r#"427["chat message",{"nickname":7,"text":[]}]"#, r#"42["else",1]"#]
    {
        ada.send(packet).await;
    }
    assert_eq!(ada.say("Ada", "still here").await, json!({ "id": 1 }));
}

#[tokio::test]
async fn a_store_that_fails_is_told_to_the_sender() {
    let (app, store) = chat();
    let (mut ada, _) = Client::enter(&app, json!({})).await;
    store.close().await;
    let answer = ada.say("Ada", "hello?").await;
    assert_eq!(answer, json!({ "error": "the message could not be stored: the database is closed" }));
}

/// Three talk at once while others come in: whoever comes has every message from the first on, once, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_falls_between_history_and_what_is_sent_to_all() {
    const EACH: i64 = 30;
    let (app, _) = chat();
    let mut talking = tokio::task::JoinSet::new();
    for nickname in ["Ada", "Grace", "Edsger"] {
        let (mut client, _) = Client::enter(&app, json!({})).await;
        talking.spawn(async move {
            for n in 0..EACH {
                client.say(nickname, &n.to_string()).await;
            }
        });
    }
    let mut listening = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut client, history) = Client::enter(&app, json!({})).await;
        listening.spawn(async move {
            let mut seen = ids(&history);
            while seen.last() != Some(&(3 * EACH)) {
                seen.push(client.event().await.1["id"].as_i64().unwrap());
            }
            assert_eq!(seen, (1..=3 * EACH).collect::<Vec<_>>());
        });
    }
    talking.join_all().await;
    assert_eq!(listening.join_all().await.len(), 8);
}

//! The handlers, and clients of them in memory. The clock is the real one, since the store has a thread of its own.

use super::*;
use serde_json::{Value, json};
use sockeye::testing::Client;
use std::path::Path;
use std::time::Duration;

/// The chat on an empty store.
fn chat() -> (Server, Store) {
    let store = Store::open(Path::new(":memory:")).unwrap();
    (server(store.clone()), store)
}

/// A client that is in the chat: its history has come, too.
async fn enter(io: &Server, auth: Value) -> (Client, Vec<Value>) {
    let mut client = Client::builder(io).auth(&auth).limit(Duration::from_secs(60)).connect().await;
    let history = client.expect("history").await;
    (client, history)
}

/// Says something and asks for an acknowledgement; gives the answer back.
async fn say(client: &Client, nickname: &str, text: &str) -> Value {
    client.emit_with_ack("chat message", &json!({ "nickname": nickname, "text": text })).await
}

/// The next message that was sent to all.
async fn heard(client: &mut Client) -> Value {
    client.expect("chat message").await
}

fn ids(messages: &[Value]) -> Vec<i64> {
    messages.iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_message_reaches_everyone_once_and_its_sender_gets_the_id() {
    let (io, _) = chat();
    let (mut ada, history) = enter(&io, json!({})).await;
    let (mut grace, _) = enter(&io, json!({})).await;
    assert_eq!(history, [json!(null); 0]);
    assert_eq!(say(&ada, "  Ada ", "\thello everyone \n").await, json!({ "id": 1 }));

    let seen = heard(&mut grace).await;
    assert_eq!(
        (&seen["id"], &seen["nickname"], &seen["text"]),
        (&json!(1), &json!("Ada"), &json!("hello everyone"))
    );
    assert!(seen["sentAt"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(heard(&mut ada).await, seen);
    assert_eq!(say(&grace, "Grace", "hello back").await, json!({ "id": 2 }));
    assert_eq!(heard(&mut ada).await["id"], 2);
}

#[tokio::test]
async fn a_client_that_wants_no_acknowledgement_may_speak() {
    let (io, _) = chat();
    let (mut ada, _) = enter(&io, json!({})).await;
    ada.emit("chat message", &json!({ "nickname": "Ada", "text": "hello" }));
    assert_eq!(heard(&mut ada).await["text"], "hello");
}

#[tokio::test]
async fn who_connects_gets_what_was_said_after_its_last_id() {
    let (io, _) = chat();
    let (ada, _) = enter(&io, json!({})).await;
    for text in ["one", "two", "three"] {
        say(&ada, "Ada", text).await;
    }
    for (auth, expected) in [
        (json!({}), vec![1, 2, 3]),
        (json!({ "lastId": 0 }), vec![1, 2, 3]),
        (json!({ "lastId": 2 }), vec![3]),
        (json!({ "lastId": 3 }), vec![]),
    ] {
        let (_, history) = enter(&io, auth.clone()).await;
        assert_eq!(ids(&history), expected, "{auth}");
    }
}

#[tokio::test]
async fn lengths_count_characters_of_the_trimmed_input() {
    let (io, _) = chat();
    let (ada, _) = enter(&io, json!({})).await;
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
        let answer = say(&ada, &nickname, &text).await;
        match wrong {
            None => assert!(answer["id"].is_i64(), "{answer}"),
            Some(error) => assert_eq!(answer, json!({ "error": error })),
        }
    }
}

#[tokio::test]
async fn what_was_refused_is_neither_stored_nor_sent() {
    let (io, store) = chat();
    let (ada, _) = enter(&io, json!({})).await;
    let (mut grace, _) = enter(&io, json!({})).await;
    say(&ada, "", "who am I?").await;
    say(&ada, "Ada", "now you know").await;
    assert_eq!(heard(&mut grace).await["text"], "now you know");
    assert_eq!(store.after(0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_draft_of_another_shape_costs_only_itself() {
    let (io, _) = chat();
    let (ada, _) = enter(&io, json!({})).await;
    ada.emit("chat message", ());
    ada.emit("chat message", &json!({ "nickname": 7, "text": [] }));
    ada.emit("else", &1);
    assert_eq!(say(&ada, "Ada", "still here").await, json!({ "id": 1 }));
}

#[tokio::test]
async fn a_store_that_fails_is_told_to_the_sender() {
    let (io, store) = chat();
    let (ada, _) = enter(&io, json!({})).await;
    store.close().await;
    let answer = say(&ada, "Ada", "hello?").await;
    assert_eq!(answer, json!({ "error": "the message could not be stored: the database is closed" }));
}

/// Three talk at once while others come in: whoever comes has every message from the first on, once, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_falls_between_history_and_what_is_sent_to_all() {
    const EACH: i64 = 30;
    let (io, _) = chat();
    let mut talking = tokio::task::JoinSet::new();
    for nickname in ["Ada", "Grace", "Edsger"] {
        let (client, _) = enter(&io, json!({})).await;
        talking.spawn(async move {
            for n in 0..EACH {
                say(&client, nickname, &n.to_string()).await;
            }
        });
    }
    let mut listening = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut client, history) = enter(&io, json!({})).await;
        listening.spawn(async move {
            let mut seen = ids(&history);
            while seen.last() != Some(&(3 * EACH)) {
                seen.push(heard(&mut client).await["id"].as_i64().unwrap());
            }
            assert_eq!(seen, (1..=3 * EACH).collect::<Vec<_>>());
        });
    }
    talking.join_all().await;
    assert_eq!(listening.join_all().await.len(), 8);
}

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

fn auth(nickname: &str) -> Value {
    json!({ "key": format!("the secret of {nickname}"), "nickname": nickname })
}

/// A client that is in the chat, and the pages of its history.
async fn enter_with(io: &Server, auth: Value) -> (Client, Vec<Value>) {
    let mut client = Client::builder(io).auth(&auth).limit(Duration::from_secs(60)).connect().await;
    client.expect::<Value>("welcome").await;
    let mut pages = vec![client.expect::<Value>("history").await];
    while messages(&pages[pages.len() - 1]).len() == 100 && auth["serverOffset"].is_i64() {
        pages.push(client.expect("history").await);
    }
    (client, pages)
}

/// A client of this name, who has seen who is online.
async fn enter(io: &Server, nickname: &str) -> Client {
    let (mut client, _) = enter_with(io, auth(nickname)).await;
    client.expect::<Value>("online").await;
    client
}

async fn refused(io: &Server, auth: Value) -> Value {
    let refusal = Client::builder(io).auth(&auth).limit(Duration::from_secs(60)).try_connect().await;
    json!(refusal.err().unwrap().message())
}

/// Says something and asks for an acknowledgement; gives the answer back.
async fn say(client: &Client, text: &str, offset: &str) -> Value {
    client.emit_with_ack("chat message", &json!({ "text": text, "offset": offset })).await
}

/// The next message.
async fn heard(client: &mut Client) -> Value {
    client.expect("chat message").await
}

fn messages(page: &Value) -> &[Value] {
    page["messages"].as_array().unwrap()
}

fn ids(page: &Value) -> Vec<i64> {
    messages(page).iter().map(|message| message["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_message_reaches_everyone_once_and_its_sender_gets_the_id() {
    let (io, _) = chat();
    let mut ada = enter(&io, "Ada").await;
    let mut grace = enter(&io, "Grace").await;
    assert_eq!(say(&ada, "\thello everyone \n", "a").await, json!({ "id": 1 }));

    let seen = heard(&mut grace).await;
    assert!(seen["sentAt"].as_i64().unwrap() > 1_700_000_000_000);
    let mut second_tab =
        Client::builder(&io).auth(&auth("Grace")).limit(Duration::from_secs(60)).connect().await;
    assert_eq!(second_tab.expect::<Value>("welcome").await, json!({ "id": 2, "nickname": "Grace" }));
    let expected = json!({
        "id": 1, "author": { "id": 1, "nickname": "Ada" }, "text": "hello everyone", "offset": "a",
        "sentAt": seen["sentAt"],
    });
    assert_eq!(seen, expected);
    assert_eq!(heard(&mut ada).await, seen);
    assert_eq!(say(&grace, "hello back", "a").await, json!({ "id": 2 }));
    assert_eq!(heard(&mut ada).await["author"]["nickname"], "Grace");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_heard_once() {
    let (io, store) = chat();
    let mut ada = enter(&io, "Ada").await;
    for _ in 0..3 {
        assert_eq!(say(&ada, "hello", "a").await, json!({ "id": 1 }));
    }
    assert_eq!(say(&ada, "hello", "b").await, json!({ "id": 2 }));
    assert_eq!([heard(&mut ada).await["id"].clone(), heard(&mut ada).await["id"].clone()], [1, 2]);
    assert_eq!(store.after(1, None).await.unwrap().messages.len(), 2);
}

#[tokio::test]
async fn a_client_that_wants_no_acknowledgement_may_speak() {
    let (io, _) = chat();
    let mut ada = enter(&io, "Ada").await;
    ada.emit("chat message", &json!({ "text": "hello", "offset": "a" }));
    assert_eq!(heard(&mut ada).await["text"], "hello");
}

#[tokio::test]
async fn who_comes_back_gets_all_that_was_said_meanwhile() {
    let (io, _) = chat();
    let ada = enter(&io, "Ada").await;
    for n in 1..=205 {
        say(&ada, "text", &n.to_string()).await;
    }
    for (offset, sizes, anew) in [
        (Value::Null, vec![100], true),
        (json!(0), vec![100, 100, 5], false),
        (json!(5), vec![100, 100, 0], false),
        (json!(204), vec![1], false),
        (json!(205), vec![0], false),
        (json!(206), vec![100], true),
    ] {
        let mut auth = auth("Grace");
        auth["serverOffset"] = offset.clone();
        let mut client = Client::builder(&io).auth(&auth).limit(Duration::from_secs(60)).connect().await;
        let mut seen = Vec::new();
        for size in sizes {
            let page = client.expect::<Value>("history").await;
            assert_eq!((messages(&page).len(), &page["anew"]), (size, &json!(anew)), "{offset}");
            seen.extend(ids(&page));
        }
        client.expect::<Value>("online").await;
        assert_eq!(seen, (206 - seen.len() as i64..=205).collect::<Vec<_>>(), "{offset}");
        client.disconnect().await;
    }
    let page: Value = ada.emit_with_ack("earlier", &106).await;
    assert_eq!((ids(&page), &page["earlier"]), ((6..=105).collect(), &json!(true)));
}

#[tokio::test]
async fn a_private_message_is_heard_by_the_two_it_concerns_in_all_their_tabs() {
    let (io, _) = chat();
    let [mut ada, mut grace, mut edsger] =
        [enter(&io, "Ada").await, enter(&io, "Grace").await, enter(&io, "Edsger").await];
    let mut second_tab = enter(&io, "Grace").await;
    let secret = json!({ "text": "a secret", "to": 2, "offset": "a" });
    assert_eq!(ada.emit_with_ack::<Value>("chat message", &secret).await, json!({ "id": 1 }));
    for client in [&mut ada, &mut grace, &mut second_tab] {
        let seen = heard(client).await;
        assert_eq!(
            (&seen["text"], &seen["to"]),
            (&json!("a secret"), &json!({ "id": 2, "nickname": "Grace" }))
        );
    }
    say(&ada, "for all", "b").await;
    assert_eq!(heard(&mut edsger).await["text"], "for all");

    let nobody = json!({ "text": "hello?", "to": 99, "offset": "c" });
    let answer = ada.emit_with_ack::<Value>("chat message", &nobody).await;
    assert_eq!(answer, json!({ "error": "whom it is for is not known here any more" }));
}

#[tokio::test]
async fn everyone_sees_who_comes_and_who_goes_but_not_how_many_tabs() {
    let (io, _) = chat();
    let mut ada = enter(&io, "Ada").await;
    let grace = enter(&io, "Grace").await;
    let second_tab = enter(&io, "Grace").await;
    let person = json!({ "id": 2, "nickname": "Grace" });
    assert_eq!(ada.expect::<Value>("joined").await, person);
    second_tab.disconnect().await;
    grace.disconnect().await;
    assert_eq!(ada.expect::<Value>("left").await, person);
    let (mut edsger, _) = enter_with(&io, auth("Edsger")).await;
    let online = edsger.expect::<Value>("online").await;
    assert_eq!(online, json!([{ "id": 1, "nickname": "Ada" }, { "id": 3, "nickname": "Edsger" }]));
    assert_eq!(ada.expect::<Value>("joined").await, json!({ "id": 3, "nickname": "Edsger" }));
    ada.expect_nothing().await;
}

#[tokio::test]
async fn a_name_is_refused_while_somebody_else_is_here_with_it() {
    let (io, _) = chat();
    let ada = enter(&io, "Ada").await;
    let other = json!({ "key": "another secret of hers", "nickname": "ada" });
    assert_eq!(refused(&io, other.clone()).await, "somebody here is called ada already");
    ada.disconnect().await;
    let (mut other, _) = enter_with(&io, other).await;
    assert_eq!(other.expect::<Value>("online").await, json!([{ "id": 2, "nickname": "ada" }]));
}

#[tokio::test]
async fn the_same_key_is_the_same_person_under_another_name() {
    let (io, _) = chat();
    let mut grace = enter(&io, "Grace").await;
    enter(&io, "Ada").await.disconnect().await;
    grace.expect::<Value>("left").await;
    let key = &auth("Ada")["key"];
    enter_with(&io, json!({ "key": key, "nickname": "Countess" })).await;
    assert_eq!(grace.expect::<Value>("joined").await, json!({ "id": 2, "nickname": "Ada" }));
    assert_eq!(grace.expect::<Value>("joined").await, json!({ "id": 2, "nickname": "Countess" }));
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_told_what_is_wrong() {
    let (io, _) = chat();
    let key = "0123456789abcdef";
    for (auth, part) in [
        (json!({ "key": key, "nickname": "  " }), "a nickname must not be empty"),
        (json!({ "key": key, "nickname": "n".repeat(33) }), "this one has 33"),
        (json!({ "key": "short", "nickname": "Ada" }), "a key has 16 to 64 bytes"),
    ] {
        assert!(refused(&io, auth.clone()).await.as_str().unwrap().contains(part), "{auth}");
    }
    for auth in [json!({}), json!({ "key": 1, "nickname": [] })] {
        refused(&io, auth).await;
    }
}

#[tokio::test]
async fn typing_is_seen_by_those_it_concerns() {
    let (io, _) = chat();
    let [mut ada, mut grace, mut edsger] =
        [enter(&io, "Ada").await, enter(&io, "Grace").await, enter(&io, "Edsger").await];
    ada.emit("typing", ());
    for client in [&mut grace, &mut edsger] {
        assert_eq!(client.expect::<Value>("typing").await, json!({ "id": 1 }));
    }
    ada.emit("typing", &2);
    assert_eq!(grace.expect::<Value>("typing").await, json!({ "id": 1, "to": 2 }));
    // Whoever is told to Edsger comes later.
    edsger.emit("typing", ());
    assert_eq!(ada.expect::<Value>("typing").await, json!({ "id": 3 }));
    say(&ada, "done", "a").await;
    heard(&mut edsger).await;
    edsger.expect_nothing().await;
}

#[tokio::test]
async fn what_was_refused_is_neither_stored_nor_sent() {
    let (io, store) = chat();
    let ada = enter(&io, "Ada").await;
    let mut grace = enter(&io, "Grace").await;
    for (text, offset, error) in [
        ("", "a".to_owned(), "a message must not be empty"),
        (&*"x".repeat(2_001), "a".to_owned(), "a message may have 2000 characters, this one has 2001"),
        ("text", String::new(), "an offset has 1 to 64 bytes"),
        ("text", "o".repeat(65), "an offset has 1 to 64 bytes"),
    ] {
        assert_eq!(say(&ada, text, &offset).await, json!({ "error": error }));
    }
    say(&ada, "now you know", "a").await;
    assert_eq!(heard(&mut grace).await["text"], "now you know");
    assert_eq!(store.after(1, None).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn an_event_of_another_shape_costs_only_itself() {
    let (io, _) = chat();
    let ada = enter(&io, "Ada").await;
    ada.emit("chat message", ());
    ada.emit("chat message", &json!({ "text": [], "offset": 7, "to": "all" }));
    ada.emit("typing", "Grace");
    ada.emit("earlier", ());
    ada.emit("else", &1);
    assert_eq!(say(&ada, "still here", "a").await, json!({ "id": 1 }));
    ada.emit_with_ack::<()>("round trip", ()).await;
}

#[tokio::test]
async fn a_store_that_fails_is_told_to_the_sender() {
    let (io, store) = chat();
    let ada = enter(&io, "Ada").await;
    store.close().await;
    let answer = say(&ada, "hello?", "a").await;
    assert_eq!(answer, json!({ "error": "the message could not be stored: the database is closed" }));
    assert_eq!(refused(&io, auth("Grace")).await, "the database is closed");
}

/// Three talk at once while others come in: whoever comes has every message from the first on, once, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_falls_between_history_and_what_is_sent_to_all() {
    const EACH: i64 = 60;
    let (io, _) = chat();
    let mut talking = tokio::task::JoinSet::new();
    for nickname in ["Ada", "Grace", "Edsger"] {
        let client = enter(&io, nickname).await;
        talking.spawn(async move {
            for n in 0..EACH {
                say(&client, "text", &n.to_string()).await;
            }
        });
    }
    let mut listening = tokio::task::JoinSet::new();
    for n in 0..8 {
        let mut auth = auth(&format!("Listener {n}"));
        auth["serverOffset"] = json!(0);
        let (mut client, pages) = enter_with(&io, auth).await;
        listening.spawn(async move {
            let mut seen: Vec<i64> = pages.iter().flat_map(ids).collect();
            while seen.last() != Some(&(3 * EACH)) {
                seen.push(heard(&mut client).await["id"].as_i64().unwrap());
            }
            assert_eq!(seen, (1..=3 * EACH).collect::<Vec<_>>());
        });
    }
    talking.join_all().await;
    assert_eq!(listening.join_all().await.len(), 8);
}

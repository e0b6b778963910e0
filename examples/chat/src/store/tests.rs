//! The store alone: what it gives back, what it forgets, and what it stores only once.

use super::*;

fn empty() -> Store {
    Store::open(Path::new(":memory:")).unwrap()
}

/// Ada is the first person of every store in here, Grace the second, Edsger the third.
async fn with_people() -> (Store, [Person; 3]) {
    let store = empty();
    let mut people = Vec::new();
    for nickname in ["Ada", "Grace", "Edsger"] {
        let id = store.sign_in(format!("key of {nickname}"), nickname.to_owned()).await.unwrap();
        people.push(Person { id, nickname: nickname.to_owned() });
    }
    (store, people.try_into().unwrap())
}

fn draft(author: &Person, to: Option<&Person>, n: i64) -> Draft {
    Draft {
        author: author.clone(),
        to: to.map(|person| person.id),
        text: format!("message {n}"),
        offset: n.to_string(),
        sent_at: n,
    }
}

async fn filled(messages: i64) -> Store {
    let (store, [ada, ..]) = with_people().await;
    for n in 1..=messages {
        store.append(draft(&ada, None, n)).await.unwrap();
    }
    store
}

fn ids(page: &Page) -> Vec<i64> {
    page.messages.iter().map(|message| message.id).collect()
}

#[tokio::test]
async fn what_was_appended_is_given_back_as_it_was() {
    let (store, [ada, grace, _]) = with_people().await;
    let text = "a 'quoted' \"text\" with \0, \u{1F980} and \n; DROP TABLE posts".to_owned();
    let said = Draft { text: text.clone(), ..draft(&ada, Some(&grace), 7) };
    let expected =
        Message { id: 1, author: ada, to: Some(grace.clone()), text, sent_at: 7, offset: "7".to_owned() };
    assert_eq!(store.append(said).await.unwrap(), Stored::New(expected.clone()));
    assert_eq!(store.after(grace.id, Some(0)).await.unwrap().messages, [expected]);
}

#[tokio::test]
async fn a_key_is_one_person_under_the_latest_name() {
    let (store, [ada, grace, _]) = with_people().await;
    for _ in 0..3 {
        assert_eq!(store.sign_in("key of Ada".to_owned(), "Countess".to_owned()).await.unwrap(), ada.id);
    }
    // Coming again takes no number.
    assert_eq!(store.sign_in("key of Alan".to_owned(), "Alan".to_owned()).await.unwrap(), 4);
    let Stored::New(message) = store.append(draft(&grace, Some(&ada), 1)).await.unwrap() else { panic!() };
    assert_eq!(message.to, Some(Person { id: ada.id, nickname: "Countess".to_owned() }));
}

#[tokio::test]
async fn an_offset_of_an_author_is_stored_once() {
    let (store, [ada, grace, _]) = with_people().await;
    assert!(matches!(store.append(draft(&ada, None, 1)).await.unwrap(), Stored::New(_)));
    assert!(matches!(store.append(draft(&grace, None, 1)).await.unwrap(), Stored::New(_)));
    assert_eq!(store.append(draft(&ada, None, 1)).await.unwrap(), Stored::Before(1));
    assert_eq!(store.append(draft(&grace, None, 1)).await.unwrap(), Stored::Before(2));
    assert_eq!(ids(&store.after(ada.id, Some(0)).await.unwrap()), [1, 2]);
}

#[tokio::test]
async fn nobody_can_be_written_to_who_is_not_known() {
    let (store, [ada, ..]) = with_people().await;
    let said = Draft { to: Some(4), ..draft(&ada, None, 1) };
    assert_eq!(store.append(said).await.unwrap(), Stored::ForNobody);
    assert_eq!(ids(&store.after(ada.id, Some(0)).await.unwrap()), [0; 0]);
}

#[tokio::test]
async fn a_private_message_is_for_the_two_it_concerns() {
    let (store, [ada, grace, edsger]) = with_people().await;
    store.append(draft(&ada, None, 1)).await.unwrap();
    store.append(draft(&ada, Some(&grace), 2)).await.unwrap();
    store.append(draft(&grace, Some(&ada), 3)).await.unwrap();
    for (reader, expected) in [(&ada, vec![1, 2, 3]), (&grace, vec![1, 2, 3]), (&edsger, vec![1])] {
        assert_eq!(ids(&store.after(reader.id, Some(0)).await.unwrap()), expected, "{reader:?}");
        assert_eq!(ids(&store.after(reader.id, None).await.unwrap()), expected, "{reader:?}");
        assert_eq!(ids(&store.before(reader.id, 4).await.unwrap()), expected, "{reader:?}");
    }
}

#[tokio::test]
async fn who_was_here_gets_what_came_after_page_by_page() {
    let store = filled(250).await;
    let mut seen = vec![20];
    loop {
        let page = store.after(1, seen.last().copied()).await.unwrap();
        assert!(!page.anew && !page.earlier);
        seen.extend(ids(&page));
        if !page.later {
            break;
        }
    }
    assert_eq!(seen, (20..=250).collect::<Vec<_>>());
    let none = Page { messages: Vec::new(), anew: false, earlier: false, later: false };
    assert_eq!(store.after(1, Some(250)).await.unwrap(), none);
}

#[tokio::test]
async fn who_is_new_gets_the_latest_and_asks_for_what_was_before() {
    for (messages, first, earlier) in [(99, 1, false), (100, 1, true), (101, 2, true)] {
        let page = filled(messages).await.after(1, None).await.unwrap();
        assert_eq!(ids(&page), (first..=messages).collect::<Vec<_>>());
        assert_eq!((page.anew, page.earlier, page.later), (true, earlier, false));
    }
    let store = filled(150).await;
    let before = store.before(1, 51).await.unwrap();
    assert_eq!((ids(&before), before.earlier), ((1..=50).collect(), false));
}

#[tokio::test]
async fn an_id_of_another_file_begins_anew() {
    let store = filled(3).await;
    for (id, anew) in [(0, false), (3, false), (4, true), (i64::MAX, true), (-1, true), (i64::MIN, true)] {
        assert_eq!(store.after(1, Some(id)).await.unwrap().anew, anew, "{id}");
    }
    assert!(!empty().after(1, Some(0)).await.unwrap().anew);
    assert!(empty().after(1, Some(1)).await.unwrap().anew);
}

#[tokio::test]
async fn the_file_keeps_the_last_ten_thousand() {
    let store = filled(KEPT + 1).await;
    let count = |connection: &mut Connection| {
        connection.query_row("SELECT count(*), min(id) FROM posts", [], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    assert_eq!(store.run(count).await.unwrap(), (KEPT, 2));
    // Who has the first one misses nothing, who has none does.
    assert!(!store.after(1, Some(1)).await.unwrap().anew);
    assert!(store.after(1, Some(0)).await.unwrap().anew);
}

#[tokio::test]
async fn the_file_keeps_the_last_ten_thousand_people() {
    let (store, _) = with_people().await;
    for n in 4..=KEPT + 1 {
        assert_eq!(store.sign_in(format!("key {n}"), format!("name {n}")).await.unwrap(), n);
    }
    let count = |connection: &mut Connection| {
        connection.query_row("SELECT count(*), min(id) FROM people", [], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    assert_eq!(store.run(count).await.unwrap(), (KEPT, 2));
}

#[tokio::test]
async fn messages_and_their_numbering_outlive_the_store() {
    let folder = std::env::temp_dir().join(format!("chat-store-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("chat.sqlite");
    let ada = Person { id: 1, nickname: "Ada".to_owned() };
    let first = Store::open(&file).unwrap();
    first.append(draft(&ada, None, 1)).await.unwrap();
    first.close().await;
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "closing leaves nothing beside the file");

    let second = Store::open(&file).unwrap();
    assert_eq!(second.append(draft(&ada, None, 1)).await.unwrap(), Stored::Before(1));
    assert!(matches!(second.append(draft(&ada, None, 2)).await.unwrap(), Stored::New(next) if next.id == 2));
    second.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn work_asked_for_before_the_close_is_done_and_later_work_refused() {
    let store = filled(0).await;
    let ada = Person { id: 1, nickname: "Ada".to_owned() };
    let (appended, ()) = tokio::join!(store.append(draft(&ada, None, 1)), store.close());
    assert!(matches!(appended.unwrap(), Stored::New(_)));
    assert!(matches!(store.after(1, None).await, Err(StoreError::Closed)));
    store.close().await;
}

#[tokio::test]
async fn a_path_that_cannot_be_opened_says_why() {
    let error = Store::open(Path::new("/nowhere/at/all/chat.sqlite")).err().unwrap().to_string();
    assert!(error.contains("unable to open database file"), "{error}");
}

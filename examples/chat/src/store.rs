//! The messages in a SQLite file. SQLite blocks, so its connection lives on a thread of its own and takes
//! its work from a channel; whoever asks awaits the answer and blocks no runtime.
//!
//! What a message may be is decided before it gets here, and who hears of it is decided elsewhere.

use rusqlite::{Connection, params};
use serde::Serialize;
use std::fmt;
use std::path::Path;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// How many messages [`Store::after`] gives at most.
pub(crate) const HISTORY: i64 = 100;

/// How many messages the file keeps: anyone can write to it, so it must not grow for ever.
const KEPT: i64 = 10_000;

/// Work that may wait for the thread. Whoever comes when it is full waits before the channel.
const QUEUED: usize = 64;

/// A message as it was stored, and as clients get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    /// Counts from 1, in the order of storing.
    pub(crate) id: i64,
    pub(crate) nickname: String,
    pub(crate) text: String,
    /// Milliseconds since 1970, UTC.
    pub(crate) sent_at: i64,
}

/// Why the store did not do its work.
#[derive(Debug)]
pub(crate) enum StoreError {
    Sqlite(rusqlite::Error),
    Thread(std::io::Error),
    /// It was closed before.
    Closed,
}

/// A handle on the thread. Cheap to clone; the thread ends with [`Store::close`] or with the last handle.
#[derive(Clone)]
pub(crate) struct Store {
    requests: mpsc::Sender<Request>,
}

enum Request {
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    Close,
}

impl Store {
    /// Opens the file, which is made if it is not there; `:memory:` is a store without a file.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        // With the log ahead of the file a commit costs no fsync; a crash of this process loses nothing.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(SCHEMA)?;
        let (requests, waiting) = mpsc::channel(QUEUED);
        thread::Builder::new().name("store".to_owned()).spawn(move || work(connection, waiting))?;
        Ok(Self { requests })
    }

    /// Stores a message and gives it back with its id.
    ///
    /// Once the work has reached the thread it is done, even if the future is dropped.
    pub(crate) async fn append(
        &self,
        nickname: String,
        text: String,
        sent_at: i64,
    ) -> Result<Message, StoreError> {
        self.run(move |connection| {
            let write = connection.transaction()?;
            write
                .prepare_cached("INSERT INTO messages (nickname, text, sent_at) VALUES (?1, ?2, ?3)")?
                .execute(params![nickname, text, sent_at])?;
            let id = write.last_insert_rowid();
            write
                .prepare_cached("DELETE FROM messages WHERE id <= ?1")?
                .execute([id.saturating_sub(KEPT)])?;
            write.commit()?;
            Ok(Message { id, nickname, text, sent_at })
        })
        .await
    }

    /// The last [`HISTORY`] messages that came after the one with this id, oldest first; 0 is before them all.
    /// An id that is yet to come is from another file, and counts as 0.
    pub(crate) async fn after(&self, id: i64) -> Result<Vec<Message>, StoreError> {
        self.run(move |connection| {
            let mut newest_first = connection.prepare_cached(AFTER)?;
            let found = newest_first.query_map(params![id, HISTORY], |row| {
                Ok(Message {
                    id: row.get(0)?,
                    nickname: row.get(1)?,
                    text: row.get(2)?,
                    sent_at: row.get(3)?,
                })
            })?;
            let mut messages = found.collect::<Result<Vec<_>, _>>()?;
            messages.reverse();
            Ok(messages)
        })
        .await
    }

    /// Does what was asked before, then closes the file; resolves when that is done.
    pub(crate) async fn close(&self) {
        // A send that fails finds it closed already.
        let _ = self.requests.send(Request::Close).await;
        self.requests.closed().await;
    }

    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |connection: &mut Connection| {
            // Whoever asked may be gone; the work is done all the same.
            let _ = reply.send(work(connection));
        };
        self.requests.send(Request::Run(Box::new(work))).await.map_err(|_| StoreError::Closed)?;
        Ok(answer.await.map_err(|_| StoreError::Closed)??)
    }
}

/// The thread's life. The channel is dropped after the connection: its end tells that the file is closed.
fn work(mut connection: Connection, mut requests: mpsc::Receiver<Request>) {
    while let Some(Request::Run(work)) = requests.blocking_recv() {
        work(&mut connection);
    }
    drop(connection);
    drop(requests);
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Sqlite(error) => error.fmt(f),
            StoreError::Thread(error) => write!(f, "no thread for the database: {error}"),
            StoreError::Closed => f.write_str("the database is closed"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::Sqlite(error)
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        StoreError::Thread(error)
    }
}

/// `AUTOINCREMENT`: an id is never given twice, whatever was deleted.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS messages (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        nickname TEXT    NOT NULL,
        text     TEXT    NOT NULL,
        sent_at  INTEGER NOT NULL
    ) STRICT";

const AFTER: &str = "
    SELECT id, nickname, text, sent_at FROM messages
    WHERE id > iif(?1 > (SELECT ifnull(max(id), 0) FROM messages), 0, ?1)
    ORDER BY id DESC LIMIT ?2";

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Store {
        Store::open(Path::new(":memory:")).unwrap()
    }

    async fn filled(messages: i64) -> Store {
        let store = empty();
        for n in 1..=messages {
            store.append("Ada".to_owned(), format!("message {n}"), n).await.unwrap();
        }
        store
    }

    async fn ids_after(store: &Store, id: i64) -> Vec<i64> {
        store.after(id).await.unwrap().iter().map(|message| message.id).collect()
    }

    #[tokio::test]
    async fn what_was_appended_is_given_back_as_it_was() {
        let store = empty();
        let text = "a 'quoted' \"text\" with \0, \u{1F980} and \n".to_owned();
        let appended = store
            .append("Ada; DROP TABLE messages".to_owned(), text.clone(), 1_700_000_000_123)
            .await
            .unwrap();
        let expected = Message {
            id: 1,
            nickname: "Ada; DROP TABLE messages".to_owned(),
            text,
            sent_at: 1_700_000_000_123,
        };
        assert_eq!(appended, expected);
        assert_eq!(store.after(0).await.unwrap(), [expected]);
    }

    #[tokio::test]
    async fn an_empty_store_has_no_history() {
        assert_eq!(empty().after(0).await.unwrap(), []);
    }

    #[tokio::test]
    async fn history_is_what_came_after_the_id_oldest_first() {
        let store = filled(5).await;
        assert_eq!(ids_after(&store, 0).await, [1, 2, 3, 4, 5]);
        assert_eq!(ids_after(&store, 3).await, [4, 5]);
        assert_eq!(ids_after(&store, 5).await, [0; 0]);
    }

    #[tokio::test]
    async fn history_is_the_last_hundred() {
        let store = filled(HISTORY).await;
        assert_eq!(ids_after(&store, 0).await, (1..=100).collect::<Vec<_>>());
        store.append("Ada".to_owned(), "one more".to_owned(), 0).await.unwrap();
        assert_eq!(ids_after(&store, 0).await, (2..=101).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn an_id_of_another_file_gets_all_of_the_history() {
        let store = filled(3).await;
        assert_eq!(ids_after(&store, 4).await, [1, 2, 3]);
        assert_eq!(ids_after(&store, i64::MAX).await, [1, 2, 3]);
        assert_eq!(ids_after(&store, i64::MIN).await, [1, 2, 3]);
    }

    #[tokio::test]
    async fn the_file_keeps_the_last_ten_thousand() {
        let store = filled(KEPT + 1).await;
        let count = |connection: &mut Connection| {
            connection
                .query_row("SELECT count(*), min(id) FROM messages", [], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        assert_eq!(store.run(count).await.unwrap(), (KEPT, 2));
    }

    #[tokio::test]
    async fn messages_and_their_numbering_outlive_the_store() {
        let folder = std::env::temp_dir().join(format!("chat-store-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("chat.sqlite");
        let first = Store::open(&file).unwrap();
        first.append("Ada".to_owned(), "still here".to_owned(), 7).await.unwrap();
        first.close().await;
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "closing leaves nothing beside the file");

        let second = Store::open(&file).unwrap();
        let next = second.append("Grace".to_owned(), "so am I".to_owned(), 8).await.unwrap();
        assert_eq!(next.id, 2);
        assert_eq!(second.after(0).await.unwrap()[0].text, "still here");
        second.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn work_asked_for_before_the_close_is_done_and_later_work_refused() {
        let store = empty();
        let (appended, ()) =
            tokio::join!(store.append("Ada".to_owned(), "last words".to_owned(), 0), store.close());
        assert_eq!(appended.unwrap().id, 1);
        assert!(matches!(store.after(0).await, Err(StoreError::Closed)));
        store.close().await;
    }

    #[tokio::test]
    async fn a_path_that_cannot_be_opened_says_why() {
        let error = Store::open(Path::new("/nowhere/at/all/chat.sqlite")).err().unwrap().to_string();
        assert!(error.contains("unable to open database file"), "{error}");
    }
}

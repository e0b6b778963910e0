//! The messages in a SQLite file, and who may be written to. SQLite blocks, so its connection lives on a thread of its
//! own and takes its work from a channel; whoever asks awaits the answer and blocks no runtime.
//!
//! What a message may be is decided before it gets here, and who hears of it is decided elsewhere.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use std::fmt;
use std::path::Path;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// How many messages a [`Page`] has at most.
pub(crate) const PAGE: u8 = 100;

/// How many messages the file keeps, and how many people: anyone can write to it, so it must not grow for ever.
const KEPT: i64 = 10_000;

/// Work that may wait for the thread. Whoever comes when it is full waits before the channel.
const QUEUED: usize = 64;

/// Somebody with a name. The id stays the same for as long as the person has the same key, which is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) nickname: String,
}

/// A message to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) author: Person,
    /// A person's id; `None` is everyone.
    pub(crate) to: Option<i64>,
    pub(crate) text: String,
    /// What the author's client calls it: a message is stored once, however often it comes.
    pub(crate) offset: String,
    /// Milliseconds since 1970, UTC.
    pub(crate) sent_at: i64,
}

/// A message as it was stored, and as clients get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    /// Counts from 1, in the order of storing.
    pub(crate) id: i64,
    pub(crate) author: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Person>,
    pub(crate) text: String,
    pub(crate) sent_at: i64,
    pub(crate) offset: String,
}

/// What became of a draft.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    New(Message),
    /// It was stored before, under this id.
    Before(i64),
    /// There is nobody with the id it is for.
    ForNobody,
}

/// Messages that one person may read, oldest first.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    /// They do not go on where the reader was: what the reader has is of another file, or of long ago.
    pub(crate) anew: bool,
    /// Whether there may be messages before them that the reader has not.
    pub(crate) earlier: bool,
    /// Whether there may be messages after them.
    #[serde(skip)]
    pub(crate) later: bool,
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

    /// The id of the person who has the key, from now on under this name.
    pub(crate) async fn sign_in(&self, key: String, nickname: String) -> Result<i64, StoreError> {
        self.run(move |connection| {
            let write = connection.transaction()?;
            let known = write
                .prepare_cached("UPDATE people SET nickname = ?2 WHERE key = ?1 RETURNING id")?
                .query_row(params![key, nickname], |row| row.get(0))
                .optional()?;
            if let Some(id) = known {
                write.commit()?;
                return Ok(id);
            }
            write
                .prepare_cached("INSERT INTO people (key, nickname) VALUES (?1, ?2)")?
                .execute(params![key, nickname])?;
            let id = write.last_insert_rowid();
            write.prepare_cached("DELETE FROM people WHERE id <= ?1")?.execute([id.saturating_sub(KEPT)])?;
            write.commit()?;
            Ok(id)
        })
        .await
    }

    /// Stores a message, unless it is here already.
    ///
    /// Once the work has reached the thread it is done, even if the future is dropped.
    pub(crate) async fn append(&self, draft: Draft) -> Result<Stored, StoreError> {
        self.run(move |connection| {
            let write = connection.transaction()?;
            let stored = append(&write, draft)?;
            write.commit()?;
            Ok(stored)
        })
        .await
    }

    /// The first messages for `reader` that came after the one with this id; without an id the latest there are.
    pub(crate) async fn after(&self, reader: i64, id: Option<i64>) -> Result<Page, StoreError> {
        self.run(move |connection| match id {
            Some(id) if goes_on(connection, id)? => {
                let messages = select(connection, AFTER, reader, id)?;
                let later = messages.len() == usize::from(PAGE);
                Ok(Page { messages, anew: false, earlier: false, later })
            }
            _ => Ok(Page { anew: true, ..page_before(connection, reader, i64::MAX)? }),
        })
        .await
    }

    /// The last messages for `reader` that came before the one with this id.
    pub(crate) async fn before(&self, reader: i64, id: i64) -> Result<Page, StoreError> {
        self.run(move |connection| page_before(connection, reader, id)).await
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

fn append(write: &Transaction<'_>, draft: Draft) -> rusqlite::Result<Stored> {
    let Draft { author, to, text, offset, sent_at } = draft;
    let before = write
        .prepare_cached("SELECT id FROM posts WHERE author = ?1 AND client_offset = ?2")?
        .query_row(params![author.id, offset], |row| row.get(0))
        .optional()?;
    if let Some(id) = before {
        return Ok(Stored::Before(id));
    }
    let to = match to {
        None => None,
        Some(id) => {
            let name = write
                .prepare_cached("SELECT nickname FROM people WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()?;
            let Some(nickname) = name else { return Ok(Stored::ForNobody) };
            Some(Person { id, nickname })
        }
    };
    let (to_id, to_name) = to.as_ref().map(|person| (person.id, &person.nickname)).unzip();
    write.prepare_cached(INSERT)?.execute(params![
        author.id,
        author.nickname,
        to_id,
        to_name,
        text,
        sent_at,
        offset
    ])?;
    let id = write.last_insert_rowid();
    write.prepare_cached("DELETE FROM posts WHERE id <= ?1")?.execute([id.saturating_sub(KEPT)])?;
    Ok(Stored::New(Message { id, author, to, text, sent_at, offset }))
}

fn goes_on(connection: &Connection, id: i64) -> rusqlite::Result<bool> {
    connection.prepare_cached(GOES_ON)?.query_row([id], |row| row.get(0))
}

fn page_before(connection: &Connection, reader: i64, id: i64) -> rusqlite::Result<Page> {
    let mut messages = select(connection, BEFORE, reader, id)?;
    messages.reverse();
    let earlier = messages.len() == usize::from(PAGE);
    Ok(Page { messages, anew: false, earlier, later: false })
}

fn select(connection: &Connection, query: &str, reader: i64, id: i64) -> rusqlite::Result<Vec<Message>> {
    let mut query = connection.prepare_cached(query)?;
    query.query_map(params![reader, id, PAGE], message)?.collect()
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let to = match row.get(3)? {
        None => None,
        Some(id) => Some(Person { id, nickname: row.get(4)? }),
    };
    Ok(Message {
        id: row.get(0)?,
        author: Person { id: row.get(1)?, nickname: row.get(2)? },
        to,
        text: row.get(5)?,
        sent_at: row.get(6)?,
        offset: row.get(7)?,
    })
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
    CREATE TABLE IF NOT EXISTS people (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        key      TEXT    NOT NULL UNIQUE,
        nickname TEXT    NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS posts (
        id             INTEGER PRIMARY KEY AUTOINCREMENT,
        author         INTEGER NOT NULL,
        nickname       TEXT    NOT NULL,
        recipient      INTEGER,
        recipient_name TEXT,
        text           TEXT    NOT NULL,
        sent_at        INTEGER NOT NULL,
        client_offset  TEXT    NOT NULL,
        UNIQUE (author, client_offset)
    ) STRICT";

const INSERT: &str = "
    INSERT INTO posts (author, nickname, recipient, recipient_name, text, sent_at, client_offset)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Whether what came after this id is all here.
const GOES_ON: &str = "
    SELECT ?1 >= ifnull(min(id), 1) - 1 AND ?1 <= ifnull(max(id), 0) FROM posts";

const AFTER: &str = "
    SELECT id, author, nickname, recipient, recipient_name, text, sent_at, client_offset FROM posts
    WHERE id > ?2 AND (recipient IS NULL OR recipient = ?1 OR author = ?1) ORDER BY id LIMIT ?3";

const BEFORE: &str = "
    SELECT id, author, nickname, recipient, recipient_name, text, sent_at, client_offset FROM posts
    WHERE id < ?2 AND (recipient IS NULL OR recipient = ?1 OR author = ?1) ORDER BY id DESC LIMIT ?3";

#[cfg(test)]
mod tests;

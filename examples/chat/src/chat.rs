//! The chat itself: who comes gets what was said, what is said is checked, stored, and sent to everyone.
//! Where messages are kept is the store's business; the wire is the server's.
//!
//! | event          | from   | arguments                                        | answer                          |
//! |----------------|--------|--------------------------------------------------|---------------------------------|
//! | `history`      | server | `[{ id, nickname, text, sentAt }]`, oldest first |                                 |
//! | `chat message` | client | `{ nickname, text }`                             | `{ id }` or `{ error: string }` |
//! | `chat message` | server | `{ id, nickname, text, sentAt }`                 |                                 |
//!
//! In `auth` a client may say `{ lastId }`, the last message it has: its history begins after that one.

use crate::store::{Message, Store, StoreError};
use serde::{Deserialize, Serialize};
use sockeye::{Ack, Auth, BoxError, Data, Server, Socket, State};
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// The longest nickname, in characters.
pub(crate) const MAX_NICKNAME: usize = 32;

/// The longest message, in characters.
pub(crate) const MAX_TEXT: usize = 2_000;

/// Those who have their history.
const PRESENT: &str = "present";

/// What the handlers share.
///
/// The lock is held from the store to the emit. So everyone sees messages in the order of their ids, and
/// none falls between someone's history and what is sent to all, or is in both.
pub(crate) struct Chat {
    store: Mutex<Store>,
}

/// A server with the chat's handlers.
pub(crate) fn server(store: Store) -> Server {
    let io = Server::builder().state(Chat { store: Mutex::new(store) }).build();
    io.on_connect(welcome);
    io.on("chat message", say);
    io
}

/// What a client shows of itself when it connects.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Returning {
    #[serde(default)]
    last_id: i64,
}

async fn welcome(
    socket: Socket,
    chat: State<Chat>,
    Auth(returning): Auth<Returning>,
) -> Result<(), BoxError> {
    let store = chat.store.lock().await;
    let missed = store.after(returning.last_id).await?;
    socket.emit("history", &missed)?;
    socket.join(PRESENT)?;
    Ok(())
}

/// What a client wants to say.
#[derive(Debug, Deserialize)]
struct Draft {
    nickname: String,
    text: String,
}

/// What the sender gets as acknowledgement.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Id(i64),
    Error(String),
}

async fn say(
    io: Server,
    chat: State<Chat>,
    Data(draft): Data<Draft>,
    ack: Option<Ack>,
) -> Result<(), BoxError> {
    let said = publish(&io, &chat, draft).await;
    if let Some(ack) = ack {
        ack.send(&match &said {
            Ok(message) => Answer::Id(message.id),
            Err(error) => Answer::Error(error.to_string()),
        })?;
    }
    match said {
        // The sender's fault, and the sender was told.
        Ok(_) | Err(SayError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn publish(io: &Server, chat: &Chat, draft: Draft) -> Result<Message, SayError> {
    let Draft { nickname, text } = draft.check()?;
    let store = chat.store.lock().await;
    let message = store.append(nickname, text, now()).await?;
    io.to(PRESENT).emit("chat message", &message)?;
    Ok(message)
}

impl Draft {
    /// The draft without the space around its parts, if they are of a length that is allowed.
    fn check(self) -> Result<Self, Refusal> {
        Ok(Self {
            nickname: trimmed("a nickname", &self.nickname, MAX_NICKNAME)?,
            text: trimmed("a message", &self.text, MAX_TEXT)?,
        })
    }
}

fn trimmed(what: &'static str, input: &str, limit: usize) -> Result<String, Refusal> {
    let trimmed = input.trim();
    match trimmed.chars().count() {
        0 => Err(Refusal::Empty { what }),
        length if length > limit => Err(Refusal::TooLong { what, length, limit }),
        _ => Ok(trimmed.to_owned()),
    }
}

/// Milliseconds since 1970; 0 for a clock that is set before.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Why a message was not published.
#[derive(Debug)]
enum SayError {
    Refused(Refusal),
    Store(StoreError),
    Emit(sockeye::EmitError),
}

/// What is wrong with a draft, lengths in characters.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Empty { what: &'static str },
    TooLong { what: &'static str, length: usize, limit: usize },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Empty { what } => write!(f, "{what} must not be empty"),
            Refusal::TooLong { what, length, limit } => {
                write!(f, "{what} may have {limit} characters, this one has {length}")
            }
        }
    }
}

impl fmt::Display for SayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SayError::Refused(refusal) => refusal.fmt(f),
            SayError::Store(error) => write!(f, "the message could not be stored: {error}"),
            SayError::Emit(error) => write!(f, "the message could not be sent: {error}"),
        }
    }
}

impl std::error::Error for SayError {}

impl From<Refusal> for SayError {
    fn from(refusal: Refusal) -> Self {
        SayError::Refused(refusal)
    }
}

impl From<StoreError> for SayError {
    fn from(error: StoreError) -> Self {
        SayError::Store(error)
    }
}

impl From<sockeye::EmitError> for SayError {
    fn from(error: sockeye::EmitError) -> Self {
        SayError::Emit(error)
    }
}

#[cfg(test)]
mod tests;

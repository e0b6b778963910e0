//! The chat itself: who comes in under which name, gets what was said meanwhile, and is seen by the others; what is said
//! is checked, stored once, and sent to whom it is for. Where messages are kept is the store's business; the wire is the
//! server's.
//!
//! | event          | from   | argument                                                        | answer              |
//! |----------------|--------|-----------------------------------------------------------------|---------------------|
//! | `welcome`      | server | `{ id, nickname }`: who the client is                           |                     |
//! | `history`      | server | [`Page`]: `{ messages, anew, earlier }`, in pages               |                     |
//! | `online`       | server | `[{ id, nickname }]`, behind the history                        |                     |
//! | `joined`       | server | `{ id, nickname }`, also when somebody has another name         |                     |
//! | `left`         | server | `{ id, nickname }`                                              |                     |
//! | `chat message` | client | `{ text, to?, offset }`                                         | `{ id }`, `{ error }` |
//! | `chat message` | server | [`Message`](crate::store::Message): `{ id, author, to?, text, sentAt, offset }` |     |
//! | `typing`       | both   | `to?`, a person's id, from clients; `{ id, to? }` from the server |                   |
//! | `earlier`      | client | the id before which to read                                     | [`Page`]            |
//! | `round trip`   | client |                                                                 | nothing             |
//!
//! In `auth` a client says `{ key, nickname, serverOffset? }`: the key is a secret that makes it the same person as the
//! last time, and the offset is the id of the last message it has. A refused client hears why in `connect_error`.

mod checks;
mod online;

use crate::store::{Draft, Page, Person, Store, StoreError, Stored};
use checks::Refusal;
use online::{Entrance, Exit, Online};
use serde::{Deserialize, Serialize};
use sockeye::{Ack, Auth, BoxError, Close, Data, Rest, Server, Socket, State};
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// The room of those who have their history.
const PRESENT: &str = "present";

/// What the handlers share.
///
/// The lock is held from the store to the emit. So everyone sees messages in the order of their ids, none falls between
/// someone's history and what is sent to all, or is in both; and the same goes for who is online.
pub(crate) struct Chat {
    room: Mutex<Room>,
}

struct Room {
    store: Store,
    online: Online,
}

/// A mark on sockets that are counted among those who are online.
#[derive(Clone)]
struct Entered;

/// A server with the chat's handlers.
pub(crate) fn server(store: Store) -> Server {
    let room = Room { store, online: Online::default() };
    let io = Server::builder().state(Chat { room: Mutex::new(room) }).build();
    io.middleware(sign_in);
    io.on_connect(welcome);
    io.on("chat message", say);
    io.on("typing", typing);
    io.on("earlier", earlier);
    io.on("round trip", async |ack: Ack| ack.send(()));
    io.on_disconnect(leave);
    io
}

/// What a client shows of itself when it connects.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visitor {
    key: String,
    nickname: String,
    server_offset: Option<i64>,
}

async fn sign_in(socket: Socket, chat: State<Chat>, Auth(visitor): Auth<Visitor>) -> Result<(), BoxError> {
    let (key, nickname) = (checks::key(visitor.key)?, checks::nickname(&visitor.nickname)?);
    let room = chat.room.lock().await;
    let id = room.store.sign_in(key, nickname.clone()).await?;
    if room.online.is_taken(&nickname, Some(id)) {
        return Err(Refusal::NameTaken { nickname }.into());
    }
    socket.insert_extension(Person { id, nickname });
    Ok(())
}

/// Who does not get in cleanly comes again.
async fn welcome(
    io: Server,
    socket: Socket,
    chat: State<Chat>,
    Auth(visitor): Auth<Visitor>,
) -> Result<(), BoxError> {
    let entered = bring_in(&io, &socket, &chat, visitor.server_offset).await;
    if entered.is_err() {
        socket.disconnect(Close::Transport);
    }
    entered
}

/// History page by page, each when the connection has taken the last; the socket is among the others from the last on.
async fn bring_in(io: &Server, socket: &Socket, chat: &Chat, offset: Option<i64>) -> Result<(), BoxError> {
    let person = person(socket)?;
    socket.emit("welcome", &person)?;
    let mut offset = offset;
    let mut room = loop {
        let room = chat.room.lock().await;
        let page = room.store.after(person.id, offset).await?;
        socket.emit("history", &page)?;
        if !page.later {
            break room;
        }
        drop(room);
        offset = page.messages.last().map(|message| message.id);
        socket.ready().await?;
    };
    match room.online.enter(&person) {
        Entrance::Seen => io.to(PRESENT).emit("joined", &person)?,
        Entrance::Unseen => {}
        // It was free a moment ago. The client comes again, and is refused.
        Entrance::NameTaken => return Err(Refusal::NameTaken { nickname: person.nickname }.into()),
    }
    socket.insert_extension(Entered);
    socket.emit("online", &room.online.list())?;
    socket.join(PRESENT)?;
    socket.join(&room_of(person.id))?;
    Ok(())
}

async fn leave(io: Server, socket: Socket, chat: State<Chat>) -> Result<(), BoxError> {
    if socket.extension::<Entered>().is_none() {
        return Ok(());
    }
    let person = person(&socket)?;
    let mut room = chat.room.lock().await;
    if room.online.leave(person.id) == Exit::Gone {
        io.to(PRESENT).emit("left", &person)?;
    }
    Ok(())
}

/// What a client wants to say.
#[derive(Debug, Deserialize)]
struct Saying {
    text: String,
    to: Option<i64>,
    offset: String,
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
    socket: Socket,
    chat: State<Chat>,
    Data(saying): Data<Saying>,
    ack: Option<Ack>,
) -> Result<(), BoxError> {
    let said = publish(&io, &chat, person(&socket)?, saying).await;
    if let Some(ack) = ack {
        ack.send(&match &said {
            Ok(id) => Answer::Id(*id),
            Err(error) => Answer::Error(error.to_string()),
        })?;
    }
    match said {
        // The sender's fault, and the sender was told.
        Ok(_) | Err(SayError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The id of the message, which is sent to the others unless it was before: they have had it since, or will with
/// their history.
async fn publish(io: &Server, chat: &Chat, author: Person, saying: Saying) -> Result<i64, SayError> {
    let draft = Draft {
        author,
        to: saying.to,
        text: checks::text(&saying.text)?,
        offset: checks::offset(saying.offset)?,
        sent_at: now(),
    };
    let room = chat.room.lock().await;
    match room.store.append(draft).await? {
        Stored::New(message) => {
            let readers = match &message.to {
                None => io.to(PRESENT),
                Some(other) => io.to(&room_of(message.author.id)).to(&room_of(other.id)),
            };
            readers.emit("chat message", &message)?;
            Ok(message.id)
        }
        Stored::Before(id) => Ok(id),
        Stored::ForNobody => Err(Refusal::ForNobody.into()),
    }
}

/// Somebody writes.
#[derive(Serialize)]
struct Typing {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
}

async fn typing(socket: Socket, Rest((to,)): Rest<(Option<i64>,)>) -> Result<(), BoxError> {
    let id = person(&socket)?.id;
    let room = to.map_or_else(|| PRESENT.to_owned(), room_of);
    socket.to(&room).except(&room_of(id)).volatile().emit("typing", &Typing { id, to })?;
    Ok(())
}

async fn earlier(
    socket: Socket,
    chat: State<Chat>,
    Data(id): Data<i64>,
    ack: Ack<Page>,
) -> Result<(), BoxError> {
    let store = chat.room.lock().await.store.clone();
    ack.send(&store.before(person(&socket)?.id, id).await?)?;
    Ok(())
}

/// The room of all tabs of one person.
fn room_of(person: i64) -> String {
    format!("person {person}")
}

fn person(socket: &Socket) -> Result<Person, BoxError> {
    socket.extension().ok_or_else(|| "the socket has not signed in".into())
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

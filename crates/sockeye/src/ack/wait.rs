//! The futures that wait for acknowledgements. The event was sent when the future was made; dropping the
//! future stops the waiting and forgets the answer, it does not unsend the event.

use super::table::{Collector, Settled};
use crate::error::AckError;
use crate::session::current;
use crate::socket::Socket;
use serde::de::DeserializeOwned;
use sockeye_proto::SocketId;
use sockeye_proto::socket::ArgsBuf;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// The future of [`Socket::emit_with_ack`]: the answer's first argument.
#[must_use = "an acknowledgement is only waited for when the future is awaited"]
pub struct AckFuture<T> {
    state: State,
    value: PhantomData<fn() -> T>,
}

enum State {
    Failed(Option<AckError>),
    Waiting(Waiting),
}

struct Waiting {
    socket: Socket,
    id: u64,
    collector: Arc<Collector<Socket>>,
    limit: Limit,
    /// This wait is counted on the connection as one of its own handlers'.
    counted: bool,
}

/// A time limit that starts with the emit.
struct Limit {
    after: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Limit {
    fn new(after: Duration) -> Self {
        Self { after, sleep: Box::pin(tokio::time::sleep(after)) }
    }

    fn has_passed(&mut self, cx: &mut Context<'_>) -> bool {
        self.sleep.as_mut().poll(cx).is_ready()
    }
}

impl<T> AckFuture<T> {
    pub(crate) fn failed(error: AckError) -> Self {
        Self { state: State::Failed(Some(error)), value: PhantomData }
    }

    pub(crate) fn new(socket: Socket, id: u64, collector: Arc<Collector<Socket>>, after: Duration) -> Self {
        let waiting = Waiting { socket, id, collector, limit: Limit::new(after), counted: false };
        Self { state: State::Waiting(waiting), value: PhantomData }
    }
}

impl<T> AckFuture<T> {
    /// Waits for the whole answer instead of its first argument: all arguments, undecoded, attachments included.
    ///
    /// ```
    /// # use sockeye::{AckError, Socket};
    /// async fn ask(socket: Socket) -> Result<(), AckError> {
    ///     let answer = socket.emit_with_ack::<()>("size?", ()).raw().await?;
    ///     let (width, height): (u32, u32) = answer.as_args().decode_all().map_err(AckError::Decode)?;
    ///     println!("{width} x {height}");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Socket::emit_with_ack`], but `Decode`.
    ///
    /// # Cancel safety
    /// As that of the future itself.
    pub async fn raw(mut self) -> Result<ArgsBuf, AckError> {
        std::future::poll_fn(|cx| self.state.poll(cx)).await
    }
}

impl<T: DeserializeOwned> Future for AckFuture<T> {
    type Output = Result<T, AckError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().state.poll(cx).map(|answer| decode(&answer?))
    }
}

impl State {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<ArgsBuf, AckError>> {
        let waiting = match self {
            // A future that is polled after it failed can only repeat that nothing will come.
            State::Failed(error) => return Poll::Ready(Err(error.take().unwrap_or(AckError::Disconnected))),
            State::Waiting(waiting) => waiting,
        };
        waiting.count();
        if waiting.limit.has_passed(cx) && waiting.socket.acks().forget(waiting.id).is_some() {
            return Poll::Ready(Err(AckError::Timeout { after: waiting.limit.after }));
        }
        // An entry that was gone at the time limit has just been settled.
        waiting.collector.poll(cx).map(|settled| match settled.into_iter().next() {
            Some(Settled::Answer(_, args)) => Ok(args),
            _ => Err(AckError::Disconnected),
        })
    }
}

impl Waiting {
    /// A handler that awaits its own client's answer must not be cut off from it by back-pressure, so the
    /// session is told.
    fn count(&mut self) {
        if !self.counted && current::is(self.socket.conn()) {
            self.counted = true;
            self.socket.conn().handler_waits(1);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.socket.acks().forget(self.id);
        if self.counted {
            self.socket.conn().handler_waits(-1);
        }
    }
}

/// One socket's answer to a broadcast.
#[derive(Clone, Debug, PartialEq)]
pub struct AckAnswer<T> {
    /// Who answered.
    pub socket: SocketId,
    /// The first argument of the answer.
    pub value: T,
}

/// Not every socket answered a broadcast.
#[derive(Clone, Debug)]
pub struct BroadcastAckError<T> {
    /// The answers that did come, in the order of their arrival.
    pub answers: Vec<AckAnswer<T>>,
    /// The sockets that did not answer, each with the reason.
    pub missing: Vec<(SocketId, AckError)>,
    /// Why the event was not sent at all, if it was not.
    pub emit: Option<AckError>,
}

impl<T> fmt::Display for BroadcastAckError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.emit {
            Some(error) => error.fmt(f),
            None => {
                let answered = self.answers.len();
                write!(f, "{answered} of {} sockets answered", answered + self.missing.len())
            }
        }
    }
}

impl<T: fmt::Debug> std::error::Error for BroadcastAckError<T> {}

/// The future of [`BroadcastOperator::emit_with_ack`](crate::BroadcastOperator::emit_with_ack).
#[must_use = "acknowledgements are only waited for when the future is awaited"]
pub struct BroadcastAckFuture<T> {
    state: BroadcastState,
    value: PhantomData<fn() -> T>,
}

enum BroadcastState {
    Failed(Option<AckError>),
    Waiting {
        id: u64,
        collector: Arc<Collector<Socket>>,
        limit: Limit,
        /// The receiver whose own handler this wait is in, once it is counted on its connection.
        counted: Option<Socket>,
    },
}

impl<T> BroadcastAckFuture<T> {
    pub(crate) fn failed(error: AckError) -> Self {
        Self { state: BroadcastState::Failed(Some(error)), value: PhantomData }
    }

    pub(crate) fn new(id: u64, collector: Arc<Collector<Socket>>, after: Duration) -> Self {
        Self {
            state: BroadcastState::Waiting { id, collector, limit: Limit::new(after), counted: None },
            value: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> Future for BroadcastAckFuture<T> {
    type Output = Result<Vec<AckAnswer<T>>, BroadcastAckError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (id, collector, limit) = match &mut self.get_mut().state {
            BroadcastState::Failed(error) => {
                let emit = Some(error.take().unwrap_or(AckError::Disconnected));
                return Poll::Ready(Err(BroadcastAckError {
                    answers: Vec::new(),
                    missing: Vec::new(),
                    emit,
                }));
            }
            BroadcastState::Waiting { id, collector, limit, counted } => {
                if counted.is_none() {
                    *counted = collector.find_receiver(|socket| current::is(socket.conn()));
                    if let Some(socket) = counted {
                        socket.conn().handler_waits(1);
                    }
                }
                (*id, collector, limit)
            }
        };
        let gathered = match collector.poll(cx) {
            Poll::Ready(settled) => Gathered::sort(settled),
            Poll::Pending if limit.has_passed(cx) => {
                let mut receivers = collector.take_receivers();
                receivers.retain(|socket| socket.acks().forget(id).is_some());
                let mut gathered = Gathered::sort(collector.take_settled());
                let late =
                    receivers.iter().map(|socket| (*socket.id(), AckError::Timeout { after: limit.after }));
                gathered.missing.extend(late);
                gathered
            }
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(gathered.into_result())
    }
}

impl Drop for BroadcastState {
    fn drop(&mut self) {
        if let BroadcastState::Waiting { id, collector, counted, .. } = self {
            if let Some(socket) = counted {
                socket.conn().handler_waits(-1);
            }
            for socket in collector.take_receivers() {
                socket.acks().forget(*id);
            }
        }
    }
}

struct Gathered<T> {
    answers: Vec<AckAnswer<T>>,
    missing: Vec<(SocketId, AckError)>,
}

impl<T: DeserializeOwned> Gathered<T> {
    fn sort(settled: Vec<Settled>) -> Self {
        let mut gathered = Gathered { answers: Vec::new(), missing: Vec::new() };
        for one in settled {
            match one {
                Settled::Answer(socket, args) => match decode(&args) {
                    Ok(value) => gathered.answers.push(AckAnswer { socket, value }),
                    Err(error) => gathered.missing.push((socket, error)),
                },
                Settled::Disconnected(socket) => gathered.missing.push((socket, AckError::Disconnected)),
            }
        }
        gathered
    }

    fn into_result(self) -> Result<Vec<AckAnswer<T>>, BroadcastAckError<T>> {
        if self.missing.is_empty() {
            return Ok(self.answers);
        }
        Err(BroadcastAckError { answers: self.answers, missing: self.missing, emit: None })
    }
}

fn decode<T: DeserializeOwned>(args: &ArgsBuf) -> Result<T, AckError> {
    args.as_args().decode(0).map_err(AckError::Decode)
}

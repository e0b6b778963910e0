//! Bodies: what we answer with, what we read, and how slowly a client may send.

use crate::error::BoxError;
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// A body may take this long whatever its size; after that it must keep up.
const BODY_GRACE: Duration = Duration::from_secs(5);

/// What keeping up means.
const BODY_BYTES_PER_SECOND: u64 = 1024;

pin_project! {
    /// The body of a response: ours, or that of the service behind the layer.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Own { #[pin] body: Full<Bytes> },
        Inner { #[pin] body: B },
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn own(body: Bytes) -> Self {
        Self { kind: Kind::Own { body: Full::new(body) } }
    }

    pub(crate) fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }
}

impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::own(Bytes::new())
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Own { body } => body.poll_frame(cx).map_err(|never| match never {}),
            KindProjection::Inner { body } => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own { body } => body.is_end_stream(),
            Kind::Inner { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own { body } => body.size_hint(),
            Kind::Inner { body } => body.size_hint(),
        }
    }
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    TooSlow,
    Aborted,
}

/// Reads a body of at most `limit` bytes, from a client that keeps up.
pub(crate) async fn read_body<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut body = pin!(body);
    let mut pace = Pace::default();
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while !body.is_end_stream() {
        let received = first.len() + all.len();
        let frame = poll_fn(|cx| match body.as_mut().poll_frame(cx) {
            Poll::Pending => pace.poll(cx, received as u64).map(|()| Err(BodyError::TooSlow)),
            // A `DeadlineBody` keeps the same time, and may be the first to say so.
            Poll::Ready(Some(Err(_))) if pace.is_over(received as u64) => {
                Poll::Ready(Err(BodyError::TooSlow))
            }
            Poll::Ready(frame) => Poll::Ready(frame.transpose().map_err(|_| BodyError::Aborted)),
        });
        let Some(frame) = frame.await? else { break };
        let Ok(mut data) = frame.into_data() else { continue };
        if received + data.remaining() > limit {
            return Err(BodyError::TooLarge);
        }
        let data = data.copy_to_bytes(data.remaining());
        if received == 0 {
            // Most bodies are one piece, which is taken as it is.
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// How fast a body must come. Most bodies are there at once and need no timer.
#[derive(Default)]
struct Pace {
    /// When the body first kept its reader waiting, and the timer that was made then.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Pace {
    fn grace(received: u64) -> Duration {
        BODY_GRACE + Duration::from_secs(received / BODY_BYTES_PER_SECOND)
    }

    /// Whether the time for a body of which `received` bytes have come is over.
    fn is_over(&self, received: u64) -> bool {
        self.waiting.as_ref().is_some_and(|(started, _)| started.elapsed() >= Self::grace(received))
    }

    /// Ready when the body, of which `received` bytes have come, is too slow.
    fn poll(&mut self, cx: &mut Context<'_>, received: u64) -> Poll<()> {
        let grace = Self::grace(received);
        let (started, sleep) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + grace)))
        });
        let at = *started + grace;
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx)
    }
}

/// A request body that fails when its client sends too slowly, for the routes behind [`serve`](crate::serve).
pub struct DeadlineBody {
    inner: Incoming,
    received: u64,
    pace: Pace,
}

impl DeadlineBody {
    pub(crate) fn new(inner: Incoming) -> Self {
        Self { inner, received: 0, pace: Pace::default() }
    }
}

impl fmt::Debug for DeadlineBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineBody").field("received", &self.received).finish_non_exhaustive()
    }
}

impl Body for DeadlineBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let received = self.received;
        ready!(self.pace.poll(cx, received));
        Poll::Ready(Some(Err(format!(
            "request body too slow: {received} bytes, less than {BODY_BYTES_PER_SECOND} a second after {BODY_GRACE:?}"
        )
        .into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

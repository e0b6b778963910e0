//! One WebSocket connection's bytes: reads through a buffer that all sessions of a thread share, keeps
//! only an incomplete frame, and writes runs of frames with as few system calls as the kernel allows.
//! It knows nothing of Engine.IO; `ws-echo` of the conformance server is this file and a loop.

use super::mailbox::Runs;
use crate::listen::Permit;
use sockeye_proto::websocket::{
    CloseCode, Decoder, DeflateAgreement, FrameError, Message, Opcode, Role, WindowBits, encode_close,
    encode_deflated_frame, encode_frame,
};
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The stream under a WebSocket.
pub(crate) enum Stream {
    /// Taken back from the HTTP server: the fast path.
    Tcp(TcpStream),
    /// TLS, HTTP/2, or a host server that we do not know.
    Other(Box<dyn Duplex>),
}

/// What any stream under a WebSocket can do.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub(crate) struct Link {
    stream: Stream,
    decoder: Decoder,
    /// Bytes that were read and not decoded: an incomplete frame, or what came while reading was paused.
    partial: Vec<u8>,
    /// `partial` may hold a whole frame.
    unread: bool,
    flight: Runs,
    /// Bytes of `flight` and how many of them the kernel has accepted.
    flight_bytes: usize,
    written: usize,
    /// Answer to the newest ping that came while the kernel accepted nothing; older ones are forgotten.
    pong: Option<Box<[u8]>>,
    end: End,
    /// What frames to the peer may be compressed with.
    deflate_window: Option<WindowBits>,
    /// Among the connections of our listener, where it came from there.
    pub(crate) place: Option<Permit>,
}

/// How far a close has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// A close frame stands at the end of the flight.
    CloseQueued,
    /// The write side is shut; the peer's own close is awaited.
    ShutDown,
}

/// What a pass over the input came to.
pub(crate) enum Read {
    /// Nothing more for now; the waker is registered.
    Pending,
    /// The pass was cut short: because `on_message` said so, or for fairness. There may be more.
    Stopped,
    /// The peer ended the stream, with a close frame of this code, if any. It gets its answer with
    /// [`Link::queue_close`], behind whatever is still to be said.
    Closed(Option<CloseCode>),
}

/// What the receiver of a message wants next.
pub(crate) enum Flow {
    More,
    /// No more input for now; what was read is kept.
    Pause,
}

/// Why a link cannot go on.
#[derive(Debug)]
pub(crate) enum LinkError {
    Io(io::Error),
    Frame(FrameError),
}

/// The most that one pass reads before other sessions of the thread get their turn.
const PASS_BYTES: usize = 256 * 1024;

const READ_BUFFER_BYTES: usize = 64 * 1024;

/// Slices offered to one `writev`.
const WRITE_SLICES: usize = 64;

thread_local! {
    /// Taken while a pass runs, so that a session which is polled inside another's handler gets its own.
    static READ_BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

impl Link {
    /// `already_read` is what the HTTP server read beyond the request.
    pub(crate) fn new(stream: Stream, already_read: &[u8], max_message_bytes: usize) -> Self {
        if let Stream::Tcp(tcp) = &stream {
            // It is off by default; a session without it works, only later.
            let _ = tcp.set_nodelay(true);
        }
        Self {
            stream,
            decoder: Decoder::new(Role::Server, max_message_bytes),
            partial: already_read.to_vec(),
            unread: !already_read.is_empty(),
            flight: Runs::default(),
            flight_bytes: 0,
            written: 0,
            pong: None,
            end: End::Open,
            deflate_window: None,
            place: None,
        }
    }

    /// Takes compressed messages, if that was agreed on. Whoever makes frames for the link may compress them.
    pub(crate) fn with_deflate(mut self, agreement: Option<DeflateAgreement>) -> Self {
        if let Some(agreement) = agreement {
            self.decoder = self.decoder.deflate();
            self.deflate_window = Some(agreement.server_window);
        }
        self
    }

    pub(crate) fn deflate_window(&self) -> Option<WindowBits> {
        self.deflate_window
    }

    /// Reads what there is and hands over every whole message. Pings are answered here.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        mut on_message: impl FnMut(Message<'_>) -> Flow,
    ) -> Result<Read, LinkError> {
        if self.unread {
            let mut kept = std::mem::take(&mut self.partial);
            self.unread = false;
            let (used, read) = self.decode(&mut kept, &mut on_message)?;
            self.keep(kept, used);
            if let Some(read) = read {
                return Ok(read);
            }
        }
        let mut buffer = take_read_buffer();
        let read = self.read_pass(cx, &mut buffer, &mut on_message);
        READ_BUFFER.set(Some(buffer));
        read
    }

    fn read_pass(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        on_message: &mut impl FnMut(Message<'_>) -> Flow,
    ) -> Result<Read, LinkError> {
        let mut total = 0;
        while total < PASS_BYTES {
            let mut filled = ReadBuf::new(buffer);
            match self.stream.poll_read(cx, &mut filled) {
                Poll::Pending => return Ok(Read::Pending),
                Poll::Ready(result) => result.map_err(LinkError::Io)?,
            }
            let read = filled.filled().len();
            if read == 0 {
                return Ok(Read::Closed(None));
            }
            total += read;
            let read = buffer.get_mut(..read).unwrap_or_default();
            let outcome = if self.partial.is_empty() {
                let (used, outcome) = self.decode(read, on_message)?;
                self.partial.extend_from_slice(read.get(used..).unwrap_or_default());
                outcome
            } else {
                let mut kept = std::mem::take(&mut self.partial);
                kept.extend_from_slice(read);
                let (used, outcome) = self.decode(&mut kept, on_message)?;
                self.keep(kept, used);
                outcome
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
        Ok(Read::Stopped)
    }

    /// Decodes whole messages from the front of `input`. Returns the bytes used, and why it stopped if
    /// it was not for want of input.
    fn decode(
        &mut self,
        input: &mut [u8],
        on_message: &mut impl FnMut(Message<'_>) -> Flow,
    ) -> Result<(usize, Option<Read>), LinkError> {
        let mut used = 0;
        loop {
            let rest = input.get_mut(used..).unwrap_or_default();
            let decoded = self.decoder.decode(rest).map_err(LinkError::Frame)?;
            used += decoded.consumed;
            match decoded.message {
                None => return Ok((used, None)),
                Some(Message::Ping(data)) => {
                    answer_ping(
                        data,
                        self.flight_bytes > self.written,
                        &mut self.flight,
                        &mut self.flight_bytes,
                        &mut self.pong,
                    );
                }
                Some(Message::Pong(_)) => {}
                Some(Message::Close(frame)) => {
                    let code = frame.map(|frame| frame.code);
                    return Ok((used, Some(Read::Closed(code))));
                }
                Some(message) => {
                    if let Flow::Pause = on_message(message) {
                        self.unread = used < input.len();
                        return Ok((used, Some(Read::Stopped)));
                    }
                }
            }
        }
    }

    /// Keeps what was not used, in the buffer it came in.
    fn keep(&mut self, mut kept: Vec<u8>, used: usize) {
        if used == kept.len() {
            return;
        }
        kept.drain(..used);
        self.partial = kept;
    }

    /// Bytes that were given to the link and that the kernel has not accepted.
    pub(crate) fn unwritten(&self) -> usize {
        self.flight_bytes - self.written
    }

    /// Frames of the session task itself, behind all that was given before.
    pub(crate) fn append(&mut self, opcode: Opcode, payload: &[u8]) {
        let mut frame = Vec::with_capacity(payload.len() + 10);
        encode_frame(&mut frame, opcode, payload, None);
        self.flight.append(&frame);
        self.flight_bytes += frame.len();
    }

    /// [`Link::append`] of a compressed payload.
    pub(crate) fn append_deflated(&mut self, opcode: Opcode, deflated: &[u8]) {
        let mut frame = Vec::with_capacity(deflated.len() + 10);
        encode_deflated_frame(&mut frame, opcode, deflated, None);
        self.flight.append(&frame);
        self.flight_bytes += frame.len();
    }

    /// Takes frames to write. Only for a link that has written all it had.
    pub(crate) fn load(&mut self, runs: Runs) {
        debug_assert!(self.unwritten() == 0, "loaded while frames were in flight");
        self.flight_bytes = runs.iter().map(<[u8]>::len).sum();
        self.written = 0;
        self.flight = runs;
    }

    /// [`Link::load`] of frames of which `sent` bytes, whole frames, have left by another transport. What is in
    /// flight already stays in front.
    pub(crate) fn load_after(&mut self, runs: Runs, sent: usize) {
        let mut skip = sent;
        for run in runs.iter() {
            let rest = run.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(run.len());
            self.flight.append(rest);
            self.flight_bytes += rest.len();
        }
    }

    /// Whether the stream is plain TCP.
    pub(crate) fn is_direct(&self) -> bool {
        matches!(self.stream, Stream::Tcp(_))
    }

    /// Writes what is in flight. Ready when all of it was accepted.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.written < self.flight_bytes {
                let accepted = ready!(self.write_some(cx))?;
                if accepted == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.written += accepted;
            }
            if self.flight_bytes > 0 {
                // TLS may have taken bytes that the kernel has not.
                ready!(self.stream.poll_flush(cx))?;
                std::mem::take(&mut self.flight).recycle();
                (self.flight_bytes, self.written) = (0, 0);
            }
            match self.pong.take() {
                Some(data) => self.append(Opcode::Pong, &data),
                None => break,
            }
        }
        if self.end == End::CloseQueued {
            ready!(self.stream.poll_shutdown(cx))?;
            self.end = End::ShutDown;
        }
        Poll::Ready(Ok(()))
    }

    fn write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(run) = self.flight.only() {
            return self.stream.poll_write(cx, run.get(self.written..).unwrap_or_default());
        }
        let mut skip = self.written;
        let mut slices = [IoSlice::new(&[]); WRITE_SLICES];
        let mut count = 0;
        for run in self.flight.iter() {
            if skip >= run.len() {
                skip -= run.len();
                continue;
            }
            let Some(slot) = slices.get_mut(count) else { break };
            *slot = IoSlice::new(run.get(skip..).unwrap_or_default());
            skip = 0;
            count += 1;
        }
        self.stream.poll_write_vectored(cx, slices.get(..count).unwrap_or_default())
    }

    /// Says goodbye: a close frame behind what is in flight, then the write side shuts.
    pub(crate) fn queue_close(&mut self, code: Option<CloseCode>) {
        if self.end != End::Open {
            return;
        }
        self.end = End::CloseQueued;
        // Nothing more is handled of what was read.
        self.partial = Vec::new();
        let mut frame = Vec::with_capacity(4);
        match code {
            Some(code) => encode_close(&mut frame, code, "", None),
            None => encode_frame(&mut frame, Opcode::Close, &[], None),
        }
        self.flight.append(&frame);
        self.flight_bytes += frame.len();
    }

    /// After a close: reads and forgets, so that the kernel does not answer the peer's last bytes with a
    /// reset that would overtake our close frame. Ready when the peer has closed too.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = take_read_buffer();
        let drained = loop {
            let mut filled = ReadBuf::new(&mut buffer);
            match self.stream.poll_read(cx, &mut filled) {
                Poll::Pending => break Poll::Pending,
                Poll::Ready(Ok(())) if !filled.filled().is_empty() => {}
                Poll::Ready(_) => break Poll::Ready(()),
            }
        };
        READ_BUFFER.set(Some(buffer));
        drained
    }
}

/// Answers every ping while the kernel accepts frames, and only the newest once it does not: a peer that
/// pings without reading costs one pong.
fn answer_ping(
    data: &[u8],
    blocked: bool,
    flight: &mut Runs,
    flight_bytes: &mut usize,
    pong: &mut Option<Box<[u8]>>,
) {
    if blocked && *flight_bytes > CONTROL_BACKLOG_BYTES {
        *pong = Some(data.into());
        return;
    }
    let mut frame = Vec::with_capacity(data.len() + 2);
    encode_frame(&mut frame, Opcode::Pong, data, None);
    flight.append(&frame);
    *flight_bytes += frame.len();
}

/// Pongs are appended to what is in flight up to this size. A pass of pings that came in one read is
/// answered ping by ping; it can hold no more than the read buffer.
const CONTROL_BACKLOG_BYTES: usize = 2 * READ_BUFFER_BYTES;

fn take_read_buffer() -> Box<[u8]> {
    READ_BUFFER.take().unwrap_or_else(|| vec![0; READ_BUFFER_BYTES].into_boxed_slice())
}

impl Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_read(cx, into),
            Stream::Other(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Stream::Other(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(&mut self, cx: &mut Context<'_>, runs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, runs),
            Stream::Other(stream) => Pin::new(stream).poll_write_vectored(cx, runs),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Tcp(_) => Poll::Ready(Ok(())),
            Stream::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Other(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
